"""Markdown: a mapping AIGC in the front matter, which is made where there is none. By PyYAML.

The rest of the front matter and of the text keeps every byte, with the ends of its lines.

Source: TC260-PG-20258A; YAML 1.2, whose double-quoted texts hold what JSON holds.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from countermark.containers import CHUNK_BYTES
from countermark.labels.aigc.carriers.extra import needing
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried

if TYPE_CHECKING:
    from yaml.nodes import Node

_NAME: Final = "AIGC"
_MAX_BYTES: Final = 1 << 16
"""Of front matter; PyYAML takes a second for some hundred thousand bytes."""

_MAX_VALUES: Final = 1 << 10

_BEGIN: Final = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*(\r?\n)")
_END: Final = re.compile(rb"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_LINE_END: Final = re.compile(rb"\r?\n")
_BOM: Final = b"\xef\xbb\xbf"


class _FrontMatter(NamedTuple):
    """`text`: without the lines around it; it begins at byte `start`. `newline`: of the file."""

    text: str | None
    start: int
    newline: str


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in the front matter, as JSON."""
    front = _front_matter(file)
    for _, value in _labels(front):
        yield Carried(_json(value), "front matter AIGC")


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel) -> None:
    """Copy the text with the label in its front matter, where the former one was or at the end."""
    front = _front_matter(file)
    members = (f"  {name}: {json.dumps(value)}" for name, value in label.members().items())
    block = "".join(line + front.newline for line in (f"{_NAME}:", *members))
    file.seek(0)
    out.write(file.read(front.start))
    if front.text is None:
        block = f"---{front.newline}{block}---{front.newline}"
        out.write(block.encode("ascii"))
    else:
        out.write(_edited(front, block).encode())
        file.seek(front.start + len(front.text.encode()))
    shutil.copyfileobj(file, out, CHUNK_BYTES)


def _front_matter(file: BinaryIO) -> _FrontMatter:
    file.seek(0)
    head = file.read(_MAX_BYTES)
    line_end = _LINE_END.search(head)
    newline = line_end[0].decode() if line_end else "\n"
    begin = _BEGIN.match(head)
    if begin is None:
        if head.removeprefix(_BOM).startswith(b"+++") or b"\0" in head:
            raise ValueError("it has front matter that is not YAML, or is not in UTF-8")
        return _FrontMatter(None, len(_BOM) if head.startswith(_BOM) else 0, newline)
    end = _END.search(head, begin.end())
    if end is None:
        if len(head) == _MAX_BYTES:
            raise ValueError("the front matter is longer than 64 KB")
        # A line across the page, as Markdown has it.
        return _FrontMatter(None, len(_BOM) if head.startswith(_BOM) else 0, newline)
    return _FrontMatter(head[begin.end() : end.start()].decode(), begin.end(), begin[1].decode())


def _labels(front: _FrontMatter) -> list[tuple[Node, Node]]:
    """Keys and values of the mapping that are labels."""
    with needing("PyYAML"):
        import yaml
    root = yaml.compose(front.text or "", Loader=yaml.SafeLoader)
    if root is None:
        return []
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise ValueError("the front matter is not a mapping of lines")
    return [(key, value) for key, value in root.value if str(key.value).upper() == _NAME]


def _edited(front: _FrontMatter, block: str) -> str:
    """The front matter with this block in the place of the first label, and of no other."""
    text = front.text or ""
    places = [_lines(text, key, value) for key, value in _labels(front)] or [(len(text), len(text))]
    for number, (start, end) in reversed(list(enumerate(places))):
        text = text[:start] + (block if number == 0 else "") + text[end:]
    return text


def _lines(text: str, key: Node, value: Node) -> tuple[int, int]:
    """The lines of a label, without comments behind them."""
    start, end = key.start_mark.index, _end(value)
    if key.start_mark.column or end < start:
        raise ValueError("the front matter is written in a way that cannot be edited")
    if text[end - 1] != "\n":
        end = text.index("\n", end) + 1
    return start, end


def _end(value: Node) -> int:
    """Where a value ends: PyYAML counts lines of comments in."""
    if isinstance(value.value, str) or getattr(value, "flow_style", True) or not value.value:
        return int(value.end_mark.index)
    last = value.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _json(value: Node) -> str:
    """A label as JSON: texts, which hold it already, as they are."""
    if isinstance(value.value, str):
        return value.value
    return _written(value, iter(range(_MAX_VALUES)))


def _written(value: Node, places: Iterator[int]) -> str:
    if next(places, None) is None:  # aliases may stand for billions of values
        raise ValueError("the label has too many members")
    if isinstance(value.value, str):
        return json.dumps(_plain(value), ensure_ascii=False)
    parts = []
    for part in value.value:
        key, one = part if isinstance(part, tuple) else (None, part)
        name = "" if key is None else f"{json.dumps(str(key.value), ensure_ascii=False)}:"
        parts.append(name + _written(one, places))
    opening, closing = "{}" if value.tag.endswith(":map") else "[]"
    return opening + ",".join(parts) + closing


def _plain(value: Node) -> object:
    """A number or such as what it is; dates and all else as texts."""
    with needing("PyYAML"):
        import yaml
    kind = value.tag.rpartition(":")[2]
    if kind in ("int", "float", "bool", "null"):
        return yaml.SafeLoader("").construct_object(value)
    return value.value
