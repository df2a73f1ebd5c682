"""Time stamps in every container: taken when signing, and added later where no server answered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c2pa  # type: ignore[import-untyped]
import cbor2
import pytest

from countermark.credentials import (
    Kind,
    Signed,
    SoftBinding,
    Trust,
    TrustList,
    TrustStatus,
    add_time_stamp,
    library,
    read,
    sign_file,
    unstamped,
)
from countermark.credentials import claim as claims
from countermark.credentials.lint import lint
from countermark.errors import TimeStampMissing
from countermark.keys import TimestampAuthority

BINDING = SoftBinding.of_payload(0xFEDCBA9876543210)
UPDATED = ("image/gif", "image/jpeg", "image/jxl", "image/png", "image/svg+xml")
Sample = Callable[[str], bytes]


@pytest.fixture
def authority(time_server: Any) -> TimestampAuthority:
    return TimestampAuthority([time_server.url], anchors=time_server.root)


@pytest.fixture
def trust_in_time(trust: Trust, time_server: Any) -> Trust:
    stamps = TrustList(Kind.TIMESTAMP, time_server.root, name="stamps")
    return Trust(lists=(*trust.lists, stamps))


def judged_by_the_library(asset: bytes, media_type: str, trust: Trust) -> tuple[str, set[str]]:
    with c2pa.Reader(media_type, io.BytesIO(asset), context=library.context(trust)) as reader:
        found = json.loads(reader.json())
    success = found["validation_results"]["activeManifest"]["success"]
    return found["validation_state"], {entry["code"] for entry in success}


def test_time_is_proven_in_every_container(
    sample: Sample,
    signed: Callable[..., Signed],
    signed_samples: Callable[[str], Signed],
    signer: Any,
    authority: TimestampAuthority,
    time_server: Any,
    trust_in_time: Trust,
    media_type: str,
) -> None:
    used = len(signer.signed)
    stamped = signed(media_type, asset=sample(media_type), thumbnail=None, time_stamper=authority)
    assert (len(signer.signed) - used, time_server.asked) == (1, 1)
    manifest = read(io.BytesIO(stamped.asset), media_type, trust=trust_in_time)
    assert manifest is not None
    assert (manifest.trust, manifest.hard_binding) == (TrustStatus.TRUSTED, "match")
    assert manifest.failures == ()
    assert manifest.soft_bindings == (BINDING,)
    assert manifest.signed_at is not None
    assert manifest.time_stamped_by == "Clock, Example Ltd"
    state, codes = judged_by_the_library(stamped.asset, media_type, trust_in_time)
    assert state == "Trusted"
    assert {"timeStamp.validated", "timeStamp.trusted"} <= codes
    assert unstamped(stamped.manifest) is None
    without = signed_samples(media_type).manifest
    assert len(stamped.manifest) - len(without) < 10_000
    assert len(without) < 5_000


def test_missing_time_is_added_to_every_container(
    tmp_path: Path,
    sample: Sample,
    signer: Any,
    record: Any,
    authority: TimestampAuthority,
    time_server: Any,
    trust_in_time: Trust,
    media_type: str,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(sample(media_type))
    time_server.answers = False
    with pytest.warns(TimeStampMissing, match="HTTP 503"):
        store = sign_file(
            path,
            path,
            media_type,
            record=record,
            signer=signer,
            soft_bindings=[BINDING],
            time_stamper=authority,
        )
    time_server.answers = True
    missing = unstamped(store)
    assert missing is not None
    used = len(signer.signed)
    stamped = add_time_stamp(
        path, media_type, missing, time_stamper=authority, signer=lambda: signer
    )
    assert stamped is not None
    manifest = read(path, media_type, trust=trust_in_time)
    assert manifest is not None
    assert manifest.bytes == stamped
    assert (manifest.trust, manifest.hard_binding) == (TrustStatus.TRUSTED, "match")
    assert (manifest.failures, manifest.ingredient_failures) == ((), ())
    assert (manifest.soft_bindings, manifest.record) == ((BINDING,), record)
    assert manifest.signed_at is not None
    assert manifest.time_stamped_by == "Clock, Example Ltd"
    assert manifest.is_update == (media_type in UPDATED)
    assert ("added later" in manifest.explanation) == manifest.is_update
    assert len(signer.signed) - used == manifest.is_update
    if not manifest.is_update:
        assert len(stamped) == len(store)
    state, codes = judged_by_the_library(path.read_bytes(), media_type, trust_in_time)
    assert state == "Trusted"
    assert "timeStamp.trusted" in codes

    found = lint(path)
    assert {finding.rule for finding in found} <= {"soft-binding-unregistered", "thumbnail-missing"}

    content = path.read_bytes()
    again = add_time_stamp(path, media_type, missing, time_stamper=authority, signer=lambda: signer)
    assert again is None
    assert path.read_bytes() == content


def test_update_manifest_is_one_of_the_standard(
    tmp_path: Path,
    sample: Sample,
    signer: Any,
    record: Any,
    authority: TimestampAuthority,
) -> None:
    """C2PA 2.2, sections 11.2.3 and 18.17; the token is over the bytes of the signature alone."""
    path = tmp_path / "file"
    path.write_bytes(sample("image/png"))
    store = sign_file(path, path, "image/png", record=record, signer=signer)
    missing = unstamped(store)
    assert missing is not None
    stamped = add_time_stamp(
        path, "image/png", missing, time_stamper=authority, signer=lambda: signer
    )
    assert stamped is not None
    assert stamped[8 : len(store)] == store[8:]  # the earlier manifest, byte for byte
    claim = claims.parse(stamped)
    assert claim.is_update
    assert set(claim.assertions) == {"c2pa.actions.v2", "c2pa.ingredient.v3", "c2pa.time-stamp"}
    assert "sigTst2" in claim.signature()[2]
    at = stamped.rindex(b"c2pa.time-stamp\0")
    start = stamped.index(b"cbor", at)
    length = int.from_bytes(stamped[start - 4 : start], "big")
    data = cbor2.loads(stamped[start + 4 : start - 4 + length])
    assert list(data) == [missing.manifest]
    assert isinstance(data[missing.manifest], bytes)
