"""`countermark log`: what happened in the registry, and proof that nothing of it was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from countermark import files, keys, publishing
from countermark.cli.home import passphrase, payload_number
from countermark.errors import InvalidArgument, InvalidProof
from countermark.publishing import note_key, sign_checkpoint
from countermark.registry import Registry
from countermark.registry.log import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    NoteKey,
    NoteVerifier,
    check_exported,
)

app = typer.Typer(
    help="Show the log of the registry, prove what is in it, and publish it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Since = Annotated[
    Path | None,
    typer.Option(metavar="CHECKPOINT", help="An older checkpoint, which the log must continue."),
]
LogKey = Annotated[str, typer.Option("--key", metavar="LINE", help="The log's public key.")]


@app.command()
def show(
    start: Annotated[int, typer.Option("--from", min=0, help="The first leaf to show.")] = 0,
) -> None:
    """Show the leaves, one JSON object a line, as they are hashed: nothing else is in the log.

    For example:

        countermark log show
        countermark log show --from 1000 | jq -r 'select(.kind == "deleted").reason'
    """
    with Registry.open(keys.open_home().registry_path) as registry:
        for leaf in registry.log.leaves(start):
            typer.echo(leaf.decode())


@app.command("key")
def show_key() -> None:
    """Show the line by which others check the log: its name and public key. It is made if need be.

    For example:

        countermark log key
    """
    typer.echo(note_key(keys.open_home(), passphrase()).verifier.encoded)


@app.command()
def checkpoint() -> None:
    """Sign how many leaves there are now, and the root over them.

    Give checkpoints away, to witnesses or to whoever relies on the log: it proves what others
    remember. The home folder remembers the latest one too, so that a registry which was rolled
    back is noticed.

    For example:

        countermark log checkpoint > checkpoint
    """
    with own_log() as (home, registry, key):
        signed = sign_checkpoint(home, registry, key)
    typer.echo(signed, nl=False)


@app.command()
def prove(
    payload: Annotated[
        str | None,
        typer.Argument(help="Of a marked picture, 16 hexadecimal digits."),
    ] = None,
    since: Since = None,
) -> None:
    """Prove that the log tells of a marked picture, or that it continues an older checkpoint.

    The first is proven by the picture's leaf and the way from it to the root of a checkpoint, the
    second by the way from the older root to the new one: nothing that was there then is missing.

    For example:

        countermark log prove 0123456789abcdef > proof.json
        countermark log prove --since checkpoint-of-last-week > continues.json
    """
    if (payload is None) == (since is None):
        raise InvalidArgument(
            "What is to be proven is not clear.",
            remedy="Give either a payload or --since with an older checkpoint.",
        )
    with own_log() as (home, registry, key):
        signed = sign_checkpoint(home, registry, key)
        now = Checkpoint.open(signed, key.verifier)
        proof: InclusionProof | ConsistencyProof
        if since is not None:
            old = Checkpoint.open(_text(files.load(since)), key.verifier)
            registry.log.check_past(old)
            proof = registry.log.prove_consistency(old.size, now.size)
        else:
            proof = registry.log.prove(_position(registry, payload or ""), now)
    name = "consistency" if isinstance(proof, ConsistencyProof) else "proof"
    typer.echo(json.dumps({"checkpoint": signed, name: json.loads(proof.to_json())}))


@app.command("verify")
def verify_proof(
    path: Annotated[Path, typer.Argument(metavar="PROOF", help="What prove gave out.")],
    key: LogKey,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="LINE", help="Whose cosignature to ask for; may be repeated."),
    ] = None,
    since: Since = None,
) -> None:
    """Check a proof by others, without their registry, and show what is proven.

    With --since, that their log continues the checkpoint that you kept; otherwise the leaf.

    For example:

        countermark log verify proof.json --key "countermark/1c8f...+5a0d...+AQ..."
        countermark log verify continues.json --since checkpoint-of-last-week --key "$KEY"
    """
    verifier = NoteVerifier.parse(key)
    signed, inclusion, consistency = _given_proof(path)
    found = Checkpoint.open(signed, verifier, witnesses=_verifiers(witness))
    if since is not None and consistency is not None:
        old = Checkpoint.open(_text(files.load(since)), verifier)
        consistency.check(old, found)
        typer.echo(f"The log of {found.size} leaves continues that of {old.size}.")
    elif since is None and inclusion is not None:
        inclusion.check(found)
        typer.echo(inclusion.leaf.decode())
    else:
        raise InvalidProof(
            "The file proves something else than was asked.",
            remedy="Give --since with the older checkpoint for a proof that the log continues it, "
            "and only then.",
        )


@app.command()
def check(
    remembered: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CHECKPOINT]...", help="Others that were seen elsewhere."),
    ] = None,
) -> None:
    """Compute the whole log anew and hold it to its checkpoints: an alarm if it was changed.

    Held to are those in the registry, the latest one that the home folder remembers, and those
    given. Exit code 3 when the log was rolled back, forked or changed.

    For example:

        countermark log check
        countermark log check checkpoint-of-last-week
    """
    with own_log() as (home, registry, key):
        known = [files.load(path) for path in remembered or ()]
        others = [Checkpoint.open(_text(content), key.verifier) for content in known]
        if (own := publishing.remembered(home, key)) is not None:
            others.append(own)
        found = registry.log.check(key.verifier, others)
        count = len(registry.log.checkpoints())
    typer.echo(f"{found.size} leaves, {count + len(others)} checkpoints: all agree.")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="For the files; what is there is added to.")],
) -> None:
    """Write the log as static files that foreign tools read (C2SP tlog-tiles), and a checkpoint.

    For example:

        countermark log export public/log/
    """
    with own_log() as (home, registry, key):
        found = registry.log.export(folder, sign_checkpoint(home, registry, key))
    typer.echo(f"{found.size} leaves are in {folder}; its key: {key.verifier.encoded}")


@app.command()
def audit(
    folder: Annotated[Path, typer.Argument(help="What export wrote, or a copy of it.")],
    key: LogKey,
    witness: Annotated[
        list[str] | None,
        typer.Option(metavar="LINE", help="Whose cosignature to ask for; may be repeated."),
    ] = None,
) -> None:
    """Check exported files, without the registry: every leaf and tile against the checkpoint.

    Exit code 3 when a file is damaged, missing or not what was signed.

    For example:

        countermark log audit public-log --key "countermark/1c8f...+5a0d...+AQ..."
    """
    found = check_exported(folder, NoteVerifier.parse(key), witnesses=_verifiers(witness))
    typer.echo(f"{found.size} leaves, as the checkpoint says.")


@app.command()
def cosign(
    path: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="As witnesses signed it.")],
    witness: Annotated[
        list[str], typer.Option(metavar="LINE", help="A witness's public key; may be repeated.")
    ],
) -> None:
    """Keep the cosignatures of witnesses on a checkpoint, after checking both.

    For example:

        countermark log cosign checkpoint --witness "witness.example+a1b2c3d4+BA..."
    """
    with own_log() as (_, registry, key):
        signed = _text(files.load(path))
        kept = registry.log.add_cosignatures(signed, key.verifier, _verifiers(witness))
    typer.echo(f"Cosignatures kept: {kept}")


@contextmanager
def own_log() -> Iterator[tuple[keys.Home, Registry, NoteKey]]:
    """The home, its registry and the key of its log."""
    home = keys.open_home()
    key = note_key(home, passphrase())
    with Registry.open(home.registry_path) as registry:
        yield home, registry, key


def _position(registry: Registry, payload: str) -> int:
    position = registry.find_leaf(payload_number(payload))
    if position is None:
        raise InvalidArgument(
            f"The log tells of no picture with the payload {payload}.",
            remedy="Check it; countermark verify shows the payload of a picture.",
        )
    return position


def _given_proof(path: Path) -> tuple[str, InclusionProof | None, ConsistencyProof | None]:
    """The checkpoint in a file that prove gave out, and the proof of either kind beside it."""
    try:
        members = json.loads(files.load(path))
        signed = str(members["checkpoint"])
        if "consistency" in members:
            return signed, None, ConsistencyProof.from_json(json.dumps(members["consistency"]))
        return signed, InclusionProof.from_json(json.dumps(members["proof"])), None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise InvalidProof("This is no proof of a log.", remedy="Ask for a new one.") from error


def _verifiers(lines: list[str] | None) -> list[NoteVerifier]:
    return [NoteVerifier.parse(line) for line in lines or ()]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")
