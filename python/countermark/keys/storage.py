"""Files of a home folder: for their owner only, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final

from countermark import files
from countermark.errors import DestinationNotWritable, SourceNotFound, UnusableKey

_REPLACEMENTS: Final = ".replacements"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path) -> bytes:
    """The content of a private key file.

    Raises `UnusableKey` when group or others may read or write it; `SourceNotFound` when it
    cannot be read. Where files have no such modes (Windows), the folder's rights must do.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if os.name == "posix" and mode & _OTHERS:
                raise UnusableKey(
                    f"The private key file {str(path)!r} is open to others (mode {mode:04o}).",
                    remedy="Run chmod 600 on it; if others may have read it, make a new key "
                    "(countermark keys rotate) and revoke this one.",
                )
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"The private key file {str(path)!r} cannot be read ({reason}).",
            remedy="Check the path and the rights.",
        ) from error


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write the files into a hidden neighbour first, then give it the folder's name.

    The folder has mode 0700, its files 0600. Raises `OSError` and `ValueError`, also when the
    folder exists and is not empty; then nothing is left behind.
    """
    draft: Path | None = None
    try:
        if folder.exists():
            folder.rmdir()  # only ever removes an empty folder
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))  # mode 0700
        for name, content in contents.items():
            _make_folder((draft / name).parent)
            write_file(draft / name, content)
        draft.rename(folder)  # fails when another process has put something there
        files.sync_folder(folder.parent)
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)


def add_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """As `write_folder`, for a folder inside a home; raises `DestinationNotWritable`."""
    try:
        write_folder(folder, contents)
    except (OSError, ValueError) as error:
        raise DestinationNotWritable(
            f"The folder {str(folder)!r} cannot be made ({error}).",
            remedy="Check the rights of the home folder and the space on the disk.",
        ) from error


def replace(path: Path, content: bytes) -> None:
    """Put what is not secret at `path` in one step; raises `DestinationNotWritable`.

    It keeps the mode of the former file; where there was none, it has at most that of its folder.
    """
    with files.replacing(path, content, like=None if path.exists() else path.parent) as put:
        put()


def replace_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put new content into several private files below `folder`: into all of them or into none.

    The new files are written into a folder of their own first. When that has got its name, they
    are as good as in place: `finish_replacing` does the rest, now or after a crash. Raises
    `DestinationNotWritable`.
    """
    finish_replacing(folder)
    add_folder(folder / _REPLACEMENTS, contents)
    finish_replacing(folder)


def finish_replacing(folder: Path) -> None:
    """Do what a `replace_all` has left undone, if anything; raises `DestinationNotWritable`."""
    replacements = folder / _REPLACEMENTS
    if not replacements.is_dir():
        return
    with files.writing(repr(str(folder))):
        for new in sorted(path for path in replacements.rglob("*") if path.is_file()):
            with contextlib.suppress(FileNotFoundError):  # another process has put it there
                _put(new, folder / new.relative_to(replacements))
        shutil.rmtree(replacements, ignore_errors=True)
        files.sync_folder(folder)


def write_file(path: Path, content: bytes) -> None:
    """A new file with mode 0600, on the disk when this returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def destroy(path: Path) -> bytes:
    """Delete a file after overwriting it; what it held. Raises `OSError`."""
    with path.open("r+b") as file:
        content = file.read()
        overwrite(file)
    path.unlink()
    return content


def overwrite(file: BinaryIO) -> None:
    """Zeros in place of what an open file holds, on the disk when this returns."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    file.write(bytes(size))
    file.flush()
    os.fsync(file.fileno())


def _put(new: Path, path: Path) -> None:
    """The new file in place of the one at `path`, of which nothing is to be left.

    A former file with a second name is somebody's copy and stays what it is.
    """
    with path.open("r+b") as former:
        os.replace(new, path)
        files.sync_folder(path.parent)
        if os.fstat(former.fileno()).st_nlink == 0:
            overwrite(former)


def _make_folder(folder: Path) -> None:
    """Each missing parent with mode 0700 too, which `parents` of `mkdir` does not do."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)
