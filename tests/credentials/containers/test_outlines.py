"""JPEG, PNG and RIFF files, of which the library sees an outline: nothing of the rest is lost."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest

from countermark.credentials import Signed, Trust, containers, read
from countermark.errors import SigningFailed

Sign = Callable[..., Signed]
Sample = Callable[[str], bytes]


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def riff(form: bytes, *chunks: bytes) -> bytes:
    return chunk(b"RIFF", form + b"".join(chunks))


def intact(signed: Signed, media_type: str, trust: Trust) -> bool:
    manifest = read(io.BytesIO(signed.asset), media_type, trust=trust)
    return manifest is not None and manifest.hard_binding == "match" and not manifest.failures


def test_bytes_after_a_jpeg_picture_stay(signed: Sign, sample: Sample, trust: Trust) -> None:
    """Telephones put a film or further pictures there."""
    source = sample("image/jpeg") + b"a film" * 1000
    result = signed("image/jpeg", asset=source, thumbnail=None)
    location = containers.locate(result.asset)
    assert location is not None
    ((start, end),) = location.exclusions
    assert result.asset[:start] + result.asset[end:] == source
    assert intact(result, "image/jpeg", trust)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + bytes(4)


@pytest.mark.parametrize("behind", [b"", png_chunk(b"teSt", b"a note")], ids=["none", "note"])
def test_store_in_a_png_lies_before_the_pixels_and_all_else_stays(
    signed: Sign, sample: Sample, trust: Trust, behind: bytes
) -> None:
    whole = sample("image/png")
    source = whole[:-12] + behind + whole[-12:]
    result = signed("image/png", asset=source, thumbnail=None)
    location = containers.locate(result.asset)
    assert location is not None
    ((start, end),) = location.exclusions
    assert result.asset[:start] + result.asset[end:] == source
    assert start < result.asset.index(b"IDAT")
    assert intact(result, "image/png", trust)


@pytest.mark.parametrize("name", [b"IDAT", b"IEND"], ids=["before the pixels", "behind them"])
def test_former_store_of_a_png_is_replaced(
    signed: Sign, sample: Sample, trust: Trust, name: bytes
) -> None:
    whole = sample("image/png")
    at = whole.index(name) - 4
    source = whole[:at] + png_chunk(b"caBX", b"a former manifest") + whole[at:]
    result = signed("image/png", asset=source, thumbnail=None)
    assert b"a former manifest" not in result.asset
    assert intact(result, "image/png", trust)


def test_png_that_is_cut_off_is_refused(signed: Sign, sample: Sample) -> None:
    with pytest.raises(SigningFailed, match="whole"):
        signed("image/png", asset=sample("image/png")[:-20], thumbnail=None)


@pytest.mark.parametrize("bytes_", [8, 9])
def test_every_chunk_stays(signed: Sign, trust: Trust, bytes_: int) -> None:
    chunks = (chunk(b"fmt ", bytes(16)), chunk(b"data", bytes(bytes_)), chunk(b"note", b"odd"))
    result = signed("audio/wav", asset=riff(b"WAVE", *chunks), thumbnail=None)
    store = chunk(b"C2PA", result.manifest)
    assert result.asset == riff(b"WAVE", *chunks, store)
    assert intact(result, "audio/wav", trust)


def test_last_chunk_without_its_padding_gets_it(signed: Sign, trust: Trust) -> None:
    whole = riff(b"WAVE", chunk(b"fmt ", bytes(16)), chunk(b"data", b"odd"))
    source = b"RIFF" + struct.pack("<I", len(whole) - 9) + whole[8:-1]
    result = signed("audio/wav", asset=source, thumbnail=None)
    assert result.asset[8 : len(whole)] == whole[8:]
    assert intact(result, "audio/wav", trust)


def test_former_store_is_replaced_wherever_it_lies(signed: Sign, trust: Trust) -> None:
    parts = chunk(b"fmt ", bytes(16)), chunk(b"data", bytes(8))
    former = chunk(b"C2PA", b"a former manifest")
    result = signed("audio/wav", asset=riff(b"WAVE", parts[0], former, parts[1]), thumbnail=None)
    assert result.asset == riff(b"WAVE", *parts, chunk(b"C2PA", result.manifest))
    assert intact(result, "audio/wav", trust)


@pytest.mark.parametrize(
    "damage",
    [
        lambda asset: asset[:-4],
        lambda asset: asset[:4] + struct.pack("<I", 40) + asset[8:],
        lambda asset: asset[:4] + struct.pack("<I", (1 << 32) - 1) + asset[8:],
        lambda asset: asset[:12] + b"x",
    ],
    ids=["truncated", "chunks beyond", "longest", "no chunk"],
)
def test_damaged_riff_file_is_refused(
    signed: Sign, sample: Sample, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(SigningFailed, match="whole"):
        signed("audio/wav", asset=damage(sample("audio/wav")), thumbnail=None)


class Huge:
    """A file of almost 4 GiB with one chunk, of which only the headers are there."""

    length = 1 << 32
    head = b"RIFF" + struct.pack("<I", length - 10) + b"WAVEdata" + struct.pack("<I", length - 22)

    def __len__(self) -> int:
        return self.length - 2

    def __getitem__(self, part: slice) -> bytes:
        return self.head[part]


def test_riff_file_that_would_be_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="4 GiB"):
        next(containers.completed(Huge(), b"RIFF\4\0\0\0WAVE" + bytes(64)))


def listed(form: bytes, *chunks: bytes) -> bytes:
    return chunk(b"LIST", form + b"".join(chunks))


def avi_in_two_parts(former: bytes = b"") -> bytes:
    """Each part has media data and an index of them; the header points to both indexes."""

    def part(base: int) -> bytes:
        entry = struct.pack("<II", 8, 4)
        head = struct.pack("<HBBI4sQI", 2, 0, 1, 1, b"00dc", base, 0)
        return listed(b"movi", chunk(b"ix00", head + entry), chunk(b"00dc", b"film"))

    def file(first: int, after: int) -> bytes:
        entries = b"".join(struct.pack("<QII", at, 40, 1) for at in (first, after))
        index = struct.pack("<HBBI4s12x", 4, 0, 0, 2, b"00dc") + entries
        header = listed(b"hdrl", listed(b"strl", chunk(b"indx", index)))
        return riff(b"AVI ", header, part(first), former) + riff(b"AVIX", part(after))

    draft = file(0, 0)
    return file(draft.index(b"ix00"), draft.rindex(b"ix00"))


def test_index_of_an_avi_file_in_two_parts_leads_where_it_led(signed: Sign, trust: Trust) -> None:
    for former in (b"", chunk(b"C2PA", b"a former manifest that is long enough to matter")):
        source = avi_in_two_parts(former)
        result = signed("video/x-msvideo", asset=source, thumbnail=None)
        assert intact(result, "video/x-msvideo", trust)
        for asset in (source, result.asset):
            first, after = asset.index(b"ix00"), asset.rindex(b"ix00")
            assert first < after
            at = asset.index(b"indx") + 32
            assert struct.unpack_from("<Q8xQ", asset, at) == (first, after)
            for index in (first, after):
                assert struct.unpack_from("<Q", asset, index + 20) == (index,)
        moved = result.asset.rindex(b"ix00") - source.rindex(b"ix00")
        assert moved == len(result.manifest) + len(result.manifest) % 2 + 8 - len(former)


def test_index_that_leads_nowhere_is_left_alone(signed: Sign, trust: Trust) -> None:
    source = avi_in_two_parts()
    at = source.index(b"indx") + 32
    for offset in ((1 << 64) - 1, len(source) - 3):
        broken = source[:at] + struct.pack("<Q", offset) + source[at + 8 :]
        result = signed("video/x-msvideo", asset=broken, thumbnail=None)
        assert intact(result, "video/x-msvideo", trust)
