"""Signing from file to file: whole or not at all, in place, in bounded memory."""

from __future__ import annotations

import errno
import io
import os
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import encypher_c2pa
import pytest

from countermark import keys
from countermark.credentials import (
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    hard_binding,
    read,
    sign_file,
)
from countermark.errors import (
    CountermarkError,
    DestinationNotWritable,
    SigningFailed,
    SourceNotFound,
    UnusableCertificate,
)
from countermark.record import Record

BINDING = SoftBinding.of_payload(7)
SignFile = Callable[..., bytes]


@pytest.fixture
def sign_to(signer: Any, record: Record) -> SignFile:
    def make(source: Path, destination: Path, media_type: str, **changes: Any) -> bytes:
        keywords = {"record": record, "signer": signer, "soft_bindings": [BINDING], **changes}
        return sign_file(source, destination, media_type, **keywords)

    return make


@pytest.fixture
def source(tmp_path: Path, sample: Callable[[str], bytes]) -> Path:
    path = tmp_path / "source"
    path.write_bytes(sample("image/png"))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_container_is_signed_in_place(
    tmp_path: Path,
    sample: Callable[[str], bytes],
    media_type: str,
    sign_to: SignFile,
    trust: Trust,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(sample(media_type))
    path.chmod(0o640)
    store = sign_to(path, path, media_type)
    manifest = read(path, media_type, trust=trust)
    assert manifest is not None
    assert (manifest.trust, manifest.hard_binding) == (TrustStatus.TRUSTED, "match")
    assert (manifest.bytes, manifest.soft_bindings) == (store, (BINDING,))
    assert names(tmp_path) == {"file"}
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o640


def test_source_stays_as_it_is(source: Path, sign_to: SignFile) -> None:
    before = source.read_bytes()
    sign_to(source, source.with_name("out"), "image/png")
    assert source.read_bytes() == before
    assert names(source.parent) == {"source", "out"}


def test_link_is_followed(source: Path, sign_to: SignFile, trust: Trust) -> None:
    link = source.with_name("link")
    link.symlink_to(source)
    sign_to(link, link, "image/png")
    assert link.is_symlink()
    assert read(source, "image/png", trust=trust) is not None


class Fuse:
    """Counts what can fail, and lets one of it fail."""

    def __init__(self, blows_at: int) -> None:
        self.calls: list[str] = []
        self.blows_at = blows_at

    def burn(self, what: str) -> None:
        self.calls.append(what)
        if len(self.calls) == self.blows_at:
            raise OSError(errno.EIO, "the disk broke")

    def before(self, call: Callable[..., Any], what: str) -> Callable[..., Any]:
        def fused(*arguments: Any, **keywords: Any) -> Any:
            self.burn(what)
            return call(*arguments, **keywords)

        return fused

    def file(self, opening: Callable[..., Any], what: str) -> Callable[..., Any]:
        """An `open` whose files burn with each call."""

        def fused(*arguments: Any, **keywords: Any) -> Any:
            self.burn(f"open {what}")
            file = opening(*arguments, **keywords)
            return file if "b" not in str((*arguments, "")[1]) else FusedFile(file, self, what)

        return fused


class FusedFile:
    """A binary file before whose every call a fuse burns."""

    def __init__(self, file: BinaryIO, fuse: Fuse, what: str) -> None:
        self._file, self._fuse, self._what = file, fuse, what

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._file, name)
        burns = name in {"read", "readinto", "write", "seek", "tell", "flush", "fileno"}
        return self._fuse.before(value, f"{name} {self._what}") if burns else value

    def __enter__(self) -> FusedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def fused(blows_at: int) -> Iterator[Fuse]:
    fuse = Fuse(blows_at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", fuse.file(Path.open, "source"))
        patch.setattr(os, "fdopen", fuse.file(os.fdopen, "draft"))
        for name in ("open", "fsync", "link", "replace", "rename", "chmod", "chown"):
            if hasattr(os, name):
                patch.setattr(os, name, fuse.before(getattr(os, name), name))
        yield fuse


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("absent", "image/gif"),
        ("present", "image/gif"),
        ("in place", "image/gif"),
        ("absent", "audio/wav"),  # of WAV, PNG and JPEG, the library is shown an outline
        ("absent", "image/png"),
        ("in place", "image/jpeg"),
    ],
)
def test_whatever_fails_nothing_has_happened(
    source: Path, sample: Callable[[str], bytes], sign_to: SignFile, kind: str, form: str
) -> None:
    source.write_bytes(sample(form))
    destination = source if kind == "in place" else source.with_name("destination")
    if kind == "present":
        destination.write_bytes(b"former")
    before = contents(source.parent)
    failed: set[str] = set()
    for step in range(1, 5000):
        error = None
        with fused(step) as fuse:
            try:
                sign_to(source, destination, form)
            except CountermarkError as caught:
                error = caught
        if error is not None:
            blown = fuse.calls[step - 1]
            assert isinstance(error, (DestinationNotWritable, SourceNotFound)), blown
            assert "the disk broke" in str(error)
            assert contents(source.parent) == before, blown
            failed.add(blown)
            continue
        if len(fuse.calls) < step:
            break  # nothing was left to fail
        # What failed has a substitute, as a copy is one for a link.
        assert read(destination, form, trust=Trust.nobody()) is not None
        assert contents(source.parent).keys() == before.keys() | {destination.name}
        destination.unlink()
        for name, content in before.items():
            source.with_name(name).write_bytes(content)
    assert contents(source.parent).keys() == before.keys() | {destination.name}
    assert source == destination or source.read_bytes() == before["source"]
    taken = "readinto" if form == "image/gif" else "read"
    expected = {"open source", f"{taken} source", "seek source", "open draft", "write draft"}
    expected |= {"seek draft", "flush draft", "readinto draft", "fsync"}
    assert expected <= failed


