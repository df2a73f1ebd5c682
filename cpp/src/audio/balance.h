// How loud the mark is against the sound.
#ifndef COUNTERMARK_AUDIO_BALANCE_H_
#define COUNTERMARK_AUDIO_BALANCE_H_

namespace countermark::audio {

// What both layers are to be multiplied by. At strength 1 the first layer is raised, by at
// most 1.3, where it is more than 30 dB below the sound; and both are lowered until they are 26 dB
// below it.
class Balance {
 public:
  // Energies of a stretch of the sound and of both layers at strength 1.
  void Add(float sound, float mark, float gains);
  // From now on what was added counts for so much of what it did.
  void Fade(float share);

  float MarkGain() const;
  float SumGain() const;

 private:
  float sound_ = 0, mark_ = 0, gains_ = 0;
};

}  // namespace countermark::audio

#endif  // COUNTERMARK_AUDIO_BALANCE_H_
