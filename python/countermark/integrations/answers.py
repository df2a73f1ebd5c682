"""Answers in JSON as OpenAI's interfaces have them: what was generated in them, marked.

>>> pictures_in('{"data": [{"b64_json": "aGVsbG8="}], "usage": {"total_tokens": 7}}')
1
>>> pictures_in('{"choices": [{"message": {"content": "![it](data:image/png;base64,aGk=)"}}]}')
1

Generated content is what stands under `b64_json`, under `data` of an `audio`, under `result` of an
`image_generation_call`, in a list of `images`, and every data URL of a picture, sound or movie,
also within a text. An address under `url` where content is expected is refused, for what lies there
cannot be marked.

Source: OpenAI API reference (images, audio, chat completions, responses), November 2026.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from countermark.errors import AnswerRefused

Mark: TypeAlias = Callable[[bytes], bytes]

_DATA_URL: Final = re.compile(
    r"(data:(?:image|audio|video)/[\w.+-]+(?:;[\w.+-]+=[\w.+-]*)*;base64,)([\w+/=%-]+)", re.I
)
_ADDRESS: Final = re.compile(r"https?://|data:", re.I)
_PICTURE: Final = re.compile(r"iVBORw0KGgo|/9j/|UklGR|AAAA[A-Za-z0-9+/]{2}Zn|SUkq|TU0A")
"""Base64 of how PNG, JPEG, WebP, AVIF or TIFF begin."""

_ADDRESSES: Final = ("image_url", "audio_url", "video_url")


def marked(text: str, mark: Mark) -> str:
    """The answer with its contents marked by `mark`, which gets and gives files.

    >>> marked('{"data": [{"b64_json": "aGVsbG8="}]}', bytes.upper)
    '{"data":[{"b64_json":"SEVMTE8="}]}'

    An answer without any stays as it is, byte for byte. Raises `AnswerRefused` for what is not
    JSON or points elsewhere, and whatever `mark` raises.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerRefused(
            "The answer says that it is JSON and is not.", remedy="Mend the server."
        ) from error
    walk = _Walk(mark)
    made = walk(value)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")) if walk.count else text


def pictures_in(text: str) -> int:
    """How many contents an answer holds."""
    walk = _Walk(lambda content: content)
    walk(json.loads(text))
    return walk.count


class _Walk:
    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self.count = 0

    def __call__(self, value: Any, within: str = "") -> Any:
        """`within`: the name under which the value stands, of an array too."""
        if isinstance(value, dict):
            return {name: self._member(name, each, value, within) for name, each in value.items()}
        if isinstance(value, list):
            is_pictures = within == "images"  # as AUTOMATIC1111's interface has them
            return [self._listed(each) if is_pictures else self(each, within) for each in value]
        return _DATA_URL.sub(self._data_url, value) if isinstance(value, str) else value

    def _member(self, name: str, value: Any, owner: dict[str, Any], within: str) -> Any:
        if isinstance(value, str):
            if _is_content(name, owner, within):
                return self._content(value)
            is_address = within in _ADDRESSES or (within == "data" and owner.keys() <= _ITEM)
            if name in ("url", *_ADDRESSES) and value and (is_address or name in _ADDRESSES):
                self._check_address(value)
        return self(value, name)

    def _listed(self, value: Any) -> Any:
        """What may be a picture in Base64, an address or anything else."""
        if not isinstance(value, str):
            return self(value, "images")
        if _ADDRESS.match(value):
            self._check_address(value)
        is_content = value.startswith("data:") or _PICTURE.match(value)
        return self._content(value) if is_content else value

    def _content(self, text: str) -> str:
        if text.startswith("data:"):
            return _DATA_URL.sub(self._data_url, text)
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise AnswerRefused(
                "The answer holds content that is not Base64.", remedy="Mend the server."
            ) from error
        self.count += 1
        return base64.b64encode(self._mark(content)).decode()

    def _data_url(self, found: re.Match[str]) -> str:
        return found[1] + self._content(found[2].replace("%2B", "+").replace("%3D", "="))

    def _check_address(self, value: str) -> None:
        if _DATA_URL.match(value) is None:
            raise AnswerRefused(
                "The answer points to a place instead of holding what was generated, so that it "
                "cannot be marked on its way.",
                remedy='Ask with response_format="b64_json", or mark files where they are stored.',
            )


_ITEM: Final = frozenset(("url", "b64_json", "revised_prompt"))
"""The members of a picture in OpenAI's answers."""


def _is_content(name: str, owner: dict[str, Any], within: str) -> bool:
    if name == "b64_json":
        return True
    if name == "result":
        return owner.get("type") == "image_generation_call"
    return name == "data" and within == "audio"
