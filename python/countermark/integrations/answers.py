"""Answers in JSON as OpenAI's interfaces have them: what was generated in them, marked.

>>> pictures_in('{"data": [{"b64_json": "aGVsbG8="}], "usage": {"total_tokens": 7}}')
1
>>> pictures_in('{"choices": [{"message": {"content": "![it](data:image/png;base64,aGk=)"}}]}')
1

Generated content is what stands under `b64_json`, under `data` or `audio_data` with a media type or
in an `audio`, under `result` of an `image_generation_call`, in parts of sound as they are streamed,
every string that begins as a picture, sound or movie does in Base64, and every data URL of one,
also within a text. An address where content is expected cannot be marked, and is refused.

Source: OpenAI API reference (images, audio, chat completions, responses), November 2026; Gemini API
(`inlineData`); AUTOMATIC1111 (`images`); vLLM-Omni 0.30 (`audio_data`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from countermark.errors import AnswerRefused

Mark: TypeAlias = Callable[[bytes], bytes]

_DATA_URL: Final = re.compile(
    r"(data:(?:image|audio|video)/[\w.+-]+(?:;[\w.+-]+=[\w.+-]*)*;base64,)([\w+/=%-]+)", re.I
)
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*:|/(?!9j/)", re.I)
_FILE: Final = re.compile(
    r"(?:iVBORw0KGgo|/9j/|UklGR|R0lGOD|SUkqA|TU0AK|AAAA[\w+/]{2}Z0eX|GkXfo|SUQz|//[A-Pg-v]"
    r"|T2dnUw|ZkxhQw)[A-Za-z0-9+/]{64,}={0,2}"
)
"""Base64 of PNG, JPEG, WebP and WAV, GIF, TIFF, AVIF and MP4, Matroska, MP3 and AAC, Ogg, FLAC."""

_ADDRESSES: Final = ("image_url", "audio_url", "video_url", "images")
_TYPES: Final = ("mimeType", "mime_type", "media_type")


def marked(text: str, mark: Mark) -> str:
    """The answer with its contents marked by `mark`, which gets and gives files.

    >>> marked('{"data": [{"b64_json": "aGVsbG8="}]}', bytes.upper)
    '{"data":[{"b64_json":"SEVMTE8="}]}'

    An answer without any stays as it is, byte for byte. Raises `AnswerRefused` for what is not
    JSON or points elsewhere, and whatever `mark` raises.
    """
    return remade(read(text), text, mark)


class Marked(str):
    """Content in Base64 that is marked already."""

    __slots__ = ()


def read(text: str) -> Any:
    """What the JSON says. Raises `AnswerRefused`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerRefused(
            "The answer says that it is JSON and is not.", remedy="Mend the server."
        ) from error


def remade(value: Any, text: str, mark: Mark) -> str:
    """As `marked`, of what was read of a text, wherein content may be `Marked`.

    >>> remade({"b64_json": Marked("aGk="), "url": "data:image/png;base64,aGk="}, "", bytes.upper)
    '{"b64_json":"aGk=","url":"data:image/png;base64,SEk="}'
    """
    walk = _Walk(mark)
    made = walk(value)
    return written(made) if walk.count else text


def words(text: str, mark: Mark) -> str:
    """A text that is no JSON, with the contents in it marked.

    >>> words("![it](data:image/png;base64,aGk=)", bytes.upper)
    '![it](data:image/png;base64,SEk=)'
    """
    made = _Walk(mark)(text)
    return str(made)


def written(value: Any) -> str:
    """As JSON without spaces.

    >>> written({"é": [1, 2]})
    '{"é":[1,2]}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
            return [self._member(within, each, {}, within) for each in value]
        if not isinstance(value, str):
            return value
        return self._content(value) if _FILE.fullmatch(value) else _DATA_URL.sub(self._url, value)

    def _member(self, name: str, value: Any, owner: dict[str, Any], within: str) -> Any:
        """What stands under a name in an object, or in an array under that name."""
        if isinstance(value, Marked):
            self.count += 1
            return value
        if isinstance(value, str) and value:
            if _is_content(name, owner, within):
                return self._content(value)
            is_picture = within in _ADDRESSES or (within == "data" and _is_item(owner))
            is_expected = name in _ADDRESSES or (name == "url" and is_picture)
            if is_expected and _ADDRESS.match(value):
                self._check_address(value)
        return self(value, name)

    def _content(self, text: str) -> str:
        if (found := _DATA_URL.fullmatch(text)) is not None:
            return self._url(found)
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise AnswerRefused(
                "The answer holds content that is not Base64.", remedy="Mend the server."
            ) from error
        self.count += 1
        return base64.b64encode(self._mark(content)).decode()

    def _url(self, found: re.Match[str]) -> str:
        return found[1] + self._content(unquote(found[2]))

    def _check_address(self, value: str) -> None:
        if _DATA_URL.match(value) is None:
            raise AnswerRefused(
                "The answer points to a place instead of holding what was generated, so that it "
                "cannot be marked on its way.",
                remedy='Ask with response_format="b64_json", or mark files where they are stored.',
            )


def _is_item(owner: dict[str, Any]) -> bool:
    """Whether this is a picture or movie in `data`, to which hosts add members of their own."""
    return owner.keys() == {"url"} or "b64_json" in owner or "revised_prompt" in owner


def _is_content(name: str, owner: dict[str, Any], within: str) -> bool:
    kind = owner.get("type")
    if name in ("b64_json", "partial_image_b64"):
        return True
    if name == "result":
        return kind == "image_generation_call"
    if name in ("audio", "delta"):
        return isinstance(kind, str) and kind.endswith("audio.delta")
    if name == "audio_data":
        return _is_media(owner.get("media_type"))
    return name == "data" and (within == "audio" or any(_is_media(owner.get(t)) for t in _TYPES))


def _is_media(media_type: Any) -> bool:
    return isinstance(media_type, str) and media_type.startswith(("image/", "audio/", "video/"))
