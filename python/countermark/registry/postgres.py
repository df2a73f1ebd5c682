"""PostgreSQL 15 or later as the registry's database, by plain SQL and without an extension.

A hash within 31 bits of another one has, of its sixteen bands of sixteen bits, at least one that
differs in one bit or none. So each hash is stored with its bands as numbers under an inverted
index, and a search asks for the seventeen values that each band of the query may have; the true
distance is then computed for what is found.

Source: M. Norouzi, A. Punjani, D. J. Fleet, "Fast search in Hamming space with multi-index
hashing", CVPR 2012; https://www.postgresql.org/docs/15/gin.html.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    MissingExtra,
    RegistryTooNew,
    UnreadableRegistry,
)
from countermark.hamming import Match
from countermark.registry import clips, manifests, migration, personal, rows
from countermark.registry.database import Row
from countermark.registry.duties import tables as duties
from countermark.registry.entry import PDQ_BYTES
from countermark.registry.features import tables as features
from countermark.registry.log import journal
from countermark.registry.rows import ENTRY_LOG_TABLES, VERSION

if TYPE_CHECKING:
    import psycopg

# The tables of version 2, the first one that there is here; later versions add steps.
_STEPS: Final = (
    (
        "CREATE TABLE version (number INTEGER NOT NULL)",
        "INSERT INTO version (number) VALUES (0)",
        """
        CREATE TABLE entry (
            rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            payload BLOB NOT NULL UNIQUE CHECK (length(payload) = 8),
            pdq BLOB NOT NULL CHECK (length(pdq) = 32),
            pdq_quality INTEGER NOT NULL,
            manifest_sha256 BLOB NOT NULL CHECK (length(manifest_sha256) = 32),
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            marked_at TEXT NOT NULL,
            record TEXT NOT NULL,
            manifest BLOB NOT NULL
        )
        """,
        """
        CREATE TABLE hash (
            entry BIGINT PRIMARY KEY REFERENCES entry ON DELETE CASCADE,
            bits BIT(256) NOT NULL,
            bands INT[] NOT NULL
        )
        """,
        "CREATE INDEX hash_by_band ON hash USING GIN (bands) WITH (fastupdate = off)",
        *journal.TABLES,
        *ENTRY_LOG_TABLES,
    ),
    (
        *rows.DIGEST_TABLES,
        *journal.DIGEST_TABLES,
        *manifests.TABLES,
        *personal.TABLES,
        *features.TABLES,
    ),
    duties.TABLES,
    clips.TABLES,
)
_FIRST_VERSION: Final = 2
_TABLES: Final = "SELECT count(*) FROM pg_tables WHERE schemaname = ?"
_VERSION: Final = "SELECT number FROM version"
_SET_VERSION: Final = "UPDATE version SET number = ?"
_BANDS: Final = 16
_BAND_BITS: Final = 16
_INDEXED_DISTANCE: Final = 2 * _BANDS - 1  # beyond it, every band may differ in two bits

_ADD_HASH: Final = "INSERT INTO hash (entry, bits, bands) VALUES (?, ?::bit(256), ?)"
_DISTANCE: Final = "bit_count(bits # ?::bit(256))"
_SCAN: Final = f"SELECT entry, {_DISTANCE} FROM hash WHERE {_DISTANCE} <= ?"
_PROBE: Final = f"{_SCAN} AND bands && ?"
# Its guess of what an array holds makes the planner read the whole table.
_USE_INDEX: Final = "SET LOCAL enable_seqscan = off"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('countermark registry'))"
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresDatabase:
    """A connection in the manner of `Database`.

    `address`: a connection string or URL, as psycopg has it. `schema`: where the tables are.

    Raises `MissingExtra` without psycopg, `UnreadableRegistry` when the server does not answer.
    """

    def __init__(self, address: str, schema: str = "countermark") -> None:
        self._psycopg = _module()
        self.lock = threading.RLock()
        self._schema = schema
        with self._errors():
            self._connection: psycopg.Connection[Row] = self._psycopg.connect(
                address, autocommit=True, application_name="countermark", connect_timeout=10
            )
            if self._connection.info.server_version < 150000:
                self._connection.close()
                raise UnreadableRegistry(
                    "The PostgreSQL server is older than 15.", remedy="Use 15 or later."
                )
            self.run("SELECT set_config('search_path', ?, false)", (schema,))

    def close(self) -> None:
        self._connection.close()

    def version(self) -> int:
        row = self.one(_TABLES, (self._schema,))
        if row is None or not row[0]:
            return 0
        with self.reading():
            row = self.one(_VERSION)
        version = 0 if row is None else int(row[0])
        if version > VERSION:
            raise RegistryTooNew(
                f"The registry has version {version}, this countermark knows {VERSION}.",
                remedy="Update countermark.",
            )
        return version

    def prepare(self) -> None:
        if self.version() == VERSION:
            return
        with self.writing():
            version = self.version()  # another process may have been faster
            if not version:
                self.run(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            for step in _STEPS[max(version - _FIRST_VERSION + 1, 0) :]:
                for statement in step:
                    self.run(statement)
            self.run(_SET_VERSION, (VERSION,))
            migration.complete(self, version)

    def in_transaction(self) -> bool:
        return self._is_open()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._transaction("BEGIN"):
            self.run(_LOCK)  # one writer at a time: each leaf of the log follows another
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._transaction(_BEGIN_READING):
            yield

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        with self._errors():
            return self._connection.execute(_adapted(statement), values).rowcount

    def run_many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        with self._errors(), self._connection.cursor() as cursor:
            cursor.executemany(_adapted(statement), values)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        with self._errors():
            return self._connection.execute(_adapted(statement), values).fetchone()

    def all(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        with self._errors():
            return self._connection.execute(_adapted(statement), values).fetchall()

    def add_hash(self, row: int, value: bytes) -> None:
        self.run(_ADD_HASH, (row, _bits(value), _bands(value)))

    def drop_hash(self, row: int, value: bytes) -> None:
        """Nothing: it goes with its entry."""

    def hashes(self, *, anew: bool = False) -> PostgresHashes:
        return PostgresHashes(self)

    def near(self, query: bytes, max_distance: int) -> list[tuple[int, int]]:
        """Entry and distance of each hash within reach of the query, in no order."""
        bits = _bits(query)
        if max_distance > _INDEXED_DISTANCE:
            return [(row[0], row[1]) for row in self.all(_SCAN, (bits, bits, max_distance))]
        with self._transaction(_BEGIN_READING):
            self.run(_USE_INDEX)
            found = self.all(_PROBE, (bits, bits, max_distance, _probes(query)))
        return [(row[0], row[1]) for row in found]

    def explain_near(self, query: bytes, max_distance: int) -> str:
        """How the server would search: which index it takes."""
        bits = _bits(query)
        with self._transaction(_BEGIN_READING):
            self.run(_USE_INDEX)
            values = (bits, bits, max_distance, _probes(query))
            return "\n".join(row[0] for row in self.all(f"EXPLAIN {_PROBE}", values))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        if self._is_open():  # a search inside a transaction is part of it
            yield
            return
        self.run(begin)
        try:
            yield
            self.run("COMMIT")
        finally:
            if self._is_open():
                self.run("ROLLBACK")

    def _is_open(self) -> bool:
        idle = self._psycopg.pq.TransactionStatus.IDLE
        with self._errors():
            return not self._connection.closed and self._connection.info.transaction_status != idle

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what psycopg raises into errors of ours."""
        try:
            yield
        except self._psycopg.errors.InsufficientPrivilege as error:
            raise _not_writable(error) from error
        except (
            self._psycopg.errors.DiskFull,
            self._psycopg.errors.ReadOnlySqlTransaction,
        ) as error:
            raise _not_writable(error) from error
        except self._psycopg.Error as error:
            raise UnreadableRegistry(
                f"The registry's PostgreSQL server refuses ({_first_line(error)}).",
                remedy="Check the address, the rights and whether the server runs.",
            ) from error


