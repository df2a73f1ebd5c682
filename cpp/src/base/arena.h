// Scratch memory that the caller owns: the core itself never allocates.
//
// Every algorithm keeps its buffers in a workspace struct whose constructor takes them from an
// Arena. Built over an Arena without memory, the same constructor only counts, which is how the
// size that the caller must bring is found: the two cannot disagree.
#ifndef COUNTERMARK_BASE_ARENA_H_
#define COUNTERMARK_BASE_ARENA_H_

#include <cstddef>
#include <cstdint>

namespace countermark {

class Arena {
 public:
  // Cache line, and the widest vector of any target.
  static constexpr size_t kAlignment = 64;

  // Counts only; Allocate returns null.
  Arena() = default;
  // The memory must be as large as the counting run said; any alignment will do.
  Arena(void* memory, size_t size)
      : base_(AlignUp(reinterpret_cast<uintptr_t>(memory))),
        limit_(reinterpret_cast<uintptr_t>(memory) + size) {}

  template <typename T>
  T* Allocate(size_t count) {
    const size_t begin = used_;
    used_ += (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    if (used_ > peak_) peak_ = used_;
    if (base_ == 0 || base_ + used_ > limit_) return nullptr;
    return reinterpret_cast<T*>(base_ + begin);
  }

  // Bytes to bring, slack for alignment included.
  size_t SizeNeeded() const { return peak_ + kAlignment; }

  // What was taken since used() said so is given back.
  size_t used() const { return used_; }
  void ReleaseTo(size_t used) { used_ = used; }

  // Memory taken while a Scope lives is given back at its end.
  class Scope {
   public:
    explicit Scope(Arena& arena) : arena_(arena), used_(arena.used_) {}
    ~Scope() { arena_.used_ = used_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Arena& arena_;
    size_t used_;
  };

 private:
  static uintptr_t AlignUp(uintptr_t address) {
    return (address + kAlignment - 1) / kAlignment * kAlignment;
  }

  uintptr_t base_ = 0;
  uintptr_t limit_ = 0;
  size_t used_ = 0;
  size_t peak_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_BASE_ARENA_H_
