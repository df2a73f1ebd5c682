// Efforts and detections, as the C header tells them.
#ifndef COUNTERMARK_API_DETECTION_H_
#define COUNTERMARK_API_DETECTION_H_

#include "countermark/countermark.h"
#include "watermark/detect.h"

namespace countermark {

cmk_status CheckEffort(cmk_effort effort);
cmk_status CheckResult(const cmk_detection* detection);

// After the check.
Effort EffortFrom(cmk_effort effort);

// CMK_STATUS_OK or CMK_STATUS_NOT_FOUND.
cmk_status TellDetection(bool is_read, const Detection& found, cmk_detection* detection);

}  // namespace countermark

#endif  // COUNTERMARK_API_DETECTION_H_
