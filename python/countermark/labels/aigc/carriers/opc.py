"""The parts of Office files: an archive of XML parts and the relationships between them.

Source: ECMA-376 part 2, 8 to 10 (parts, relationships, content types).
"""

from __future__ import annotations

import posixpath
import zipfile
from typing import TYPE_CHECKING, Final

from countermark.containers import zips
from countermark.errors import LabelNotWritten
from countermark.labels.aigc.carriers.extra import needing

if TYPE_CHECKING:
    from lxml.etree import _Element

TYPES_PART: Final = "[Content_Types].xml"
STRICT: Final = "http://purl.oclc.org/"
"""How the names of the strict variant begin."""

_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/"
_TYPES: Final = f"{{{_PACKAGE}content-types}}"
_RELATIONSHIP: Final = f"{{{_PACKAGE}relationships}}Relationship"
_SIGNATURE: Final = f"{_PACKAGE}relationships/digital-signature/origin"


def relationships_of(part: str) -> str:
    """The part that says to which others one leads; that of the whole package for "".

    >>> relationships_of("ppt/slides/slide1.xml"), relationships_of("")
    ('ppt/slides/_rels/slide1.xml.rels', '_rels/.rels')
    """
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def part(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of a part; raises `ValueError` where there is none, or more than `most` bytes."""
    content = zips.entry(archive, name, most)
    if content is None:
        raise ValueError(f"no part {name}")
    return content


def check_unsigned(relationships: _Element) -> None:
    """Refuse a package that is signed, by the relationships of the whole."""
    if _SIGNATURE in [one.get("Type", "") for one in relationships.iter(_RELATIONSHIP)]:
        raise LabelNotWritten(
            "The file is signed, and the signature may break.",
            remedy="Label the file first, sign it then.",
        )


def is_strict(relationships: _Element) -> bool:
    """Whether the package has the names of the strict variant."""
    kinds = [one.get("Type", "") for one in relationships.iter(_RELATIONSHIP)]
    return any(kind.startswith(STRICT) for kind in kinds)


def targets(relationships: _Element, source: str) -> list[tuple[str, str, str]]:
    """Identifier, type and part of each relationship of the part `source` that stays inside."""
    base = "/" + posixpath.dirname(source)
    return [
        (
            one.get("Id", ""),
            one.get("Type", ""),
            posixpath.normpath(posixpath.join(base, one.get("Target", ""))).lstrip("/"),
        )
        for one in relationships.iter(_RELATIONSHIP)
        if one.get("TargetMode") != "External"
    ]


def relate(relationships: _Element, kind: str, target: str) -> str:
    """Lead to another part; the identifier of the new relationship."""
    with needing("lxml"):
        from lxml import etree
    taken = {one.get("Id") for one in relationships}
    free = next(
        name for number in range(len(taken) + 1) if (name := f"rIdAIGC{number}") not in taken
    )
    attributes = {"Id": free, "Type": kind, "Target": target}
    etree.SubElement(relationships, _RELATIONSHIP, attributes)
    return free


def no_relationships() -> _Element:
    """The content of a part of relationships that leads nowhere yet."""
    return parsed(f'<Relationships xmlns="{_PACKAGE}relationships"/>'.encode())


def is_typed(types: _Element, part: str) -> bool:
    """Whether the part has a content type of its own."""
    return any(
        one.get("PartName", "").lower() == f"/{part}".lower()
        for one in types.iter(f"{_TYPES}Override")
    )


def type_part(types: _Element, part: str, content_type: str) -> None:
    """Say of which content type a new part is."""
    with needing("lxml"):
        from lxml import etree
    attributes = {"PartName": f"/{part}", "ContentType": content_type}
    etree.SubElement(types, f"{_TYPES}Override", attributes)


def parsed(content: bytes) -> _Element:
    """The root of a part, which may not define anything of its own.

    Source: ECMA-376 part 2, 8.1.4.
    """
    with needing("lxml"):
        from lxml import etree
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a part with a document type")
    return root


def serialised(root: _Element) -> bytes:
    """The part again."""
    with needing("lxml"):
        from lxml import etree
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
