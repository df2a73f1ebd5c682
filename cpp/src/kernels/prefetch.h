// A hint that memory will be read soon, for rooms that must not know SIMD.
#ifndef COUNTERMARK_KERNELS_PREFETCH_H_
#define COUNTERMARK_KERNELS_PREFETCH_H_

namespace countermark {

inline void Prefetch(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;  // only slower
#endif
}

}  // namespace countermark

#endif  // COUNTERMARK_KERNELS_PREFETCH_H_
