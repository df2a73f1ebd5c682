"""Settings, tokens, and what is said when the extra is missing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import InvalidArgument
from countermark.service import Settings
from countermark.service.guard import Rates
from countermark.service.tokens import Tokens

DIGEST = hashlib.sha256(b"token").hexdigest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65536},
        {"workers": 0},
        {"queue": -1},
        {"requests_per_second": -1},
        {"job_seconds": 0},
        {"clip_seconds": 0},
        {"max_clip_bytes": 0},
        {"max_bytes_on_disk": -1},
        {"max_pixels": 0},
        {"public_url": "credentials.example"},
        {"filing_number": "Filing 1"},
        {"filing_url": "https://filings.example/1"},
        {"filing_number": "Filing 1", "filing_url": "filings.example"},
        {"public_url": "ftp://credentials.example"},
        {"public_url": "https://credentials.example/?x"},
    ],
)
def test_unusable_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Settings(**wrong)


def test_names_that_are_answered() -> None:
    assert "localhost" in Settings().allowed_hosts
    assert Settings(host="0.0.0.0").allowed_hosts == frozenset()
    public = Settings(host="0.0.0.0", public_url="https://credentials.example")
    assert public.allowed_hosts > {"credentials.example", "127.0.0.1"}


@pytest.mark.parametrize(
    "text",
    ["token mark:pictures", DIGEST, f"{DIGEST} everything", f"{DIGEST[:-1]} mark:pictures"],
)
def test_unusable_token_files_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="a line a token") as error:
        Tokens.parse(f"# comment\n\n{text}")
    assert "Line 3" in str(error.value)
    assert "token" not in str(error.value).partition("Line 3 of the tokens")[2].partition(".")[0]


def test_token_on_two_lines_has_both_scopes_and_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{DIGEST} mark:pictures\n{DIGEST} fetch:manifests # and this\n")
    tokens = Tokens.load(path)
    assert tokens.scopes("Bearer token") == {"mark:pictures", "fetch:manifests"}
    assert tokens.grants("mark:pictures")
    assert not tokens.grants("store:manifests")
    assert DIGEST not in repr(tokens)
    assert Tokens.load(None).scopes("Bearer token") is None


def test_addresses_of_one_network_are_one_client() -> None:
    rates = Rates(1)
    assert rates.wait("2001:db8::1", cost=10) == 0
    assert rates.wait("2001:db8::ffff", cost=1) > 0
    assert rates.wait("2001:db8:0:1::1", cost=10) == 0
    for number in range(30_000):  # whoever has many addresses does not fill the memory
        rates.wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", cost=1)
    assert len(rates._buckets) <= 10_000


def test_missing_package_is_named_with_its_extra() -> None:
    """In a process of its own: elsewhere the package may have been imported before."""
    code = (
        "import sys\n"
        "sys.modules['uvicorn'] = None\n"
        "from countermark.errors import MissingExtra\n"
        "from countermark.service import Settings, serve\n"
        "try:\n    serve(Settings())\nexcept MissingExtra as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "countermark[service]" in run.stdout


def test_command_line_does_without_it_until_it_serves() -> None:
    code = (
        "import sys, countermark.cli\n"
        "print(*[n for n in ('fastapi', 'uvicorn', 'prometheus_client') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == ""
