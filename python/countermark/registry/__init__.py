"""What was marked here, one entry a picture, and what keys were used for, in one SQLite file.

>>> from countermark.registry import Registry
>>> with Registry.open("no such file.sqlite3") as registry:  # reading creates nothing
...     print(registry.find_payload(7))
None
"""

from countermark.registry.entry import Entry
from countermark.registry.key_use import KeyUse, Outcome, Purpose
from countermark.registry.search import MAX_DISTANCE, MIN_QUALITY
from countermark.registry.store import Registry

__all__ = ["MAX_DISTANCE", "MIN_QUALITY", "Entry", "KeyUse", "Outcome", "Purpose", "Registry"]
