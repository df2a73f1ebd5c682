"""Leaves are canonical: the same event has one encoding, and anything else is told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import InvalidArgument
from countermark.registry.log import leaf

AT = "2026-01-02T03:04:05Z"
NAMES = st.text(min_size=1).filter(lambda name: name not in ("schema", "kind", "at"))
VALUES = st.one_of(st.text(), st.integers(-(2**53) + 1, 2**53 - 1))


@given(st.dictionaries(NAMES, VALUES))
def test_members_come_back(members: dict[str, str | int]) -> None:
    found = leaf.decode(leaf.encode("test", AT, members))
    assert {name: found[name] for name in members} == members


def test_order_makes_no_difference() -> None:
    assert leaf.encode("a", AT, {"x": 1, "y": 2}) == leaf.encode("a", AT, {"y": 2, "x": 1})


@pytest.mark.parametrize("members", [{"x": 2**53}, {"x": 0.5}, {"x": "a" * 70000}, {"x": "\ud800"}])
def test_what_a_log_cannot_hold_is_refused(members: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        leaf.encode("test", AT, members)


@given(st.binary())
def test_other_bytes_are_refused(content: bytes) -> None:
    try:
        members = leaf.decode(content)
    except InvalidArgument:
        return
    assert isinstance(members, dict)  # such as {}


@pytest.mark.parametrize(
    "content", [b'{"b":1,"a":2}', b'{"a": 1}', b"[" * 100000, b"1", b'{"a":1}x']
)
def test_json_that_is_not_canonical_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidArgument, match="canonical"):
        leaf.decode(content)


def test_commitments_hide_and_bind() -> None:
    salt = leaf.new_salt()
    assert leaf.commitment(salt, b"a") != leaf.commitment(salt, b"b")
    assert leaf.commitment(salt, b"a") != leaf.commitment(leaf.new_salt(), b"a")
    with pytest.raises(InvalidArgument, match="salt"):
        leaf.commitment(salt[:-1], b"a")
