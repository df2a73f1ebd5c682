"""Signed notes and checkpoints: what is published elsewhere reads here, and nothing else does."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.errors import InvalidArgument, InvalidCheckpoint
from countermark.registry.log import note
from countermark.registry.log.checkpoint import Checkpoint
from countermark.registry.log.note import COSIGNATURE, NoteKey, NoteVerifier

# The example of Go's package golang.org/x/mod/sumdb/note.
PETER = NoteVerifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    "tpRZb6KE6RyyBwJnAM=\n"
)
KEY = NoteKey.generate("example.org/log")
SIGNED = Checkpoint("example.org/log", 300, bytes(range(32))).signed(KEY)


def test_a_published_note_verifies() -> None:
    opened = note.parse(PETERS_NOTE)
    assert opened.signed_by(PETER) is not None
    assert str(opened) == PETERS_NOTE
    assert PETER.encoded.startswith("PeterNeumann+c74f20a3+")


def test_a_published_note_with_another_text_does_not() -> None:
    assert note.parse(PETERS_NOTE.replace("answer", "remedy")).signed_by(PETER) is None


def test_a_checkpoint_comes_back() -> None:
    found = Checkpoint.open(SIGNED, KEY.verifier)
    assert (found.origin, found.size, found.root) == ("example.org/log", 300, bytes(range(32)))


@given(st.integers(0, len(SIGNED) - 1), st.characters())
def test_a_changed_checkpoint_is_refused(at: int, character: str) -> None:
    changed = SIGNED[:at] + character + SIGNED[at + 1 :]
    if changed != SIGNED:
        with pytest.raises(InvalidCheckpoint):
            Checkpoint.open(changed, KEY.verifier)


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidCheckpoint):
        note.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n01\nAAAA\n",
        "a\n-1\nAAAA\n",
        "a\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_texts_that_are_no_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(InvalidCheckpoint):
        Checkpoint.parse(text)


@given(st.text())
def test_hostile_public_keys_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        NoteVerifier.parse(text)


def test_a_name_that_breaks_a_note_is_refused() -> None:
    for name in ("", "a b", "a+b", "a\n"):
        with pytest.raises(InvalidArgument, match="no name"):
            NoteVerifier(name, bytes(32))


def test_another_logs_checkpoint_is_refused() -> None:
    other = Checkpoint("example.org/other", 3, bytes(32))
    with pytest.raises(InvalidCheckpoint, match="other"):
        Checkpoint.open(other.signed(KEY), KEY.verifier)


def test_a_cosignature_binds_the_time() -> None:
    witness = NoteKey.generate("witness.example/w1", COSIGNATURE)
    at = datetime(2026, 1, 2, tzinfo=timezone.utc)
    signature = note.signature("text\n", witness, at=at)
    later = note.NoteSignature(
        signature.name, signature.id, (1 << 40).to_bytes(8, "big") + signature.content[8:]
    )
    assert note.Note("text\n", (signature,)).cosigned_at(witness.verifier) == at
    assert note.Note("text\n", (later,)).cosigned_at(witness.verifier) is None


def test_a_log_signature_is_no_cosignature() -> None:
    assert note.parse(SIGNED).cosigned_at(KEY.verifier) is None


def test_keys_show_nothing_private() -> None:
    assert KEY.private_key.private_bytes_raw().hex() not in repr(KEY)
