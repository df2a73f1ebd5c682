"""Labels and manifests in one file, and files of others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermark import keys
from countermark.containers import StreamContent, media_type
from countermark.credentials import Trust, read, sign_file
from countermark.labels import aigc
from countermark.record import DigitalSource, Record

CORPUS = Path(os.environ.get("COUNTERMARK_CORPUS", Path(__file__).parents[5] / "shared" / "corpus"))
RECORD = Record(source=DigitalSource.AI_GENERATED)


@pytest.mark.parametrize(
    "signed_name",
    [
        *("first.mp4", "last.mp4", "first.mov", "sound.m4a", "sound.wav", "sound.mp3"),
        *("sound.flac", "film.avi", "plain.pdf"),
    ],
)
def test_label_first_sign_then(
    signed_name: str,
    labelled: Callable[[str], Any],
    label: aigc.AigcLabel,
    other: aigc.AigcLabel,
    home: keys.Home,
    trust: Trust,
    tmp_path: Path,
) -> None:
    """The label is under the signature; another one later leaves the store where it is."""
    path = tmp_path / signed_name
    shutil.copyfile(labelled(signed_name).after, path)
    with path.open("rb") as file:
        kind = media_type(StreamContent(file))
    assert kind is not None
    store = sign_file(path, path, kind, record=RECORD, signer=home.signer())
    assert aigc.read(path).label == label
    with path.open("rb") as file:
        manifest = read(file, kind, trust=trust)
    assert manifest is not None
    assert (manifest.hard_binding, manifest.signature_valid) == ("match", True)
    aigc.write(path, path, other)
    assert aigc.read(path).label == other
    with path.open("rb") as file:
        manifest = read(file, kind, trust=trust)
    assert manifest is not None
    assert manifest.bytes == store
    assert manifest.hard_binding != "match"


def of_others() -> list[Path]:
    patterns = ("video/*.mp4", "audio/*.flac", "c2pa/*.mp4", "c2pa/*.pdf")
    return sorted(path for pattern in patterns for path in CORPUS.glob(pattern))


def test_files_of_others_take_a_label(label: aigc.AigcLabel, readers: Any, tmp_path: Path) -> None:
    for source in of_others():
        target = tmp_path / source.name
        aigc.write(source, target, label)
        assert aigc.read(target).label == label
        if source.suffix != ".pdf" and not source.name.startswith("dash"):
            assert readers.packets(target) == readers.packets(source)
