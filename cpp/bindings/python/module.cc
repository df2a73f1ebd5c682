// The C header for Python: arrays in, results out, a StatusError for every status that is not OK.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "countermark/countermark.h"

namespace py = pybind11;

namespace {

struct StatusError : std::runtime_error {
  explicit StatusError(cmk_status status)
      : std::runtime_error(cmk_status_string(status)), status(status) {}

  cmk_status status;
};

void Check(cmk_status status) {
  if (status != CMK_STATUS_OK) throw StatusError(status);
}

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

// Pixels within a row must lie one behind the other; rows may lie anywhere.
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

// Scratch memory of one call. It stays with the thread as long as it is no more than embedding and
// detection take: fresh pages for each call, thousands of them, would take a part of its time,
// and make threads wait for each other in the system.
class Scratch {
 public:
  explicit Scratch(size_t size) : size_(size) {
    if (size > kKept) {
      own_.reset(new std::byte[size]);
    } else if (kept_size_ < size) {
      kept_.reset(new std::byte[size]);
      kept_size_ = size;
    }
  }

  void* data() const { return own_ ? own_.get() : kept_.get(); }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kKept = size_t{32} << 20;
  static inline thread_local std::unique_ptr<std::byte[]> kept_;
  static inline thread_local size_t kept_size_ = 0;

  std::unique_ptr<std::byte[]> own_;
  size_t size_;
};

const uint8_t* Key(const py::bytes& key) {
  const std::string_view bytes = key;
  if (bytes.size() != CMK_KEY_BYTES) throw std::invalid_argument("a key has 16 bytes");
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

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

py::tuple Matrix(const double* m) {
  return py::make_tuple(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]);
}

py::tuple Read(const cmk_detection& found) {
  return py::make_tuple(found.payload, found.score, found.false_positive_rate,
                        Matrix(found.geometry));
}

std::optional<py::tuple> Detect(const py::array& array, const py::bytes& key, bool full) {
  const cmk_image image = Image(array);
  const uint8_t* const key_bytes = Key(key);
  const cmk_effort effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
  size_t size = 0;
  Check(cmk_watermark_detect_scratch_size(&image, effort, &size));
  const Scratch scratch(size);
  cmk_detection found = {};
  found.struct_size = sizeof(found);
  cmk_status status = CMK_STATUS_OK;
  {
    const py::gil_scoped_release release;
    status =
        cmk_watermark_detect(&image, key_bytes, effort, scratch.data(), scratch.size(), &found);
  }
  if (status == CMK_STATUS_NOT_FOUND) return std::nullopt;
  Check(status);
  return Read(found);
}

// One row of x, y, score for each tile; and the margins of the coded bits.
py::tuple Inspect(const py::array& array, const py::bytes& key, bool full) {
  const cmk_image image = Image(array);
  const uint8_t* const key_bytes = Key(key);
  const cmk_effort effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
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
  return py::make_tuple(is_read ? Read(found) : py::object(py::none()), found.score,
                        seen.least_score, seen.likeness, Matrix(seen.geometry), rows, margins);
}

// The bytes of whatever has the buffer protocol and lies in one piece; held as long as this lives.
class Bytes {
 public:
  explicit Bytes(const py::buffer& buffer, bool writable = false)
      : info_(buffer.request(writable)) {
    py::ssize_t packed = info_.itemsize;
    for (py::ssize_t axis = info_.ndim - 1; axis >= 0; --axis) {
      if (info_.shape[axis] != 1 && info_.strides[axis] != packed && info_.size != 0) {
        throw std::invalid_argument("the buffer does not lie in one piece");
      }
      packed *= info_.shape[axis];
    }
  }

  uint8_t* data() const { return static_cast<uint8_t*>(info_.ptr); }
  size_t size() const { return static_cast<size_t>(info_.size * info_.itemsize); }

  size_t Count(size_t bytes) const {
    if (size() % bytes != 0) throw std::invalid_argument("the buffer ends within an element");
    return size() / bytes;
  }

