"""The pages of docs/integrations do what they say when they are pasted."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from countermark import Registry, Verdict, keys, verify, watermark
from countermark.cli import app
from countermark.credentials import Trust

FOLDER = Path(__file__).parents[2] / "docs/integrations"
PAGES = sorted(FOLDER.glob("*.md"))


def blocks(page: str, language: str = "python") -> list[str]:
    text = (FOLDER / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def pasted(page: str) -> dict[str, Any]:
    (block,) = blocks(page)
    names: dict[str, Any] = {}
    exec(compile(block, page, "exec"), names)
    return names


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_to_files(page: Path) -> None:
    for link in re.findall(r"\]\((?!https:)([^)#]+)", page.read_text("utf-8")):
        assert (FOLDER / link).exists(), link


def test_costs_are_the_measured_ones() -> None:
    results = (FOLDER.parents[1] / "bench/results/answers.md").read_text("utf-8")
    tables = re.findall(r"(?:^\|.*\|\n)+", (FOLDER / "index.md").read_text("utf-8"), re.MULTILINE)
    assert sum(table in results for table in tables) == 1


def test_marker(home: keys.Home, registry: Registry) -> None:
    pasted("index.md")
    (entry,) = registry.all_entries()
    assert entry.record.creator == "Example Ltd"


def test_arrays(home: keys.Home, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    pasted("arrays.md")
    for line in capsys.readouterr().out.splitlines():
        assert registry.find_payload(int(line, 16)) is not None


def test_servers(home: keys.Home, trust: Trust, photo: Path, tmp_path: Path) -> None:
    marking = pasted("servers.md")["Marking"]

    async def speak(request: Any) -> Response:
        return Response(photo.read_bytes(), media_type="image/jpeg")

    served = Starlette(routes=[Route("/", speak)])
    served.add_middleware(marking)

    async def ask() -> bytes:
        transport = httpx.ASGITransport(app=served)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return (await client.get("/")).content

    copy = tmp_path / "copy.jpg"
    copy.write_bytes(asyncio.run(ask()))
    assert verify(copy, trust=trust).verdict is Verdict.INTACT


def test_comfyui(monkeypatch: pytest.MonkeyPatch) -> None:
    (shell,) = blocks("comfyui.md", "sh")
    for line in shell.splitlines():
        program, *arguments = shlex.split(line)
        if program == "countermark":
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, result.output
    names = pasted("comfyui.md")
    assert names["NODE_CLASS_MAPPINGS"].keys() == names["NODE_DISPLAY_NAME_MAPPINGS"].keys()


def test_a1111(home: keys.Home, monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[Any] = []
    callbacks: Any = types.ModuleType("modules.script_callbacks")
    callbacks.on_before_image_saved = callbacks.on_image_saved = registered.append
    package: Any = types.ModuleType("modules")
    package.script_callbacks = callbacks
    monkeypatch.setitem(sys.modules, "modules", package)
    pasted("a1111.md")
    assert len(registered) == 2


@pytest.mark.hosts
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_diffusers(
    home: keys.Home, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    from tests.integrations.test_diffusers import SIDE, bare, flux

    case, _ = bare(flux)

    class Prompted(type(case.pipe)):  # type: ignore[misc]  # a model that has no reader of prompts
        def __call__(self, prompt: str) -> Any:
            return super().__call__(height=SIDE, width=SIDE, num_inference_steps=1, **case.options)

    monkeypatch.setattr(case.pipe, "__class__", Prompted)
    monkeypatch.setattr(diffusers.DiffusionPipeline, "from_pretrained", lambda name: case.pipe)
    monkeypatch.setattr(case.pipe, "image_processor", case.pipe.image_processor)
    monkeypatch.chdir(tmp_path)
    pasted("diffusers.md")
    found = watermark.detect(Image.open("cup.png"))
    assert found is not None
    assert registry.find_payload(found.payload) is not None


@pytest.mark.hosts
def test_transformers(
    home: keys.Home, tune: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import transformers

    def pipeline(task: str, model: str) -> Callable[[str], dict[str, Any]]:
        sound = np.fromfile(tune, "<f4")[::2]
        return lambda text: {"audio": sound, "sampling_rate": 44_100}

    monkeypatch.setattr(transformers, "pipeline", pipeline)
    pasted("transformers.md")
    assert capsys.readouterr().out == "(529200,) 44100\n"
