"""Server-sent events: whatever the network cuts, each is changed when it is whole."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.integrations.events import Events


def change(data: bytes | None) -> list[bytes]:
    if data is None:
        return []
    if not data.lstrip().startswith((b"{", b"[", b'"')):
        return [data]
    return [json.dumps({"was": json.loads(data)}, ensure_ascii=False).encode()]


def passed(stream: bytes, cuts: list[int]) -> bytes:
    events = Events(change)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    parts = [stream[a:b] for a, b in pairwise(places)]
    return b"".join(events.push(part) for part in parts) + events.finish()


FIELDS = st.sampled_from(
    [
        b": a comment",
        b"event: image",
        b"id: 7",
        b"data",
        b"data: [DONE]",
        b"data: words",
        b'data: {"a": "\xc3\xa9"}',
        b'data:{"b": [1, 2]}',
        b'data: {"a":',
        b"data: 1}",
        b'data: "text"',
    ]
)
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
STREAMS = st.lists(st.tuples(FIELDS | st.just(b""), LINE_ENDS), max_size=30).map(
    lambda lines: b"".join(field + end for field, end in lines)
)


def outcome(stream: bytes, cuts: list[int]) -> bytes | type[Exception]:
    try:
        return passed(stream, cuts)
    except ValueError:  # an event that begins as JSON and is none
        return ValueError


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 300), max_size=20))
def test_any_cut_gives_the_same_bytes(stream: bytes, cuts: list[int]) -> None:
    assert outcome(stream, cuts) == outcome(stream, [])


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n"])
def test_all_ends_of_events(end: bytes) -> None:
    stream = b'event: a\ndata: {"x": 1}' + end + b"data: [DONE]" + end
    expected = b'event: a\ndata: {"was": {"x": 1}}' + end + b"data: [DONE]" + end
    for cut in range(len(stream)):
        assert passed(stream, [cut]) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (b"data: words", b"data: words"),
        (b": {}", b": {}"),
        (b'data: {"a":\ndata: 1}', b'data: {"was": {"a": 1}}'),
        (b'data:{"a": 1}\nid: 7', b'id: 7\ndata: {"was": {"a": 1}}'),
        (b"data:  [1]", b'data: {"was": [1]}'),
        (b'data: "iVBORw0KGgo"', b'data: {"was": "iVBORw0KGgo"}'),
        (b'\xef\xbb\xbfdata: {"a": 1}', b'data: {"was": {"a": 1}}'),
    ],
)
def test_data_that_is_json_is_changed(event: bytes, expected: bytes) -> None:
    assert passed(event + b"\n\n", []) == expected + b"\n\n"


def test_what_is_not_changed_stays_byte_for_byte() -> None:
    events = Events(lambda data: [data] if data else [])
    stream = b'data:{"a":\r\ndata:  1}\r\nevent: b\r\n\r\n'
    assert events.push(stream) == stream


def test_an_event_without_an_end_is_none() -> None:
    assert passed(b'data: {"a": 1}\n\ndata: {"b": 2}\n', []) == b'data: {"was": {"a": 1}}\n\n'


def test_an_error_gives_nothing_of_the_event_out() -> None:
    events = Events(change)
    assert events.push(b'data: {"a": ') == b""
    with pytest.raises(ValueError, match="Expecting value"):
        events.push(b"\n\n")


def test_an_event_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countermark.integrations.events._MAX_BYTES", 100)
    events = Events(change)
    assert events.push(99 * b" ") == b""
    with pytest.raises(ValueError, match="too long"):
        events.push(b"  ")
