"""Proven times: real time stamps by `openssl ts`, asked for over HTTP by the library itself."""

from __future__ import annotations

import io
import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import c2pa  # type: ignore[import-untyped]
import pytest
from asn1crypto import cms  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from countermark.credentials import (
    Kind,
    Manifest,
    Signed,
    Trust,
    TrustList,
    TrustStatus,
    paths,
    read,
    read_detached,
    timestamps,
)
from countermark.credentials import claim as claims
from countermark.record import DigitalSource, Record

STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
CONFIGURATION = """
[tsa]
default_tsa = here
[here]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/chain.pem
certs = {folder}/chain.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A time-stamping authority on this machine."""

    url: str
    leaf: x509.Certificate
    root: x509.Certificate
    root_key: Any

    def trusted(self, kind: Kind = Kind.TIMESTAMP) -> TrustList:
        return TrustList(kind, pem(self.root), name="stamps")


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


def key_pem(key: Any) -> bytes:
    return bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def serve(folder: Path) -> HTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = ["openssl", "ts", "-reply", "-config", folder / "conf", "-queryfile", query]
            reply = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    return HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture(scope="module")
def authority_to_order(
    tmp_path_factory: pytest.TempPathFactory, certificate_to_order: Callable[..., x509.Certificate]
) -> Iterator[Callable[..., Authority]]:
    """An authority with a certificate as in `certify`; all of them stop with the module."""
    running: list[tuple[HTTPServer, Thread]] = []

    def make(**leaf: Any) -> Authority:
        folder = tmp_path_factory.mktemp("tsa")
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = certificate_to_order("stamps root", root_key, authority=True)
        form = {"purposes": (), "critical": [STAMPING], **leaf}
        certificate = certificate_to_order("stamps", key, (root, root_key), **form)
        (folder / "key.pem").write_bytes(key_pem(key))
        (folder / "chain.pem").write_bytes(pem(certificate, root))
        (folder / "serial").write_text("01\n")
        (folder / "conf").write_text(CONFIGURATION.format(folder=folder))
        server = serve(folder)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        running.append((server, thread))
        return Authority(f"http://127.0.0.1:{server.server_port}/", certificate, root, root_key)

    yield make
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def authority(authority_to_order: Callable[..., Authority]) -> Authority:
    return authority_to_order()


@pytest.fixture(scope="module")
def stamped(photograph: Callable[[str], bytes]) -> Callable[[Any, Authority], bytes]:
    """A photograph signed by the library alone, with a time stamp, as other tools do it."""

    def stamp(signer: Any, authority: Authority) -> bytes:
        definition = {
            "claim_generator_info": [{"name": "another tool", "version": "1"}],
            "assertions": [
                {
                    "label": "c2pa.actions.v2",
                    "data": {
                        "actions": [
                            {
                                "action": "c2pa.created",
                                "digitalSourceType": "http://cv.iptc.org/newscodes/"
                                "digitalsourcetype/digitalCapture",
                            }
                        ]
                    },
                }
            ],
        }
        credential = c2pa.C2paSignerInfo(
            b"es256", signer.certificate_chain, key_pem(signer.key), authority.url.encode()
        )
        settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {}}}
        settings["builder"]["thumbnail"]["enabled"] = False
        out = io.BytesIO()
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(definition, context=context) as builder,
            c2pa.Signer.from_info(credential) as library_signer,
        ):
            source = io.BytesIO(photograph("image/jpeg"))
            builder.sign(library_signer, "image/jpeg", source, out)
        return out.getvalue()

    return stamp


@pytest.fixture(scope="module")
def asset(signer: Any, authority: Authority, stamped: Callable[..., bytes]) -> bytes:
    """Signed by `signer`, stamped by `authority`, both in their time."""
    return stamped(signer, authority)


def lists(signer: Any, *others: TrustList, revocations: tuple[bytes, ...] = ()) -> Trust:
    return Trust(pem(signer.root), lists=others, revocation_lists=revocations)


def judged(asset: bytes, trust: Trust) -> Manifest:
    manifest = read(io.BytesIO(asset), "image/jpeg", trust=trust)
    assert manifest is not None
    assert (manifest.signature_valid, manifest.hard_binding) == (True, "match")
    return manifest


def test_trusted_authority_proves_the_time(asset: bytes, signer: Any, authority: Authority) -> None:
    manifest = judged(asset, lists(signer, authority.trusted()))
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.signed_at is not None
    assert abs(datetime.now(timezone.utc) - manifest.signed_at) < timedelta(minutes=5)
    assert manifest.time_stamped_by == "stamps, countermark tests"
    assert "stamps, countermark tests proves that it was signed by 20" in manifest.explanation


