"""What kind of deep synthesis service made a file."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11


class ServiceClass(Enum):
    """The services of Article 17 of the Deep Synthesis Provisions.

    The value is the name in JSON and on the command line.

    >>> ServiceClass("face-swap").clause
    'Art. 17(1)(3)'
    >>> [one.value for one in ServiceClass if not one.may_confuse]
    ['unlikely-to-confuse']

    `DIALOGUE_OR_WRITING`: text as a natural person would write it. `VOICE`: synthetic or imitated
    voices, or a marked change of who is heard. `FACE_GENERATION`, `FACE_SWAP`,
    `FACE_MANIPULATION`: pictures and films of persons; manipulation includes poses.
    `IMMERSIVE_SCENE`: scenes that look real. `OTHER`: anything else that generates information or
    changes it markedly. `UNLIKELY_TO_CONFUSE`: the remaining services, of which nobody takes the
    result for real; they offer a label and need not put it there.

    Source: Provisions on the Administration of Deep Synthesis of Internet Information Services,
    in force 2023-01-10, Art. 17.
    """

    DIALOGUE_OR_WRITING = "dialogue-or-writing", "Art. 17(1)(1)"
    VOICE = "voice", "Art. 17(1)(2)"
    FACE_GENERATION = "face-generation", "Art. 17(1)(3)"
    FACE_SWAP = "face-swap", "Art. 17(1)(3)"
    FACE_MANIPULATION = "face-manipulation", "Art. 17(1)(3)"
    IMMERSIVE_SCENE = "immersive-scene", "Art. 17(1)(4)"
    OTHER = "other", "Art. 17(1)(5)"
    UNLIKELY_TO_CONFUSE = "unlikely-to-confuse", "Art. 17(2)"

    clause: str

    def __new__(cls, name: str, clause: str) -> Self:
        member = object.__new__(cls)
        member._value_ = name
        member.clause = clause
        return member

    @property
    def edits_biometrics(self) -> bool:
        """Whether faces or voices are made or edited, which asks for consent and assessment.

        >>> ServiceClass.VOICE.edits_biometrics, ServiceClass.OTHER.edits_biometrics
        (True, False)

        A generated face may be a real person's, so face generation counts too.

        Source: Deep Synthesis Provisions, Art. 14 (editing: separate consent of the person) and
        Art. 15 (generating or editing: security assessment).
        """
        return self in (
            ServiceClass.VOICE,
            ServiceClass.FACE_GENERATION,
            ServiceClass.FACE_SWAP,
            ServiceClass.FACE_MANIPULATION,
        )

    @property
    def may_confuse(self) -> bool:
        """Whether the result may be taken for real, so that a conspicuous label is demanded.

        Source: Deep Synthesis Provisions, Art. 17(1) against 17(2).
        """
        return self is not ServiceClass.UNLIKELY_TO_CONFUSE
