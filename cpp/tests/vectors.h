// The golden vectors in tests/vectors. Where they lie is known to vectors.cc alone, so that a
// compiler cache knows all the other tests again in another folder.
#ifndef COUNTERMARK_TESTS_VECTORS_H_
#define COUNTERMARK_TESTS_VECTORS_H_

#include <fstream>
#include <string>

namespace countermark {

std::ifstream OpenVectors(const std::string& name);

}  // namespace countermark

#endif  // COUNTERMARK_TESTS_VECTORS_H_
