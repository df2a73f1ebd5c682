"""Sounds and movies whose bytes are not those that were signed: what their content still proves.

>>> is_clip("audio/mpeg"), is_clip("image/png")
(True, False)
"""

from __future__ import annotations

from countermark import clips

__all__ = ["is_clip"]


def is_clip(media_type: str | None) -> bool:
    """Whether files of this type are judged by `judging.report`, by what is seen and heard in them.

    Example: see the module. The judging is apart, so that whoever verifies pictures does not load
    what movies are read with.
    """
    return media_type in clips.FORMATS
