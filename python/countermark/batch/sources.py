"""Where the files of a job come from and go to: a folder, tar archives, Parquet tables of bytes.

What comes out has the shape of what went in. Members of an archive wait in the journal's folder
until all of them are there; then the archive appears in one piece.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from countermark import files
from countermark.batch.journal import FOLDER
from countermark.errors import MissingExtra, SourceNotFound, UnsupportedContainer
from countermark.marking.kinds import ENDINGS, is_known

if TYPE_CHECKING:
    import pyarrow

TAR: Final = (".tar",)
PARQUET: Final = (".parquet",)
_ROWS: Final = 256


@dataclass(frozen=True, slots=True)
class Item:
    """A file to be marked. `stamp`: as in `journal.Line`. `place`: where the copy goes."""

    name: str
    stamp: str
    place: Path
    load: Callable[[], bytes]


class Source(Protocol):
    """Files that belong together."""

    def items(self) -> Iterator[Item]:
        """Raises `SourceNotFound`, `UnsupportedContainer`."""

    def finish(self) -> None:
        """All that can be marked are in their places."""


def sources_of(paths: Sequence[Path], out: Path) -> list[Source]:
    """Each path is a folder, or an archive or table by its name's ending.

    In a folder are pictures, sounds and movies, archives and tables. Raises `SourceNotFound`,
    `UnsupportedContainer` for a file that is none of them.
    """
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            archives = [each for each in _below(path, out) if _kind(each) is not None]
            found.append(_Folder(path, out))
            found += [_source(each, out / each.relative_to(path), out) for each in archives]
        elif path.is_file():
            found.append(_source(path, out / path.name, out))
        else:
            raise SourceNotFound(f"{str(path)!r} is not there.", remedy="Check the path.")
    return found


def _kind(path: Path) -> type[_Tar | _Parquet] | None:
    suffix = path.suffix.lower()
    return _Tar if suffix in TAR else _Parquet if suffix in PARQUET else None


def _source(path: Path, place: Path, out: Path) -> Source:
    kind = _kind(path)
    if kind is None:
        raise UnsupportedContainer(
            f"{str(path)!r} is no folder, tar archive or Parquet table.",
            remedy="Mark single files with countermark mark.",
        )
    return kind(path, place, out / FOLDER / "waiting" / place.relative_to(out))


def _below(folder: Path, out: Path) -> Iterator[Path]:
    """Files in a folder, in the order of their names, without what the job itself writes."""
    own = out.resolve()
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(
            each for each in folders if not each.startswith(".") and (here / each).resolve() != own
        )
        yield from (here / name for name in sorted(names) if not name.startswith("."))


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


class _Folder:
    def __init__(self, folder: Path, out: Path) -> None:
        self._folder, self._out = folder, out

    def items(self) -> Iterator[Item]:
        for path in _below(self._folder, self._out):
            if path.suffix.lower() in ENDINGS:
                name = path.relative_to(self._folder)
                load = partial(files.load, path)
                yield Item(name.as_posix(), _stamp(path), self._out / name, load)

    def finish(self) -> None:
        """Each file is in its place already."""


class _Archive:
    """A file with files in it. `waiting`: the folder of those that are marked until all are."""

    def __init__(self, path: Path, place: Path, waiting: Path) -> None:
        self._path, self._place, self._waiting = path, place, waiting
        self._stamp = _stamp(path)

    def _item(self, name: str, index: int, content: bytes) -> Item:
        return Item(
            f"{self._path.name}{name}#{index}",
            f"{self._stamp}:{index}",
            self._waiting / str(index),
            partial(bytes, content),
        )

    def _is_done(self) -> bool:
        """It appears only when all is."""
        return (
            self._place.is_file()
            and self._place.stat().st_mtime_ns >= self._path.stat().st_mtime_ns
        )


class _Tar(_Archive):
    """Members that are pictures, sounds or movies are marked, the others copied."""

    def items(self) -> Iterator[Item]:
        if self._is_done():
            return
        with self._opened() as archive:
            for index, member in enumerate(archive):
                content = _content(archive, member)
                if content is not None and is_known(content):
                    yield self._item(f"/{member.name}", index, content)

    def finish(self) -> None:
        """The archive with what waits; a member that could not be marked is left out."""
        if self._is_done():
            return
        self._place.parent.mkdir(parents=True, exist_ok=True)
        with (
            files.drafting(files.target(self._place), like=self._path) as (draft, put),
            self._opened() as archive,
            tarfile.open(fileobj=draft, mode="w", format=tarfile.PAX_FORMAT) as out,
        ):
            for index, member in enumerate(archive):
                content = _content(archive, member)
                marked = self._waiting / str(index)
                if marked.is_file():
                    content = marked.read_bytes()
                elif content is not None and is_known(content):
                    continue
                member.size = 0 if content is None else len(content)
                out.addfile(member, None if content is None else io.BytesIO(content))
            out.close()
            put()
        shutil.rmtree(self._waiting, ignore_errors=True)

    def _opened(self) -> tarfile.TarFile:
        try:
            return tarfile.open(self._path)
        except (OSError, tarfile.TarError) as error:
            raise UnsupportedContainer(
                f"{str(self._path)!r} is no tar archive ({error}).", remedy="Check the file."
            ) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    stream = archive.extractfile(member) if member.isfile() else None
    return None if stream is None else stream.read()


class _Parquet(_Archive):
    """A column of bytes, or of structs with a member `bytes`, as data sets of pictures have."""

    def items(self) -> Iterator[Item]:
        if self._is_done():
            return
        row = 0
        with _parquet(self._path) as table:
            column = _column_of(table.schema_arrow, self._path)
            for batch in table.iter_batches(_ROWS, columns=[column]):
                for value in batch.column(0).to_pylist():
                    content = value["bytes"] if isinstance(value, dict) else value
                    if content is not None:
                        yield self._item("", row, content)
                    row += 1

    def finish(self) -> None:
        """The table with what waits; null where it could not be marked."""
        if self._is_done():
            return
        import pyarrow.parquet

        self._place.parent.mkdir(parents=True, exist_ok=True)
        with (
            files.drafting(files.target(self._place), like=self._path) as (draft, put),
            _parquet(self._path) as table,
        ):
            schema = table.schema_arrow
            column = _column_of(schema, self._path)
            row = 0
            with pyarrow.parquet.ParquetWriter(draft, schema) as out:
                for batch in table.iter_batches(_ROWS):
                    out.write_batch(self._marked(batch, schema, column, row))
                    row += len(batch)
            put()
        shutil.rmtree(self._waiting, ignore_errors=True)

    def _marked(
        self, batch: pyarrow.RecordBatch, schema: pyarrow.Schema, column: str, first: int
    ) -> pyarrow.RecordBatch:
        import pyarrow

        index = schema.get_field_index(column)
        values = batch.column(index).to_pylist()
        for at, value in enumerate(values):
            marked = self._waiting / str(first + at)
            content = marked.read_bytes() if marked.is_file() else None
            values[at] = {**value, "bytes": content} if isinstance(value, dict) else content
        made = pyarrow.array(values, schema.field(index).type)
        return batch.set_column(index, schema.field(index), made)


def _parquet(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra(
            "Parquet tables need the package pyarrow, which is not installed.",
            remedy="Run pip install 'countermark[parquet]'.",
        ) from error
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise UnsupportedContainer(
            f"{str(path)!r} is no Parquet table ({error}).", remedy="Check the file."
        ) from error


def _column_of(schema: pyarrow.Schema, path: Path) -> str:
    """The one that holds bytes."""
    import pyarrow

    def holds(kind: pyarrow.DataType) -> bool:
        if pyarrow.types.is_struct(kind):
            place = kind.get_field_index("bytes")
            return place >= 0 and holds(kind.field(place).type)
        return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))

    found = [field.name for field in schema if holds(field.type)]
    if len(found) != 1:
        raise UnsupportedContainer(
            f"{str(path)!r} has {len(found)} columns of bytes.",
            remedy="Write one with a single column of pictures, sounds or movies.",
        )
    return str(found[0])
