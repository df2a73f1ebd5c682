"""A small file of each kind of sound, film and document, made by foreign tools; foreign readers."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import av
import openpyxl
import pikepdf
import pytest

from countermark.labels import aigc

LABEL = aigc.AigcLabel.produced(
    "001191110102MACQD9K64010000", "clip-7", reserved='{"Type":"TC260PG"}'
)
OTHER = aigc.AigcLabel.produced("001191310104MACE0YX63918020", "clip-8-which-has-a-longer-name")

# What FFmpeg is told, after a film of two seconds with sound; the name says what is in the file.
FILMS = {
    "last.mp4": "-c copy -metadata title=Sea",
    "first.mp4": "-c copy -metadata title=Sea -movflags faststart",
    "keys.mp4": "-c copy -metadata title=Sea -metadata mood=calm -movflags use_metadata_tags",
    "fragments.mp4": "-c copy -metadata title=Sea -movflags frag_keyframe+empty_moov",
    "from-bases.mp4": "-c copy -movflags frag_keyframe+empty_moov+default_base_moof",
    "first.mov": "-c copy -metadata title=Sea -movflags faststart",
    "sound.m4a": "-vn -c copy -metadata title=Sea -metadata artist=Ada",
    "film.mkv": "-c copy -metadata title=Sea",
    "cues-first.mkv": "-c copy -metadata title=Sea -cues_to_front 1",
    "film.webm": "-c:v libvpx -g 5 -c:a libopus -metadata title=Sea",
    "live.webm": "-c:v libvpx -g 5 -c:a libopus -live 1",
    "film.flv": "-c:v flv -g 5 -c:a mp3 -ar 44100 -metadata title=Sea",
    "index.flv": "-c:v flv -g 5 -c:a mp3 -ar 44100 -flvflags add_keyframe_index",
    "film.avi": "-c:v mpeg4 -g 5 -c:a mp3 -ar 44100 -metadata title=Sea",
    "sound.wav": "-vn -c:a pcm_s16le -metadata title=Sea",
    "long.wav": "-vn -c:a pcm_s24le -rf64 always",
    "sound.mp3": "-vn -c:a libmp3lame -metadata title=Sea -id3v2_version 3 -write_id3v1 1",
    "four.mp3": "-vn -c:a libmp3lame -metadata title=Sea -id3v2_version 4",
    "bare.mp3": "-vn -c:a libmp3lame -id3v2_version 0",
    "sound.flac": "-vn -c:a flac -metadata title=Sea",
    "vorbis.ogg": "-vn -c:a libvorbis -metadata title=Sea",
    "opus.ogg": "-vn -c:a libopus -metadata title=Sea",
}
STREAMED = "streamed.wav"  # by a pipe, so that nobody knew its length
DOCUMENTS = ("plain.pdf", "linear.pdf", "text.docx", "table.xlsx", "text.md", "page.html")
MEDIA = (*FILMS, STREAMED)
NAMES = (*MEDIA, *DOCUMENTS)
NOT_BY_EXIFTOOL = ("wav", "avi", "docx", "xlsx", "md")

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DOCX = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns='
        '"http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    ),
    "word/document.xml": (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>The sea.</w:t></w:r></w:p></w:body></w:document>"
    ),
}


def ffmpeg(*arguments: str | Path) -> bytes:
    """What FFmpeg prints."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def zipped(
    path: Path, entries: dict[str, str] = DOCX, compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """An archive."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of each of the names."""
    folder = tmp_path_factory.mktemp("media")
    film = folder / "film.nut"
    pictures = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2")
    sound = ("-f", "lavfi", "-i", "sine=duration=2")
    ffmpeg(*pictures, *sound, "-c:v", "mpeg4", "-g", "5", "-bf", "0", "-c:a", "aac", film)
    whole = [
        *("-i", film),
        *(part for name, told in FILMS.items() for part in (*told.split(), folder / name)),
        *("-vn", "-c:a", "pcm_s16le", "-f", "wav", "-"),
    ]
    (folder / STREAMED).write_bytes(ffmpeg(*whole))
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 100))
    pdf.docinfo["/Title"] = "Sea"
    pdf.save(folder / "plain.pdf")
    pdf.save(
        folder / "linear.pdf",
        linearize=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    zipped(folder / "text.docx")
    openpyxl.Workbook().save(folder / "table.xlsx")
    (folder / "text.md").write_bytes(b"# The sea\r\n\r\nIt is calm.\r\n")
    (folder / "page.html").write_bytes(
        b"<!doctype html>\n<html><head><meta charset=utf-8><title>The sea</title>\n</head>"
        b"<body>It is <b>calm</b>.</body></html>\n"
    )
    return folder


def _probed(path: Path) -> dict[str, str]:
    """What ffprobe says of the file as a whole, and of its streams, where OGG has its comments."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)]
    out = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    parts = (*out["streams"], out["format"])
    return {name: text for part in parts for name, text in part.get("tags", {}).items()}


def _tags(path: Path) -> dict[str, str]:
    """The same without another process."""
    with av.open(path) as container:
        parts = (*container.streams, container)
        return {name: text for part in parts for name, text in part.metadata.items()}


def _packets(path: Path) -> list[tuple[int, int | None, int | None, str]]:
    """Stream, times and digest of each packet, in their order."""
    with av.open(path) as container:
        return [
            (packet.stream_index, packet.pts, packet.dts, hashlib.sha256(bytes(packet)).hexdigest())
            for packet in container.demux()
        ]


def _frames(path: Path, seconds: float = 0) -> list[tuple[int | None, str]]:
    """Time and digest of each frame from some time on, of the first stream."""
    with av.open(path) as container:
        stream = container.streams[0]
        if seconds:
            assert stream.time_base is not None
            container.seek(int(seconds / stream.time_base), stream=stream)
        return [
            (frame.pts, hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest())
            for frame in container.decode(stream)
        ]


class Readers(NamedTuple):
    """What others find in files: tags by ffprobe and PyAV, packets and frames."""

    probed: Callable[[Path], dict[str, str]] = _probed
    tags: Callable[[Path], dict[str, str]] = _tags
    packets: Callable[[Path], list[tuple[int, int | None, int | None, str]]] = _packets
    frames: Callable[..., list[tuple[int | None, str]]] = _frames


@pytest.fixture(scope="session")
def readers() -> Readers:
    """Readers of others."""
    return Readers()


@pytest.fixture(scope="session")
def make() -> Callable[..., bytes]:
    """FFmpeg, to make files."""
    return ffmpeg


@pytest.fixture(scope="session")
def archive() -> Callable[..., Path]:
    """A function that makes archives; by default of a small DOCX."""
    return zipped


@pytest.fixture(scope="session")
def label() -> aigc.AigcLabel:
    """The label that is written."""
    return LABEL


@pytest.fixture(scope="session")
def other() -> aigc.AigcLabel:
    """Another one."""
    return OTHER


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """A file, by its name."""
    return str(request.param)


@pytest.fixture(params=MEDIA)
def media_name(request: pytest.FixtureRequest) -> str:
    """A sound or film, by its name."""
    return str(request.param)


@pytest.fixture(params=[one for one in MEDIA if not one.endswith(".wav")])
def tagged_name(request: pytest.FixtureRequest) -> str:
    """A sound or film that FFmpeg and MediaInfo read tags of; in WAV they skip unknown chunks."""
    return str(request.param)


@pytest.fixture(params=[one for one in NAMES if one.rpartition(".")[2] not in NOT_BY_EXIFTOOL])
def exif_name(request: pytest.FixtureRequest) -> str:
    """A file of which exiftool shows the label."""
    return str(request.param)


class Labelled(NamedTuple):
    """Files before and after a label was written."""

    before: Path
    after: Path


@pytest.fixture(scope="session")
def labelled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Labelled]:
    """A file and the same with the label."""
    target = tmp_path_factory.mktemp("labelled")

    def labelled(name: str) -> Labelled:
        if not (target / name).exists():
            aigc.write(folder / name, target / name, LABEL)
        return Labelled(folder / name, target / name)

    return labelled


@pytest.fixture(scope="session")
def all_labelled(labelled: Callable[[str], Labelled]) -> Path:
    """The folder of all files with labels."""
    for name in NAMES:
        folder = labelled(name).after.parent
    return folder


@pytest.fixture(scope="session")
def by_exiftool(all_labelled: Path) -> dict[str, dict[str, Any]]:
    """What exiftool says of each of these files, in all its ways to find it."""
    command = ["exiftool", "-j", "-ee", *(str(all_labelled / name) for name in NAMES)]
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE).stdout
    return {Path(one["SourceFile"]).name: one for one in json.loads(out)}


@pytest.fixture(scope="session")
def by_mediainfo(all_labelled: Path) -> dict[str, dict[str, Any]]:
    """What MediaInfo says of each of the sounds and films, as a whole."""
    command = ["mediainfo", "--Output=JSON", *(str(all_labelled / name) for name in MEDIA)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return {
        Path(one["media"]["@ref"]).name: one["media"]["track"][0].get("extra", {})
        for one in json.loads(out)
    }
