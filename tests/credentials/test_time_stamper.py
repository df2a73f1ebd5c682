"""Signing with a time stamper: room, sizes, failures, and what an added time stamp is worth."""

from __future__ import annotations

import hashlib
import io
import random
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from countermark.credentials import (
    Kind,
    Manifest,
    Signed,
    SoftBinding,
    Trust,
    TrustList,
    TrustStatus,
    Unstamped,
    add_time_stamp,
    cbor,
    finishing,
    read,
    read_detached,
    sign_file,
    unstamped,
)
from countermark.credentials import claim as claims
from countermark.errors import (
    CertificateExpired,
    CountermarkError,
    ManifestChanged,
    MissingExtra,
    SigningFailed,
    SourceNotFound,
    TimestampFailed,
    TimeStampMissing,
    TimestampTooLarge,
)
from countermark.keys import TimestampAuthority

ALGORITHMS = ("es256", "es384", "es512", "ps256", "ed25519")


@pytest.fixture
def authority(time_server: Any) -> TimestampAuthority:
    return TimestampAuthority([time_server.url], anchors=time_server.root)


@pytest.fixture
def stamps(time_server: Any) -> TrustList:
    return TrustList(Kind.TIMESTAMP, time_server.root, name="stamps")


class Stamper:
    """Gives bytes, or raises; keeps what it was to stamp."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.messages: list[bytes] = []

    def stamp(self, message: bytes) -> bytes:
        self.messages.append(message)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def judged(asset: bytes | Path, trust: Trust, media_type: str = "image/jpeg") -> Manifest:
    source = asset if isinstance(asset, Path) else io.BytesIO(asset)
    manifest = read(source, media_type, trust=trust)
    assert manifest is not None
    return manifest


def parts(store: bytes) -> tuple[bytes, Any, bytes]:
    """Protected header, unprotected header and signature of the active manifest."""
    protected, _, unprotected, signature = claims.parse(store).signature()
    return protected, unprotected, signature


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_time_is_proven_for_every_algorithm(
    algorithm: str,
    signed: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    trust_in: Callable[..., Trust],
    authority: TimestampAuthority,
    stamps: TrustList,
) -> None:
    signer = signer_to_order(algorithm)
    asset = signed(signer=signer, time_stamper=authority).asset
    manifest = judged(asset, Trust(lists=(*trust_in(signer).lists, stamps)))
    assert (manifest.trust, manifest.failures) == (TrustStatus.TRUSTED, ())
    assert manifest.signed_at is not None
    assert datetime.now(timezone.utc) - manifest.signed_at < timedelta(minutes=5)
    assert len(signer.signed) == 1


def test_what_is_stamped_is_the_whole_signature(signed: Callable[..., Signed]) -> None:
    """C2PA 2.2, section 10.3.2.5: a countersignature over the byte string, its head included."""
    stamper = Stamper(b"token")
    protected, unprotected, signature = parts(signed(time_stamper=stamper).manifest)
    payload = b"\x58\x40" + signature
    head = b"\x84" + b"\x70CounterSignature" + cbor.encode(protected) + b"\x40" + b"\x58\x42"
    assert stamper.messages == [head + payload]
    (token,) = unprotected["sigTst2"]["tstTokens"]
    assert token["val"] == b"token"


def test_files_without_time_stamp_do_not_grow(signed: Callable[..., Signed]) -> None:
    assert len(parts(signed().manifest)[1]["pad"]) < 1100


def test_every_length_of_token_keeps_the_store_where_it_is(signed: Callable[..., Signed]) -> None:
    """Some lengths take two byte strings of padding, because their heads grow in steps."""
    plain = signed(time_stamper=Stamper(b"")).manifest
    _, unprotected, _ = parts(plain)
    bare = len(unprotected["pad"])
    seen = set()
    for length in (0, 1, 23, 24, 255, 256, *range(bare - 300, bare - 2)):
        store = finishing.with_time_stamp(plain, bytes(length))
        _, header, _ = parts(store)
        assert len(store) == len(plain)
        assert header["sigTst2"]["tstTokens"][0]["val"] == bytes(length)
        seen.add(tuple(name for name in header if name.startswith("pad")))
    assert seen == {("pad",), ("pad", "pad2")}
    for length in (bare + 10, bare * 10):
        with pytest.raises(TimestampTooLarge, match="does not fit"):
            finishing.with_time_stamp(plain, bytes(length))


def test_manifest_over_several_jpeg_segments_is_stamped(
    signed: Callable[..., Signed],
    trust: Trust,
    authority: TimestampAuthority,
    stamps: TrustList,
    thumbnail: Callable[..., bytes],
    tmp_path: Path,
    signer: Any,
) -> None:
    large = thumbnail(900, 95)
    assert len(large) > 0xFFFF
    done = signed(thumbnail=large, time_stamper=authority)
    everyone = Trust(lists=(*trust.lists, stamps))
    manifest = judged(done.asset, everyone)
    assert (manifest.thumbnail, manifest.failures) == (large, ())
    assert manifest.soft_bindings == (SoftBinding.of_payload(0xFEDCBA9876543210),)
    assert manifest.signed_at is not None
    path = tmp_path / "large.jpg"
    path.write_bytes(signed(thumbnail=large).asset)
    missing = unstamped(judged(path, everyone).bytes)
    assert missing is not None
    add_time_stamp(path, "image/jpeg", missing, time_stamper=authority, signer=lambda: signer)
    updated = judged(path, everyone)
    assert (updated.is_update, updated.trust) == (True, TrustStatus.TRUSTED)
    assert updated.signed_at is not None


def test_first_server_is_dead_and_second_lives(
    signed: Callable[..., Signed], trust: Trust, time_server: Any, stamps: TrustList
) -> None:
    urls = ["http://127.0.0.1:1/", time_server.url]
    authority = TimestampAuthority(urls, anchors=time_server.root)
    manifest = judged(signed(time_stamper=authority).asset, Trust(lists=(*trust.lists, stamps)))
    assert manifest.signed_at is not None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (TimestampFailed("All servers sleep.", remedy="Wake them."), "All servers sleep"),
        (OSError("no network"), "OSError: no network"),
        (bytes(20_000), "does not fit"),
    ],
    ids=["none answers", "foreign error", "too large"],
)
def test_without_time_stamp_the_file_is_signed_with_a_warning(
    signed: Callable[..., Signed], trust: Trust, answer: bytes | Exception, reason: str
) -> None:
    with pytest.warns(TimeStampMissing, match=reason) as warned:
        done = signed(time_stamper=Stamper(answer))
    assert warned[0].filename.endswith("conftest.py")  # where `sign` was called
    assert judged(done.asset, trust).trust is TrustStatus.TRUSTED
    _, unprotected, signature = parts(done.manifest)
    assert "sigTst2" not in unprotected
    assert unstamped(done.manifest) == Unstamped(claims.parse(done.manifest).label, signature)


def test_authority_that_would_spoil_the_manifest_is_left_out(
    signed: Callable[..., Signed], trust: Trust, time_server_to_order: Callable[..., Any]
) -> None:
    """Its certificate lacks a key usage; the library then calls the claim signer's invalid."""
    server = time_server_to_order(fit=False)
    authority = TimestampAuthority([server.url], anchors=server.root)
    with pytest.warns(TimeStampMissing, match="makes the manifest invalid"):
        done = signed(time_stamper=authority)
    assert server.asked == 1
    assert judged(done.asset, trust).trust is TrustStatus.TRUSTED


