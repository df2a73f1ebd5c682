#include "base/arena.h"

#include <gtest/gtest.h>

#include <vector>

namespace countermark {
namespace {

// Takes the same memory from any arena.
struct Workspace {
  explicit Workspace(Arena& arena) : first(arena.Allocate<uint8_t>(3)) {
    {
      const Arena::Scope scope(arena);
      temporary = arena.Allocate<double>(1000);
    }
    last = arena.Allocate<uint32_t>(17);
  }

  uint8_t* first;
  double* temporary;
  uint32_t* last;
};

TEST(ArenaTest, CountsWhatTheSameConstructorTakes) {
  Arena counting;
  const Workspace counted(counting);
  EXPECT_EQ(counted.first, nullptr);

  for (size_t offset = 0; offset < Arena::kAlignment; ++offset) {
    std::vector<uint8_t> memory(counting.SizeNeeded() + offset);
    Arena arena(memory.data() + offset, counting.SizeNeeded());
    const Workspace workspace(arena);
    ASSERT_NE(workspace.temporary, nullptr);
    ASSERT_NE(workspace.last, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(workspace.first) % Arena::kAlignment, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(workspace.last) % Arena::kAlignment, 0u);
    EXPECT_LE(reinterpret_cast<uint8_t*>(workspace.temporary + 1000),
              memory.data() + memory.size());
  }
}

TEST(ArenaTest, ReusesTheMemoryOfAScope) {
  Arena counting;
  const Workspace counted(counting);
  std::vector<uint8_t> memory(counting.SizeNeeded());
  Arena arena(memory.data(), memory.size());
  const Workspace workspace(arena);
  EXPECT_EQ(static_cast<void*>(workspace.temporary), static_cast<void*>(workspace.last));
}

TEST(ArenaTest, RefusesMoreThanItHas) {
  std::vector<uint8_t> memory(256);
  Arena arena(memory.data(), memory.size());
  EXPECT_EQ(arena.Allocate<uint8_t>(257), nullptr);
}

}  // namespace
}  // namespace countermark
