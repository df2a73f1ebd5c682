"""How long what is kept must be kept, and how long it may be: a minimum and a maximum per class.

>>> [kind.name for kind in DEFAULTS]  # doctest: +NORMALIZE_WHITESPACE
['entry', 'personal', 'network-log', 'unlabelled-grant', 'complaint', 'detector-upload',
 'disposal-order']

The file retention.toml beside the registry changes classes and adds some:

    [personal]
    maximum_days = 30

    [invoice]
    minimum_days = 2922
    maximum_days = 3653

Days count from when the thing arose. A class without a maximum ends only by hand. Where the
defaults come from is in docs/retention.md.

Source: TOML 1.0.0.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from countermark.errors import InvalidArgument, UnusableRetention

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SETTINGS: Final = "retention.toml"
ENTRY: Final = "entry"
"""The class of the registry's entries."""

ORDER: Final = "disposal-order"
"""The class of references to orders by which something was erased before its time."""

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 64
_MOST_DAYS: Final = 36525  # a century; dates beyond it end somewhere


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """What is kept for the same reason and as long.

    >>> from datetime import timezone
    >>> kind = RetentionClass("network-log", minimum_days=184, maximum_days=366)
    >>> kind.must_stay_until(datetime(2026, 1, 1, tzinfo=timezone.utc)).isoformat()
    '2026-07-04T00:00:00+00:00'

    `minimum_days`: before that nothing is erased. `maximum_days`: after that it is; None: never.

    Raises `ValueError` for a number that is out of range, or a name that a public log cannot hold.
    """

    name: str
    minimum_days: int = 0
    maximum_days: int | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ValueError(f"{self.name!r:.80} is no name: use a-z, 0-9 and hyphens")
        for days in (self.minimum_days, self.maximum_days):
            if days is not None and (type(days) is not int or not 0 <= days <= _MOST_DAYS):
                raise ValueError(f"{days!r:.40} in {self.name!r} is no number of days")
        if self.maximum_days is not None and self.maximum_days < self.minimum_days:
            raise ValueError(f"the maximum of {self.name!r} is below its minimum")

    def must_stay_until(self, since: datetime) -> datetime:
        """Until when it is not erased, if it arose then."""
        return since + timedelta(days=self.minimum_days)

    def ended(self, at: datetime) -> datetime | None:
        """What arose then or earlier is past its maximum at that time; None without a maximum."""
        return None if self.maximum_days is None else at - timedelta(days=self.maximum_days)


# Six months are 184 days at most.
DEFAULTS: Final = (
    RetentionClass(ENTRY),
    RetentionClass("personal", maximum_days=366),
    RetentionClass("network-log", minimum_days=184, maximum_days=366),
    RetentionClass("unlabelled-grant", minimum_days=184, maximum_days=1096),
    RetentionClass("complaint", maximum_days=1096),
    RetentionClass("detector-upload", maximum_days=1),
    RetentionClass(ORDER, minimum_days=184, maximum_days=3653),
)
_FIELDS: Final = ("minimum_days", "maximum_days")


def read_retention(folder: Path | None) -> dict[str, RetentionClass]:
    """The classes by name: the defaults, as retention.toml in that folder changes them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, SETTINGS).write_text("[personal]\\nmaximum_days = 30")
    ...     read_retention(Path(folder))["personal"].maximum_days
    30

    Raises `UnusableRetention` for a file that is damaged, contradicts itself or holds something
    that is not known: a word that is misspelt must not go unnoticed.
    """
    classes = {kind.name: kind for kind in DEFAULTS}
    if folder is None:
        return classes
    path = folder / SETTINGS
    try:
        for name, values in tomllib.loads(path.read_text(encoding="utf-8")).items():
            classes[name] = _changed(classes.get(name, RetentionClass(name)), values)
    except FileNotFoundError:
        return classes
    except (OSError, ValueError, TypeError) as error:  # TOML errors are ValueErrors
        raise UnusableRetention(
            f"{str(path)!r} cannot be used ({error}).",
            remedy="Correct it as docs/retention.md shows, or remove it to use the defaults.",
        ) from error
    return classes


def find_class(classes: Mapping[str, RetentionClass], name: str) -> RetentionClass:
    """The class of that name; raises `InvalidArgument` when there is none."""
    if name not in classes:
        raise InvalidArgument(
            f"There is no retention class {name!r:.80}.",
            remedy=f"Use one of {', '.join(classes)}, or add it to {SETTINGS}.",
        )
    return classes[name]


def _changed(former: RetentionClass, values: object) -> RetentionClass:
    if not isinstance(values, Mapping):
        raise ValueError(f"{former.name!r} is no table")
    unknown = [name for name in values if name not in _FIELDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} in {former.name!r} is not known")
    return RetentionClass(
        former.name,
        values.get("minimum_days", former.minimum_days),
        values.get("maximum_days", former.maximum_days),
    )
