"""`countermark labels write | read`: the label in metadata, which GB 45438 calls implicit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from countermark.cli import output
from countermark.cli.record import stated
from countermark.cli.unsigned import demand_sidecar_goes_along
from countermark.errors import InvalidArgument
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Reading, Verdict
from countermark.record import DigitalSource, Record

_SOURCES: Final = ", ".join(source.value for source in DigitalSource)
_MOST: Final = 120
"""Characters of a member that are shown; JSON has them all."""


def write(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A picture, movie, sound, text or scene.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write; may be the same.")],
    producer: Annotated[
        str | None,
        typer.Option("--producer", metavar="CODE", help="The producer's code: 27 characters."),
    ] = None,
    content_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="What the producer calls the content.")
    ] = None,
    reserved: Annotated[
        str, typer.Option(metavar="TEXT", help="The producer's own data for protection.")
    ] = "",
    source: Annotated[
        DigitalSource | None,
        typer.Option(
            metavar="NAME", help=f"For readers elsewhere, in pictures and scenes: {_SOURCES}."
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(help="For readers elsewhere, in pictures and scenes: the AI system."),
    ] = None,
    system_version: Annotated[str | None, typer.Option(help="Of that system.")] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="A record that states it; options come first."),
    ] = None,
) -> None:
    """Write a copy of a file with the label for machines, in place of any other.

    Nothing else in the file changes, and the label is read back before the copy is there. A C2PA
    manifest in it does not fit any more: label first, sign then. Codes come from the provider's
    registration and are checked; they are never made up.

    For example:

        countermark labels write art.jpg --out art.jpg \\
            --producer 001191110102MACQD9K64010000 --id picture-7 --source ai-generated
        countermark labels write talk.mp3 --out labelled.mp3 --record record.json
    """
    demand_sidecar_goes_along(path, out)
    beside = _record(record, source, system, system_version)
    if producer is None and content_id is None and record is not None and beside is not None:
        label = AigcLabel.of(beside)
    elif producer is None or content_id is None:
        raise typer.BadParameter("State --producer and --id, or a --record.")
    else:
        label = AigcLabel.produced(producer, content_id, reserved=reserved)
    aigc.write(path, out, label, record=beside)
    typer.echo(f"{path} -> {out} ({aigc.read(out).found[0].carried.place})")
    raise typer.Exit(output.GOOD)


def read(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A picture, movie, sound, text or scene.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, on one line.")] = False,
) -> None:
    """Say what labels for machines a file holds, and what is wrong with them.

    Labels of others are read wherever they are known to put them. Exit code 0 when the file holds
    one label that is as the standard has it, otherwise 1.

    For example:

        countermark labels read art.jpg
        countermark labels read --json art.jpg | jq -r .verdict
    """
    reading = aigc.read(path)
    if as_json:
        typer.echo(json.dumps({"file": str(path), **_members(reading)}))
    else:
        typer.echo("\n".join((f"{path}: {_SAID[reading.verdict]}", *_lines(reading))))
    is_good = reading.verdict is Verdict.COMPLIANT
    raise typer.Exit(output.GOOD if is_good else output.NEGATIVE)


_SAID: Final = {
    Verdict.COMPLIANT: "one label, as the standard has it",
    Verdict.NONCOMPLIANT: "labelled, but not as the standard has it",
    Verdict.NOT_FOUND: "no label",
    Verdict.INCONCLUSIVE: "cannot be searched as a whole, so a label may be there",
}


def _record(
    file: Path | None, source: DigitalSource | None, system: str | None, version: str | None
) -> Record | None:
    """What is stated for readers elsewhere; None if nothing is."""
    if file is None and source is None:
        if system is not None or version is not None:
            raise InvalidArgument(
                "There is a system, but no source.", remedy="State --source ai-generated."
            )
        return None
    unstated = dict.fromkeys(("creator", "title", "producer", "producer_code", "service_class"))
    return stated(file, source=source, system=system, system_version=version, **unstated)


def _members(reading: Reading) -> dict[str, Any]:
    labels = [
        {
            "place": one.carried.place,
            "members": one.members,
            "unverifiable": [asdict(each) for each in one.unverifiable],
        }
        for one in reading.found
    ]
    findings = [
        {"problem": one.problem, "clause": one.clause, "remedy": one.remedy}
        for one in reading.findings
    ]
    return {"verdict": reading.verdict.value, "labels": labels, "findings": findings}


def _lines(reading: Reading) -> Iterator[str]:
    for one in reading.found:
        yield f"  {one.carried.place}"
        for name, value in one.members.items():
            shown = ascii(value)[1:-1]  # it may hold anything, control characters too
            yield f"    {ascii(name)[1:-1]:<18} {_short(shown)}"
            yield from (
                f"    {'':<18} ({each})" for each in one.unverifiable if each.member == name
            )
    for finding in reading.findings:
        yield f"  - {finding.problem} [{finding.clause}]"
        yield f"    -> {finding.remedy}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}... ({len(text):,} characters)"
