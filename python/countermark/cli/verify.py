"""`countermark verify`: say what is known about files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from countermark.cli import output
from countermark.errors import CountermarkError, InvalidArgument
from countermark.report import Report
from countermark.resolving import Resolver
from countermark.verifying import verify as verify_file


def verify(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files, or folders of them.")],
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With the manifest of the one file, to be judged alone."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and file.")
    ] = False,
    resolver: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A resolution service to ask; may be repeated."),
    ] = None,
    send_content: Annotated[
        bool, typer.Option("--send-content", help="Send those services the files too, if need be.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Another one that they may name; may be repeated."),
    ] = None,
) -> None:
    """Say what is known about files and how: verdict, trust in the signer, evidence.

    Pictures, movies and sounds are examined by manifest, watermark and fingerprint, documents and
    other pictures by their manifest alone. A file without one in it may
    have it beside it, in FILE.c2pa or by the same name with the ending .c2pa; that one counts only
    if it was signed for exactly this file. In folders the files are those whose names end as files
    with manifests do, and those that have one beside them.

    Verdicts: intact, recovered (exit code 0); altered, transplanted, unmarked, unreadable (1). A
    sound or movie that is recovered without what was signed showing all of it is a lead (1).
    Trust never changes the verdict. What is known of the content (countermark features), such as a
    refutation, comes first, and makes the exit code 1.

    Nothing is fetched from the network unless --resolver names a service. It is asked about a
    picture, sound or movie whose credentials are neither in the file nor in the registry, and told
    its watermarks and its fingerprint; with --send-content also the file, when these led nowhere.

    For example:

        countermark verify photo.jpg
        countermark verify --json downloads/ | jq -r '[.file, .verdict, .trust] | @tsv'
        countermark verify letter.docx --manifest archive/letter.c2pa
        countermark verify --resolver https://credentials.example/v1 copy.jpg
    """
    hosts = tuple(allow_host or ())
    resolvers = [
        Resolver(url, send_content=send_content, allowed_hosts=hosts) for url in resolver or ()
    ]
    worst = output.GOOD
    files = output.expand(paths)
    if manifest is not None and (len(files) != 1 or paths[0].is_dir()):
        raise InvalidArgument(
            "A manifest belongs to one file.", remedy="Name that file alone with --manifest."
        )
    for number, path in enumerate(output.progress(files, "Verifying")):
        try:
            report = verify_file(path, manifest=manifest, resolvers=resolvers)
        except CountermarkError as error:
            _fail(path, error, as_json=as_json)
            worst = output.FAILURE
            continue
        _show(path, report, as_json=as_json, first=number == 0, alone=len(files) == 1)
        is_good = report.verdict.positive and not report.notices and not report.is_lead
        worst = max(worst, output.GOOD if is_good else output.NEGATIVE)
    raise typer.Exit(worst)


def _show(path: Path, report: Report, *, as_json: bool, first: bool, alone: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"file": str(path), **json.loads(report.to_json())}))
        return
    if not first:
        typer.echo()
    if not alone:
        typer.echo(f"{path}")
    typer.echo(str(report))


def _fail(path: Path, error: CountermarkError, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"file": str(path), "error": str(error)}))
    output.complain(f"{path}: {error}")
