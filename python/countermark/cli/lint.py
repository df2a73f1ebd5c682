"""`countermark lint`: say what in a manifest is not as the standard wants it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer

from countermark.cli import output
from countermark.credentials.lint import Finding, Severity
from countermark.credentials.lint import lint as lint_file

_WIDTH: Final = 80
_STORE: Final = "self#jumbf=/c2pa/"


def lint(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A signed file, or a bare manifest store (.c2pa)."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and finding.")
    ] = False,
) -> None:
    """Say what in the manifests of a file is not as C2PA wants it, and what to do about it.

    Each finding names the box, the clause and the remedy. Earlier manifests in the store are
    looked at too. Whether the file is intact and whom to trust is a question for countermark
    verify. Exit code 1 when there is an error; warnings and notes leave it at 0.

    For example:

        countermark lint marked.jpg
        countermark lint --json manifest.c2pa | jq -r .rule
    """
    findings = lint_file(path)
    if as_json:
        for finding in findings:
            typer.echo(json.dumps({"file": str(path), **finding.as_dict()}))
    else:
        typer.echo("\n".join(_lines(findings)))
    wrong = any(finding.severity is Severity.ERROR for finding in findings)
    raise typer.Exit(output.NEGATIVE if wrong else output.GOOD)


def _lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    """By manifest, and for each breach of a rule once what to do about it."""
    for manifest, found in groupby(findings, key=_manifest):
        yield manifest.replace(_STORE, "Manifest ") if _STORE in manifest else "File"
        ordered = sorted(found, key=lambda item: (list(Severity).index(item.severity), item.rule))
        for _, same in groupby(ordered, key=lambda item: item.rule):
            yield from _breaches(list(same), manifest)
        yield ""
    yield _summary(findings)


def _breaches(same: list[Finding], manifest: str) -> Iterator[str]:
    rule = same[0]
    yield f"  {rule.severity.value}: {rule.rule}"
    for problem, places in groupby(same, key=lambda item: item.problem):
        yield from _wrapped(problem)
        for place in places:
            if place.where != manifest:
                yield f"      in {place.where.removeprefix(manifest).lstrip('/')}"
    yield from _wrapped(rule.remedy, "    -> ")
    yield from _wrapped(f"[{rule.clause}]")


def _manifest(finding: Finding) -> str:
    """The URI of the manifest that a box belongs to."""
    return "/".join(finding.where.split("/")[:3])


def _wrapped(text: str, first: str = "    ") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
    )


def _summary(findings: tuple[Finding, ...]) -> str:
    counts = [sum(item.severity is severity for item in findings) for severity in Severity]
    words = [
        f"{number} {severity.value}{'' if number == 1 else 's'}"
        for number, severity in zip(counts, Severity, strict=True)
    ]
    return ", ".join(words)
