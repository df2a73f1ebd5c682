#include "api/resident.h"

#include "api/refusal.h"
#include "api/target.h"

namespace countermark {

cmk_status CheckPlace(const void* memory) {
  COUNTERMARK_REQUIRE(memory != nullptr, CMK_STATUS_NULL_POINTER);
  COUNTERMARK_REQUIRE(reinterpret_cast<uintptr_t>(memory) % Resident::kAlignment == 0,
                      CMK_STATUS_MISALIGNED);
  return CMK_STATUS_OK;
}

cmk_status CheckResident(const void* object, uint64_t kind) {
  COUNTERMARK_REQUIRE(TargetIsAvailable(), CMK_STATUS_UNKNOWN_TARGET);
  COUNTERMARK_CHECK(CheckPlace(object));
  const auto* const resident = static_cast<const Resident*>(object);
  COUNTERMARK_REQUIRE(resident->kind == kind, CMK_STATUS_NOT_INITIALISED);
  COUNTERMARK_REQUIRE(resident->place == object, CMK_STATUS_NOT_INITIALISED);
  return CMK_STATUS_OK;
}

}  // namespace countermark
