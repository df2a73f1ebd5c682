"""ComfyUI's nodes, called as its executor calls them, give out marked pictures and signed files.

`execute` and `save_image_path` do what `execution.py` and `folder_paths.py` of ComfyUI 0.3 do with
nodes like these; ComfyUI itself is an application that cannot be installed.
"""

from __future__ import annotations

import inspect
import io
import json
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from countermark import Registry, TrustStatus, Verdict, clips, keys, tensors, verify, watermark
from countermark.credentials import Trust
from countermark.errors import (
    CountermarkError,
    HomeMissing,
    InvalidPixels,
    MarkLost,
    UnsupportedVideo,
)
from countermark.integrations import comfyui
from countermark.video import detect_video

MARK, SAVE = "CountermarkWatermark", "CountermarkSaveSigned"
MARK_VIDEO, SAVE_VIDEO = "CountermarkWatermarkVideo", "CountermarkSaveSignedVideo"
SAVE_SOUND = "CountermarkSaveSignedSound"


def execute(name: str, **inputs: Any) -> tuple[tuple[Any, ...], list[dict[str, str]]]:
    """The outputs of a node and what is shown of it in ComfyUI's interface."""
    node = comfyui.NODE_CLASS_MAPPINGS[name]
    stated = node.INPUT_TYPES()
    assert json.dumps(stated)  # as it goes to the browser
    for each, kind in stated["required"].items():
        if each not in inputs:  # what the interface fills in
            inputs[each] = kind[0][0] if isinstance(kind[0], list) else kind[1]["default"]
    assert inputs.keys() <= {**stated["required"], **stated.get("optional", {})}.keys()
    function = getattr(node(), node.FUNCTION)
    assert set(inspect.signature(function).parameters) == {
        *stated["required"],
        *stated.get("optional", {}),
    }
    returned = function(**inputs)
    if isinstance(returned, dict):
        assert node.OUTPUT_NODE
        shown = returned["ui"]
        return returned.get("result", ()), shown["audio" if "audio" in shown else "images"]
    assert isinstance(returned, tuple)
    assert len(returned) == len(node.RETURN_TYPES)
    return returned, []


def save_image_path(
    prefix: str, output: str, width: int = 0, height: int = 0
) -> tuple[str, str, int, str, str]:
    """Folder, name, first free number, folder within `output`, and the prefix."""
    prefix = prefix.replace("%width%", str(width)).replace("%height%", str(height))
    within, name = Path(prefix).parent, Path(prefix).name
    folder = Path(output) / within
    if not folder.resolve().is_relative_to(Path(output).resolve()):
        raise Exception("Saving image outside the output folder is not allowed.")
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [0]
    for file in folder.iterdir():
        before, number = file.name[: len(name)], file.name[len(name) + 1 :].split("_")[0]
        if before == name and number.isdigit():
            numbers.append(int(number))
    subfolder = "" if within == Path() else str(within)
    return str(folder), name, max(numbers) + 1, subfolder, prefix


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ComfyUI's folder of outputs."""
    folder = tmp_path / "output"
    folder.mkdir()
    module: Any = types.ModuleType("folder_paths")
    module.get_output_directory = lambda: str(folder)
    module.get_save_image_path = save_image_path
    monkeypatch.setitem(sys.modules, "folder_paths", module)
    return folder


