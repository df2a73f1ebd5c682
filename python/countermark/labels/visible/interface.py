"""A label beside content on a page: HTML with its icon, shown for as long as the page is.

>>> from countermark.labels.visible import interface_snippet, wording
>>> print(interface_snippet(wording("eu", "de")))  # doctest: +ELLIPSIS
<div class="countermark-label" role="note" lang="de" aria-label="Dieser Inhalt wurde von ...
"""

from __future__ import annotations

from html import escape
from typing import Final, Literal, TypeAlias, get_args
from urllib.parse import urlsplit

from countermark.errors import InvalidArgument
from countermark.labels.visible.wordings import Wording

Place: TypeAlias = Literal["inline", "top", "bottom"]
"""Beside the content, or at the top or bottom of the page, where it stays while one scrolls."""

# All in attributes: a <style> in the body is no valid HTML, and one in the head is the page's.
# System colours follow light, dark and forced colours, with a contrast of 4.5 and more in each.
_LOOK: Final = (
    "display:flex!important;visibility:visible!important;opacity:1!important;gap:.4em;"
    "align-items:center;flex-wrap:wrap;box-sizing:border-box;padding:.3em .6em;"
    "font:600 1rem/1.4 system-ui,sans-serif;color-scheme:light dark;color:CanvasText;"
    "background:Canvas;border:0 solid;"
)
_EDGE: Final = "position:sticky;z-index:2147483647;width:100%;justify-content:center"
_PLACES: Final[dict[Place, str]] = {
    "inline": "width:fit-content;max-width:100%;border-width:1px;border-radius:.4em",
    "top": f"{_EDGE};top:0;border-bottom-width:1px",
    "bottom": f"{_EDGE};bottom:0;border-top-width:1px",
}
_ICON: Final = (
    '<svg aria-hidden="true" focusable="false" width="1.5em" height="1.5em" viewBox="0 0 24 24" '
    'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" '
    'stroke-linejoin="round" style="flex:none"><rect x="2" y="4" width="20" height="16" rx="4"/>'
    '<path d="M6 16l3.5-8 3.5 8M7.3 13.3h4.4M17 8v8"/></svg>'
)


def interface_snippet(
    wording: Wording, *, place: Place = "inline", filing_url: str | None = None
) -> str:
    """HTML that shows a label, needs no script and no style sheet, and hides nothing on hover.

    Example: see the module.

    `place`: for "top" put it first in the body, for "bottom" last.
    `filing_url`: where the filing is published; the number links there (Deep Synthesis Provisions,
    article 19). The icon is ours, not the European Union's.

    Raises `InvalidArgument` for another place, an address that is not http or https, or one without
    a filing number.

    Source: GB 45438-2025, 5.6 (near the content, top or bottom, persistently displayed); WCAG 2.2.
    """
    if place not in get_args(Place):
        raise InvalidArgument(
            f"The place of the label is {place!r}.", remedy="Use inline, top or bottom."
        )
    note = "" if wording.note is None else f"<span>{escape(wording.note)}</span>"
    if filing_url is not None:
        _check_address(filing_url, wording)
        note = f'<a href="{escape(filing_url)}" style="color:LinkText">{note}</a>'
    # At an edge of the page it is a landmark of its own, beside content a part of that.
    begin, end = ('div class="countermark-label" role="note"', "div")
    if place != "inline":
        begin, end = 'aside class="countermark-label"', "aside"
    return (
        f'<{begin} lang="{escape(wording.language)}" '
        f'aria-label="{escape(wording.spoken)}" style="{_LOOK}{_PLACES[place]}">'
        f"{_ICON}<span>{escape(wording.text)}</span>{note}</{end}>"
    )


def _check_address(url: str, wording: Wording) -> None:
    if wording.note is None:
        raise InvalidArgument(
            "There is an address of the filing, but no filing number.",
            remedy="Give the number with the wording.",
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InvalidArgument(
            f"The address of the filing is {url!r}.", remedy="Use one of http or https."
        )
