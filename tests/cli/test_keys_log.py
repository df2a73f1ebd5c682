"""`countermark keys log`: what the keys of a home were used for, as its user sees it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from countermark import keys

Run = Callable[..., subprocess.CompletedProcess[str]]
DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='9'/></svg>"


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def log(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in good(run("keys", "log", "--json")).splitlines()]


def test_every_command_that_signs_leaves_its_lines(run: Run, photo: Path, tmp_path: Path) -> None:
    assert "countermark init" in run("keys", "log").stderr
    good(run("init"))
    home = keys.open_home()
    assert good(run("keys", "log")) == ""
    assert not home.registry_path.exists()  # init has nothing to write to yet
    (tmp_path / "drawing.svg").write_text(DRAWING)
    good(run("mark", photo, "--out", "marked.jpg", "--creator", "Ada Example"))
    signed = json.loads(good(run("sign", "drawing.svg", "--out", "signed.svg", "--json")))
    good(run("keys", "rotate", "--algorithm", "ed25519"))
    good(run("keys", "csr", "--organisation", "Ltd", "--name", "App", "--country", "SE"))
    first, second = keys.list_keys(home)
    good(run("keys", "revoke", first.id, "--reason", "superseded"))
    good(run("keys", "crl"))
    good(run("sign", "drawing.svg", "--out", "signed.svg"))
    (request,) = keys.list_requests(home)
    (folder,) = home.authority_folders
    assert [(line["purpose"], line["key_sha256"][:16], line["algorithm"]) for line in log(run)] == [
        ("claim", first.id, "es256"),
        ("claim", first.id, "es256"),
        ("certificate", folder.name, "es256"),
        ("certificate-request", request.id, "es256"),
        ("revocation-list", folder.name, "es256"),
        ("revocation-list", folder.name, "es256"),
        ("claim", second.id, "ed25519"),
    ]
    assert log(run)[1]["manifest"] == signed["manifest"]
    assert {line["outcome"] for line in log(run)} == {"signed"}
    for line in good(run("keys", "log")).splitlines():
        assert re.fullmatch(
            r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  [a-z-]+ +[0-9a-f]{16}  e[a-z0-9]+ +signed  "
            r"(urn:c2pa:[0-9a-f-]{36}|-)",
            line,
        ), line
    everything = good(run("keys", "log")) + good(run("keys", "log", "--json"))
    for private in ("Ada", "photo", "drawing", str(tmp_path)):
        assert private not in everything


def test_signature_of_which_nothing_came_has_its_line(run: Run, home: keys.Home) -> None:
    """The disk takes no signed file, but it takes a line."""
    folder = home.folder.parent
    (folder / "drawing.svg").write_text(DRAWING)
    script = (
        "from pathlib import Path; import countermark.cli as cli, sys\n"
        "def refuse(*_): raise OSError(28, 'No space left on device')\n"
        "Path.replace = refuse\n"
        "sys.argv[1:] = ['sign', 'drawing.svg', '--out', 'signed.svg']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done
    assert "No space left" in done.stderr
    assert not (folder / "signed.svg").exists()
    (line,) = log(run)
    assert (line["outcome"], line["key_sha256"][:16]) == ("signed", keys.list_keys(home)[0].id)


def test_command_that_cannot_write_the_log_signs_nothing(
    run: Run, tmp_path: Path, home: keys.Home
) -> None:
    (tmp_path / "drawing.svg").write_text(DRAWING)
    home.registry_path.write_bytes(b"not a registry" * 100)
    for command in (
        ("sign", "drawing.svg", "--out", "signed.svg"),
        ("keys", "rotate"),
        ("keys", "crl"),
        ("keys", "log"),
    ):
        refused = run(*command)
        assert refused.returncode == 3
        assert "registry" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "signed.svg").exists()
    assert len(keys.list_keys(home)) == 1
    assert home.revocation_list_paths == ()
