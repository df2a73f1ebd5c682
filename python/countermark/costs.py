"""Where the time of a marking goes, by layer.

>>> with measured() as spent:
...     with layer("sign"):
...         with layer("registry"):
...             pass
>>> sorted(spent), all(seconds >= 0 for seconds in spent.values())
(['registry', 'sign'], True)

Nobody who does not ask pays for it. A layer inside another one is not counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TypeAlias

Layer: TypeAlias = Literal["codec", "watermark", "fingerprint", "sign", "registry"]

_spent: Final[ContextVar[dict[Layer, float] | None]] = ContextVar("_spent", default=None)


@contextmanager
def measured(spent: dict[Layer, float] | None = None) -> Iterator[dict[Layer, float]]:
    """Seconds by layer of what is done in the body, in this thread or task.

    `spent`: of parts before this one, to which it is added.
    """
    spent = {} if spent is None else spent
    token = _spent.set(spent)
    try:
        yield spent
    finally:
        _spent.reset(token)


@contextmanager
def layer(name: Layer) -> Iterator[None]:
    """The body belongs to that layer."""
    spent = _spent.get()
    if spent is None:
        yield
        return
    begun, others = time.perf_counter(), sum(spent.values())
    try:
        yield
    finally:
        took = time.perf_counter() - begun - (sum(spent.values()) - others)
        spent[name] = spent.get(name, 0.0) + took
