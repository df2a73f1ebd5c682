"""Documents signed with profiles: label, metadata and manifest, which lies beside most of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from PIL import Image

from countermark import Verdict, credentials, keys, mark, verify
from countermark.complying import comply, profile
from countermark.credentials import Trust
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    MarkLost,
    ProfileNotMet,
    UnsupportedImage,
)
from countermark.labels import aigc
from countermark.record import (
    DigitalSource,
    ExplicitLabel,
    Filing,
    Producer,
    ProviderCode,
    Record,
    Sense,
    ServiceClass,
    System,
)
from countermark.registry import Registry
from countermark.signing import SignedFile, sign, sign_beside

RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=ProviderCode.of("91350100M000100Y43")),
    system=System(name="Example Model", version="3"),
    service_class=ServiceClass.DIALOGUE_OR_WRITING,
    filing=Filing(number="110000000000000000001", url="https://example.org/filing"),
)
PAGE = "<!doctype html>\n<title>A lake</title>\n<p>A lake lies still.</p>\n"
Sign = Callable[..., SignedFile]


@pytest.fixture
def signed(home: keys.Home, registry: Registry) -> Sign:
    """Signs, for the Chinese profile unless told otherwise."""

    def run(
        source: Path, destination: Path, record: Record = RECORD, **options: object
    ) -> SignedFile:
        options = {"profiles": [profile("cn")], **options}
        signer = home.signer()
        return sign(source, destination, record=record, signer=signer, registry=registry, **options)  # type: ignore[arg-type]

    return run


def made(folder: Path, kind: str) -> Path:
    path = folder / f"lake.{kind}"
    if kind == "pdf":
        with pikepdf.new() as document:
            document.add_blank_page(page_size=(595, 842))
            document.save(path)
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["A lake", "lies still"])
        book.save(path)
    else:
        path.write_text("# A lake\n\nlies still.\n" if kind == "md" else PAGE, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["pdf", "xlsx", "md", "html"])
def test_document_meets_the_profiles(
    kind: str, tmp_path: Path, home: keys.Home, registry: Registry, signed: Sign
) -> None:
    source, out = made(tmp_path, kind), tmp_path / f"signed.{kind}"
    before = source.read_bytes()
    demanded = [profile("cn"), profile("kr")]
    done = signed(source, out, profiles=demanded)
    assert source.read_bytes() == before
    assert done.record.label is not None
    label = done.record.label
    assert (label.sense, label.text) == (Sense.READ, "AI生成 AI-generated")  # one for both
    assert done.sidecar == (None if kind == "pdf" else tmp_path / "signed.c2pa")
    found = comply(out, demanded, registry=registry)
    assert found.complies, str(found)
    implicit = aigc.read(out).label
    assert implicit is not None
    assert implicit.produce_id == done.record.content_id
    report = verify(out, registry=registry, trust=Trust.from_file(home.trust_path))
    assert (report.verdict, report.trust.value) == (Verdict.INTACT, "trusted")
    assert report.record == done.record
    out.write_bytes(out.read_bytes() + b" ")
    assert not comply(out, demanded, registry=registry).complies


def test_label_comes_before_the_metadata_and_the_signature(tmp_path: Path, signed: Sign) -> None:
    out = tmp_path / "signed.md"
    signed(made(tmp_path, "md"), out)
    head, _, body = out.read_text(encoding="utf-8").removeprefix("---\n").partition("---\n")
    assert head.startswith("AIGC:")
    assert body == "**AI生成 · 备案号：110000000000000000001**\n\n# A lake\n\nlies still.\n"


def test_pdf_signed_again_keeps_label_and_manifest(tmp_path: Path, signed: Sign) -> None:
    first, second = tmp_path / "first.pdf", tmp_path / "second.pdf"
    done = signed(made(tmp_path, "pdf"), first)
    again = signed(first, second)
    found = credentials.read(second, "application/pdf", trust=Trust.nobody())
    assert found is not None
    assert [one.label for one in found.ingredients] == [done.manifest]
    assert found.label == again.manifest
    with pikepdf.open(second) as document:
        assert len(list(document.pages[0].obj.Resources.XObject.items())) == 1


def test_manifest_of_another_file_is_not_overwritten(tmp_path: Path, signed: Sign) -> None:
    signed(made(tmp_path, "md"), tmp_path / "signed.md")
    first = (tmp_path / "signed.c2pa").read_bytes()
    done = signed(made(tmp_path, "html"), tmp_path / "signed.html")
    assert done.sidecar == tmp_path / "signed.html.c2pa"
    assert (tmp_path / "signed.c2pa").read_bytes() == first
    for name in ("signed.md", "signed.html"):
        assert verify(tmp_path / name).verdict is Verdict.INTACT
    signed(made(tmp_path, "md"), tmp_path / "signed.md")  # takes the place of its own
    assert (tmp_path / "signed.c2pa").read_bytes() != first
    assert verify(tmp_path / "signed.md").verdict is Verdict.INTACT


def parents_in(store: bytes) -> list[str | None]:
    found = credentials.read_detached(store, trust=Trust.nobody())
    return [one.label for one in found.ingredients if one.role == "parentOf"]


def test_document_signed_again_keeps_label_and_manifest(
    tmp_path: Path, registry: Registry, signed: Sign
) -> None:
    out, sidecar = tmp_path / "signed.md", tmp_path / "signed.c2pa"
    first = signed(made(tmp_path, "md"), out)
    before = out.read_bytes()
    second = signed(out, out, first.record)
    assert second.sidecar == sidecar
    assert parents_in(sidecar.read_bytes()) == [first.manifest]
    assert out.read_bytes() == before  # label and metadata were there already
    assert comply(out, [profile("cn")], registry=registry).complies
    assert {registry.manifests.find(one.manifest) is not None for one in (first, second)} == {True}
    sidecar.rename(tmp_path / "signed.md.c2pa")
    third = signed(out, out, Record(source=DigitalSource.AI_EDITED), profiles=[])
    assert third.sidecar == tmp_path / "signed.md.c2pa"  # in the place of its own
    assert parents_in(third.sidecar.read_bytes()) == [second.manifest]
    assert not sidecar.exists()


def test_manifest_of_other_bytes_is_neither_parent_nor_lost(tmp_path: Path, signed: Sign) -> None:
    out, sidecar = tmp_path / "signed.md", tmp_path / "signed.c2pa"
    signed(made(tmp_path, "md"), out)
    stranger = sidecar.read_bytes()
    out.write_bytes(out.read_bytes() + b"More.\n")
    second = signed(out, out)
    assert second.sidecar == tmp_path / "signed.md.c2pa"
    assert parents_in(second.sidecar.read_bytes()) == []
    assert sidecar.read_bytes() == stranger
    out.write_bytes(out.read_bytes() + b"And more.\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(MarkLost, match="signed for other bytes"):
        signed(out, out)
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


def test_document_names_the_file_that_it_was_made_from(tmp_path: Path, signed: Sign) -> None:
    out = tmp_path / "signed.md"
    first = signed(made(tmp_path, "md"), out)
    for kind in ("html", "pdf"):  # with its manifest beside it, and in it
        done = signed(made(tmp_path, kind), tmp_path / f"of-{kind}.{kind}", parent=out)
        found = verify(tmp_path / f"of-{kind}.{kind}")
        assert found.verdict is Verdict.INTACT
        path = done.sidecar or tmp_path / "of-pdf.pdf"
        store = path.read_bytes()
        if kind == "pdf":
            embedded = credentials.read(path, "application/pdf", trust=Trust.nobody())
            assert embedded is not None
            store = embedded.bytes
        assert parents_in(store) == [first.manifest]


def test_picture_takes_the_manifest_beside_it_as_parent(
    tmp_path: Path, home: keys.Home, registry: Registry, photograph: Callable[..., Image.Image]
) -> None:
    photo, marked, again = (tmp_path / f"{name}.png" for name in ("photo", "marked", "again"))
    photograph(long_edge=320).save(photo)
    options = {"record": Record(source=DigitalSource.CAPTURED), "signer": home.signer()}
    first = sign_beside(photo, tmp_path / "photo.c2pa", registry=registry, **options)  # type: ignore[arg-type]
    mark(photo, marked, registry=registry, **options)  # type: ignore[arg-type]
    component = marked  # a parent beside its file goes with components in theirs
    sign(photo, again, registry=registry, components=[component], **options)  # type: ignore[arg-type]
    for path in (marked, again):
        found = credentials.read(path, "image/png", trust=Trust.from_file(home.trust_path))
        assert found is not None
        assert (found.hard_binding, found.failures) == ("match", ())
        [parent] = [one for one in found.ingredients if one.role == "parentOf"]
        assert (parent.label, parent.media_type) == (first.manifest, "image/png")
        assert "assertion.dataHash.mismatch" not in parent.recorded_failures
    assert (tmp_path / "photo.c2pa").is_file()


def test_both_are_put_in_their_places_or_none(tmp_path: Path, signed: Sign) -> None:
    source, folder = made(tmp_path, "html"), tmp_path / "out"
    folder.mkdir()
    (folder / "page.html").mkdir()  # no file can take its place
    with pytest.raises(DestinationNotWritable):
        signed(source, folder / "page.html")
    assert os.listdir(folder) == ["page.html"]
    (folder / "other.c2pa").mkdir()
    (folder / "other.html.c2pa").mkdir()
    with pytest.raises(DestinationNotWritable):
        signed(source, folder / "other.html")
    assert not (folder / "other.html").exists()


def test_what_cannot_be_done_is_refused(tmp_path: Path, signed: Sign) -> None:
    page, out = made(tmp_path, "html"), tmp_path / "out.html"
    with pytest.raises(InvalidArgument, match="names no components"):
        signed(page, out, components=[made(tmp_path, "pdf")])
    with pytest.raises(InvalidArgument, match="no earlier file"):
        signed(page, out, Record(source=DigitalSource.AI_EDITED), profiles=[])
    with pytest.raises(ProfileNotMet, match="cn-implicit-label"):
        signed(page, out, Record(source=DigitalSource.AI_GENERATED))
    (tmp_path / "notes.xyz").write_text("A lake.")
    with pytest.raises(UnsupportedImage, match="not supported"):
        signed(tmp_path / "notes.xyz", tmp_path / "out.xyz")
    assert not out.exists()
    assert not list(tmp_path.glob("*.c2pa"))


def test_profile_of_a_manifest_alone_is_a_gate(
    tmp_path: Path, home: keys.Home, registry: Registry, signed: Sign
) -> None:
    """The file is not written, so it must have all; both remedies that are said do help."""
    page, sidecar = made(tmp_path, "html"), tmp_path / "lake.c2pa"
    options = {"signer": home.signer(), "registry": registry, "profiles": [profile("cn")]}
    with pytest.raises(ProfileNotMet, match="cn-implicit-label") as raised:
        sign_beside(page, sidecar, record=RECORD, **options)  # type: ignore[arg-type]
    assert "countermark labels write" in str(raised.value)
    labelled = tmp_path / "labelled.html"
    code = str(ProviderCode.of("91350100M000100Y43"))
    aigc.write(page, labelled, aigc.AigcLabel.produced(code, "page-7"))
    sidecar = tmp_path / "labelled.c2pa"
    with pytest.raises(ProfileNotMet, match="cn-explicit-label") as raised:
        sign_beside(labelled, sidecar, record=RECORD, **options)  # type: ignore[arg-type]
    assert "sign --profile" in str(raised.value)
    assert "state it as the label of the record" in str(raised.value)
    assert not sidecar.exists()
    label = ExplicitLabel(sense=Sense.READ, text="AI生成", place="start")
    record = replace(RECORD, label=label)
    done = sign_beside(labelled, sidecar, record=record, **options)  # type: ignore[arg-type]
    assert done.record.content_id == "page-7"
    assert comply(labelled, [profile("cn")], registry=registry).complies
