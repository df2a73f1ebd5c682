"""Files whole or not at all: content in from paths and streams, content out without half files.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     with replacing(Path(folder) / "name.bin", b"content") as put:
...         put()  # if something raises afterwards, the former file is there again
...     load(Path(folder) / "name.bin")
b'content'
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from countermark.errors import DestinationNotWritable, InvalidArgument, SourceNotFound

Source: TypeAlias = str | PathLike[str] | BinaryIO
Destination: TypeAlias = str | PathLike[str] | BinaryIO

_PIECE_BYTES: Final = 1 << 20
_ORDINARY_MODE: Final = 0o666  # before the umask, as for any new file


def load(source: Source) -> bytes:
    """The content of a file, or of a binary stream from where it stands to its end.

    >>> import io
    >>> load(io.BytesIO(b"content"))
    b'content'

    Raises `SourceNotFound` when it cannot be read, `InvalidArgument` for anything else.
    """
    try:
        if isinstance(source, (str, PathLike)):
            return Path(source).read_bytes()
        content = source.read()
    except (OSError, ValueError) as error:  # ValueError: closed stream, NUL in a path
        reason = getattr(error, "strerror", None) or str(error)
        name = f"file {str(source)!r}" if isinstance(source, (str, PathLike)) else "stream"
        raise SourceNotFound(
            f"The {name} cannot be read ({reason}).", remedy="Check the path and the rights."
        ) from error
    except AttributeError as error:
        kind = type(source).__name__
        raise InvalidArgument(
            f"The source is a {kind}.", remedy="Use a path or a binary stream."
        ) from error
    if not isinstance(content, bytes):
        raise InvalidArgument("The stream gives no bytes.", remedy="Open it in binary mode.")
    return content


def sha256(path: str | PathLike[str]) -> bytes:
    """The SHA-256 of a file, however large it is.

    >>> sha256("no such file")
    Traceback (most recent call last):
    ...
    countermark.errors.SourceNotFound: The file 'no such file' cannot be read \
(No such file or directory). Check the path and the rights.

    Raises `SourceNotFound`.
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            for piece in iter(lambda: file.read(_PIECE_BYTES), b""):
                digest.update(piece)
    except (OSError, ValueError) as error:  # ValueError: NUL in a path
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"The file {str(path)!r} cannot be read ({reason}).",
            remedy="Check the path and the rights.",
        ) from error
    return digest.digest()


def target(path: str | PathLike[str]) -> Path:
    """The file that writing to `path` replaces, links followed; checked before any work is done.

    >>> target("/nowhere/picture.jpg")
    Traceback (most recent call last):
    ...
    countermark.errors.DestinationNotWritable: The folder '/nowhere' does not exist. \
Make it first, or name another one.

    Raises `DestinationNotWritable` for a missing folder and for what is not an ordinary file.
    """
    try:
        resolved = Path(os.path.realpath(path))
        if not resolved.parent.is_dir():
            raise DestinationNotWritable(
                f"The folder {str(resolved.parent)!r} does not exist.",
                remedy="Make it first, or name another one.",
            )
        if resolved.exists() and not resolved.is_file():
            raise DestinationNotWritable(
                f"{str(path)!r} is not an ordinary file.",
                remedy="Name a file, or pass a stream.",
            )
    except (OSError, ValueError) as error:
        raise _refused(repr(str(path)), error) from error
    return resolved


@contextlib.contextmanager
def replacing(
    path: Path, content: bytes, *, like: Path | None = None
) -> Iterator[Callable[[], None]]:
    """Write `content` beside `path`; the function given puts it there in one step.

    If the body of the `with` statement raises after that, the former file is put back.
    Otherwise as `drafting`.
    """
    with drafting(path, like=like) as (draft, put):
        with writing(repr(str(path))):
            draft.write(content)
            _sync(draft)
        yield put


@contextlib.contextmanager
def drafting(
    path: Path, *, like: Path | None = None
) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """An empty file beside `path`, to be filled; the function given puts it there in one step.

    If the body of the `with` statement raises after that, the former file is put back. At any
    moment, a power cut included, there is either the former file or the new one. The new one
    keeps mode and owner of the former; where there was none, it has at most the rights of
    `like`. A process that is killed may leave hidden files whose names end in .countermark.

    Raises `DestinationNotWritable` when the folder, its rights or the disk refuse.
    """
    draft, former = _neighbour(path), _neighbour(path)
    is_put = False
    file: BinaryIO | None = None

    def put() -> None:
        nonlocal is_put
        with writing(repr(str(path))):
            assert file is not None
            _sync(file)
            file.close()
            _keep(path, former)
            draft.replace(path)
            is_put = True
            sync_folder(path.parent)

    try:
        with writing(repr(str(path))):
            file = _open(draft, path if path.exists() else None, like)
        yield file, put
    except BaseException:
        if is_put:
            former.replace(path) if former.exists() else path.unlink()
            sync_folder(path.parent)
        raise
    finally:
        if file is not None:
            with contextlib.suppress(OSError):  # what it could not write is thrown away
                file.close()
        for leftover in (draft, former):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def appending(stream: BinaryIO, content: bytes) -> Iterator[Callable[[], None]]:
    """The function given writes `content` to the stream.

    If the body of the `with` statement raises after that, it is cut off again where the stream
    can do so.

    >>> import io
    >>> stream = io.BytesIO()
    >>> with appending(stream, b"content") as put:
    ...     put()
    >>> stream.getvalue()
    b'content'

    Raises `DestinationNotWritable` when the stream refuses.
    """
    start: int | None = None

    def put() -> None:
        nonlocal start
        with writing("The stream"):
            start = stream.tell() if stream.seekable() else None
            rest = memoryview(content)
            while rest:
                rest = rest[stream.write(rest) :]
            stream.flush()

    try:
        yield put
    except BaseException:
        if start is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.seek(start)
                stream.truncate()
        raise


def _neighbour(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.countermark")


def _open(draft: Path, former: Path | None, like: Path | None) -> BinaryIO:
    mode = _ORDINARY_MODE
    if like is not None:
        mode &= stat.S_IMODE(like.stat().st_mode) | stat.S_IWUSR
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(draft, flags, mode), "w+b")
    try:
        if former is not None:
            _inherit(draft, former)
    except BaseException:
        file.close()
        raise
    return file


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _inherit(draft: Path, former: Path) -> None:
    found = former.stat()
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):  # only the superuser gives files away
            os.chown(draft, found.st_uid, found.st_gid)
    draft.chmod(stat.S_IMODE(found.st_mode))


def _keep(path: Path, former: Path) -> None:
    """Give the file at `path`, if any, a second name."""
    with contextlib.suppress(FileNotFoundError):
        try:
            os.link(path, former)
        except OSError:  # a file system without links
            shutil.copy2(path, former)


def sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where folders can be synchronised at all."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def writing(place: str) -> Iterator[None]:
    """What the system says in the body of the `with` statement, as `DestinationNotWritable`."""
    try:
        yield
    except (OSError, ValueError, AttributeError) as error:
        raise _refused(place, error) from error


def _refused(place: str, error: Exception) -> DestinationNotWritable:
    reason = getattr(error, "strerror", None) or str(error)
    return DestinationNotWritable(
        f"{place} cannot be written ({reason}).",
        remedy="Check the folder, its rights and the space on the disk.",
    )
