// Following a mark whose place in the picture changes slowly from frame to frame.
#ifndef COUNTERMARK_WATERMARK_TRACK_H_
#define COUNTERMARK_WATERMARK_TRACK_H_

#include "base/arena.h"
#include "watermark/alignment.h"
#include "watermark/fold.h"
#include "watermark/layout.h"
#include "watermark/pilot.h"

namespace countermark {

struct Track {
  Placement placement;  // where the mark was in the last frame
  PilotPeak peak;       // stays: what moves is the placement
  Shift velocity;       // from frame to frame
  double strength;      // of the pilot in one frame, in deviations of chance
  // Of the frames that were added: as TileFold::Sum gives them.
  Spectrum sum;
  float power[kBandSize];
};

// A loop locked to the pilot's phase: the placement goes on as it went, corrected by a part of what
// Newton's method would change. The weaker the pilot, the smaller the part: so the noise of single
// frames averages out, and a frame without the mark moves next to nothing.
class Follower {
 public:
  Follower(const Layout& layout, Arena& arena);

  // To the next frame; or, `backwards`, to the one before. Its plane is whitened, bordered and has
  // the same size.
  void Follow(const Plane& frame, bool backwards, Track* track);
  // Adds the frame to which it was followed last, the more of it the stronger the pilot was of
  // late.
  void Add(const Plane& frame, Track* track);

 private:
  void Weigh(float* weight) const;
  bool Jump(double direction, Track* track) const;
  void Correct(double direction, Track* track) const;

  const Layout& layout_;
  TileFold fold_;
};

}  // namespace countermark

#endif  // COUNTERMARK_WATERMARK_TRACK_H_
