#include "arguments.h"

#include <string_view>

namespace countermark::python {
namespace {

uint32_t Side(py::ssize_t side) {
  if (side > CMK_SIDE_MAX) throw StatusError(CMK_STATUS_IMAGE_TOO_LARGE);
  return static_cast<uint32_t>(side);
}

uint32_t Format(const py::array& array) {
  const bool sixteen = py::isinstance<py::array_t<uint16_t>>(array);
  if (!sixteen && !py::isinstance<py::array_t<uint8_t>>(array)) {
    throw StatusError(CMK_STATUS_UNKNOWN_FORMAT);
  }
  const uint32_t base = sixteen ? CMK_FORMAT_GRAY16 : CMK_FORMAT_GRAY8;
  if (array.ndim() == 2) return base + CMK_FORMAT_GRAY8;
  if (array.ndim() == 3 && array.shape(2) == 3) return base + CMK_FORMAT_RGB8;
  if (array.ndim() == 3 && array.shape(2) == 4) return base + CMK_FORMAT_RGBA8;
  throw StatusError(CMK_STATUS_UNKNOWN_FORMAT);
}

}  // namespace

void Check(cmk_status status) {
  if (status != CMK_STATUS_OK) throw StatusError(status);
}

cmk_image Image(const py::array& array) {
  const uint32_t format = Format(array);
  py::ssize_t packed = array.itemsize();
  for (py::ssize_t axis = array.ndim() - 1; axis > 0; --axis) {
    if (array.shape(axis) != 1 && array.strides(axis) != packed)
      throw StatusError(CMK_STATUS_BAD_STRIDE);
    packed *= array.shape(axis);
  }
  return {sizeof(cmk_image),
          Side(array.shape(1)),
          Side(array.shape(0)),
          format,
          const_cast<void*>(array.data()),
          static_cast<ptrdiff_t>(array.strides(0)),
          0};
}

const uint8_t* Key(const py::bytes& key) {
  const std::string_view bytes = key;
  if (bytes.size() != CMK_KEY_BYTES) throw std::invalid_argument("a key has 16 bytes");
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

Bytes::Bytes(const py::buffer& buffer, bool writable) : info_(buffer.request(writable)) {
  py::ssize_t packed = info_.itemsize;
  for (py::ssize_t axis = info_.ndim - 1; axis >= 0; --axis) {
    if (info_.shape[axis] != 1 && info_.strides[axis] != packed && info_.size != 0) {
      throw std::invalid_argument("the buffer does not lie in one piece");
    }
    packed *= info_.shape[axis];
  }
}

size_t Bytes::Count(size_t bytes) const {
  if (size() % bytes != 0) throw std::invalid_argument("the buffer ends within an element");
  return size() / bytes;
}

Scratch::Scratch(size_t size) : size_(size) {
  constexpr size_t kKept = size_t{32} << 20;
  thread_local std::unique_ptr<std::byte[]> kept;
  thread_local size_t kept_size = 0;
  if (size > kKept) {
    own_.reset(new std::byte[size]);
  } else if (kept_size < size) {
    kept.reset(new std::byte[size]);
    kept_size = size;
  }
  data_ = own_ ? own_.get() : kept.get();
}

}  // namespace countermark::python
