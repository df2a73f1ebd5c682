"""`countermark batch`: mark archives of millions of files, once each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from countermark import keys
from countermark.cli import output
from countermark.cli import record as options
from countermark.cli.comply import profile_names
from countermark.labels.profiles import NAMES
from countermark.watermark import Strength


def batch(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="SOURCE", help="Folders, tar archives, Parquet tables of bytes."),
    ],
    out: Annotated[Path, typer.Option(help="The folder to write to.")],
    record: options.RecordFile = None,
    source: options.Source = None,
    creator: options.Creator = None,
    title: options.Title = None,
    producer: options.ProducerName = None,
    producer_code: options.ProducerCode = None,
    system: options.SystemName = None,
    system_version: options.SystemVersion = None,
    service_class: options.Service = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help=f"Whose duties are to be met: {', '.join(NAMES)}."),
    ] = None,
    strength: Annotated[
        Strength, typer.Option(help="How much the watermark survives, and how little it shows.")
    ] = Strength.BALANCED,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many mark at once; as many as processors.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as a JSON object.")] = False,
) -> None:
    """Mark everything in folders, tar archives and Parquet tables, each file exactly once.

    The same comes out as went in: files by their place in the folder, archives and tables in one
    piece. What carries no mark in an archive is copied. Whatever kills it, the same command goes on
    where it was: no file is marked twice, and none is lost. A file that cannot be marked is set
    aside, with the reason in summary.json, which is signed. Keys and registry are those of the home
    folder, as for countermark mark. Standard error says how far it is, and how fast.

    For example:

        countermark batch photos/ --out marked/ --creator "Ada Example"
        countermark batch shard-0000.tar shard-0001.tar --out marked/ --source ai-generated
        countermark batch train.parquet --out marked/ --source ai-generated --processes 8
    """
    from countermark.batch import run

    stated = options.stated(
        record,
        source=source,
        creator=creator,
        title=title,
        producer=producer,
        producer_code=producer_code,
        system=system,
        system_version=system_version,
        service_class=service_class,
    )
    home = keys.open_home()
    with output.tally() as count:
        summary = run(
            sources,
            out,
            home=home.folder,
            record=stated,
            strength=strength,
            profiles=profile_names(profile),
            processes=processes,
            progress=lambda line: count(line is None or line.status == "done"),
        )
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    else:
        before = f" ({summary.already} before)" if summary.already else ""
        typer.echo(f"{summary.done} marked{before}, {summary.failed} set aside: {out}")
    raise typer.Exit(output.FAILURE if summary.failed else output.GOOD)
