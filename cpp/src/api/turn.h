// Objects in the caller's memory that one thread uses at a time.
#ifndef COUNTERMARK_API_TURN_H_
#define COUNTERMARK_API_TURN_H_

#include <atomic>
#include <cstdint>

namespace countermark {

// Holds an object against other threads, if none has it.
class Turn {
 public:
  explicit Turn(std::atomic<uint32_t>& is_busy)
      : is_busy_(is_busy), is_ours_(is_busy.exchange(1, std::memory_order_acquire) == 0) {}
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

#endif  // COUNTERMARK_API_TURN_H_
