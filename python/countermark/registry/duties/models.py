"""The models that generate: what each can do, and whether its security was assessed.

>>> import tempfile
>>> from datetime import date
>>> from countermark.registry import Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     with Registry.open(folder + "/registry.sqlite3") as registry:
...         registry.models.add(bytes(32), name="Face", version="3", biometric=True)
...         registry.models.assess(bytes(32), document_sha256=bytes(32), on=date(2026, 11, 1))
...         registry.models.find(bytes(32)).assessment.on.isoformat()
'2026-11-01'

Each step leaves a leaf in the log: hashes and flags; of name and version a commitment.

Source: Deep Synthesis Provisions of the PRC, article 15.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Final

from countermark.errors import InvalidArgument
from countermark.registry.database import Row
from countermark.registry.duties.logged import (
    LoggedRows,
    canonical,
    check_sha256,
    check_text,
)
from countermark.registry.log import leaf
from countermark.registry.prefix import id_range

ADDED: Final = "model-added"
ASSESSED: Final = "model-assessed"
RETIRED: Final = "model-retired"
KINDS: Final = (ADDED, ASSESSED, RETIRED)
"""Of the leaves."""

_FARTHEST_EAST: Final = timedelta(hours=14)  # where the date is the latest
_COLUMNS: Final = (
    "sha256, name, version, biometric, sensitive_scene, assessment_sha256, assessed_on, "
    "retired, salt, position"
)
_BY_SHA256: Final = f"SELECT {_COLUMNS} FROM model WHERE sha256 = ?"
_BY_START: Final = f"SELECT {_COLUMNS} FROM model WHERE sha256 >= ? AND sha256 <= ?"
_ALL: Final = f"SELECT {_COLUMNS} FROM model ORDER BY name, version, sha256"
_DELETE: Final = "DELETE FROM model WHERE sha256 = ?"
_INSERT: Final = f"INSERT INTO model ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Assessment:
    """`sha256`: of the document of a security assessment. `on`: its date."""

    sha256: bytes
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model in the register.

    `sha256`: of its weights. `biometric`: it can generate or edit faces, voices or other features
    of persons. `sensitive_scene`: it can do so with objects or scenes that touch national
    security, national image, national or public interests. `is_retired`: it is not to be used.
    `salt`: opens the commitment to name and version. `since`: when it came to be as it is;
    `position`: of the leaf that says so.
    """

    sha256: bytes
    name: str
    version: str
    biometric: bool = False
    sensitive_scene: bool = False
    assessment: Assessment | None = None
    is_retired: bool = False
    salt: bytes
    since: datetime
    position: int

    @property
    def needs_assessment(self) -> bool:
        """Whether article 15 asks for one."""
        return self.biometric or self.sensitive_scene

    @property
    def described(self) -> str:
        """What the commitment in the leaves is over."""
        return canonical({"name": self.name, "version": self.version})


