#include "api/detection.h"

#include <algorithm>

#include "api/refusal.h"

namespace countermark {

cmk_status CheckEffort(cmk_effort effort) {
  COUNTERMARK_REQUIRE(effort == CMK_EFFORT_ALIGNED || effort == CMK_EFFORT_FULL,
                      CMK_STATUS_UNKNOWN_EFFORT);
  return CMK_STATUS_OK;
}

cmk_status CheckResult(const cmk_detection* detection) {
  COUNTERMARK_REQUIRE(detection != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(detection->struct_size == sizeof(cmk_detection), CMK_STATUS_STRUCT_SIZE);
  return CMK_STATUS_OK;
}

Effort EffortFrom(cmk_effort effort) {
  return effort == CMK_EFFORT_FULL ? Effort::kFull : Effort::kAligned;
}

cmk_status TellDetection(bool is_read, const Detection& found, cmk_detection* detection) {
  detection->score = found.score;
  if (!is_read) return CMK_STATUS_NOT_FOUND;
  detection->payload = found.word.payload;
  detection->false_positive_rate = found.false_positive_rate;
  std::copy(found.geometry.begin(), found.geometry.end(), detection->geometry);
  return CMK_STATUS_OK;
}

}  // namespace countermark
