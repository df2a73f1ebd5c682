"""Prove where a picture comes from, also after its metadata is gone.

`watermark` and `fingerprint` work on pixels, `mark` and `verify` on files.

>>> import numpy as np
>>> import countermark
>>> picture = np.random.default_rng(1).integers(40, 215, (512, 512), dtype=np.uint8)
>>> countermark.watermark.detect(countermark.watermark.embed(picture, 42)).payload
42
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from countermark._core import version as _version

if TYPE_CHECKING:
    from countermark import errors, fingerprint, keys, watermark
    from countermark.credentials import Signer, Trust, TrustStatus
    from countermark.marking import Marked, mark, mark_frames, mark_pixels
    from countermark.record import DigitalSource, Record
    from countermark.registry import Registry
    from countermark.report import Report, Verdict
    from countermark.resolving import Resolver
    from countermark.verifying import verify

__all__ = [
    "DigitalSource",
    "Marked",
    "Record",
    "Registry",
    "Report",
    "Resolver",
    "Signer",
    "Trust",
    "TrustStatus",
    "Verdict",
    "errors",
    "fingerprint",
    "keys",
    "mark",
    "mark_frames",
    "mark_pixels",
    "verify",
    "watermark",
]

__version__ = _version()

_PLACES: Final = {
    "DigitalSource": "record",
    "Marked": "marking",
    "Record": "record",
    "Registry": "registry",
    "Report": "report",
    "Resolver": "resolving",
    "Signer": "credentials",
    "Trust": "credentials",
    "TrustStatus": "credentials",
    "Verdict": "report",
    "mark": "marking",
    "mark_frames": "marking",
    "mark_pixels": "marking",
    "verify": "verifying",
}


def __getattr__(name: str) -> Any:
    """Names and modules are imported when they are asked for: few programs need them all."""
    if name in _PLACES:
        value = getattr(import_module(f"countermark.{_PLACES[name]}"), name)
    elif name in __all__:
        return import_module(f"countermark.{name}")
    else:
        raise AttributeError(f"module 'countermark' has no attribute {name!r}")
    globals()[name] = value
    return value
