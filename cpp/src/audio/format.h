// The constants of audio mark format 1. Changing any of them is a new format.
#ifndef COUNTERMARK_AUDIO_FORMAT_H_
#define COUNTERMARK_AUDIO_FORMAT_H_

#include <array>
#include <cstddef>

#include "code/message.h"

namespace countermark::audio {

// The mark lives on sound resampled to this many samples a second, one channel.
inline constexpr size_t kRate = 16000;
// Period of the mark in such samples, 0.512 s: no round tempo.
inline constexpr size_t kTile = 8192;
// Lines of the tile's spectrum that carry the mark, from 250 to 4800 Hz: below it is heard, above
// codecs do not keep it. The last one is not among them.
inline constexpr size_t kFirstLine = 128;
inline constexpr size_t kEndLine = 2457;
inline constexpr size_t kLines = kEndLine - kFirstLine;
// One line in four belongs to the pilot.
inline constexpr size_t kPilotDivisor = 4;
inline constexpr size_t kPilotLines = kLines / kPilotDivisor;
inline constexpr size_t kPayloadLines = kLines - kPilotLines;
// Real and imaginary parts, each of which carries one coded bit.
inline constexpr size_t kDimensions = 2 * kPayloadLines;

// Lines belong to so many groups, in each of which a sound has a sign of its own; the signs are one
// of so many words. The lowest bits of the word's number are the message's variant.
inline constexpr size_t kGroups = 32;
inline constexpr size_t kSignWords = size_t{1} << 15;
inline constexpr size_t kVariants = size_t{1} << kVariantBits;

// The short-time Fourier transform that mask and whitening work on: 64 ms, by 16 ms.
inline constexpr size_t kFrame = 1024;
inline constexpr size_t kHop = 256;
inline constexpr size_t kBins = kFrame / 2 + 1;
inline constexpr size_t kHopsPerTile = kTile / kHop;
// Bins that a line of the mark reaches through the window of a frame.
inline constexpr size_t kFirstBin = kFirstLine * kFrame / kTile - 2;
inline constexpr size_t kEndBin = kEndLine * kFrame / kTile + 3;

// Tiles over which the embedder leans against what the sound itself says: 6.1 s.
inline constexpr size_t kBlockTiles = 12;

// Zones of the band, equally wide on a logarithmic scale, each of which the pilot weighs. Lines,
// counted from line 0.
inline constexpr size_t kZones = 10;
inline constexpr std::array<size_t, kZones + 1> kZoneEdges = {128, 172,  231,  311,  417, 561,
                                                              754, 1013, 1361, 1828, 2457};

// `line` from kFirstLine to kEndLine.
constexpr size_t ZoneOf(size_t line) {
  size_t zone = 0;
  while (line >= kZoneEdges[zone + 1]) ++zone;
  return zone;
}

// The second layer: gains of cells, which stay when tempo or pitch change by themselves. Bands are
// equally wide on a logarithmic scale, from kGainLowest Hz up; a step takes kGainHops frames; after
// kGainSteps steps, as long as a block of tiles, cells begin anew. Cell band + kGainBands step.
inline constexpr size_t kGainBands = 81;
inline constexpr double kGainLowest = 600, kGainWidth = 0.03;
inline constexpr size_t kGainHops = 3;
inline constexpr size_t kGainSteps = 128;
inline constexpr size_t kGainPeriod = kGainHops * kGainSteps;
inline constexpr size_t kGainCells = kGainBands * kGainSteps;
static_assert(kGainPeriod == kBlockTiles * kHopsPerTile);
// One cell in five belongs to the pilot.
inline constexpr size_t kGainPilotCells = kGainCells / 5;
// Bins that the bands, up to 6815 Hz, have a part of.
inline constexpr size_t kGainFirstBin = 37;
inline constexpr size_t kGainEndBin = 437;
inline constexpr size_t kGainBins = kGainEndBin - kGainFirstBin;

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_FORMAT_H_
