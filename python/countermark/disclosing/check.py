"""Checks a report from countermark.

Usage: python3 check.py [--key LINE] [FOLDER]. Needs Python 3.8 or later, the command openssl
(version 3) and nothing else, no network either. LINE is the public key of the log as its operator
publishes it; without it, what holds together may still be somebody else's. Exit code 0 when
everything holds, 1 when anything does not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

FIRST_LINE = "countermark report to an authority, version 1"
MANIFEST = "MANIFEST"
ED25519, COSIGNATURE = 1, 4  # kinds of keys of signed notes
PUBLIC_KEY_INFO = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, before the 32 bytes


class Failure(Exception):
    """Something does not hold."""


def expect(holds: bool, otherwise: str) -> None:
    """Raises `Failure` unless it holds."""
    if not holds:
        raise Failure(otherwise)


class Key:
    """A public key in the line name+ID+base64 (C2SP signed-note)."""

    def __init__(self, line: str) -> None:
        self.line = line.strip()
        self.name, stated, encoded = self.line.split("+", 2)
        content = base64.b64decode(encoded, validate=True)
        self.kind, self.public_key = content[0], content[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + content).digest()[:4]
        expect(stated == self.id.hex(), "the ID of a public key is not its own")
        expect(self.kind in (ED25519, COSIGNATURE), "a public key is of an unknown kind")

    def signed(self, note: str) -> str | None:
        """The text of a note that this key has signed; None when it has not."""
        text, blank, lines = note.rpartition("\n\n")
        expect(bool(blank), "a signed note has no signature")
        text += "\n"
        for line in lines.splitlines():
            _, name, encoded = line.split(" ")
            content = base64.b64decode(encoded, validate=True)
            if name != self.name or content[:4] != self.id:
                continue
            signature, message = content[4:], text.encode()
            if self.kind == COSIGNATURE:
                seconds = int.from_bytes(signature[:8], "big")
                signature = signature[8:]
                message = b"cosignature/v1\ntime %d\n" % seconds + message
            if self.verifies(message, signature):
                return text
        return None

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether openssl calls the signature of this key over the message good."""
        with tempfile.TemporaryDirectory() as folder:
            key, data, signed = (Path(folder, name) for name in ("key", "data", "signature"))
            encoded = base64.b64encode(PUBLIC_KEY_INFO + self.public_key).decode()
            key.write_text(f"-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----\n")
            data.write_bytes(message)
            signed.write_bytes(signature)
            command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key)]
            command += ["-rawin", "-in", str(data), "-sigfile", str(signed)]
            result = subprocess.run(command, capture_output=True, check=False)
        return result.returncode == 0


class Tree:
    """The Merkle tree of the log (RFC 6962), as far as its tiles are here (C2SP tlog-tiles)."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.tile = lru_cache(maxsize=64)(self._tile)

    def root(self) -> bytes:
        """The root, out of the last tiles of each level."""
        peaks = []
        for height in reversed(range(self.size.bit_length())):
            if self.size >> height & 1:
                start = (self.size >> (height + 1)) << (height + 1)
                level, inside = divmod(height, 8)
                number, offset = divmod(start >> 8 * level, 256)
                hashes = self._read(level, number)
                peaks.append(combined(hashes[32 * offset : 32 * (offset + (1 << inside))]))
        if not peaks:
            return hashlib.sha256().digest()
        root = peaks.pop()
        while peaks:
            root = node(peaks.pop(), root)
        return root

    def leaf_hash(self, position: int) -> bytes:
        """The hash at a position, out of tiles that lead to the root."""
        expect(0 <= position < self.size, f"the log has no leaf {position}")
        number, offset = divmod(position, 256)
        return bytes(self.tile(0, number)[32 * offset : 32 * offset + 32])

    def _tile(self, level: int, number: int) -> bytes:
        """A tile that is proven: a full one by the tile above, the last one by the root."""
        content = self._read(level, number)
        if len(content) == 256 * 32:
            above, offset = divmod(number, 256)
            stated = self.tile(level + 1, above)[32 * offset : 32 * offset + 32]
            expect(combined(content) == stated, f"tile {number} of level {level} is not the log's")
        return content

    def _read(self, level: int, number: int) -> bytes:
        width = min(256, (self.size >> 8 * level) - 256 * number)
        groups, rest = [f"{number % 1000:03}"], number // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        partial = "" if width == 256 else f".p/{width}"
        content = (self.folder / f"tile/{level}/{'/'.join(groups)}{partial}").read_bytes()
        expect(len(content) == 32 * width, f"tile {number} of level {level} has another length")
        return content


def combined(hashes: bytes) -> bytes:
    """The root over a power of two of hashes side by side."""
    while len(hashes) > 32:
        pairs = range(0, len(hashes), 64)
        hashes = b"".join(node(hashes[at : at + 32], hashes[at + 32 : at + 64]) for at in pairs)
    return hashes


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_files(folder: Path, key: Key) -> int:
    """Every file is as the signed list says, and no other is there; how many."""
    text = key.signed((folder / MANIFEST).read_text("utf-8"))
    expect(text is not None, "the list of files is not signed by the log's key")
    first, *lines = (text or "").splitlines()
    expect(first == FIRST_LINE, "the list of files is of another kind or version")
    stated = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(set(stated) ^ (found - {MANIFEST})):
        raise Failure(f"the file {name} is {'missing' if name in stated else 'not in the list'}")
    for name, digest in stated.items():
        expect(sha256(folder / name) == digest, f"the file {name} was changed")
    return len(stated)


def sha256(path: Path) -> str:
    """Of a file, piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def open_tree(folder: Path, key: Key, witnesses: list[Key], size: int) -> Tree:
    """The tree of the checkpoint, which log and witnesses have signed."""
    note = (folder / "log/checkpoint").read_text("utf-8")
    text = key.signed(note)
    expect(text is not None, "the checkpoint is not signed by the log's key")
    for witness in witnesses:
        expect(witness.signed(note) is not None, f"{witness.name} has not signed the checkpoint")
    origin, stated, root = (text or "").splitlines()[:3]
    expect(origin == key.name, "the checkpoint is another log's")
    expect(stated == str(size), "the checkpoint has another size than the report")
    tree = Tree(folder / "log", size)
    expect(tree.root() == base64.b64decode(root), "the tiles do not lead to the checkpoint's root")
    return tree


