"""What a job does to every file, and the payload that a file gets in it.

>>> from countermark.record import DigitalSource
>>> plan = Plan(
...     home=Path("home"), record=Record(source=DigitalSource.AI_GENERATED), key=bytes(32),
... )
>>> hex(plan.payload(b"content")) == hex(plan.payload(b"content")) != hex(plan.payload(b"Content"))
True
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.record import Record
from countermark.watermark import Strength

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One for all processes and machines of a job.

    `home`: the folder with the keys and the registry. `record`, `strength`: as for
    `countermark.mark`. `profiles`: names of jurisdictions. `key`: 32 bytes of the job, by which
    payloads are told from those of other jobs, and by nobody else.
    """

    home: Path
    record: Record
    key: bytes
    strength: Strength = Strength.BALANCED
    profiles: tuple[str, ...] = ()

    @property
    def policy(self) -> str:
        """What is done, as a digest: a job is gone on with only as it was begun."""
        stated = f"{self.record.to_json()}\n{self.strength.value}\n{','.join(self.profiles)}"
        return hashlib.sha256(stated.encode()).hexdigest()

    def payload(self, content: bytes) -> int:
        """Of that content in this job: the first 64 bits of HMAC-SHA-256.

        So whoever does the same work again comes to the same payload, and enters it once.
        """
        message = hashlib.sha256(content).digest() + bytes.fromhex(self.policy)
        return int.from_bytes(hmac.digest(self.key, message, "sha256")[:8], "big")
