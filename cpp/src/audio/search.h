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

// How one sound is searched.
struct Scope {
  Effort effort;
  double likely_period;  // is tried even at the least effort
  bool has_parts;        // whether parts of it are read, where the whole does not tell
  // Of the window whose second half is this one's first half, and in which nothing was read;
  // infinity where there is none.
  float floor_before;
};

// Where a mark lies in a window. Its tiles begin at `origin` + n * kTile * `period` samples.
struct Trace {
  uint16_t word;  // of signs; none where there is no tile
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

// Height of the pilot below which nothing is decoded; one in twelve sounds without a mark reaches
// it.
inline constexpr float kLeastScore = 6.5f;

class MarkSearch {
 public:
  // Marks that are read in one sound, which may be at the same time in it.
  static constexpr size_t kMostFound = PilotFinder::kMostPeaks;

  MarkSearch(const Key& key, Arena& arena);
  MarkSearch(const MarkSearch&) = delete;
  MarkSearch& operator=(const MarkSearch&) = delete;

  // Takes from an arena that only counts what the full effort needs for a while.
  void CountWork();

  // At most kWindow samples. `trials`: see ReadMessage. Fills `found`, at most kMostFound, with
  // different payloads, highest first; returns how many.
  size_t Run(const Sound& sound, const Scope& scope, double trials, Found* found);

  // Of the last sound, as it was, and the height of its highest pilot.
  const float* whitened() const { return whitened_; }
  // To which the last sound of which parts were to be read was whitened.
  float floor() const { return floor_; }
  float highest_score() const { return highest_; }
  const Layout& layout() const { return *layout_; }
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
  };

  Played Nominal(const Sound& sound) const;
  // Whitened sound alone, until PlaySound.
  Played PlayAt(double period, const Sound& sound);
  void PlaySound(const Sound& sound, Played* played);

  bool Search(const Sound& sound, const Scope& scope);

  // Each reads in another way: all of it at once; the classes of its cells; some of it.
  bool ReadWhole(const Played& played);
  bool ReadClasses(const Played& played);
  // What lies in the first parts, `known` of a whole window, was read before.
  bool ReadSome(const Played& played, size_t known);

  bool ReadParts(const Played& played, const Parts& parts, size_t first);
  bool ReadPeak(const Parts& parts, const PilotPeak& peak, Alignment* alignment);
  bool ReadClassesAt(const PilotPeak& peak);
  bool Read(const Spectrum& aligned, const PilotPeak& peak);

  size_t FindPeaks(const Spectrum& spectrum, PilotPeak* peaks);
  bool IsWorthReading(const PilotPeak& peak);

  Arena& arena_;
  double trials_ = 1;
  int readings_ = 0;
  float highest_ = 0;  // of all, and of what was looked at last
  float last_ = 0;
  float floor_ = 0;
  Found* found_ = nullptr;
  size_t found_count_ = 0;
  Layout *layout_, *signed_;  // of the key; with the signs that are looked for
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