 private:
  py::buffer_info info_;
};

// Memory in which an object of the core stays, aligned as operator new does.
using Block = std::unique_ptr<std::byte[]>;

// The first frame gives width, height and format; it is not marked.
class Stream {
 public:
  Stream(const py::array& frame, uint64_t payload, const py::bytes& key, float strength,
         uint32_t refresh_frames) {
    const cmk_image image = Image(frame);
    size_t size = 0;
    Check(cmk_watermark_stream_size(&image, &size));
    block_.reset(new std::byte[size]);
    Check(cmk_watermark_stream_init(get(), size, &image, payload, Key(key), strength,
                                    refresh_frames));
  }

  void Embed(const py::array& in, const py::array& out) {
    const cmk_image source = Image(in), target = Image(out);
    const py::gil_scoped_release release;
    Check(cmk_watermark_stream_embed(get(), &source, &target));
  }

  void EmbedAt(int64_t microseconds, const py::array& in, const py::array& out) {
    const cmk_image source = Image(in), target = Image(out);
    const py::gil_scoped_release release;
    Check(cmk_watermark_stream_embed_at(get(), microseconds, &source, &target));
  }

  void SetPayload(uint64_t payload) { Check(cmk_watermark_stream_set_payload(get(), payload)); }

 private:
  cmk_watermark_stream* get() const {
    return reinterpret_cast<cmk_watermark_stream*>(block_.get());
  }

  Block block_;
};

// The first frame gives width, height and format; it is not added.
class Accumulator {
 public:
  Accumulator(const py::array& frame, const py::bytes& key, bool full) {
    const cmk_image image = Image(frame);
    const cmk_effort effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
    size_t size = 0;
    Check(cmk_watermark_accumulator_size(&image, effort, &size));
    block_.reset(new std::byte[size]);
    Check(cmk_watermark_accumulator_init(get(), size, &image, Key(key), effort));
  }

  void Add(const py::array& frame) {
    const cmk_image image = Image(frame);
    const py::gil_scoped_release release;
    Check(cmk_watermark_accumulator_add(get(), &image));
  }

  std::optional<py::tuple> Detect() {
    cmk_detection found = {};
    found.struct_size = sizeof(found);
    cmk_status status = CMK_STATUS_OK;
    {
      const py::gil_scoped_release release;
      status = cmk_watermark_accumulator_detect(get(), &found);
    }
    if (status == CMK_STATUS_NOT_FOUND) return std::nullopt;
    Check(status);
    return Read(found);
  }

  void Reset() { Check(cmk_watermark_accumulator_reset(get())); }

 private:
  cmk_watermark_accumulator* get() const {
    return reinterpret_cast<cmk_watermark_accumulator*>(block_.get());
  }

  Block block_;
};

// By the numbers of cmk_sample_format.
constexpr size_t kSampleBytes[] = {2, 3, 4, 4};

// Blocks of frames come as buffers of interleaved samples; `out` has room for as many as `in`.
class AudioEmbedder {
 public:
  AudioEmbedder(uint32_t rate, uint32_t channels, uint32_t format, bool has_low_latency,
                uint64_t payload, const py::bytes& key, float strength) {
    const cmk_sound sound = {sizeof(cmk_sound), rate, channels, format};
    const cmk_audio_latency latency =
        has_low_latency ? CMK_AUDIO_LATENCY_LOW : CMK_AUDIO_LATENCY_BLOCK;
    size_t size = 0;
    Check(cmk_audio_embedder_size(&sound, latency, &size));
    frame_bytes_ = channels * kSampleBytes[format];
    block_.reset(new std::byte[size]);
    Check(cmk_audio_embedder_init(get(), size, &sound, latency, payload, Key(key), strength));
  }

  size_t Latency() const {
    size_t frames = 0;
    Check(cmk_audio_embedder_latency(get(), &frames));
    return frames;
  }

  size_t Push(const py::buffer& in, const py::buffer& out) {
    const Bytes from(in), to(out, true);
    const size_t count = from.Count(frame_bytes_);
    if (to.Count(frame_bytes_) < count) throw std::invalid_argument("the output is too short");
    const py::gil_scoped_release release;
    size_t written = 0;
    Check(cmk_audio_embedder_push(get(), from.data(), count, to.data(), &written));
    return written;
  }

