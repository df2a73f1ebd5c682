"""`countermark keys timestamps`: who proves times, and the files that wait for that."""

from __future__ import annotations

import functools
import json
from typing import Annotated

import typer

from countermark import keys, stamping
from countermark.auditing import audited
from countermark.cli import output
from countermark.cli.home import secrets
from countermark.credentials import Signer
from countermark.errors import (
    CertificateExpired,
    InvalidArgument,
    ManifestChanged,
    SourceNotFound,
    UnsupportedImage,
)
from countermark.registry import Registry
from countermark.stamping import Flushed

_LOST = (CertificateExpired, ManifestChanged, SourceNotFound, UnsupportedImage)
"""Reasons that no later attempt will mend, unless the file comes back as it was."""


def timestamps(
    server: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A server to ask, in this order; may be repeated."),
    ] = None,
    no_server: Annotated[bool, typer.Option("--no-server", help="Ask no server any more.")] = False,
    flush: Annotated[
        bool, typer.Option("--flush", help="Add the missing time stamps now.")
    ] = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="With --flush: forget files that cannot be stamped.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON objects, one a line.")] = False,
) -> None:
    """Name the servers (RFC 3161) that prove when you signed, and add what they could not prove.

    Without options, show the servers and the files that wait. While servers are named, countermark
    mark and sign ask them; when none answers, the file is signed all the same and waits here. The
    servers' certificates must lead to the C2PA TSA trust list or to an authority of your own
    (countermark trust add FILE --kind timestamp). A file that is gone, changed, or signed anew
    waits on, with the reason, until --drop; so does one whose certificate has run out. Exit code 3
    when files wait on after --flush.

    For example:

        countermark keys timestamps --server http://time.example/tsa
        countermark keys timestamps
        countermark keys timestamps --flush
    """
    home = keys.open_home()
    if (server and no_server) or (drop and not flush):
        raise InvalidArgument(
            "These options do not belong together.",
            remedy="Give either --server or --no-server, and --drop only with --flush.",
        )
    if server or no_server:
        keys.set_timestamp_servers(home, server or ())
    if flush:
        raise typer.Exit(_flush(home, drop=drop, as_json=as_json))
    _show(home, as_json=as_json)


def _show(home: keys.Home, *, as_json: bool) -> None:
    servers, waiting = keys.timestamp_servers(home), keys.list_queue(home)
    if as_json:
        typer.echo(json.dumps({"servers": servers}))
        for file in waiting:
            typer.echo(json.dumps(_members(file)))
        return
    typer.echo("Timestamp servers:" if servers else "No timestamp server is named: none is asked.")
    for url in servers:
        typer.echo(f"  {url}")
    typer.echo(f"Files that wait for a time stamp: {len(waiting)}")
    for file in waiting:
        typer.echo(f"  since {file.since:%Y-%m-%d %H:%M} UTC  {file.path}")


def _flush(home: keys.Home, *, drop: bool, as_json: bool) -> int:
    time_stamper = stamping.time_stamper(home)
    if time_stamper is None:
        raise InvalidArgument(
            "No timestamp server is named.", remedy="Name one with keys timestamps --server URL."
        )
    next_signer = functools.cache(lambda: keys.open_signer(home, secrets()))  # opened if needed
    code = output.GOOD
    with Registry.open(home.registry_path) as registry:

        def signer() -> Signer:
            return audited(next_signer()(), registry)

        flushing = stamping.flush(home, time_stamper=time_stamper, signer=signer, registry=registry)
        for done in flushing:
            status = _status(done, drop=drop)
            if status == "dropped":
                keys.unqueue_file(home, done.file.path)
            elif status == "waiting":
                code = output.FAILURE
            _say(done, status, as_json=as_json)
    return code


def _say(done: Flushed, status: str, *, as_json: bool) -> None:
    if as_json:
        error = {} if done.error is None else {"error": str(done.error)}
        typer.echo(json.dumps({**_members(done.file), "status": status, **error}))
    elif done.error is None:
        typer.echo(f"{done.file.path}: {status}")
    else:
        output.complain(f"{done.file.path}: {status} ({done.error})")


def _status(done: Flushed, *, drop: bool) -> str:
    if done.error is None:
        return "stamped"
    return "dropped" if drop and isinstance(done.error, _LOST) else "waiting"


def _members(file: keys.QueuedFile) -> dict[str, str]:
    since = file.since.isoformat()
    return {"file": str(file.path), "manifest": file.manifest, "since": since}
