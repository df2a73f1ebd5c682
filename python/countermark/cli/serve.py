"""`countermark serve`: resolve soft bindings, mark and verify over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from countermark.service import Settings
from countermark.service import serve as run


def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8787,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Tokens for writing and marking; see docs/service.md."),
    ] = None,
    reader: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Let the page read credentials in the browser first."),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Resolve for bearers of tokens alone.")
    ] = False,
    complaints: Annotated[
        bool, typer.Option("--complaints", help="Let anybody file complaints, on the page too.")
    ] = False,
    filing_number: Annotated[
        str | None, typer.Option(help="Of the service's filing, shown with every answer.")
    ] = None,
    filing_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where that filing is announced.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(metavar="URL", help="How the world calls the service.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Believe its X-Forwarded-For; may be repeated."),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that decode files; by default one a core.")
    ] = os.cpu_count() or 1,
    queue: Annotated[int, typer.Option(help="Requests that wait for a worker.")] = 64,
    rate: Annotated[
        float, typer.Option(help="Requests a second of one client; files count ten. 0: any.")
    ] = 50,
) -> None:
    """Resolve soft bindings (C2PA), and mark and verify files, for other programs.

    The manifests are those of the registry of the home folder. Without a token file nothing can
    be marked or stored from outside. Listens on this machine alone unless --host says otherwise;
    TLS is for a proxy in front. Ends by SIGTERM or Ctrl-C, after what is in flight.

    For example:

        countermark serve
        countermark serve --port 9000 --token-file tokens.txt
        python -m countermark.service.reader reader && countermark serve --reader reader
        countermark serve --host 0.0.0.0 --public-url https://credentials.example
    """
    settings = Settings(
        host=host,
        port=port,
        token_file=token_file,
        reader=reader,
        private=private,
        complaints=complaints,
        filing_number=filing_number,
        filing_url=filing_url,
        public_url=public_url,
        trusted_proxies=tuple(trusted_proxy or ()),
        workers=workers,
        queue=queue,
        requests_per_second=rate,
    )
    run(settings, announce=lambda address: typer.echo(f"countermark serves {address}"))
