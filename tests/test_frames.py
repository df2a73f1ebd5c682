"""The Python front of marked videos: frames that add up, refusals, threads."""

import threading

import numpy as np
import pytest
from PIL import Image

from countermark import errors, watermark
from countermark.frames import FrameDetector, FrameEmbedder

PAYLOAD = 0xFEED_5EED_0123_4567
SHAPE = (256, 320)


def scenes(count: int) -> list[np.ndarray]:
    """Frames of a camera that looks elsewhere each time."""
    random = np.random.default_rng(5)
    cells = (SHAPE[0] // 4, SHAPE[1] // 4)
    return [
        random.integers(60, 195, cells, dtype=np.uint8).repeat(4, 0).repeat(4, 1)
        for _ in range(count)
    ]


def marked(frames: list[np.ndarray], strength: float) -> list[np.ndarray]:
    embedder = FrameEmbedder(PAYLOAD, strength=strength, refresh_frames=1)
    return [embedder.embed(frame) for frame in frames]


def added_up(frames: list[np.ndarray], **options: object) -> watermark.Detection | None:
    detector = FrameDetector(**options)  # type: ignore[arg-type]
    for frame in frames:
        detector.add(frame)
    return detector.detect()


def test_weak_frames_add_up() -> None:
    frames = marked(scenes(12), 0.25)
    alone = [watermark.detect(frame, effort="aligned") for frame in frames]
    together = added_up(frames, effort="aligned")
    assert alone == [None] * len(frames)
    assert together is not None
    assert together.payload == PAYLOAD
    assert together.false_positive_rate <= 1e-8


def test_frames_cropped_alike_add_up() -> None:
    frames = [frame[30:230, 50:290] for frame in marked(scenes(8), 1.5)]
    found = added_up(frames)
    assert found is not None
    assert found.payload == PAYLOAD


def test_nothing_is_read_without_frames_the_mark_or_the_key() -> None:
    assert FrameDetector().detect() is None
    assert added_up(scenes(3), effort="aligned") is None
    assert added_up(marked(scenes(3), 2), effort="aligned", key=b"only for friends") is None


def test_reset_forgets_the_frames() -> None:
    detector = FrameDetector(effort="aligned")
    detector.reset()
    for frame in marked(scenes(2), 2):
        detector.add(frame)
    assert detector.detect() is not None
    detector.reset()
    assert detector.detect() is None


def test_every_form_of_frame_is_marked_and_read() -> None:
    gray = scenes(1)[0]
    for frame in (gray, np.dstack([gray] * 3), gray.astype(np.uint16) * 257):
        out = FrameEmbedder(PAYLOAD, strength="robust").embed(frame)
        assert (out.shape, out.dtype) == (frame.shape, frame.dtype)
        found = added_up([out], effort="aligned")
        assert found is not None
        assert found.payload == PAYLOAD
    picture = FrameEmbedder(PAYLOAD, strength=2).embed(Image.fromarray(gray))
    assert isinstance(picture, Image.Image)
    assert picture.mode == "L"


def test_out_may_be_the_frame_itself() -> None:
    frame = scenes(1)[0]
    expected = FrameEmbedder(PAYLOAD).embed(frame.copy())
    given = FrameEmbedder(PAYLOAD).embed(frame, out=frame)
    np.testing.assert_array_equal(given, expected)
    np.testing.assert_array_equal(frame, expected)


def test_frames_unlike_the_first_are_refused() -> None:
    frame = scenes(1)[0]
    embedder, detector = FrameEmbedder(PAYLOAD), FrameDetector(effort="aligned")
    embedder.embed(frame)
    detector.add(frame)
    for other in (frame[:-2], frame.astype(np.uint16), np.dstack([frame] * 3)):
        with pytest.raises(errors.InvalidPixels, match="first one"):
            embedder.embed(other)
        with pytest.raises(errors.InvalidPixels, match="first one"):
            detector.add(other)


def test_a_first_frame_that_was_refused_leaves_no_trace() -> None:
    detector, embedder = FrameDetector(), FrameEmbedder(PAYLOAD)
    with pytest.raises(errors.ImageTooSmall):
        detector.add(np.zeros((64, 64), np.uint8))
    with pytest.raises(errors.ImageTooSmall):
        embedder.embed(np.zeros((64, 64), np.uint8))
    frame = scenes(1)[0]
    embedder.embed(frame)
    detector.add(frame)


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(errors.InvalidPayload):
        FrameEmbedder(2**64)
    with pytest.raises(errors.InvalidKey):
        FrameEmbedder(1, key=b"short")
    with pytest.raises(errors.InvalidKey):
        FrameDetector(key=b"short")
    with pytest.raises(errors.InvalidEffort):
        FrameDetector(effort="some")  # type: ignore[arg-type]
    embedder = FrameEmbedder(1)
    with pytest.raises(errors.InvalidPayload):
        embedder.payload = -1
    assert embedder.payload == 1
    frame = scenes(1)[0]
    for strength in (0, 5, float("nan")):
        with pytest.raises(errors.InvalidStrength):
            FrameEmbedder(1, strength=strength).embed(frame)
    for refresh_frames in (0, 65, -1, 2**32):
        with pytest.raises(errors.InvalidArgument, match="1 to 64"):
            FrameEmbedder(1, refresh_frames=refresh_frames)


def test_second_thread_is_turned_away() -> None:
    frame = scenes(1)[0]
    detector = FrameDetector(effort="aligned")
    detector.add(frame)
    turned_away = threading.Event()
    others: list[BaseException] = []

    def add() -> None:
        while not turned_away.is_set():
            try:
                detector.add(frame)
            except errors.InUse:
                turned_away.set()
            except BaseException as error:
                others.append(error)
                turned_away.set()

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not others
    detector.add(frame)
