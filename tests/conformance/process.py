"""The implementation as a process that takes requests on stdin and answers on stdout."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Sequence


class Stopped(Exception):
    """The implementation ended, or did not answer; why, as the end of a sentence."""


class Process:
    """One that runs: takes requests at any time, gives answers in their order."""

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        self._timeout = timeout
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line.decode("utf-8", "replace").strip())
        self._answers.put(None)

    def told(self, request: str) -> str:
        """The answer to one request, after which others follow."""
        self._write([request])
        return self.answer()

    def ask(self, requests: Sequence[str]) -> None:
        """Writes the last requests, while their answers come in."""
        threading.Thread(target=self._write, args=(requests, True), daemon=True).start()

    def _write(self, lines: Sequence[str], last: bool = False) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
            self._process.stdin.flush()
            if last:
                self._process.stdin.close()
        except (OSError, ValueError):
            pass  # it ended, as is seen where its answers are read

    def answer(self) -> str:
        """The next one."""
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            raise Stopped(f"it did not answer within {self._timeout:g} seconds") from None
        if line is None:
            raise Stopped(f"it ended with exit code {self._process.wait()} before it answered")
        return line

    def end(self) -> str | None:
        """Waits for it to end, which it does as its input has; what was wrong with that."""
        try:
            line = self._answers.get(timeout=self._timeout)
        except queue.Empty:
            return "does not end when its input does"
        if line is not None:
            return f"says more than it was asked for: {line!r:.80}"
        code = self._process.wait()
        return f"ends with exit code {code}" if code else None

    def kill(self) -> None:
        """Whatever it is doing."""
        self._process.kill()
        self._process.wait()