def test_what_is_no_failure_of_servers_is_still_an_error(signed: Callable[..., Signed]) -> None:
    with pytest.raises(MissingExtra):
        signed(time_stamper=Stamper(MissingExtra("No client.", remedy="Install one.")))


# ---- added later ----
def signed_without(path: Path, asset: bytes, signer: Any, record: Any) -> Unstamped:
    path.write_bytes(asset)
    missing = unstamped(sign_file(path, path, "image/jpeg", record=record, signer=signer))
    assert missing is not None
    return missing


def wait_for_the_end_of(certificate: x509.Certificate) -> None:
    left = certificate.not_valid_after_utc - datetime.now(timezone.utc)
    time.sleep(max(0, left.total_seconds()) + 1)


@pytest.mark.filterwarnings("ignore::countermark.errors.CertificateExpiresSoon")
def test_added_time_stamp_outlives_the_certificate(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    signer_to_order: Callable[..., Any],
    crl_to_order: Callable[..., bytes],
    trust_in: Callable[..., Trust],
    authority: TimestampAuthority,
    stamps: TrustList,
) -> None:
    """Of two files by a signer whose certificate ends, one is stamped in time."""
    short = signer_to_order(end=timedelta(seconds=8))
    asset = photograph("image/jpeg")
    missing = signed_without(tmp_path / "stamped", asset, short, record)
    late = signed_without(tmp_path / "late", asset, short, record)
    updated_only = tmp_path / "updated only"
    updated_only.write_bytes((tmp_path / "late").read_bytes())
    add = {"time_stamper": authority, "signer": lambda: signer}
    assert add_time_stamp(tmp_path / "stamped", "image/jpeg", missing, **add)
    wait_for_the_end_of(short.chain[0])

    lists = trust_in(short, signer).lists
    both = Trust(lists=(*lists, stamps))
    manifest = judged(tmp_path / "stamped", both)
    assert (manifest.trust, manifest.failures) == (TrustStatus.TRUSTED, ())
    assert manifest.signed_at is not None
    assert manifest.signed_at < short.chain[0].not_valid_after_utc
    assert judged(tmp_path / "stamped", Trust(lists=lists)).trust is TrustStatus.EXPIRED
    wrong = TrustList(Kind.CLAIM, stamps.pem)
    assert judged(tmp_path / "stamped", Trust(lists=(*lists, wrong))).trust is TrustStatus.EXPIRED
    # Whoever signs an update does not stand in for whom they add to, nor the other way.
    for one in (short, signer):
        only = Trust(lists=(*trust_in(one).lists, stamps))
        assert judged(tmp_path / "stamped", only).trust is TrustStatus.UNTRUSTED
    # Revoked before the proven time, and after it.
    for minutes, expected in ((-60, TrustStatus.REVOKED), (60, TrustStatus.TRUSTED)):
        at = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        crl = crl_to_order(short.chain[1], short.issuer_key, short.chain[0], at)
        trust = Trust(lists=both.lists, revocation_lists=(crl,))
        assert judged(tmp_path / "stamped", trust).trust is expected

    content = (tmp_path / "late").read_bytes()
    with pytest.raises(CertificateExpired, match="run out"):
        add_time_stamp(tmp_path / "late", "image/jpeg", late, **add)
    assert (tmp_path / "late").read_bytes() == content


