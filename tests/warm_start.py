"""Processes without the half second of imports that each start of the command line costs.

`warm_start.py FOLDER` puts two executables into the folder, says so, and serves them: `countermark`
and `python`, the latter for programs in an argument (-c) or on standard input alone. It has
imported `countermark.cli` once, and forks for each run of an executable, whose arguments,
environment, folder and streams the fork takes over. So each run is a process of its own, which
ends as any other does. Only what Python itself reads when it starts, such as PYTHONPATH, is that
of this program. On other systems than Linux, where libraries may not outlive a fork, they start
Python anew.
"""

from __future__ import annotations

import contextlib
import gc
import marshal
import os
import select
import signal
import socket
import sys
from pathlib import Path

# Imports nothing but what is built in, and so starts in some ten milliseconds.
CLIENT = """#!{python} -IS
import _socket, marshal, os, sys
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
request = marshal.dumps((sys.argv, dict(os.environ), os.getcwd()))
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
server.sendmsg([len(request).to_bytes(8, "big")], rights)
server.sendall(request)
code = int.from_bytes(server.recv(8), "big", signed=True)
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


# What they are on other systems.
EXECUTABLES = {
    "countermark": '#!/bin/sh\nexec "{python}" -m countermark.cli "$@"\n',
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


def serve(listener: socket.socket) -> None:
    """Returns in the process that is to run something; its parent tells how that ended."""
    while True:
        if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
            sys.exit()  # whoever started this is gone
        connection, _ = listener.accept()
        if os.fork() == 0:
            break
        connection.close()
        while _reaped():
            pass
    listener.close()
    if process := os.fork():
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        with contextlib.suppress(BrokenPipeError):  # whoever waited was killed
            connection.sendall(code.to_bytes(8, "big", signed=True))
        os._exit(0)
    _become(connection)


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


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
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)


def run() -> None:
    from countermark.cli import main

    if Path(sys.argv[0]).name == "countermark":
        main()
        return
    del sys.argv[0]
    text = sys.argv.pop(1) if sys.argv[0] == "-c" else sys.stdin.read()
    exec(compile(text, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if sys.platform == "linux":
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # processes with threads do not fork well
        import countermark.cli  # noqa: F401

        listener = publish(folder)
        gc.freeze()  # what is there is shared with those that fork
        print("ready", flush=True)
        serve(listener)
        run()
    else:
        for name, program in EXECUTABLES.items():
            write(folder / name, program.format(python=sys.executable))
        print("ready", flush=True)
        signal.pause()
