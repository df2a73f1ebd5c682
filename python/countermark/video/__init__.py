"""Watermarks of movies: files in, files out; one payload in all frames.

>>> from countermark.video import detect_video
>>> detect_video("missing.mp4")
Traceback (most recent call last):
...
countermark.errors.SourceNotFound: The file 'missing.mp4' cannot be read \
(No such file or directory). Check the path and the rights.
"""

from countermark.video.marking import MarkedVideo, mark_video
from countermark.video.reading import VideoDetection, detect_video, still_of, stills_of

__all__ = ["MarkedVideo", "VideoDetection", "detect_video", "mark_video", "still_of", "stills_of"]
