"""The command line of countermark behind the protocol of the conformance kit.

    python tests/conformance/kit.py -- python tests/conformance/implementations/cli.py

Each answer is what a process of `countermark` says. Its commands take many files at once, so all
requests are read first: one process verifies all files under a trust list. What it cannot do is to
embed a payload of one's choice or to read with a key of one's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

COMMAND: Final = (sys.executable, "-m", "countermark")
CAPABILITIES: Final = (
    "detect", "detect-sound", "verify", "inclusion", "consistency",
)  # fmt: skip
SOURCES: Final = {"captured": "digitalCapture", "ai-generated": "trainedAlgorithmicMedia"}
NO_LIST: Final = ""
Report = Mapping[str, Any]
Request = tuple[str, dict[str, str]]


def run(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    """`countermark` with a home folder of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COUNTERMARK_HOME": str(home)},
        check=False,
    )


def png(path: Path, folder: Path) -> Path:
    """The same picture as a file that the command line takes."""
    content = path.read_bytes()
    head = re.match(rb"(P[56])\s+(\d+)\s+(\d+)\s+(\d+)\s", content)
    assert head is not None
    width, height, highest = map(int, head.groups()[1:])
    kind, body = (2 if head[1] == b"P6" else 0), content[head.end() :]
    rows = [body[at : at + len(body) // height] for at in range(0, len(body), len(body) // height)]
    form = struct.pack(">IIBBBBB", width, height, 8 if highest == 255 else 16, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    made = folder / f"{path.name}.png"
    chunks = ((b"IHDR", form), (b"IDAT", data), (b"IEND", b""))
    made.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True))))
    return made


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def reports(trust: str, paths: Sequence[Path], folder: Path) -> dict[Path, Report]:
    """What `countermark verify` says of files, where one trust list counts."""
    home = Path(tempfile.mkdtemp(dir=folder))
    if trust != NO_LIST:
        run("init", home=home).check_returncode()
        run("trust", "add", trust, "--kind", "claim", home=home).check_returncode()
    said = run("verify", "--json", *paths, home=home).stdout.splitlines()
    return {Path(report["file"]): report for report in map(json.loads, said)}


def mark(report: Report) -> str:
    """The payload in a picture or a sound."""
    found = [one for one in report["evidence"] if one["kind"] == "watermark" and one["found"]]
    return f"ok payload={found[0]['payload']}" if found else "none"


def manifest(report: Report) -> str:
    """The state of the manifest in a file."""
    [found] = [one for one in report["evidence"] if one["kind"] == "manifest"]
    if not found["found"] and not found["failures"]:
        return "none"
    holds = found["signature_valid"] and found["assertions_valid"]
    if not holds or found["hard_binding"] != "match":
        return "ok state=invalid"
    state = "trusted" if found["trust"] == "trusted" else "valid"
    return f"ok state={state} digital-source={SOURCES[report['record']['source']]}"


def proof(verb: str, fields: dict[str, str], home: Path) -> str:
    """What `countermark log verify` says of a proof."""
    since = ("--since", fields["old"]) if verb == "consistency" else ()
    done = run("log", "verify", fields["proof"], "--key", fields["key"], *since, home=home)
    if done.returncode:
        return f"refused {' '.join(done.stderr.split())}"
    if verb == "inclusion":
        return f"ok leaf={hashlib.sha256(done.stdout.removesuffix(chr(10)).encode()).hexdigest()}"
    new, old = re.findall(r"\d+", done.stdout)
    return f"ok old={old} new={new}"


def answers(requests: Sequence[Request], folder: Path) -> list[str]:
    """To all requests, in their order."""
    files: list[Path | None] = []
    for verb, fields in requests:
        if verb == "detect":
            files.append(png(Path(fields["picture"]), folder))
        else:
            path = fields.get("sound") or fields.get("file")
            files.append(None if path is None else Path(path))
    lists = sorted({fields.get("trust", NO_LIST) for _, fields in requests})
    asked = [
        [path for (_, fields), path in zip(requests, files, strict=True)
         if path is not None and fields.get("trust", NO_LIST) == trust]
        for trust in lists
    ]  # fmt: skip
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        proofs = {
            number: pool.submit(proof, verb, fields, folder / "home")
            for number, (verb, fields) in enumerate(requests)
            if "proof" in fields
        }
        told = dict(zip(lists, pool.map(reports, lists, asked, [folder] * len(lists)), strict=True))
    said = []
    for number, ((verb, fields), path) in enumerate(zip(requests, files, strict=True)):
        if path is None:
            said.append(proofs[number].result() if number in proofs else "unsupported")
        else:
            report = told[fields.get("trust", NO_LIST)][path]
            said.append(manifest(report) if verb == "verify" else mark(report))
    return said


def main() -> None:
    """Capabilities at once, all else when there is no more."""
    print(f"ok capabilities={','.join(CAPABILITIES)}", flush=True)
    next(sys.stdin)
    requests = []
    for line in sys.stdin:
        verb, *parts = line.split()
        requests.append((verb, dict(part.split("=", 1) for part in parts)))
    with tempfile.TemporaryDirectory() as folder:
        print(*answers(requests, Path(folder)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
