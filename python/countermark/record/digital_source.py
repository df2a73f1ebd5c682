"""Where a file comes from."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

_VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class DigitalSource(Enum):
    """Where a file comes from, in the terms of the IPTC digital source type vocabulary.

    The value is the name on the command line, `uri` the term that stands in a manifest.

    >>> DigitalSource("ai-edited").uri
    'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia'

    Source: IPTC NewsCodes, scheme digitalsourcetype; C2PA 2.2, section "Actions".
    """

    AI_GENERATED = "ai-generated", "trainedAlgorithmicMedia"
    AI_EDITED = "ai-edited", "compositeWithTrainedAlgorithmicMedia"
    ALGORITHMIC = "algorithmic", "algorithmicMedia"
    CAPTURED = "captured", "digitalCapture"
    COMPOSITE = "composite", "composite"
    COMPUTATIONAL_CAPTURE = "computational-capture", "computationalCapture"
    DATA_DRIVEN = "data-driven", "dataDrivenMedia"
    HUMAN_CREATED = "human-created", "digitalCreation"
    HUMAN_EDITED = "human-edited", "humanEdits"
    SCANNED_NEGATIVE = "scanned-negative", "negativeFilm"
    SCANNED_POSITIVE = "scanned-positive", "positiveFilm"
    SCANNED_PRINT = "scanned-print", "print"
    SCREEN_CAPTURE = "screen-capture", "screenCapture"

    uri: str

    @property
    def is_by_ai(self) -> bool:
        """Whether AI made or edited it, so that the laws on synthetic media speak of it.

        >>> [source.value for source in DigitalSource if source.is_by_ai]
        ['ai-generated', 'ai-edited']
        """
        return self in (DigitalSource.AI_GENERATED, DigitalSource.AI_EDITED)

    def __new__(cls, name: str, term: str) -> Self:
        member = object.__new__(cls)
        member._value_ = name
        member.uri = _VOCABULARY + term
        return member
