#include "vectors.h"

namespace countermark {

std::ifstream OpenVectors(const std::string& name) {
  return std::ifstream(COUNTERMARK_VECTORS "/" + name);
}

}  // namespace countermark
