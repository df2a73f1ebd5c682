#include "detection.h"
#include "subjects.h"

namespace countermark::python {
namespace {

// The first frame gives width, height and format; it is not marked.
class Stream {
 public:
  Stream(const py::array& frame, uint64_t payload, const py::bytes& key, float strength,
         uint32_t refresh_frames) {
    const cmk_image image = Image(frame);
    size_t size = 0;
    Check(cmk_watermark_stream_size(&image, &size));
    block_.Allocate(size);
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
  cmk_watermark_stream* get() const { return block_.get(); }

  Block<cmk_watermark_stream> block_;
};

// The first frame gives width, height and format; it is not added.
template <typename T, auto kSize, auto kInit, auto kDetect, auto kReset>
class FrameReader {
 public:
  FrameReader(const py::array& frame, const py::bytes& key, bool full) {
    const cmk_image image = Image(frame);
    const cmk_effort effort = Effort(full);
    size_t size = 0;
    Check(kSize(&image, effort, &size));
    block_.Allocate(size);
    Check(kInit(get(), size, &image, Key(key), effort));
  }

  std::optional<py::tuple> Detect() {
    return Read([this](cmk_detection* found) { return kDetect(get(), found); });
  }

  void Reset() { Check(kReset(get())); }

 protected:
  T* get() const { return block_.get(); }

 private:
  Block<T> block_;
};

class Accumulator
    : public FrameReader<cmk_watermark_accumulator, cmk_watermark_accumulator_size,
                         cmk_watermark_accumulator_init, cmk_watermark_accumulator_detect,
                         cmk_watermark_accumulator_reset> {
 public:
  using FrameReader::FrameReader;

  void Add(const py::array& frame) {
    const cmk_image image = Image(frame);
    const py::gil_scoped_release release;
    Check(cmk_watermark_accumulator_add(get(), &image));
  }
};

class Clip
    : public FrameReader<cmk_watermark_clip, cmk_watermark_clip_size, cmk_watermark_clip_init,
                         cmk_watermark_clip_detect, cmk_watermark_clip_reset> {
 public:
  using FrameReader::FrameReader;

  void Add(int64_t microseconds, const py::array& frame) {
    const cmk_image image = Image(frame);
    const py::gil_scoped_release release;
    Check(cmk_watermark_clip_add(get(), microseconds, &image));
  }
};

}  // namespace

void DefineFrames(py::module_& module) {
  using namespace py::literals;
  py::class_<Stream>(module, "Stream")
      .def(py::init<const py::array&, uint64_t, const py::bytes&, float, uint32_t>(), "frame"_a,
           "payload"_a, "key"_a, "strength"_a, "refresh_frames"_a)
      .def("embed", &Stream::Embed, "image"_a, "out"_a)
      .def("embed_at", &Stream::EmbedAt, "microseconds"_a, "image"_a, "out"_a)
      .def("set_payload", &Stream::SetPayload, "payload"_a);
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
}

}  // namespace countermark::python
