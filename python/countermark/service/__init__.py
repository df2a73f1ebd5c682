"""The service: C2PA Soft Binding Resolution API, marking and verifying over HTTP.

>>> Settings(port=0).host
'127.0.0.1'

`serve` runs it until it is told to end. Everything that decodes what strangers send happens in
worker processes with capped memory and time; the process that listens reads and writes bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from countermark.errors import MissingExtra
from countermark.service.settings import Settings

__all__ = ["Settings", "serve"]


def serve(settings: Settings, *, announce: Callable[[str], None] = print) -> None:
    """Serve the home folder until SIGTERM or SIGINT, and finish what is in flight then.

    `announce`: is given the address as soon as the service listens.

    Raises `HomeMissing` without a home folder, `InvalidArgument` and `SourceNotFound` for the
    token file, `ReaderUnavailable`, `ServiceFailed` when the address is taken or no worker starts,
    as `Home.signer` when there are tokens for marking and the key does not open, and
    `MissingExtra` without the extra `service`.
    """
    try:
        from countermark.service import server
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == "countermark":
            raise
        raise MissingExtra(
            f"The package {error.name!r} is not installed.",
            remedy="Install countermark[service].",
        ) from error
    server.run(settings, announce)
