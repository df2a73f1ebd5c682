"""A PostgreSQL server for the tests alone, without a port, in a folder of its own."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the server, as psycopg has it."""
    # Not in pytest's folders: a socket's path is short, and the server's user must get in.
    folder = Path(tempfile.mkdtemp(prefix="countermark-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    data = folder / "data"
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
    control = [program("pg_ctl"), "-D", data]
    try:
        run(folder, [program("initdb"), "-D", data, "-A", "trust", "-U", "tests", "--no-sync"])
        run(folder, [*control, "-w", "-l", folder / "log", "-o", settings, "start"])
        yield f"host={folder} user=tests dbname=postgres"
        run(folder, [*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address at which there is no registry yet."""
    if request.param == "sqlite":
        yield os.fspath(tmp_path / "registry.sqlite3")
        return
    server = request.getfixturevalue("postgres")
    name = f"d{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        folder = connection.info.host
        yield f"postgresql://tests@/{name}?host={folder}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
