"""`countermark models`: which models generate, what they can do, whether they were assessed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from countermark.cli.digests import digest_of
from countermark.cli.retention import Address, opened
from countermark.registry.duties import Model

app = typer.Typer(
    help="Keep the register of models: what each can do, and whether its security was assessed.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Named = Annotated[str, typer.Argument(metavar="MODEL", help="SHA-256; its start is enough.")]


@app.command()
def add(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Its file, or the SHA-256.")],
    name: Annotated[str, typer.Option(help="What it is called.")],
    version: Annotated[str, typer.Option(help="Its version.")],
    biometric: Annotated[
        bool, typer.Option("--biometric", help="It generates or edits faces, voices and the like.")
    ] = False,
    sensitive_scene: Annotated[
        bool,
        typer.Option(
            "--sensitive-scene",
            help="It does so with objects or scenes that touch national security or interests.",
        ),
    ] = False,
    address: Address = None,
) -> None:
    """Add a model, which is not assessed yet; its SHA-256 is printed.

    A model that was retired can be added again, also as something else.

    For example:

        countermark models add face.safetensors --name "Face" --version 3 --biometric
    """
    sha256 = digest_of(model)
    with opened(address) as registry:
        registry.models.add(
            sha256,
            name=name,
            version=version,
            biometric=biometric,
            sensitive_scene=sensitive_scene,
        )
    typer.echo(sha256.hex())


@app.command()
def assess(
    model: Named,
    document: Annotated[
        str, typer.Option(metavar="FILE", help="The assessment, or its SHA-256; only that is kept.")
    ],
    on: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Of the assessment.")
    ],
    address: Address = None,
) -> None:
    """State that a model was assessed; a later one takes the place of an earlier one.

    For example:

        countermark models assess 0123abcd --document assessment.pdf --date 2026-11-01
    """
    digest = digest_of(document)
    with opened(address) as registry:
        sha256 = registry.models.resolve(model)
        registry.models.assess(sha256, document_sha256=digest, on=on.date())
    typer.echo(f"The model {sha256.hex()[:16]} is assessed, as of {on.date()}.")


@app.command()
def retire(model: Named, address: Address = None) -> None:
    """Say that a model is not to be used any more.

    For example:

        countermark models retire 0123abcd
    """
    with opened(address) as registry:
        sha256 = registry.models.resolve(model)
        registry.models.retire(sha256)
    typer.echo(f"The model {sha256.hex()[:16]} is retired.")


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
    address: Address = None,
) -> None:
    """List the models, retired ones too.

    For example:

        countermark models list
        countermark models list --json | jq -r 'select(.assessed_on == null).name'
    """
    with opened(address) as registry:
        for model in registry.models.all():
            typer.echo(json.dumps(_members(model), ensure_ascii=False) if as_json else _line(model))


def _members(model: Model) -> dict[str, Any]:
    assessment = model.assessment
    return {
        "sha256": model.sha256.hex(),
        "name": model.name,
        "version": model.version,
        "biometric": model.biometric,
        "sensitive_scene": model.sensitive_scene,
        "assessment_sha256": None if assessment is None else assessment.sha256.hex(),
        "assessed_on": None if assessment is None else assessment.on.isoformat(),
        "retired": model.is_retired,
        "since": model.since.isoformat(),
    }


def _line(model: Model) -> str:
    can = [
        name
        for name, does in (
            ("biometric", model.biometric),
            ("sensitive-scene", model.sensitive_scene),
        )
        if does
    ]
    return (
        f"{model.sha256.hex()[:16]}  {_state(model):<21}  {', '.join(can) or '-':<26}  "
        f"{model.name} {model.version}"
    )


def _state(model: Model) -> str:
    if model.is_retired:
        return "retired"
    if model.assessment is not None:
        return f"assessed {model.assessment.on}"
    return "NOT ASSESSED" if model.needs_assessment else "needs no assessment"
