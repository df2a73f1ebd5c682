"""Our Python package and command line pass the kit, and others that err do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from countermark.certificates import load_pem
from countermark.credentials import Trust, claim, read
from countermark.credentials.library import media_type_of

HERE: Final = Path(__file__).parent
VECTORS_BYTES_MAX: Final = 3_000_000
EVERYTHING: Final = (
    "embed,embed-16,detect,detect-keyed,detect-16,pdq,pdq-16,embed-sound,detect-sound,"
    "detect-sound-keyed,detect-text,verify,checkpoint,inclusion,consistency"
)


def kit(command: list[str], *options: str, expect: int) -> str:
    """What the kit says of an implementation, run as by others: with no package in sight."""
    done = subprocess.run(
        [sys.executable, "-E", "-S", str(HERE / "kit.py"), *options, "--", *command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def ours(name: str) -> list[str]:
    return [sys.executable, str(HERE / "implementations" / name)]


def expect_exact(said: str) -> None:
    """Not a line but those of the table, and nothing in it that is only close."""
    head, *rows = said.splitlines()
    assert head.split() == ["capability", "exact", "close", "failed", "unsupported"]
    assert ",".join(row.split()[0] for row in rows) == EVERYTHING
    assert all(row.split()[2:4] == ["0", "0"] for row in rows)


def test_python_package_passes_everything() -> None:
    said = kit(ours("library.py"), "--require", EVERYTHING, "--timeout", "300", expect=0)
    expect_exact(said)
    assert all(row.split()[4] == "0" for row in said.splitlines()[1:])


def test_command_line_passes_what_it_offers() -> None:
    required = "detect,detect-sound,verify,inclusion,consistency"
    expect_exact(kit(ours("cli.py"), "--require", required, "--timeout", "500", expect=0))


def parrot(way: str, *options: str, expect: int = 1) -> list[str]:
    """What the kit says of the one that errs so, without its table."""
    command = [sys.executable, str(HERE / "parrot.py"), way]
    said = kit(command, "--timeout", "20", *options, expect=expect).splitlines()
    return [line for line in said if line.startswith(("failed: ", "close: "))]


def test_who_knows_the_answers_passes() -> None:
    assert parrot("right", "--require", EVERYTHING, expect=0) == []


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("wrong-payload", "says payload=0123456789abcdee, not 0123456789abcdef."),
        ("two-levels", "differs from photograph-marked.ppm by up to 2 grey levels of 256"),
        ("one-level-everywhere", "by up to 1 grey levels of 256"),
        ("unmarked", "and in all by 100.0% of the mark's energy."),
        ("silent", "it did not write the file that `out` names."),
        ("trusting", "verify, a statement was changed: it says state=trusted, not invalid."),
        ("gullible", "inclusion, one hash fewer: it answers 'ok', not 'refused'."),
        ("far-hash", "pdq, a grey picture: its hash differs in 11 of 256 bits."),
        ("garbage", "pdq, a grey picture: it answers '\\x07 Segmentation fault"),
        ("dies", "pdq, a grey picture: it ended with exit code 3 before it answered."),
        ("fragile", "embed, a photograph in colour: it ended with exit code 3 before it answered."),
        ("fragile", "consistency, from three to seven: was not asked any more."),
        ("talks", "the implementation: says more than it was asked for: "),
        ("late-failure", "the implementation: ends with exit code 4."),
        ("mute", "cannot be used, for it ended with exit code 0 before it answered."),
        ("rude", "cannot be used, for it answers 'hello' to `capabilities`"),
        ("boastful", "cannot be used, for there is no such capability as 'telepathy'"),
    ],
)
def test_who_errs_fails(way: str, said: str) -> None:
    complaints = parrot(way)
    assert any(said in line for line in complaints), complaints


def test_who_hangs_fails_and_the_rest_is_asked_of_a_new_process() -> None:
    complaints = parrot("hangs", "--timeout", "2")
    assert complaints[0] == "failed: pdq, a grey picture: it did not answer within 2 seconds."
    assert len(complaints) == 1


def test_who_is_off_by_one_level_in_few_places_is_close() -> None:
    complaints = parrot("one-level", expect=0)
    assert complaints
    assert all(line.startswith("close: embed, ") for line in complaints)


def test_hashes_that_nearly_agree_are_close() -> None:
    assert parrot("near-hash", expect=0)[0].startswith("close: pdq, a photograph in colour: its ")


def test_what_is_required_must_be_supported() -> None:
    assert parrot("reluctant", expect=0) == []
    [complaint] = parrot("reluctant", "--require", "embed,pdq")
    assert complaint == "failed: pdq: required, but 1 of its cases are not supported."


def test_only_what_is_named_is_asked_for() -> None:
    command = [sys.executable, str(HERE / "parrot.py"), "two-levels"]
    said = kit(command, "--only", "pdq,verify", "--require", "pdq", expect=0)
    assert [line.split()[0] for line in said.splitlines()] == ["capability", "pdq", "verify"]


@pytest.mark.parametrize(
    "options",
    [
        ["--only", "pdq,telepathy"],
        ["--require", "pdq,telepathy"],
        ["--only", "pdq", "--require", "telepathy"],
    ],
)
def test_what_the_kit_does_not_know_is_not_passed_over(options: list[str]) -> None:
    command = [sys.executable, str(HERE / "parrot.py"), "right"]
    done = subprocess.run(
        [sys.executable, str(HERE / "kit.py"), *options, "--", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "there is no capability 'telepathy' to ask for, but " in done.stderr


def test_what_cannot_be_started_is_said_in_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "kit.py"), "--", "./no-such-command"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "'./no-such-command' cannot be started (No such file or directory)" in done.stderr


def test_verdicts_on_manifests_do_not_change_with_the_date() -> None:
    vectors = HERE / "vectors"
    chains = list(load_pem((vectors / "known.pem").read_bytes()))
    for name in ("signed.jpg", "signed.png", "signed.wav"):
        manifest = read(vectors / name, media_type_of(vectors / name), trust=Trust.nobody())
        assert manifest is not None
        assert manifest.signed_at is None
        chains += claim.parse(manifest.bytes).chain()
    assert len(chains) == 7
    assert {certificate.not_valid_after_utc.year for certificate in chains} == {2099}


def test_every_vector_is_used_and_all_are_small() -> None:
    cases = (HERE / "cases.txt").read_text(encoding="utf-8")
    files = list((HERE / "vectors").iterdir())
    named = set(cases.replace("=", " ").split())
    assert {path.name for path in files} <= named
    assert sum(path.stat().st_size for path in files) <= VECTORS_BYTES_MAX
