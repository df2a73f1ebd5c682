"""The file of cases, and where the vectors go."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1]
VECTORS: Final = FOLDER / "vectors"
PUBLISHED: Final = "636f756e7465726d61726b207631202e"


class Cases:
    """Collects them; `group` begins a capability."""

    def __init__(self) -> None:
        self._blocks: list[str] = []

    def group(self, name: str) -> None:
        """The cases that follow show this capability."""
        self._blocks.append(f"[{name}]")

    def add(self, title: str, request: str, answer: str) -> None:
        """One case; its vectors are written already."""
        self._blocks.append(f"{title}\n{request}\n{answer}")

    def write(self) -> None:
        """What the kit reads."""
        head = (
            "# Title, request, answer. Written by make_vectors.py; README.md says what they mean."
        )
        text = "\n\n".join([head, *self._blocks])
        (FOLDER / "cases.txt").write_text(text + "\n", encoding="utf-8")
