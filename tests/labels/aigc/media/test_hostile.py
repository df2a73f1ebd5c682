"""Damaged and hostile sounds, films and documents: our own errors, no harm, no time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark.errors import CountermarkError
from countermark.labels import aigc

EXAMPLES = 12
SECONDS = 10

Change = tuple[str, float, bytes]

# Where, as a part of the file; more often near the beginning, where most of the structure is.
where = st.one_of(st.floats(0, 1, exclude_max=True), st.floats(0, 0.1), st.floats(0.9, 1))
numbers = st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\0\0\0\1", b"\x7f\xff\xff\xff", b"\1\0\0\0"])
changes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), where, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("put"), where, numbers),
        st.tuples(st.just("insert"), where, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("cut"), where, st.just(b"")),
        st.tuples(st.just("remove"), where, st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("repeat"), where, st.binary(min_size=1, max_size=40)),
    ),
    min_size=1,
    max_size=4,
)


def changed(content: bytes, told: list[Change]) -> bytes:
    for what, part, piece in told:
        at = int(part * len(content))
        length = len(piece)
        if what == "put":
            content = content[:at] + piece + content[at + length :]
        elif what == "insert":
            content = content[:at] + piece + content[at:]
        elif what == "remove":
            content = content[:at] + content[at + length :]
        elif what == "repeat":
            content = content[: at + length] + content[at:]
        else:
            content = content[:at]
    return content


def check(content: bytes, path: Path, label: aigc.AigcLabel) -> None:
    """Read and write give a result or an error of ours, and the source is as it was."""
    path.write_bytes(content)
    target = path.with_name(f"labelled-{path.name}")
    target.unlink(missing_ok=True)
    now: aigc.Reading | None = None
    start = time.process_time()
    with contextlib.suppress(CountermarkError):
        aigc.read(path)
    with contextlib.suppress(CountermarkError):
        aigc.write(path, target, label)
        now = aigc.read(target)
    assert time.process_time() - start < SECONDS
    assert path.read_bytes() == content
    assert target.exists() == (now is not None)
    assert now is None or [one.label for one in now.found] == [label]


def test_mutated_files_do_no_harm(
    labelled: Callable[[str], Any],
    name: str,
    label: aigc.AigcLabel,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    whole = labelled(name).after.read_bytes()
    folder = tmp_path_factory.mktemp("mutated")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(changes)
    def run(told: list[Change]) -> None:
        check(changed(whole, told), folder / name, label)

    run()


@pytest.mark.slow
def test_thousands_of_mutated_files_do_no_harm(
    labelled: Callable[[str], Any], name: str, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    whole = labelled(name).after.read_bytes()

    @settings(
        max_examples=1000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changes)
    def run(told: list[Change]) -> None:
        check(changed(whole, told), tmp_path / name, label)

    run()


def test_truncated_files_are_never_said_to_have_no_label(
    labelled: Callable[[str], Any], name: str, tmp_path: Path
) -> None:
    """Up to where the label is, either it is found or nobody knows."""
    if name.endswith((".md", ".html")):  # of which any part is whole
        return
    whole = labelled(name).after.read_bytes()
    path = tmp_path / name
    for eighth in range(1, 8):
        content = whole[: len(whole) * eighth // 8]
        path.write_bytes(content)
        try:
            reading = aigc.read(path)
        except CountermarkError:
            continue
        assert reading.verdict is not aigc.Verdict.NOT_FOUND, eighth
