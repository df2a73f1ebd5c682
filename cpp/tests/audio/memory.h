// Memory for what is built over an arena.
#ifndef COUNTERMARK_TESTS_AUDIO_MEMORY_H_
#define COUNTERMARK_TESTS_AUDIO_MEMORY_H_

#include <memory>
#include <vector>

#include "base/arena.h"

namespace countermark::audio {

// A `Part`, made from the arguments and an arena of the size that it says it needs.
template <class Part>
class InMemory {
 public:
  template <class... Arguments>
  explicit InMemory(Arguments&&... arguments) {
    Arena counting;
    const Part counted(arguments..., counting);
    memory_.resize(counting.SizeNeeded());
    arena_ = Arena(memory_.data(), memory_.size());
    part_ = std::make_unique<Part>(arguments..., arena_);
  }

  Part& operator*() { return *part_; }
  Part* operator->() { return part_.get(); }

 private:
  std::vector<uint8_t> memory_;
  Arena arena_;
  std::unique_ptr<Part> part_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_TESTS_AUDIO_MEMORY_H_
