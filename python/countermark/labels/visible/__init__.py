"""Labels that people see: on pictures, in text and beside content on a page.

>>> from countermark.labels.visible import label_text, wording
>>> print(label_text("A lake lies still.", wording("eu")))
[AI-generated]
A lake lies still.
"""

from countermark.labels.visible.interface import interface_snippet
from countermark.labels.visible.picture import Box, Corner, Labelled, label_picture
from countermark.labels.visible.text import (
    TextLabel,
    find_text_label,
    label_text,
    label_turn,
)
from countermark.labels.visible.wordings import Wording, packaged, wording

__all__ = [
    "Box",
    "Corner",
    "Labelled",
    "TextLabel",
    "Wording",
    "find_text_label",
    "interface_snippet",
    "label_picture",
    "label_text",
    "label_turn",
    "packaged",
    "wording",
]
