"""Files made to cost much: judged within 2 s and 200 MB, or refused, and never a traceback.

Each is judged in a process of its own, whose memory can be measured; this file is the program too.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer.main

from countermark import jumbf
from countermark.credentials import Signed, Trust, containers, read
from countermark.credentials.lint import lint
from countermark.errors import CountermarkError, UnreadableManifest

MAX_SECONDS = 2.0
MAX_MEGABYTES = 200
MANY = 1_000_000

FTYP = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2"
C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
PNG = b"\x89PNG\r\n\x1a\n"
GIF = b"GIF89a\x01\0\x01\0\0\0\0"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'>"
PAGES = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def nested(kind: bytes, depth: int) -> bytes:
    """Boxes in boxes."""
    return b"".join(struct.pack(">I4s", 8 * (depth - at), kind) for at in range(depth))


def app11(instance: int, sequence: int, content: bytes) -> bytes:
    body = b"JP" + struct.pack(">HI", instance, sequence) + content
    return b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body


def synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def id3(version: int, flags: int, frames: bytes, after: bytes = b"\xff\xfb\x90\0") -> bytes:
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(frames)) + frames + after


def compressed_frame(version: int, name: bytes, size: int) -> bytes:
    """A frame of an ID3 tag that grows to `size` bytes."""
    body = struct.pack(">I", size) + zlib.compress(bytes(size), 9)
    length = synchsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name + length + (b"\0\x09" if version == 4 else b"\0\x80") + body


def pdf(*more: bytes, trailer: str = "") -> bytes:
    """A document of one page with more objects; `trailer` may name the place of the table."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate((*PAGES, *more), 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    head = f"<</Size {len(places) + 1}/Root 1 0 R {trailer.format(table=table)}>>"
    out += b"trailer\n%s\nstartxref\n%d\n%%%%EOF" % (head.encode(), table)
    return bytes(out)


def xref_chain(length: int) -> bytes:
    out, former = bytearray(b"%PDF-1.7\n"), 0
    for _ in range(length):
        table = len(out)
        out += b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev %d>>\n" % former
        former = table
    return bytes(out + b"startxref\n%d\n%%%%EOF" % former)


def entities(depth: int, times: int) -> bytes:
    """Each entity is the former one many times."""
    texts = (b"&e%d;" % (at - 1) * times if at else b"x" * 100 for at in range(depth))
    return b"".join(b'<!ENTITY e%d "%s">' % (at, text) for at, text in enumerate(texts))


STORE = box(b"jumb", box(b"jumd", jumbf.STORE_UUID + b"\x03c2pa\0"))
LONG_STORE = struct.pack(">I4s", 2**31, b"jumb") + STORE[8:]
MANIFEST_BOX = C2PA_UUID + bytes(4) + b"manifest\0" + bytes(108)


