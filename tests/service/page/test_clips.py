"""What the page says of sounds and movies."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import audio, keys, mark
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.video import mark_video

RATE = 22_050


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def tune(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    at = np.arange(RATE // 4) / RATE
    chords = 110 * 2 ** (random.integers(0, 36, (32, 3)) / 12)
    parts = [(np.outer(tones, at) % 1 - 0.5).sum(axis=0) for tones in chords]
    return 0.2 * np.concatenate(parts)


def wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def clips(
    page_home: keys.Home,
    tmp_path_factory: pytest.TempPathFactory,
    photograph: Callable[..., Image.Image],
) -> dict[str, bytes]:
    """Sounds and movies, by what the page shall say about them."""
    folder = tmp_path_factory.mktemp("clips")
    film, plain = folder / "film.mp4", folder / "plain.mp4"
    photograph("coffee", 640).save(folder / "shown.png")
    sound = wav(folder / "tune.wav", tune(1))
    camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):(ih-240)*(0.5+0.5*cos(t/3)),fps=6"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 16, "-c:a", "aac")
    shown = ("-loop", 1, "-r", 6, "-t", 6, "-i", folder / "shown.png")
    ffmpeg(*shown, "-i", sound, "-vf", camera, *coding, "-shortest", plain)
    record = Record(source=DigitalSource.CAPTURED, title="A film", creator="Rachel Michetti")
    with Registry.open(page_home.registry_path) as registry:
        for source, out in ((plain, film), (sound, folder / "marked.wav")):
            mark(source, out, record=record, signer=page_home.signer(), registry=registry)
    bare = ("-map_metadata", -1)
    ffmpeg("-i", film, *bare, "-c", "copy", folder / "bare.mkv")
    other = wav(folder / "other.wav", audio.embed(tune(2), RATE, 0xB2))
    maps = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac")
    ffmpeg("-i", film, "-i", other, *maps, *bare, folder / "mixed.mp4")
    mark_video(plain, folder / "strange.mp4", 0xC3)
    wav(folder / "nothing.wav", tune(4))
    names = {
        "film": film.name,
        "sound": "marked.wav",
        "bare": "bare.mkv",
        "mixed": "mixed.mp4",
        "strange": "strange.mp4",
        "nothing": "nothing.wav",
    }
    return {name: (folder / file).read_bytes() for name, file in names.items()}


@pytest.mark.parametrize(
    ("kind", "headline", "tone"),
    [
        ("film", "Unchanged since Example News signed it", "shown"),
        ("sound", "Unchanged since Example News signed it", "shown"),
        ("bare", "Its lost credentials were found again: signed by Example News", "shown"),
        ("mixed", "Its pictures or its sound belong to other credentials", "against"),
        ("strange", "No proof of origin was found", "open"),
        ("nothing", "No proof of origin was found", "open"),
    ],
)
def test_verdict_on_clips_in_words(
    visit: Any, clips: dict[str, bytes], kind: str, headline: str, tone: str
) -> None:
    visit.drop(clips[kind], f"{kind}.mp4")
    assert visit.text("#headline") == headline
    assert tone in (visit.page.locator(".verdict").get_attribute("class") or "").split()
    assert visit.page.locator(".panel").count() == 4
    said = visit.page.locator("main").inner_text()
    assert not {"NaN", "undefined", "this picture", "thumbnail signed there"} & {
        word
        for word in ("NaN", "undefined", "this picture", "thumbnail signed there")
        if word in said
    }
    visit.shoot(f"clip-{kind}")
    visit.page.get_by_role("button", name="中文").click()
    assert visit.page.locator(".panel").count() == 4
    visit.shoot(f"clip-{kind}-zh")
    assert visit.seen.complaints == []


def test_marks_of_both_tracks_are_told(visit: Any, clips: dict[str, bytes]) -> None:
    visit.drop(clips["bare"], "bare.mkv")
    credential = visit.panel("credential").inner_text()
    assert "Credential from the registry" in credential
    assert "A film" in credential
    assert "Rachel Michetti" in credential
    assert visit.panel("credential").locator("canvas").count() == 1  # the signed thumbnail
    said = visit.panel("watermark").inner_text()
    assert "The frames carry an invisible watermark." in said
    assert "The sound carries an inaudible watermark." in said
    assert said.count("Leads to\nthe credential shown here") == 2
    assert "Heard\n0:0" in said
    visit.drop(clips["mixed"], "mixed.mp4")
    said = visit.panel("watermark").inner_text()
    assert "00000000000000b2\nLeads to\nnothing: this registry does not know it" in said


def test_clips_without_a_mark_are_said_to_have_none(visit: Any, clips: dict[str, bytes]) -> None:
    visit.drop(clips["nothing"], "nothing.wav")
    assert (
        "No watermark was read in the frames or the sound." in visit.panel("watermark").inner_text()
    )
    similar = visit.panel("similar").inner_text()
    assert "No sound and no movie in the registry is like this one." in similar
