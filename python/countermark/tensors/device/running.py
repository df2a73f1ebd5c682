"""How a plan is run: operation by operation, or on a graphics card as one recording of them all.

Launching some 250 operations one by one takes longer than they do. A recording (a CUDA graph) takes
its inputs from where they were when it was made, and uses the same memory every time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from countermark.errors import InvalidArgument
from countermark.tensors.device.host import torch
from countermark.tensors.device.pixels import add, luma_of
from countermark.tensors.device.plan import Plan


class Runner(Protocol):
    """Marks a batch with words that lie in main memory."""

    def mark(
        self, batch: torch.Tensor, words: torch.Tensor, value_range: str, out: torch.Tensor
    ) -> None: ...


class Direct:
    """Operation by operation."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def mark(
        self, batch: torch.Tensor, words: torch.Tensor, value_range: str, out: torch.Tensor
    ) -> None:
        residual = self._plan.residual(luma_of(batch, value_range), words.to(batch.device))
        add(batch, residual, value_range, out)


class Card:
    """A graphics card on which recordings share their memory, and so take turns."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.pool = torch.cuda.graph_pool_handle()
        self._lock = threading.Lock()
        self._played = torch.cuda.Event()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Lets nobody else launch, and the card finish first what was launched on other streams."""
        with self._lock, torch.cuda.device(self.device):
            stream = torch.cuda.current_stream()
            stream.wait_event(self._played)
            try:
                yield
            finally:
                self._played.record(stream)


class Recorded:
    """A recording for each length of a batch."""

    def __init__(self, plan: Plan, card: Card) -> None:
        self._plan = plan
        self._card = card
        self._recordings: dict[int, _Recording] = {}

    def mark(
        self, batch: torch.Tensor, words: torch.Tensor, value_range: str, out: torch.Tensor
    ) -> None:
        if torch.cuda.is_current_stream_capturing():
            raise InvalidArgument(
                "A CUDA graph is being recorded, which would keep these payloads.",
                remedy="Mark the pictures outside of it.",
            )
        with self._card.turn():
            recording = self._recordings.get(len(batch))
            if recording is None:
                recording = _Recording(self._plan, len(batch), words, self._card)
                self._recordings[len(batch)] = recording
            luma_of(batch, value_range, out=recording.luma)
            # From pageable memory the copy would wait for the card.
            recording.words.copy_(words.pin_memory(), non_blocking=True)
            recording.graph.replay()
            add(batch, recording.residual, value_range, out)


class _Recording:
    def __init__(self, plan: Plan, count: int, words: torch.Tensor, card: Card) -> None:
        size = (count, *plan.picture)
        self.luma = torch.zeros(size, dtype=torch.float32, device=card.device)
        self.words = words.to(card.device)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            plan.residual(self.luma, self.words)  # the libraries make what they keep
        stream.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        alone = "thread_local"  # other threads may do what they like meanwhile
        with torch.cuda.graph(self.graph, pool=card.pool, stream=stream, capture_error_mode=alone):
            self.residual = plan.residual(self.luma, self.words)
