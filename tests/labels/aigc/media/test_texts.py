"""The label in Markdown and HTML: every other byte stays."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from countermark.errors import LabelNotWritten
from countermark.labels import aigc

Put = Callable[[bytes], bytes]


@pytest.fixture
def put_markdown(tmp_path: Path, label: aigc.AigcLabel) -> Put:
    """The content of a text with the label."""
    return lambda content: _put(tmp_path / "text.md", content, label)


@pytest.fixture
def put_html(tmp_path: Path, label: aigc.AigcLabel) -> Put:
    """The content of a page with the label."""
    return lambda content: _put(tmp_path / "page.html", content, label)


def _put(path: Path, content: bytes, label: aigc.AigcLabel) -> bytes:
    path.write_bytes(content)
    aigc.write(path, path, label)
    assert [one.label for one in aigc.read(path).found] == [label]
    return path.read_bytes()


def found(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    return [one.carried.text for one in aigc.read(path).found]


def block(label: aigc.AigcLabel, newline: str = "\n") -> bytes:
    """The label in YAML."""
    lines = ["AIGC:", *(f"  {name}: {json.dumps(v)}" for name, v in label.members().items())]
    return "".join(line + newline for line in lines).encode()


BEFORE_AND_AFTER = {
    "no front matter": (b"# Sea\n", b"---\n@---\n# Sea\n"),
    "nothing": (b"", b"---\n@---\n"),
    "a byte order mark": (b"\xef\xbb\xbf# Sea\n", b"\xef\xbb\xbf---\n@---\n# Sea\n"),
    "other front matter": (
        b"---\ntitle: 'Sea'  # calm\n\n# more\nlist: [1,\n  2]\n---\n\ntext\n",
        b"---\ntitle: 'Sea'  # calm\n\n# more\nlist: [1,\n  2]\n@---\n\ntext\n",
    ),
    "empty front matter": (b"---\n---\ntext", b"---\n@---\ntext"),
    "front matter that ends with dots": (b"---\na: 1\n...\ntext", b"---\na: 1\n@...\ntext"),
    "a label amid others": (
        b"---\na: 1\nAIGC:\n  Label: '2'  # so\n  More:\n    - x\n\n# of b\nb: 2\n---\n",
        b"---\na: 1\n@\n# of b\nb: 2\n---\n",
    ),
    "a label in a line": (b"---\nAIGC: {Label: '1'} # so\nb: 2\n---\n", b"---\n@b: 2\n---\n"),
    "a label as JSON": (b'---\nb: 2\nAIGC: \'{"Label":"1"}\'\n---\n', b"---\nb: 2\n@---\n"),
    "a label in a block": (b"---\nAIGC: |\n  {}\nb: 2\n---\n", b"---\n@b: 2\n---\n"),
    "two labels": (b"---\nAIGC: x\nb: 2\naigc:\n- 1\n---\n", b"---\n@b: 2\n---\n"),
    "a line across": (b"---\n\nA rule, not more.\n", b"---\n@---\n---\n\nA rule, not more.\n"),
    "other encodings further down": (b"---\na: 1\n---\n\xff\xfe", b"---\na: 1\n@---\n\xff\xfe"),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("case", BEFORE_AND_AFTER)
def test_only_the_label_changes_in_markdown(
    case: str, newline: str, put_markdown: Put, label: aigc.AigcLabel
) -> None:
    before, after = (c.replace(b"\n", newline.encode()) for c in BEFORE_AND_AFTER[case])
    if b"\n" not in before:
        newline, after = "\n", after.replace(b"\r\n", b"\n")
    assert put_markdown(before) == after.replace(b"@", block(label, newline))


def test_front_matter_is_yaml(put_markdown: Put, label: aigc.AigcLabel) -> None:
    content = put_markdown(b"---\ntitle: Sea\n---\n# Sea\n").decode()
    front = yaml.safe_load(content.split("---\n")[1])
    assert front == {"title": "Sea", "AIGC": label.members()}


def test_labels_in_yaml_are_read_as_they_are(tmp_path: Path) -> None:
    content = b"---\nAIGC:\n  Label: 1\n  Label: '2'\n  When: 2026-01-02\n  No: null\n---\n"
    assert found(tmp_path / "a.md", content) == [
        '{"Label":1,"Label":"2","When":"2026-01-02","No":null}'
    ]


REFUSED = {
    "a mapping in a line": b"---\n{a: 1}\n---\n",
    "a list": b"---\n- a\n---\n",
    "broken YAML": b"---\na: [\n---\n",
    "TOML": b"+++\na = 1\n+++\n",
    "a key on two lines": b"---\n? AIGC\n: x\n---\n",
    "an alias": b"---\na: &a x\nAIGC: *a\n---\n",
    "an indented mapping": b"---\n  a: 1\n  AIGC: x\n---\n",
    "UTF-16": "---\na: 1\n---\n".encode("utf-16"),
    "too long": b"---\n" + b"# more\n" * 20_000 + b"---\n",
    "bad bytes": b"---\na: \xff\n---\n",
}


@pytest.mark.parametrize("case", REFUSED)
def test_front_matter_that_cannot_be_edited_is_refused(
    case: str, label: aigc.AigcLabel, tmp_path: Path
) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(REFUSED[case])
    with pytest.raises(LabelNotWritten):
        aigc.write(path, path, label)
    assert path.read_bytes() == REFUSED[case]
    assert aigc.read(path).verdict is not aigc.Verdict.NOT_FOUND


def test_aliases_of_aliases_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    content = "\n".join(["---", *lines, "AIGC: [*a29, *a29]", "---", ""]).encode()
    path = tmp_path / "a.md"
    path.write_bytes(content)
    assert aigc.read(path).verdict is aigc.Verdict.INCONCLUSIVE


HEAD = b"<!doctype html>\n<html><head><meta charset=utf-8>"
HTML = {
    "a whole page": (
        HEAD + b"<title>x</title>\n</head><body>",
        HEAD + b"<title>x</title>\n@</head><body>",
    ),
    "no end of the head": (HEAD + b"<title>x</title><body>", HEAD + b"@<title>x</title><body>"),
    "no head": (b"<html><body><p>x", b"<html>@<body><p>x"),
    "nothing but text": (b"The sea.", b"@The sea."),
    "a byte order mark": (b"\xef\xbb\xbf<p>x", b"\xef\xbb\xbf@<p>x"),
    "XHTML": (b"<?xml version='1.0'?>\n<p>x", b"<?xml version='1.0'?>@\n<p>x"),
    "scripts that speak of heads": (
        HEAD + b"<script>'</head>'</script><style>a>b{}</style></head>",
        HEAD + b"<script>'</head>'</script><style>a>b{}</style>@</head>",
    ),
    "a comment with a label": (
        HEAD + b"<!-- <meta name=AIGC content=x> --></head>",
        HEAD + b"<!-- <meta name=AIGC content=x> -->@</head>",
    ),
    "a label": (
        HEAD + b"<META content='{}' NAME='aigc'><title>x</title></head>",
        HEAD + b"@<title>x</title></head>",
    ),
    "two labels": (
        HEAD + b"<meta name=AIGC content=x>\n<meta name=AIGC content=y />\n</head>",
        HEAD + b"@\n\n</head>",
    ),
    "another encoding": (
        HEAD + b"</head><p>\xc9\xcf\xba\xa3",
        HEAD + b"@</head><p>\xc9\xcf\xba\xa3",
    ),
    "ends of lines": (b"<html>\r\n<head>\r\n</head>\r\n", b"<html>\r\n<head>\r\n@</head>\r\n"),
}


class _Metas(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self.found.append(dict(attrs))


@pytest.mark.parametrize("case", HTML)
def test_only_the_label_changes_in_html(case: str, put_html: Put, label: aigc.AigcLabel) -> None:
    before, after = HTML[case]
    content = put_html(before)
    start = after.index(b"@")
    assert content.startswith(after[:start])
    assert content.endswith(after[start + 1 :])
    element = content[start : len(content) - len(after) + start + 1].decode()
    assert _Metas(element).found == [{"name": "AIGC", "content": label.to_json()}]


def test_labels_in_html_are_read_as_they_are(tmp_path: Path) -> None:
    content = HEAD + "<meta name=AIGC content='{&quot;a&quot;:&#x6d77;海}'>".encode()
    path = tmp_path / "a.html"
    assert found(path, content.replace("海".encode(), b"")) == ['{"a":海}']
    assert found(path, HEAD + "<meta name=AIGC content='海'>".encode()) == ["海"]
    assert found(path, HEAD + b"<body><meta name=AIGC content='x'>") == []


@pytest.mark.parametrize(
    "part", [b"<", b"<!--", b"<![", b"<a ", b"<meta ", b"&", b"<?", b"</", b"<!"]
)
def test_hostile_pages_take_little_time(part: bytes, tmp_path: Path, label: aigc.AigcLabel) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(part * (1 << 18))
    start = time.process_time()
    aigc.read(path)
    assert time.process_time() - start < 5


def test_page_in_utf_16_is_refused(tmp_path: Path, label: aigc.AigcLabel) -> None:
    path = tmp_path / "a.html"
    path.write_bytes("<p>The sea".encode("utf-16"))
    with pytest.raises(LabelNotWritten):
        aigc.write(path, path, label)
    assert aigc.read(path).verdict is aigc.Verdict.INCONCLUSIVE