def test_time_of_a_parent_is_proven_alike(
    asset: bytes, signer: Any, authority: Authority, signed: Callable[..., Signed]
) -> None:
    edited = Record(source=DigitalSource.HUMAN_EDITED)
    child = signed(record=edited, parent=(io.BytesIO(asset), "image/jpeg")).asset
    own = judged(asset, lists(signer, authority.trusted()))
    (parent,) = judged(child, lists(signer, authority.trusted())).ingredients
    assert parent.signed_at == own.signed_at is not None
    assert parent.time_stamped_by == own.time_stamped_by
    for trust in (lists(signer), lists(signer, authority.trusted(Kind.CLAIM))):
        (parent,) = judged(child, trust).ingredients
        assert (parent.signed_at, parent.time_stamped_by) == (None, None)
        assert parent.trust is TrustStatus.TRUSTED


@pytest.mark.parametrize("kind", [None, Kind.CLAIM, Kind.SIGNER, Kind.IDENTITY])
def test_authority_on_no_list_or_on_another_proves_nothing(
    asset: bytes, signer: Any, authority: Authority, kind: Kind | None
) -> None:
    wrong = () if kind is None else (authority.trusted(kind),)
    manifest = judged(asset, lists(signer, *wrong))
    assert manifest.trust is TrustStatus.TRUSTED
    assert (manifest.signed_at, manifest.time_stamped_by) == (None, None)


def test_leaf_of_the_authority_is_no_anchor(
    asset: bytes, signer: Any, authority: Authority
) -> None:
    leaf = TrustList(Kind.TIMESTAMP, pem(authority.leaf))
    assert judged(asset, lists(signer, leaf)).signed_at is None


def test_root_for_time_stamps_alone_does_not_vouch_for_claims(
    asset: bytes, signer: Any, authority: Authority
) -> None:
    stamps = TrustList(Kind.TIMESTAMP, pem(signer.root))
    identities = TrustList(Kind.IDENTITY, pem(signer.root))
    manifest = judged(asset, Trust(lists=(authority.trusted(), stamps, identities)))
    assert (manifest.trust, manifest.trusted_by) == (TrustStatus.UNTRUSTED, None)
    assert manifest.failures == ()  # the library trusts them, and is not believed


def test_root_on_both_lists_serves_both(asset: bytes, signer: Any, authority: Authority) -> None:
    both = TrustList(Kind.TIMESTAMP, pem(signer.root, authority.root))
    manifest = judged(asset, lists(signer, both))
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.signed_at is not None


def wait_for_the_end_of(certificate: x509.Certificate) -> None:
    left = certificate.not_valid_after_utc - datetime.now(timezone.utc)
    time.sleep(max(0, left.total_seconds()) + 1)


def test_expired_signer_needs_a_trusted_time_stamp(
    signer_to_order: Callable[..., Any],
    authority: Authority,
    authority_to_order: Callable[..., Authority],
    stamped: Callable[..., bytes],
) -> None:
    signer = signer_to_order(end=timedelta(seconds=6))
    asset = stamped(signer, authority)
    wait_for_the_end_of(signer.chain[0])
    assert judged(asset, lists(signer, authority.trusted())).trust is TrustStatus.TRUSTED
    for wrong in (
        (),
        (authority_to_order().trusted(),),
        (authority.trusted(Kind.CLAIM),),
        (authority.trusted(Kind.IDENTITY),),
    ):
        manifest = judged(asset, lists(signer, *wrong))
        assert manifest.trust is TrustStatus.EXPIRED, wrong
        assert manifest.signed_at is None


def test_time_stamp_lives_longer_than_its_authority(
    signer: Any, authority_to_order: Callable[..., Authority], stamped: Callable[..., bytes]
) -> None:
    """C2PA 2.2, section 15.8.2: the attested time must lie in the authority's time."""
    short = authority_to_order(end=timedelta(seconds=6))
    asset = stamped(signer, short)
    wait_for_the_end_of(short.leaf)
    assert judged(asset, lists(signer, short.trusted())).signed_at is not None


@pytest.mark.parametrize("case", ["two purposes", "not critical", "key of an authority"])
def test_certificate_that_may_not_stamp(
    certificate_to_order: Callable[..., x509.Certificate], case: str
) -> None:
    """Neither openssl nor the library would make such a time stamp: the rule by itself."""
    able = x509.ExtendedKeyUsage([*STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION])
    forms: dict[str, dict[str, Any]] = {
        "good": {"purposes": (), "critical": [STAMPING]},
        "two purposes": {"purposes": (), "critical": [able]},
        "not critical": {"purposes": list(STAMPING)},
        "key of an authority": {
            "purposes": (),
            "critical": [STAMPING],
            "digital_signature": False,
        },
    }
    key = ec.generate_private_key(ec.SECP256R1())
    good, bad = (certificate_to_order("stamps", key, **forms[name]) for name in ("good", case))
    assert paths.may_stamp(good)
    assert not paths.may_stamp(bad)


