"""Each rule of the linter finds a manifest that breaks it, and finds nothing else there."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from countermark import jumbf
from countermark.credentials import claim
from countermark.credentials.lint import RULES, Severity, lint

SELF = "self#jumbf=c2pa.assertions/"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOFT_BINDING = "c2pa.soft-binding"
HARD_BINDING = "c2pa.hash.data"
Edit = Callable[[Any], None]


def rules_in(store: bytes) -> set[str]:
    return {finding.rule for finding in lint(io.BytesIO(store))}


def claims(**fields: Any) -> Edit:
    return lambda draft: draft.claim.update(fields)


def part(**fields: Any) -> Edit:
    """Sets fields of the draft itself."""

    def edit(draft: Any) -> None:
        for name, value in fields.items():
            setattr(draft, name, value)

    return edit


def adds(label: str, data: Any, *, json: bool = False) -> Edit:
    return lambda draft: draft.put(label, data, json=json)


def drops(*labels: str) -> Edit:
    def edit(draft: Any) -> None:
        for label in labels:
            draft.drop(label)

    return edit


def binding(**fields: Any) -> Edit:
    return lambda draft: draft.assertions[SOFT_BINDING].update(fields)


def block(**fields: Any) -> Edit:
    return lambda draft: draft.assertions[SOFT_BINDING]["blocks"][0].update(fields)


def without(*path: str | int) -> Edit:
    """Takes an entry out of an assertion."""

    def edit(draft: Any) -> None:
        item = draft.assertions
        for name in path[:-1]:
            item = item[name]
        del item[path[-1]]

    return edit


def adds_action(name: str, **fields: Any) -> Edit:
    return lambda draft: draft.actions.append({"action": name, **fields})


def created(**fields: Any) -> Edit:
    return lambda draft: draft.actions[0].update(fields)


def reference(**fields: Any) -> Edit:
    """Changes the claim's reference to the hard binding, and leaves all hashes as they are."""

    def edit(draft: Any) -> None:
        draft.assembled()  # renews the hashes
        draft.final = True
        for item in draft.claim["created_assertions"]:
            if claim.reference_label(item) == HARD_BINDING:
                item.update(fields)

    return edit


def header(**fields: Any) -> Edit:
    return lambda draft: draft.unprotected.update(fields)


def both(*edits: Edit) -> Edit:
    def edit(draft: Any) -> None:
        for each in edits:
            each(draft)

    return edit


def opened(draft: Any) -> None:
    draft.actions[0] = {"action": "c2pa.opened", "digitalSourceType": SOURCE_TYPES + "print"}


def old_claim(draft: Any) -> None:
    draft.claim_label = "c2pa.claim"
    draft.claim["claim_generator_info"] = [draft.claim["claim_generator_info"]]


def watermark_undescribed(draft: Any) -> None:
    draft.drop(SOFT_BINDING)
    draft.actions[1] = {"action": "c2pa.watermarked"}


def chain_moved(draft: Any) -> None:
    draft.unprotected[33] = draft.protected.pop(33)


def jumbf_box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def second_claim(draft: Any) -> None:
    label = jumbf_box(b"jumd", jumbf.type_uuid(b"c2cl") + b"\x03c2pa.claim\0")
    draft.beside = jumbf_box(b"jumb", label + jumbf_box(b"cbor", b"\xa0"))


def metadata(context: Any, **fields: Any) -> Edit:
    return adds("c2pa.metadata", {"@context": context, **fields}, json=True)


EXIF = {"exif": "http://ns.adobe.com/exif/1.0/"}


def time_stamped_twice(draft: Any) -> None:
    for label in ("c2pa.time-stamp", "c2pa.time-stamp__1"):
        draft.put(label, {"urn:c2pa:1": b"token"})


