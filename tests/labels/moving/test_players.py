"""Labelled movies as others play them: real ones, and in a browser."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark.labels.moving import label_video
from countermark.labels.visible import wording

CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
WORDS = wording("cn")
X264 = ("-c:v", "libx264", "-preset", "superfast", "-threads", 1)
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", 8)
Run = Callable[..., Any]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="needs the movies of the corpus")
@pytest.mark.slow
def test_real_movies(tmp_path: Path, ffmpeg: Run, expect_label: Run, words_in: Run) -> None:
    files = sorted((CORPUS / "video").glob("*.mp4"))
    assert len(files) >= 3
    for path in files:
        out = tmp_path / path.name
        label_video(path, out, WORDS)
        expect_label(path, out)
        ffmpeg("-xerror", "-i", out, "-f", "null", "-")
        for time in (0, 1, 1.9):
            assert "生成" in words_in(path, out, time, ffmpeg), (path, time)


PLAYED = """async () => {
    const video = document.querySelector("video");
    await new Promise((done, failed) => {
        video.onloadeddata = done;
        video.onerror = () => failed(video.error.message);
        if (video.readyState >= 2) done();
    });
    video.play();
    await new Promise(done => video.onended = done);
    const { totalVideoFrames, droppedVideoFrames, corruptedVideoFrames } =
        video.getVideoPlaybackQuality();
    const canvas = document.createElement("canvas");
    const paper = canvas.getContext("2d");
    const levels = [];
    for (const time of [1, 2.42]) {
        await new Promise(done => { video.onseeked = done; video.currentTime = time; });
        paper.drawImage(video, 0, 0);
        levels.push(paper.getImageData(110, 85, 1, 1).data[1]);
    }
    return { totalVideoFrames, corruptedVideoFrames, levels };
}"""


@pytest.mark.slow  # it plays for as long as it lasts
@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_browser_plays_across_the_joint(
    tmp_path: Path, ffmpeg: Run, browser: Any, kind: str, pattern: Run
) -> None:
    source, out = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    options = (*X264, "-bf", 3) if kind == "mp4" else VP9
    ffmpeg(*pattern(4, kind="color=c=green"), *options, "-g", 30, "-pix_fmt", "yuv420p", source)
    assert label_video(source, out, WORDS).encoded == "part"
    content = base64.b64encode(out.read_bytes()).decode()
    page = browser.new_page()
    page.set_content(f'<video muted preload=auto src="data:video/{kind};base64,{content}"></video>')
    played = page.evaluate(PLAYED)
    page.close()
    assert played["totalVideoFrames"] >= 95
    assert played["corruptedVideoFrames"] == 0
    labelled, plain = played["levels"]
    assert abs(labelled - plain) > 20
