"""A font that has every character of a label: named, from a package, or of the system.

No font is part of countermark. The extra `labels` brings Noto Sans CJK (SIL Open Font License 1.1)
as the package noto-cjk-sans-otc; beside it the usual folders of Linux, macOS and Windows are
searched for the families in `FAMILIES`.

>>> face = find("AI生成", "zh-Hans")
>>> face.covers("AI生成")
True
"""

from __future__ import annotations

import importlib.util
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import ImageFont, features

from countermark.errors import FontMissing

FAMILIES: Final = (
    # Debian: fonts-noto-cjk; the rest of the row are other ways to the same design
    *("NotoSansCJK-Medium.ttc", "NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc"),
    *("NotoSansSC-Medium.otf", "NotoSansSC-Regular.otf", "SourceHanSansCN-Regular.otf"),
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "STHeiti Medium.ttc"),  # macOS, Chinese
    *("msyhbd.ttc", "msyh.ttc", "simhei.ttf"),  # Windows, Chinese
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf"),
    *("AppleSDGothicNeo.ttc", "malgunbd.ttf", "malgun.ttf", "NanumGothicBold.ttf"),  # Korean
    *("NotoSansDevanagari-Bold.ttf", "NotoSansDevanagari-Regular.ttf", "Lohit-Devanagari.ttf"),
    *("Kohinoor.ttc", "Nirmala.ttc", "Nirmala.ttf"),  # macOS, Windows: Devanagari
    *("NotoSans-Bold.ttf", "NotoSans-Regular.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf"),
    *("HelveticaNeue.ttc", "Helvetica.ttc", "segoeuib.ttf", "segoeui.ttf", "arialbd.ttf"),
)
"""File names that are looked for, the best first; the first that has every character is used."""

_PACKAGE: Final = "noto_cjk_sans_otc"
_REGIONS: Final = {"zh-hant": "TC", "zh-hk": "HK", "zh": "SC", "ja": "JP", "ko": "KR"}
_MAX_FACES: Final = 32  # in a collection; Noto Sans CJK has ten
_PROBE_SIZE: Final = 24  # pixels, at which glyphs are compared
_NO_CHARACTER: Final = "\uffff"  # of which no font has a glyph, so that it shows the missing one
_REMEDY: Final = (
    "Install the extra countermark[labels] or a font of the system (Debian: fonts-noto-cjk, "
    "fonts-noto-core), or name the file of a font that has them."
)


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a font file, to be loaded at any size.

    `path`: the file. `index`: of the face in a collection. `language`: a BCP 47 tag, by which
    shapes of the same character are told apart.
    """

    path: str
    index: int
    language: str

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at an em of `size` pixels.

        >>> find("AI", "en").at(20).size
        20
        """
        return _load(self.path, self.index, size, _can_shape())

    def covers(self, text: str) -> bool:
        """Whether every character that is seen has a glyph of its own in the font.

        >>> find("AI", "en").covers("\\U0010fffd")
        False
        """
        font = _load(self.path, self.index, _PROBE_SIZE, False)
        missing = _ink(font, _NO_CHARACTER)
        seen = {each for each in text if not (each.isspace() or unicodedata.category(each) == "Cf")}
        return all(_ink(font, each) != missing for each in seen)


def find(text: str, language: str, *, font: str | os.PathLike[str] | None = None) -> Face:
    """A face with a glyph for every character of a text.

    Example: see the module.

    `language`: a BCP 47 tag. `font`: the file of a font to use instead of those found here.

    Raises `FontMissing` when there is none, when the file is no font, and for a script whose
    letters change their shape beside each other (Devanagari, Arabic, Thai) where Pillow cannot
    shape it.
    """
    if needs_shaping(text) and not _can_shape():
        raise FontMissing(
            f"The letters of {text!r} must be shaped, which Pillow cannot do here.",
            remedy="Install the library FriBiDi (Debian: libfribidi0) for Pillow's layout engine "
            "Raqm, or choose words in another script.",
        )
    return _find(text, language, None if font is None else os.fspath(font))


def needs_shaping(text: str) -> bool:
    """Whether letters of the text join, combine or run from right to left.

    >>> needs_shaping("AI生成"), needs_shaping("एआई द्वारा निर्मित")
    (False, True)
    """
    return any(
        unicodedata.category(each) in ("Mn", "Mc") or unicodedata.bidirectional(each) in ("R", "AL")
        for each in text
    )


@lru_cache(maxsize=64)
def _find(text: str, language: str, named: str | None) -> Face:
    files = _installed() if named is None else [Path(named)]
    for path in files:
        for face in _faces(path, language):
            if face.covers(text):
                return face
    if named is None:
        raise FontMissing(f"No font found here has all characters of {text!r}.", remedy=_REMEDY)
    if not any(True for _ in _faces(Path(named), language)):
        raise FontMissing(f"The file {named!r} is no font that can be read.", remedy=_REMEDY)
    raise FontMissing(f"The font {named!r} lacks characters of {text!r}.", remedy=_REMEDY)


def _faces(path: Path, language: str) -> Iterator[Face]:
    """The faces of a file, that of the language's region first; none if it is no font."""
    names: dict[int, str] = {}
    for index in range(_MAX_FACES):
        try:
            names[index] = _load(str(path), index, _PROBE_SIZE, False).getname()[0] or ""
        except (OSError, ValueError):  # beyond the last face, or no font at all
            break
    region = _region(language)
    order = sorted(names, key=lambda index: (not names[index].endswith(region), index))
    return (Face(str(path), index, language) for index in order)


def _region(language: str) -> str:
    tag = language.lower()
    found = [region for start, region in _REGIONS.items() if f"{tag}-".startswith(f"{start}-")]
    return found[0] if found else "SC"


def _installed() -> Iterator[Path]:
    """Fonts that are here, the best first."""
    package = importlib.util.find_spec(_PACKAGE)
    for folder in (package and package.submodule_search_locations) or ():
        yield from sorted(Path(folder).glob("*.tt?"))
    here = _in_folders()
    yield from (here[name.lower()] for name in FAMILIES if name.lower() in here)


@lru_cache(maxsize=1)
def _in_folders() -> dict[str, Path]:
    """Where each of the known files is."""
    wanted = {name.lower() for name in FAMILIES}
    found: dict[str, Path] = {}
    for folder in _folders():
        for parent, _, names in os.walk(folder):
            for name in wanted.intersection(map(str.lower, names)):
                actual = next(each for each in names if each.lower() == name)
                found.setdefault(name, Path(parent, actual))
    return found


def _folders() -> Iterable[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        return (
            Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts"),
            local / "Microsoft/Windows/Fonts",
        )
    if sys.platform == "darwin":
        return (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    return (
        *(home / ".local/share/fonts", home / ".fonts"),
        *(Path("/usr/local/share/fonts"), Path("/usr/share/fonts")),
    )


def _can_shape() -> bool:
    return bool(features.check("raqm"))


def _ink(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character, mode="L")
    return mask.size, bytes(mask)


@lru_cache(maxsize=64)
def _load(path: str, index: int, size: int, shaping: bool) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if shaping else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index=index, layout_engine=engine)
