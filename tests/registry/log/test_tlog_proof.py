"""The text of a proof: what C2SP tlog-proof has, and nothing else."""

from __future__ import annotations

import pytest

from countermark.errors import CountermarkError, InvalidCheckpoint, InvalidProof
from countermark.registry.database import Database
from countermark.registry.log import Checkpoint, InclusionProof, NoteKey, journal, merkle
from countermark.registry.log.tlog_proof import decode, encode

KEY = NoteKey.generate("example.org/log")


@pytest.fixture
def text(database: Database, grow) -> str:
    grow(300)
    signed = journal.checkpoint(database, KEY)
    hashes = tuple(merkle.inclusion_proof(217, 300, journal.tiles(database)))
    leaf = journal.leaf(database, 217)
    return encode(InclusionProof(position=217, size=300, leaf=leaf, hashes=hashes), signed)


def test_a_proof_comes_back_and_holds(text: str) -> None:
    lines = text.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[2] == "index 217"
    proof, signed = decode(text)
    checkpoint = Checkpoint.open(signed, KEY.verifier)
    assert (proof.position, proof.size, checkpoint.size) == (217, 300, 300)
    proof.check(checkpoint)
    assert encode(proof, signed) == text


def test_what_was_changed_does_not_hold(text: str) -> None:
    for at in range(0, text.index("\n\n"), 7):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(CountermarkError):
            check(changed)


def check(text: str) -> None:
    proof, signed = decode(text)
    proof.check(Checkpoint.open(signed, KEY.verifier))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("extra ", "Extra "),
        lambda text: "\n".join(line for line in text.split("\n") if "extra" not in line),
        lambda text: text.replace("index 217", "index 0217"),
        lambda text: text.replace("index 217", "index -1"),
        lambda text: text.replace("index 217", "index " + "9" * 5000),
        lambda text: text.replace("\n\n", "\nAAAA\n\n", 1),
        lambda text: text.replace("\n\n", "\n" * 3, 1),
        lambda text: text.partition("\n\n")[0],
        lambda text: text.replace("\n\n", "\n" + 70 * f"{'A' * 43}=\n" + "\n", 1),
    ],
)
def test_a_malformed_text_is_refused(text: str, change) -> None:
    with pytest.raises((InvalidProof, InvalidCheckpoint)):
        decode(change(text))
