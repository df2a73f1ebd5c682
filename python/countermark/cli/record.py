"""The options by which commands are told what to state, and the record that they come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from countermark import files
from countermark.errors import InvalidRecord
from countermark.record import (
    DigitalSource,
    Producer,
    ProviderCode,
    Record,
    ServiceClass,
    System,
)

_SOURCES: Final = ", ".join(source.value for source in DigitalSource)
_CLASSES: Final = ", ".join(one.value for one in ServiceClass)
_PANEL: Final = "What is stated"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


RecordFile: TypeAlias = Annotated[
    Path | None,
    _option(
        "--record",
        metavar="FILE.json",
        help="A record in JSON, with any statement; the options here come before it.",
    ),
]
Source: TypeAlias = Annotated[
    DigitalSource | None,
    _option(metavar="NAME", help=f"Where it comes from, by default captured: {_SOURCES}."),
]
Creator: TypeAlias = Annotated[str | None, _option(help="The person or organisation behind it.")]
Title: TypeAlias = Annotated[str | None, _option(help="What it is called.")]
ProducerName: TypeAlias = Annotated[
    str | None, _option("--producer", help="Who provides the service that made it.")
]
ProducerCode: TypeAlias = Annotated[
    str | None, _option(metavar="CODE", help="The producer's code: 27 characters, registered.")
]
SystemName: TypeAlias = Annotated[
    str | None, _option("--system", help="The software or model that made or edited it.")
]
SystemVersion: TypeAlias = Annotated[str | None, _option(help="Of that software or model.")]
Service: TypeAlias = Annotated[
    ServiceClass | None,
    _option("--service-class", metavar="NAME", help=f"What kind of service: {_CLASSES}."),
]


def stated(
    file: Path | None,
    *,
    source: DigitalSource | None,
    creator: str | None,
    title: str | None,
    producer: str | None,
    producer_code: str | None,
    system: str | None,
    system_version: str | None,
    service_class: ServiceClass | None,
) -> Record:
    """The record of the file, if there is one, with what the options say in its place.

    A named producer or system replaces the file's as a whole.

    Raises `InvalidRecord`, `SourceNotFound`.
    """
    record = Record(source=DigitalSource.CAPTURED) if file is None else read(file)
    options: dict[str, Any] = {
        "source": source,
        "creator": creator,
        "title": title,
        "service_class": service_class,
        "producer": _producer(record.producer, producer, producer_code),
        "system": _system(record.system, system, system_version),
    }
    return replace(record, **{name: value for name, value in options.items() if value is not None})


def read(file: Path) -> Record:
    """The record in a file; raises `InvalidRecord`, `SourceNotFound`."""
    try:
        return Record.from_json(files.load(file).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidRecord(
            f"The record {str(file)!r} is not in UTF-8.", remedy="Save it as UTF-8."
        ) from error


def _producer(given: Producer | None, name: str | None, code: str | None) -> Producer | None:
    producer = given if name is None else Producer(name=name)
    if code is None:
        return producer
    if producer is None:
        raise InvalidRecord(
            "There is a producer's code, but no name.", remedy="Name the producer by --producer."
        )
    return replace(producer, code=ProviderCode(code))


def _system(given: System | None, name: str | None, version: str | None) -> System | None:
    system = given if name is None else System(name=name)
    if version is None:
        return system
    if system is None:
        raise InvalidRecord(
            "There is a system's version, but no name.", remedy="Name the system by --system."
        )
    if system is given:
        # Of another version, the model is another one.
        return System(name=system.name, version=version)
    return replace(system, version=version)
