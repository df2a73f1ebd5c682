"""Workers: a bounded number of processes, a bounded queue before them, none that is stuck.

A worker that takes too long, dies or answers nonsense is killed and replaced; only the request
that it worked on fails. Each is replaced after so many jobs, too, which keeps the memory flat.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from countermark import errors
from countermark.errors import CountermarkError, JobKilled, ServiceBusy, ServiceFailed
from countermark.service import frames
from countermark.service.metrics import Metrics

_JOBS_EACH: Final = 2000
_CLOCK_FACTOR: Final = 3
"""By the clock a job may take so many times its time of the processor, which it must share."""
_START_SECONDS: Final = 60
_RETRY_SECONDS: Final = 1


class Pool:
    """So many workers of one role; `run` waits for one that is free and gives it a job."""

    def __init__(self, role: str, size: int, settings: Mapping[str, Any], metrics: Metrics) -> None:
        self._role = role
        self._size = size
        self._settings = json.dumps({"role": role, **settings})
        self._queue: int = settings["queue"]
        self._seconds: float = settings["job_seconds"]
        self._clip_seconds: float = settings["clip_seconds"]
        self._clip_workers = max(1, size // 2)
        self._clip_turns = asyncio.Semaphore(self._clip_workers)
        self._clips = 0
        self._metrics = metrics
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._replacing: set[asyncio.Task[None]] = set()
        self._taken = 0
        self._closed = False

    async def start(self) -> None:
        """Start the workers; raises what keeps them from it."""
        try:
            for worker in await asyncio.gather(*(self._started() for _ in range(self._size))):
                self._idle.put_nowait(worker)
        except BaseException:
            await self.close()
            raise

    @property
    def ready(self) -> bool:
        """Whether there is a worker."""
        return bool(self._alive) and not self._closed

    def check_room(self, *, is_clip: bool = False) -> None:
        """Raises `ServiceBusy` when all workers have work and the queue is full.

        `is_clip`: for a sound or movie, which takes long. Of these there are at most so many that
        half of the workers and half of the queue are left for all else.
        """
        is_full = is_clip and self._clips >= self._clip_workers + self._queue // 2
        if is_full or self._taken >= self._size + self._queue:
            self._metrics.jobs.labels(self._role, "refused").inc()
            raise ServiceBusy("All workers are taken, and the queue is full.", remedy=_LATER)

    async def run(
        self,
        values: dict[str, Any],
        body: bytes = b"",
        *,
        is_gone: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """The answer of a worker. A job with a `path` is for a sound or movie.

        `is_gone`: whether whoever asked no longer waits; the job is not done then.

        Raises `ServiceBusy` as `check_room`, `JobKilled` when the job took too much time or
        memory, and what the worker raised.
        """
        is_clip = "path" in values
        self.check_room(is_clip=is_clip)
        with self._counted(is_clip):
            async with self._clip_turns if is_clip else contextlib.nullcontext():
                while (worker := await self._idle.get()).has_ended:
                    self._replace(worker, "died")
                if is_gone is not None and await is_gone():
                    self._idle.put_nowait(worker)
                    self._metrics.jobs.labels(self._role, "abandoned").inc()
                    raise ServiceBusy("Whoever asked has gone.", remedy=_LATER)
                return await self._run_on(worker, values, body)

    @contextlib.contextmanager
    def _counted(self, is_clip: bool) -> Iterator[None]:
        self._taken += 1
        self._clips += is_clip
        self._metrics.jobs_in_service.labels(self._role).set(self._taken)
        try:
            yield
        finally:
            self._taken -= 1
            self._clips -= is_clip
            self._metrics.jobs_in_service.labels(self._role).set(self._taken)

    async def _run_on(
        self, worker: _Worker, values: dict[str, Any], body: bytes
    ) -> tuple[dict[str, Any], bytes]:
        started = time.monotonic()
        seconds = self._clip_seconds if "path" in values else self._seconds
        asking = worker.ask(values, body)
        try:
            answer, content = await asyncio.wait_for(asking, seconds * _CLOCK_FACTOR)
        except BaseException as error:  # a cancelled request leaves a worker in the middle, too
            self._replace(worker, "killed")
            if isinstance(error, _LOST):
                self._metrics.jobs.labels(self._role, "killed").inc()
                raise JobKilled(
                    "The file could not be examined within the time and memory of this service.",
                    remedy="Reduce it, or examine it on a machine of your own.",
                ) from error
            raise
        worker.jobs += 1
        if worker.jobs >= _JOBS_EACH:
            self._replace(worker, "served")
        else:
            self._idle.put_nowait(worker)
        self._metrics.job_seconds.labels(values["job"]).observe(time.monotonic() - started)
        outcome = "failed" if "error" in answer else "done"
        self._metrics.jobs.labels(self._role, outcome).inc()
        if "error" in answer:
            raise _error(answer)
        return answer, content

    async def close(self) -> None:
        """End the workers; jobs in flight are lost, so wait for them before."""
        self._closed = True
        for task in tuple(self._replacing):
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in tuple(self._alive)))
        self._alive.clear()

    async def _started(self) -> _Worker:
        worker = await _Worker.start(self._settings, self._role)
        self._alive.add(worker)
        return worker

    def _replace(self, worker: _Worker, reason: str) -> None:
        self._alive.discard(worker)
        self._metrics.workers_replaced.labels(self._role, reason).inc()
        task = asyncio.ensure_future(self._succeed(worker))
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _succeed(self, worker: _Worker) -> None:
        """Start another one in the place of this worker, however often that takes."""
        await worker.kill()
        while not self._closed:
            try:
                self._idle.put_nowait(await self._started())
                return
            except (CountermarkError, OSError):
                await asyncio.sleep(_RETRY_SECONDS)


class _Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.jobs = 0

    @classmethod
    async def start(cls, settings: str, role: str) -> _Worker:
        """A worker that is ready; raises what keeps it from that."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "countermark.service.worker",
            settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_environment(role),
            start_new_session=True,  # Ctrl-C is for the service, which lets workers finish
        )
        worker = cls(process)
        try:
            answer, _ = await asyncio.wait_for(worker._answer(), _START_SECONDS)
        except BaseException as error:
            await worker.kill()
            if isinstance(error, _LOST):
                raise ServiceFailed(
                    "A worker of the service does not start.",
                    remedy="Look at the lines before this one.",
                ) from error
            raise
        if "error" in answer:
            await worker.kill()
            raise _error(answer)
        return worker

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, as when the system ran out of memory."""
        return self._process.returncode is not None

    async def ask(self, values: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Its answer; raises one of `_LOST` when it has died."""
        stream = self._process.stdin
        assert stream is not None
        stream.write(frames.pack(values, body))
        await stream.drain()
        return await self._answer()

    async def _answer(self) -> tuple[dict[str, Any], bytes]:
        stream = self._process.stdout
        assert stream is not None
        first, second = frames.HEAD.unpack(await stream.readexactly(frames.HEAD.size))
        values = json.loads(await stream.readexactly(first))
        return values, await stream.readexactly(second)

    async def kill(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


_LOST: Final = (asyncio.TimeoutError, EOFError, OSError, RuntimeError, ValueError)
"""What comes of a worker that is stuck or dead; uvloop says RuntimeError for a closed pipe."""

_LATER: Final = "Try again in a few seconds."


def _environment(role: str) -> dict[str, str]:
    """That of the service; the passphrase of the key is for workers that sign alone."""
    kept = dict(os.environ)
    if role != "marker":
        kept.pop("COUNTERMARK_PASSPHRASE", None)
    # A worker is one of several already, and each thread of a library takes address space: those
    # that decode and encode movies 64 MiB more, where glibc gives each an arena of its own.
    few = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    return {**few, **kept}


def _error(answer: dict[str, Any]) -> CountermarkError:
    """What a worker raised, as an error of the same class and text."""
    kind = getattr(errors, answer["kind"], CountermarkError)
    error: CountermarkError = kind.__new__(kind)
    Exception.__init__(error, answer["error"])
    error.problem, error.remedy = answer["error"], ""
    return error
