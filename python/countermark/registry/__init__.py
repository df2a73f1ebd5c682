"""What was marked here, one entry a picture, sound or movie, and a log of what happened.

>>> from countermark.registry import Registry
>>> with Registry.open("no such file.sqlite3") as registry:  # reading creates nothing
...     print(registry.find_payload(7))
None
"""

from countermark.registry.clips import ClipMatch
from countermark.registry.disclosure import Disclosure, DisclosureReason
from countermark.registry.disposal import DisposalReason
from countermark.registry.entry import MAX_DISTANCE, MIN_QUALITY, Entry, Fingerprint
from countermark.registry.ingest_decision import IngestDecision
from countermark.registry.key_use import KeyUse, Outcome, Purpose
from countermark.registry.retention import RetentionClass
from countermark.registry.sealing import PersonalRecord
from countermark.registry.store import Registry

__all__ = [
    "MAX_DISTANCE",
    "MIN_QUALITY",
    "ClipMatch",
    "Disclosure",
    "DisclosureReason",
    "DisposalReason",
    "Entry",
    "Fingerprint",
    "IngestDecision",
    "KeyUse",
    "Outcome",
    "PersonalRecord",
    "Purpose",
    "Registry",
    "RetentionClass",
]
