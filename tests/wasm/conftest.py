"""The module of WebAssembly as `.ci/run wasm` builds it, in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

REPOSITORY: Final = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the npm package."""
    folder = REPOSITORY / "build/wasm/package"
    assert (folder / "countermark.wasm").is_file(), "build it by .ci/run wasm"
    return folder


@pytest.fixture(scope="session")
def node() -> str:
    """The command."""
    found = shutil.which("node")
    assert found, "install nodejs"
    return found


@pytest.fixture
def core(node: str, package: Path, tmp_path: Path) -> Callable[..., Any]:
    """Does something with a picture in node; a marked picture, or what was found."""

    def run(verb: str, picture: Image.Image, **asked: Any) -> Any:
        pixels, out = tmp_path / "pixels", tmp_path / "out"
        pixels.write_bytes(picture.convert("RGBA").tobytes())
        width, height = picture.size
        names = {"pixels": str(pixels), "out": str(out), "width": width, "height": height}
        command = [node, Path(__file__).with_name("core.mjs"), package]
        done = subprocess.run(
            [*command, json.dumps({"verb": verb, **names, **asked})],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if verb == "embed":
            return Image.frombytes("RGBA", picture.size, out.read_bytes())
        return json.loads(done.stdout)

    return run