def pdf_bomb() -> bytes:
    stream = zlib.compress(b"5 0 " + b" " * 300_000_000, 9)
    head = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>" % len(stream)
    return pdf(head + b"stream\n%s\nendstream" % stream)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "mp4 boxes": lambda: FTYP + b"\0\0\0\x08free" * MANY,
    "mp4 boxes inside": lambda: FTYP + box(b"moov", b"\0\0\0\x08free" * MANY),
    "mp4 boxes in meta": lambda: FTYP + box(b"meta", bytes(4) + b"\0\0\0\x08free" * MANY),
    "mp4 boxes, just few enough": lambda: FTYP + b"\0\0\0\x08free" * 11_990,
    "mp4 nested": lambda: FTYP + nested(b"moov", 100_000),
    "mp4 size 0": lambda: FTYP + struct.pack(">I4s", 0, b"uuid") + MANIFEST_BOX,
    "mp4 size 1": lambda: FTYP + struct.pack(">I4sQ", 1, b"uuid", 2**63) + MANIFEST_BOX,
    "mp4 size 1, largest": lambda: FTYP + struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + bytes(99),
    "mp4 size 1, round": lambda: FTYP + struct.pack(">I4sQ", 1, b"free", 2**64 - 24) + bytes(99),
    "mp4 size 2": lambda: FTYP + struct.pack(">I4s", 2, b"moov") + bytes(99),
    "avif nested": lambda: FTYP.replace(b"isom", b"avif") + nested(b"meta", 100_000),
    "jxl boxes": lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x08free" * MANY,
    "jxl brob": lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"brob", b"jumb" + bytes(100)),
    "jxl nested": lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + nested(b"jumb", 100_000),
    "wav chunks": lambda: b"RIFF\x04\x12\x7a\0WAVE" + b"junk\0\0\0\0" * MANY,
    "wav chunks, just few enough": lambda: b"RIFF\x04\x12\x7a\0WAVE" + b"junk\0\0\0\0" * 65_000,
    "wav size": lambda: b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff" + bytes(99),
    "wav size of the store": lambda: b"RIFF\x68\0\0\0WAVEC2PA\0\0\0\x80" + bytes(99),
    "webp size": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8X\xfe\xff\xff\xff" + bytes(99),
    "mp3 sizes": lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7fGEOB\x7f\x7f\x7f\x7f\0\0" + bytes(200),
    "mp3 stuffed": lambda: (
        b"ID3\x03\0\x80\0\0\x7f\x7fGEOB\x7f\x7f\x7f\x7f\0\x80" + b"\xff\0" * 8200
    ),
    "mp3 extended": lambda: b"ID3\x03\0\x40\0\0\x7f\x7f\xff\xff\xff\xff" + b"\xff\0" * 8200,
    "mp3 frames": lambda: id3(4, 0, b"TXXX\0\0\0\0\0\0" * 800_000),
    "mp3 grows": lambda: id3(3, 0, compressed_frame(3, b"GEOB", 200_000_000)),
    "mp3 grows, stuffed": lambda: id3(3, 0x80, compressed_frame(3, b"GEOB", 200_000_000)),
    "mp3 grows, extended": lambda: id3(3, 0x40, compressed_frame(3, b"TXXX", 200_000_000)),
    "flac grows": lambda: id3(4, 0, compressed_frame(4, b"TXXX", 200_000_000), b"fLaC"),
    "mp3 grows little": lambda: id3(4, 0, compressed_frame(4, b"TXXX", 30_000_000)),
    "gif blocks": lambda: GIF + b"\x21\xfe" + b"\x01x" * 10 * MANY + b"\0;",
    "gif blocks of the store": lambda: (
        GIF + b"\x21\xff\x0bC2PA_GIF\x01\0\0" + b"\x01x" * 10 * MANY + b"\0;"
    ),
    "gif blocks of an image": lambda: GIF + b"," + bytes(9) + b"\x08" + b"\x01x" * MANY + b"\0;",
    "gif extensions": lambda: GIF + b"\x21\xfe\0" * 2 * MANY + b";",
    "gif extensions, just few enough": lambda: GIF + b"\x21\xfe\0" * 65_000 + b";",
    "png chunks": lambda: PNG + b"\0\0\0\0tEXt\0\0\0\0" * MANY,
    "png size": lambda: PNG + b"\xff\xff\xff\xffcaBX" + bytes(1000),
    "jpeg segments": lambda: b"\xff\xd8" + b"\xff\xe0\0\2" * MANY,
    "jpeg segments after a scan": lambda: b"\xff\xd8\xff\xda\0\2" + b"\xff\xe0\0\2" * MANY,
    "jpeg fill bytes": lambda: b"\xff\xd8" + b"\xff" * 8 * MANY,
    "jpeg instances": lambda: b"\xff\xd8" + b"".join(app11(n, 1, STORE) for n in range(60_000)),
    "jpeg sequence in itself": lambda: (
        b"\xff\xd8" + b"".join(app11(1, n, LONG_STORE) for n in range(1, 60_000))
    ),
    "jpeg sequence of one number": lambda: b"\xff\xd8" + app11(1, 1, LONG_STORE) * 60_000,
    "tiff sizes": lambda: (
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0xCD41, 7, 2**32 - 1, 8) + bytes(4)
    ),
    "tiff directories": lambda: (
        b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 330, 4, 100_000, 26) + b"\x08\0\0\0" * 100_001
    ),
    "bigtiff sizes": lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**64 - 1) + bytes(200),
    "svg nested": lambda: SVG + b"<g>" * MANY,
    "svg nested, just enough": lambda: SVG + b"<g>" * 4000 + b"</g>" * 4000 + b"</svg>",
    "svg elements": lambda: SVG + b"<g/>" * MANY + b"</svg>",
    "svg attributes": lambda: SVG[:-1] + b"".join(b" a%d=''" % n for n in range(600_000)) + b"/>",
    "svg entities": lambda: b"<!DOCTYPE svg [" + entities(10, 100) + b"]>" + SVG + b"&e9;</svg>",
    "svg entities in an attribute": lambda: (
        b"<!DOCTYPE svg [" + entities(7, 10) + b"]><svg a='&e6;'/>"
    ),
    "svg file outside": lambda: (
        b"<!DOCTYPE svg [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + SVG + b"&f;</svg>"
    ),
    "svg stores": lambda: (
        SVG
        + b"<metadata>"
        + b"<c2pa:manifest>AAAA</c2pa:manifest>" * 300_000
        + b"</metadata></svg>"
    ),
    "svg large store": lambda: (
        SVG + b"<metadata><c2pa:manifest>" + b"AAAA" * 10 * MANY + b"</c2pa:manifest></metadata>"
    ),
    "pdf table of itself": lambda: pdf(trailer="/Prev {table}"),
    "pdf tables": lambda: xref_chain(20_000),
    "pdf size": lambda: pdf().replace(b"/Size 4", b"/Size 4000000000"),
    "pdf streams": lambda: b"%PDF-1.7" + b"stream\r\n" * MANY,
    "pdf streams, just few enough": lambda: b"%PDF-1.7" + b"stream\r\n" * 11_900,
    "pdf nested": lambda: pdf(b"[" * 200_000 + b"]" * 200_000),
    "pdf objects in a bomb": pdf_bomb,
    "pdf names in themselves": lambda: pdf(b"<</Kids[4 0 R]/Names[(x) 4 0 R]>>"),
}


