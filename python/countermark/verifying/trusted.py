"""Whom `verify` trusts when nobody says so: the home folder's lists and the official ones.

What the home's own authorities have revoked counts from the moment that they say so.

>>> [listed.title for listed in trust_store(None).lists()]
['C2PA trust list of 2026-08-21', 'C2PA TSA trust list of 2026-08-21']
"""

from __future__ import annotations

from typing import Final

from countermark import keys
from countermark.credentials import TrustStore
from countermark.errors import HomeMissing

_FOLDER: Final = "trust"


def find_home() -> keys.Home | None:
    """The home folder, if there is one."""
    try:
        return keys.open_home()
    except HomeMissing:
        return None


def trust_store(home: keys.Home | None) -> TrustStore:
    """The trust lists of a home folder with the official ones, or the official ones alone."""
    if home is None:
        return TrustStore(None)
    return TrustStore(
        home.folder / _FOLDER,
        anchors=home.trust_path,
        revocation_lists=home.revocation_list_paths,
    )
