"""CAWG identities: judged by their own list, and never a reason to trust the claim signer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import c2pa  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization

from countermark.credentials import Identity, Kind, Trust, TrustList, TrustStatus, read

NAME = "leaf, countermark tests"


def root(signer: Any) -> bytes:
    return bytes(signer.root.public_bytes(serialization.Encoding.PEM))


def key(signer: Any) -> str:
    pem = signer.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return str(pem.decode())


@pytest.fixture(scope="module")
def identified(
    signer: Any, signer_to_order: Callable[..., Any], photograph: Callable[[str], bytes]
) -> tuple[bytes, Any]:
    """A file with an identity, and whose that is.

    The library reaches identities through a private flag only, which is why countermark writes
    none; as another tool's file it will do.
    """
    person = signer_to_order()
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
            },
            {
                "label": "cawg.training-mining",
                "data": {"entries": {"cawg.ai_training": {"use": "notAllowed"}}},
            },
        ],
    }

    def local(who: Any, **more: object) -> dict[str, object]:
        chain = who.certificate_chain.decode()
        return {"local": {"alg": "es256", "sign_cert": chain, "private_key": key(who), **more}}

    settings = {
        "verify": {"verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
        "signer": local(signer),
        "cawg_x509_signer": local(person, referenced_assertions=["cawg.training-mining"]),
    }
    out = io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(definition, context=context) as builder,
    ):
        builder._has_context_signer = True
        source = io.BytesIO(photograph("image/jpeg"))
        builder.sign("image/jpeg", source, out)
    return out.getvalue(), person


@pytest.mark.parametrize("kind", list(Kind))
def test_identity_is_judged_by_its_own_list(
    identified: tuple[bytes, Any], signer: Any, kind: Kind
) -> None:
    asset, person = identified
    listed = TrustList(kind, root(person), name="people")
    manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust(root(signer), lists=(listed,)))
    assert manifest is not None
    expected = (
        Identity(NAME, TrustStatus.TRUSTED, "people")
        if kind is Kind.IDENTITY
        else Identity(NAME, TrustStatus.UNTRUSTED)
    )
    assert manifest.identities == (expected,)
    assert manifest.trust is TrustStatus.TRUSTED
    assert manifest.trusted_by == "your trust list"
    assert f"{NAME} adds an identity ({expected.trust.value})." in manifest.explanation


def test_identity_never_raises_the_claim(identified: tuple[bytes, Any], signer: Any) -> None:
    asset, person = identified
    people = TrustList(Kind.IDENTITY, root(person) + root(signer))
    manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust(lists=(people,)))
    assert manifest is not None
    (found,) = manifest.identities
    assert found.trust is TrustStatus.TRUSTED
    assert manifest.trust is TrustStatus.UNTRUSTED


def test_changed_identity_signature_is_no_identity(
    identified: tuple[bytes, Any], signer: Any
) -> None:
    asset, person = identified
    reading = read(io.BytesIO(asset), "image/jpeg", trust=Trust(root(signer)))
    assert reading is not None
    assertion = asset.index(b"cawg.x509.cose")
    signature = asset.index(b"leaf", assertion)  # in the certificate of the person
    altered = asset[:signature] + b"lead" + asset[signature + 4 :]
    people = TrustList(Kind.IDENTITY, root(person))
    manifest = read(io.BytesIO(altered), "image/jpeg", trust=Trust(root(signer), lists=(people,)))
    assert manifest is not None
    assert manifest.identities == ()
    assert not manifest.assertions_valid


def test_library_reaches_identities_through_a_private_flag_only(signer: Any) -> None:
    """The reason why countermark signs none; when this fails, the library has learned it."""
    chain = signer.certificate_chain.decode()
    local = {"local": {"alg": "es256", "sign_cert": chain, "private_key": key(signer)}}
    with c2pa.Context.from_dict({"signer": local, "cawg_x509_signer": local}) as context:
        assert not context.has_signer
    assert "identity" not in json.dumps([name for name in dir(c2pa) if name[0].isupper()]).lower()
