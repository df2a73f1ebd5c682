"""Watermarks of movies: files in, files out; one payload in all frames and in the sound.

>>> from countermark.video import detect_video
>>> detect_video("missing.mp4")
Traceback (most recent call last):
...
countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.
"""

from countermark.video.marking import MarkedVideo, mark_video
from countermark.video.reading import VideoDetection, detect_video, still_of, stills_of
from countermark.video.sounds import MarkedSound, detect_sounds, sound_strength

__all__ = [
    "MarkedSound",
    "MarkedVideo",
    "VideoDetection",
    "detect_sounds",
    "detect_video",
    "mark_video",
    "sound_strength",
    "still_of",
    "stills_of",
]
