"""What all adapters mark with, and what it costs."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from countermark import keys, marking, watermark
from countermark.costs import Layer, measured
from countermark.credentials import Signer, TimeStamper
from countermark.errors import MarkNotReadable
from countermark.marking.kinds import ending_of, is_known
from countermark.marking.speech import LiveSound
from countermark.record import Record
from countermark.registry import Registry
from countermark.tensors import RangeName
from countermark.watermark import Strength

if TYPE_CHECKING:
    from countermark.labels.profiles import Profile

T = TypeVar("T")
LOGGER: Final = logging.getLogger("countermark.integrations")

_SIDE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Marks what a server gives out, all with one record.

    Example: see the package.

    `record`: what is stated of everything; for answers that state something else, use
    `stating`. `signer`, `registry`, `strength`, `profiles`, `time_stamper`: as for
    `countermark.mark`. `observe`: is told of each answer the host's name and the seconds that it
    took by layer; by default a line in the log `countermark.integrations`, at the level INFO.
    `metrics.observe` tells Prometheus.

    Its methods may be called by several threads.
    """

    record: Record
    signer: Signer = field(repr=False)
    registry: Registry = field(repr=False)
    strength: Strength = Strength.BALANCED
    profiles: Sequence[Profile] = ()
    time_stamper: TimeStamper | None = field(default=None, repr=False)
    observe: Callable[[str, dict[Layer, float]], None] = field(
        default=lambda host, spent: log(host, spent), repr=False
    )

    @classmethod
    def of_home(cls, record: Record, home: keys.Home | None = None) -> Marker:
        """With the keys and the registry of a home folder, by default the user's.

        Raises `HomeMissing` and as `keys.Home.signer`.
        """
        found = keys.open_home() if home is None else home
        return cls(
            record=record, signer=found.signer(), registry=Registry.open(found.registry_path)
        )

    def stating(self, record: Record) -> Marker:
        """The same for another record, such as one with the title of this answer."""
        return replace(self, record=record)

    def pixels(
        self,
        x: T,
        *,
        layout: str | None = None,
        range: RangeName | None = None,
        out: T | None = None,
        host: str = "python",
    ) -> T:
        """As `countermark.mark_pixels`, which raises alike."""
        with self._observed(host):
            return marking.mark_pixels(
                x,
                layout=layout,
                range=range,
                record=self.record,
                signer=self.signer,
                registry=self.registry,
                strength=self.strength,
                time_stamper=self.time_stamper,
                out=out,
            )

    def frames(
        self,
        x: T,
        *,
        layout: str,
        range: RangeName,
        fps: float,
        out: T | None = None,
        host: str = "python",
    ) -> T:
        """As `countermark.mark_frames`, which raises alike."""
        with self._observed(host):
            return marking.mark_frames(
                x,
                layout=layout,
                range=range,
                fps=fps,
                record=self.record,
                signer=self.signer,
                registry=self.registry,
                strength=self.strength,
                time_stamper=self.time_stamper,
                out=out,
            )

    def file(self, content: bytes, *, host: str = "python") -> bytes:
        """A picture, sound or movie with a watermark and a signed manifest.

        Raises as `countermark.mark`.
        """
        with self._observed(host):
            ending = ending_of(content)
            if ending is None:
                out = io.BytesIO()
                self._mark(io.BytesIO(content), out)
                return out.getvalue()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"answer{ending}"
                path.write_bytes(content)
                self._mark(path, path)
                return path.read_bytes()

    def can_mark(self, content: bytes) -> bool:
        """Whether this is a picture, sound or movie, also of a kind that carries no watermark."""
        return is_known(content)

    def sound(
        self, samples: NDArray[Any], rate: int, *, host: str = "python"
    ) -> NDArray[np.float32]:
        """A whole sound with a mark, of shape (frames, channels), remembered.

        `samples`: as for `audio.embed`. In less than some five seconds the mark cannot be read.
        Raises as `marking.speech.LiveSound`.
        """
        live = self.live(rate, host=host)
        given = np.ascontiguousarray(samples, np.float32)
        return np.concatenate([live.push(given), live.finish()])

    def live(self, rate: int, *, host: str = "python") -> LiveSound:
        """A sound that is given out while it is made: see `marking.speech`."""
        return LiveSound(
            rate,
            record=self.record,
            signer=self.signer,
            registry=self.registry,
            strength=self.strength,
            time_stamper=self.time_stamper,
            observe=lambda spent: self.observe(host, spent),
        )

    def check(self) -> None:
        """Marks a picture and reads it, as a server should before it takes requests.

        Key, registry and core are used; the registry keeps the entry of a grey picture. Raises
        whatever would keep the first answer from being marked.
        """
        grey = np.random.default_rng(1).integers(96, 160, (_SIDE, _SIDE, 3), dtype=np.uint8)
        marked = self.pixels(grey, layout="HWC", range="u8", host="check")
        found = watermark.detect(marked)
        if found is None or self.registry.find_payload(found.payload) is None:
            raise MarkNotReadable(
                "A picture was marked and its watermark does not lead to its entry.",
                remedy="Please report this with the output of countermark --version.",
            )

    def _mark(self, source: io.BytesIO | Path, destination: io.BytesIO | Path) -> None:
        marking.mark(
            source,
            destination,
            record=self.record,
            signer=self.signer,
            registry=self.registry,
            strength=self.strength,
            profiles=self.profiles,
            time_stamper=self.time_stamper,
        )

    @contextmanager
    def _observed(self, host: str) -> Iterator[None]:
        with measured() as spent:
            yield
        self.observe(host, spent)


def log(host: str, spent: dict[Layer, float]) -> None:
    """A line with the milliseconds by layer.

    >>> log("diffusers", {"sign": 0.0102})
    """
    parts = " ".join(f"{layer}={1000 * seconds:.1f}" for layer, seconds in spent.items())
    LOGGER.info("marked for %s, milliseconds: %s", host, parts)
