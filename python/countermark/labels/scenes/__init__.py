"""Labels of virtual scenes: an overlay that engines draw, metadata and marked textures of files.

>>> from countermark.labels.scenes import Overlay
>>> from countermark.labels.visible import wording
>>> Overlay.of(wording("cn"), seconds=3).lines
('AI生成',)

Source: GB 45438-2025, 5.5 and 6.1; Deep Synthesis Provisions of the PRC, articles 16 and 17.
"""

from countermark.labels.scenes.labelling import (
    GLB,
    LabelledScene,
    find_payloads,
    has_textures,
    label_scene,
)
from countermark.labels.scenes.overlay import Overlay, schema
from countermark.labels.scenes.textures import LEAST_SIDE, Texture

__all__ = [
    "GLB",
    "LEAST_SIDE",
    "LabelledScene",
    "Overlay",
    "Texture",
    "find_payloads",
    "has_textures",
    "label_scene",
    "schema",
]
