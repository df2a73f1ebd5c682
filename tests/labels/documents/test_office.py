"""The label of Office files stands where people begin to read; nothing else moves."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import etree
from openpyxl.drawing.image import Image as Drawing
from PIL import Image

from countermark.errors import LabelNotWritten, UnsupportedContainer
from countermark.labels.documents import label_document
from countermark.labels.visible import wording

NUMBERED = wording("cn", filing_number="110000000000000000001")
LINES = ["AI生成", "备案号：110000000000000000001"]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def changed(before: Path, after: Path) -> set[str]:
    old, new = parts(before), parts(after)
    return {name for name in new if new[name] != old.get(name)} | (old.keys() - new.keys())


def labels(content: bytes) -> list[tuple[list[str], int]]:
    """The words of the labels of ours, and the height at which each stands."""
    found = []
    for shape in etree.fromstring(content).iter("{*}sp"):
        name = shape.find("{*}nvSpPr/{*}cNvPr")
        if name is not None and name.get("name") == "countermark label":
            place = shape.find("{*}spPr/{*}xfrm/{*}off")
            assert place is not None
            words = [str(one.text) for one in shape.iter("{*}t")]
            found.append((words, int(place.get("y", "0"))))
    return found


def test_word_file_begins_with_the_label(docx: Path) -> None:
    out = docx.with_name("out.docx")
    done = label_document(docx, out, NUMBERED)
    assert (done.text, done.place) == ("AI生成", "first paragraph")
    assert changed(docx, out) == {"word/document.xml"}
    body = etree.fromstring(parts(out)["word/document.xml"])[0]
    texts = ["".join(map(str, paragraph.itertext())) for paragraph in body.iter("{*}p")]
    assert texts == ["".join(LINES), "A lake lies still."]
    once = out.read_bytes()
    label_document(out, out, NUMBERED)
    assert out.read_bytes() == once


def test_presentation_shows_it_on_the_first_slide_that_is_shown(pptx: Path) -> None:
    out = pptx.with_name("out.pptx")
    label_document(pptx, out, NUMBERED)
    label_document(out, out, NUMBERED)
    assert changed(pptx, out) == {"ppt/slides/slide2.xml"}
    label_document(out, out, wording("kr"))
    (first, above), (second, below) = labels(parts(out)["ppt/slides/slide2.xml"])
    assert (first, second) == (LINES, ["AI 생성"])
    assert below > above  # and so hides nothing


@pytest.fixture
def workbook(tmp_path: Path) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "Hidden"
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("Lakes")
    sheet.append(["Name", "Depth"])
    sheet.append(["A lake", 9])
    sheet["C2"] = "=B2*2"
    book.active = 1
    return book


def saved(book: openpyxl.Workbook, tmp_path: Path) -> Path:
    book.save(tmp_path / "lake.xlsx")
    return tmp_path / "lake.xlsx"


def test_spreadsheet_keeps_every_cell(workbook: Any, tmp_path: Path) -> None:
    path, out = saved(workbook, tmp_path), tmp_path / "out.xlsx"
    label_document(path, out, NUMBERED)
    once = out.read_bytes()
    label_document(out, out, NUMBERED)
    assert out.read_bytes() == once
    before, after = (openpyxl.load_workbook(one)["Lakes"] for one in (path, out))
    assert [[cell.value for cell in row] for row in after] == [
        [cell.value for cell in row] for row in before
    ]
    assert after.oddHeader.right.text == " · ".join(LINES)
    drawing = etree.fromstring(parts(out)["xl/drawings/drawing1.xml"])
    assert drawing.findtext(".//{*}from/{*}col") == "3"  # A to C hold cells
    assert drawing.findtext(".//{*}from/{*}row") == "0"
    assert labels(parts(out)["xl/drawings/drawing1.xml"])[0][0] == LINES
    assert parts(out)["xl/worksheets/sheet1.xml"] == parts(path)["xl/worksheets/sheet1.xml"]


def test_pictures_and_headers_of_a_sheet_stay(workbook: Any, tmp_path: Path) -> None:
    sheet = workbook["Lakes"]
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(picture, "PNG")
    sheet.add_image(Drawing(picture), "A9")
    sheet.oddHeader.left.text, sheet.oddHeader.right.text = "R & D", "Page &P"
    sheet.firstHeader.center.text, sheet.HeaderFooter.differentFirst = "Title", True
    path, out = saved(workbook, tmp_path), tmp_path / "out.xlsx"
    label_document(path, out, wording("cn"))
    label_document(out, out, wording("kr"))
    after = openpyxl.load_workbook(out)["Lakes"]
    assert after.oddHeader.right.text == "AI 생성 AI生成 Page &P"
    assert after.firstHeader.center.text == "Title"
    assert after.firstHeader.right.text == "AI 생성 AI生成"
    assert len(after._images) == 1
    content = parts(out)["xl/drawings/drawing1.xml"]
    assert [words for words, _ in labels(content)] == [["AI生成"], ["AI 생성"]]
    rows = [one.text for one in etree.fromstring(content).iterfind(".//{*}from/{*}row")]
    assert len(set(rows)) == 3


def test_files_without_a_place_are_refused(docx: Path, pptx: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    empty = tmp_path / "empty.pptx"
    with zipfile.ZipFile(empty, "w") as archive:
        for name, content in parts(pptx).items():
            archive.writestr(name, content.replace(b"<p:sldId ", b"<p:other "))
    with pytest.raises(LabelNotWritten, match="no slides"):
        label_document(empty, out, wording("cn"))
    signed = tmp_path / "signed.docx"
    with zipfile.ZipFile(signed, "w") as archive:
        for name, content in parts(docx).items():
            origin = b"http://schemas.openxmlformats.org/package/2006/relationships/"
            lead = b'<Relationship Id="s" Type="%sdigital-signature/origin" Target="s"/>' % origin
            archive.writestr(name, content.replace(b"</Relationships>", lead + b"</Relationships>"))
    with pytest.raises(LabelNotWritten, match="signed"):
        label_document(signed, out, wording("cn"))
    (tmp_path / "notes.txt").write_text("A lake.")
    with pytest.raises(UnsupportedContainer, match="not labelled here"):
        label_document(tmp_path / "notes.txt", out, wording("cn"))
    assert not out.exists()


STRICT = {
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/"
    b"ooxml/officeDocument/relationships",
    **{
        b"http://schemas.openxmlformats.org/%s/2006/%s" % (kind, name): b"http://purl.oclc.org/"
        b"ooxml/%s/%s" % (kind, name)
        for kind, name in (
            (b"drawingml", b"main"),
            (b"presentationml", b"main"),
            (b"spreadsheetml", b"main"),
        )
    },
}


def test_strict_variants_keep_their_names(pptx: Path, workbook: Any, tmp_path: Path) -> None:
    for path, changes in (
        (pptx, {"ppt/slides/slide2.xml"}),
        (saved(workbook, tmp_path), {"xl/worksheets/sheet2.xml", "xl/drawings/drawing1.xml"}),
    ):
        strict, out = path.with_stem("strict"), path.with_stem("out")
        with zipfile.ZipFile(strict, "w") as archive:
            for name, content in parts(path).items():
                for former, new in STRICT.items():
                    content = content.replace(former, new)
                archive.writestr(name, content)
        label_document(strict, out, wording("cn"))
        assert changes <= changed(strict, out)
        for name in changed(strict, out) - {"[Content_Types].xml"}:
            spaces = re.findall(rb'xmlns(?::\w+)?="([^"]+)"', parts(out)[name])
            assert spaces
            assert not [one for one in spaces if one in STRICT], (name, spaces)
            if name.startswith("xl/drawings"):
                assert b"http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing" in spaces
        with zipfile.ZipFile(out) as archive:
            assert archive.testzip() is None
