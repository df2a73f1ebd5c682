// Looks for the mark in a window of sound, in every way there is.
#ifndef COUNTERMARK_AUDIO_SEARCH_H_
#define COUNTERMARK_AUDIO_SEARCH_H_

#include <cstddef>

#include "audio/alignment.h"
#include "audio/classes.h"
#include "audio/fold.h"
#include "audio/period.h"
#include "audio/pilot.h"
#include "audio/reading.h"
#include "audio/whiten.h"
#include "base/arena.h"
#include "base/key.h"

namespace countermark::audio {

enum class Effort {
  kAligned,  // sounds that run at the speed at which they were marked
  kFull,     // also faster and slower ones
};

// Where a mark lies in a window. Its tiles begin at `origin` + n * kTile * `period` samples.
struct Trace {
  uint8_t variant;
  Complex phase;  // all its lines were turned by; -1 if the sound was inverted
  double origin;  // from 0 to the first period
  double period;  // in nominal ones: above 1, the sound runs slower than it was marked
};

struct Found {
  Message message;
  Trace trace;
  float score;    // height of the pilot where it was read
  double pitch;   // frequencies, by what they were when it was marked
  Spectrum tile;  // as it was seen, its phases where they belong
};

// Height of the pilot below which nothing is decoded; sounds without a mark reach 5.3.
inline constexpr float kLeastScore = 4.6f;

class MarkSearch {
 public:
  MarkSearch(const Key& key, Arena& arena);
  MarkSearch(const MarkSearch&) = delete;
  MarkSearch& operator=(const MarkSearch&) = delete;

  // Takes from an arena that only counts what the full effort needs for a while.
  void CountWork();

  // At most kWindow samples. `likely`: a period that is tried, even at the least effort. `trials`:
  // see ReadMessage. When nothing is read, only the score is written: the highest of all.
  bool Run(const Sound& sound, Effort effort, double likely, double trials, Found* found);

  // Of the last sound, as it was.
  const float* whitened() const { return whitened_; }
  const Layout& layout(uint8_t variant) const { return layouts_[variant]; }
  TileBatch& batch() { return batch_; }
  Whitener& whitener() { return whitener_; }
  MessageDecoder& decoder() { return decoder_; }
  const Turns& turns() const { return turns_; }

 private:
  // What is read, at the speed at which it is played.
  struct Played {
    Sound sound, whitened;
    double period;
    double lead;  // of the sound's samples before the first one
    float least;  // height of the pilot that is worth decoding
  };

  Played Nominal(const Sound& sound) const;
  // Whitened sound alone, until PlaySound.
  Played PlayAt(double period, const Sound& sound);
  void PlaySound(const Sound& sound, Played* played);

  // Each reads in another way: all of it at once; the classes of its cells; some of it.
  bool ReadWhole(const Played& played, Found* found);
  bool ReadClasses(const Played& played, Found* found);
  bool ReadSome(const Played& played, Found* found);

  bool ReadParts(const Played& played, const Parts& parts, size_t first, Found* found);
  bool ReadPeak(const Parts& parts, const PilotPeak& peak, Alignment* alignment, Found* found);
  bool ReadClassesAt(const PilotPeak& peak, Found* found);
  bool Read(const Spectrum& aligned, const PilotPeak& peak, Found* found);

  Arena& arena_;
  double trials_ = 1;
  int readings_ = 0;
  float highest_ = 0;  // of all, and of what was looked at last
  float last_ = 0;
  Layout* layouts_;
  Turns turns_;
  TileBatch batch_;
  PilotFinder finder_;
  Whitener whitener_;
  ClassFold class_fold_;
  SpeedChange speed_;
  MessageDecoder decoder_;
  Spectrum *parts_, *classes_;
  float *whitened_, *played_, *played_whitened_;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_SEARCH_H_
