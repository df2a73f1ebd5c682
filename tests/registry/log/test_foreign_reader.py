"""Go's own packages for transparency logs read what is exported, and check our proofs."""

import base64
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from countermark import keys
from countermark.registry.database import Database
from countermark.registry.log import Checkpoint, NoteKey, NoteVerifier, exporting, journal, merkle
from countermark.registry.sqlite import SqliteDatabase

SIZE = 700
HERE = Path(__file__).parent
GO_ROOT = Path(sysconfig.get_path("purelib")) / "go"


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in oracle/, built with the packages that come with Go."""
    return built(tmp_path_factory.mktemp("oracle"))


def built(folder: Path, *options: str) -> Path:
    for source in (HERE / "oracle").glob("*.go"):
        shutil.copy(source, folder)
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
    quick = ("-gcflags=all=-N -l", "-ldflags=-s -w")  # to build: it runs for a moment only
    subprocess.run(
        [GO_ROOT / "bin/go", "build", *quick, *options, "-o", "oracle", "."],
        cwd=folder,
        env=environment,
        check=True,
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
    return ask(oracle, folder, key.verifier.encoded, given)


def ask(oracle: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([oracle, *arguments], capture_output=True, text=True)


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


# ---- over HTTP ----


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a log of `SIZE` leaves that a service gives out."""
    home = keys.create_home(tmp_path / "home")
    database = SqliteDatabase(home.registry_path)
    database.prepare()
    with database.writing():
        journal.append(database, [b"leaf %d" % number for number in range(SIZE)])
    database.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "countermark", "serve", "--port", "0", "--rate", "0"],
        env={**os.environ, "COUNTERMARK_HOME": str(home.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield f"{process.stdout.readline().split()[-1]}/v1/log"
        process.terminate()


@pytest.mark.slow  # the network packages of Go take half a minute to build
def test_go_reads_a_log_that_is_served(
    tmp_path_factory: pytest.TempPathFactory, served: str, tmp_path: Path
) -> None:
    oracle = built(tmp_path_factory.mktemp("http"), "-tags", "http")
    key = httpx.get(f"{served}/key", trust_env=False).text.strip()
    given = tmp_path / "proofs.json"
    given.write_text(json.dumps({"Consistency": [of_service(served, key, n) for n in (1, 300)]}))
    result = ask(oracle, served, key, given)
    assert (result.stdout, result.stderr, result.returncode) == (f"{SIZE} 0 2\n", "", 0)


def of_service(served: str, key: str, old: int) -> dict[str, object]:
    """A proof that the log continues its first leaves; their root is computed from the leaves."""
    answer = httpx.get(f"{served}/consistency", params={"old": old}, trust_env=False).json()
    checkpoint = Checkpoint.open(answer["checkpoint"], NoteVerifier.parse(key))
    tiles: dict[tuple[int, int], bytes] = {}
    first = [merkle.leaf_hash(b"leaf %d" % number) for number in range(old)]
    tiles.update(merkle.appended(0, first, tiles.__getitem__))
    return {
        "Old": old,
        "OldRoot": text(merkle.root(old, tiles.__getitem__)),
        "Size": checkpoint.size,
        "Root": text(checkpoint.root),
        "Proof": answer["consistency"]["hashes"],
    }
