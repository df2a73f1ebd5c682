// What the bindings of every subject need: arguments of Python's on their way into the C header.
#ifndef COUNTERMARK_BINDINGS_PYTHON_ARGUMENTS_H_
#define COUNTERMARK_BINDINGS_PYTHON_ARGUMENTS_H_

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <stdexcept>

#include "countermark/countermark.h"

namespace countermark::python {

namespace py = pybind11;

struct StatusError : std::runtime_error {
  explicit StatusError(cmk_status status)
      : std::runtime_error(cmk_status_string(status)), status(status) {}

  cmk_status status;
};

// Throws a StatusError for every status that is not OK.
void Check(cmk_status status);

// Pixels within a row must lie one behind the other; rows may lie anywhere.
cmk_image Image(const py::array& array);

const uint8_t* Key(const py::bytes& key);

inline cmk_effort Effort(bool full) { return full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED; }

// The bytes of whatever has the buffer protocol and lies in one piece; held as long as this lives.
class Bytes {
 public:
  explicit Bytes(const py::buffer& buffer, bool writable = false);

  uint8_t* data() const { return static_cast<uint8_t*>(info_.ptr); }
  size_t size() const { return static_cast<size_t>(info_.size * info_.itemsize); }

  // Of elements of so many bytes.
  size_t Count(size_t bytes) const;

 private:
  py::buffer_info info_;
};

// Scratch memory of one call. It stays with the thread as long as it is no more than embedding and
// detection take: fresh pages for each call, thousands of them, would take a part of its time,
// and make threads wait for each other in the system.
class Scratch {
 public:
  explicit Scratch(size_t size);

  void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<std::byte[]> own_;
  void* data_;
  size_t size_;
};

// Memory in which an object of the core stays, aligned as operator new does.
template <typename T>
class Block {
 public:
  void Allocate(size_t size) { memory_.reset(new std::byte[size]); }
  T* get() const { return reinterpret_cast<T*>(memory_.get()); }

 private:
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace countermark::python

#endif  // COUNTERMARK_BINDINGS_PYTHON_ARGUMENTS_H_
