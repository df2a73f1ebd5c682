"""The module of WebAssembly for the page: served where it is, and not spoken of where it is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from countermark import keys
from countermark.service import Settings, app

OFFERED = '<meta name="core" content="page/core/">'


@pytest.mark.parametrize("is_here", [True, False])
def test_page_offers_what_is_here(
    home: keys.Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_here: bool
) -> None:
    assert home
    monkeypatch.setattr(app, "_CORE", tmp_path)
    if is_here:
        (tmp_path / "countermark.wasm").write_bytes(b"\0asm\1\0\0\0")
    page, module = asyncio.run(answers("/", "/page/core/countermark.wasm"))
    assert (OFFERED in page.text) == is_here
    assert "wasm" not in page.headers["content-security-policy"]
    if is_here:
        assert module.headers["content-type"] == "application/wasm"
        assert module.headers.get_list("content-security-policy") == [app.WITH_WEBASSEMBLY]


async def answers(*paths: str) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app.create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [await client.get(path) for path in paths]
