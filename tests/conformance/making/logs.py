"""Checkpoints, and proofs that a leaf or an older log belongs to one."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from implementations import library
from making.cases import VECTORS, Cases

from countermark.registry.log import (
    COSIGNATURE,
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    NoteKey,
    leaf,
    merkle,
    note,
)

ORIGIN = "example.org/log"
SIZE = 300  # more than a tile of 256
Tiles = dict[tuple[int, int], bytes]


class Log:
    """Leaves as a registry writes them, and what it would sign."""

    def __init__(self, key: NoteKey, leaves: list[bytes]) -> None:
        self.key, self.leaves = key, leaves
        self.tiles: Tiles = {}
        for number, content in enumerate(leaves):
            hashes = [merkle.leaf_hash(content)]
            self.tiles.update(merkle.appended(number, hashes, self.tiles.__getitem__))

    def checkpoint(self, size: int) -> Checkpoint:
        """Of the first leaves."""
        return Checkpoint(self.key.name, size, merkle.root(size, self.tiles.__getitem__))

    def inclusion(self, position: int, size: int) -> InclusionProof:
        """That a leaf is one of the first ones."""
        hashes = merkle.inclusion_proof(position, size, self.tiles.__getitem__)
        return InclusionProof(
            position=position, size=size, leaf=self.leaves[position], hashes=tuple(hashes)
        )

    def consistency(self, old: int, new: int) -> ConsistencyProof:
        """That the log of one size continues that of the other."""
        hashes = merkle.consistency_proof(old, new, self.tiles.__getitem__)
        return ConsistencyProof(old=old, new=new, hashes=tuple(hashes))


def event(number: int) -> bytes:
    """A leaf."""
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    at = f"2026-11-{1 + number % 28:02}T{number % 24:02}:00:00Z"
    return leaf.encode("marked", at, {"payload": digest[:16], "manifest_sha256": digest})


def proving(cases: Cases) -> None:
    """All three kinds, by one key and its witness, both thrown away."""
    key, stranger = NoteKey.generate(ORIGIN), NoteKey.generate(ORIGIN)
    log = Log(key, [event(number) for number in range(SIZE)])
    other = Log(key, [event(number + 1000) for number in range(SIZE)])
    checkpoints(cases, log, stranger)
    inclusions(cases, log, other, stranger)
    consistencies(cases, log, other)


def checkpoints(cases: Cases, log: Log, stranger: NoteKey) -> None:
    """Signed tree heads."""
    cases.group("checkpoint")
    witness = NoteKey.generate("witness.example/1", COSIGNATURE)
    line = log.key.verifier.encoded
    signed = log.checkpoint(7).signed(log.key)
    cosigned = str(note.parse(signed).with_signatures([note.signature(
        log.checkpoint(7).text, witness)]))  # fmt: skip
    body, _, signature = signed.rpartition("\n\n")
    long = replace(log.checkpoint(7), origin="elsewhere.example").signed(log.key)

    def expect(title: str, name: str, content: str, answer: str, **more: str) -> None:
        write(name, content)
        fields = {"note": str(VECTORS / name), "key": line, **more}
        told(library.checkpoint, fields, answer, title)
        extra = "".join(f" {name}={value}" for name, value in more.items() if name != "key")
        request = f"checkpoint note={name} key={fields['key']}{extra}"
        cases.add(title, request, answer)

    right = f"ok origin={ORIGIN} size=7 root={log.checkpoint(7).root.hex()}"
    none = log.checkpoint(0)
    seen = witness.verifier.encoded
    expect("seven leaves", "seven.note", signed, right)
    expect("no leaf", "empty.note", none.signed(log.key), f"ok size=0 root={none.root.hex()}")
    expect("with a cosignature that is asked for", "cosigned.note", cosigned, right, witness=seen)
    expect("with a cosignature that nobody asks for", "cosigned.note", cosigned, right)
    expect("without the cosignature that is asked for", "seven.note", signed, "refused",
           witness=seen)  # fmt: skip
    expect("by another key of that name", "seven.note", signed, "refused",
           key=stranger.verifier.encoded)  # fmt: skip
    changed = signed.replace("\n7\n", "\n8\n")
    expect("another size than was signed", "resized.note", changed, "refused")
    expect("another origin than the key's", "elsewhere.note", long, "refused")
    padded = f"{ORIGIN}\n07\n{base64.b64encode(log.checkpoint(7).root).decode()}\n"
    expect("a size with a zero before it", "padded.note", note.sign(padded, log.key), "refused")
    expect("without a signature", "unsigned.note", f"{body}\n", "refused")
    expect("cut off", "cut.note", f"{body}\n\n{signature[:-20]}", "refused")


def inclusions(cases: Cases, log: Log, other: Log, stranger: NoteKey) -> None:
    """Proofs for leaves."""
    cases.group("inclusion")
    line = log.key.verifier.encoded

    def expect(
        title: str,
        name: str,
        proof: InclusionProof,
        *,
        right: bool = False,
        key: str = line,
        checkpoint: str | None = None,
        change: Callable[[dict[str, Any]], object] = lambda members: None,
    ) -> None:
        members = json.loads(proof.to_json())
        change(members)
        signed = checkpoint or log.checkpoint(proof.size).signed(log.key)
        write(name, json.dumps({"checkpoint": signed, "proof": members}) + "\n")
        answer = f"ok leaf={hashlib.sha256(proof.leaf).hexdigest()}" if right else "refused"
        told(library.inclusion, {"proof": str(VECTORS / name), "key": key}, answer, title)
        cases.add(title, f"inclusion proof={name} key={key}", answer)

    expect("the only leaf", "leaf-0-of-1.json", log.inclusion(0, 1), right=True)
    expect("the last of seven", "leaf-6-of-7.json", log.inclusion(6, 7), right=True)
    expect("one beyond the first tile", "leaf-257-of-300.json", log.inclusion(257, 300), right=True)
    proof = log.inclusion(2, 7)
    expect("the third of seven", "leaf-2-of-7.json", proof, right=True)
    expect("by another key of that name", "leaf-2-of-7.json", proof,
           key=stranger.verifier.encoded)  # fmt: skip
    flipped = (proof.hashes[0][:-1] + bytes([proof.hashes[0][-1] ^ 1]), *proof.hashes[1:])
    for title, name, wrong in (
        ("one hash fewer", "cut", replace(proof, hashes=proof.hashes[:-1])),
        ("one hash more", "longer", replace(proof, hashes=(*proof.hashes, bytes(32)))),
        ("a bit of a hash turned", "flipped", replace(proof, hashes=flipped)),
        ("another leaf", "swapped", replace(proof, leaf=log.leaves[3])),
        ("another position", "moved", replace(proof, position=3)),
        ("a position that there is not", "beyond", replace(proof, position=7)),
    ):
        expect(title, f"leaf-{name}.json", wrong)
    expect("of another log by the same key", "leaf-other.json", proof,
           checkpoint=other.checkpoint(7).signed(log.key))  # fmt: skip
    expect("another size than the checkpoint's", "leaf-older.json", proof,
           checkpoint=log.checkpoint(8).signed(log.key))  # fmt: skip
    expect("a hash of 31 bytes", "leaf-short.json", proof,
           change=lambda members: members["hashes"].__setitem__(0, "AAAA"))  # fmt: skip
    expect("no position", "leaf-nowhere.json", proof,
           change=lambda members: members.pop("position"))  # fmt: skip


def consistencies(cases: Cases, log: Log, other: Log) -> None:
    """Proofs that a log continues an older one."""
    cases.group("consistency")
    line = log.key.verifier.encoded

    def expect(
        title: str, name: str, proof: ConsistencyProof, old: Checkpoint, *, right: bool = False
    ) -> None:
        new = log.checkpoint(proof.new).signed(log.key)
        members = json.loads(proof.to_json())
        write(f"{name}.json", json.dumps({"checkpoint": new, "consistency": members}) + "\n")
        write(f"{name}.note", old.signed(log.key))
        answer = f"ok old={proof.old} new={proof.new}" if right else "refused"
        fields = {"proof": f"{VECTORS / name}.json", "old": f"{VECTORS / name}.note", "key": line}
        told(library.consistency, fields, answer, title)
        cases.add(title, f"consistency proof={name}.json old={name}.note key={line}", answer)

    for title, old, new in (
        ("from three to seven", 3, 7),
        ("from a power of two", 4, 7),
        ("beyond the first tile", 255, 300),
        ("nothing was added", 7, 7),
        ("from no leaf at all", 0, 7),
    ):
        proof = log.consistency(old, new)
        expect(title, f"from-{old}-to-{new}", proof, log.checkpoint(old), right=True)
    proof = log.consistency(3, 7)
    for title, name, wrong, past in (
        ("one hash fewer", "cut", replace(proof, hashes=proof.hashes[:-1]), log),
        ("one hash more", "longer", replace(proof, hashes=(*proof.hashes, bytes(32))), log),
        ("hashes in another order", "reversed", replace(proof, hashes=proof.hashes[::-1]), log),
        ("another past", "forked", proof, other),
    ):
        expect(title, f"from-3-{name}", wrong, past.checkpoint(3))
    expect("another old size than the checkpoint's", "from-3-for-5", proof, log.checkpoint(5))
    expect("as long as before, with another root", "same-size",
           log.consistency(7, 7), other.checkpoint(7))  # fmt: skip


def told(verb: Callable[[Any], str], fields: dict[str, str], answer: str, title: str) -> None:
    """Fails unless our own library says so."""
    said = library.guarded(verb, fields)
    assert said.startswith("refused") if answer == "refused" else _holds(answer, said), (
        title,
        said,
    )


def _holds(answer: str, said: str) -> bool:
    return set(answer.split()) <= set(said.split())


def write(name: str, content: str) -> None:
    """A text, byte by byte."""
    (VECTORS / name).write_bytes(content.encode())
