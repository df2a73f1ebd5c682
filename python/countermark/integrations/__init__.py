"""countermark inside the servers that generate: one module for each host.

>>> import io, tempfile
>>> import numpy as np
>>> from PIL import Image
>>> from countermark import keys, watermark
>>> from countermark.integrations import Marker
>>> from countermark.record import DigitalSource, Record
>>> from countermark.registry import Registry
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         record = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
...         marker = Marker(record=record, signer=home.signer(), registry=registry)
...         marker.check()
...         picture = Image.fromarray(np.full((256, 256, 3), 99, np.uint8))
...         marked = marker.pixels(picture)
...         registry.find_payload(watermark.detect(marked).payload).record.creator
'Ada Example'

Adapters fail closed: what cannot be marked is not given out, and the host sees the error.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from countermark.integrations.marker import Marker

__all__ = ["Marker"]


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: not every host needs all that files are marked with."""
    if name != "Marker":
        raise AttributeError(f"module 'countermark.integrations' has no attribute {name!r}")
    return import_module("countermark.integrations.marker").Marker