@pytest.fixture(autouse=True)
def _served_by(home: keys.Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COUNTERMARK_CREATOR", "Ada Example")
    comfyui._opened.cache_clear()
    yield
    comfyui._opened.cache_clear()


@pytest.fixture(scope="session")
def images(photograph: Callable[..., Image.Image]) -> Any:
    """An IMAGE of two photographs: (2, 256, 384, 3), 0..1."""
    names = ("coffee", "rocket")
    both = [np.asarray(photograph(name, 512).crop((0, 0, 384, 256))) for name in names]
    return np.stack(both).astype(np.float32) / 255


def creators(images: Any, registry: Registry) -> list[str | None]:
    found = []
    for pixels in tensors.pixels(images, layout="BHWC", range="unit"):
        read = watermark.detect(pixels)
        assert read is not None
        entry = registry.find_payload(read.payload)
        assert entry is not None
        found.append(entry.record.creator)
    return found


def expect_signed(path: Path, registry: Registry, trust: Trust) -> None:
    report = verify(path, trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    assert report.record is not None
    assert report.record.creator == "Ada Example"
    with Image.open(path) as opened:
        assert watermark.detect(opened.convert("RGB")) is not None


def test_watermark(images: Any, registry: Registry) -> None:
    before = images.copy()
    (marked,), shown = execute(MARK, images=images)
    assert not shown
    assert (marked.dtype, marked.shape) == (images.dtype, images.shape)
    assert np.array_equal(images, before)
    assert creators(marked, registry) == ["Ada Example"] * 2


@pytest.mark.hosts
def test_tensors(images: Any, output: Path, registry: Registry, trust: Trust) -> None:
    import torch

    tensor = torch.from_numpy(images)
    (marked,), _ = execute(MARK, images=tensor)
    assert (marked.dtype, marked.shape) == (tensor.dtype, tensor.shape)
    assert creators(marked, registry) == ["Ada Example"] * 2
    _, shown = execute(SAVE, images=marked)
    for one in shown:
        expect_signed(output / one["filename"], registry, trust)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_save_signed(
    form: str, images: Any, output: Path, registry: Registry, trust: Trust
) -> None:
    _, shown = execute(SAVE, images=images, format=form)
    names = [f"countermark_{number:05}_.{form}" for number in (1, 2)]
    assert shown == [{"filename": each, "subfolder": "", "type": "output"} for each in names]
    assert sorted(each.name for each in output.iterdir()) == names
    for name in names:
        expect_signed(output / name, registry, trust)
        with Image.open(output / name) as opened:
            assert opened.format == form.upper()


def test_files_are_numbered_on(images: Any, output: Path) -> None:
    prefix = "art/%width%x%height%_%batch_num%"
    first = execute(SAVE, images=images, filename_prefix=prefix)[1]
    assert [one["filename"] for one in first] == ["384x256_0_00001_.png", "384x256_1_00002_.png"]
    assert {one["subfolder"] for one in first} == {"art"}
    assert {each.name for each in (output / "art").iterdir()} == {one["filename"] for one in first}
    plain = [execute(SAVE, images=images[:1])[1][0]["filename"] for _ in range(2)]
    assert plain == ["countermark_00001_.png", "countermark_00002_.png"]


def test_marked_pictures_keep_their_watermark(
    images: Any, output: Path, registry: Registry, trust: Trust
) -> None:
    (marked,), _ = execute(MARK, images=images, model="Example Model")
    _, shown = execute(SAVE, images=marked, model="Example Model")
    expected = tensors.pixels(marked, layout="BHWC", range="unit")
    for one, pixels in zip(shown, expected, strict=True):
        expect_signed(output / one["filename"], registry, trust)
        with Image.open(output / one["filename"]) as opened:
            assert np.array_equal(np.asarray(opened), pixels)
    with pytest.raises(MarkLost):
        execute(SAVE, images=marked, model="Another Model")


def test_the_model_is_stated(images: Any, output: Path, registry: Registry, trust: Trust) -> None:
    (one,) = execute(SAVE, images=images[:1], model="Example Model")[1]
    report = verify(output / one["filename"], trust=trust, registry=registry)
    assert report.record is not None
    assert report.record.system is not None
    assert report.record.system.name == "Example Model"


def test_registry_is_checked_once_for_all_models(images: Any, registry: Registry) -> None:
    for model in ("", "A", "B"):
        execute(MARK, images=images[:1], model=model)
    assert len(list(registry.all_entries())) == 1 + 3


def test_a_fault_at_any_step_keeps_pictures_in(
    images: Any, break_pixels: Callable[[], None], fault: tuple[type[Exception], ...]
) -> None:
    execute(MARK, images=images)
    break_pixels()
    with pytest.raises(fault):
        execute(MARK, images=images)


def test_a_fault_at_any_step_leaves_no_file(
    images: Any,
    output: Path,
    break_file: Callable[[], None],
    fault: tuple[type[Exception], ...],
) -> None:
    execute(MARK, images=images[:1])
    break_file()
    with pytest.raises(fault):
        execute(SAVE, images=images)
    assert not list(output.iterdir())


def test_a_full_disk_leaves_no_part_of_a_file(
    images: Any, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    execute(MARK, images=images[:1])
    monkeypatch.setattr("countermark.files._sync", full)
    with pytest.raises(CountermarkError):
        execute(SAVE, images=images)
    assert not list(output.iterdir())


def test_one_picture_that_cannot_be_marked_keeps_all_in(images: Any, output: Path) -> None:
    broken = images.copy()
    broken[1, 0, 0] = np.inf
    with pytest.raises(InvalidPixels):
        execute(MARK, images=broken)
    with pytest.raises(InvalidPixels):
        execute(SAVE, images=broken)
    assert not list(output.iterdir())


def test_outside_of_the_folder_of_outputs(images: Any, output: Path) -> None:
    with pytest.raises(Exception, match="not allowed"):
        execute(SAVE, images=images[:1], filename_prefix="../elsewhere")
    assert [each.name for each in output.parent.iterdir() if each.suffix == ".png"] == []


def test_without_keys_nothing_is_given_out(
    images: Any, output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERMARK_HOME", str(tmp_path / "nowhere"))
    for name in (MARK, SAVE):
        with pytest.raises(HomeMissing):
            execute(name, images=images)
    assert not list(output.iterdir())


def test_transparent_pictures(images: Any, output: Path, registry: Registry, trust: Trust) -> None:
    alpha = np.ones((*images.shape[:3], 1), np.float32)
    clear = np.concatenate([images, alpha], 3)
    (one, _) = execute(SAVE, images=clear)[1]
    expect_signed(output / one["filename"], registry, trust)
    content = io.BytesIO((output / one["filename"]).read_bytes())
    assert Image.open(content).mode == "RGBA"


@dataclass
class Video:
    """A VIDEO, of frames of shape (n, h, w, c), that encodes them as ComfyUI's does."""

    images: Any
    fps: int

    def get_dimensions(self) -> tuple[int, int]:
        return self.images.shape[2], self.images.shape[1]

    def save_to(self, path: str) -> None:
        with av.open(path, "w") as container:
            stream = container.add_stream("h264", rate=self.fps)
            stream.width, stream.height = self.get_dimensions()
            stream.pix_fmt = "yuv420p"
            for image in self.images:
                pixels = (image * 255).clip(0, 255).astype(np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
            container.mux(stream.encode())


@pytest.fixture(scope="session")
def moving(photograph: Callable[..., Image.Image]) -> Any:
    """An IMAGE of two seconds of a moving photograph: (20, 256, 384, 3), 0..1."""
    still = np.asarray(photograph("coffee", 512))
    return np.stack([still[:256, at : at + 384] for at in range(0, 60, 3)]).astype(np.float32) / 255


@pytest.mark.parametrize("is_marked_before", [False, True])
def test_save_signed_video(
    is_marked_before: bool, moving: Any, output: Path, registry: Registry, trust: Trust
) -> None:
    if is_marked_before:
        before = moving.copy()
        (marked,), _ = execute(MARK_VIDEO, images=moving, fps=10.0, model="Example Model")
        assert (marked.dtype, marked.shape) == (moving.dtype, moving.shape)
        assert np.array_equal(moving, before)
        moving = marked
    (one,) = execute(SAVE_VIDEO, video=Video(moving, 10), model="Example Model")[1]
    assert one == {"filename": "countermark_00001_.mp4", "subfolder": "video", "type": "output"}
    path = output / "video" / one["filename"]
    report = verify(path, trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    found = detect_video(path)
    assert found is not None
    assert len(registry.manifests.all_of(found.payload)) == 1 + is_marked_before
    if is_marked_before:
        with pytest.raises(MarkLost):
            execute(SAVE_VIDEO, video=Video(moving, 10), model="Another Model")


@pytest.mark.hosts
def test_save_signed_sound(tune: Path, output: Path, registry: Registry, trust: Trust) -> None:
    import torch

    samples = np.fromfile(tune, "<f4").reshape(-1, 2)
    wave = torch.from_numpy(np.ascontiguousarray(samples.T))[None]
    (one,) = execute(SAVE_SOUND, audio={"waveform": wave, "sample_rate": 44_100})[1]
    assert one == {"filename": "countermark_00001_.wav", "subfolder": "audio", "type": "output"}
    path = output / "audio" / one["filename"]
    report = verify(path, trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    with path.open("rb") as file:
        (found,) = clips.watermarks(file, "audio/wav")
    assert registry.find_payload(found.payload) is not None


def test_a_fault_at_any_step_keeps_frames_in(
    moving: Any, break_frames: Callable[[], None], fault: tuple[type[Exception], ...]
) -> None:
    execute(MARK, images=moving[:1])
    break_frames()
    with pytest.raises(fault):
        execute(MARK_VIDEO, images=moving, fps=10.0)


def test_a_video_that_cannot_be_marked_leaves_no_file(
    output: Path, moving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(MARK, images=moving[:1])
    with pytest.raises(UnsupportedVideo):
        execute(SAVE_VIDEO, video=Video(moving[:, :64, :64], 10))
    monkeypatch.setattr(Video, "save_to", lambda _self, path: Path(path).write_bytes(b"nothing"))
    with pytest.raises(CountermarkError):
        execute(SAVE_VIDEO, video=Video(moving, 10))
    assert not [each for each in output.rglob("*") if each.is_file()]
