"""Signed files, and what may be wrong with them."""

from __future__ import annotations

import io
import wave
from datetime import datetime, timezone

import numpy as np
from implementations import library
from making.cases import VECTORS, Cases
from making.certificates import Authority
from making.pictures import photograph
from making.sounds import tune

from countermark.credentials import claim as claims
from countermark.credentials import sign
from countermark.record import DigitalSource, Record, System

MADE = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)


def verifying(cases: Cases) -> None:
    """Two authorities: one is on the list, the other is a stranger."""
    known, stranger = Authority("known"), Authority("stranger")
    (VECTORS / "known.pem").write_bytes(known.pem)
    (VECTORS / "stranger.pem").write_bytes(stranger.pem)
    jpeg = _picture("JPEG")
    generated = Record(
        source=DigitalSource.AI_GENERATED, system=System(name="Example Model"), created=MADE
    )
    taken = Record(source=DigitalSource.CAPTURED, created=MADE)
    cases.group("verify")

    def expect(title: str, name: str, answer: str, trust: str = "known.pem") -> None:
        fields = {"file": str(VECTORS / name), "trust": str(VECTORS / trust)}
        said = library.guarded(library.verify, fields)
        assert said in answer.split(" | "), (title, said)
        cases.add(title, f"verify file={name} trust={trust}", answer)

    right = "ok state=trusted digital-source="
    stores = {}
    for title, name, media_type, content, record, algorithm in (
        ("JPEG, ES256", "signed.jpg", "image/jpeg", jpeg, taken, "es256"),
        ("PNG, Ed25519", "signed.png", "image/png", _picture("PNG"), generated, "ed25519"),
        ("WAV, PS256", "signed.wav", "audio/wav", _sound(), generated, "ps256"),
    ):
        signed = sign(
            io.BytesIO(content), media_type, record=record, signer=known.signer(algorithm)
        )
        (VECTORS / name).write_bytes(signed.asset)
        stores[name] = signed.manifest
        source = record.source.uri.rpartition("/")[2]
        expect(f"as it was signed: {title}", name, f"{right}{source}")
        expect(f"the signer is on no list: {title}", name,
               f"ok state=valid digital-source={source}", "stranger.pem")  # fmt: skip

    whole = (VECTORS / "signed.jpg").read_bytes()
    *_, signature = claims.parse(stores["signed.jpg"]).signature()
    changes = {
        "pixels": _turned(whole, len(whole) - 200),
        "statement": whole.replace(b"digitalCapture", b"digitalArtwork", 1),
        "signature": _turned(whole, whole.index(signature) + 40),
        "appended": whole + b"more",
        "cut": whole[: len(whole) * 9 // 10],
    }
    for name, title in {
        "pixels": "a byte of the picture was changed",
        "statement": "a statement was changed",
        "signature": "a bit of the signature was changed",
        "appended": "something was added to the end",
        "cut": "the end is missing",
    }.items():
        assert changes[name] != whole
        (VECTORS / f"{name}.jpg").write_bytes(changes[name])
        expect(title, f"{name}.jpg", "ok state=invalid")
    (VECTORS / "bare.jpg").write_bytes(jpeg)
    expect("without a manifest", "bare.jpg", "none")


def _turned(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def _picture(form: str) -> bytes:
    stream = io.BytesIO()
    photograph(160, 106).save(stream, form, **({"quality": 80} if form == "JPEG" else {}))
    return stream.getvalue()


def _sound() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.round(tune(1, 8000, 9) * 32767).astype("<i2").tobytes())
    return stream.getvalue()
