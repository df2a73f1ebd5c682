"""The packages of the extras `labels` and `scenes`, imported where a file needs them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from countermark.errors import MissingExtra


@contextlib.contextmanager
def needing(package: str, *, extra: str = "labels") -> Iterator[None]:
    """Imports in the body of the `with` statement, whose failure says what to install."""
    try:
        yield
    except ImportError as error:
        raise MissingExtra(
            f"The labels of such files need the package {package}.",
            remedy=f"Install it: pip install 'countermark[{extra}]'.",
        ) from error
