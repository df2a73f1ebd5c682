"""The folder of trust lists: official lists, private ones, revocation lists, and their changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from countermark import files
from countermark.credentials import Kind, Signed, TrustStatus, TrustStore, read_detached
from countermark.credentials.trust_store import fingerprint
from countermark.errors import DestinationNotWritable, InvalidArgument, UnusableTrust

TODAY = date(2026, 11, 26)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """A PEM file with those certificates."""

    def file(*certificates: x509.Certificate) -> Path:
        path = tmp_path / "given.pem"
        path.write_bytes(pem(*certificates))
        return path

    return file


def count(store: TrustStore, kind: Kind) -> int:
    return sum(len(listed.certificates) for listed in store.trust().of(kind))


def test_official_lists_are_in_the_package() -> None:
    store = TrustStore(None)
    claim, stamps = store.trust().lists
    assert (claim.kind, len(claim.certificates)) == (Kind.CLAIM, 30)
    assert (stamps.kind, len(stamps.certificates)) == (Kind.TIMESTAMP, 22)
    assert claim.official
    for official in store.official():
        assert official.published == date(2026, 8, 21)
        assert "conformance-public" in official.source
        assert official.age_days(TODAY) == 97


def test_official_list_vouches_for_nobody_of_ours(signed_files: dict[str, Signed]) -> None:
    manifest = read_detached(signed_files["image/jpeg"].manifest, trust=TrustStore(None).trust())
    assert manifest.trust is TrustStatus.UNTRUSTED


@pytest.mark.parametrize("kind", [Kind.CLAIM, Kind.TIMESTAMP, Kind.IDENTITY])
def test_added_anchor_counts_for_its_kind_alone(
    store: TrustStore,
    file: Callable[..., Path],
    kind: Kind,
    signer: Any,
    signed_files: dict[str, Signed],
) -> None:
    before = {other: count(store, other) for other in Kind}
    assert store.add(file(signer.root), kind) == (signer.root,)
    assert store.add(file(signer.root), kind) == ()
    assert {other: count(store, other) - before[other] for other in Kind} == {
        other: int(other is kind) for other in Kind
    }
    manifest = read_detached(signed_files["image/jpeg"].manifest, trust=store.trust())
    assert (manifest.trust is TrustStatus.TRUSTED) is (kind is Kind.CLAIM)
    assert manifest.trusted_by == ("your own list" if kind is Kind.CLAIM else None)


def test_added_signer_is_trusted_and_vouches_for_nobody(
    store: TrustStore,
    file: Callable[..., Path],
    signer: Any,
    signer_to_order: Callable[..., Any],
    signed: Callable[..., Signed],
) -> None:
    store.add(file(signer.chain[0]), Kind.SIGNER)
    mine, other = signed(), signed(signer=signer_to_order())
    assert read_detached(mine.manifest, trust=store.trust()).trust is TrustStatus.TRUSTED
    assert read_detached(other.manifest, trust=store.trust()).trust is TrustStatus.UNTRUSTED


def test_certificates_that_do_not_fit_their_list_are_refused(
    store: TrustStore, file: Callable[..., Path], signer: Any
) -> None:
    for kind in Kind:
        wrong = signer.root if kind is Kind.SIGNER else signer.chain[0]
        with pytest.raises(UnusableTrust, match="nobody"):
            store.add(file(wrong), kind)
    assert not (store.folder or Path()).exists()


def test_removed_private_anchor_is_gone(
    store: TrustStore, file: Callable[..., Path], signer: Any, signer_to_order: Callable[..., Any]
) -> None:
    other = signer_to_order().root
    store.add(file(signer.root, other), Kind.CLAIM)
    ((found, title),) = store.remove(fingerprint(signer.root)[:12].upper())
    assert (found, title) == (signer.root, "your own list")
    assert signer.root not in store.trust().certificates
    assert other in store.trust().certificates
    store.remove(fingerprint(other))
    assert count(store, Kind.CLAIM) == 30


def test_removed_official_anchor_stays_removed(
    store: TrustStore, file: Callable[..., Path]
) -> None:
    claim, stamps = store.trust().lists
    first = next(each for each in claim.certificates if each not in stamps.certificates)
    colons = ":".join(fingerprint(first)[i : i + 2] for i in range(0, 64, 2))
    ((_, title),) = store.remove(colons)
    assert title == "C2PA trust list of 2026-08-21"
    assert first not in store.trust().certificates
    whole = TrustStore(None).trust().certificates
    change = store.update(file(*whole), Kind.CLAIM, today=TODAY)
    assert change.kept_out == (first,)
    assert count(store, Kind.CLAIM) == 29
    store.add(file(first), Kind.CLAIM)  # by one's own word again
    assert count(store, Kind.CLAIM) == 30


@pytest.mark.parametrize("stated", ["", "12345", "ffffffffffff", "no number"])
def test_unknown_or_short_fingerprints_remove_nothing(store: TrustStore, stated: str) -> None:
    with pytest.raises(InvalidArgument, match="fingerprint"):
        store.remove(stated)


def test_anchor_of_the_trust_file_is_not_half_removed(
    tmp_path: Path, file: Callable[..., Path], signer: Any
) -> None:
    path = tmp_path / "trust.pem"
    path.write_bytes(pem(signer.root))
    store = TrustStore(tmp_path / "trust", anchors=path)
    assert signer.root in store.trust().certificates
    for _ in range(2):  # on that list alone, then on another one too
        before = store.trust()
        with pytest.raises(InvalidArgument, match="stands in"):
            store.remove(fingerprint(signer.root))
        assert store.trust() == before
        store.add(file(signer.root), Kind.CLAIM)


def test_update_tells_what_changes_and_keeps_the_former_list(
    store: TrustStore, file: Callable[..., Path], signer: Any, signer_to_order: Callable[..., Any]
) -> None:
    whole = TrustStore(None).trust().certificates
    change = store.update(file(*whole[1:], signer.root), Kind.CLAIM, today=TODAY)
    assert (change.added, change.removed, change.kept_out) == ((signer.root,), (whole[0],), ())
    (listed,) = store.trust().of(Kind.CLAIM)
    assert listed.title == "C2PA trust list of 2026-11-26"
    assert listed.official
    other = signer_to_order().root
    change = store.update(file(other), Kind.CLAIM, today=TODAY + timedelta(days=1))
    assert (change.added, len(change.removed)) == ((other,), 30)
    assert store.trust().certificates == (other,)
    assert store.folder is not None
    assert len(list(store.folder.glob("claim-2026-11-2*.pem"))) == 2  # the former one too
    assert count(store, Kind.TIMESTAMP) == 22


def test_older_list_does_not_displace_a_newer_one_of_the_package(
    store: TrustStore, file: Callable[..., Path], signer: Any
) -> None:
    store.update(file(signer.root), Kind.CLAIM, today=date(2026, 8, 20))
    assert count(store, Kind.CLAIM) == 30
    store.update(file(signer.root), Kind.CLAIM, today=date(2026, 8, 21))
    assert count(store, Kind.CLAIM) == 1


def test_failed_update_changes_nothing(
    store: TrustStore,
    file: Callable[..., Path],
    signer: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.update(file(signer.root), Kind.CLAIM, today=TODAY)
    before = store.trust()
    bad = tmp_path / "bad.pem"
    for content in (b"", b"no certificate", pem(signer.root).replace(b"M", b"N")):
        bad.write_bytes(content)
        with pytest.raises(UnusableTrust):
            store.update(bad, Kind.CLAIM, today=TODAY)
    with pytest.raises(UnusableTrust):
        store.update(file(signer.chain[0]), Kind.CLAIM, today=TODAY)
    with pytest.raises(InvalidArgument):
        store.update(file(signer.chain[0]), Kind.SIGNER, today=TODAY)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for step in range(2):  # at the certificates, at the metadata
        calls = iter([files._sync] * step + [full] * 9)
        write = files._sync
        monkeypatch.setattr(files, "_sync", lambda *a, calls=calls: next(calls)(*a))
        with pytest.raises(DestinationNotWritable):
            store.update(file(signer.chain[1]), Kind.CLAIM, today=TODAY)
        monkeypatch.setattr(files, "_sync", write)
        assert store.trust() == before


def test_without_a_folder_nothing_can_be_changed(file: Callable[..., Path], signer: Any) -> None:
    with pytest.raises(DestinationNotWritable, match="init"):
        TrustStore(None).add(file(signer.root), Kind.CLAIM)


@pytest.mark.parametrize("content", ["{", "[]", '{"claim": 1}', '{"claim": {}}', '{"removed": 1}'])
def test_damaged_metadata_is_said(store: TrustStore, content: str) -> None:
    assert store.folder is not None
    store.folder.mkdir()
    (store.folder / "official.json").write_text(content)
    with pytest.raises(UnusableTrust, match="damaged"):
        store.trust()


def test_metadata_reads_no_file_outside_the_folder(
    store: TrustStore, file: Callable[..., Path], signer: Any
) -> None:
    path = file(signer.root)
    assert store.folder is not None
    store.folder.mkdir()
    entry = {"name": "x", "file": f"../{path.name}", "date": "2026-11-26", "source": "x"}
    (store.folder / "official.json").write_text(json.dumps({"claim": entry}))
    with pytest.raises(UnusableTrust, match="cannot be read"):
        store.trust()


def test_revocation_list_in_the_folder_counts(
    store: TrustStore,
    file: Callable[..., Path],
    signer: Any,
    signed_files: dict[str, Signed],
    crl_to_order: Callable[..., bytes],
) -> None:
    store.add(file(signer.root), Kind.CLAIM)
    manifest = signed_files["image/jpeg"].manifest
    assert store.folder is not None
    (store.folder / "revoked").mkdir()
    path = store.folder / "revoked" / "intermediate.crl"
    listed = crl_to_order(signer.chain[1], signer.issuer_key, signer.chain[0])
    in_pem = x509.load_der_x509_crl(listed).public_bytes(serialization.Encoding.PEM)
    for content in (listed, in_pem):
        assert read_detached(manifest, trust=store.trust()).trust is TrustStatus.TRUSTED
        path.write_bytes(content)
        assert read_detached(manifest, trust=store.trust()).trust is TrustStatus.REVOKED
        path.unlink()


def test_unreadable_revocation_list_is_said(store: TrustStore) -> None:
    assert store.folder is not None
    (store.folder / "revoked").mkdir(parents=True)
    (store.folder / "revoked" / "x.crl").write_bytes(b"no list")
    with pytest.raises(UnusableTrust, match="revocation list"):
        store.trust()
