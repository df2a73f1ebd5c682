"""Reports to an authority: what the log says of a time, provable, encrypted to that authority.

The file is CMS EnvelopedData around a ZIP with leaves, tiles, fingerprints, disposals, keys, all
of it under one signature by the log's key, and a script that checks it without countermark.
docs/retention.md shows how it is made, opened and checked.

Source: RFC 5652; C2SP signed-note and tlog-tiles.
"""

from countermark.disclosing.disclose import Disclosed, disclose
from countermark.disclosing.envelope import load_recipient

__all__ = ["Disclosed", "disclose", "load_recipient"]