@pytest.mark.parametrize("part", ["time", "signature", "imprint"])
def test_changed_token_proves_nothing(
    asset: bytes, signer: Any, authority: Authority, part: str
) -> None:
    store = judged(asset, Trust.nobody()).bytes
    trust = lists(signer, authority.trusted())
    assert read_detached(store, trust=trust).signed_at is not None
    token = token_in(store)
    data = cms.ContentInfo.load(token)["content"]
    info = data["encap_content_info"]["content"].parsed
    targets = {
        "time": info["gen_time"].contents,
        "signature": data["signer_infos"][0]["signature"].contents,
        "imprint": info["message_imprint"]["hashed_message"].contents,
    }
    target = targets[part]
    assert store.count(target) == 1
    other = target[:-2] + bytes([target[-2] ^ 1, target[-1]])
    manifest = read_detached(store.replace(target, other), trust=trust)
    assert manifest.signed_at is None


def test_mutated_tokens_say_what_was_signed_or_nothing(asset: bytes) -> None:
    token = token_in(judged(asset, Trust.nobody()).bytes)
    whole = timestamps._read(token)
    assert whole is not None
    chance = random.Random(2026)
    read_again = 0
    for _ in range(1000):
        mutant = bytearray(token)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(mutant))
            if chance.random() < 0.7:
                mutant[place] = chance.choice((0x30, 0x80, 0xFF, mutant[place] ^ 1))
            else:
                del mutant[place : place + chance.randint(1, 9)]
        found = timestamps._read(bytes(mutant))
        if found is not None:  # the certificates and the padding are not signed
            read_again += 1
            assert (found.at, found.imprint) == (whole.at, whole.imprint)
    assert read_again < 100


def token_in(store: bytes) -> bytes:
    unprotected = claims.parse(store).signature()[2]
    token = unprotected["sigTst2"]["tstTokens"][0]["val"]
    assert isinstance(token, bytes)
    return token


def test_time_stamp_of_another_claim_proves_nothing(
    asset: bytes,
    signer: Any,
    authority: Authority,
    stamped: Callable[..., bytes],
    with_headers: Callable[..., bytes],
) -> None:
    stores = [judged(a, Trust.nobody()).bytes for a in (asset, stamped(signer, authority))]
    foreign = with_headers(stores[0], sigTst2={"tstTokens": [{"val": token_in(stores[1])}]})
    own = with_headers(stores[0], sigTst2={"tstTokens": [{"val": token_in(stores[0])}]})
    trust = lists(signer, authority.trusted())
    assert read_detached(own, trust=trust).signed_at is not None
    manifest = read_detached(foreign, trust=trust)
    assert manifest.signature_valid
    assert manifest.signed_at is None


@pytest.mark.parametrize(
    ("after", "reason", "with_time", "expected"),
    [
        (60, None, True, TrustStatus.TRUSTED),
        (60, x509.ReasonFlags.superseded, True, TrustStatus.TRUSTED),
        (60, x509.ReasonFlags.key_compromise, True, TrustStatus.REVOKED),
        (60, x509.ReasonFlags.ca_compromise, True, TrustStatus.REVOKED),
        (60, x509.ReasonFlags.superseded, False, TrustStatus.REVOKED),
        (-3600, x509.ReasonFlags.superseded, True, TrustStatus.REVOKED),
        (-3600, None, True, TrustStatus.REVOKED),
        (-3600, x509.ReasonFlags.remove_from_crl, True, TrustStatus.TRUSTED),
    ],
)
def test_revocation_against_the_proven_time(
    asset: bytes,
    signer: Any,
    authority: Authority,
    crl_to_order: Callable[..., bytes],
    after: int,
    reason: x509.ReasonFlags | None,
    with_time: bool,
    expected: TrustStatus,
) -> None:
    at = datetime.now(timezone.utc) + timedelta(seconds=after)
    listed = crl_to_order(signer.chain[1], signer.issuer_key, signer.chain[0], at, reason)
    stamps = (authority.trusted(),) if with_time else ()
    assert judged(asset, lists(signer, *stamps, revocations=(listed,))).trust is expected


@pytest.mark.parametrize(
    ("after", "reason", "proves"),
    [
        (60, x509.ReasonFlags.superseded, True),
        (60, None, False),
        (60, x509.ReasonFlags.key_compromise, False),
        (-3600, x509.ReasonFlags.superseded, False),
    ],
)
def test_revoked_authority_of_time(
    asset: bytes,
    signer: Any,
    authority: Authority,
    crl_to_order: Callable[..., bytes],
    after: int,
    reason: x509.ReasonFlags | None,
    proves: bool,
) -> None:
    """RFC 3161, section 4: without one of four reasons all its time stamps are invalid."""
    at = datetime.now(timezone.utc) + timedelta(seconds=after)
    listed = crl_to_order(authority.root, authority.root_key, authority.leaf, at, reason)
    manifest = judged(asset, lists(signer, authority.trusted(), revocations=(listed,)))
    assert (manifest.signed_at is not None) is proves
    assert manifest.trust is TrustStatus.TRUSTED


def test_library_names_no_authority(asset: bytes) -> None:
    """The reason for our own reading of the token; when this fails, the library has learned it."""
    settings = {"trust": {"anchors": []}}
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Reader("image/jpeg", io.BytesIO(asset), context=context) as reader,
    ):
        manifests = json.dumps(json.loads(reader.json())["manifests"])
    assert "another tool" in manifests
    assert "stamps" not in manifests
