"""Go's own packages for transparency logs read what is exported, and check our proofs."""

import base64
import json
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from countermark.registry.database import Database
from countermark.registry.log import exporting, journal, merkle
from countermark.registry.log.note import NoteKey

SIZE = 700
HERE = Path(__file__).parent
GO_ROOT = Path(sysconfig.get_path("purelib")) / "go"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in oracle/, built with the packages that come with Go."""
    folder = tmp_path_factory.mktemp("oracle")
    shutil.copy(HERE / "oracle/main.go", folder)
    vendored = GO_ROOT / "src/cmd/vendor/golang.org/x/mod/sumdb"
    for package in ("note", "tlog"):
        shutil.copytree(vendored / package, folder / package)
    (folder / "go.mod").write_text("module oracle\n\ngo 1.25\n")
    environment = {
        "GOROOT": str(GO_ROOT),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOCACHE": str(folder / "cache"),
        "GOPATH": str(folder / "path"),
        "HOME": str(folder),
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [GO_ROOT / "bin/go", "build", "-o", "oracle", "."], cwd=folder, env=environment, check=True
    )
    return folder / "oracle"


@pytest.fixture
def exported(
    database: Database, grow: Callable[[int], None], tmp_path: Path
) -> tuple[Path, NoteKey]:
    """A log that was exported twice while it grew."""
    key = NoteKey.generate("example.org/log")
    folder = tmp_path / "exported"
    for count in (300, SIZE - 300):
        grow(count)
        exporting.export(database, journal.checkpoint(database, key), folder)
    return folder, key


def proofs(database: Database) -> dict[str, list[dict[str, object]]]:
    tiles = journal.tiles(database)
    roots = [merkle.root(size, tiles) for size in range(SIZE + 1)]
    sizes = [*range(1, 40), 255, 256, 257, 511, 512, 513, SIZE]
    return {
        "Inclusion": [
            {
                "Index": index,
                "Size": size,
                "Root": text(roots[size]),
                "Proof": [text(h) for h in merkle.inclusion_proof(index, size, tiles)],
            }
            for size in sizes
            for index in {0, size // 3, size // 2, size - 1}
        ],
        "Consistency": [
            {
                "Old": old,
                "OldRoot": text(roots[old]),
                "Size": size,
                "Root": text(roots[size]),
                "Proof": [text(h) for h in merkle.consistency_proof(old, size, tiles)],
            }
            for size in sizes
            for old in {1, size // 3, size // 2, size - 1, size} & set(range(1, size + 1))
        ],
    }


def run(
    oracle: Path, exported: tuple[Path, NoteKey], given: Path
) -> subprocess.CompletedProcess[str]:
    folder, key = exported
    command = [oracle, folder, key.verifier.encoded, given]
    return subprocess.run(command, capture_output=True, text=True)


def test_go_reads_every_leaf_and_accepts_every_proof(
    database: Database, oracle: Path, exported: tuple[Path, NoteKey], tmp_path: Path
) -> None:
    given, ours = tmp_path / "proofs.json", proofs(database)
    given.write_text(json.dumps(ours))
    result = run(oracle, exported, given)
    counts = f"{SIZE} {len(ours['Inclusion'])} {len(ours['Consistency'])}\n"
    assert (result.stdout, result.stderr, result.returncode) == (counts, "", 0)


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "tile/1/000.p/2", "tile/entries/001"])
def test_go_refuses_what_was_changed(
    name: str, oracle: Path, exported: tuple[Path, NoteKey], tmp_path: Path
) -> None:
    given = tmp_path / "proofs.json"
    given.write_text("{}")
    path = exported[0] / name
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    assert run(oracle, exported, given).returncode == 1