def test_token_of_another_manifest_proves_nothing(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    trust: Trust,
    authority: TimestampAuthority,
    stamps: TrustList,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An update that adds, under the right label, a time stamp of something else."""
    missing = signed_without(tmp_path / "file", photograph("image/jpeg"), signer, record)
    other = hashlib.sha256(b"another signature").digest()

    class Confused:
        def stamp(self, message: bytes) -> bytes:
            return authority.stamp(other if message == missing.signature else message)

    add_time_stamp(
        tmp_path / "file",
        "image/jpeg",
        missing,
        time_stamper=Confused(),
        signer=lambda: signer,
    )
    manifest = judged(tmp_path / "file", Trust(lists=(*trust.lists, stamps)))
    assert manifest.signed_at is not None  # of the update, which holds the hash of the earlier one
    assert "added later" not in manifest.explanation


def test_countersignature_over_the_signature_is_read_too(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    trust: Trust,
    authority: TimestampAuthority,
    stamps: TrustList,
) -> None:
    """The other reading of C2PA 2.2, section 18.17.3."""
    missing = signed_without(tmp_path / "file", photograph("image/jpeg"), signer, record)
    protected = parts(judged(tmp_path / "file", trust).bytes)[0]
    literal = cbor.encode(["CounterSignature", protected, b"", missing.signature])

    class Literal:
        def stamp(self, message: bytes) -> bytes:
            return authority.stamp(literal if message == missing.signature else message)

    add_time_stamp(
        tmp_path / "file", "image/jpeg", missing, time_stamper=Literal(), signer=lambda: signer
    )
    manifest = judged(tmp_path / "file", Trust(lists=(*trust.lists, stamps)))
    assert "added later" in manifest.explanation
    detached = read_detached(manifest.bytes, trust=Trust(lists=(*trust.lists, stamps)))
    assert detached.signed_at == manifest.signed_at


def test_file_that_is_not_as_it_was_signed_gets_no_time_stamp(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    authority: TimestampAuthority,
    time_server: Any,
) -> None:
    path = tmp_path / "file"
    missing = signed_without(path, photograph("image/jpeg"), signer, record)
    whole = path.read_bytes()
    changed = whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:]
    again = tmp_path / "again"
    signed_without(again, photograph("image/jpeg"), signer, record)
    cases: list[tuple[type[CountermarkError], str, bytes | None]] = [
        (ManifestChanged, "was changed", changed),
        (ManifestChanged, "carries no manifest", photograph("image/jpeg")),
        (ManifestChanged, "another manifest", again.read_bytes()),
        (SourceNotFound, "cannot be read", None),
    ]
    for error, reason, content in cases:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(error, match=reason):
            add_time_stamp(
                path, "image/jpeg", missing, time_stamper=authority, signer=lambda: signer
            )
        if content is None:
            assert not path.exists()
        else:
            assert path.read_bytes() == content
    assert time_server.asked == 0
    assert {entry.name for entry in tmp_path.iterdir()} == {"again"}


def test_authority_that_is_unfit_adds_nothing(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    time_server_to_order: Callable[..., Any],
) -> None:
    server = time_server_to_order(fit=False)
    authority = TimestampAuthority([server.url], anchors=server.root)
    path = tmp_path / "file"
    missing = signed_without(path, photograph("image/jpeg"), signer, record)
    content = path.read_bytes()
    with pytest.raises(SigningFailed, match=r"signingCredential\.invalid"):
        add_time_stamp(path, "image/jpeg", missing, time_stamper=authority, signer=lambda: signer)
    assert path.read_bytes() == content


def test_no_warning_where_there_is_a_time_stamp(
    signed: Callable[..., Signed], authority: TimestampAuthority
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", TimeStampMissing)
        assert unstamped(signed(time_stamper=authority).manifest) is None


def test_no_changed_byte_of_what_was_updated_passes(
    tmp_path: Path,
    photograph: Callable[[str], bytes],
    record: Any,
    signer: Any,
    trust: Trust,
    authority: TimestampAuthority,
    stamps: TrustList,
) -> None:
    """Also not in the header that nothing signs: the update holds a hash of all of it."""
    path = tmp_path / "file"
    missing = signed_without(path, photograph("image/jpeg"), signer, record)
    first = len(judged(path, trust).bytes)
    store = add_time_stamp(
        path, "image/jpeg", missing, time_stamper=authority, signer=lambda: signer
    )
    assert store is not None
    everyone = Trust(lists=(*trust.lists, stamps))
    whole = read_detached(store, trust=everyone)
    assert (whole.assertions_valid, whole.trust) == (True, TrustStatus.TRUSTED)
    chance = random.Random(2026)
    for _ in range(200):
        mutant = bytearray(store)
        mutant[chance.randrange(8, first)] ^= 1 << chance.randrange(8)
        found = read_detached(bytes(mutant), trust=everyone)
        assert not (found.signature_valid and found.assertions_valid)
