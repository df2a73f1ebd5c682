"""Files of text: where their manifests go, and what later commands make of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import encypher_c2pa
import pytest
from typer.testing import CliRunner

from countermark import Verdict, credentials, keys, verify
from countermark.cli import app
from countermark.complying import comply, profile
from countermark.credentials import Trust, Unstamped, lint
from countermark.errors import InvalidArgument, LabelError, TimestampFailed
from countermark.ingesting import ingest
from countermark.record import Producer, ProviderCode, Service
from countermark.registry import Registry
from countermark.signing import SignedFile, sign

from .conftest import RECORD, TEXTS

PLATFORM = ProviderCode.of("91350100M000100Y43", service=Service.PROPAGATION, application="8705")
NAMES = {"unstructured": "a.txt", "structured": "a.md", "last": "a.py", "html": "a.html"}


@pytest.fixture
def signing(home: keys.Home, registry: Registry) -> Callable[..., SignedFile]:
    def signing(source: Path, destination: Path, **options: Any) -> SignedFile:
        options = {"record": RECORD, **options}
        return sign(source, destination, signer=home.signer(), registry=registry, **options)

    return signing


def made(folder: Path, kind: str) -> Path:
    path = folder / NAMES[kind]
    path.write_bytes(TEXTS[kind][1].encode())
    return path


@pytest.mark.parametrize("kind", NAMES)
def test_manifest_is_inside_a_page_and_beside_other_texts(
    kind: str, tmp_path: Path, signing: Callable[..., SignedFile]
) -> None:
    path = made(tmp_path, kind)
    before = path.read_bytes()
    done = signing(path, path)
    assert (done.sidecar is None) == (kind == "html")
    assert (path.read_bytes() == before) == (kind != "html")
    assert verify(path).verdict is Verdict.INTACT


@pytest.mark.parametrize("kind", NAMES)
def test_method_puts_it_inside(
    kind: str, tmp_path: Path, signing: Callable[..., SignedFile], trust: Trust
) -> None:
    path = made(tmp_path, kind)
    method = "structured" if kind == "last" else kind
    first = signing(path, path, method=method)
    again = signing(path, path)  # stays where it was
    assert first.sidecar is again.sidecar is None
    report = verify(path, trust=trust)
    assert (report.verdict, report.media_type) == (Verdict.INTACT, TEXTS[kind][0])
    found = credentials.read(path, TEXTS[kind][0], trust=trust)
    assert found is not None
    assert [one.label for one in found.ingredients] == [first.manifest]
    assert not [one for one in lint.lint(path) if one.severity.value == "error"]
    with pytest.raises(InvalidArgument, match="another one beside it"):
        signing(path, path, method="beside")
    path.write_bytes(path.read_bytes().replace(b"lake", b"pond"))
    assert verify(path).verdict is Verdict.ALTERED


def test_page_without_a_head_has_it_beside(
    tmp_path: Path, signing: Callable[..., SignedFile]
) -> None:
    for number, page in enumerate(
        [b"<p>A lake", b"<head></head>\xff", b"<head><link rel=c2pa-manifest href=a></head>"]
    ):
        path = tmp_path / f"{number}.html"
        path.write_bytes(page)
        assert signing(path, path).sidecar is not None
        assert verify(path).verdict is Verdict.INTACT


def test_page_links_to_the_manifest_beside_it(
    tmp_path: Path, signing: Callable[..., SignedFile], trust: Trust
) -> None:
    path, out = made(tmp_path, "html"), tmp_path / "a page.html"
    first = signing(path, out, method="linked")
    assert first.sidecar == tmp_path / "a page.c2pa"
    assert out.read_text("utf-8").count('<link rel="c2pa-manifest" href="a%20page.c2pa"') == 1
    assert verify(out, trust=trust).verdict is Verdict.INTACT
    before = out.read_bytes()
    for method in ("linked", None):  # as it says where its manifest is, there it stays
        again = signing(out, out, method=method)
        assert (again.sidecar, out.read_bytes()) == (first.sidecar, before)
    report = encypher_c2pa.verify(
        before,
        "text/html",
        manifest_store=first.sidecar.read_bytes(),
        trust_pem=trust.anchors.decode(),
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    assert report["hard_binding"] == "match"
    first.sidecar.rename(tmp_path / "elsewhere")
    report = verify(out, trust=trust)
    assert report.verdict is Verdict.UNMARKED
    assert "never followed" in report.summary
    with pytest.raises(InvalidArgument, match="another manifest"):
        signing(out, tmp_path / "other.html", method="linked")
    with pytest.raises(InvalidArgument, match="no place for a link"):
        signing(made(tmp_path, "structured"), tmp_path / "other.md", method="linked")


def test_what_has_no_place_for_a_method_is_refused(
    tmp_path: Path, signing: Callable[..., SignedFile], photo: Path
) -> None:
    with pytest.raises(InvalidArgument, match="is no text"):
        signing(photo, tmp_path / "out.jpg", method="unstructured")
    with pytest.raises(InvalidArgument, match="names no components"):
        signing(made(tmp_path, "html"), tmp_path / "out.html", components=[photo])
    assert not list(tmp_path.glob("out*"))


def test_page_meets_a_profile_and_is_labelled_for_publication(
    tmp_path: Path, home: keys.Home, registry: Registry, signing: Callable[..., SignedFile]
) -> None:
    code = ProviderCode.of("91350100M000100Y43")
    record = replace(RECORD, producer=Producer(name="Example Works", code=code))
    path, out = made(tmp_path, "html"), tmp_path / "out.html"
    done = signing(path, path, record=record, profiles=[profile("kr")])
    assert done.record.label is not None
    assert comply(path, [profile("kr")], registry=registry).complies
    ingested = ingest(
        path,
        out,
        propagator=ProviderCode.of(
            "91350100M000100Y43", service=Service.PROPAGATION, application="8705"
        ),
        propagate_id="page-7",
        signer=home.signer(),
        trust=Trust.from_file(home.trust_path),
        registry=registry,
    )
    report = verify(out, registry=registry)
    assert report.verdict is Verdict.INTACT
    found = credentials.read(out, "text/html", trust=Trust.nobody())
    assert found is not None
    assert found.label == ingested.manifest
    assert [one.label for one in found.ingredients] == [done.manifest]


def test_label_in_a_signed_text_is_refused(
    tmp_path: Path, signing: Callable[..., SignedFile]
) -> None:
    path = made(tmp_path, "structured")
    signing(path, path, method="structured")
    before = path.read_bytes()
    labelling = ["labels", "text", str(path), "--out", str(path), "--wording", "cn"]
    run = CliRunner().invoke(app, labelling)
    assert isinstance(run.exception, LabelError)
    assert "manifest" in str(run.exception)
    assert path.read_bytes() == before


def test_time_stamp_is_added_to_a_text_later(
    tmp_path: Path, home: keys.Home, signing: Callable[..., SignedFile], time_server: Any
) -> None:
    authority = keys.TimestampAuthority([time_server.url], anchors=time_server.root)
    for kind in ("unstructured", "structured", "html"):
        path = made(tmp_path, kind)
        with pytest.warns(match="time stamp"):
            done = signing(path, path, method=kind, time_stamper=_Silent())
        assert isinstance(done.unstamped, Unstamped)
        length = path.stat().st_size
        credentials.add_time_stamp(
            path,
            TEXTS[kind][0],
            done.unstamped,
            time_stamper=authority,
            signer=home.signer,
        )
        assert path.stat().st_size == length
        assert verify(path).verdict is Verdict.INTACT
        store = credentials.read(path, TEXTS[kind][0], trust=Trust.nobody())
        assert store is not None
        assert credentials.unstamped(store.bytes) is None


class _Silent:
    def stamp(self, message: bytes) -> bytes:

        raise TimestampFailed("Nobody answers.", remedy="Wait.")


def test_command_says_where_it_is(tmp_path: Path, home: keys.Home) -> None:
    path, out = made(tmp_path, "unstructured"), tmp_path / "out.txt"
    arguments = ["sign", str(path), "--out", str(out), "--source", "ai-generated"]
    assert "beside it" in CliRunner().invoke(app, arguments).output
    out.unlink()
    run = CliRunner().invoke(app, [*arguments, "--method", "unstructured"])
    assert run.exit_code == 0, run.output
    assert "beside" not in run.output
    assert CliRunner().invoke(app, ["verify", str(out)]).exit_code == 0
    alone = ["sign", str(path), "--out", str(tmp_path / "out.c2pa"), *arguments[4:]]
    run = CliRunner().invoke(app, [*alone, "--method", "structured"])
    assert isinstance(run.exception, InvalidArgument)


def test_in_a_folder_the_texts_with_a_manifest_are_verified(
    tmp_path: Path, home: keys.Home, signing: Callable[..., SignedFile]
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for kind in ("unstructured", "html"):
        path = made(folder, kind)
        signing(path, path, method=kind)
    made(folder, "structured")
    (folder / "locked.txt").mkdir()
    run = CliRunner().invoke(app, ["verify", "--json", str(folder)])
    assert run.exit_code == 0, run.output
    assert [json.loads(line)["file"] for line in run.output.splitlines()] == [
        str(folder / name) for name in ("a.html", "a.txt")
    ]
