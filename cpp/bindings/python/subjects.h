// The subjects of the module, a file each.
#ifndef COUNTERMARK_BINDINGS_PYTHON_SUBJECTS_H_
#define COUNTERMARK_BINDINGS_PYTHON_SUBJECTS_H_

#include <pybind11/pybind11.h>

namespace countermark::python {

void DefinePictures(pybind11::module_& module);
void DefineFrames(pybind11::module_& module);
void DefineSounds(pybind11::module_& module);
void DefineTexts(pybind11::module_& module);
void DefineFingerprints(pybind11::module_& module);

}  // namespace countermark::python

#endif  // COUNTERMARK_BINDINGS_PYTHON_SUBJECTS_H_
