// Where a long search takes minutes, as in an emulator or under the sanitizers, fewer are made.
#ifndef COUNTERMARK_TESTS_SLOW_MACHINE_H_
#define COUNTERMARK_TESTS_SLOW_MACHINE_H_

namespace countermark {

#ifdef COUNTERMARK_SLOW_MACHINE
inline constexpr bool kSlowMachine = true;
#else
inline constexpr bool kSlowMachine = false;
#endif

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_SLOW_MACHINE_H_
