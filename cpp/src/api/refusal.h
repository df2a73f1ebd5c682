// How an argument is refused: with a status, and in debug builds with a line on stderr as well.
#ifndef COUNTERMARK_API_REFUSAL_H_
#define COUNTERMARK_API_REFUSAL_H_

#include "countermark/countermark.h"

namespace countermark {

// Gives the status back. Where NDEBUG is not defined, says which condition in which function it
// comes from.
cmk_status Refuse(cmk_status status, const char* condition, const char* function);

}  // namespace countermark

// Returns `status` from the function unless the condition holds.
#define COUNTERMARK_REQUIRE(condition, status) \
  if (!(condition)) return ::countermark::Refuse(status, #condition, __func__)

// Returns the status of another check from the function unless it is CMK_STATUS_OK. The lines of
// all functions on the way tell which argument it was.
#define COUNTERMARK_CHECK(check)                                    \
  if (const cmk_status refusal = (check); refusal != CMK_STATUS_OK) \
  return ::countermark::Refuse(refusal, #check, __func__)

#endif  // COUNTERMARK_API_REFUSAL_H_