BREACHES: dict[str, list[tuple[Edit, set[str]]]] = {
    "manifest-type": [(part(kind=b"c2md"), set())],
    "manifest-label": [(part(label="urn:uuid:3a9d1c4e-5f7b-4c58-81dc-d57bf143691d"), set())],
    "claim-malformed": [
        (part(claim={}, claim_label="c2pa.other"), set()),
        (second_claim, set()),
    ],
    "claim-deprecated": [(old_claim, set())],
    "claim-spec-version": [(claims(claim_generator_info={"name": "test"}), set())],
    "claim-spec-version-place": [(claims(specVersion="2.4.0"), set())],
    "hashed-uri-target": [(reference(url=SELF + "nowhere.at.all"), {"assertion-undeclared"})],
    "hashed-uri-hash": [(reference(hash=[1] * 32), set()), (reference(hash="AAAA"), set())],
    "hashed-uri-algorithm": [(reference(alg="md5"), set())],
    "hashed-uri-mismatch": [(reference(hash=bytes(32)), set())],
    "assertion-undeclared": [
        (lambda d: d.assertions.update({"org.example.extra": {}}), set()),
        (lambda d: d.claim["created_assertions"].append(d.claim["created_assertions"][0]), set()),
    ],
    "assertion-malformed": [
        (adds("org.example.extra", jumbf_box(b"cbor", b"\x9f")), set()),
        (adds("org.example.extra", jumbf_box(b"json", b"{")), set()),
        (adds("org.example.extra", jumbf_box(b"cbor", bytes(2**20 + 1))), set()),
    ],
    "assertion-deprecated": [
        (adds("c2pa.training-mining", {"entries": {}}), set()),
        (adds("stds.exif", {}, json=True), set()),
        (adds("c2pa.thumbnail.ingredient.jpeg", {}), set()),
    ],
    "assertion-unknown": [(adds("c2pa.invented", {}), set()), (adds("plain", {}), set())],
    "thumbnail-missing": [(drops("c2pa.thumbnail.claim"), set())],
    "hard-binding": [
        (drops(HARD_BINDING), set()),
        (adds("c2pa.hash.boxes", {"alg": "sha256", "boxes": []}), set()),
        (part(kind=b"c2um"), set()),
    ],
    "soft-binding-shape": [
        (without(SOFT_BINDING, "alg"), set()),
        (binding(blocks=[]), set()),
        (block(scope=None), set()),
    ],
    "soft-binding-value": [(block(value="AAAA"), set()), (block(value=[1, 2]), set())],
    "soft-binding-pad": [
        (without(SOFT_BINDING, "pad"), set()),
        (binding(pad=[0]), set()),
        (binding(pad2=b"\1"), set()),
    ],
    "soft-binding-unregistered": [(binding(alg="org.countermark.image.1"), set())],
    "soft-binding-algorithm": [(binding(alg="phash"), set())],
    "soft-binding-deprecated": [
        (binding(url="http://example.org"), set()),
        (block(scope={"extent": b""}), set()),
    ],
    "actions-missing": [(drops("c2pa.actions.v2"), set())],
    "actions-shape": [(adds_action(7), set())],  # type: ignore[arg-type]
    "actions-all-included": [(without("c2pa.actions.v2", "allActionsIncluded"), set())],
    "actions-opening": [
        (adds_action("c2pa.created", digitalSourceType=SOURCE_TYPES + "print"), set()),
        (lambda d: d.actions.reverse(), set()),
    ],
    "action-deprecated": [(adds_action("c2pa.saved"), set())],
    "action-unknown": [(adds_action("c2pa.invented"), set()), (adds_action("blurred"), set())],
    "source-type-missing": [
        (without("c2pa.actions.v2", "actions", 0, "digitalSourceType"), set()),
        (adds_action("c2pa.cropped"), set()),
    ],
    "source-type-unknown": [(created(digitalSourceType=SOURCE_TYPES + "dream"), set())],
    "source-type-on-opened": [(opened, set())],
    "watermark-unbound": [(watermark_undescribed, {"action-deprecated"})],
    "watermark-related": [
        (without("c2pa.actions.v2", "actions", 1, "parameters"), set()),
        (
            lambda d: d.actions[1]["parameters"]["relatedAssertions"][0].update(
                url=SELF + HARD_BINDING
            ),
            set(),
        ),
    ],
    "metadata-shape": [
        (metadata({}, **{"exif:FNumber": 4}), set()),
        (adds("c2pa.metadata", {"exif:FNumber": 4}, json=True), set()),
        (lambda d: d.assertions["cawg.metadata"].update({"creator": "x"}), set()),
    ],
    "metadata-field": [
        (metadata(EXIF, **{"exif:MakerNote": "x"}), set()),
        (metadata({"dc": "http://purl.org/dc/elements/1.1/"}, **{"dc:creator": "x"}), set()),
        (metadata({"my": "http://example.org/"}, **{"my:field": "x"}), set()),
    ],
    "signature-malformed": [(part(signature=b"\xa0"), set())],
    "signature-padding": [(header(pad=b"\0\1"), set()), (header(pad2="text"), set())],
    "signature-header": [(header(note="unprotected"), set())],
    "chain-header": [
        (chain_moved, set()),
        (lambda d: d.protected.update({"x5chain": d.protected.pop(33)}), set()),
    ],
    "certificate-unreadable": [
        (lambda d: d.protected.update({33: b"certificate"}), set()),
        (lambda d: d.protected.pop(33), set()),
    ],
    "certificate-order": [(lambda d: d.protected.update({33: d.protected[33][0]}), set())],
    "time-stamp-missing": [(lambda d: d.unprotected.pop("sigTst2"), set())],
    "time-stamp-deprecated": [
        (lambda d: d.unprotected.update(sigTst=d.unprotected.pop("sigTst2")), set())
    ],
    "time-stamp-assertion": [
        (adds("c2pa.time-stamp", {}), set()),
        (adds("c2pa.time-stamp", [b"token"]), set()),
        (adds("c2pa.time-stamp", {"urn:c2pa:1": "token"}, json=True), set()),
        (adds("c2pa.time-stamp", {"urn:c2pa:1": [0, 1]}), set()),
        (adds("c2pa.time-stamp", {"manifest": b"token"}), set()),
        (adds("c2pa.time-stamp", {7: b"token"}), set()),
        (time_stamped_twice, set()),
    ],
}
CERTIFICATES: dict[str, list[dict[str, Any]]] = {
    "certificate-validity": [{"end": timedelta(minutes=-1)}, {"begin": timedelta(days=1)}],
    "certificate-usage": [{"digital_signature": False}, {"purposes": ()}],
    "certificate-extension": [{"key_identifier": False}],
}
OF_FILES = {
    "manifest-missing",
    "manifest-remote",
    "container-unknown",
    "file-refused",
    "store-location",
    "store-malformed",
}
"""Those are in test_files.py."""


