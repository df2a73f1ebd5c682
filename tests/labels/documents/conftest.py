"""Documents made for the tests."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Name

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument"
LAKE = b"BT /F 14 Tf 72 500 Td (A lake lies still.) Tj ET"
SLIDE = (
    f'<p:sld xmlns:p="{SLIDES}" xmlns:a="{DRAWING}"{{show}}><p:cSld><p:spTree><p:nvGrpSpPr>'
    '<p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    "</p:spTree></p:cSld></p:sld>"
)


def packed(path: Path, parts: Mapping[str, str], main: str, types: Mapping[str, str]) -> Path:
    """An Office file. `types`: the content types of its parts."""
    listed = "".join(
        f'<Override PartName="/{part}" ContentType="{TYPE}.{kind}+xml"/>'
        for part, kind in types.items()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>',
        )
        archive.writestr("_rels/.rels", related(("rId1", "officeDocument", main)))
        for part, content in parts.items():
            archive.writestr(part, content)
    return path


def related(*leads: tuple[str, str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="{one}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for one, kind, target in leads
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


@pytest.fixture
def pdf(tmp_path: Path) -> Callable[..., Path]:
    """A document of one page with a line on it."""

    def make(name: str = "lake.pdf", *, content: bytes = LAKE, **members: object) -> Path:
        path = tmp_path / name
        with pikepdf.new() as document:
            document.add_blank_page(page_size=(595, 842))
            page = document.pages[0].obj
            font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
            page.Resources = Dictionary(Font=Dictionary(F=font))
            page.Contents = document.make_stream(content)
            for key, value in members.items():
                page[f"/{key}"] = value
            document.save(path)
        return path

    return make


@pytest.fixture
def docx(tmp_path: Path) -> Path:
    body = "<w:p><w:r><w:t>A lake lies still.</w:t></w:r></w:p><w:sectPr/>"
    document = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    main = "word/document.xml"
    types = {main: "wordprocessingml.document.main"}
    return packed(tmp_path / "lake.docx", {main: document}, main, types)


@pytest.fixture
def pptx(tmp_path: Path) -> Path:
    """Two slides, of which the first is hidden."""
    main, slides = "ppt/presentation.xml", ("ppt/slides/slide1.xml", "ppt/slides/slide2.xml")
    listed = "".join(f'<p:sldId id="{256 + n}" r:id="rId{n}"/>' for n in (1, 2))
    presentation = (
        f'<p:presentation xmlns:p="{SLIDES}" xmlns:r="{OFFICE}"><p:sldIdLst>{listed}</p:sldIdLst>'
        '<p:sldSz cx="12192000" cy="6858000"/></p:presentation>'
    )
    leads = (("rId1", "slide", "slides/slide1.xml"), ("rId2", "slide", "/ppt/slides/slide2.xml"))
    parts = {
        main: presentation,
        "ppt/_rels/presentation.xml.rels": related(*leads),
        slides[0]: SLIDE.format(show=' show="0"'),
        slides[1]: SLIDE.format(show=""),
    }
    kinds = {main: "presentationml.presentation.main"}
    kinds |= dict.fromkeys(slides, "presentationml.slide")
    return packed(tmp_path / "lake.pptx", parts, main, kinds)
