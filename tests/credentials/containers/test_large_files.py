"""Files of hundreds of megabytes: little memory for any, and all that was signed is intact."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from countermark.containers import StreamContent
from countermark.credentials import (
    Manifest,
    Signed,
    SoftBinding,
    Trust,
    TrustStatus,
    containers,
    hard_binding,
    library,
    read,
    sign_file,
    signing,
)
from countermark.credentials import claim as claims
from countermark.credentials.assets import opened
from countermark.credentials.containers import Location, locate
from countermark.record import Record

MANY_BYTES = 64 << 20
FEW_BYTES = 17 << 20
MEMORY_KIB = 80 << 10
assert FEW_BYTES > hard_binding.LARGE_BYTES


def split(movie: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the media data, the data, and what follows."""
    at = movie.index(b"mdat") - 4
    end = at + int.from_bytes(movie[at : at + 4], "big")
    return movie[:at], movie[at + 8 : end], movie[end:]


def skip(file: BinaryIO, by_bytes: int) -> None:
    """Zeros that take no room on the disk."""
    file.truncate(file.seek(by_bytes, os.SEEK_CUR))


def one_box(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
    """Media data whose length takes 64 bits."""
    before, data, after = split(movie)
    file.write(before + struct.pack(">I4sQ", 1, b"mdat", 16 + len(data) + by_bytes) + data)
    skip(file, by_bytes)
    file.write(after)


def three_boxes(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
    """Media data in two more boxes before what follows."""
    before, data, after = split(movie)
    file.write(before + struct.pack(">I4s", 8 + len(data), b"mdat") + data)
    for _ in range(2):
        file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + by_bytes // 2))
        skip(file, by_bytes // 2)
    file.write(after)


def moov_first(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
    """As for streaming: the index lies before the media data and points into it."""
    before, data, after = split(movie)
    shift, at = len(after), after.index(b"stco") + 8
    entries = int.from_bytes(after[at : at + 4], "big")
    offsets = struct.unpack_from(f">{entries}I", after, at + 4)
    moved = struct.pack(f">{entries}I", *(offset + shift for offset in offsets))
    index = after[: at + 4] + moved + after[at + 4 + 4 * entries :]
    file.write(before + index + struct.pack(">I4s", 8 + len(data) + by_bytes, b"mdat") + data)
    skip(file, by_bytes)


def fragments(file: BinaryIO, movie: bytes, by_bytes: int) -> None:
    """A movie in fragments, and more of them."""
    file.write(movie)
    header = struct.pack(">I4sII", 16, b"mfhd", 0, 9)
    for _ in range(4):
        file.write(struct.pack(">I4s", 8 + len(header), b"moof") + header)
        file.write(struct.pack(">I4s", 8 + by_bytes // 4, b"mdat"))
        skip(file, by_bytes // 4)


def longer_chunk(file: BinaryIO, media: bytes, by_bytes: int) -> None:
    """A RIFF file whose last chunk is longer."""
    end = 8 + int.from_bytes(media[4:8], "little")
    at = media.rindex(b"data" if media[8:12] == b"WAVE" else b"idx1")
    size = end - at - 8
    file.write(b"RIFF" + struct.pack("<I", end - 8 + by_bytes) + media[8 : at + 4])
    file.write(struct.pack("<I", size + by_bytes) + media[at + 8 : end])
    skip(file, by_bytes)


def longer_scan(file: BinaryIO, picture: bytes, by_bytes: int) -> None:
    """A JPEG file with more bytes in its scan."""
    file.write(picture[:-2])
    skip(file, by_bytes)
    file.write(picture[-2:])


def longer(file: BinaryIO, media: bytes, by_bytes: int) -> None:
    """More bytes at the end, which the format allows."""
    file.write(media)
    skip(file, by_bytes)


Shape = tuple[str, Callable[[BinaryIO, bytes, int], None]]
MOVIES: dict[str, Shape] = {
    "MP4, one mdat": ("video/mp4", one_box),
    "MP4, three mdat": ("video/mp4", three_boxes),
    "MP4, moov first": ("video/mp4", moov_first),
    "MP4, fragments": ("fragmented", fragments),
}
SHAPES: dict[str, Shape] = {
    **MOVIES,
    "MOV": ("video/quicktime", three_boxes),
    "M4A": ("audio/mp4", one_box),
    "WAV": ("audio/wav", longer_chunk),
    "AVI": ("video/x-msvideo", longer_chunk),
    "JPEG": ("image/jpeg", longer_scan),
    "TIFF": ("image/tiff", longer),
    "MP3": ("audio/mpeg", longer),
    "FLAC": ("audio/flac", longer),
}


@pytest.fixture
def large(
    tmp_path: Path, sample: Callable[[str], bytes], fragmented: bytes
) -> Callable[[str, int], tuple[Path, str]]:
    def make(shape: str, by_bytes: int) -> tuple[Path, str]:
        name, write = SHAPES[shape]
        path = tmp_path / "file"
        with path.open("wb") as file:
            write(file, fragmented if name == "fragmented" else sample(name), by_bytes)
        return path, "video/mp4" if name == "fragmented" else name

    return make


PROGRAM = """
    import sys
    from pathlib import Path
    from countermark import keys
    from countermark.credentials import SoftBinding, Trust, read, sign_file
    from countermark.record import DigitalSource, Record
    path, media_type = Path(sys.argv[1]), sys.argv[2]
    signer = keys.create_home(path.with_name("home")).signer()
    sign_file(path, path, media_type, signer=signer, soft_bindings=[SoftBinding.of_payload(7)],
              record=Record(source=DigitalSource.CAPTURED))
    manifest = read(path, media_type, trust=Trust.nobody())
    assert manifest.hard_binding == "match", manifest
    assert manifest.soft_bindings == (SoftBinding.of_payload(7),)
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])  # that of getrusage knows the parent too
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the memory of a process")
@pytest.mark.parametrize("shape", [*MOVIES, "WAV", "JPEG"])
def test_large_file_takes_little_memory(
    large: Callable[[str, int], tuple[Path, str]], shape: str
) -> None:
    """As a whole it would not fit: a process that does nothing has 60 MiB."""
    path, media_type = large(shape, MANY_BYTES)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(path), media_type],
        capture_output=True,
        check=True,
        text=True,
    )
    assert int(done.stdout) < MEMORY_KIB


@pytest.fixture
def signed_large(
    large: Callable[[str, int], tuple[Path, str]], signer: Any, record: Record
) -> Callable[[str], tuple[Path, str]]:
    def make(shape: str) -> tuple[Path, str]:
        path, media_type = large(shape, FEW_BYTES)
        binding = SoftBinding.of_payload(7)
        sign_file(path, path, media_type, record=record, signer=signer, soft_bindings=[binding])
        return path, media_type

    return make


@pytest.mark.parametrize("shape", SHAPES)
def test_library_agrees_that_a_large_file_is_intact(
    signed_large: Callable[[str], tuple[Path, str]], trust: Trust, shape: str
) -> None:
    """What is hashed here when it is large, the library hashes too, in more memory."""
    path, media_type = signed_large(shape)
    with opened(path) as stream:
        content = StreamContent(stream)
        location = locate(content)
        assert location is not None
        findings = library.validate(media_type, stream, location.extract(content), trust=trust)
    assert findings is not None
    assert findings.failures == ()
    assert any(code.endswith("Hash.match") for code in findings.successes)
    manifest = read(path, media_type, trust=trust)
    assert manifest is not None
    assert (manifest.hard_binding, manifest.trust) == ("match", TrustStatus.TRUSTED)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_byte_changed_in_a_large_file_is_a_mismatch(
    signed_large: Callable[[str], tuple[Path, str]], trust: Trust, shape: str
) -> None:
    path, media_type = signed_large(shape)
    with path.open("r+b") as file:
        file.seek(FEW_BYTES // 2)
        file.write(b"\1")
    manifest = read(path, media_type, trust=trust)
    assert manifest is not None
    assert (manifest.hard_binding, manifest.signature_valid) == ("mismatch", True)


def facts(manifest: Manifest | None) -> dict[str, Any]:
    """All but the words of the explanation."""
    assert manifest is not None
    names = [name for name in Manifest.__dataclass_fields__ if name != "explanation"]
    return {name: getattr(manifest, name) for name in names}


def content_changed(signed: Signed, location: Location) -> bytes:
    """In the middle of the longer part beside the manifest."""
    start, end = location.spans[0][0], location.spans[-1][1]
    before, after = start, len(signed.asset) - end
    asset = bytearray(signed.asset)
    asset[before // 2 if before > after else end + after * 2 // 3] ^= 1
    return bytes(asset)


def manifest_changed(signed: Signed, location: Location) -> bytes:
    """In a statement."""
    store = signed.manifest.replace(b"Ada Example", b"Eve Example")
    return location.replace(signed.asset, store)


CHANGES: dict[str, tuple[Callable[[Signed, Location], bytes], str]] = {
    "nothing": (lambda signed, _: signed.asset, "match"),
    "content": (content_changed, "mismatch"),
    "manifest": (manifest_changed, "match"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_read_of_a_file_is_the_same_if_it_counts_as_large(
    signed_samples: Callable[[str], Signed],
    media_type: str,
    trust: Trust,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    signed = signed_samples(media_type)
    location = locate(signed.asset)
    assert location is not None
    edit, outcome = CHANGES[change]
    asset = edit(signed, location)
    code = hard_binding.compare(claims.parse(signed.manifest), asset)
    assert code is not None
    assert code.endswith(f".{outcome}")
    by_library = read(io.BytesIO(asset), media_type, trust=trust)
    monkeypatch.setattr(hard_binding, "LARGE_BYTES", 0)
    by_us = read(io.BytesIO(asset), media_type, trust=trust)
    assert facts(by_us) == facts(by_library)
    assert by_us is not None
    assert by_us.hard_binding == outcome


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_what_is_read_of_files_by_others_is_the_same_if_they_count_as_large(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the corpus is not at hand there is nothing to compare."""
    files = {path: containers.media_type(path.read_bytes()) for path in corpus.glob("*.*")}
    media = {path: name for path, name in files.items() if name is not None}
    nobody = Trust.nobody()
    by_library = {path: read(path, name, trust=nobody) for path, name in media.items()}
    monkeypatch.setattr(hard_binding, "LARGE_BYTES", 0)
    for path, name in media.items():
        by_us, expected = read(path, name, trust=nobody), by_library[path]
        assert (by_us is None) == (expected is None), path
        if expected is not None:
            assert facts(by_us) == facts(expected), path


def test_what_is_left_out_of_the_hash_is_what_the_library_leaves_out(
    signed: Callable[..., Signed],
    sample: Callable[[str], bytes],
    media_type: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = bound(signed(media_type, asset=sample(media_type), thumbnail=None))
    monkeypatch.setattr(hard_binding, "placeholder", lambda _: None)
    for name in ("outline", "can_hash_in_pieces"):
        monkeypatch.setattr(signing, name, lambda _: None)
    theirs = bound(signed(media_type, asset=sample(media_type), thumbnail=None))
    # Their padding is shorter, and so is the manifest, by which the lengths differ.
    padded = len(ours.pop("pad", b"")) - len(theirs.pop("pad", b""))
    assert ours.pop("hash")
    assert theirs.pop("hash")
    for mine, other in zip(ours["exclusions"], theirs["exclusions"], strict=True):
        if mine.get("length", 0) > 8:
            more = mine.pop("length") - other.pop("length")
            assert 0 < more <= 2 * padded
    assert ours == theirs


def bound(signed: Signed) -> dict[str, Any]:
    claim = claims.parse(signed.manifest)
    (label,) = {hard_binding.DATA, hard_binding.BOXES} & claim.assertions.keys()
    return dict(claim.decoded(claim.assertions[label]))


@pytest.mark.parametrize(
    "data",
    [
        {"exclusions": [{"start": 4, "length": 4}, {"start": 6, "length": 4}]},
        {"exclusions": [{"start": 8, "length": 4}, {"start": 0, "length": 4}]},
        {"exclusions": [{"start": 90, "length": 20}]},
        {"exclusions": [{"start": -4, "length": 4}]},
        {"exclusions": [{"start": True, "length": 4}]},
        {"exclusions": [{"start": 4}]},
        {"exclusions": [7]},
        {"exclusions": {}},
        {"exclusions": [], "alg": "md5"},
        {"exclusions": [], "alg": ["sha256"]},
        {"exclusions": [], "merkle": [{}]},
    ],
)
def test_bindings_that_are_not_plain_are_left_to_the_library(data: dict[str, Any]) -> None:
    assert hard_binding.digest(hard_binding.DATA, {"alg": "sha256", **data}, bytes(100)) is None


@pytest.mark.parametrize(
    "exclusions",
    [
        [{"xpath": "/moov/trak"}],
        [{"xpath": "/free", "subset": [{"offset": 0, "length": 4}]}],
        [{"xpath": "/free", "length": 8}],
        [{"xpath": "/uuid", "data": [{"offset": 8, "value": 1 << 40}]}],
        [{"xpath": "/uuid", "data": [{"offset": -8, "value": b"a"}]}],
        [{"xpath": "/free"}, {"xpath": "/free", "data": [{"offset": 8, "value": b"a"}]}],
        [{"start": 1, "length": 1}],
    ],
)
def test_parts_of_boxes_are_left_to_the_library(exclusions: list[dict[str, Any]]) -> None:
    data = {"alg": "sha256", "exclusions": exclusions}
    boxes = struct.pack(">I4s", 16, b"ftyp") + bytes(8)
    assert hard_binding.digest(hard_binding.BOXES, data, boxes) is None
    plain = {"alg": "sha256", "exclusions": [{"xpath": "/free", "flags": None}]}
    assert hard_binding.digest(hard_binding.BOXES, plain, boxes) is not None
    assert hard_binding.digest(hard_binding.BOXES, plain, boxes + b"more") is None
