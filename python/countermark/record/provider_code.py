"""The code by which labels name a provider: 27 characters, derived from its registration.

>>> code = ProviderCode("001191110102MACQD9K64010000")
>>> code.subject_code, code.service
('91110102MACQD9K640', <Service.GENERATION: '1'>)
>>> code == ProviderCode.of("91110102MACQD9K640", service=Service.GENERATION)
True

Source: TC260-PG-20252A (provider coding rules for labels of generated content), as public code
bases and real files agree on it; GB 32100-2015; GB 11643-1999 (ISO/IEC 7064, MOD 11-2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from countermark.errors import InvalidRecord

if TYPE_CHECKING:
    from typing_extensions import Self  # in typing only from Python 3.11

LENGTH: Final = 27
# The parts, counted from 0.
_KIND: Final = 2
_BOUND: Final = 3
_SUBJECT: Final = slice(4, 22)
_SERVICE: Final = 22
_APPLICATION: Final = slice(23, LENGTH)

_FORMAT: Final = "00"
_BINDING: Final = "1"  # to the credit code of an organisation, or the number of a person
_UNEXTENDED: Final = "0"
_NO_APPLICATION: Final = "0000"
_CREDIT_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # 31, without I, O, S, V, Z
_CHARACTERS: Final = re.compile("[0-9A-Z]*", re.ASCII)
_IDENTITY_NUMBER: Final = re.compile("[0-9]{17}[0-9X]", re.ASCII)
_REMEDY: Final = "Take the code from the provider's registration; it is never made up."


class SubjectType(Enum):
    """Who the code stands for: the third character."""

    ORGANISATION = "1"
    INDIVIDUAL = "2"


class Service(Enum):
    """What the provider does with the content: the character at position 23."""

    GENERATION = "1"
    PROPAGATION = "2"


@dataclass(frozen=True, slots=True)
class ProviderCode:
    """A provider code whose every part has been checked; `str` gives the 27 characters.

    Example: see the module.

    The code of an individual holds that person's identity number, and stands in every label.

    Raises `InvalidRecord`, which says which part is wrong: length, characters, format, subject
    type, binding, subject code with its check digit, service, or application.
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise _invalid(f"is a {type(self.text).__name__}, not a text")
        if problem := next(_problems(self.text), None):
            raise _invalid(problem)  # which repeats no identity number

    @classmethod
    def of(
        cls,
        uscc: str,
        *,
        service: Service | None = None,
        application: str = _NO_APPLICATION,
    ) -> Self:
        """The code of an organisation, from its unified social credit code of 18 characters.

        >>> str(ProviderCode.of("91440300708461136T"))
        '001191440300708461136T00000'
        >>> tencent = ProviderCode.of(
        ...     "91440300708461136T", service=Service.GENERATION, application="XGW3"
        ... )
        >>> str(tencent)
        '001191440300708461136T1XGW3'

        `service`: None leaves the extension, and the application with it, unused.
        `application`: four characters that the provider has chosen for a model or an application.

        Raises `InvalidRecord`.
        """
        return cls._made(SubjectType.ORGANISATION, uscc, service, application)

    @classmethod
    def of_person(
        cls,
        identity_number: str,
        *,
        service: Service | None = None,
        application: str = _NO_APPLICATION,
    ) -> Self:
        """The code of an individual, from the citizen identity number of 18 characters.

        >>> str(ProviderCode.of_person("11010519491231002X", service=Service.PROPAGATION))
        '002111010519491231002X20000'

        Raises `InvalidRecord`.
        """
        return cls._made(SubjectType.INDIVIDUAL, identity_number, service, application)

    @classmethod
    def _made(
        cls, kind: SubjectType, subject_code: str, service: Service | None, application: str
    ) -> Self:
        for what, part, length in (
            ("registered code", subject_code, _SUBJECT.stop - _SUBJECT.start),
            ("application code", application, LENGTH - _APPLICATION.start),
        ):
            if not isinstance(part, str) or len(part) != length:
                raise _invalid(
                    f"cannot be made: the {what} {part!r:.40} is not {length} characters"
                )
        extension = _UNEXTENDED if service is None else service.value
        return cls(f"{_FORMAT}{kind.value}{_BINDING}{subject_code}{extension}{application}")

    @property
    def subject_type(self) -> SubjectType:
        """Whether an organisation or an individual."""
        return SubjectType(self.text[_KIND])

    @property
    def subject_code(self) -> str:
        """The 18 characters of the credit code, or of the identity number."""
        return self.text[_SUBJECT]

    @property
    def service(self) -> Service | None:
        """What the code was given for; None where the extension is not used."""
        return None if self.text[_SERVICE] == _UNEXTENDED else Service(self.text[_SERVICE])

    @property
    def application(self) -> str:
        """The provider's own four characters; 0000 where there are none."""
        return self.text[_APPLICATION]

    def __str__(self) -> str:
        return self.text


def _problems(code: str) -> Iterator[str]:
    """What is wrong with it, part by part; a later part is only told apart if the earlier hold."""
    if len(code) != LENGTH:
        yield f"has {len(code)} characters instead of {LENGTH}"
    if not _CHARACTERS.fullmatch(code):
        yield "holds other characters than 0 to 9 and A to Z"
    if not code.startswith(_FORMAT):
        yield f"begins with the format {code[:2]} instead of {_FORMAT}"
    if code[_KIND] not in [kind.value for kind in SubjectType]:
        yield f"names the subject type {code[_KIND]} (position 3), which is neither 1 nor 2"
    if code[_BOUND] != _BINDING:
        yield f"names the binding {code[_BOUND]} (position 4) instead of {_BINDING}"
    if code[_KIND] == SubjectType.ORGANISATION.value:
        yield from _credit_code_problems(code[_SUBJECT])
    else:
        yield from _identity_number_problems(code[_SUBJECT])
    service, application = code[_SERVICE], code[_APPLICATION]
    if service not in (_UNEXTENDED, *(one.value for one in Service)):
        yield f"names the service {service} (position 23), which is none of 0, 1 and 2"
    if service == _UNEXTENDED and application != _NO_APPLICATION:
        yield f"names the application {application} (positions 24 to 27) without a service"


def _credit_code_problems(code: str) -> Iterator[str]:
    """By GB 32100-2015: the last character makes the weighted sum a multiple of 31."""
    what = f"holds the social credit code {code} (positions 5 to 22)"
    strange = sorted(set(code) - set(_CREDIT_CHARACTERS))
    if strange:
        yield f"{what} with {', '.join(strange)}, which such codes do not use"
    values = [_CREDIT_CHARACTERS.index(character) for character in code]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:-1]))
    if (total + values[-1]) % 31:
        yield f"{what}, whose check digit would have to be {_CREDIT_CHARACTERS[-total % 31]}"


def _identity_number_problems(number: str) -> Iterator[str]:
    """By GB 11643-1999: a check digit by ISO/IEC 7064, MOD 11-2, where X stands for ten."""
    what = "holds an identity number (positions 5 to 22)"
    if not _IDENTITY_NUMBER.fullmatch(number):
        yield f"{what} that is not 17 digits and a check digit"
    values = [*map(int, number[:-1]), 10 if number[-1] == "X" else int(number[-1])]
    if sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 != 1:
        yield f"{what} whose check digit is wrong"


def _invalid(problem: str) -> InvalidRecord:
    return InvalidRecord(f"The provider code {problem}.", remedy=_REMEDY)
