"""Registries in both databases; a PostgreSQL server for the tests alone, without a port."""

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import psycopg
import pytest

from countermark.record import DigitalSource, Record
from countermark.registry import Entry, Registry

# Where Debian, Red Hat and Homebrew have the programs, beside those on the path.
PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")


def program(name: str) -> str:
    found = [str(path) for place in PLACES for path in Path("/").glob(f"{place}/{name}")]
    on_path = shutil.which(name)
    assert found or on_path, f"The tests need {name}: apt-get install postgresql."
    return on_path or max(found)


def run(folder: Path, command: Sequence[str | Path]) -> None:
    """PostgreSQL refuses to run as root, so then it runs as the user of its package."""
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the tests; `address` is in the words of psycopg."""

    folder: Path
    data: Path
    stop: Callable[[], None]
    start: Callable[[], None]

    @property
    def address(self) -> str:
        return f"host={self.folder} user=tests dbname=postgres"

    @property
    def url(self) -> str:
        return f"postgresql://tests@/postgres?host={self.folder}"


@contextmanager
def cluster(*options: str) -> Iterator[Server]:
    """A new server, which `stop` ends without any farewell."""
    # Not in pytest's folders: a socket's path is short, and the server's user must get in.
    folder = Path(tempfile.mkdtemp(prefix="countermark-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = folder / "data"
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [program("pg_ctl"), "-D", data]
    stop = [*control, "-m", "immediate", "stop"]
    start = [*control, "-w", "-l", folder / "log", "-o", settings, "start"]
    try:
        new = [program("initdb"), "-D", data, "-A", "trust", "-U", "tests", "--no-sync", *options]
        run(folder, new)
        run(folder, start)
        yield Server(folder, data, partial(run, folder, stop), partial(run, folder, start))
        run(folder, stop)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the server, as psycopg has it."""
    with cluster() as server:
        yield server.address


@pytest.fixture
def own_postgres(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server for one test; the test's parameter has the options of initdb."""
    with cluster(*getattr(request, "param", ())) as server:
        yield server


@pytest.fixture
def postgres_address(postgres: str) -> Iterator[str]:
    """The address of an empty database of the server."""
    name = f"d{secrets.token_hex(8)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        folder = connection.info.host
        yield f"postgresql://tests@/{name}?host={folder}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address at which there is no registry yet."""
    if request.param == "sqlite":
        return os.fspath(tmp_path / "registry.sqlite3")
    return str(request.getfixturevalue("postgres_address"))


@pytest.fixture
def registry(address: str) -> Iterator[Registry]:
    with Registry.open(address) as registry:
        yield registry


@pytest.fixture
def killed() -> Callable[[Callable[[int], None], float], bytes]:
    """Runs work in a process of its own until it is killed; what that had acknowledged."""

    def killed(work: Callable[[int], None], after_seconds: float) -> bytes:
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.close(reader)
                work(writer)
            finally:
                os._exit(1)
        os.close(writer)
        time.sleep(after_seconds)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        with os.fdopen(reader, "rb") as pipe:
            return pipe.read()

    return killed


@pytest.fixture
def make_entry() -> Callable[[int], Entry]:
    """An entry with that payload; those of others look different."""

    def make_entry(payload: int) -> Entry:
        manifest = payload.to_bytes(8, "big") * 100
        return Entry(
            payload=payload,
            pdq=hashlib.sha256(manifest).digest(),
            pdq_quality=100,
            manifest=manifest,
            manifest_sha256=hashlib.sha256(manifest).digest(),
            record=Record(source=DigitalSource.CAPTURED, title="Ein Bild, 一幅画"),
            width=640,
            height=480,
            marked_at=datetime(2026, 11, 26, 12, tzinfo=timezone.utc),
        )

    return make_entry
