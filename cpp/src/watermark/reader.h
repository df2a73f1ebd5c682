// Attempts at reading a mark under a hypothesis of where it lies.
#ifndef COUNTERMARK_WATERMARK_READER_H_
#define COUNTERMARK_WATERMARK_READER_H_

#include "base/arena.h"
#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/pilot.h"

namespace countermark {

class MarkReader {
 public:
  MarkReader(const Layout& layout, Arena& arena);

  // Height of the pilot, to rank hypotheses by. Planes are bordered and whitened.
  float Score(const Plane& plane, const Placement& placement);

  // Folds tile by tile and finds the pilot. Samples are moved by halves of a canonical pixel.
  PilotPeak Look(const Plane& plane, const Placement& placement, int half_x, int half_y);
  // From what Look found, climbs to the placement nearby under which the pilot stands out most,
  // moving the tiles against each other without sampling the plane again.
  Placement Refine(const Placement& placement, const PilotPeak& peak);
  // Decodes what Look found.
  bool Read(const PilotPeak& peak, uint64_t* payload);

  // How often Read was called.
  int attempts() const { return attempts_; }

 private:
  struct Shift;
  float PilotUnder(const Shift& shift, const PilotPeak& peak) const;

  const Layout& layout_;
  TileFold fold_;
  PilotFinder finder_;
  MessageDecoder decoder_;
  Spectrum sum_;
  float weight_[kBandSize];
  int attempts_ = 0;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_READER_H_
