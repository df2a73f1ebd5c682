// What was read in a picture, or in many frames, on its way to Python.
#ifndef COUNTERMARK_BINDINGS_PYTHON_DETECTION_H_
#define COUNTERMARK_BINDINGS_PYTHON_DETECTION_H_

#include <pybind11/stl.h>

#include <optional>

#include "arguments.h"

namespace countermark::python {

inline py::tuple Matrix(const double* m) {
  return py::make_tuple(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]);
}

inline py::tuple Told(const cmk_detection& found) {
  return py::make_tuple(found.payload, found.score, found.false_positive_rate,
                        Matrix(found.geometry));
}

// `detect` fills a cmk_detection, while other threads run.
template <typename Detect>
std::optional<py::tuple> Read(const Detect& detect) {
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  cmk_status status = CMK_STATUS_OK;
  {
    const py::gil_scoped_release release;
    status = detect(&found);
  }
  if (status == CMK_STATUS_NOT_FOUND) return std::nullopt;
  Check(status);
  return Told(found);
}

}  // namespace countermark::python

#endif  // COUNTERMARK_BINDINGS_PYTHON_DETECTION_H_
