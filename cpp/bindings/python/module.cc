// The C header for Python: arrays in, results out, a StatusError for every status that is not OK.
#include "arguments.h"
#include "subjects.h"

namespace countermark::python {
namespace {

// An exception whose arguments are the number and the text of the status.
void DefineStatusError(py::module_& module) {
  static PyObject* const status_error =
      PyErr_NewException("countermark._core.StatusError", PyExc_Exception, nullptr);
  if (status_error == nullptr) throw py::error_already_set();
  module.attr("StatusError") = py::handle(status_error);
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const StatusError& error) {
      const py::tuple arguments = py::make_tuple(static_cast<int>(error.status), error.what());
      PyErr_SetObject(status_error, arguments.ptr());
    }
  });
}

}  // namespace
}  // namespace countermark::python

namespace py = pybind11;

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  using namespace countermark::python;
  DefineStatusError(module);
  DefinePictures(module);
  DefineFrames(module);
  DefineSounds(module);
  DefineTexts(module);
  DefineFingerprints(module);
  module.def("target_name", &cmk_target_name);
  module.def("version", &cmk_version_string);
  module.attr("DEFAULT_KEY") =
      py::bytes(reinterpret_cast<const char*>(cmk_default_key()), cmk_key_bytes());
}
