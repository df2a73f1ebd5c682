"""Screening: is this content known as illegal, refuted or protected, and what follows from it?

>>> import numpy as np
>>> from countermark.registry import Registry
>>> sight = Sight(np.zeros((200, 300, 3), np.uint8))
>>> screen(sight, Registry.open("no such file"), Use.VERIFY)
()
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from countermark import files, keys
from countermark.credentials import WATERMARKS, Manifest
from countermark.errors import (
    CountermarkError,
    FeatureIgnored,
    HomeMissing,
    InvalidFeature,
    RefusedContent,
    UnusablePolicy,
)
from countermark.keys import storage
from countermark.registry import MIN_QUALITY, Registry
from countermark.registry.features import Kind, Notice, Signers
from countermark.screening.policy import Action, Policy, Use, read_policy
from countermark.screening.sight import Seen, Sight

__all__ = [
    "Action",
    "Policy",
    "Rules",
    "Seen",
    "Sight",
    "Use",
    "named_payloads",
    "read_signers",
    "screen",
    "write_signers",
]

_PAYLOAD_BYTES: Final = 8
_ORDER: Final = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Rules:
    """`signers`: whose features count. `policy`: what follows from one that fits."""

    signers: Signers = field(default_factory=Signers)
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def of_home(cls, home: keys.Home | None = None) -> Rules:
        """Those of the home folder; without one nobody's features count.

        Raises `UnusablePolicy` when its files cannot be understood.
        """
        try:
            found = keys.open_home() if home is None else home
        except HomeMissing:
            return cls()
        return cls(read_signers(found), read_policy(found.feature_policy_path))


def read_signers(home: keys.Home) -> Signers:
    """Whose features count in a home; nobody's while none is named.

    Raises `UnusablePolicy` when the file is damaged.
    """
    path = home.feature_signers_path
    if not path.is_file():
        return Signers()
    try:
        return Signers.parse(files.load(path).decode())
    except (CountermarkError, ValueError) as error:
        raise UnusablePolicy(
            f"{str(path)!r} cannot be used ({error}).",
            remedy="Correct the line; countermark features reviewer list then reads it.",
        ) from error


def write_signers(home: keys.Home, signers: Signers) -> None:
    """Put the list of signers into a home; raises `DestinationNotWritable`."""
    storage.replace(home.feature_signers_path, signers.text.encode())


def screen(
    sight: Seen | None,
    registry: Registry | None,
    use: Use,
    *,
    named: Sequence[int] = (),
    rules: Rules | None = None,
) -> tuple[Notice, ...]:
    """What the caller has to be told of content: the features that fit and are to be flagged.

    `sight`: None for what has nothing to look at. `named`: payloads that its manifest names.
    `rules`: by default those of the home folder. A registry without features costs one question to
    it; the watermark is looked for only if some feature names a payload, sounds and movies are
    decoded for their fingerprints only if some feature has one.

    Raises `RefusedContent` when the policy refuses one of them, `UnusablePolicy`,
    `UnreadableRegistry`; on marking `InvalidFeature` when one fits that is not signed as it must
    be, which on verifying is a warning (`FeatureIgnored`).
    """
    if registry is None or not registry.features.any():
        return ()
    rules = Rules.of_home() if rules is None else rules
    hashes = [] if sight is None else [h.bits for h in sight.hashes if h.quality >= MIN_QUALITY]
    payloads = list(named)
    if sight is not None and registry.features.any_with_payload():
        payloads += sight.payloads
    clip = None
    if sight is not None and not isinstance(sight, Sight) and registry.features.any_with_clip():
        clip = sight.clip
    found = registry.features.match(hashes, payloads, rules.signers, clip=clip)
    for problem in found.ignored:
        _report_ignored(problem, use)
    ordered = sorted(found.notices, key=lambda notice: _ORDER.index(notice.kind))
    actions = [(notice, rules.policy.action(use, notice.kind)) for notice in ordered]
    for notice, action in actions:
        if action is Action.REFUSE:
            raise _refused(notice, use)
    for notice, action in actions:
        if action is Action.LOG:
            _log(notice, registry, use)
    return tuple(notice for notice, action in actions if action is Action.FLAG)


def named_payloads(manifest: Manifest | None) -> list[int]:
    """The payloads that a manifest names, whether it holds or not.

    >>> named_payloads(None)
    []
    """
    return [
        int.from_bytes(binding.value, "big")
        for binding in (() if manifest is None else manifest.soft_bindings)
        if binding.algorithm in WATERMARKS and len(binding.value) == _PAYLOAD_BYTES
    ]


def _log(notice: Notice, registry: Registry, use: Use) -> None:
    """Tell the log; where it cannot be written, what is only being looked at is looked at."""
    try:
        registry.features.record_match(notice, use=use.value)
    except CountermarkError:
        if use is Use.MARK:
            raise


def _report_ignored(problem: str, use: Use) -> None:
    if use is Use.MARK:
        raise InvalidFeature(
            f"What is known of this content cannot be relied on. {problem}",
            remedy="Look at it with countermark features list; approve it anew, or revoke it.",
        )
    warnings.warn(FeatureIgnored(problem), stacklevel=4)


def _refused(notice: Notice, use: Use) -> RefusedContent:
    verb = "marked" if use is Use.MARK else "verified"
    return RefusedContent(
        f"This content is known as {notice.kind.value} ({notice.reason}) and is not {verb}.",
        remedy=f"Ask who keeps the features of this house about {notice.feature[:16]}, if that "
        "is wrong.",
    )
