"""The label in DOCX, XLSX, PPTX and their kin: what stays, variants, what is refused."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest

from countermark.containers import media_type
from countermark.containers.office import OFFICE_TYPES
from countermark.errors import LabelNotWritten, UnsupportedContainer
from countermark.labels import aigc

PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
VALUES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
STRICT = "http://purl.oclc.org/ooxml/officeDocument"
FORMAT = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
KIND = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"


def custom(*properties: tuple[str, str]) -> str:
    whole = "".join(
        f'<property fmtid="{FORMAT}" pid="{n}" name="{name}">'
        f"<vt:lpwstr>{text}</vt:lpwstr></property>"
        for n, (name, text) in enumerate(properties, 2)
    )
    return f'<Properties xmlns="{PROPERTIES}" xmlns:vt="{VALUES}">{whole}</Properties>'


@pytest.fixture
def entries(folder: Path) -> dict[str, str]:
    """Those of a small DOCX, by name."""
    with zipfile.ZipFile(folder / "text.docx") as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def with_custom(entries: dict[str, str], content: str, part: str = "docProps/custom.xml") -> None:
    types, relations = "[Content_Types].xml", "_rels/.rels"
    override = f'<Override PartName="/{part}" ContentType="{KIND}"/>'
    entries[types] = entries[types].replace("</Types>", f"{override}</Types>")
    relation = f'<Relationship Id="rIdAIGC0" Type="{RELATION}" Target="/{part}"/>'
    entries[relations] = entries[relations].replace("</Relat", f"{relation}</Relat")
    entries[part] = content


def raw(path: Path) -> dict[str, bytes]:
    """Header and compressed bytes of each entry, in their order."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        ends = [*(info.header_offset for info in infos[1:]), archive.start_dir]
        return {
            info.filename: content[info.header_offset : end]
            for info, end in zip(infos, ends, strict=True)
        }


CHANGED = {"[Content_Types].xml", "_rels/.rels", "docProps/custom.xml"}


@pytest.mark.parametrize("name", ["text.docx", "table.xlsx"])
def test_other_entries_keep_bytes_and_order(labelled: Callable[[str], Any], name: str) -> None:
    before, after = (raw(path) for path in labelled(name))
    assert [*before, "docProps/custom.xml"] == list(after)
    assert {n: b for n, b in before.items() if n not in CHANGED} == {
        n: b for n, b in after.items() if n not in CHANGED
    }
    with zipfile.ZipFile(labelled(name).after) as archive:
        assert archive.testzip() is None


def test_openpyxl_finds_it(labelled: Callable[[str], Any], label: aigc.AigcLabel) -> None:
    book = openpyxl.load_workbook(labelled("table.xlsx").after)
    assert book.custom_doc_props["AIGC"].value == label.to_json()
    assert book.custom_doc_props.names == ["AIGC"]


def test_property_is_as_the_standard_has_it(
    labelled: Callable[[str], Any], label: aigc.AigcLabel
) -> None:
    with zipfile.ZipFile(labelled("text.docx").after) as archive:
        root = ElementTree.fromstring(archive.read("docProps/custom.xml"))
        (one,) = root
        assert one.attrib == {"fmtid": FORMAT, "pid": "2", "name": "AIGC"}
        assert [(part.tag, part.text) for part in one] == [(f"{{{VALUES}}}lpwstr", label.to_json())]
        relations = ElementTree.fromstring(archive.read("_rels/.rels"))
        assert [one.get("Target") for one in relations if one.get("Type") == RELATION] == [
            "docProps/custom.xml"
        ]
        types = ElementTree.fromstring(archive.read("[Content_Types].xml"))
        assert [
            t.get("ContentType") for t in types if t.get("PartName") == "/docProps/custom.xml"
        ] == [KIND]


@pytest.mark.parametrize("part", ["docProps/custom.xml", "docProps/own.xml"])
def test_other_properties_stay(
    part: str,
    entries: dict[str, str],
    archive: Callable[..., Path],
    label: aigc.AigcLabel,
    tmp_path: Path,
) -> None:
    with_custom(entries, custom(("Mood", "calm"), ("AIGC", "{}"), ("Place", "海")), part)
    path = archive(tmp_path / "a.docx", entries)
    assert [one.carried.text for one in aigc.read(path).found] == ["{}"]
    before = raw(path)
    aigc.write(path, path, label)
    assert [one.label for one in aigc.read(path).found] == [label]
    after = raw(path)
    assert {name for name in after if after[name] != before.get(name)} == {part}
    with zipfile.ZipFile(path) as opened:
        root = ElementTree.fromstring(opened.read(part))
    assert [(one.get("name"), one.get("pid")) for one in root] == [
        *(("Mood", "2"), ("Place", "4"), ("AIGC", "5")),
    ]


