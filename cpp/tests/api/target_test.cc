#include <gtest/gtest.h>

#include <cstdlib>

#include "countermark/countermark.h"

namespace countermark {
namespace {

// ctest runs this, and functions of each kind, once for every target that the
// platform must have.
TEST(TargetTest, IsTheOneAskedFor) {
  const char* asked = std::getenv("COUNTERMARK_TARGET");
  ASSERT_NE(cmk_target_name(), nullptr);
  EXPECT_STRNE(cmk_target_name(), "other");
  if (asked != nullptr && *asked != '\0') EXPECT_STREQ(cmk_target_name(), asked);
}

}  // namespace
}  // namespace countermark
