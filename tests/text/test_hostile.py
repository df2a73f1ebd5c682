"""Texts that were made to confuse: clear verdicts, in bounded time and memory."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Callable
from typing import Final

import c2pa_text
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark import credentials, keys, text
from countermark.containers import CHUNK_BYTES
from countermark.credentials import binding_check
from countermark.credentials.containers import UnusableText, texts
from countermark.jumbf import STORE_UUID
from countermark.record import DigitalSource, Record
from countermark.registry import Registry

from .conftest import TEXTS

Signed = Callable[[str], str]
BEGIN: Final = c2pa_text.BEGIN_DELIMITER
END: Final = c2pa_text.END_DELIMITER
STORE: Final = b"\0\0\0\x30jumb\0\0\0\x28jumd" + STORE_UUID + b"\x03c2pa\0" + bytes(10)
"""As a store begins."""


def framed(length: int, content: bytes, version: int = 1) -> str:
    """A wrapper with a header that may lie."""
    header = c2pa_text.MAGIC + bytes([version]) + length.to_bytes(4, "big")
    return "\ufeff" + "".join(chr(0xFE00 + b if b < 16 else 0xE00F0 + b) for b in header + content)


def code(content: str) -> str | None:
    """Why the manifest in it may not be read; None when there is none."""
    try:
        assert texts.find(content.encode()) is None
    except UnusableText as error:
        return error.code
    return None


def test_wrappers_that_are_broken_say_so() -> None:
    corrupted = "manifest.text.corruptedWrapper"
    assert code("A lake." + framed(40, STORE[:39])) == corrupted
    assert code("A lake." + framed(40, STORE, version=2)) == corrupted
    assert code("A lake." + framed(0, STORE)) == corrupted
    assert code("A lake." + framed(0xFFFFFFFF, STORE)) == corrupted
    assert code("A lake." + framed(48, STORE)[:9]) == corrupted
    assert code("A lake." + framed(48, STORE)[:20] + "x" + framed(48, STORE)[20:]) == corrupted
    assert code("A lake." + "\ufeff" + "\ufe0f" * 100) is None  # no magic: nobody's wrapper
    assert code("A lake." + framed(48, STORE)[1:]) is None  # nor without the mark before it


def test_blocks_and_elements_that_are_broken_say_so() -> None:
    data = c2pa_text.DATA_URI_PREFIX
    malformed = "manifest.structuredText.malformedReference"
    assert code(f"# {BEGIN} {data}AAAA {END}") == malformed
    assert code(f"# {BEGIN} {data}!!!! {END}") == malformed
    assert code(f"# {BEGIN} {data}AAAA") == "manifest.structuredText.noManifest"
    assert code(f"# {BEGIN} https://example.org/m.c2pa {END}") == "manifest.inaccessible"
    assert code(f"# {BEGIN} {BEGIN} {data}AAAA {END} {END}") == malformed
    for prose in (f"# {BEGIN} somewhere {END}", f"{END} {BEGIN}", BEGIN, END, f"{BEGIN}{END}"):
        assert code(prose) is None
    assert code("<head><script type='application/c2pa'>AAAA</script>") == "claim.malformed"
    link = "<head><LINK href='https://example.org' rel=c2pa-manifest>"
    assert code(link) == "manifest.inaccessible"
    for other in ("<script type='application/c2pax'>AAAA</script>", "<scripture>", "<p>c2pa"):
        assert code(other) is None


def test_several_manifests_are_none() -> None:
    in_base64 = base64.b64encode(STORE).decode()
    wrapper, block, script = (
        framed(len(STORE), STORE),
        f"# {BEGIN} {c2pa_text.DATA_URI_PREFIX}{in_base64} {END}\n",
        f"<script type=application/c2pa>{in_base64}</script>",
    )
    for one in (wrapper, block, script):
        assert texts.find(one.encode()) is not None
    assert code(wrapper + "x" + wrapper) == "manifest.text.multipleWrappers"
    assert code(block + block) == "manifest.structuredText.multipleReferences"
    assert code(script + script) == "manifest.html.multipleManifests"
    assert code(block + script) == "manifest.html.multipleManifests"
    assert code(wrapper + block) == "manifest.structuredText.multipleReferences"


@pytest.mark.parametrize("kind", TEXTS)
def test_broken_and_doubled_manifests_are_altered(
    kind: str, signed: Signed, verdict: Callable[..., str]
) -> None:
    whole = signed(kind)
    assert verdict(whole + whole) == "altered"
    if kind == "unstructured":
        assert verdict(whole[:-2000]) == "altered"
    if kind == "structured":
        assert verdict(whole.replace(END, "")) == "altered"


@pytest.mark.parametrize(
    ("kind", "signed_as", "made_of_it"),
    [
        ("last", "\n# -----BEGIN", "\nx=-----BEGIN"),
        ("last", "-----BEGIN C2PA MANIFEST----- data", "-----BEGIN C2PA MANIFEST-----\ndata"),
        ("structured", "----- -->\n", "-----    \n"),  # all that follows would be a comment
        ("structured", "----- -->\n", "----- --> "),  # the first line would be part of it
        ("structured", "<!-- -----BEGIN", "     -----BEGIN"),
        ("structured", "<!-- -----BEGIN", "/*   -----BEGIN"),
        ("html", 'type="application/c2pa"', 'type="text/javascript"'),
        ("html", "</script>\n", "</script \n"),
        ("html", "</script>\n</head>", "</head>"),
    ],
)
def test_what_stands_around_a_manifest_cannot_be_changed(
    kind: str, signed_as: str, made_of_it: str, signed: Signed, verdict: Callable[..., str]
) -> None:
    """It is not hashed, but nothing that runs, shows or hides may be made of it."""
    whole = signed(kind)
    assert whole.count(signed_as) == 1
    assert verdict(whole.replace(signed_as, made_of_it)) in ("altered", "unmarked")


def test_comment_stays_in_a_line_of_its_own(
    home: keys.Home, registry: Registry, verdict: Callable[..., str]
) -> None:
    record = Record(source=DigitalSource.AI_GENERATED)
    done = text.sign(
        "#!/bin/sh\necho 'calm",
        record=record,
        signer=home.signer(),
        registry=registry,
        media_type="text/x-shellscript",
    )
    assert verdict(done) == "intact"
    assert verdict(done.replace("\n# -----BEGIN", " # -----BEGIN")) == "altered"


def test_manifest_in_front_matter_and_other_exclusions_count(
    home: keys.Home, verdict: Callable[..., str]
) -> None:
    """What other writers may do: more lines, or only what stands between the delimiters."""
    record = Record(source=DigitalSource.AI_GENERATED)
    for host in (
        f"---\n{BEGIN}\n@\n{END}\ntitle: A lake\n---\nIt is calm.\n",
        f"<?xml version='1.0'?>\r\n<!-- {BEGIN} @ {END} -->\r\n<lake/>\r\n",
        f"calm\n{BEGIN} @ {END}",
    ):

        def put(store: bytes, host: str = host) -> bytes:
            return host.replace("@", c2pa_text.encode_data_uri(store)).encode()

        done = credentials.sign_text(put, record=record, signer=home.signer())
        assert verdict(done.asset.decode()) == "intact"
        assert verdict(done.asset.decode().replace("calm", "deep").replace("lake", "sea")) == (
            "altered"
        )


@pytest.mark.parametrize(
    "hostile",
    [
        lambda: framed(1 << 24, b"") + "\ufe00" * (1 << 23),
        lambda: (framed(60, b"") + "x") * (1 << 17),
        lambda: BEGIN * (1 << 19),
        lambda: f"{BEGIN} {c2pa_text.DATA_URI_PREFIX}AAAA {END} " * (1 << 17),
        lambda: "<script " * (1 << 21),
        lambda: "<script type=application/c2pa>" * (1 << 19),
        lambda: "<link rel=" * (1 << 21) + "c2pa-manifest",
        lambda: "\u0315\u0300" * (1 << 21) + framed(len(STORE), STORE),
        lambda: "\ufe0f" * (1 << 23) + framed(len(STORE), STORE),
        lambda: "A lake." + framed((1 << 24) - 1, bytes((1 << 24) - 1)),
        lambda: "A lake." + framed((1 << 24) + 1, bytes((1 << 24) + 1)),
    ],
    ids=[
        *("run", "wrappers", "begins", "blocks", "tags", "scripts", "links", "marks", "selectors"),
        *("large", "too-large"),
    ],
)
def test_hostile_texts_take_little_time_and_memory(
    hostile: Callable[[], str], verdict: Callable[..., str]
) -> None:
    content = hostile()
    assert verdict("A lake.") == "unmarked"  # whatever is loaded is loaded
    tracemalloc.start()
    began = time.process_time()
    try:
        assert verdict(content) in ("altered", "unmarked", "unreadable")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 20  # with the tracing, which takes most of it
    assert peak < 12 * len(content.encode()) + (64 << 20)


def test_many_marks_in_a_row_are_not_sorted() -> None:
    assert binding_check.composed(("a" + "\u0315\u0300" * 1000).encode()) is None
    assert binding_check.composed(("e\u0301" * 1000).encode()) == ("\u00e9" * 1000).encode()


def test_wrapper_is_found_across_pieces() -> None:
    for before in range(CHUNK_BYTES - 70, CHUNK_BYTES + 2, 7):
        content = b"x" * before + framed(len(STORE), STORE).encode()
        location = texts.find(content)
        assert location is not None
        assert location.extract(content) == STORE


def test_other_store_takes_the_same_room() -> None:
    content = (
        b"A lake."
        + c2pa_text.encode_wrapper_padded(
            STORE, c2pa_text.worst_case_wrapper_byte_length(len(STORE))
        ).encode()
    )
    location = texts.find(content)
    assert location is not None
    for other in (b"\0" * len(STORE), b"\xff" * len(STORE), STORE[:20] + b"\xff" * 28):
        replaced = location.replace(content, other)
        assert len(replaced) == len(content)
        assert location.extract(replaced) == other
        assert c2pa_text.extract_manifest(replaced.decode()) == (other, "A lake.")
    with pytest.raises(ValueError, match="of its length"):
        location.replace(content, STORE[:-1])


PARTS = st.sampled_from(
    [
        BEGIN,
        END,
        c2pa_text.DATA_URI_PREFIX,
        base64.b64encode(STORE).decode(),
        framed(len(STORE), STORE),
        framed(len(STORE) + 1, STORE),
        "\ufeff",
        "\ufe0f",
        "\U000e0133",
        "</script>",
        '<script type="application/c2pa">',
        '<link rel="c2pa-manifest" href="',
        '">',
        "\n",
        " ",
        "lake",
        "\u00e9",
    ]
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_whatever_is_found_is_a_store_and_the_wrapping_library_agrees(content: str) -> None:
    encoded = content.encode()
    try:
        location = texts.find(encoded)
    except UnusableText:
        return
    if location is None:
        return
    assert location.extract(encoded)[: len(STORE)] == STORE[: len(location.extract(encoded))]
    (start, end) = location.exclusions[0]
    assert 0 <= start < end <= len(encoded)
    if texts.kind(location, encoded) == "unstructured":
        try:
            found = c2pa_text.find_wrapper_info(content)
        except ValueError:  # it counts those that are broken too
            return
        assert found == (location.extract(encoded), start, end - start)


@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), kind=st.sampled_from(list(TEXTS)))
def test_no_change_of_a_byte_passes(
    data: st.DataObject, kind: str, signed: Signed, verdict: Callable[..., str]
) -> None:
    """Each text with a few characters replaced, removed or added is intact only if it is the same.

    What fills a wrapper up is neither seen nor signed.
    """
    whole = signed(kind)
    at = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 3))
    put = data.draw(st.text(max_size=3))
    changed = whole[:at] + put + whole[at + length :]
    if changed == whole or "\ud800" <= max(put, default="a") <= "\udfff":
        return
    if kind == "unstructured" and verdict(changed) == "intact":
        assert text.held_store(changed.encode()) == text.held_store(whole.encode())
        assert c2pa_text.extract_manifest(changed)[1] == c2pa_text.extract_manifest(whole)[1]
        return
    assert verdict(changed) in ("altered", "unmarked"), (at, put)


@settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), kind=st.sampled_from(list(TEXTS)))
def test_whatever_the_store_is_made_of_there_is_a_verdict(
    data: st.DataObject, kind: str, signed: Signed, verdict: Callable[..., str]
) -> None:
    whole = signed(kind).encode()
    location = texts.find(whole)
    assert location is not None
    store = bytearray(location.extract(whole))
    binding = bytes(store).index(b"exclusions")
    near = st.integers(binding - 40, binding + 120)  # where the exclusions are stated
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(near | st.integers(40, len(store) - 1))
        store[at] = data.draw(st.integers(0, 255))
    changed = location.replace(whole, bytes(store))
    assert changed == whole or verdict(changed.decode()) == "altered"


@pytest.mark.parametrize(
    "exclusions",
    [
        None,
        7,
        [],
        [7],
        [None],
        [{}],
        [{"start": "0", "length": 1}],
        [{"start": 0, "length": 1 << 70}],
    ],
)
def test_strange_exclusions_are_none(exclusions: object) -> None:
    content = f"<script type=application/c2pa>{base64.b64encode(STORE).decode()}</script>".encode()
    location = texts.find(content)
    assert location is not None
    ((start, end),) = location.exclusions
    stated = {"exclusions": exclusions}
    assert not binding_check._excludes_it_alone(stated, content, (start, end), location)
    whole = {"exclusions": [{"start": start, "length": end - start}]}
    assert binding_check._excludes_it_alone(whole, content, (start, end), location)
