"""The label in PDF: what stays, what is refused."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest

from countermark.errors import LabelNotWritten
from countermark.labels import aigc

PLACE = "{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC"


def streams(path: Path) -> list[str]:
    """Digests of what all streams hold, as they are compressed."""
    with pikepdf.open(path) as pdf:
        whole = (one for one in pdf.objects if isinstance(one, pikepdf.Stream))
        kept = (
            one.read_raw_bytes() for one in whole if one.get("/Type") not in ("/XRef", "/ObjStm")
        )
        return sorted(hashlib.sha256(content).hexdigest() for content in kept)


def saved(path: Path, change: Callable[[pikepdf.Pdf], None], **options: Any) -> Path:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 100))
    content = b"0 0 1 rg 10 10 50 50 re f % the sea"
    pdf.pages[0].Contents = pdf.make_stream(content)
    pdf.docinfo["/Title"] = "Küste 海"
    change(pdf)
    pdf.save(path, **options)
    return path


def nothing(pdf: pikepdf.Pdf) -> None:
    del pdf


@pytest.mark.parametrize("name", ["plain.pdf", "linear.pdf"])
def test_pypdf_finds_it_and_the_layout_stays(
    labelled: Callable[[str], Any], name: str, label: aigc.AigcLabel
) -> None:
    before, after = labelled(name)
    reader = pypdf.PdfReader(after, strict=True)
    assert reader.metadata is not None
    assert reader.metadata["/AIGC"] == label.to_json()
    assert reader.metadata["/Title"] == "Sea"
    with pikepdf.open(before) as former, pikepdf.open(after) as now:
        assert now.is_linearized == former.is_linearized == (name == "linear.pdf")
        assert now.pdf_version == former.pdf_version
        assert now.check_pdf_syntax() == []


def test_streams_keep_their_bytes(label: aigc.AigcLabel, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pdf", nothing, compress_streams=False)
    before = streams(path)
    aigc.write(path, path, label)
    assert streams(path) == before != []
    with pikepdf.open(path) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Küste 海"


def test_label_in_the_xmp_is_read_and_replaced(label: aigc.AigcLabel, tmp_path: Path) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata[PLACE] = "{}"
            metadata["dc:title"] = "Sea"
        pdf.docinfo["/AIGC"] = "[]"

    path = saved(tmp_path / "a.pdf", change)
    assert [one.carried.text for one in aigc.read(path).found] == ["[]", "{}"]
    aigc.write(path, path, label)
    assert [one.label for one in aigc.read(path).found] == [label]
    with pikepdf.open(path) as pdf:
        metadata = pdf.open_metadata()
        assert metadata["dc:title"] == "Sea"
        assert PLACE not in metadata


def sign(pdf: pikepdf.Pdf) -> None:
    signature = pdf.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=b"\0" * 8)
    )
    field = pdf.make_indirect(pikepdf.Dictionary(T="Signature", V=signature))
    field["/Kids"] = [field]  # which leads back to itself
    parent = pikepdf.Dictionary(FT=pikepdf.Name.Sig, Kids=[field])
    pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=[pdf.make_indirect(parent)])


def grant(pdf: pikepdf.Pdf) -> None:
    pdf.Root["/Perms"] = pikepdf.Dictionary(DocMDP=pikepdf.Dictionary())


ENCRYPTION = {
    "for all": pikepdf.Encryption(owner="owner", user=""),
    "for some": pikepdf.Encryption(owner="owner", user="user"),
}


@pytest.mark.parametrize("change", [sign, grant])
def test_signed_documents_are_refused(
    change: Callable[[pikepdf.Pdf], None], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.pdf", change)
    before = path.read_bytes()
    with pytest.raises(LabelNotWritten, match=r"signed.*sign it then"):
        aigc.write(path, path, label)
    assert path.read_bytes() == before


def test_form_that_nobody_signed_takes_a_label(label: aigc.AigcLabel, tmp_path: Path) -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        fields = [
            pikepdf.Dictionary(T="name", FT=pikepdf.Name.Tx, V="Ada"),
            pikepdf.Dictionary(T="signature", FT=pikepdf.Name.Sig),
        ]
        pdf.Root["/AcroForm"] = pikepdf.Dictionary(Fields=[pdf.make_indirect(f) for f in fields])

    path = saved(tmp_path / "a.pdf", change)
    aigc.write(path, path, label)
    assert aigc.read(path).label == label


@pytest.mark.parametrize("readers", ENCRYPTION)
def test_encrypted_documents_are_refused(
    readers: str, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    path = saved(tmp_path / "a.pdf", nothing, encryption=ENCRYPTION[readers])
    before = path.read_bytes()
    with pytest.raises(LabelNotWritten, match="encrypted"):
        aigc.write(path, path, label)
    assert path.read_bytes() == before
    is_open = readers == "for all"
    expected = aigc.Verdict.NOT_FOUND if is_open else aigc.Verdict.INCONCLUSIVE
    assert aigc.read(path).verdict is expected


def test_document_without_information_gets_some(label: aigc.AigcLabel) -> None:
    pdf, file, out = pikepdf.new(), io.BytesIO(), io.BytesIO()
    pdf.add_blank_page()
    pdf.save(file)
    assert b"/Info" not in file.getvalue()
    aigc.write(io.BytesIO(file.getvalue()), out, label)
    metadata = pypdf.PdfReader(io.BytesIO(out.getvalue())).metadata
    assert metadata is not None
    assert metadata["/AIGC"] == label.to_json()
