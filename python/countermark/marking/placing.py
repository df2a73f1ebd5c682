"""A marked copy gets its manifest and its place; whatever fails, nothing of it is left."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from countermark import credentials, files
from countermark.credentials import Beside, Signer, TimeStamper
from countermark.errors import InvalidArgument
from countermark.marking.originals import Copy, Original


def checked_place(destination: files.Destination, original: Original) -> Path | None:
    """The file to write; None for a stream. Before any work is done."""
    if not isinstance(destination, (str, PathLike)):
        return None
    suffix = Path(destination).suffix.lower()
    if not original.may_end_in(suffix):
        ending = f"ends in {suffix}" if suffix else "has no ending"
        raise InvalidArgument(
            f"The destination {str(destination)!r} {ending}, but the {original.noun} is "
            f"{original.form} and stays so.",
            remedy=f"Name it {original.endings[0]}, or convert the {original.noun} first.",
        )
    return files.target(destination)


def signed(
    copy: Copy,
    media_type: str,
    signer: Signer,
    parent: Beside | None,
    time_stamper: TimeStamper | None,
) -> tuple[bytes | Path, bytes]:
    """The finished file, as the copy in memory or on disk, and its manifest store."""
    if isinstance(copy.content, bytes):
        done = credentials.sign(
            io.BytesIO(copy.content),
            media_type,
            record=copy.record,
            signer=signer,
            soft_bindings=copy.soft_bindings,
            thumbnail=copy.thumbnail,
            parent=parent,
            time_stamper=time_stamper,
        )
        return done.asset, done.manifest
    draft = copy.content.with_name(f"signed{copy.content.suffix}")
    store = credentials.sign_file(
        copy.content,
        draft,
        media_type,
        record=copy.record,
        signer=signer,
        soft_bindings=copy.soft_bindings,
        thumbnail=copy.thumbnail,
        parent=parent,
        time_stamper=time_stamper,
    )
    return draft, store


@contextlib.contextmanager
def placing(
    content: bytes | Path, place: Path | BinaryIO, *, like: Path | None
) -> Iterator[Callable[[], None]]:
    """The function given puts the file there; it is taken back if the body raises after that.

    `like`: the source, whose rights a new file has at most.
    """
    with contextlib.ExitStack() as stack:
        if not isinstance(place, Path):
            loaded = content if isinstance(content, bytes) else content.read_bytes()
            yield stack.enter_context(files.appending(place, loaded))
        elif isinstance(content, bytes):
            yield stack.enter_context(files.replacing(place, content, like=like))
        else:
            out, put = stack.enter_context(files.drafting(place, like=like))
            with content.open("rb") as draft, files.writing(repr(str(place))):
                shutil.copyfileobj(draft, out)
            yield put
