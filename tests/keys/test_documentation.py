"""docs/keys.md and docs/keys-stores.md do what they say, from top to bottom."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from countermark import keys
from countermark.credentials import Trust, read
from countermark.keys.settings import SETTINGS, read_settings

DOCUMENT = Path(__file__).parents[2] / "docs/keys.md"
TIME_SERVER = "http://time.example/tsa"
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
SERVERS = ("EstIssuer(", "TimestampAuthority(")  # run where the tests of these have servers
MARKED = [
    "marked.jpg",
    "marked-by-hsm.jpg",
    "signed-by-keyring.jpg",
    "marked-once.jpg",
    "stamped.jpg",
]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A keyring in a file."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setenv("KEYRING_PROPERTY_FILE_PATH", os.fspath(tmp_path / "keyring.cfg"))
    monkeypatch.setenv("XDG_DATA_HOME", os.fspath(tmp_path / "data"))


@pytest.mark.usefixtures("environment")
def test_examples_run_one_after_the_other(
    tmp_path: Path, photo: Path, home: Any, softhsm: Any, examples: list[str]
) -> None:
    """In a process of their own: they log in to a token, and use a keyring."""
    softhsm.make_token("cameras", "1234")
    local = [block for block in examples if not any(name in block for name in SERVERS)]
    assert len(local) == len(examples) - len(SERVERS) == 8
    code = "".join(local).replace(LIBRARY, softhsm.library)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=photo.parent,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == ["False True", "6 False"]
    for name in (
        "marked-as-configured.jpg",
        "marked.jpg",
        "marked-by-kms.jpg",
        "marked-0.jpg",
        "marked-1.jpg",
    ):
        assert (tmp_path / name).stat().st_size > photo.stat().st_size // 2


def blocks() -> list[tuple[str, str]]:
    text = DOCUMENT.read_text(encoding="utf-8")
    return re.findall(r"^ *```(\w+)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)


def script(library: str, time_server: str) -> str:
    """The page as a script of bash, in which each command leaves its exit code."""
    lines = [
        'countermark() { command countermark "$@"; local code=$?; '
        'echo "$code $1 ${2-}" >> codes; return $code; }',
    ]
    for language, text in blocks():
        if language == "sh":
            lines.append(text.replace("0123456789abcdef", "$(cat oldest)"))
        elif language == "python":
            lines.append(f"python - <<'PYTHON'\n{text}PYTHON\n")
        elif "[est]" not in text:
            lines.append(f"cat > \"$COUNTERMARK_HOME/{SETTINGS}\" <<'TOML'\n{text}TOML\n")
        lines.append("command countermark keys list | head -1 | cut -c1-16 > oldest")
    return "\n".join(lines).replace(LIBRARY, library).replace(TIME_SERVER, time_server)


@pytest.mark.usefixtures("environment")
def test_page_runs_from_zero_to_a_production_chain_and_to_other_stores(
    tmp_path: Path,
    photo: Path,
    softhsm: Any,
    time_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    warm: Path,
) -> None:
    monkeypatch.setenv("PATH", f"{warm}{os.pathsep}{os.environ['PATH']}")
    (photo.parent / "my-time-root.pem").write_bytes(time_server.root)
    assert {language for language, _ in blocks()} == {"sh", "python", "toml"}
    run = subprocess.run(
        ["bash", "-c", script(softhsm.library, time_server.url)],
        cwd=photo.parent,
        capture_output=True,
        text=True,
        timeout=580,
    )
    codes = [line.split(" ", 1) for line in (tmp_path / "codes").read_text().splitlines()]
    assert len(codes) > 25
    wrong = [command for code, command in codes if code != ("1" if "lint" in command else "0")]
    assert wrong == [], run.stderr
    said = [line for line in run.stderr.splitlines() if not line.startswith("Note:")]
    assert said == []
    trust = Trust.from_file(keys.open_home().trust_path)
    for name in MARKED:
        manifest = read(tmp_path / name, "image/jpeg", trust=trust)
        assert manifest is not None
        assert (manifest.failures, manifest.trust.value) == ((), "trusted"), name


def test_settings_for_a_server_are_understood(tmp_path: Path) -> None:
    (text,) = (text for _, text in blocks() if "[est]" in text)
    for shown in (text, text.replace("# client_certificate", "client_certificate")):
        (tmp_path / SETTINGS).write_text(shown)
        assert read_settings(tmp_path)
