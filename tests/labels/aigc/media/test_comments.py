"""The label in MP3, FLAC and OGG: other frames and comments, older tags, forms of others."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import mutagen.apev2
import mutagen.flac
import mutagen.id3
import mutagen.oggopus
import pytest

from countermark.errors import LabelNotWritten
from countermark.labels import aigc

COVER = b"\x89PNG\r\n\x1a\n" + bytes(range(1, 251)) * 12
STORE = b"\0\0\0\x20jumb" + bytes(range(24))


@pytest.fixture
def put(label: aigc.AigcLabel) -> Callable[[Path], None]:
    """Write the label into a file."""

    def put(path: Path) -> None:
        aigc.write(path, path, label)
        assert aigc.read(path).label == label

    return put


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a file, to be changed."""
    return lambda name: Path(shutil.copyfile(folder / name, tmp_path / name))


def texts(path: Path) -> list[tuple[str, str]]:
    return [(one.carried.place, one.carried.text) for one in aigc.read(path).found]


def frames(path: Path) -> dict[bytes, bytes]:
    """Frames of an ID3v2.3 or 2.4 tag, with their bytes."""
    tag = path.read_bytes()
    size = sum(byte << 7 * place for place, byte in enumerate(reversed(tag[6:10])))
    found, at = {}, 10
    while at < 10 + size and tag[at]:
        length = int.from_bytes(tag[at + 4 : at + 8], "big")
        if tag[3] == 4:
            length = sum(byte << 7 * n for n, byte in enumerate(reversed(tag[at + 4 : at + 8])))
        frame = tag[at : at + 10 + length]
        found[frame[:4] + (frame[10:16] if frame[:4] == b"TXXX" else b"")] = frame
        at += 10 + length
    return found


@pytest.mark.parametrize("version", [3, 4])
def test_other_frames_keep_every_byte(
    version: int, copy: Callable[[str], Path], put: Callable[[Path], None]
) -> None:
    path = copy({3: "sound.mp3", 4: "four.mp3"}[version])
    tag = mutagen.id3.ID3(path)
    tag.add(mutagen.id3.APIC(encoding=1, mime="image/png", type=3, desc="Küste", data=COVER))
    tag.add(mutagen.id3.GEOB(encoding=0, mime="application/c2pa", data=STORE))
    tag.add(mutagen.id3.TXXX(encoding=1, desc="Mood", text=["calm/wide", "海"]))
    tag.save(path, v2_version=version, v23_sep=None)
    old = path.read_bytes()
    # A frame that nobody knows, in the padding.
    strange = b"XYZW" + b"\0\0\0\4\0\0" + b"odd!"
    at = old.index(bytes(200))
    path.write_bytes(old[:at] + strange + old[at + len(strange) :])
    before = frames(path)
    assert b"XYZW" in before
    put(path)
    after = frames(path)
    assert after.pop(b"TXXX\0AIGC\0")
    assert after == before
    assert path.read_bytes()[3] == version


def test_first_version_of_the_tag_stays(
    copy: Callable[[str], Path], put: Callable[[Path], None]
) -> None:
    path = copy("sound.mp3")
    before = path.read_bytes()[-128:]
    assert before.startswith(b"TAGSea\0")
    put(path)
    assert path.read_bytes()[-128:] == before


