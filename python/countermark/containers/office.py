"""Which document an Office Open XML file is, by what it says of its main part.

Source: ECMA-376 part 1, 11.3.10, 12.3.23 and 13.3.6 and part 2, 10.1.2; MS-OFFMACRO2, 2.2.
"""

from __future__ import annotations

import re
from typing import Final

from countermark.containers import zips
from countermark.containers.content import Content

_OPEN: Final = "application/vnd.openxmlformats-officedocument"
_OWN: Final = "application/vnd.ms"
OFFICE_TYPES: Final = {
    **{
        f"{_OPEN}.{kind}.main+xml": f"{_OPEN}.{kind}"
        for kind in (
            *("wordprocessingml.document", "wordprocessingml.template"),
            *("spreadsheetml.sheet", "spreadsheetml.template"),
            *("presentationml.presentation", "presentationml.slideshow"),
            "presentationml.template",
        )
    },
    f"{_OWN}-word.document.macroEnabled.main+xml": f"{_OWN}-word.document.macroEnabled.12",
    f"{_OWN}-word.template.macroEnabledTemplate.main+xml": f"{_OWN}-word.template.macroEnabled.12",
    f"{_OWN}-excel.sheet.binary.macroEnabled.main": f"{_OWN}-excel.sheet.binary.macroEnabled.12",
    **{
        f"{_OWN}-{kind}.macroEnabled.main+xml": f"{_OWN}-{kind}.macroEnabled.12"
        for kind in (
            *("excel.sheet", "excel.template"),
            *("powerpoint.presentation", "powerpoint.slideshow", "powerpoint.template"),
        )
    },
}
"""Media types of files, by the content types of their main parts."""

_CONTENT_TYPE: Final = re.compile(rb"ContentType\s*=\s*[\"']([^\"']*)[\"']")
_MAX_BYTES: Final = 1 << 22


def office_type(asset: Content) -> str | None:
    """The media type of the file; None for other archives, and for damaged ones."""
    try:
        with zips.opened(asset) as archive:
            types = zips.entry(archive, "[Content_Types].xml", _MAX_BYTES) or b""
    except Exception:  # zipfile and what unpacks raise nearly every class
        return None
    for kind in _CONTENT_TYPE.findall(types):
        shown = OFFICE_TYPES.get(kind.decode("latin-1"))
        if shown:
            return shown
    return None
