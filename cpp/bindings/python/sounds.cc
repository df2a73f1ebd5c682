#include <array>
#include <vector>

#include "arguments.h"
#include "subjects.h"

namespace countermark::python {
namespace {

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
    block_.Allocate(size);
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
  cmk_audio_embedder* get() const { return block_.get(); }

  Block<cmk_audio_embedder> block_;
  size_t frame_bytes_;
};

// Blocks of frames as the embedder has them.
class AudioDetector {
 public:
  AudioDetector(uint32_t rate, uint32_t channels, uint32_t format, const py::bytes& key,
                bool full) {
    const cmk_sound sound = {sizeof(cmk_sound), rate, channels, format};
    const cmk_effort effort = Effort(full);
    size_t size = 0;
    Check(cmk_audio_detector_size(&sound, effort, &size));
    frame_bytes_ = channels * kSampleBytes[format];
    block_.Allocate(size);
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
  cmk_audio_detector* get() const { return block_.get(); }

  Block<cmk_audio_detector> block_;
  size_t frame_bytes_;
};

}  // namespace

void DefineSounds(py::module_& module) {
  using namespace py::literals;
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
}

}  // namespace countermark::python
