#include "api/target.h"

#include <cstdlib>

#include "countermark/countermark.h"
#include "kernels/target.h"

namespace countermark {

bool TargetIsAvailable() {
  static const bool available = [] {
    const char* name = std::getenv("COUNTERMARK_TARGET");
    return name == nullptr || *name == '\0' || ForceTarget(name);
  }();
  return available;
}

}  // namespace countermark

const char* cmk_target_name() {
  return countermark::TargetIsAvailable() ? countermark::TargetName() : nullptr;
}