def test_second_version_becomes_the_third(
    copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy("bare.mp3")
    title, own = b"TT2\0\0\4\0Sea", b"TXX\0\0\x08\0AIGC\0{}"
    tag = b"ID3\2\0\0\0\0\0" + bytes((len(title + own),)) + title + own
    path.write_bytes(tag + path.read_bytes())
    assert texts(path) == [("ID3 TXXX", "{}")]
    put(path)
    assert texts(path) == [("ID3 TXXX", label.to_json())]
    assert str(mutagen.id3.ID3(path)["TIT2"]) == "Sea"
    assert path.read_bytes()[3] == 3


def test_labels_of_others_are_read_and_replaced(
    copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy("four.mp3")
    tag = mutagen.id3.ID3(path)
    tag.add(mutagen.id3.TXXX(encoding=3, desc="AIGC", text=["{}", "[]"]))
    tag.add(mutagen.id3.TXXX(encoding=3, desc="aigc", text=["{ }"]))
    tag.save(path)
    ape = mutagen.apev2.APEv2()
    ape["AIGC"], ape["Mood"] = "{  }", "calm"
    ape.save(path)
    found = [("APEv2 AIGC", "{  }"), *(("ID3 TXXX", text) for text in ("[]", "{ }", "{}"))]
    assert sorted(texts(path)) == found
    put(path)
    assert texts(path) == [("ID3 TXXX", label.to_json())]
    assert dict(mutagen.apev2.APEv2(path)) == {"Mood": "calm"}


PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Label="calm"{0}/></rdf:RDF></x:xmpmeta>'
)
LABELLED_PACKET = PACKET.format(' TC260:AIGC="{}"').encode()


@pytest.mark.parametrize("name", ["sound.mp3", "four.mp3", "sound.flac"])
def test_label_in_xmp_of_a_tag_is_read_and_replaced(
    name: str, copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy(name)
    tag = mutagen.id3.ID3(path) if name.endswith("mp3") else mutagen.id3.ID3()
    tag.add(mutagen.id3.PRIV(owner="XMP", data=LABELLED_PACKET))
    tag.add(mutagen.id3.PRIV(owner="www.example.org", data=b"\0odd\xff"))
    tag.save(path, v2_version=4 if name == "four.mp3" else 3)
    before = frames(path)
    [(place, text)] = texts(path)
    assert (place, text) == ("ID3 PRIV XMP, TC260:AIGC", "{}")
    assert aigc.read(path).verdict is aigc.Verdict.NONCOMPLIANT
    put(path)
    assert [text for _, text in texts(path)] == [label.to_json()]
    packet, other = mutagen.id3.ID3(path).getall("PRIV")[::-1]
    if packet.owner != "XMP":
        packet, other = other, packet
    assert packet.data.rstrip() == PACKET.format("").encode()
    assert (other.owner, other.data) == ("www.example.org", b"\0odd\xff")
    same = frames(path).keys() & before.keys() - {b"PRIV"}
    assert {key: frames(path)[key] for key in same} == {key: before[key] for key in same}


def test_two_labels_in_a_tag_and_its_xmp_are_a_finding(
    copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy("sound.mp3")
    put(path)
    tag = mutagen.id3.ID3(path)
    tag.add(mutagen.id3.PRIV(owner="XMP", data=LABELLED_PACKET))
    tag.save(path, v2_version=3)
    reading = aigc.read(path)
    assert [one.carried.place for one in reading.found] == ["ID3 TXXX", "ID3 PRIV XMP, TC260:AIGC"]
    assert any("2 labels" in one.problem for one in reading.findings)


def test_broken_xmp_in_a_tag_is_never_said_to_hold_nothing(
    copy: Callable[[str], Path], label: aigc.AigcLabel
) -> None:
    path = copy("sound.mp3")
    tag = mutagen.id3.ID3(path)
    tag.add(mutagen.id3.PRIV(owner="XMP", data=LABELLED_PACKET[:-9]))
    tag.save(path, v2_version=3)
    content = path.read_bytes()
    assert aigc.read(path).verdict is aigc.Verdict.INCONCLUSIVE
    with pytest.raises(LabelNotWritten):
        aigc.write(path, path, label)
    assert path.read_bytes() == content


def chained(first: Path, second: Path) -> bytes:
    """One stream behind the other, as live radio writes them."""
    return first.read_bytes() + second.read_bytes()


@pytest.mark.parametrize("name", ["vorbis.ogg", "opus.ogg"])
def test_label_in_a_later_stream_is_found_and_not_passed_over(
    name: str, copy: Callable[[str], Path], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    plain, later = copy(name), tmp_path / "later.ogg"
    aigc.write(plain, later, label)
    path = tmp_path / "chain.ogg"
    path.write_bytes(chained(plain, later))
    assert texts(path) == [("Vorbis comment AIGC of stream 2", label.to_json())]
    assert aigc.read(path).verdict is aigc.Verdict.NONCOMPLIANT
    before = path.read_bytes()
    with pytest.raises(LabelNotWritten, match=r"cannot be replaced.*of stream 2"):
        aigc.write(path, path, label)
    assert path.read_bytes() == before
    path.write_bytes(chained(later, plain))
    assert texts(path) == [("Vorbis comment AIGC", label.to_json())]
    assert aigc.read(path).verdict is aigc.Verdict.COMPLIANT
    path.write_bytes(chained(later, later))
    assert len(aigc.read(path).found) == 2


@pytest.mark.parametrize("codec", ["speex", "flac", "theora"])
def test_every_kind_of_stream_in_a_chain_is_searched(
    codec: str,
    copy: Callable[[str], Path],
    label: aigc.AigcLabel,
    tmp_path: Path,
    make: Callable[..., bytes],
) -> None:
    """A comment that FFmpeg writes; in front, a stream of another kind."""
    source = {
        "speex": ("sine=duration=1", "-c:a", "libspeex", "-ar", "16000"),
        "flac": ("sine=duration=1", "-c:a", "flac"),
        "theora": ("testsrc=size=64x48:rate=10:duration=1", "-c:v", "libtheora"),
    }[codec]
    path = tmp_path / "other.ogg"
    make("-f", "lavfi", "-i", *source, "-metadata", "AIGC={}", "-f", "ogg", path)
    assert texts(path) == [("Vorbis comment AIGC", "{}")]
    path.write_bytes(chained(copy("opus.ogg"), path))
    assert texts(path) == [("Vorbis comment AIGC of stream 2", "{}")]


def test_sound_beside_a_film_in_ogg_is_searched(
    tmp_path: Path, make: Callable[..., bytes], label: aigc.AigcLabel
) -> None:
    path = tmp_path / "film.ogv"
    make(
        *("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1"),
        *("-f", "lavfi", "-i", "sine=duration=1", "-c:v", "libtheora", "-c:a", "libvorbis"),
        *("-metadata", "AIGC={}", path),
    )
    assert len(texts(path)) == 2  # FFmpeg writes it into both
    with pytest.raises(LabelNotWritten, match="cannot be replaced"):
        aigc.write(path, path, label)


def test_ogg_that_is_cut_off_within_a_page_can_be_read(
    copy: Callable[[str], Path], put: Callable[[Path], None]
) -> None:
    path = copy("vorbis.ogg")
    path.write_bytes(path.read_bytes()[:-40])
    put(path)
    path.write_bytes(path.read_bytes() + b"OggT" + bytes(40))
    assert aigc.read(path).is_complete is False


def test_scrambled_tag_is_understood(
    copy: Callable[[str], Path], put: Callable[[Path], None]
) -> None:
    path = copy("bare.mp3")
    text = b"\1\xff\xfeS\0"
    frame = b"TIT2\0\0\0\6\0\2" + text[:2] + b"\0" + text[2:]
    path.write_bytes(b"ID3\4\0\x80\0\0\0" + bytes((len(frame),)) + frame + path.read_bytes())
    put(path)
    assert str(mutagen.id3.ID3(path)["TIT2"]) == "S"


def test_other_blocks_of_flac_stay(
    copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy("sound.flac")
    sound = mutagen.flac.FLAC(path)
    picture = mutagen.flac.Picture()
    picture.data, picture.mime = COVER, "image/png"
    sound.add_picture(picture)
    sound["aigc"] = ["{}", "[]"]
    sound.save()
    assert texts(path) == [("Vorbis comment AIGC", "{}"), ("Vorbis comment AIGC", "[]")]
    before = [
        block.write()
        for block in mutagen.flac.FLAC(path).metadata_blocks
        if block.code not in (1, 4)
    ]
    put(path)
    now = mutagen.flac.FLAC(path)
    assert [block.write() for block in now.metadata_blocks if block.code not in (1, 4)] == before
    assert now.tags.as_dict()["title"] == ["Sea"]
    assert now.tags.vendor == mutagen.flac.FLAC(copy("sound.flac")).tags.vendor
    assert now["aigc"] == [label.to_json()]


def test_tag_before_flac_stays_with_its_store_and_without_its_label(
    copy: Callable[[str], Path], put: Callable[[Path], None], label: aigc.AigcLabel
) -> None:
    path = copy("sound.flac")
    tag = mutagen.id3.ID3()
    tag.add(mutagen.id3.TXXX(encoding=0, desc="AIGC", text=["{}"]))
    tag.add(mutagen.id3.GEOB(encoding=0, mime="application/c2pa", data=STORE))
    tag.save(path, v2_version=3)
    assert texts(path) == [("ID3 TXXX", "{}")]
    put(path)
    assert texts(path) == [("Vorbis comment AIGC", label.to_json())]
    assert path.read_bytes()[:3] == b"ID3"
    assert mutagen.id3.ID3(path).getall("GEOB")[0].data == STORE


def test_pictures_in_comments_of_opus_stay(
    copy: Callable[[str], Path], put: Callable[[Path], None]
) -> None:
    """Comments of more than a page."""
    path = copy("opus.ogg")
    sound = mutagen.oggopus.OggOpus(path)
    sound["METADATA_BLOCK_PICTURE"] = ["A" * 200_000]
    sound.save()
    before = dict(mutagen.oggopus.OggOpus(path).tags.as_dict())
    put(path)
    after = dict(mutagen.oggopus.OggOpus(path).tags.as_dict())
    assert after.pop("aigc")
    assert after == before


def test_ogg_without_comments_is_refused(label: aigc.AigcLabel, tmp_path: Path) -> None:
    path = tmp_path / "strange.ogg"
    path.write_bytes(b"OggS" + bytes(100))
    assert aigc.read(path).verdict is aigc.Verdict.INCONCLUSIVE
    with pytest.raises(LabelNotWritten):
        aigc.write(path, path, label)
    assert path.read_bytes() == b"OggS" + bytes(100)
