"""What workers do: verify and mark pictures, find what is like them, look at manifests."""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import dataclass
from typing import Any

from countermark import credentials, fingerprint, image, keys, stamping, watermark
from countermark.credentials import (
    FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    Signer,
    SoftBinding,
    TimeStamper,
    Trust,
)
from countermark.errors import ImageTooSmall, InvalidArgument
from countermark.labels.profiles import profile
from countermark.marking import mark
from countermark.record import Record
from countermark.registry import MIN_QUALITY
from countermark.service.details import details
from countermark.service.registry_file import RegistryFile
from countermark.verifying import verify
from countermark.verifying.trusted import trust_store
from countermark.watermark import Strength

Answer = tuple[dict[str, Any], bytes]
_BITS = 256


@dataclass(frozen=True, slots=True)
class Jobs:
    """What a worker needs for its jobs. `signer`, `time_stamper`: only for marking."""

    trust: Trust
    registry: RegistryFile
    max_pixels: int
    signer: Signer | None = None
    time_stamper: TimeStamper | None = None

    @classmethod
    def opened(cls, settings: dict[str, Any], *, with_signer: bool) -> Jobs:
        """With the trust lists, the registry and, if asked for, the key of the home folder.

        Raises `HomeMissing`, `UnusableTrust`, and as `Home.signer`.
        """
        home = keys.open_home()
        return cls(
            trust=trust_store(home).trust(),
            registry=RegistryFile(home.registry_path),
            max_pixels=settings["max_pixels"],
            signer=home.signer(os.environ.get("COUNTERMARK_PASSPHRASE") or None)
            if with_signer
            else None,
            time_stamper=stamping.time_stamper(home) if with_signer else None,
        )

    def do(self, values: dict[str, Any], body: bytes) -> Answer:
        """The answer to one message; raises `CountermarkError` of many kinds."""
        job = {
            "verify": self._verify,
            "match": self._match,
            "similar": self._similar,
            "examine": self._examine,
            "mark": self._mark,
        }[values["job"]]
        with image.at_most(self.max_pixels):
            return job(values, body)

    def _verify(self, values: dict[str, Any], body: bytes) -> Answer:
        registry = self.registry.registry()
        report = verify(io.BytesIO(body), trust=self.trust, registry=registry)
        text = report.to_json()
        if values["details"]:
            more = details(body, report, trust=self.trust, registry=registry)
            text = json.dumps({**json.loads(text), "details": more}, ensure_ascii=False)
        return {"verdict": report.verdict.value}, text.encode()

    def _mark(self, values: dict[str, Any], body: bytes) -> Answer:
        if self.signer is None:
            raise InvalidArgument("This worker has no key.", remedy="Ask one that marks.")
        marked = io.BytesIO()
        done = mark(
            io.BytesIO(body),
            marked,
            record=Record.from_json(values["record"]),
            signer=self.signer,
            registry=self.registry.registry(),
            strength=Strength(values["strength"]),
            time_stamper=self.time_stamper,
            profiles=[profile(name) for name in values["profiles"]],
        )
        content = marked.getvalue()
        answer = {
            "payload": f"{done.payload:016x}",
            "manifest_sha256": done.manifest_sha256,
            "media_type": image.media_type(content),
            "notices": [
                {"kind": n.kind.value, "reason": n.reason, "feature": n.feature}
                for n in done.notices
            ],
        }
        return answer, content

    def _match(self, values: dict[str, Any], body: bytes) -> Answer:
        """The soft bindings that are found in a picture, and the pictures that are like it."""
        picture = image.read(io.BytesIO(body))
        pixels = image.upright(picture.pixels, picture.orientation)
        wanted = values["alg"]
        binding = None
        similar: list[tuple[str, int]] = []
        try:
            if wanted in (None, WATERMARK_ALGORITHM):
                found = watermark.detect(pixels)
                binding = None if found is None else SoftBinding.of_payload(found.payload)
            if wanted in (None, FINGERPRINT_ALGORITHM):
                hashes = fingerprint.pdq_dihedral(pixels)
                if hashes[0].quality >= MIN_QUALITY:
                    similar = self._near([hash_.bits for hash_ in hashes], values["limit"])
        except ImageTooSmall:
            pass  # nothing can be found in it
        value = None if binding is None else base64.b64encode(binding.value).decode()
        return {"value": value, "similar": similar}, b""

    def _similar(self, values: dict[str, Any], body: bytes) -> Answer:
        """The pictures whose fingerprint is like the one in the body."""
        return {"similar": self._near([body], values["limit"])}, b""

    def _near(self, hashes: list[bytes], limit: int) -> list[tuple[str, int]]:
        """Identifiers of manifests, each with the likeness of its picture in percent."""
        found = self.registry.registry().find_similar(hashes, limit=limit)
        return [
            (credentials.active_label(entry.manifest), round(100 * (1 - distance / _BITS)))
            for entry, distance in found
        ]

    def _examine(self, _: dict[str, Any], body: bytes) -> Answer:
        """Whose manifest it is, whether it is as signed, and which soft bindings it names."""
        found = credentials.read_detached(body, trust=Trust.nobody())
        answer = {
            "id": found.label,
            "holds": found.signature_valid and found.assertions_valid,
            "explanation": found.explanation,
            "bindings": [
                (binding.algorithm, base64.b64encode(binding.value).decode())
                for binding in found.soft_bindings
            ],
        }
        return answer, b""