  size_t Finish(const py::buffer& out) {
    const Bytes to(out, true);
    const size_t count = to.Count(frame_bytes_);
    const py::gil_scoped_release release;
    size_t written = 0;
    Check(cmk_audio_embedder_finish(get(), to.data(), count, &written));
    return written;
  }

 private:
  cmk_audio_embedder* get() const { return reinterpret_cast<cmk_audio_embedder*>(block_.get()); }

  Block block_;
  size_t frame_bytes_;
};

// Blocks of frames as the embedder has them.
class AudioDetector {
 public:
  AudioDetector(uint32_t rate, uint32_t channels, uint32_t format, const py::bytes& key,
                bool full) {
    const cmk_sound sound = {sizeof(cmk_sound), rate, channels, format};
    const cmk_effort effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
    size_t size = 0;
    Check(cmk_audio_detector_size(&sound, effort, &size));
    frame_bytes_ = channels * kSampleBytes[format];
    block_.reset(new std::byte[size]);
    Check(cmk_audio_detector_init(get(), size, &sound, Key(key), effort));
  }

  void Push(const py::buffer& frames) {
    const Bytes from(frames);
    const size_t count = from.Count(frame_bytes_);
    const py::gil_scoped_release release;
    Check(cmk_audio_detector_push(get(), from.data(), count));
  }

  // One tuple for each mark, the stretches last.
  py::list Detect() {
    std::array<cmk_audio_detection, CMK_AUDIO_DETECTIONS_MAX> found = {};
    std::vector<cmk_audio_stretch> stretches(found.size() * CMK_AUDIO_STRETCHES_MAX);
    for (size_t i = 0; i < found.size(); ++i) {
      found[i].struct_size = sizeof(found[i]);
      found[i].stretch_capacity = CMK_AUDIO_STRETCHES_MAX;
      found[i].stretches = stretches.data() + i * CMK_AUDIO_STRETCHES_MAX;
    }
    size_t count = 0;
    cmk_status status = CMK_STATUS_OK;
    {
      const py::gil_scoped_release release;
      status = cmk_audio_detector_detect(get(), found.data(), found.size(), &count);
    }
    if (status != CMK_STATUS_NOT_FOUND) Check(status);
    py::list marks;
    for (size_t i = 0; i < count; ++i) {
      py::list times;
      for (uint32_t k = 0; k < found[i].stretch_count; ++k) {
        times.append(py::make_tuple(found[i].stretches[k].begin, found[i].stretches[k].end));
      }
      marks.append(py::make_tuple(found[i].payload, found[i].score, found[i].false_positive_rate,
                                  found[i].offset_seconds, found[i].speed, found[i].pitch,
                                  found[i].polarity < 0, times));
    }
    return marks;
  }

  void Reset() { Check(cmk_audio_detector_reset(get())); }

 private:
  cmk_audio_detector* get() const { return reinterpret_cast<cmk_audio_detector*>(block_.get()); }

  Block block_;
  size_t frame_bytes_;
};

// The first frame gives width, height and format; it is not added.
class Clip {
 public:
  Clip(const py::array& frame, const py::bytes& key, bool full) {
    const cmk_image image = Image(frame);
    const cmk_effort effort = full ? CMK_EFFORT_FULL : CMK_EFFORT_ALIGNED;
    size_t size = 0;
    Check(cmk_watermark_clip_size(&image, effort, &size));
    block_.reset(new std::byte[size]);
    Check(cmk_watermark_clip_init(get(), size, &image, Key(key), effort));
  }

  void Add(int64_t microseconds, const py::array& frame) {
    const cmk_image image = Image(frame);
    const py::gil_scoped_release release;
    Check(cmk_watermark_clip_add(get(), microseconds, &image));
  }

  std::optional<py::tuple> Detect() {
    cmk_detection found = {};
    found.struct_size = sizeof(found);
    cmk_status status = CMK_STATUS_OK;
    {
      const py::gil_scoped_release release;
      status = cmk_watermark_clip_detect(get(), &found);
    }
    if (status == CMK_STATUS_NOT_FOUND) return std::nullopt;
    Check(status);
    return Read(found);
  }

