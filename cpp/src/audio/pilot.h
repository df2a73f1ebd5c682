// Finding the pilot in a folded sound: it tells the signs, where the tile begins, and its phase.
#ifndef COUNTERMARK_AUDIO_PILOT_H_
#define COUNTERMARK_AUDIO_PILOT_H_

#include <cstddef>
#include <cstdint>

#include "audio/sign_word.h"
#include "audio/tile.h"
#include "audio/tile_batch.h"
#include "base/arena.h"

namespace countermark::audio {

// Places at which a tile may begin, four a sample.
inline constexpr size_t kPlacesPerSample = 4;
inline constexpr size_t kPlaces = kPlacesPerSample * kTile;

// exp(2 pi i n / kPlaces)
class Turns {
 public:
  explicit Turns(Arena& arena);

  // exp(2 pi i line place / kPlaces), `line` counted from line 0.
  size_t Index(size_t line, size_t place) const { return line * place % kPlaces; }
  float re(size_t index) const { return turns_[index].re; }
  float im(size_t index) const { return turns_[index].im; }

 private:
  Complex* turns_;
};

// Adds a spectrum, as if its tile began so many places earlier, times a factor.
void AddMoved(const Spectrum& from, size_t places, Complex factor, const Turns& turns,
              Spectrum* sum);

struct PilotPeak {
  float score;  // height of the correlation, in deviations
  uint16_t word;
  Complex phase;  // of magnitude 1: what all lines were turned by; -1 if the sound was inverted
  size_t place;   // where the tile begins, below kPlaces
};

// What the pilot of a layout meets: the spectrum at its lines times the pilot's conjugate, loud
// lines limited, such that chance gives a correlation of deviation 1.
struct PilotProduct {
  PilotProduct(const Spectrum& spectrum, const Layout& layout);
  // The correlation with a tile that begins there: the real part is that with the tile itself.
  Complex At(size_t place, const Layout& layout, const Turns& turns) const;
  std::array<float, kPilotLines> re, im;
};

// The same, of each group alone.
class GroupProduct {
 public:
  GroupProduct(const PilotProduct& product, const Layout& layout);
  void At(size_t place, const Turns& turns, Complex (&groups)[kGroups]) const;

 private:
  // The pilot's lines, counted from line 0, group by group.
  std::array<uint16_t, kPilotLines> line_;
  std::array<float, kPilotLines> re_, im_;
  std::array<size_t, kGroups + 1> begin_{};
};

class PilotFinder {
 public:
  static constexpr size_t kMostPeaks = 5;

  PilotFinder(const Layout* layout, const Turns& turns, TileBatch& batch, Arena& arena);

  // The places where the groups stand highest together, whatever their signs, and what their signs
  // are there. At most kMostPeaks, highest first; returns how many.
  size_t Find(const Spectrum& spectrum, PilotPeak* peaks);

 private:
  // Whole pairs of samples, among which the highest places are looked for first.
  static constexpr size_t kSpots = kTile / 2;

  void MeasureSpots(const PilotProduct& product);
  PilotPeak Climb(const GroupProduct& product, size_t place) const;

  const Layout* layout_;
  const Turns& turns_;
  TileBatch& batch_;
  LaneFft fft_;
  float* powers_;  // of all groups, [spot]
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_PILOT_H_
