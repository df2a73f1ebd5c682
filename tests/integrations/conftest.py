"""What adapters mark with, and faults at each step of marking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from countermark import (
    DigitalSource,
    Record,
    Registry,
    credentials,
    fingerprint,
    image,
    keys,
    watermark,
)
from countermark.errors import SigningFailed
from countermark.frames import ClipDetector, FrameEmbedder
from countermark.integrations import Marker

EVERYWHERE = [
    (Registry, "new_payload"),
    (Registry, "record_key_use"),
    (Registry, "adding"),
    (fingerprint, "pdq"),
    (image, "thumbnail"),
]
STEPS = {
    "pixels": [
        *EVERYWHERE,
        (watermark, "embed"),
        (watermark, "detect"),
        (credentials, "sign_detached"),
    ],
    "frames": [
        *EVERYWHERE,
        (FrameEmbedder, "embed"),
        (ClipDetector, "detect"),
        (credentials, "sign_detached"),
    ],
    "file": [
        *EVERYWHERE,
        (watermark, "embed"),
        (watermark, "detect"),
        (image, "encode"),
        (image, "read"),
        (credentials, "sign"),
    ],
}

Break = Callable[[], None]


class Fault(Exception):
    """No error that anybody expects."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`break_pixels`, `break_frames`, `break_file`: once for each step."""
    for kind, steps in STEPS.items():
        if f"break_{kind}" in metafunc.fixturenames:
            ids = [step for _, step in steps]
            metafunc.parametrize(f"break_{kind}", steps, ids=ids, indirect=True)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """What lets a function fail, of which it gets the owner and the name."""

    def breaking(owner: Any, step: str) -> None:
        def fail(*args: Any, **options: Any) -> None:
            raise Fault(step)

        monkeypatch.setattr(owner, step, fail)

    return breaking


@pytest.fixture
def break_pixels(request: pytest.FixtureRequest, breaking: Callable[[Any, str], None]) -> Break:
    """From when it is called, a step of marking pixels fails."""
    return lambda: breaking(*request.param)


@pytest.fixture
def break_frames(request: pytest.FixtureRequest, breaking: Callable[[Any, str], None]) -> Break:
    """As `break_pixels`, of videos."""
    return lambda: breaking(*request.param)


@pytest.fixture
def break_file(request: pytest.FixtureRequest, breaking: Callable[[Any, str], None]) -> Break:
    """As `break_pixels`, of files of pictures."""
    return lambda: breaking(*request.param)


@pytest.fixture
def fault() -> tuple[type[Exception], ...]:
    """What a broken step raises; while something is signed, that nothing can be signed."""
    return Fault, SigningFailed


@pytest.fixture
def marker(home: keys.Home, registry: Registry) -> Marker:
    """With the keys and the registry of the home folder."""
    record = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")
    return Marker(record=record, signer=home.signer(), registry=registry)
