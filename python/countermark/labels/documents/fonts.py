"""The characters of a label as a font inside a PDF. By fontTools.

Source: ISO 32000-2, 9.7 (composite fonts), 9.9 (embedded font programs), 9.10.3 (ToUnicode).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from countermark.errors import FontMissing
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.visible import fonts

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

_NO_LAYOUT: Final = ("GSUB", "GPOS", "GDEF", "BASE", "vmtx", "vhea", "VORG")
_SYMBOLIC: Final = 4  # flag of a font whose characters are not those of Latin alone
_MOST_PAIRS: Final = 100  # in one block of a CMap
_STEM: Final = 80  # thickness of strokes, in thousandths; nobody draws by it


@dataclass(frozen=True, slots=True)
class Subset:
    """The glyphs of a text.

    `program`: the font file, or its table of outlines (CFF). `codes`: the number of each character
    in it. `widths`: of each character, in thousandths of the em, as all lengths here.
    `box`: around all glyphs. `ascent`, `descent`: of lines.
    """

    name: str
    program: bytes
    is_cff: bool
    codes: dict[str, int]
    widths: dict[str, int]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int

    def width(self, text: str) -> float:
        """Of a line, in ems."""
        return sum(self.widths[each] for each in text) / 1000

    def encoded(self, text: str) -> bytes:
        """The text as a string of a content stream."""
        return b"<" + b"".join(b"%04X" % self.codes[each] for each in text) + b">"


@lru_cache(maxsize=8)
def subset(text: str, language: str) -> Subset:
    """The glyphs of a text, of the font that labels on pictures have.

    Raises `FontMissing` when there is none, and for letters that change their shape beside each
    other, which PDF wants placed one by one; `MissingExtra` without fontTools.
    """
    if fonts.needs_shaping(text):
        raise FontMissing(
            f"The letters of {text!r} must be shaped, which is not done in PDF files.",
            remedy="Choose words in another script, such as English.",
        )
    face = fonts.find(text, language)
    with needing("fonttools"):
        from fontTools.subset import Options, Subsetter
        from fontTools.ttLib import TTFont
    options = Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    options.drop_tables = [*options.drop_tables, *_NO_LAYOUT]
    with TTFont(face.path, fontNumber=face.index, lazy=True) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(font)
        return _read(font, text)


def _read(font: Any, text: str) -> Subset:
    unit = 1000 / font["head"].unitsPerEm
    glyphs = font.getBestCmap()
    names = {each: glyphs[ord(each)] for each in sorted(set(text))}
    is_cff = "CFF " in font
    head, lines = font["head"], font["hhea"]
    left, bottom, right, top = (
        round(side * unit) for side in (head.xMin, head.yMin, head.xMax, head.yMax)
    )
    tag = "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(text.encode()).digest()[:6])
    return Subset(
        name=f"{tag}+{font['name'].getDebugName(6) or 'Label'}".replace(" ", ""),
        program=font["CFF "].compile(font) if is_cff else _saved(font),
        is_cff=is_cff,
        codes={each: _code(font, name) for each, name in names.items()},
        widths={each: round(font["hmtx"][name][0] * unit) for each, name in names.items()},
        box=(left, bottom, right, top),
        ascent=round(lines.ascent * unit),
        descent=round(lines.descent * unit),
    )


def _code(font: Any, name: str) -> int:
    """The CID of a glyph, which in fonts without CIDs is its position (ISO 32000-2, 9.7.4.2)."""
    if "CFF " in font and hasattr(font["CFF "].cff.topDictIndex[0], "ROS"):
        return int(name.removeprefix("cid"))
    return int(font.getGlyphID(name))


def _saved(font: Any) -> bytes:
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def embedded(pdf: Pdf, glyphs: Subset) -> Object:
    """The font as an object of the document."""
    with needing("pikepdf"):
        from pikepdf import Array, Dictionary, Name, String
    program = pdf.make_stream(glyphs.program)
    if glyphs.is_cff:
        program.Subtype = Name.CIDFontType0C
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name(f"/{glyphs.name}"),
        Flags=_SYMBOLIC,
        FontBBox=Array(glyphs.box),
        ItalicAngle=0,
        Ascent=glyphs.ascent,
        Descent=glyphs.descent,
        CapHeight=glyphs.ascent,
        StemV=_STEM,
    )
    descriptor["/FontFile3" if glyphs.is_cff else "/FontFile2"] = program
    widths = [part for each, code in glyphs.codes.items() for part in (code, [glyphs.widths[each]])]
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0 if glyphs.is_cff else Name.CIDFontType2,
        BaseFont=Name(f"/{glyphs.name}"),
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        FontDescriptor=pdf.make_indirect(descriptor),
        W=Array(widths),
    )
    if not glyphs.is_cff:
        descendant.CIDToGIDMap = Name.Identity
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name(f"/{glyphs.name}"),
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(_to_unicode(glyphs)),
    )
    return pdf.make_indirect(font)


def _to_unicode(glyphs: Subset) -> bytes:
    """By which readers search and speak the text."""
    pairs = [
        f"<{code:04X}> <{each.encode('utf-16-be').hex().upper()}>\n"
        for each, code in glyphs.codes.items()
    ]
    blocks = "".join(
        f"{len(pairs[at : at + _MOST_PAIRS])} beginbfchar\n"
        + "".join(pairs[at : at + _MOST_PAIRS])
        + "endbfchar\n"
        for at in range(0, len(pairs), _MOST_PAIRS)
    )
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{blocks}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
