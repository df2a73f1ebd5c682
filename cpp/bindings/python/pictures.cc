#include <array>
#include <vector>

#include "detection.h"
#include "subjects.h"

namespace countermark::python {
namespace {

void Embed(const py::array& in, const py::array& out, uint64_t payload, const py::bytes& key,
           float strength) {
  const cmk_image source = Image(in), target = Image(out);
  const uint8_t* const key_bytes = Key(key);
  size_t size = 0;
  Check(cmk_watermark_embed_scratch_size(&source, &size));
  const Scratch scratch(size);
  const py::gil_scoped_release release;
  Check(cmk_watermark_embed(&source, &target, payload, key_bytes, strength, scratch.data(),
                            scratch.size()));
}

std::optional<py::tuple> Detect(const py::array& array, const py::bytes& key, bool full) {
  const cmk_image image = Image(array);
  const uint8_t* const key_bytes = Key(key);
  const cmk_effort effort = Effort(full);
  size_t size = 0;
  Check(cmk_watermark_detect_scratch_size(&image, effort, &size));
  const Scratch scratch(size);
  return Read([&](cmk_detection* found) {
    return cmk_watermark_detect(&image, key_bytes, effort, scratch.data(), scratch.size(), found);
  });
}

// One row of x, y, score for each tile; and the margins of the coded bits.
py::tuple Inspect(const py::array& array, const py::bytes& key, bool full) {
  const cmk_image image = Image(array);
  const uint8_t* const key_bytes = Key(key);
  const cmk_effort effort = Effort(full);
  size_t size = 0;
  Check(cmk_watermark_inspect_scratch_size(&image, effort, &size));
  const Scratch scratch(size);
  std::array<cmk_tile, CMK_TILES_MAX> tiles;
  py::array_t<float> margins(CMK_CODED_BITS);
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  cmk_inspection seen = {};
  seen.struct_size = sizeof(seen);
  seen.tile_capacity = CMK_TILES_MAX;
  seen.tiles = tiles.data();
  seen.bit_margins = margins.mutable_data();
  cmk_status status = CMK_STATUS_OK;
  {
    const py::gil_scoped_release release;
    status = cmk_watermark_inspect(&image, key_bytes, effort, scratch.data(), scratch.size(),
                                   &found, &seen);
  }
  const bool is_read = status != CMK_STATUS_NOT_FOUND;
  if (is_read) Check(status);
  py::array_t<float> rows({static_cast<py::ssize_t>(seen.tile_count), py::ssize_t{3}});
  for (uint32_t i = 0; i < seen.tile_count; ++i) {
    rows.mutable_at(i, 0) = tiles[i].x;
    rows.mutable_at(i, 1) = tiles[i].y;
    rows.mutable_at(i, 2) = tiles[i].score;
  }
  return py::make_tuple(is_read ? Told(found) : py::object(py::none()), found.score,
                        seen.least_score, seen.likeness, Matrix(seen.geometry), rows, margins);
}

// The cmk_component of every component, one behind the other.
py::bytearray Layout(const py::bytes& key) {
  std::array<cmk_component, 2 * CMK_BAND_COEFFICIENTS> components;
  Check(cmk_watermark_layout(Key(key), components.data()));
  return {reinterpret_cast<const char*>(components.data()), sizeof(components)};
}

// The cmk_word of every variant of every payload, one behind the other.
py::bytearray Words(const std::vector<uint64_t>& payloads, const py::bytes& key) {
  const uint8_t* const key_bytes = Key(key);
  std::vector<cmk_word> words(payloads.size() * CMK_VARIANTS);
  {
    const py::gil_scoped_release release;
    for (size_t i = 0; i < payloads.size(); ++i) {
      Check(cmk_watermark_words(payloads[i], key_bytes, words.data() + i * CMK_VARIANTS));
    }
  }
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(cmk_word)};
}

}  // namespace

void DefinePictures(py::module_& module) {
  using namespace py::literals;
  module.def("embed", &Embed, "image"_a, "out"_a, "payload"_a, "key"_a, "strength"_a);
  module.def("detect", &Detect, "image"_a, "key"_a, "full"_a);
  module.def("inspect", &Inspect, "image"_a, "key"_a, "full"_a);
  module.def("layout", &Layout, "key"_a);
  module.def("words", &Words, "payloads"_a, "key"_a);
}

}  // namespace countermark::python
