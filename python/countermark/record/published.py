"""The published form of records, for whoever writes or reads them without this package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

_FILE: Final = "record.schema.json"


def schema() -> dict[str, Any]:
    """The JSON Schema of `Record.to_json`, as a new object each time.

    >>> schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'

    What it cannot say, `Record.from_json` checks beyond it: the check digits of provider codes, the
    digests of receipts, that times exist.
    """
    text = files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    return dict(json.loads(text))
