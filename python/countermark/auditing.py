"""Each use of a private key leaves a line in the registry's log, before anything comes of it.

>>> import tempfile
>>> from countermark import keys
>>> from countermark.registry import Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         signature = audited(home.signer(), registry).sign(b"data")
...         _ = keys.rotate(audited_home(home, registry))
...         [(use.purpose.value, use.outcome.value) for use in registry.key_uses()]
[('claim', 'signed'), ('certificate', 'signed')]

A signature that cannot be recorded is thrown away. So what the log lacks was not signed through
here; and what is in it was signed, even if the file never came to be.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Protocol

from cryptography.hazmat.primitives import hashes

from countermark.certificates import load_pem
from countermark.costs import layer
from countermark.credentials import Signer, signed_label
from countermark.errors import CountermarkError, UnusableCertificate
from countermark.keys import Home
from countermark.registry import KeyUse, Outcome, Purpose, Registry


class KeyUses(Protocol):
    """Who is told of the uses of keys: a registry, or whoever tells it later."""

    def record_key_use(self, use: KeyUse) -> None: ...


@dataclass(frozen=True, slots=True)
class _AuditedSigner:
    """A signer, and the registry that is told of each use."""

    signer: Signer = field(repr=False)
    registry: KeyUses = field(repr=False)

    @property
    def algorithm(self) -> str:
        return self.signer.algorithm

    @property
    def certificate_chain(self) -> bytes:
        return self.signer.certificate_chain

    @property
    def is_one_time(self) -> bool:
        return bool(getattr(self.signer, "is_one_time", False))

    def sign(self, data: bytes) -> bytes:
        use = KeyUse(
            at=datetime.now(timezone.utc),
            purpose=Purpose.CLAIM,
            key_sha256=_leaf_sha256(self.certificate_chain),
            algorithm=self.algorithm,
            signed_sha256=hashlib.sha256(data).digest(),
            manifest=signed_label(data),
        )
        try:
            signature = self.signer.sign(data)
        except BaseException:
            with contextlib.suppress(CountermarkError):  # the reason why it failed matters more
                self.registry.record_key_use(replace(use, outcome=Outcome.FAILED))
            raise
        with layer("registry"):
            self.registry.record_key_use(use)
        return signature


def audited(signer: Signer, registry: KeyUses) -> Signer:
    """The signer, with a line in the registry's log for each signature that it gives or fails.

    Its `sign` also raises what `Registry.record_key_use` does; the signature is lost then.
    """
    if isinstance(signer, _AuditedSigner) and signer.registry is registry:
        return signer
    return _AuditedSigner(signer, registry)


def audited_home(home: Home, registry: Registry) -> Home:
    """The home, with a line for each signature by its authorities and for its requests.

    Claims that its `signer` signs are another matter: see `audited`.
    """

    def witness(purpose: str, *, key_sha256: bytes, algorithm: str, signed: bytes) -> None:
        registry.record_key_use(
            KeyUse(
                at=datetime.now(timezone.utc),
                purpose=Purpose(purpose),
                key_sha256=key_sha256,
                algorithm=algorithm,
                signed_sha256=hashlib.sha256(signed).digest(),
            )
        )

    return replace(home, witness=witness)


def _leaf_sha256(certificate_chain: bytes) -> bytes:
    try:
        return load_pem(certificate_chain)[0].fingerprint(hashes.SHA256())
    except ValueError as error:
        raise UnusableCertificate(
            "The signer's certificate chain does not parse.",
            remedy="Give the leaf and its issuers in PEM.",
        ) from error
