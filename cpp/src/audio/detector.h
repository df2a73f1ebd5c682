// Finds the marks in a sound of any length, as its samples come in.
#ifndef COUNTERMARK_AUDIO_DETECTOR_H_
#define COUNTERMARK_AUDIO_DETECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "audio/gain_search.h"
#include "audio/presence.h"
#include "audio/resample.h"
#include "audio/samples.h"
#include "audio/search.h"
#include "base/arena.h"
#include "base/key.h"

namespace countermark::audio {

// A message, and where it is. Times are in samples at kRate, from the sound's beginning.
struct Mark {
  static constexpr size_t kMostStretches = 64;

  Message message;
  Trace trace;   // where it was read best
  float score;   // there
  double pitch;  // frequencies, by what they were when it was marked
  size_t stretch_count;
  std::array<Stretch, kMostStretches> stretches;  // apart, in their order

  double Length() const;
  // What is too near another one is joined to it; the nearest two are, when there are too many.
  void AddStretch(Stretch stretch);
};

class Detector {
 public:
  static constexpr size_t kMostMarks = 8;

  struct Setting {
    uint32_t rate;    // samples a second of each channel, 8000 to 192000
    size_t channels;  // interleaved
    SampleFormat format;
    Key key;
    Effort effort;
  };

  Detector(const Setting& setting, Arena& arena);
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  void Reset();

  // Whether Push takes these frames: none is infinite or not a number.
  bool AreFinite(const uint8_t* frames, size_t count) const;

  // Takes the next frames; looks for marks whenever a window is full.
  void Push(const uint8_t* frames, size_t count);

  // Looks at what came since, too. The marks, longest first; returns how many.
  size_t Detect(const Mark** marks);
  // Height of the highest pilot since the beginning.
  float highest_score() const { return highest_; }

 private:
  // Frames that are taken at once; samples by which windows go on.
  static constexpr size_t kPiece = 1024;
  static constexpr size_t kAdvance = kWindow / 2;
  static constexpr float kNone = std::numeric_limits<float>::infinity();

  void Mix(const uint8_t* frames, size_t count);
  bool LookAtWindow(bool is_last);  // whether there is any mark
  bool LookAt(const float* samples, bool has_parts);
  double TakeMarks(const Scope& scope);
  double TakeMark(Found* found);
  void LookAtGains();
  double Trials();
  Mark* MarkOf(const Found& found);

  Setting setting_;
  size_t frame_bytes_;
  MarkSearch search_;
  std::optional<GainSearch> gains_;  // at full effort
  Presence presence_;
  ResampleFilter filter_;
  std::array<Resampler, 2> resamplers_;
  std::array<float*, 2> pieces_;  // of the sound, before they are resampled
  float *channel_, *resampled_;
  std::array<float*, 2> windows_;  // the mean of the channels; half the difference of two
  std::array<float*, 2> spill_;    // what came after a window was full
  float* work_;                    // the window, without what was found in it
  Found* found_;
  Mark* marks_;
  size_t mark_count_ = 0;
  size_t count_ = 0;      // samples in the windows
  size_t looked_at_ = 0;  // of them
  uint64_t begin_ = 0;    // of the windows
  uint64_t searches_ = 0;
  double last_period_ = 1;
  float highest_ = 0;
  float floor_before_ = kNone;  // see Scope
};

// Bytes of memory that a Detector takes from its arena, itself not counted.
size_t DetectorSize(const Detector::Setting& setting);

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_DETECTOR_H_