class Leaves:
    """The leaves of the report by position, each proven when it is read."""

    def __init__(self, folder: Path, tree: Tree, report: dict[str, Any]) -> None:
        self.places: dict[int, int] = {}  # where in the file the leaf of a position begins
        self.file = (folder / "leaves.jsonl").open("rb")
        for start, end in report["spans"]:
            for position in range(start, end):
                self.places[position] = self.file.tell()
                leaf = self.file.readline().rstrip(b"\n")
                digest = hashlib.sha256(b"\x00" + leaf).digest()
                expect(digest == tree.leaf_hash(position), f"leaf {position} is not the log's")
                expect(
                    report["from"] <= json.loads(leaf)["at"] < report["to"],
                    f"leaf {position} is of another time",
                )
        expect(not self.file.readline(), "there are more leaves than the report says")
        expect(len(self.places) == report["leaves"], "there is another number of leaves")

    def at(self, position: int, *kinds: str) -> Any:
        """What the leaf at a position says, if it is of one of these kinds."""
        expect(position in self.places, f"there is no leaf {position} in the report")
        self.file.seek(self.places[position])
        members = json.loads(self.file.readline())
        expect(members["kind"] in kinds, f"leaf {position} is of another kind")
        return members

    def positions(self, *kinds: str) -> set[int]:
        """Where the leaves of these kinds are."""
        self.file.seek(0)
        kinds_found = (json.loads(line)["kind"] for line in self.file)
        pairs = zip(self.places, kinds_found)  # noqa: B905 (strict= needs 3.10)
        return {position for position, kind in pairs if kind in kinds}


