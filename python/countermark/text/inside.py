"""Sign a text, in UTF-8, with its manifest inside, in place of any that is there."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from countermark.credentials import Beside, Signed, Signer, TimeStamper, sign_text
from countermark.credentials.binding_check import composed
from countermark.credentials.containers import UnusableText, texts
from countermark.errors import InvalidArgument, MissingExtra
from countermark.record import Record
from countermark.text.methods import (
    COMMENTS,
    Method,
    default_method,
    first_is_reserved,
    is_possible,
)

if TYPE_CHECKING:
    from types import ModuleType

MAX_BYTES: Final = 1 << 24
"""Of a text that a manifest is put in; those with one are read up to four times as long."""

_BESIDE: Final = "Sign it as a file, with the manifest beside it, or use another method."


def held_store(text: bytes) -> bytes | None:
    """The manifest store in a text; None when there is none.

    >>> held_store(b"A lake.")

    Raises `UnusableText` for one that cannot be read.
    """
    location = texts.find(text)
    return None if location is None else location.extract(text)


def sign_inside(
    text: bytes,
    *,
    media_type: str,
    method: Method | None,
    record: Record,
    signer: Signer,
    parent: Beside | None = None,
    actions: Sequence[str] = (),
    time_stamper: TimeStamper | None = None,
) -> Signed:
    """As `sign`, for the bytes of a text; `parent`: as in `credentials.sign_detached`.

    >>> import tempfile
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = keys.create_home(folder + "/home").signer()
    >>> record = Record(source=DigitalSource.AI_GENERATED)
    >>> signed = sign_inside(
    ...     b"#!/bin/sh", media_type="text/x-shellscript", method=None, record=record, signer=signer
    ... )
    >>> signed.asset[:41]
    b'#!/bin/sh\\n# -----BEGIN C2PA MANIFEST-----'

    A manifest in the text that is not in the parent is lost. Raises `MissingExtra`,
    `InvalidArgument`, `UnusableText`, `CredentialError`.
    """
    held = texts.find(text)
    if held is not None:
        method = method or texts.kind(held, text)
        ((start, end),) = held.exclusions
        text = text[:start] + text[end:]
    method = method or default_method(media_type, text)
    _check(text, media_type, method)
    assert method is not None
    return sign_text(
        _putting(text, media_type, method),
        record=record,
        signer=signer,
        parent=parent,
        actions=actions,
        time_stamper=time_stamper,
    )


def linked(page: bytes, address: str) -> bytes:
    """A page of HTML that says in its head where its manifest is.

    >>> linked(b"<head></head>", "a page.c2pa")[:51]
    b'<head><link rel="c2pa-manifest" href="a%20page.c2pa'

    The page itself when it says so already. Raises `MissingExtra`; `InvalidArgument` for a page
    without a head, or with another manifest.
    """
    reference = urllib.parse.quote(address)
    try:
        _check(page, "text/html", "html")
    except UnusableText as error:
        says_so = error.code == texts.ELSEWHERE and f'href="{reference}"'.encode() in page
        if not says_so:
            raise InvalidArgument(
                "The page names another manifest in its head.", remedy="Take it out first."
            ) from error
        return page
    newline = "\r\n" if b"\r\n" in page else "\n"
    done = _library().embed_html_reference(page.decode(), reference, newline)
    return bytes(done.encode())


def usual_method(media_type: str, text: bytes) -> Method | None:
    """As `default_method`; None too for a text that `sign_inside` would refuse.

    >>> page = b"<html><head></head></html>"
    >>> usual_method("text/html", page), usual_method("text/html", page + b"\\xff")
    ('html', None)
    """
    method = default_method(media_type, text)
    try:
        _check(text, media_type, method)
    except (InvalidArgument, UnusableText):
        return None
    return method


def _check(text: bytes, media_type: str, method: Method | None) -> None:
    if method is None or not is_possible(method, media_type, text):
        way = "any method" if method is None else f"the method {method!r:.40}"
        raise InvalidArgument(
            f"A text of type {media_type:.80}, as this one is, has no place for a manifest by "
            f"{way}.",
            remedy=_BESIDE,
        )
    if len(text) > MAX_BYTES or not texts.is_utf8(text):
        raise InvalidArgument("The text is too long, or not UTF-8.", remedy=_BESIDE)
    if texts.find(text) is not None or (method == "structured" and _has_delimiters(text)):
        raise InvalidArgument(
            "The text holds what readers would take for another manifest.",
            remedy="Take it out, or use another method.",
        )


def _has_delimiters(text: bytes) -> bool:
    return texts.BEGIN in text or texts.END in text


def _putting(text: bytes, media_type: str, method: Method) -> Callable[[bytes], bytes]:
    """What puts a store in the text, by the library that knows how."""
    c2pa_text = _library()
    if method == "unstructured":
        normal = composed(text)
        if normal is None:
            raise InvalidArgument("The text has too many marks in a row.", remedy=_BESIDE)
        return lambda store: normal + _wrapper(c2pa_text, store)
    host, newline = text.decode(), "\r\n" if b"\r\n" in text else "\n"
    if method == "html":
        return lambda store: c2pa_text.embed_html_inline(host, store, newline).html.encode()
    prefix, suffix = COMMENTS[media_type]
    place = c2pa_text.Placement.END if first_is_reserved(text) else c2pa_text.Placement.START

    def put(store: bytes) -> bytes:
        reference = c2pa_text.encode_data_uri(store)
        done = c2pa_text.embed_structured(host, reference, prefix, suffix, place, newline)
        return bytes(done.text.encode())

    return put


def _wrapper(c2pa_text: ModuleType, store: bytes) -> bytes:
    """Of the length that any store of this length fits in, so that the signed one does."""
    length = c2pa_text.worst_case_wrapper_byte_length(len(store))
    return bytes(c2pa_text.encode_wrapper_padded(store, length).encode())


def _library() -> ModuleType:
    try:
        import c2pa_text
    except ImportError as error:
        raise MissingExtra(
            "Manifests in texts need the package c2pa-text.",
            remedy="Install it: pip install 'countermark[text]'; or sign the text as a file, with "
            "the manifest beside it.",
        ) from error
    module: ModuleType = c2pa_text
    return module