@pytest.mark.parametrize("large_bytes", [0, hard_binding.LARGE_BYTES])
def test_source_that_cannot_be_read_to_its_end_is_no_damaged_manifest(
    source: Path, sign_to: SignFile, monkeypatch: pytest.MonkeyPatch, large_bytes: int
) -> None:
    sign_to(source, source, "image/png")
    monkeypatch.setattr(hard_binding, "LARGE_BYTES", large_bytes)
    refused = 0
    for step in range(1, 1000):
        with fused(step) as fuse:
            try:
                manifest = read(source, "image/png", trust=Trust.nobody())
            except SourceNotFound:
                refused += 1
                continue
        assert manifest is not None
        assert manifest.hard_binding == "match"
        assert len(fuse.calls) < step
        break
    assert refused == step - 1 > 10


def test_every_refusal_leaves_nothing_behind(
    source: Path, sign_to: SignFile, signer_to_order: Callable[..., Any], signer: Any
) -> None:
    class Broken:
        algorithm = signer.algorithm
        certificate_chain = signer.certificate_chain

        def sign(self, data: bytes) -> bytes:
            raise RuntimeError("token removed")

    content = source.read_bytes()
    refusals: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (SigningFailed, "image/png", {"signer": Broken()}),
        (SigningFailed, "image/jpeg", {}),
        (UnusableCertificate, "image/png", {"signer": signer_to_order(purposes=())}),
        (SourceNotFound, "image/png", {"parent": (source.with_name("nowhere"), "image/png")}),
    ]
    for error, media_type, changes in refusals:
        for destination in (source, source.with_name("absent")):
            with pytest.raises(error):
                sign_to(source, destination, media_type, **changes)
    with pytest.raises(SourceNotFound):
        sign_to(source.with_name("nowhere"), source.with_name("absent"), "image/png")
    with pytest.raises(DestinationNotWritable):
        sign_to(source, source.with_name("no folder") / "out", "image/png")
    assert names(source.parent) == {"source"}
    assert source.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="only POSIX bounds the size of files")
def test_full_disk(source: Path, tmp_path: Path) -> None:
    """The kernel itself refuses the last bytes."""
    program = """
        import resource, signal, sys
        from pathlib import Path
        from countermark import keys
        from countermark.credentials import sign_file
        from countermark.errors import DestinationNotWritable
        from countermark.record import DigitalSource, Record
        path = Path(sys.argv[1])
        signer = keys.create_home(path.parent.parent / "home").signer()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100,) * 2)
        try:
            sign_file(path, path, "image/png", signer=signer,
                      record=Record(source=DigitalSource.CAPTURED))
        except DestinationNotWritable as error:
            print(error)
    """
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = source.rename(folder / "picture.png")
    content = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "File too large" in done.stdout
    assert names(folder) == {"picture.png"}
    assert path.read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="only POSIX kills without asking")
def test_killed_process_leaves_whole_files(source: Path, tmp_path: Path) -> None:
    """Killed again and again while it signs in place: the file is the former or the new one."""
    program = """
        import sys
        from pathlib import Path
        from countermark import keys
        from countermark.credentials import sign_file
        from countermark.record import DigitalSource, Record
        path = Path(sys.argv[1])
        signer = keys.open_home(Path(sys.argv[2])).signer()
        print("ready", flush=True)
        while True:
            sign_file(path, path, "image/png", signer=signer,
                      record=Record(source=DigitalSource.CAPTURED))
    """
    keys.create_home(tmp_path / "home")
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = source.rename(folder / "picture.png")
    former = path.read_bytes()
    for delay in (0.0, 0.003, 0.01, 0.02, 0.05):
        arguments = (textwrap.dedent(program), str(path), str(tmp_path / "home"))
        with subprocess.Popen(
            [sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(delay)
            process.kill()
        manifest = read(path, "image/png", trust=Trust.nobody())
        assert manifest.hard_binding == "match" if manifest else path.read_bytes() == former
        leftovers = names(folder) - {"picture.png"}
        assert all(n.startswith(".picture.png.") and n.endswith(".countermark") for n in leftovers)


def grow(path: Path, movie: bytes, by_bytes: int) -> None:
    """The movie with that much more media data, which takes no room on the disk."""
    at = movie.index(b"mdat") - 4
    size = int.from_bytes(movie[at : at + 4], "big")
    with path.open("wb") as file:
        file.write(movie[:at] + struct.pack(">I4sQ", 1, b"mdat", size + 8 + by_bytes))
        file.write(movie[at + 8 : at + size])
        file.seek(by_bytes, os.SEEK_CUR)
        file.write(movie[at + size :])


def test_second_validator_agrees_on_a_movie_hashed_in_pieces(
    tmp_path: Path,
    sample: Callable[[str], bytes],
    sign_to: SignFile,
    trust: Trust,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # it saves that it may not call home
        monkeypatch.setenv(variable, str(tmp_path))
    path = tmp_path / "movie.mp4"
    grow(path, sample("video/mp4"), 17 << 20)
    assert b"merkle" in sign_to(path, path, "video/mp4")
    report = encypher_c2pa.verify(
        path.read_bytes(),
        "video/mp4",
        trust_pem=trust.anchors.decode(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert report["validation_state"] == "Trusted"
    assert report["validation_results"]["failure"] == []


def test_stream_is_read_from_where_it_stands(
    signed: Callable[..., Signed], sample: Callable[[str], bytes], trust: Trust
) -> None:
    result = signed("audio/flac", asset=sample("audio/flac"))
    stream = io.BytesIO(b"header" + result.asset)
    stream.seek(6)
    manifest = read(stream, "audio/flac", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"
