"""Texts as strings: signed by each method, verified, changed, signed again."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import c2pa_text
import encypher_c2pa
import pytest

from countermark import Verdict, credentials, keys, text
from countermark.credentials import Trust
from countermark.credentials.containers import UnusableText
from countermark.errors import ConsentMissing, InvalidArgument, MissingExtra
from countermark.record import DigitalSource, Record, ServiceClass, System
from countermark.registry import Registry
from countermark.report import ManifestEvidence

from .conftest import RECORD, TEXTS

Signed = Callable[[str], str]
KINDS = list(TEXTS)


@pytest.fixture
def sign(home: keys.Home, registry: Registry) -> Callable[..., str]:
    def sign(content: str, record: Record = RECORD, **options: Any) -> str:
        return text.sign(content, record=record, signer=home.signer(), registry=registry, **options)

    return sign


@pytest.mark.parametrize("kind", KINDS)
def test_signed_text_is_intact_and_says_who_made_it(
    kind: str, signed: Signed, trust: Trust, registry: Registry
) -> None:
    media_type, content = TEXTS[kind]
    report = text.verify(signed(kind), media_type=media_type, trust=trust, registry=registry)
    assert (report.verdict, report.trust.value) == (Verdict.INTACT, "trusted")
    assert report.record == RECORD
    assert report.media_type == media_type
    assert content.strip() in signed(kind) or kind == "html"


@pytest.mark.parametrize("kind", KINDS)
def test_each_change_of_the_text_is_seen(
    kind: str, signed: Signed, verdict: Callable[..., str]
) -> None:
    whole = signed(kind)
    for changed in (
        whole.replace("lake", "sea"),
        whole.replace("\n", "\r\n"),
        " " + whole,
        whole + "\n",
        whole.replace("caf", "Caf"),
    ):
        assert changed != whole
        assert verdict(changed) == "altered"


def test_summary_says_that_the_text_was_changed(
    signed: Signed, trust: Trust, registry: Registry
) -> None:
    changed = signed("unstructured").replace("lake", "sea")
    report = text.verify(changed, trust=trust, registry=registry)
    assert report.summary == "The text was changed after its Content Credentials were signed."
    broken = text.verify(signed("unstructured")[:-3000], trust=trust, registry=registry)
    (first, *_) = broken.evidence
    assert isinstance(first, ManifestEvidence)
    assert first.failures == ("manifest.text.corruptedWrapper",)
    assert "damaged or incomplete" in first.explanation


def test_bare_text_is_unmarked(verdict: Callable[..., str]) -> None:
    for media_type, content in TEXTS.values():
        assert verdict(content, media_type) == "unmarked"
        assert verdict(content) == "unmarked"
    assert verdict("") == "unmarked"


@pytest.mark.parametrize("kind", KINDS)
def test_foreign_validator_agrees(
    kind: str, signed: Signed, trust: Trust, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME"):  # it saves that it may not call home
        monkeypatch.setenv(variable, str(tmp_path))

    def report(content: str) -> Any:
        return encypher_c2pa.verify(
            content.encode(),
            TEXTS[kind][0],
            trust_pem=trust.anchors.decode(),
            no_default_trust=True,
            telemetry=False,
            online=False,
        )

    found = report(signed(kind))
    assert (found["validation_state"], found["hard_binding"]) == ("Trusted", "match")
    assert found["validation_results"]["failure"] == []
    assert report(signed(kind).replace("lake", "sea"))["hard_binding"] == "mismatch"


@pytest.mark.parametrize("kind", KINDS)
def test_the_library_that_wraps_finds_the_store_that_we_find(kind: str, signed: Signed) -> None:
    store = text.held_store(signed(kind).encode())
    if kind == "unstructured":
        assert c2pa_text.extract_manifest(signed(kind)) == (store, TEXTS[kind][1])
        assert c2pa_text.validate_text(signed(kind)).valid
    elif kind == "html":
        assert c2pa_text.extract_html(signed(kind)).manifest == store
    else:
        assert c2pa_text.extract_structured(signed(kind)).manifest == store


def test_forms_of_unicode_that_mean_the_same_are_the_same_text(
    signed: Signed, verdict: Callable[..., str], sign: Callable[..., str]
) -> None:
    apart = unicodedata.normalize("NFD", signed("unstructured"))
    assert apart != signed("unstructured")
    assert verdict(apart) == "intact"
    assert sign(unicodedata.normalize("NFD", "café")).startswith("café")
    assert verdict(unicodedata.normalize("NFD", signed("html"))) == "altered"  # bytes are signed


def test_files_of_each_kind_still_work_with_their_manifest(signed: Signed) -> None:
    run = subprocess.run(
        [sys.executable, "-"], input=signed("last").encode(), capture_output=True, check=True
    )
    assert run.stdout.decode("utf-8", "replace").startswith("a lake")
    shown: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            shown.append(data)

    Reader().feed(signed("html"))
    assert "A lake" in shown


def test_text_signed_again_keeps_its_manifest(
    sign: Callable[..., str], trust: Trust, verdict: Callable[..., str]
) -> None:
    for media_type, content in TEXTS.values():
        first = sign(content, media_type=media_type)
        again = sign(first, media_type=media_type)
        label = credentials.active_label(text.held_store(first.encode()) or b"")
        found = credentials.read(io.BytesIO(again.encode()), media_type, trust=trust)
        assert found is not None
        (parent,) = found.ingredients
        assert (parent.label, parent.state.value) == (label, "holds")
        assert found.hard_binding == "match"
        assert again.count("BEGIN C2PA") <= 1
        assert verdict(again, media_type) == "intact"


def test_edit_names_the_text_that_it_was_made_from(
    sign: Callable[..., str], signed: Signed, trust: Trust
) -> None:
    edited = Record(source=DigitalSource.AI_EDITED)
    with pytest.raises(InvalidArgument, match="no earlier text"):
        sign("A sea.", edited)
    done = sign("A sea.", edited, parent=signed("unstructured"))
    found = credentials.read(io.BytesIO(done.encode()), "text/plain", trust=trust)
    assert found is not None
    assert [one.role for one in found.ingredients] == ["parentOf"]
    assert found.actions[:2] == ("c2pa.opened", "c2pa.edited")


@pytest.mark.parametrize(
    ("media_type", "method", "content"),
    [
        ("text/x-python", "unstructured", "print(1)"),
        ("application/json", None, "{}"),
        ("application/json", "structured", "{}"),
        ("text/plain", "structured", "A lake."),
        ("text/html", None, "<p>A lake."),
        ("text/plain", "unstructured", ""),
        ("text/plain", "html", "<head></head>"),
        ("image/png", None, "A lake."),
    ],
)
def test_text_without_a_place_is_refused(
    media_type: str, method: Any, content: str, sign: Callable[..., str]
) -> None:
    with pytest.raises(InvalidArgument, match="no place"):
        sign(content, media_type=media_type, method=method)


def test_text_that_others_would_misread_is_refused(
    sign: Callable[..., str], signed: Signed
) -> None:
    about = f"Between {c2pa_text.BEGIN_DELIMITER} and its end."
    with pytest.raises(InvalidArgument, match="take for another"):
        sign(about, media_type="text/markdown")
    assert text.held_store(sign(about, method="unstructured").encode()) is not None
    with pytest.raises(UnusableText, match="damaged"):
        sign(signed("unstructured")[:-3000])
    with pytest.raises(InvalidArgument, match="half of a character"):
        sign("\ud800")
    with pytest.raises(InvalidArgument, match="marks in a row"):
        sign("a" + "\u0301" * 300)


def test_duties_hold_for_texts_too(sign: Callable[..., str]) -> None:
    swap = Record(
        source=DigitalSource.AI_EDITED,
        service_class=ServiceClass.FACE_SWAP,
        system=System(name="Example Model"),
    )
    with pytest.raises(ConsentMissing):
        sign("A lake.", swap)


def test_each_signature_is_in_the_log(sign: Callable[..., str], registry: Registry) -> None:
    before = len(list(registry.key_uses()))
    sign("A lake.")
    assert len(list(registry.key_uses())) == before + 1


def test_without_the_library_it_is_said_what_to_install(
    sign: Callable[..., str],
    signed: Signed,
    verdict: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = signed("unstructured")
    monkeypatch.setitem(sys.modules, "c2pa_text", None)
    with pytest.raises(MissingExtra, match=r"countermark\[text\]"):
        sign("A lake.")
    assert verdict(whole) == "intact"  # nothing is needed to verify


def test_comment_ends_lines_as_the_text_does(sign: Callable[..., str]) -> None:
    done = sign("a: 1\r\nb: 2\r\n", media_type="application/yaml")
    assert done.count("\n") == done.count("\r\n") == 3


def test_report_can_be_written_as_json(signed: Signed, trust: Trust, registry: Registry) -> None:
    report = text.verify(signed("unstructured"), trust=trust, registry=registry)
    assert json.loads(report.to_json())["verdict"] == "intact"
