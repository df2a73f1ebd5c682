"""Sounds are marked, signed and remembered; bare copies lead back to them."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from countermark import clips, credentials, keys, mark
from countermark.credentials import SOUND_FINGERPRINT_ALGORITHM, SOUND_WATERMARK_ALGORITHM, Trust
from countermark.errors import (
    CountermarkError,
    InvalidArgument,
    MarkLost,
    MarkNotReadable,
    SoundError,
    UnreadableImage,
    UnsupportedImage,
)
from countermark.marking import Marked, is_marked
from countermark.marking.kinds import modality_of
from countermark.marking.speech import LiveSound
from countermark.record import DigitalSource, Modality, Record
from countermark.registry import Registry
from countermark.report import ManifestEvidence, Report, Verdict, WatermarkEvidence
from countermark.verifying import verify

RATE = 44_100
CODERS = {
    "wav": ("audio/wav", "pcm_s24le"),
    "flac": ("audio/flac", "flac"),
    "mp3": ("audio/mpeg", "libmp3lame", "-b:a", "128k"),
    "m4a": ("audio/mp4", "aac", "-b:a", "128k"),
}
RECORD = Record(source=DigitalSource.AI_GENERATED)


def ffmpeg(*arguments: object) -> None:
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def probed(path: Path) -> list[str]:
    """Rate, channels and title, by a reader of others."""
    entries = "stream=sample_rate,channels:format_tags=title"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0", path]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return answer.replace("\n", ",").strip(",").split(",")


def coded(tune: Path, folder: Path, kind: str) -> Path:
    path = folder / f"source.{kind}"
    raw = ("-f", "f32le", "-ar", RATE, "-ac", 2, "-i", tune)
    ffmpeg(*raw, "-metadata", "title=A tune", "-c:a", *CODERS[kind][1:], path)
    return path


def marked(source: Path, out: Path, registry: Registry) -> Marked:
    signer = keys.open_home().signer()
    return mark(source, out, record=RECORD, signer=signer, registry=registry)


def samples_of(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-"]
    return subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout


def judged(path: Path, registry: Registry) -> Report:
    return verify(path, trust=Trust.nobody(), registry=registry)


def heard(report: Report) -> list[int | None]:
    return [item.payload for item in report.evidence if isinstance(item, WatermarkEvidence)]


@pytest.mark.parametrize("kind", CODERS)
def test_sound_is_marked_signed_and_remembered(
    tune: Path, tmp_path: Path, registry: Registry, kind: str
) -> None:
    source, out = coded(tune, tmp_path, kind), tmp_path / f"out.{kind}"
    before = source.read_bytes()
    done = marked(source, out, registry)
    assert source.read_bytes() == before
    found = credentials.read(out, CODERS[kind][0], trust=Trust.nobody())
    assert found is not None
    binding, fingerprint = found.soft_bindings
    assert fingerprint.algorithm == SOUND_FINGERPRINT_ALGORITHM
    assert binding.algorithm == SOUND_WATERMARK_ALGORITHM
    assert int.from_bytes(binding.value, "big") == done.payload
    assert binding.timespan == (0, pytest.approx(12_000, abs=100))
    with out.open("rb") as file:
        [mark] = clips.watermarks(file, CODERS[kind][0])
    assert mark.payload == done.payload
    assert judged(out, registry).verdict is Verdict.INTACT
    assert is_marked(out, registry)
    assert not is_marked(source, registry)
    entry = registry.find_payload(done.payload)
    assert entry is not None
    assert entry.clip is not None
    assert probed(out) == probed(source) == ["44100", "2", "A tune"]


def test_bare_copies_lead_back(tune: Path, tmp_path: Path, registry: Registry) -> None:
    out, copy = tmp_path / "out.flac", tmp_path / "copy.ogg"
    done = marked(coded(tune, tmp_path, "flac"), out, registry)
    # A part, played faster and coded at a low rate: no fingerprint is like it any more.
    faster = f"asetrate={RATE * 1.03:.0f},aresample={RATE}"
    ffmpeg(
        "-ss", 3, "-t", 7, "-i", out, "-map_metadata", -1, "-af", faster, "-c:a", "libopus", copy
    )
    report = judged(copy, registry)
    assert report.verdict is Verdict.RECOVERED
    assert report.is_lead  # nothing signed is of all of this file
    assert heard(report) == [done.payload]
    [mark] = [item for item in report.evidence if isinstance(item, WatermarkEvidence)]
    assert mark.speed == pytest.approx(1.03, abs=0.001)
    assert mark.stretches is not None
    lead = report.evidence[-1]
    assert isinstance(lead, ManifestEvidence)
    assert lead.names_watermark


def test_changed_file_is_altered_while_it_bears_the_mark(
    tune: Path, tmp_path: Path, registry: Registry
) -> None:
    out = tmp_path / "out.wav"
    done = marked(coded(tune, tmp_path, "wav"), out, registry)
    changed = bytearray(out.read_bytes())
    changed[200_000] ^= 1
    out.write_bytes(changed)
    report = judged(out, registry)
    assert report.verdict is Verdict.ALTERED
    assert heard(report) == [done.payload]


def test_manifest_of_one_sound_in_another_is_transplanted(
    tune: Path, tmp_path: Path, registry: Registry
) -> None:
    """The samples of one marked file under the manifest of another."""
    source = coded(tune, tmp_path, "wav")
    files = [tmp_path / "one.wav", tmp_path / "two.wav"]
    first, second = (marked(source, path, registry) for path in files)
    one, two = (bytearray(path.read_bytes()) for path in files)
    start = one.index(b"data") + 8
    size = int.from_bytes(one[start - 4 : start], "little")
    other = two.index(b"data") + 8
    one[start : start + size] = two[other : other + size]
    files[0].write_bytes(one)
    report = judged(files[0], registry)
    assert report.verdict is Verdict.TRANSPLANTED
    assert heard(report) == [second.payload]
    assert second.payload != first.payload


def expect_nothing_written(folder: Path, registry: Registry, error: type[CountermarkError]) -> None:
    out = folder / "out.wav"
    with pytest.raises(error):
        marked(folder / "source.wav", out, registry)
    assert not out.exists()
    assert not registry.any_clips()
    assert {path.name for path in folder.iterdir()} - {"countermark-home"} == {"source.wav"}


def test_silence_takes_no_mark(tmp_path: Path, registry: Registry) -> None:
    ffmpeg("-f", "lavfi", "-i", "anullsrc", "-t", 8, tmp_path / "source.wav")
    expect_nothing_written(tmp_path, registry, MarkNotReadable)


def test_numbers_that_are_none_are_refused(tmp_path: Path, registry: Registry) -> None:
    raw = tmp_path / "raw"
    np.full(8 * RATE, np.nan, "<f4").tofile(raw)
    ffmpeg("-f", "f32le", "-ar", RATE, "-i", raw, "-c:a", "pcm_f32le", tmp_path / "source.wav")
    raw.unlink()
    expect_nothing_written(tmp_path, registry, SoundError)


def test_mark_that_nobody_names_is_not_overwritten(
    tune: Path, tmp_path: Path, registry: Registry
) -> None:
    out, bare = tmp_path / "out.wav", tmp_path / "bare.wav"
    marked(coded(tune, tmp_path, "wav"), out, registry)
    ffmpeg("-i", out, "-map_metadata", -1, bare)
    other = Record(source=DigitalSource.CAPTURED)
    signer = keys.open_home().signer()
    with pytest.raises(MarkLost, match="holds the watermark"):
        mark(bare, tmp_path / "again.wav", record=other, signer=signer, registry=registry)
    # With its manifest it may be marked anew: that becomes the parent.
    again = marked(out, tmp_path / "again.wav", registry)
    found = credentials.read(tmp_path / "again.wav", "audio/wav", trust=Trust.nobody())
    assert found is not None
    assert len(found.ingredients) == 1
    assert again.payload != 0


def test_sound_that_was_marked_while_it_was_made_keeps_its_mark(
    tune: Path, tmp_path: Path, registry: Registry
) -> None:
    signer = keys.open_home().signer()
    live = LiveSound(RATE, record=RECORD, signer=signer, registry=registry)
    samples = np.fromfile(tune, "<f4").reshape(-1, 2)
    given = np.concatenate([live.push(samples), live.finish()])
    raw, source, out = (tmp_path / name for name in ("raw", "source.wav", "out.wav"))
    given.astype("<f4").tofile(raw)
    ffmpeg("-f", "f32le", "-ar", RATE, "-ac", 2, "-i", raw, "-c:a", "pcm_f32le", source)
    done = marked(source, out, registry)
    assert done.payload == live.payload
    assert samples_of(out) == samples_of(source)
    assert judged(out, registry).verdict is Verdict.INTACT
    report = judged(source, registry)
    assert (report.verdict, heard(report)) == (Verdict.RECOVERED, [live.payload])
    assert len(registry.manifests.all_of(live.payload)) == 2


def test_destination_has_the_kind_of_the_source(
    tune: Path, tmp_path: Path, registry: Registry
) -> None:
    with pytest.raises(InvalidArgument, match=r"Name it \.flac"):
        marked(coded(tune, tmp_path, "flac"), tmp_path / "out.wav", registry)


def test_kinds_are_told_by_content(tune: Path, tmp_path: Path) -> None:
    assert modality_of(coded(tune, tmp_path, "mp3")) is Modality.AUDIO
    (tmp_path / "fake.mp3").write_bytes(b"no sound")
    with pytest.raises(UnreadableImage, match="neither picture, movie nor sound"):
        modality_of(tmp_path / "fake.mp3")


def test_clips_are_marked_from_paths(tune: Path, tmp_path: Path, registry: Registry) -> None:
    source, out = coded(tune, tmp_path, "wav"), io.BytesIO()
    options = {"record": RECORD, "signer": keys.open_home().signer(), "registry": registry}
    done = mark(source, out, **options)  # type: ignore[arg-type]
    assert done.destination is None
    [heard_there] = clips.watermarks(io.BytesIO(out.getvalue()), "audio/wav")
    assert heard_there.payload == done.payload
    with pytest.raises(UnsupportedImage, match="Pass its path"):
        mark(io.BytesIO(source.read_bytes()), io.BytesIO(), **options)  # type: ignore[arg-type]
