"""What workers do: verify and mark content, find what is like it, look at manifests."""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from countermark import credentials, image, keys, stamping
from countermark.credentials import Signer, TimeStamper, Trust
from countermark.errors import InvalidArgument
from countermark.labels.profiles import profile
from countermark.marking import mark
from countermark.marking.kinds import MOVIES, SOUNDS
from countermark.record import Record
from countermark.service import matching
from countermark.service.details import details
from countermark.service.registry_file import RegistryFile
from countermark.service.uploads import kind_of
from countermark.verifying import verify
from countermark.verifying.trusted import trust_store
from countermark.watermark import Strength

Answer = tuple[dict[str, Any], bytes]


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
        source = _source(values, body)
        report = verify(source, trust=self.trust, registry=registry)
        text = report.to_json()
        if values["details"]:
            with source.open("rb") if isinstance(source, Path) else source as file:
                more = details(file, report, trust=self.trust, registry=registry)
            text = json.dumps({**json.loads(text), "details": more}, ensure_ascii=False)
        return {"verdict": report.verdict.value}, text.encode()

    def _mark(self, values: dict[str, Any], body: bytes) -> Answer:
        """The marked copy is in the answer, but that of a sound or movie lies beside its source."""
        if self.signer is None:
            raise InvalidArgument("This worker has no key.", remedy="Ask one that marks.")
        source = _source(values, body)
        marked = io.BytesIO() if isinstance(source, io.BytesIO) else _beside(source)
        done = mark(
            source,
            marked,
            record=Record.from_json(values["record"]),
            signer=self.signer,
            registry=self.registry.registry(),
            strength=Strength(values["strength"]),
            time_stamper=self.time_stamper,
            profiles=[profile(name) for name in values["profiles"]],
        )
        answer = {
            "payload": f"{done.payload:016x}",
            "manifest_sha256": done.manifest_sha256,
            "notices": [
                {"kind": n.kind.value, "reason": n.reason, "feature": n.feature}
                for n in done.notices
            ],
            "video": None if done.video is None else asdict(done.video),
        }
        if isinstance(marked, Path):
            return {**answer, "media_type": kind_of(marked), "path": str(marked)}, b""
        content = marked.getvalue()
        return {**answer, "media_type": image.media_type(content)}, content

    def _match(self, values: dict[str, Any], body: bytes) -> Answer:
        """The soft bindings that are found in content, and what is like it."""
        wanted, registry, limit = values["alg"], self.registry.registry(), values["limit"]
        source = _source(values, body)
        bindings, similar = (
            matching.in_clip(source, wanted, registry, limit)
            if isinstance(source, Path)
            else matching.in_picture(body, wanted, registry, limit)
        )
        found = [(each.algorithm, base64.b64encode(each.value).decode()) for each in bindings]
        return {"bindings": found, "similar": similar}, b""

    def _similar(self, values: dict[str, Any], body: bytes) -> Answer:
        """Whatever has a fingerprint like the one in the body, or with that digest."""
        algorithm, limit, registry = values["alg"], values["limit"], self.registry.registry()
        if algorithm in matching.DIGESTS:
            return {"similar": matching.signed_as(algorithm, body, registry, limit)}, b""
        return {"similar": matching.near([body], registry, limit)}, b""

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


def _source(values: dict[str, Any], body: bytes) -> Path | io.BytesIO:
    """What a job is about: a sound or movie on disk, all else in its message."""
    return Path(values["path"]) if "path" in values else io.BytesIO(body)


def _beside(source: Path) -> Path:
    """Where the marked copy goes, with the ending that files of its kind have."""
    (ending, *_) = {**MOVIES, **SOUNDS}.get(kind_of(source), ("",))
    return source.with_name(f"marked{ending}")
