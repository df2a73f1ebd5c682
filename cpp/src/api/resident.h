// Objects in the caller's memory that one thread uses at a time.
#ifndef COUNTERMARK_API_RESIDENT_H_
#define COUNTERMARK_API_RESIDENT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "countermark/countermark.h"

namespace countermark {

// What every such object begins with.
struct Resident {
  // The caller brings memory at multiples of it.
  static constexpr size_t kAlignment = 8;

  Resident(uint64_t its_kind, size_t size_of_all) : kind(its_kind), size(size_of_all) {}

  uint64_t kind;             // a number that other memory most likely does not hold there
  const void* place = this;  // elsewhere it was moved, and its pointers are wrong
  size_t size;               // with all that lies behind it
  std::atomic<uint32_t> is_busy = 0;
};

static_assert(std::atomic<uint32_t>::is_always_lock_free);

// Where an object can be made, or may be.
cmk_status CheckPlace(const void* memory);

// An object that was made there. Also fails where no kernel may run (COUNTERMARK_TARGET).
cmk_status CheckResident(const void* object, uint64_t kind);

// Holds an object against other threads, if none has it.
class Turn {
 public:
  explicit Turn(Resident& object)
      : is_busy_(object.is_busy), is_ours_(is_busy_.exchange(1, std::memory_order_acquire) == 0) {}
  ~Turn() {
    if (is_ours_) is_busy_.store(0, std::memory_order_release);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool is_ours() const { return is_ours_; }

 private:
  std::atomic<uint32_t>& is_busy_;
  const bool is_ours_;
};

}  // namespace countermark

#endif  // COUNTERMARK_API_RESIDENT_H_