def lines(path: Path) -> Iterator[Any]:
    """What the lines of a file say."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def check_disposals(folder: Path, leaves: Leaves) -> int:
    """Each disposal is a leaf, and each such leaf is listed; how many."""
    found = set()
    for line in lines(folder / "disposals.jsonl"):
        leaf = leaves.at(line["position"], "deleted", "erased")
        expect(
            line["leaf"] == leaf, f"the disposal at {line['position']} is not what its leaf says"
        )
        found.add(line["position"])
    expect(found == leaves.positions("deleted", "erased"), "a disposal is not listed")
    return len(found)


def check_fingerprints(folder: Path, leaves: Leaves) -> int:
    """Each fingerprint is the one that its leaf commits to; how many."""
    count = 0
    for line in lines(folder / "fingerprints.jsonl"):
        leaf = leaves.at(line["position"], "marked")
        holds = line["payload"] == leaf["payload"]
        for name in ("pdq", "sound", "video"):  # of pictures, sounds, moving pictures
            salted = bytes.fromhex(line["salt"]) + bytes.fromhex(line.get(name, ""))
            told = leaf.get(f"{name}_commitment")
            stated = hashlib.sha256(salted).hexdigest() if name in line else None
            holds = holds and stated == told
        expect(holds, f"the fingerprint at {line['position']} is not the one in its leaf")
        count += 1
    return count


def check_features(folder: Path, leaves: Leaves, reviewers: list[Key]) -> int:
    """Each feature is the one that its leaf commits to, signed by the reviewer named there."""
    known = {hashlib.sha256(PUBLIC_KEY_INFO + key.public_key).hexdigest(): key for key in reviewers}
    acts = ["feature-proposed", "feature-approved", "feature-revoked"]
    count = 0
    for line in lines(folder / "features.jsonl"):
        leaf = leaves.at(line["position"], *acts, "feature-matched")
        feature = line["feature"]
        salted = bytes.fromhex(line["salt"]) + hashlib.sha256(feature.encode()).digest()
        holds = hashlib.sha256(salted).hexdigest() == leaf["feature_commitment"]
        expect(holds, f"the feature at {line['position']} is not the one in its leaf")
        key = known.get(leaf.get("key_sha256"))
        if key is not None:
            note = f"{act(leaf, feature)}\n{line['signature']}\n"
            signed = key.signed(note) is not None
            expect(signed, f"the step at {line['position']} is not signed by {key.name}")
        count += 1
    return count


def act(leaf: dict[str, Any], feature: str) -> str:
    """What a reviewer signs: canonical JSON (RFC 8785), in which the feature is already."""
    step = leaf["kind"].rpartition("-")[2]
    reason = f'"reason":"{leaf["reason"]}",' if step == "revoked" else ""
    return (
        f'{{"at":"{leaf["at"]}","feature":{feature},{reason}"step":"{step}",'
        '"type":"org.countermark.feature.1"}\n'
    )


OPENED = {
    "models": ["model-added", "model-assessed", "model-retired"],
    "grants": ["unlabelled-granted"],
    "complaints": [
        "complaint-received",
        "complaint-accepted",
        "complaint-answered",
        "complaint-closed",
    ],
}


def check_opened(folder: Path, name: str, leaves: Leaves) -> int:
    """Each line says what its leaf commits to; how many."""
    count = 0
    for line in lines(folder / f"{name}.jsonl"):
        leaf = leaves.at(line["position"], *OPENED[name])
        salted = bytes.fromhex(line["salt"]) + line["content"].encode()
        holds = hashlib.sha256(salted).hexdigest() == leaf["commitment"]
        expect(holds, f"the line at {line['position']} in {name} is not what its leaf commits to")
        count += 1
    return count


def check_personal(folder: Path, leaves: Leaves, count: int) -> int:
    """Each personal record is the one that its leaf commits to; how many."""
    path = folder / "personal.jsonl"
    found = 0
    for line in lines(path) if path.exists() else ():
        leaf = leaves.at(line["position"], "kept")
        salted = bytes.fromhex(line["salt"]) + line["content"].encode()
        holds = hashlib.sha256(salted).hexdigest() == leaf["commitment"]
        holds = holds and line["record"] == leaf["record"]
        expect(holds, f"the record at {line['position']} is not the one in its leaf")
        found += 1
    expect(found == count, "there is another number of personal records")
    return found


def check(folder: Path, trusted: str | None) -> None:
    """Say what holds; raises `Failure` at the first thing that does not."""
    listed = json.loads((folder / "keys.json").read_text("utf-8"))
    key = Key(trusted or listed["log"])
    expect(key.line == listed["log"], "the report is of another log than that of --key")
    print(f"files         {check_files(folder, key)}, all as the log's key has signed them")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    expect(report["schema"] == 1, "the report is of another version than this script")
    witnesses = [Key(line) for line in listed["witnesses"]]
    tree = open_tree(folder, key, witnesses, report["log_size"])
    print(f"checkpoint    {tree.size} leaves, signed by the log and {len(witnesses)} witnesses")
    leaves = Leaves(folder, tree, report)
    print(f"leaves        {len(leaves.places)} from {report['from']} to {report['to']}")
    if leaves.places:
        missing = max(leaves.places) - min(leaves.places) + 1 - len(leaves.places)
        print(f"              {missing} between them are not here: of another time, it is stated")
    print(f"disposals     {check_disposals(folder, leaves)}")
    print(f"fingerprints  {check_fingerprints(folder, leaves)}")
    reviewers = [Key(line) for line in listed["reviewers"]]
    print(f"features      {check_features(folder, leaves, reviewers)}")
    for name in OPENED:
        print(f"{name:<14}{check_opened(folder, name, leaves)}")
    print(f"personal      {check_personal(folder, leaves, report['personal_records'])}")
    print(f"reason        {report['reason']}, made at {report['made_at']}")
    print(f"key           {key.line}")
    if trusted is None:
        print("              Compare it with the one that the operator publishes, or give --key.")


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--key", metavar="LINE", help="the public key of the log")
    arguments = parser.parse_args()
    try:
        check(arguments.folder, arguments.key)
    except Failure as failure:
        print(f"FAILED: {failure}.")
        return 1
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        print(f"FAILED: the report is damaged, or something is missing ({error!r}).")
        return 1
    print("EVERYTHING HOLDS.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