class Models(LoggedRows):
    """What `Registry.models` is; for any number of threads, which take turns.

    Each method raises `UnreadableRegistry`, those that write `DestinationNotWritable`.
    """

    _NAME = "model"

    def add(
        self,
        sha256: bytes,
        *,
        name: str,
        version: str,
        biometric: bool = False,
        sensitive_scene: bool = False,
    ) -> None:
        """Take a model into the register, not assessed yet.

        One that was retired can be added again, also as something else; it is assessed anew.
        Raises `InvalidArgument` when it is there already, or for what is no name or hash.
        """
        check_sha256("model", sha256)
        check_text("name of the model", name)
        check_text("version of the model", version)
        with self._writing():
            known = self._find(sha256)
            if known is not None and not known.is_retired:
                raise InvalidArgument(
                    "This model is in the register already.",
                    remedy="Retire it first, if it has to be added as something else.",
                )
            self._put(
                Model(
                    sha256=sha256,
                    name=name,
                    version=version,
                    biometric=biometric,
                    sensitive_scene=sensitive_scene,
                    salt=leaf.new_salt(),
                    since=datetime.now(timezone.utc),
                    position=0,
                )
            )

    def assess(self, sha256: bytes, *, document_sha256: bytes, on: date) -> None:
        """State that a model was assessed; a later assessment takes the place of an earlier one.

        Raises `InvalidArgument` when it is not there or retired, or the date lies in the future.
        """
        check_sha256("assessment", document_sha256)
        if on > (datetime.now(timezone.utc) + _FARTHEST_EAST).date():
            raise InvalidArgument(
                f"The assessment is of {on}, which is still to come.",
                remedy="Give the date of the document.",
            )
        with self._writing():
            model = self._in_use(sha256)
            self._put(replace(model, assessment=Assessment(document_sha256, on)))

    def retire(self, sha256: bytes) -> None:
        """Say that a model is not to be used any more; raises `InvalidArgument` as `assess`."""
        with self._writing():
            self._put(replace(self._in_use(sha256), is_retired=True))

    def find(self, sha256: bytes) -> Model | None:
        """The model with that hash."""
        with self._reading() as is_there:
            return self._find(sha256) if is_there else None

    def resolve(self, start: str) -> bytes:
        """The hash, in hexadecimal or its start, of one model; raises `InvalidArgument`."""
        bounds = id_range(start)
        with self._reading() as is_there:
            found = self._database.all(_BY_START, bounds) if is_there else []
        if len(found) != 1:
            raise InvalidArgument(
                f"{len(found)} models in the register begin with {start!r:.40}.",
                remedy="Give the SHA-256 of one, as countermark models list shows it.",
            )
        return bytes(found[0][0])

    def all(self) -> list[Model]:
        """Every model, retired ones too, by name and version."""
        with self._reading() as is_there:
            return [self._model(row) for row in self._database.all(_ALL)] if is_there else []

    def _in_use(self, sha256: bytes) -> Model:
        model = self._find(sha256)
        if model is None or model.is_retired:
            how = "not in the register" if model is None else "retired"
            raise InvalidArgument(
                f"The model {sha256.hex()[:16]} is {how}.", remedy="Add it (again) first."
            )
        return model

    def _find(self, sha256: bytes) -> Model | None:
        row = self._database.one(_BY_SHA256, (sha256,))
        return None if row is None else self._model(row)

    def _put(self, model: Model) -> None:
        kind, members = _told(model)
        position = self._tell(kind, members, datetime.now(timezone.utc))
        assessment = model.assessment
        self._database.run(_DELETE, (model.sha256,))
        self._database.run(
            _INSERT,
            (
                model.sha256,
                model.name,
                model.version,
                int(model.biometric),
                int(model.sensitive_scene),
                None if assessment is None else assessment.sha256,
                None if assessment is None else assessment.on.isoformat(),
                int(model.is_retired),
                model.salt,
                position,
            ),
        )

    def _model(self, row: Row) -> Model:
        """The model in a row, held to its leaf."""
        sha256, name, version, biometric, scene, document, on, retired, salt, position = row
        try:
            model = Model(
                sha256=bytes(sha256),
                name=name,
                version=version,
                biometric=bool(biometric),
                sensitive_scene=bool(scene),
                assessment=None
                if document is None
                else Assessment(bytes(document), date.fromisoformat(on)),
                is_retired=bool(retired),
                salt=bytes(salt),
                since=datetime.min,
                position=int(position),
            )
            return replace(model, since=self._since(model.position, *_told(model)))
        except (InvalidArgument, ValueError, TypeError) as error:
            raise self._damaged() from error


def _told(model: Model) -> tuple[str, dict[str, str | int]]:
    """Kind and members of the leaf that says how a model is."""
    members: dict[str, str | int] = {
        "model_sha256": model.sha256.hex(),
        "biometric": int(model.biometric),
        "sensitive_scene": int(model.sensitive_scene),
        "commitment": leaf.commitment(model.salt, model.described.encode()),
    }
    if model.assessment is not None:
        members["assessment_sha256"] = model.assessment.sha256.hex()
        members["assessed_on"] = model.assessment.on.isoformat()
    if model.is_retired:
        return RETIRED, members
    return ADDED if model.assessment is None else ASSESSED, members
