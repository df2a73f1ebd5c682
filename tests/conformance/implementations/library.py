"""countermark's Python package behind the protocol of the conformance kit.

python tests/conformance/kit.py -- python tests/conformance/implementations/library.py
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from countermark import audio, fingerprint, tokens, watermark
from countermark.containers import StreamContent
from countermark.credentials import Trust, read
from countermark.credentials.containers import media_type
from countermark.errors import CountermarkError
from countermark.registry.log import Checkpoint, ConsistencyProof, InclusionProof, NoteVerifier

Fields = Mapping[str, str]
SURE: Final = 1e-6  # a text is marked when chance is less likely to explain it


def picture(path: Path | str) -> npt.NDArray[Any]:
    """The pixels of a P5 or P6 file."""
    content = Path(path).read_bytes()
    head = re.match(rb"(P[56])\s+(\d+)\s+(\d+)\s+(\d+)\s", content)
    assert head is not None
    width, height, highest = map(int, head.groups()[1:])
    kind: Any = np.uint8 if highest == 255 else np.dtype(">u2")
    shape = (height, width, 3) if head[1] == b"P6" else (height, width)
    pixels = np.frombuffer(content, kind, offset=head.end()).reshape(shape)
    return pixels.astype(kind.newbyteorder("=")) if highest != 255 else pixels


def embed(fields: Fields) -> str:
    """Marks a picture."""
    marked = watermark.embed(
        picture(fields["picture"]),
        int(fields["payload"], 16),
        key=bytes.fromhex(fields["key"]),
        strength=float(fields["strength"]),
    )
    kind, highest = ("P6" if marked.ndim == 3 else "P5"), np.iinfo(marked.dtype).max
    head = f"{kind}\n{marked.shape[1]} {marked.shape[0]}\n{highest}\n".encode()
    body = marked.astype(marked.dtype.newbyteorder(">")).tobytes()
    Path(fields["out"]).write_bytes(head + body)
    return "ok"


def detect(fields: Fields) -> str:
    """Reads the mark of a picture."""
    effort: Any = fields["effort"]
    key = bytes.fromhex(fields["key"])
    found = watermark.detect(picture(fields["picture"]), key=key, effort=effort)
    return "none" if found is None else f"ok payload={found.payload:016x}"


def pdq(fields: Fields) -> str:
    """Hashes a picture."""
    found = fingerprint.pdq(picture(fields["picture"]))
    return f"ok hash={found.bits.hex()} quality={found.quality}"


Sound = tuple[npt.NDArray[Any], int, bytes]


def sound(path: str) -> Sound:
    """The samples of a WAV file, its rate and its head: all before the samples."""
    content = Path(path).read_bytes()
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", content[20:36])
    form = {(1, 16): np.dtype("<i2"), (1, 24): np.dtype("V3"), (3, 32): np.dtype("<f4")}[kind, bits]
    return np.frombuffer(content, form, offset=44).reshape(-1, channels), rate, content[:44]


def embed_sound(fields: Fields) -> str:
    """Marks a sound."""
    samples, rate, head = sound(fields["sound"])
    embedder = audio.Embedder(
        int(fields["payload"], 16),
        rate,
        key=bytes.fromhex(fields["key"]),
        strength=float(fields["strength"]),
        low_latency=fields["latency"] == "low",
    )
    parts = [embedder.push(samples), embedder.finish()]
    Path(fields["out"]).write_bytes(head + b"".join(part.tobytes() for part in parts))
    return "ok"


def detect_sound(fields: Fields) -> str:
    """Reads the mark of a sound."""
    samples, rate, _ = sound(fields["sound"])
    effort: Any = fields["effort"]
    found = audio.detect(samples, rate, key=bytes.fromhex(fields["key"]), effort=effort)
    return "none" if found is None else f"ok payload={found.payload:016x}"


def detect_text(fields: Fields) -> str:
    """Reads the mark of a text."""
    numbers = [int(word) for word in Path(fields["tokens"]).read_text().split()]
    found = tokens.detect(numbers, key=bytes.fromhex(fields["key"]))
    return f"ok payload={found.payload:04x}" if found.p_value <= SURE else "none"


def verify(fields: Fields) -> str:
    """Judges the manifest of a file."""
    trust = Trust.from_file(fields["trust"])
    with open(fields["file"], "rb") as file:
        kind = media_type(StreamContent(file))
    assert kind is not None
    manifest = read(Path(fields["file"]), kind, trust=trust)
    if manifest is None:
        return "none"
    holds = manifest.signature_valid and manifest.assertions_valid
    if not holds or manifest.hard_binding != "match":
        return "ok state=invalid"
    state = "trusted" if manifest.trust.value == "trusted" else "valid"
    source = (manifest.digital_source or "").rpartition("/")[2]
    return f"ok state={state} digital-source={source}"


def checkpoint(fields: Fields) -> str:
    """Opens a signed tree head."""
    witnesses = [NoteVerifier.parse(fields["witness"])] if "witness" in fields else []
    found = Checkpoint.open(
        Path(fields["note"]).read_text(encoding="utf-8"),
        NoteVerifier.parse(fields["key"]),
        witnesses=witnesses,
    )
    return f"ok origin={found.origin} size={found.size} root={found.root.hex()}"


def inclusion(fields: Fields) -> str:
    """Checks that a leaf is in a log."""
    members = json.loads(Path(fields["proof"]).read_text(encoding="utf-8"))
    proof = InclusionProof.from_json(json.dumps(members["proof"]))
    proof.check(Checkpoint.open(members["checkpoint"], NoteVerifier.parse(fields["key"])))
    return f"ok leaf={hashlib.sha256(proof.leaf).hexdigest()}"


def consistency(fields: Fields) -> str:
    """Checks that a log continues an older one."""
    key = NoteVerifier.parse(fields["key"])
    members = json.loads(Path(fields["proof"]).read_text(encoding="utf-8"))
    proof = ConsistencyProof.from_json(json.dumps(members["consistency"]))
    old = Checkpoint.open(Path(fields["old"]).read_text(encoding="utf-8"), key)
    new = Checkpoint.open(members["checkpoint"], key)
    proof.check(old, new)
    return f"ok old={old.size} new={new.size}"


VERBS: Final[dict[str, Callable[[Fields], str]]] = {
    "embed": embed,
    "detect": detect,
    "pdq": pdq,
    "embed-sound": embed_sound,
    "detect-sound": detect_sound,
    "detect-text": detect_text,
    "verify": verify,
    "checkpoint": checkpoint,
    "inclusion": inclusion,
    "consistency": consistency,
}
MORE: Final = ("embed-16", "detect-16", "detect-keyed", "detect-sound-keyed", "pdq-16")


def answer(line: str) -> str:
    """To one request."""
    verb, *parts = line.split()
    if verb == "capabilities":
        return f"ok capabilities={','.join((*VERBS, *MORE))}"
    if verb not in VERBS:
        return "unsupported"
    return guarded(VERBS[verb], dict(part.split("=", 1) for part in parts))


def guarded(verb: Callable[[Fields], str], fields: Fields) -> str:
    """Its answer, also where it refuses."""
    try:
        return verb(fields)
    except (CountermarkError, OSError) as error:
        return f"refused {error}"


if __name__ == "__main__":
    for request in sys.stdin:
        print(answer(request).replace("\n", " "), flush=True)
