"""Files and streams as bytes, with our own error for those that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from countermark.errors import SourceNotFound


def load(asset: BinaryIO | Path | str) -> bytes:
    """The whole content of a file, or of a stream from where it stands.

    >>> import io
    >>> load(io.BytesIO(b"content"))
    b'content'

    Raises `SourceNotFound` when it cannot be read.
    """
    try:
        if isinstance(asset, (str, Path)):
            return Path(asset).read_bytes()
        return asset.read()
    except (OSError, ValueError) as error:
        raise SourceNotFound(
            f"The source cannot be read ({error}).", remedy="Check the path and its rights."
        ) from error
