"""Mark a sound while it is being made, so that it can be played before its end is known.

>>> import tempfile
>>> import numpy as np
>>> from countermark import keys
>>> from countermark.record import DigitalSource
>>> time = np.arange(6000) / 24_000
>>> tones = 110 * 2 ** (np.random.default_rng(1).integers(0, 24, 48) / 12)
>>> voice = [sum(np.sin(6.283 * tone * n * time) / n for n in range(1, 20)) for tone in tones]
>>> speech = (4000 * np.concatenate(voice)).astype(np.int16)
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         record = Record(source=DigitalSource.AI_GENERATED)
...         live = LiveSound(24_000, record=record, signer=home.signer(), registry=registry)
...         parts = [live.push(part) for part in np.split(speech, 8)] + [live.finish()]
...         found = audio.detect(np.concatenate(parts), 24_000)
...         found.payload == live.payload, registry.find_payload(live.payload).record.source.value
(True, 'ai-generated')
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countermark import audio, credentials, duties
from countermark.auditing import audited
from countermark.clips import Clip
from countermark.costs import Layer, layer, measured
from countermark.credentials import SOUND_WATERMARK_ALGORITHM, Signer, SoftBinding, TimeStamper
from countermark.marking.entering import entry_of
from countermark.marking.originals import Look
from countermark.record import Modality, Record
from countermark.registry import Registry
from countermark.video import sound_strength
from countermark.watermark import Strength


class LiveSound:
    """Marks blocks of samples as they come, at most half a second later.

    Example: see the module.

    `rate`: frames a second, 8,000 to 192,000. `record`, `signer`, `registry`, `strength`,
    `time_stamper`: as for `mark`. `payload`: what the sound carries. The registry gets its entry
    when the sound is at its end, with a signed manifest that is bound to the watermark and to the
    samples; the last of them are given out only then. Whether the mark can be read is not looked
    at: in less than some five seconds it cannot. `observe`: is told at the end the seconds that
    it took by layer. One thread uses it at a time.

    Raises as `mark`, and as `audio.Embedder`.
    """

    def __init__(
        self,
        rate: int,
        *,
        record: Record,
        signer: Signer,
        registry: Registry,
        strength: Strength = Strength.BALANCED,
        time_stamper: TimeStamper | None = None,
        observe: Callable[[dict[Layer, float]], None] = lambda spent: None,
    ) -> None:
        duties.check(record, registry, modality=Modality.AUDIO)
        self.payload = registry.new_payload()
        self._rate, self._record = rate, record
        self._signer, self._registry = signer, registry
        self._time_stamper = time_stamper
        self._embedder = audio.Embedder(
            self.payload, rate, strength=sound_strength(strength), low_latency=True
        )
        self._given = tempfile.TemporaryFile()  # noqa: SIM115  # until the sound is at its end,
        weakref.finalize(self, self._given.close)  # or given up
        self._frames = 0
        self._observe, self._spent = observe, dict[Layer, float]()

    def push(self, samples: NDArray[Any]) -> NDArray[Any]:
        """The marked samples that are due; `samples`: as for `audio.embed`."""
        with measured(self._spent), layer("watermark"):
            return self._noted(self._embedder.push(samples))

    def finish(self) -> NDArray[Any]:
        """The last of the samples, when the sound is in the registry."""
        with measured(self._spent):
            rest = self._finish()
        self._observe(self._spent)
        return rest

    def _finish(self) -> NDArray[Any]:
        with layer("watermark"):
            rest = self._noted(self._embedder.finish())
        now = datetime.now(timezone.utc).replace(microsecond=0)  # as manifests state times
        record = replace(self._record, created=self._record.created or now)
        seconds = self._frames / self._rate
        binding = SoftBinding.of_payload(
            self.payload, algorithm=SOUND_WATERMARK_ALGORITHM, seconds=seconds
        )
        self._given.seek(0)
        with self._given, layer("sign"):
            manifest = credentials.sign_detached(
                self._given,
                record=record,
                signer=audited(self._signer, self._registry),
                soft_bindings=[binding],
                time_stamper=self._time_stamper,
            )
        look = Look(0, 0, clip=Clip(seconds=seconds))
        with (
            layer("registry"),
            self._registry.adding(entry_of(record, look, self.payload, manifest, now)),
        ):
            return rest

    def _noted(self, samples: NDArray[Any]) -> NDArray[Any]:
        self._frames += len(samples)
        self._given.write(np.ascontiguousarray(samples).tobytes())
        return samples