def test_good_manifest_has_no_finding(forged: Callable[[Edit], bytes]) -> None:
    assert lint(io.BytesIO(forged(lambda draft: None))) == ()


@pytest.mark.parametrize(
    ("rule", "edit", "others"),
    [
        pytest.param(rule, edit, others, id=f"{rule}-{number}")
        for rule, breaches in BREACHES.items()
        for number, (edit, others) in enumerate(breaches)
    ],
)
def test_breach_is_found_and_nothing_else(
    forged: Callable[[Edit], bytes], rule: str, edit: Edit, others: set[str]
) -> None:
    assert rules_in(forged(edit)) == {rule} | others


@pytest.mark.parametrize(
    ("rule", "leaf"),
    [(rule, leaf) for rule, leaves in CERTIFICATES.items() for leaf in leaves],
    ids=str,
)
def test_certificate_out_of_profile_is_found(
    forged: Callable[[Edit], bytes],
    signer_to_order: Callable[..., Any],
    chain_of: Callable[..., list[bytes]],
    rule: str,
    leaf: dict[str, Any],
) -> None:
    ders = chain_of(*signer_to_order(**leaf).chain)
    assert rules_in(forged(lambda draft: draft.protected.update({33: ders}))) == {rule}


def test_key_that_c2pa_does_not_allow_is_found(
    forged: Callable[[Edit], bytes],
    signer: Any,
    signer_to_order: Callable[..., Any],
    certificate_to_order: Callable[..., Any],
    chain_of: Callable[..., list[bytes]],
) -> None:
    root_key, authority_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate_to_order("root", root_key, authority=True)
    authority = certificate_to_order(
        "authority", authority_key, (root, root_key), authority=True, path_length=0
    )
    key = ec.generate_private_key(ec.SECP256K1())
    leaf = certificate_to_order("leaf", key, (authority, authority_key))
    ders = chain_of(leaf, authority)
    assert rules_in(forged(lambda d: d.protected.update({33: ders}))) == {"certificate-key"}


def test_issuer_that_is_no_authority_is_found(
    forged: Callable[[Edit], bytes],
    certificate_to_order: Callable[..., Any],
    chain_of: Callable[..., list[bytes]],
) -> None:
    root_key, issuer_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = certificate_to_order("root", root_key, authority=True)
    issuer = certificate_to_order("issuer", issuer_key, (root, root_key))
    ders = chain_of(certificate_to_order("leaf", key, (issuer, issuer_key)), issuer)
    found = rules_in(forged(lambda d: d.protected.update({33: ders})))
    assert found == {"certificate-extension", "certificate-usage"}


def test_each_rule_has_a_breach_here() -> None:
    tested = {*BREACHES, *CERTIFICATES, *OF_FILES, "certificate-key"}
    assert tested == {rule.id for rule in RULES}


def test_each_rule_says_where_it_is_written_and_what_to_do() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.clause.startswith(("C2PA 2.", "conformance programme")), rule
        assert rule.remedy.endswith("."), rule
        assert isinstance(rule.severity, Severity)


def test_documentation_lists_the_rules() -> None:
    text = (Path(__file__).parents[3] / "docs/lint.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{r.id}` | {r.severity.value} | {r.clause} |" for r in RULES]


def test_redacted_assertion_is_no_missing_one(forged: Callable[[Edit], bytes]) -> None:
    def redact(draft: Any) -> None:
        uri = f"self#jumbf=/c2pa/{draft.label}/c2pa.assertions/cawg.metadata"
        draft.claim["redacted_assertions"] = [uri]
        del draft.assertions["cawg.metadata"]

    assert rules_in(forged(redact)) == set()


def test_finding_says_where_in_which_words(forged: Callable[[Edit], bytes]) -> None:
    (finding,) = lint(io.BytesIO(forged(block(value="AAAA"))))
    assert finding.severity is Severity.ERROR
    assert finding.where.startswith("self#jumbf=/c2pa/urn:c2pa:")
    assert finding.where.endswith("/c2pa.assertions/c2pa.soft-binding")
    assert finding.problem == "The value of a block is a text, not a byte string."
    assert finding.clause == "C2PA 2.2, section 18.10.2"
    assert "byte string" in finding.remedy


def test_words_of_a_hostile_file_do_not_reach_the_terminal(forged: Callable[[Edit], bytes]) -> None:
    label = "stds.exif\x1b[2J\u202e" + "x" * 1000
    for finding in lint(io.BytesIO(forged(adds(label, {})))):
        assert (finding.where + finding.problem).isprintable()
        assert len(finding.where) < 400