# ---- the process that judges ----
def peak_megabytes() -> float:
    """Since the last call; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    Path("/proc/self/clear_refs").write_text("5")
    return int(found[1]) / 1024 if found else 0.0


def judge(paths: list[str]) -> None:
    """Says what each file cost; verifying it reads its credentials first."""
    from countermark.cli import app

    command = typer.main.get_command(app)

    def costs(path: str) -> list[dict[str, Any]]:
        runs = (partial(command.main, [v, path], standalone_mode=False) for v in ("lint", "verify"))
        return [{"name": Path(path).name, **cost_of(run)} for run in runs]

    costs(os.devnull)  # so that all is imported
    for path in paths:
        if (process := os.fork()) == 0:
            print(*map(json.dumps, costs(path)), sep="\n", flush=True)
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0, path


def cost_of(run: Callable[[], object]) -> dict[str, Any]:
    peak_megabytes()
    begin, error = time.process_time(), ""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            run()
    except (CountermarkError, SystemExit):
        pass
    except BaseException as caught:  # a panic of the library is none of Exception's
        error = f"{type(caught).__name__}: {caught}"
    return {
        "seconds": time.process_time() - begin,
        "megabytes": peak_megabytes(),
        "error": error,
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("hostile")
    paths = [folder / name for name in HOSTILE]
    for path in paths:
        path.write_bytes(HOSTILE[path.name]())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "COUNTERMARK_HOME": str(folder / "home")},
    )
    assert done.returncode == 0, (done.stdout[-300:], done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_costs_little(judged: list[dict[str, Any]], name: str) -> None:
    found = [result for result in judged if result["name"] == name]
    assert len(found) == 2
    for result in found:
        assert result["error"] == "", result
        assert result["seconds"] < MAX_SECONDS, result
        assert result["megabytes"] < MAX_MEGABYTES, result


# ---- what the bounds leave alone ----
def test_fragmented_movie_of_many_parts_is_read(
    signed: Callable[..., Signed], fragmented: bytes, trust: Trust
) -> None:
    whole = signed("video/mp4", asset=fragmented + b"\0\0\0\x08free" * 2000, thumbnail=None).asset
    manifest = read(io.BytesIO(whole), "video/mp4", trust=trust)
    assert manifest is not None
    assert manifest.hard_binding == "match"


@pytest.mark.parametrize("name", ["mp4 boxes inside", "gif blocks of an image", "png chunks"])
def test_refusal_says_why(name: str) -> None:
    content = HOSTILE[name]()
    with pytest.raises(UnreadableManifest, match="more parts"):
        containers.locate(content)
    (finding,) = lint(io.BytesIO(content))
    assert finding.rule == "store-location"
    assert "more parts" in finding.problem


if __name__ == "__main__":
    judge(sys.argv[1:])
