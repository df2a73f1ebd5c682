"""`countermark init`: make the home folder with keys for development."""

from __future__ import annotations

from typing import Annotated

import typer

from countermark import keys
from countermark.cli.home import passphrase


def init(
    organisation: Annotated[
        str, typer.Option(help="Named in the certificates.")
    ] = "countermark development",
    name: Annotated[
        str, typer.Option(help="Name of the claim signer, shown to whoever verifies.")
    ] = "countermark claim signer",
    algorithm: Annotated[
        str, typer.Option(help=f"Of the signing key: {', '.join(keys.ALGORITHMS)}.")
    ] = "es256",
) -> None:
    """Make a home folder: a claim-signing key, its certificates and a trust list with their root.

    The folder is COUNTERMARK_HOME, by default the platform's folder for your data. The private
    keys are encrypted when COUNTERMARK_PASSPHRASE is set. Nothing is ever overwritten. The
    certificates are for development: others trust them only if they add the root, trust.pem, to
    their own list. The development authority that issued them stays in the folder, so that
    countermark keys can rotate and revoke.

    For example:

        countermark init
        countermark init --organisation "Example Studio" --name "Photo desk"
        COUNTERMARK_PASSPHRASE=... countermark init
    """
    secret = passphrase()
    home = keys.create_home(
        organisation=organisation, name=name, algorithm=algorithm, passphrase=secret
    )
    typer.echo(f"Keys, certificates and trust list are in {home.folder}")
    if secret is None:
        typer.echo("The private keys are not encrypted; COUNTERMARK_PASSPHRASE would do that.")
    typer.echo("Next: countermark mark picture.jpg --out marked.jpg")
