"""Whose signatures make a feature count: reviewers of this house, and authorities elsewhere.

>>> from countermark.registry.log import NoteKey
>>> ada, list_key = NoteKey.generate("ada"), NoteKey.generate("example.org/list")
>>> signers = Signers((Reviewer(ada.verifier),), (list_key.verifier,))
>>> Signers.parse(signers.text) == signers
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from countermark.errors import InvalidArgument, ReviewRefused
from countermark.registry.key_use import utc
from countermark.registry.log.note import ED25519, NoteVerifier

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person by their public key, under the name of the key.

    `retired_at`: what they have signed until then goes on counting, nothing later does.
    """

    verifier: NoteVerifier
    retired_at: datetime | None = None

    def __post_init__(self) -> None:
        check_reviewer_name(self.verifier.name)
        if self.verifier.kind != ED25519:
            raise InvalidArgument(
                f"The key of {self.verifier.name!r:.80} is one of a witness.",
                remedy="Use the line that countermark features reviewer create gave.",
            )

    @property
    def name(self) -> str:
        return self.verifier.name

    def is_same_person(self, other: Reviewer) -> bool:
        """Whether name or key is the same."""
        return self.name == other.name or (self.verifier.public_key == other.verifier.public_key)

    def may_sign(self, at: datetime) -> bool:
        """Whether what they signed at that time counts."""
        return self.retired_at is None or at <= self.retired_at


@dataclass(frozen=True, slots=True)
class Signers:
    """`reviewers`: of whom two are needed. `authorities`: whose signed lists count as they are."""

    reviewers: tuple[Reviewer, ...] = ()
    authorities: tuple[NoteVerifier, ...] = ()

    def __post_init__(self) -> None:
        names = [reviewer.name for reviewer in self.reviewers if reviewer.retired_at is None]
        keys = [reviewer.verifier.public_key for reviewer in self.reviewers]
        for values in (names, keys):
            if len(set(values)) != len(values):
                raise InvalidArgument(
                    "Two reviewers have the same name or the same key.",
                    remedy="A reviewer is one person with one key; remove one of them.",
                )

    @classmethod
    def parse(cls, text: str) -> Signers:
        """The signers in the lines that `text` gives; raises `InvalidArgument`."""
        reviewers: list[Reviewer] = []
        authorities: list[NoteVerifier] = []
        for line in text.splitlines():
            match line.split():
                case []:
                    continue
                case ["reviewer", key]:
                    reviewers.append(Reviewer(NoteVerifier.parse(key)))
                case ["reviewer", key, "retired", time]:
                    reviewers.append(Reviewer(NoteVerifier.parse(key), _time(time)))
                case ["authority", key]:
                    authorities.append(NoteVerifier.parse(key))
                case _:
                    raise InvalidArgument(
                        f"{line!r:.80} names no signer of features.",
                        remedy="Correct the line, or remove it.",
                    )
        return cls(tuple(reviewers), tuple(authorities))

    @property
    def text(self) -> str:
        """A line for each."""
        lines = []
        for reviewer in self.reviewers:
            since = reviewer.retired_at
            retired = "" if since is None else f" retired {utc(since)}"
            lines.append(f"reviewer {reviewer.verifier.encoded}{retired}\n")
        lines += [f"authority {authority.encoded}\n" for authority in self.authorities]
        return "".join(lines)

    def reviewer(self, name: str) -> Reviewer:
        """The reviewer of that name; raises `ReviewRefused` when there is none."""
        found = [reviewer for reviewer in self.reviewers if reviewer.name == name]
        if found:  # one who is not retired, if there is any: a person may get a new key
            return min(found, key=lambda reviewer: reviewer.retired_at is not None)
        raise ReviewRefused(
            f"{name!r:.80} is not on the list of reviewers.",
            remedy="countermark features reviewer list shows who is.",
        )

    def with_reviewer(self, reviewer: Reviewer) -> Signers:
        """With one more; raises `InvalidArgument` when the name or the key is there already."""
        return replace(self, reviewers=(*self.reviewers, reviewer))

    def with_retired(self, name: str, at: datetime) -> Signers:
        """With that reviewer retired; raises `ReviewRefused`."""
        active = self.reviewer(name)
        changed = active if active.retired_at else replace(active, retired_at=at)
        return replace(self, reviewers=tuple(changed if r is active else r for r in self.reviewers))

    def without_reviewer(self, name: str) -> Signers:
        """Without those of that name: none of their signatures counts; raises `ReviewRefused`."""
        self.reviewer(name)
        return replace(self, reviewers=tuple(r for r in self.reviewers if r.name != name))

    def with_authority(self, authority: NoteVerifier) -> Signers:
        """With that one too."""
        known = dict.fromkeys((*self.authorities, authority))
        return replace(self, authorities=tuple(known))

    def without_authority(self, name: str) -> Signers:
        """Without those of that name; raises `InvalidArgument` when there is none."""
        left = tuple(a for a in self.authorities if a.name != name)
        if left == self.authorities:
            raise InvalidArgument(
                f"{name!r:.80} is no authority whose features are taken over.",
                remedy="countermark features authorities shows them.",
            )
        return replace(self, authorities=left)


def check_reviewer_name(name: str) -> None:
    """Whether a reviewer may be called so; raises `InvalidArgument`.

    >>> check_reviewer_name("ada@example.org")
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{name!r:.80} is no name for a reviewer.",
            remedy="Use letters, digits and . _ @ -, at most 64, such as ada@example.org.",
        )


def _time(text: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise InvalidArgument(
            f"{text!r:.40} is no time.", remedy="Use one such as 2026-11-26T12:00:00.000000Z."
        ) from error