  void Reset() { Check(cmk_watermark_clip_reset(get())); }

 private:
  cmk_watermark_clip* get() const { return reinterpret_cast<cmk_watermark_clip*>(block_.get()); }

  Block block_;
};

template <size_t kCount, auto kFunction>
py::tuple Pdq(const py::array& array) {
  const cmk_image image = Image(array);
  size_t size = 0;
  Check(cmk_fingerprint_pdq_scratch_size(&image, &size));
  const Scratch scratch(size);
  std::array<uint8_t, kCount * CMK_PDQ_BYTES> hashes;
  int32_t quality = 0;
  {
    const py::gil_scoped_release release;
    Check(kFunction(&image, scratch.data(), scratch.size(), hashes.data(), &quality));
  }
  return py::make_tuple(py::bytes(reinterpret_cast<const char*>(hashes.data()), hashes.size()),
                        quality);
}

size_t HammingIndexSize(size_t count) {
  size_t size = 0;
  Check(cmk_hamming_index_size(count, &size));
  return size;
}

void HammingBuild(const py::buffer& hashes, const py::buffer& labels, const py::bytes& stamp,
                  const py::buffer& index) {
  const Bytes from(hashes), names(labels), to(index, true);
  const std::string_view stamp_bytes = stamp;
  const size_t count = from.Count(CMK_PDQ_BYTES);
  if (names.Count(sizeof(uint64_t)) != count || stamp_bytes.size() != CMK_HAMMING_STAMP_BYTES) {
    throw std::invalid_argument("a label for each hash, and a stamp of 32 bytes");
  }
  const py::gil_scoped_release release;
  Check(cmk_hamming_index_build(from.data(), reinterpret_cast<const uint64_t*>(names.data()), count,
                                reinterpret_cast<const uint8_t*>(stamp_bytes.data()), to.data(),
                                to.size()));
}

py::tuple HammingCheck(const py::buffer& index) {
  const Bytes block(index);
  size_t count = 0;
  std::array<uint8_t, CMK_HAMMING_STAMP_BYTES> stamp;
  {
    const py::gil_scoped_release release;
    Check(cmk_hamming_index_check(block.data(), block.size(), &count, stamp.data()));
  }
  return py::make_tuple(count,
                        py::bytes(reinterpret_cast<const char*>(stamp.data()), stamp.size()));
}

// Labels, distances and the queries that are nearest. `search` fills room for matches; where there
// was too little, it is done again with enough.
template <typename Search>
py::tuple HammingMatches(const Search& search) {
  std::vector<cmk_hamming_match> matches(64);
  size_t count = 0;
  {
    const py::gil_scoped_release release;
    Check(search(matches.data(), matches.size(), &count));
    if (count > matches.size()) {
      matches.resize(count);
      Check(search(matches.data(), matches.size(), &count));
    }
  }
  count = std::min(count, matches.size());
  py::array_t<uint64_t> labels(static_cast<py::ssize_t>(count));
  py::array_t<uint32_t> distances(static_cast<py::ssize_t>(count));
  py::array_t<uint32_t> queries(static_cast<py::ssize_t>(count));
  for (size_t i = 0; i < count; ++i) {
    labels.mutable_data()[i] = matches[i].label;
    distances.mutable_data()[i] = matches[i].distance;
    queries.mutable_data()[i] = matches[i].query;
  }
  return py::make_tuple(labels, distances, queries);
}

py::tuple HammingSearch(const py::buffer& index, const py::buffer& queries, uint32_t radius) {
  const Bytes block(index), asked(queries);
  const size_t asked_count = asked.Count(CMK_PDQ_BYTES);
  return HammingMatches([&](cmk_hamming_match* matches, size_t capacity, size_t* count) {
    return cmk_hamming_index_search(block.data(), block.size(), asked.data(), asked_count, radius,
                                    matches, capacity, count);
  });
}

py::tuple HammingScan(const py::buffer& hashes, const py::buffer& labels, const py::buffer& queries,
                      uint32_t radius) {
  const Bytes from(hashes), names(labels), asked(queries);
  const size_t from_count = from.Count(CMK_PDQ_BYTES), asked_count = asked.Count(CMK_PDQ_BYTES);
  if (names.Count(sizeof(uint64_t)) != from_count) {
    throw std::invalid_argument("a label for each hash");
  }
  return HammingMatches([&](cmk_hamming_match* matches, size_t capacity, size_t* count) {
    return cmk_hamming_scan(from.data(), reinterpret_cast<const uint64_t*>(names.data()),
                            from_count, asked.data(), asked_count, radius, matches, capacity,
                            count);
  });
}

}  // namespace

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  // An exception whose arguments are the number and the text of the status.
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

  using namespace py::literals;
  module.def("embed", &Embed, "image"_a, "out"_a, "payload"_a, "key"_a, "strength"_a);
  module.def("detect", &Detect, "image"_a, "key"_a, "full"_a);
  module.def("inspect", &Inspect, "image"_a, "key"_a, "full"_a);
  py::class_<Stream>(module, "Stream")
      .def(py::init<const py::array&, uint64_t, const py::bytes&, float, uint32_t>(), "frame"_a,
           "payload"_a, "key"_a, "strength"_a, "refresh_frames"_a)
      .def("embed", &Stream::Embed, "image"_a, "out"_a)
      .def("embed_at", &Stream::EmbedAt, "microseconds"_a, "image"_a, "out"_a)
      .def("set_payload", &Stream::SetPayload, "payload"_a);
  py::class_<AudioEmbedder>(module, "AudioEmbedder")
      .def(py::init<uint32_t, uint32_t, uint32_t, bool, uint64_t, const py::bytes&, float>(),
           "rate"_a, "channels"_a, "format"_a, "low_latency"_a, "payload"_a, "key"_a, "strength"_a)
      .def_property_readonly("latency", &AudioEmbedder::Latency)
      .def("push", &AudioEmbedder::Push, "frames"_a, "out"_a)
      .def("finish", &AudioEmbedder::Finish, "out"_a);
  py::class_<AudioDetector>(module, "AudioDetector")
      .def(py::init<uint32_t, uint32_t, uint32_t, const py::bytes&, bool>(), "rate"_a, "channels"_a,
           "format"_a, "key"_a, "full"_a)
      .def("push", &AudioDetector::Push, "frames"_a)
      .def("detect", &AudioDetector::Detect)
      .def("reset", &AudioDetector::Reset);
  py::class_<Accumulator>(module, "Accumulator")
      .def(py::init<const py::array&, const py::bytes&, bool>(), "frame"_a, "key"_a, "full"_a)
      .def("add", &Accumulator::Add, "frame"_a)
      .def("detect", &Accumulator::Detect)
      .def("reset", &Accumulator::Reset);
  py::class_<Clip>(module, "Clip")
      .def(py::init<const py::array&, const py::bytes&, bool>(), "frame"_a, "key"_a, "full"_a)
      .def("add", &Clip::Add, "microseconds"_a, "frame"_a)
      .def("detect", &Clip::Detect)
      .def("reset", &Clip::Reset);
  module.def("pdq", &Pdq<1, cmk_fingerprint_pdq>, "image"_a);
  module.def("pdq_dihedral", &Pdq<CMK_PDQ_DIHEDRAL_COUNT, cmk_fingerprint_pdq_dihedral>, "image"_a);
  module.def("hamming_index_size", &HammingIndexSize, "count"_a);
  module.def("hamming_build", &HammingBuild, "hashes"_a, "labels"_a, "stamp"_a, "index"_a);
  module.def("hamming_check", &HammingCheck, "index"_a);
  module.def("hamming_search", &HammingSearch, "index"_a, "queries"_a, "radius"_a);
  module.def("hamming_scan", &HammingScan, "hashes"_a, "labels"_a, "queries"_a, "radius"_a);
  module.def("target_name", &cmk_target_name);
  module.def("version", &cmk_version_string);
  module.attr("PDQ_SIDE_MIN") = cmk_pdq_side_min();
  module.attr("HAMMING_COUNT_MAX") = cmk_hamming_count_max();
  module.attr("DEFAULT_KEY") =
      py::bytes(reinterpret_cast<const char*>(cmk_default_key()), cmk_key_bytes());
}
