"""Processes without the second of imports that each start of the command line costs.

`warm_start.py FOLDER` puts two executables into the folder, says so, and serves them: `countermark`
and `python`, the latter for programs in an argument (-c), for modules (-m) and on standard input
alone. It has imported the command line and the service once, and forks for each run of an
executable, whose arguments, environment, folder and streams the fork takes over. So each run is a
process of its own, which ends as any other does: it gets the signals by which an executable is told
to end, ends when that is killed, and the executable ends as it did. Only what Python itself reads
when it starts, such as PYTHONPATH, is that of this program. On other systems than Linux, where
libraries may not outlive a fork, they start Python anew.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import NamedTuple

# Imports nothing but what is built in, and so starts in some ten milliseconds.
CLIENT = """#!{python} -IS
import _signal, _socket, marshal, os, sys
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
request = marshal.dumps((sys.argv, dict(os.environ), os.getcwd()))
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
told = _signal.SIGINT, _signal.SIGTERM
_signal.pthread_sigmask(_signal.SIG_BLOCK, told)
server.sendmsg([len(request).to_bytes(8, "big")], rights)
server.sendall(request)
process = int.from_bytes(server.recv(8), "big")
for number in told:
    _signal.signal(number, lambda number, frame: os.kill(process, number))
_signal.pthread_sigmask(_signal.SIG_UNBLOCK, told)
code = int.from_bytes(server.recv(8), "big", signed=True)
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL) if -code in told else None
    os.kill(os.getpid(), -code)
os._exit(code)
"""


# What they are on other systems.
EXECUTABLES = {
    "countermark": '#!/bin/sh\nexec "{python}" -m countermark "$@"\n',
    "python": '#!/bin/sh\nexec "{python}" "$@"\n',
}


def publish(folder: Path) -> socket.socket:
    """Where the executables bring their runs to."""
    address = os.fspath(folder / "socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    for name in EXECUTABLES:
        write(folder / name, CLIENT.format(python=sys.executable, address=address))
    return listener


def write(path: Path, program: str) -> None:
    path.write_text(program)
    path.chmod(0o755)


def serve(listener: socket.socket) -> socket.socket:
    """Returns in the process that is to run something, with the connection that asks for it."""
    waiting = select.poll()
    waiting.register(sys.stdin, select.POLLIN)
    waiting.register(listener, select.POLLIN)
    runs: dict[int, Run] = {}
    while True:
        for ready, _ in waiting.poll():
            if ready == sys.stdin.fileno():
                sys.exit()  # whoever started this is gone
            if ready != listener.fileno():
                if (run := runs.get(ready)) is not None:  # else it ended a moment ago
                    for descriptor in (run.descriptor, run.connection.fileno()):
                        waiting.unregister(descriptor)
                        del runs[descriptor]
                    _end(run)
                continue
            connection, _ = listener.accept()
            if (process := os.fork()) == 0:
                listener.close()
                return connection
            with contextlib.suppress(BrokenPipeError):  # whoever asked was killed
                connection.sendall(process.to_bytes(8, "big"))
            run = Run(process, os.pidfd_open(process), connection)
            runs[run.descriptor] = runs[connection.fileno()] = run
            waiting.register(run.descriptor, select.POLLIN)
            waiting.register(connection, 0)  # which tells when it is closed


class Run(NamedTuple):
    """`descriptor`: of the process. `connection`: to the executable that waits for it."""

    process: int
    descriptor: int
    connection: socket.socket


def _end(run: Run) -> None:
    """Of the two, the one that is left."""
    ended, status = os.waitpid(run.process, os.WNOHANG)
    if ended:
        code = os.waitstatus_to_exitcode(status)
        with contextlib.suppress(BrokenPipeError):  # whoever waited was killed, too
            run.connection.sendall(code.to_bytes(8, "big", signed=True))
    else:
        os.kill(run.process, signal.SIGKILL)
        os.waitpid(run.process, 0)
    os.close(run.descriptor)
    run.connection.close()


def _become(connection: socket.socket) -> None:
    size, streams, _, _ = socket.recv_fds(connection, 8, 3)
    with connection, connection.makefile("rb") as request:
        arguments, environment, folder = marshal.loads(request.read(int.from_bytes(size, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False, errors="backslashreplace")
    sys.argv = arguments
    sys.executable = os.fspath(Path(arguments[0]).with_name("python"))  # for those it starts
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)


def run() -> None:
    from countermark.cli import main

    if Path(sys.argv[0]).name == "countermark":
        main()
        return
    del sys.argv[0]
    match sys.argv[0]:
        case "-m":
            del sys.argv[0]
            sys.modules.pop(sys.argv[0], None)  # it is another one as the program
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
            return
        case "-c":
            text = sys.argv.pop(1)
        case _:
            text = sys.stdin.read()
    exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})


def run_and_leave() -> None:
    """Ends as Python does, but does not take apart what it shares with this program."""
    try:
        run()
        code = 0
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        code = end.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def warm_up() -> None:
    """What a start would do before it comes to its own work."""
    from typer.testing import CliRunner

    import countermark.service.server
    import countermark.service.worker  # noqa: F401
    from countermark.cli import app

    CliRunner().invoke(app, ["--help"])  # which makes every command
    CliRunner().invoke(app, ["verify", f"{os.devnull}/none"])  # Typer imports more to read values


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if sys.platform == "linux":
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # processes with threads do not fork well
        warm_up()
        listener = publish(folder)
        gc.freeze()  # what is there is shared with those that fork
        print("ready", flush=True)
        _become(serve(listener))
        run_and_leave()
    else:
        for name, program in EXECUTABLES.items():
            write(folder / name, program.format(python=sys.executable))
        print("ready", flush=True)
        signal.pause()
