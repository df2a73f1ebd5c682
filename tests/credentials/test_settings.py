"""Every setting given to the C2PA library has an effect: it accepts misspelt ones in silence."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import c2pa  # type: ignore[import-untyped]
import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from countermark import certificates
from countermark.credentials import (
    Kind,
    Signed,
    Trust,
    TrustList,
    library,
    profile,
    read,
    signing,
)
from countermark.credentials import claim as claims
from countermark.errors import InvalidArgument, SigningFailed
from countermark.record import DigitalSource, Record

CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")


def changed(path: str, value: object) -> dict[str, Any]:
    """Our settings with one of them replaced, or removed."""
    settings = copy.deepcopy(library._SETTINGS)
    *outer, name = path.split(".")
    inner: Any = settings
    for key in outer:
        inner = inner[key]
    assert name in inner, "not one of our settings"
    inner.pop(name)
    if value is not None:
        inner[name] = value
    return settings


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Replace one of our settings for a test."""
    return lambda path, value: monkeypatch.setattr(library, "_SETTINGS", changed(path, value))


def leaves(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_these_are_all_the_settings() -> None:
    """That of the memory is seen at work on a large movie, in containers/test_files.py."""
    assert set(leaves(library._SETTINGS)) == {
        "builder.created_assertion_labels",
        "builder.ignore_ingredient_errors",
        "builder.thumbnail.enabled",
        "core.backing_store_memory_threshold_in_mb",
        "core.allowed_network_hosts",
        "verify.ocsp_fetch",
        "verify.remote_manifest_fetch",
        "verify.verify_after_sign",
        "verify.verify_trust",
    }


def test_verify_trust(signed_files: dict[str, Signed], setting: Callable[..., None]) -> None:
    def codes() -> tuple[str, ...]:
        asset = io.BytesIO(signed_files["image/png"].asset)
        manifest = read(asset, "image/png", trust=Trust.nobody())
        assert manifest is not None
        return manifest.failures

    assert codes() == ("signingCredential.untrusted",)
    setting("verify.verify_trust", False)
    assert codes() == ()


def test_verify_after_sign(signed: Callable[..., Signed], setting: Callable[..., None]) -> None:
    assert signed()
    setting("verify.verify_after_sign", True)
    with pytest.raises(SigningFailed):
        signed()  # the library meets the placeholder's signature


def edited(signed: Callable[..., Signed], parent: bytes) -> bytes:
    record = Record(source=DigitalSource.AI_EDITED)
    return signed(record=record, parent=(io.BytesIO(parent), "image/jpeg")).manifest


def test_thumbnail(
    signed: Callable[..., Signed],
    photograph: Callable[[str], bytes],
    setting: Callable[..., None],
) -> None:
    parent = photograph("image/jpeg")
    assert b"c2pa.thumbnail.ingredient" not in edited(signed, parent)
    setting("builder.thumbnail.enabled", True)
    assert b"c2pa.thumbnail.ingredient" in edited(signed, parent)


def test_ignore_ingredient_errors(
    signed: Callable[..., Signed],
    signed_files: dict[str, Signed],
    setting: Callable[..., None],
) -> None:
    parent = signed_files["image/jpeg"].asset.replace(b"jumd", b"jumx")
    assert b"c2pa.ingredient.v3" in edited(signed, parent)
    setting("builder.ignore_ingredient_errors", False)
    with pytest.raises(SigningFailed):
        edited(signed, parent)


def test_created_assertion_labels(
    signed: Callable[..., Signed], setting: Callable[..., None]
) -> None:
    def created() -> int:
        return len(claims.parse(signed().manifest).content["created_assertions"])

    assert created() == 4
    setting("builder.created_assertion_labels", None)
    assert created() == 1


def test_trust_anchors(signed_files: dict[str, Signed], trust: Trust) -> None:
    asset = io.BytesIO(signed_files["image/png"].asset)
    with c2pa.Reader("image/png", asset, context=library.context(trust)) as reader:
        report = json.loads(reader.json())
    assert report["validation_state"] == "Trusted"
    assert report["validation_results"]["trustListUri"] == library.TRUST_LISTS[Kind.CLAIM]


def test_contexts_are_shared_in_a_process(trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    context = library.context(trust)
    assert library.context(trust) is context
    assert library.context() is not context
    monkeypatch.setattr("os.getpid", lambda: -1)  # as in a child
    assert library.context(trust) is not context


def test_trust_config(
    signed: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    trust_in: Callable[..., Trust],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it the library refuses signers whose certificate is for claims alone."""
    signer = signer_to_order(purposes=[CLAIM_SIGNING])
    monkeypatch.setattr(signing, "_check", lambda *_: None)
    monkeypatch.setattr(profile, "check", lambda s: certificates.load_pem(s.certificate_chain))
    asset = signed(signer=signer).asset

    def state(settings: dict[str, Any]) -> str:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader("image/jpeg", io.BytesIO(asset), context=context) as reader,
        ):
            return str(reader.get_validation_state())

    settings = library.settings(trust_in(signer))
    assert state(settings) == "Trusted"
    assert state({**settings, "trust": {"anchors": settings["trust"]["anchors"]}}) == "Invalid"


@pytest.mark.parametrize(
    "path",
    [
        "verify.verify_trust",
        "core.allowed_network_hosts",
        "builder.thumbnail.enabled",
        "trust.trust_config",
        "trust.anchors.0.trust_kind",
        "trust.anchors.0.trust_anchors",
        "trust.anchors.0.allowed_list",
        "verify",
    ],
)
def test_misspelt_settings_are_refused(trust: Trust, path: str) -> None:
    """The library takes them in silence; ours go through a check of every key first."""
    settings = copy.deepcopy(library.settings(trust))
    *outer, name = path.split(".")
    inner: Any = settings
    for key in outer:
        inner = inner[int(key) if key.isdigit() else key]
    inner[name + "s"] = inner.pop(name)
    with pytest.raises(InvalidArgument, match=f"no setting '.*{name}s"):
        library.checked(settings)


def test_library_swallows_a_misspelt_setting() -> None:
    """The reason for our own check; when this fails, the library has learned it."""
    c2pa.Context.from_dict({"trusts": {"anchors": []}, "verify": {"verify_trusts": 1}}).close()


def test_known_settings_pass(trust: Trust) -> None:
    lists = tuple(TrustList(kind, trust.anchors) for kind in Kind)
    for some in (None, Trust.nobody(), trust, Trust(lists=lists)):
        settings = library.settings(some)
        assert library.checked(settings) is settings


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    """Address of a server on this machine, and the requests to it."""
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            requests.append(self.path)
            self.send_error(404)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
        thread.join()


@pytest.fixture
def linked(server: tuple[str, list[str]]) -> bytes:
    """A picture whose manifest is only linked to, on that server."""
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dcterms="http://purl.org/dc/terms/" '
        f'dcterms:provenance="{server[0]}/manifest.c2pa"/></rdf:RDF></x:xmpmeta>'
    )
    information = PngInfo()
    information.add_itxt("XML:com.adobe.xmp", xmp)
    file = io.BytesIO()
    Image.new("RGB", (160, 160)).save(file, "PNG", pnginfo=information)
    server[1].clear()
    return file.getvalue()


def fetched(linked: bytes, server: tuple[str, list[str]], settings: dict[str, Any]) -> bool:
    server[1].clear()
    with (
        c2pa.Context.from_dict(settings) as context,
        pytest.raises(c2pa.C2paError),
    ):
        c2pa.Reader("image/png", io.BytesIO(linked), context=context)
    return bool(server[1])


def test_network_is_closed_twice(linked: bytes, server: tuple[str, list[str]]) -> None:
    fetching = changed("verify.remote_manifest_fetch", True)
    assert not fetched(linked, server, library._SETTINGS)
    assert not fetched(linked, server, fetching)  # no host is allowed
    del fetching["core"]
    assert fetched(linked, server, fetching)
    assert not fetched(linked, server, changed("core.allowed_network_hosts", None))


def test_linked_manifest_is_named_and_never_fetched(
    linked: bytes, server: tuple[str, list[str]]
) -> None:
    manifest = read(io.BytesIO(linked), "image/png", trust=Trust.nobody())
    assert manifest is not None
    assert manifest.failures == ("manifest.inaccessible",)
    assert manifest.bytes == b""
    assert server[1] == []


def test_ocsp_fetch(
    signed: Callable[..., Signed],
    signer_to_order: Callable[..., Any],
    trust_in: Callable[..., Trust],
    server: tuple[str, list[str]],
) -> None:
    address = x509.UniformResourceIdentifier(server[0] + "/ocsp")
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)
    signer = signer_to_order(extensions=[x509.AuthorityInformationAccess([access])])
    asset = signed(signer=signer).asset
    trust = trust_in(signer)

    def asked(settings: dict[str, Any]) -> bool:
        server[1].clear()
        anchor = {"trust_anchors": trust.anchors.decode(), "trust_uri": "urn:test"}
        settings = {**settings, "trust": {"anchors": [{**anchor, "trust_kind": "manifest"}]}}
        with c2pa.Context.from_dict(settings) as context:
            c2pa.Reader("image/jpeg", io.BytesIO(asset), context=context).close()
        return bool(server[1])

    fetching = changed("verify.ocsp_fetch", True)
    del fetching["core"]
    assert asked(fetching)
    assert not asked(library._SETTINGS)
    assert not asked(changed("core.allowed_network_hosts", None))
