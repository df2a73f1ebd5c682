"""Several soft bindings in one manifest: marks of pictures and sound, and fingerprints."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest

from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    Signed,
    SoftBinding,
    Trust,
    cbor,
    read,
    sign_detached,
)
from countermark.credentials import claim as claims
from countermark.credentials.lint import Severity, lint
from countermark.credentials.signer import Signer
from countermark.record import Record

PICTURES = SoftBinding.of_payload(7, seconds=12.5)
SOUND = SoftBinding.of_payload(8, algorithm=SOUND_WATERMARK_ALGORITHM, seconds=12)
HASH = SoftBinding(FINGERPRINT_ALGORITHM, bytes(range(32)))
BINDINGS = (HASH, PICTURES, SOUND)


def marks_that_actions_point_to(store: bytes) -> list[list[tuple[str, bytes]]]:
    claim = claims.parse(store)
    data = claim.decoded(claim.assertions["c2pa.actions.v2"])
    return [
        [(item["url"].rpartition("/")[2], item["hash"]) for item in related]
        for action in data["actions"]
        if (related := action.get("parameters", {}).get("relatedAssertions"))
    ]


@pytest.mark.parametrize("media_type", ["video/mp4", "audio/wav", "image/jpeg"])
def test_all_are_written_and_read(
    signed: Callable[..., Signed], sample: Callable[[str], bytes], media_type: str, trust: Trust
) -> None:
    done = signed(media_type, asset=sample(media_type), soft_bindings=BINDINGS)
    manifest = read(io.BytesIO(done.asset), media_type, trust=trust)
    assert manifest is not None
    assert manifest.soft_bindings == BINDINGS
    assert [each.timespan for each in manifest.soft_bindings] == [None, (0, 12500), (0, 12000)]
    assert (manifest.failures, manifest.hard_binding) == ((), "match")
    found = {
        each.rule for each in lint(io.BytesIO(done.asset)) if each.severity is not Severity.NOTE
    }
    assert found <= {"soft-binding-unregistered"}


def test_each_is_an_assertion_of_byte_strings(signed: Callable[..., Signed]) -> None:
    claim = claims.parse(signed(soft_bindings=BINDINGS).manifest)
    found = {
        label: cbor.decode(claim.data(content))
        for label, box in claim.assertions.items()
        if label.startswith("c2pa.soft-binding") and (content := box.content(b"cbor"))
    }
    span = {"timespan": {"start": 0, "end": 12000}}
    assert list(found) == ["c2pa.soft-binding", "c2pa.soft-binding__1", "c2pa.soft-binding__2"]
    assert found["c2pa.soft-binding__2"] == {
        "alg": SOUND_WATERMARK_ALGORITHM,
        "blocks": [{"scope": span, "value": SOUND.value}],
        "pad": b"\0",
    }


def test_one_action_points_to_all_watermarks_and_to_no_fingerprint(
    signed: Callable[..., Signed],
) -> None:
    store = signed(soft_bindings=BINDINGS).manifest
    claim = claims.parse(store)
    labels = ("c2pa.soft-binding__1", "c2pa.soft-binding__2")
    hashes = [
        hashlib.sha256(store[(box := claim.assertions[label]).body : box.end]).digest()
        for label in labels
    ]
    assert marks_that_actions_point_to(store) == [list(zip(labels, hashes, strict=True))]
    assert marks_that_actions_point_to(signed(soft_bindings=[HASH]).manifest) == []


def test_beside_a_file_too(signer: Signer, record: Record) -> None:
    store = sign_detached(io.BytesIO(b"x"), record=record, signer=signer, soft_bindings=BINDINGS)
    assert len(marks_that_actions_point_to(store)[0]) == 2
