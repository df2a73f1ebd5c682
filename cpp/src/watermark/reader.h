// Attempts at reading a mark under a hypothesis of where it lies.
#ifndef COUNTERMARK_WATERMARK_READER_H_
#define COUNTERMARK_WATERMARK_READER_H_

#include "base/arena.h"
#include "watermark/alignment.h"
#include "watermark/fold.h"
#include "watermark/fourier_fold.h"
#include "watermark/layout.h"
#include "watermark/pilot.h"
#include "watermark/reading.h"

namespace countermark {

class MarkReader {
 public:
  // `trials`: as for ReadMessage. Reading takes more from the arena for a while.
  MarkReader(const Layout& layout, double trials, Arena& arena);

  // Height of the pilot, to rank hypotheses by.
  float Score(const FourierFold& fold, const Placement& placement);
  // The same for a mark that is upright and `scale` times its canonical size.
  float Score(const Plane& plane, double scale, UprightFold& fold);

  // Folds tile by tile and finds the pilot. Planes are bordered and whitened. Samples are moved by
  // halves of a canonical pixel.
  PilotPeak Look(const Plane& plane, const Placement& placement, int half_x, int half_y);
  // The same from every second sample, without the halves.
  PilotPeak Glance(const Plane& plane, const Placement& placement);
  // The same in a sum of tiles that was folded elsewhere, and the variance of its noise.
  PilotPeak LookAt(const Spectrum& sum, const float* power);
  // The highest peak that is neither turned nor mirrored, in what Look folded last.
  PilotPeak FindUpright() { return finder_.FindIn(0, sum_, weight_); }
  // The same for a picture filtered so that the finer half of the band is turned round, as a box
  // or a median of seven pixels does.
  PilotPeak FindUprightTurned();
  // Of all that Look found.
  float highest_score() const { return highest_score_; }
  // From what Look found, climbs to the placement nearby under which the pilot stands out most,
  // moving the tiles against each other without sampling the plane again.
  Placement Refine(const Placement& placement, PilotPeak peak);
  // The same for a mark that is neither turned nor stretched: the fewer parameters follow the
  // pilot, the less they follow its noise.
  Placement RefineUpright(const Placement& placement, PilotPeak peak);
  // The same for perspective, from a placement that holds somewhere, outwards.
  Placement Grow(const Plane& plane, Placement placement, PilotPeak peak);
  // Decodes what Look found; nothing after kMostReadings times. Only counts without memory.
  bool Read(const PilotPeak& peak, Hint hint, Message* message);

 private:
  float ScoreOfSum();
  PilotPeak FindInFold();
  PilotPeak FindInSum(const float* power);
  Alignment AlignmentOf(const PilotPeak& peak) const;

  const Layout& layout_;
  double trials_;
  Arena& arena_;
  TileFold fold_;
  PilotFinder finder_;
  Spectrum sum_;
  float weight_[kBandSize];
  int readings_ = 0;
  float highest_score_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_READER_H_
