#include "api/refusal.h"

#ifndef NDEBUG
#include <cstdio>
#endif

namespace countermark {

cmk_status Refuse(cmk_status status, [[maybe_unused]] const char* condition,
                  [[maybe_unused]] const char* function) {
#ifndef NDEBUG
  std::fprintf(stderr, "countermark: %s: %s: %s\n", function, condition, cmk_status_string(status));
#endif
  return status;
}

}  // namespace countermark