@dataclass(frozen=True, slots=True)
class PostgresHashes:
    """The fingerprints in a database; the search is done there."""

    database: PostgresDatabase

    def search(self, queries: Sequence[bytes], max_distance: int) -> list[Match]:
        """As `Hashes`; raises `InvalidArgument` for a hash of another length."""
        if any(len(query) != PDQ_BYTES for query in queries):
            raise InvalidArgument(
                "A PDQ hash does not have 32 bytes.", remedy="Use the bits that pdq() gives."
            )
        with self.database.lock:
            if not self.database.version():
                return []
        nearest: dict[int, Match] = {}
        for number, query in enumerate(queries):
            with self.database.lock:
                found = self.database.near(query, max_distance)
            for row, bits in found:
                if row not in nearest or bits < nearest[row].distance:
                    nearest[row] = Match(row, bits, number)
        return sorted(nearest.values(), key=lambda match: (match.distance, match.label))


def _adapted(statement: str) -> str:
    """The statement in this database's words."""
    return statement.replace("?", "%s").replace(" BLOB", " BYTEA").replace(" INTEGER", " BIGINT")


def _bits(value: bytes) -> str:
    return f"{int.from_bytes(value, 'big'):0256b}"


def _bands(value: bytes) -> list[int]:
    """Each band of a hash with its number, so that equal bits elsewhere are another value."""
    return [
        band << _BAND_BITS | int.from_bytes(value[2 * band : 2 * band + 2], "big")
        for band in range(_BANDS)
    ]


def _probes(value: bytes) -> list[int]:
    """The bands that a hash within reach may have: each as it is, or with one bit turned."""
    turns = (0, *(1 << bit for bit in range(_BAND_BITS)))
    return [band ^ turn for band in _bands(value) for turn in turns]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _not_writable(error: Exception) -> DestinationNotWritable:
    return DestinationNotWritable(
        f"The registry's PostgreSQL server refuses to write ({_first_line(error)}).",
        remedy="Check the rights of its user and the space on its disk.",
    )


def _module() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra(
            "A registry in PostgreSQL needs the package psycopg.",
            remedy="Install it: pip install 'countermark[postgres]'.",
        ) from error
    return psycopg
