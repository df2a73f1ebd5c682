"""Labels in movies: burned into the first seconds, or into all frames.

>>> from countermark.labels.moving import LEAST_SECONDS
>>> LEAST_SECONDS
2
"""

from countermark.labels.moving.labelling import LEAST_SECONDS, LabelledVideo, label_video

__all__ = ["LEAST_SECONDS", "LabelledVideo", "label_video"]
