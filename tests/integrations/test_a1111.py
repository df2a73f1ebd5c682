"""The web UI's callbacks: no unmarked picture is saved or shown, whatever fails.

`WebUi` does with a picture what `modules/script_callbacks.py` and `modules/images.py` of
stable-diffusion-webui 1.10 do; the web UI itself is an application that cannot be installed.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import Registry, TrustStatus, Verdict, verify, watermark
from countermark.credentials import Trust
from countermark.errors import RegistryError
from countermark.integrations import Marker, a1111
from countermark.marking import pixels

Callback = Callable[[Any], None]


@dataclass
class WebUi:
    """What the extension sees of it. `look`: is told of the folder after each step."""

    folder: Path
    before: list[Callback] = field(default_factory=list)
    after: list[Callback] = field(default_factory=list)
    reported: list[Exception] = field(default_factory=list)
    look: Callable[[Path], None] = lambda path: None

    def save(self, image: Image.Image, name: str = "00001", form: str = "png") -> Path:
        """Where it was saved; the one that is shown is `image` itself."""
        params = types.SimpleNamespace(
            image=image, p=None, filename=str(self.folder / f"{name}.{form}"), pnginfo={}
        )
        self._call(self.before, params)
        path = Path(params.filename)
        draft = path.with_suffix(".tmp")
        options = {"quality": 80} if form in ("jpg", "webp") else {}
        saved = params.image.convert("RGB") if form == "jpg" else params.image
        saved.save(draft, "JPEG" if form == "jpg" else form.upper(), **options)
        self.look(draft)
        draft.replace(path)
        params.image.already_saved_as = str(path)
        self._call(self.after, params)
        self.look(path)
        return path

    def _call(self, callbacks: list[Callback], params: Any) -> None:
        for each in callbacks:
            try:
                each(params)
            except Exception as error:  # as the web UI does
                self.reported.append(error)


@pytest.fixture
def web_ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebUi:
    folder = tmp_path / "outputs"
    folder.mkdir()
    made = WebUi(folder)
    callbacks: Any = types.ModuleType("modules.script_callbacks")
    callbacks.on_before_image_saved = made.before.append
    callbacks.on_image_saved = made.after.append
    package: Any = types.ModuleType("modules")
    package.script_callbacks = callbacks
    monkeypatch.setitem(sys.modules, "modules", package)
    monkeypatch.setitem(sys.modules, "modules.script_callbacks", callbacks)
    return made


@pytest.fixture
def picture(photograph: Callable[..., Image.Image]) -> Image.Image:
    return photograph("coffee", 384)


def is_black(image: Image.Image) -> bool:
    """But for the words in it, which start at the upper left."""
    lower = np.asarray(image.convert("L"))[64:]
    return int(lower.max()) < 24


def is_marked(path: Path, registry: Registry) -> bool:
    with Image.open(path) as opened:
        found = watermark.detect(opened.convert("RGB"))
    return found is not None and registry.find_payload(found.payload) is not None


def expect_signed(path: Path, registry: Registry, trust: Trust) -> None:
    report = verify(path, trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert report.record is not None
    assert report.record.creator == "Ada Example"
    assert is_marked(path, registry)


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_saved_pictures_are_marked_and_signed(
    form: str, web_ui: WebUi, marker: Marker, picture: Image.Image, registry: Registry, trust: Trust
) -> None:
    a1111.register(marker)
    seen = []
    web_ui.look = lambda path: seen.append(is_marked(path, registry))
    path = web_ui.save(picture, form=form)
    expect_signed(path, registry, trust)
    assert seen == [True, True]
    assert not web_ui.reported
    assert list(web_ui.folder.iterdir()) == [path]


def test_the_picture_that_is_shown_is_marked(
    web_ui: WebUi, marker: Marker, picture: Image.Image, registry: Registry
) -> None:
    a1111.register(marker)
    path = web_ui.save(picture)
    found = watermark.detect(picture)
    assert found is not None
    assert registry.find_payload(found.payload) is not None
    assert picture.already_saved_as == str(path)  # type: ignore[attr-defined]  # by the web UI
    with Image.open(path) as opened:
        assert np.array_equal(np.asarray(opened), np.asarray(picture))


def test_what_is_marked_is_not_marked_again(
    web_ui: WebUi, marker: Marker, picture: Image.Image, registry: Registry, trust: Trust
) -> None:
    a1111.register(marker)
    web_ui.save(picture)
    before = picture.copy()
    path = web_ui.save(picture, "by the button Save")
    assert np.array_equal(np.asarray(before), np.asarray(picture))
    expect_signed(path, registry, trust)


def test_grid_of_marked_pictures(
    web_ui: WebUi,
    marker: Marker,
    photograph: Callable[..., Image.Image],
    registry: Registry,
    trust: Trust,
) -> None:
    a1111.register(marker)
    pictures = [photograph(name, 384).crop((0, 0, 384, 200)) for name in ("coffee", "rocket")]
    grid = Image.new("RGB", (768, 200))
    for at, each in enumerate(pictures):
        web_ui.save(each, f"0000{at}")
        grid.paste(each, (384 * at, 0))
    path = web_ui.save(grid, "grid-0000")
    expect_signed(path, registry, trust)
    assert not is_black(grid)


@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_other_modes(
    mode: str, web_ui: WebUi, marker: Marker, picture: Image.Image, registry: Registry, trust: Trust
) -> None:
    a1111.register(marker)
    expect_signed(web_ui.save(picture.convert(mode)), registry, trust)


@pytest.mark.parametrize("mode", ["P", "CMYK", "F"])
def test_a_mode_that_carries_no_mark(
    mode: str, web_ui: WebUi, marker: Marker, picture: Image.Image
) -> None:
    a1111.register(marker)
    given = picture.convert(mode)
    path = web_ui.save(given, form="tiff")
    for left in (given, Image.open(path)):
        assert is_black(left.convert("RGB")) or mode == "CMYK"
        lower = np.asarray(left.convert("RGB"))[64:]
        assert int(lower.std()) < 4


def test_memory_that_lacks_for_the_words_too(
    web_ui: WebUi, marker: Marker, picture: Image.Image, breaking: Callable[[Any, str], None]
) -> None:
    a1111.register(marker)
    breaking(watermark, "detect")
    breaking(a1111.ImageDraw, "Draw")
    path = web_ui.save(picture)
    assert not np.asarray(picture).any()
    assert not path.exists()
    assert len(web_ui.reported) == 2


def test_a_fault_at_any_step_of_marking_leaves_a_black_picture(
    web_ui: WebUi, marker: Marker, picture: Image.Image, break_pixels: Callable[[], None]
) -> None:
    a1111.register(marker)
    seen = []

    def look(path: Path) -> None:
        with Image.open(path) as opened:
            seen.append(is_black(opened))

    web_ui.look = look
    break_pixels()
    web_ui.save(picture)
    assert seen == [True, True]
    assert is_black(picture)


def test_a_fault_at_any_step_of_signing_leaves_no_picture(
    web_ui: WebUi,
    marker: Marker,
    picture: Image.Image,
    registry: Registry,
    break_file: Callable[[], None],
) -> None:
    a1111.register(marker)
    web_ui.after.insert(0, lambda params: break_file())

    def look(path: Path) -> None:
        if path.suffix == ".tmp":  # between the two callbacks
            assert is_marked(path, registry)

    web_ui.look = look
    path = web_ui.save(picture)
    with Image.open(path) as opened:
        assert is_black(opened) or is_signed(path)
    assert list(web_ui.folder.iterdir()) == [path]


def is_signed(path: Path) -> bool:
    return b"c2pa" in path.read_bytes()


def test_what_another_extension_changes_after_marking_is_marked_again(
    web_ui: WebUi, marker: Marker, picture: Image.Image, registry: Registry, trust: Trust
) -> None:
    def replaced(params: Any) -> None:
        params.image = Image.effect_mandelbrot((384, 256), (-2, -1, 1, 1), 100).convert("RGB")

    a1111.register(marker)
    web_ui.before.append(replaced)
    expect_signed(web_ui.save(picture), registry, trust)


def test_a_disk_that_is_full_keeps_nothing_unsigned(
    web_ui: WebUi, marker: Marker, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    a1111.register(marker)

    def on_a_full_disk(params: Any) -> None:
        monkeypatch.setattr("countermark.files._sync", full)
        monkeypatch.setattr(Image.Image, "save", full)

    web_ui.after.insert(0, on_a_full_disk)
    web_ui.save(picture)
    assert not list(web_ui.folder.iterdir())


def test_an_extension_that_cannot_mark_does_not_load(
    web_ui: WebUi, marker: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RegistryError("The disk is full.", remedy="Make room.")

    monkeypatch.setattr(pixels.Registry, "adding", fail)
    with pytest.raises(RegistryError):
        a1111.register(marker)
    assert not web_ui.before
    assert not web_ui.after
