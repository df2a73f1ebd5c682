"""A worker: a process of its own that reads strangers' files, with little to lose.

It takes one message after the other from standard input and answers on standard output. Memory
and time of the processor are capped by the system. One for marking holds the signing key, one
for reading does not.

    python -m countermark.service.worker '{"role": "reader", ...}'
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

from countermark.errors import CountermarkError
from countermark.service import frames
from countermark.service.jobs import Jobs

READER: Final = "reader"
MARKER: Final = "marker"


def main() -> None:
    """Answer until standard input ends."""
    settings: dict[str, Any] = json.loads(sys.argv[1])
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints shall not end up in answers
    try:
        jobs = Jobs.opened(settings, with_signer=settings["role"] == MARKER)
    except CountermarkError as error:
        _send(output, _refusal(error))
        return
    _cap_memory(settings["job_memory_bytes"])
    _send(output, {"ready": True})
    while (message := frames.read(sys.stdin.buffer)) is not None:
        values, body = message
        _cap_processor_time(settings["clip_seconds" if "path" in values else "job_seconds"])
        try:
            answer, content = jobs.do(values, body)
        except CountermarkError as error:
            answer, content = _refusal(error), b""
        except MemoryError:
            sys.exit(1)  # what is left of the process is not worth trusting
        _send(output, answer, content)


def _send(output: BinaryIO, values: dict[str, Any], body: bytes = b"") -> None:
    output.write(frames.pack(values, body))
    output.flush()


def _refusal(error: CountermarkError) -> dict[str, Any]:
    return {"error": str(error), "kind": type(error).__name__}


def _cap_memory(bytes_beyond: int) -> None:
    """No more address space than is in use now and so much beyond (POSIX)."""
    if os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = _address_space() + bytes_beyond
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _cap_processor_time(seconds: float) -> None:
    """No more time of the processor than was used until now and so much beyond (POSIX)."""
    if os.name == "posix":
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _address_space() -> int:
    """In bytes; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