def test_two_labels_are_a_finding_and_become_one(
    entries: dict[str, str], archive: Callable[..., Path], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    with_custom(entries, custom(("AIGC", "{}"), ("AIGC", "[]")), "docProps/own.xml")
    entries["docProps/custom.xml"] = custom(("AIGC", "{ }"))  # which nothing leads to
    path = archive(tmp_path / "a.docx", entries)
    assert len(aigc.read(path).found) == 3
    aigc.write(path, path, label)
    assert [one.label for one in aigc.read(path).found] == [label]


def test_strict_files_get_strict_names(
    entries: dict[str, str], archive: Callable[..., Path], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    relations = entries["_rels/.rels"]
    usual = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    entries["_rels/.rels"] = relations.replace(usual, f"{STRICT}/relationships")
    path = archive(tmp_path / "a.docx", entries)
    aigc.write(path, path, label)
    with zipfile.ZipFile(path) as opened:
        content = opened.read("docProps/custom.xml").decode()
        assert (
            f'Type="{STRICT}/relationships/customProperties"' in opened.read("_rels/.rels").decode()
        )
    root = ElementTree.fromstring(content)
    assert root.tag == f"{{{STRICT}/customProperties}}Properties"
    assert root[0][0].tag == f"{{{STRICT}/docPropsVTypes}}lpwstr"
    aigc.write(path, path, label)
    assert len(aigc.read(path).found) == 1


@pytest.mark.parametrize("kind", OFFICE_TYPES)
def test_kin_are_known_by_their_main_parts(
    kind: str,
    entries: dict[str, str],
    archive: Callable[..., Path],
    label: aigc.AigcLabel,
    tmp_path: Path,
) -> None:
    types = "[Content_Types].xml"
    entries[types] = re.sub(
        r'ContentType="[^"]*main\+xml"', f'ContentType="{kind}"', entries[types]
    )
    entries["word/vbaProject.bin"] = "macros"
    path = archive(tmp_path / "file", entries)
    assert media_type(path.read_bytes()) == OFFICE_TYPES[kind]
    aigc.write(path, path, label)
    assert media_type(path.read_bytes()) == OFFICE_TYPES[kind]
    with zipfile.ZipFile(path) as opened:
        assert opened.read("word/vbaProject.bin") == b"macros"


def test_signed_files_are_refused(
    entries: dict[str, str], archive: Callable[..., Path], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    origin = "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
    relation = f'<Relationship Id="s" Type="{origin}" Target="_xmlsignatures/origin.sigs"/>'
    entries["_rels/.rels"] = entries["_rels/.rels"].replace("</Relat", f"{relation}</Relat")
    path = archive(tmp_path / "a.docx", entries)
    before = path.read_bytes()
    with pytest.raises(LabelNotWritten, match="signed"):
        aigc.write(path, path, label)
    assert path.read_bytes() == before


LAUGHS = "<!DOCTYPE p [" + "".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(20)
)
HOSTILE = {
    "entities": f'{LAUGHS}]><Properties xmlns="{PROPERTIES}">&e19;</Properties>',
    "entities in an attribute": f'{LAUGHS}]><Properties xmlns="{PROPERTIES}" a="&e19;"/>',
    "a file": f'<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]><Properties '
    f'xmlns="{PROPERTIES}"><property name="AIGC">&e;</property></Properties>',
    "too much": custom(("Mood", " " * (5 << 20))),
    "depth": "<a>" * 100_000,
    "no XML": "\0\1",
}


@pytest.mark.parametrize("threat", HOSTILE)
def test_hostile_parts_are_refused_and_never_said_to_hold_nothing(
    threat: str,
    entries: dict[str, str],
    archive: Callable[..., Path],
    label: aigc.AigcLabel,
    tmp_path: Path,
) -> None:
    with_custom(entries, HOSTILE[threat])
    path = archive(tmp_path / "a.docx", entries)
    before = path.read_bytes()
    reading = aigc.read(path)
    assert (reading.found, reading.verdict) == ((), aigc.Verdict.INCONCLUSIVE)
    with pytest.raises(LabelNotWritten):
        aigc.write(path, path, label)
    assert path.read_bytes() == before


def test_overlapping_entries_are_refused(folder: Path, label: aigc.AigcLabel) -> None:
    content = bytearray((folder / "text.docx").read_bytes())
    at = content.index(b"PK\1\2")
    last = content.rindex(b"PK\1\2")
    content[last + 42 : last + 46] = content[at + 42 : at + 46]  # where its header is said to be
    with pytest.raises(LabelNotWritten, match=r"elsewhere|overlap"):
        aigc.write(io.BytesIO(bytes(content)), io.BytesIO(), label)


def test_directory_without_end_is_not_taken_into_memory() -> None:
    head = b"PK\3\4" + bytes(30)
    directory = bytes(9 << 20)
    end = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 9, 9, len(directory), len(head), 0)
    with pytest.raises(UnsupportedContainer):
        aigc.read(io.BytesIO(head + directory + end))


def test_files_with_zip64_fields_keep_them(
    entries: dict[str, str], label: aigc.AigcLabel, tmp_path: Path
) -> None:
    path = tmp_path / "a.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content.encode())
        archive.comment = b"of the sea"
    before = raw(path)
    aigc.write(path, path, label)
    assert raw(path)["word/document.xml"] == before["word/document.xml"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"of the sea"


def test_other_archives_have_no_place_for_it(archive: Callable[..., Path], tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a": "b"})
    with pytest.raises(UnsupportedContainer):
        aigc.read(path)
