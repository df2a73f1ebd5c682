"""Sounds and movies over HTTP: verified, marked, found by what is in them, and bounded."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from countermark import Registry, Report, Resolver, Verdict, audio, keys, mark, verify
from countermark.clips import read as read_clip
from countermark.credentials import (
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    SoftBinding,
    Trust,
    clip_bindings,
    read,
)
from countermark.record import DigitalSource, Record
from countermark.report import ManifestEvidence

RATE = 22_050
RECORD = Record(source=DigitalSource.AI_GENERATED, title="A clip")
STATING = {"countermark-record": RECORD.to_json()}
BY_BINDING, BY_CONTENT = "/v1/matches/byBinding", "/v1/matches/byContent"
Running = Callable[..., contextlib.AbstractContextManager[Any]]


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def wav(path: Path, seed: int, seconds: int = 8) -> Path:
    """Chords that change four times a second."""
    random = np.random.default_rng(seed)
    at = np.arange(RATE // 4) / RATE
    chords = 110 * 2 ** (random.integers(0, 36, (4 * seconds, 3)) / 12)
    parts = [(np.outer(tones, at) % 1 - 0.5).sum(axis=0) for tones in chords]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((6000 * np.concatenate(parts)).astype("<i2").tobytes())
    return path


def movie(path: Path, picture: Image.Image, sound: Path) -> Path:
    """Six seconds of a camera that moves over a picture, with sound."""
    shown = path.with_suffix(".png")
    picture.save(shown)
    camera = "crop=320:240:(iw-320)*(0.5+0.5*sin(t/2)):(ih-240)*(0.5+0.5*cos(t/3)),fps=6"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", 16, "-c:a", "aac", "-shortest")
    ffmpeg("-loop", 1, "-r", 6, "-t", 6, "-i", shown, "-i", sound, "-vf", camera, *coding, path)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, photograph: Callable[..., Any]) -> Path:
    """A folder with a sound and a movie without marks."""
    folder = tmp_path_factory.mktemp("plain")
    movie(folder / "film.mp4", photograph("coffee", 640), wav(folder / "tune.wav", 1))
    return folder


@pytest.fixture(scope="module")
def marked_here(
    plain: Path, service_home: keys.Home, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with both, marked with the key and the registry of the service, and bare copies."""
    folder = tmp_path_factory.mktemp("marked")
    with Registry.open(service_home.registry_path) as registry:
        for name in ("tune.wav", "film.mp4"):
            signer = service_home.signer()
            mark(plain / name, folder / name, record=RECORD, signer=signer, registry=registry)
    bare = ("-map_metadata", -1)
    ffmpeg("-ss", 1, "-i", folder / "tune.wav", *bare, folder / "tune.mp3")
    ffmpeg("-i", folder / "film.mp4", *bare, "-crf", 26, folder / "film.mkv")
    return folder


def identifier(path: Path, kind: str) -> str:
    found = read(path, kind, trust=Trust.nobody())
    assert found is not None
    return found.label


def identifiers(answer: httpx.Response) -> list[tuple[str, int]]:
    assert answer.status_code == 200, answer.text
    return [(one["manifestId"], one["similarityScore"]) for one in answer.json()["matches"]]


# ---- verifying ----


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("tune.wav", "intact"),
        ("film.mp4", "intact"),
        ("tune.mp3", "recovered"),
        ("film.mkv", "recovered"),
    ],
)
def test_report_is_that_of_the_command_line(
    client: httpx.Client,
    service_home: keys.Home,
    countermark: str,
    marked_here: Path,
    name: str,
    verdict: str,
) -> None:
    path = marked_here / name
    environment = {**os.environ, "COUNTERMARK_HOME": os.fspath(service_home.folder)}
    command = [countermark, "verify", "--json", path]
    said = subprocess.run(command, capture_output=True, env=environment, check=False).stdout
    answer = client.post("/v1/verify", content=path.read_bytes()).json()
    assert {"file": str(path), **answer} == json.loads(said)
    assert answer["verdict"] == verdict


def test_details_hold_the_manifest_that_was_found(client: httpx.Client, marked_here: Path) -> None:
    for name in ("tune.wav", "tune.mp3"):
        content = (marked_here / name).read_bytes()
        report = client.post("/v1/verify?details=true", content=content).json()
        details = report["details"]
        assert (details["decoded"], details["watermark"], details["similar"]) == (False, None, None)
        assert [each["title"] for each in details["manifests"].values()] == ["A clip"]
        assert details["leaves"].keys() == details["manifests"].keys()
        assert report["evidence"][-1]["sha256"] in details["manifests"]


# ---- marking ----


@pytest.mark.parametrize("name", ["tune.wav", "film.mp4"])
def test_clip_is_marked_and_remembered(server: Any, plain: Path, tmp_path: Path, name: str) -> None:
    content = (plain / name).read_bytes()
    with server.client("generator") as generator:
        answer = generator.post("/v1/mark", content=content, headers=STATING)
    assert answer.status_code == 200, answer.text
    is_movie = name.endswith("mp4")
    assert answer.headers["content-type"] == ("video/mp4" if is_movie else "audio/wav")
    assert int(answer.headers["content-length"]) == len(answer.content)
    out = tmp_path / name
    out.write_bytes(answer.content)
    payload = int(answer.headers["countermark-payload"], 16)
    with Registry.open(server.home.registry_path) as registry:
        report = verify(out, trust=Trust.from_file(server.home.trust_path), registry=registry)
        entry = registry.find_payload(payload)
    assert report.verdict.value == "intact"
    assert entry is not None
    assert entry.manifest_sha256.hex() == answer.headers["countermark-manifest-sha256"]
    if not is_movie:
        assert "countermark-video" not in answer.headers
        return
    told = json.loads(answer.headers["countermark-video"])
    assert (told["frames"], [one["reason"] for one in told["sounds"]]) == (36, [None])


def test_what_is_not_marked_is_refused_by_its_name(
    server: Any, plain: Path, tmp_path: Path
) -> None:
    ffmpeg("-i", plain / "film.mp4", "-c", "copy", tmp_path / "film.avi")
    wav(tmp_path / "short.wav", 1, seconds=1)
    broken = (plain / "film.mp4").read_bytes()[:3000]
    with server.client("generator") as generator:
        for content, status, said in (
            ((tmp_path / "film.avi").read_bytes(), 415, "video/x-msvideo"),
            ((tmp_path / "short.wav").read_bytes(), 422, "five seconds"),
            (broken, 415, "decoded"),
        ):
            answer = generator.post("/v1/mark", content=content, headers=STATING)
            assert (answer.status_code, answer.json().keys()) == (status, {"error"}), answer.text
            assert said in answer.json()["error"]


# ---- matching ----


def test_watermark_of_a_sound_leads_to_its_manifest(
    client: httpx.Client, service_home: keys.Home, marked_here: Path
) -> None:
    found = read(marked_here / "tune.wav", "audio/wav", trust=Trust.nobody())
    assert found is not None
    (value,) = (b.value for b in found.soft_bindings if b.algorithm == SOUND_WATERMARK_ALGORITHM)
    asked = {"alg": SOUND_WATERMARK_ALGORITHM, "value": base64.b64encode(value).decode()}
    assert identifiers(client.get(BY_BINDING, params=asked)) == [(found.label, 100)]
    assert identifiers(client.post(BY_BINDING, json=asked)) == [(found.label, 100)]


def test_fingerprints_of_clips_are_asked_for_as_they_are_signed(
    client: httpx.Client, marked_here: Path
) -> None:
    for name, kind in (("tune.wav", "audio/wav"), ("film.mp4", "video/mp4")):
        path = marked_here / name
        with path.open("rb") as file:
            bindings = clip_bindings(read_clip(file, kind))
        assert {one.algorithm for one in bindings} <= {
            SOUND_FINGERPRINT_ALGORITHM,
            VIDEO_FINGERPRINT_ALGORITHM,
        }
        assert bindings
        for binding in bindings:
            value = base64.b64encode(binding.value).decode()
            asked = {"alg": binding.algorithm, "value": value}
            wanted = [(identifier(path, kind), 100)]
            assert identifiers(client.get(BY_BINDING, params=asked)) == wanted
    asked["value"] = "A" * 43
    assert identifiers(client.get(BY_BINDING, params=asked)) == []
    asked["value"] = "AAAA"
    assert client.get(BY_BINDING, params=asked).status_code == 400


def test_copy_of_a_clip_leads_to_its_manifest(client: httpx.Client, marked_here: Path) -> None:
    tune = identifier(marked_here / "tune.wav", "audio/wav")
    film = identifier(marked_here / "film.mp4", "video/mp4")
    copies = {name: (marked_here / name).read_bytes() for name in ("tune.mp3", "film.mkv")}
    headers = {"content-type": "audio/mpeg"}
    found = identifiers(client.post(BY_CONTENT, content=copies["tune.mp3"], headers=headers))
    assert found[0] == (tune, 100)
    found = identifiers(client.post(BY_CONTENT, content=copies["film.mkv"]))
    assert (film, 100) in found[:2]
    for algorithm in (WATERMARK_ALGORITHM, VIDEO_FINGERPRINT_ALGORITHM):
        answer = client.post(f"{BY_CONTENT}?alg={algorithm}", content=copies["film.mkv"])
        found = [name for name, _ in identifiers(answer)]
        assert film in found
        assert tune not in found
    answer = client.post(f"{BY_CONTENT}?alg={WATERMARK_ALGORITHM}", content=copies["tune.mp3"])
    assert identifiers(answer) == []
    by_sound = f"{BY_CONTENT}?alg={SOUND_FINGERPRINT_ALGORITHM}"
    scores = dict(identifiers(client.post(by_sound, content=copies["tune.mp3"])))
    assert 85 <= scores[tune] <= 100
    assert film in scores  # which has the same tune


def test_unknown_clip_leads_nowhere_or_where_the_hint_does(
    client: httpx.Client, marked_here: Path, tmp_path: Path
) -> None:
    other = wav(tmp_path / "other.wav", 9).read_bytes()
    assert identifiers(client.post(BY_CONTENT, content=other)) == []
    binding = SoftBinding.of_payload(1, algorithm=SOUND_WATERMARK_ALGORITHM)
    asked = {"hintAlg": binding.algorithm, "hintValue": base64.b64encode(binding.value).decode()}
    assert identifiers(client.post(BY_CONTENT, content=other, params=asked)) == []


# ---- asking a service from elsewhere ----


@pytest.fixture
def ask(server: Any, tmp_path: Path) -> Callable[..., Report]:
    """The report on a file by whoever has no registry, but this service to ask."""
    trust = Trust.from_file(server.home.trust_path)

    def ask(path: Path, **options: Any) -> Report:
        with Registry.open(tmp_path / "none") as empty:
            resolver = Resolver(f"{server.url}/v1", timeout_seconds=60, **options)
            return verify(path, trust=trust, registry=empty, resolvers=[resolver])

    return ask


def test_movie_is_recovered_by_a_service_of_others(
    ask: Callable[..., Report], marked_here: Path
) -> None:
    report = ask(marked_here / "film.mkv")
    assert (report.verdict, report.trust.value) == (Verdict.RECOVERED, "trusted"), report
    assert not report.is_lead
    assert report.record is not None
    assert report.record.title == "A clip"
    assert "Credentials that the resolution service 127.0.0.1 gave" in report.summary
    assert "the thumbnail is of its beginning" in report.summary
    item = report.evidence[-1]
    assert isinstance(item, ManifestEvidence)
    assert (item.origin, item.names_watermark) == ("resolver", True)
    assert "gave the Content Credentials (a C2PA manifest) of “A clip”" in item.explanation


def test_sound_is_a_lead_until_its_fingerprint_is_the_signed_one(
    ask: Callable[..., Report], marked_here: Path, tmp_path: Path
) -> None:
    report = ask(marked_here / "tune.mp3")
    assert (report.verdict, report.is_lead) == (Verdict.RECOVERED, True), report
    assert "its sound may be of something else" in report.summary
    bare = tmp_path / "bare.flac"
    ffmpeg("-i", marked_here / "tune.wav", "-map_metadata", -1, bare)
    report = ask(bare)
    assert (report.verdict, report.trust.value) == (Verdict.RECOVERED, "trusted"), report
    assert "the fingerprint of its sound is the signed one" in report.summary


def test_what_a_service_does_not_know_or_gives_for_another_file_does_not_count(
    ask: Callable[..., Report], marked_here: Path, tmp_path: Path, service_home: keys.Home
) -> None:
    report = ask(wav(tmp_path / "other.wav", 9))
    assert report.verdict is Verdict.UNMARKED
    assert "knows nothing of this file" in report.evidence[-1].explanation

    # Pictures with the mark of the known film: the sound in them has another one's.
    strange = wav(tmp_path / "strange.wav", 11)
    with wave.open(str(strange)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    with wave.open(str(strange), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        marked = audio.embed(samples, RATE, 0xE5)
        file.writeframes((32767 * np.clip(marked, -1, 1)).astype("<i2").tobytes())
    mixed = tmp_path / "mixed.mp4"
    maps = ("-map", "0:v", "-map", "1:a", "-map_metadata", -1, "-c:v", "copy", "-c:a", "aac")
    ffmpeg("-i", marked_here / "film.mp4", "-i", strange, *maps, mixed)
    report = ask(mixed)
    assert report.verdict is Verdict.UNMARKED, report
    assert "None counts" in report.evidence[-1].explanation


def test_file_is_sent_with_consent_alone(
    server: Any, ask: Callable[..., Report], marked_here: Path, tmp_path: Path
) -> None:
    part = tmp_path / "part.wav"
    ffmpeg("-i", marked_here / "tune.wav", "-af", "asetrate=24000,volume=0.5", part)

    def posts() -> int:
        time.sleep(0.5)  # the log comes a little later
        return sum(line.get("route") == BY_CONTENT for line in server.log())

    before = posts()
    ask(part)
    assert posts() == before
    ask(part, send_content=True)
    assert posts() == before + 1


# ---- bounds ----


@pytest.fixture(scope="module")
def strict(
    running_anew: Running,
    service_home: keys.Home,
    token_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Any, Path]]:
    """A service with low limits, and the folder for its temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    limits = {
        "max_file_bytes": 100_000,
        "max_clip_bytes": 1_000_000,
        "max_bytes_on_disk": 1_200_000,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", os.fspath(folder))
        with running_anew(service_home, token_file=token_file, workers=2, **limits) as started:
            yield started, folder


def left_in(folder: Path) -> list[str]:
    """What is there once all answers are given."""
    for _ in range(100):
        left = [path.name for path in folder.glob("countermark-*")]
        if not left:
            break
        time.sleep(0.1)
    return left


def test_clips_may_be_longer_than_pictures_and_leave_nothing(
    strict: tuple[Any, Path], tmp_path: Path
) -> None:
    server, folder = strict
    content = wav(tmp_path / "tune.wav", 7).read_bytes()
    assert 100_000 < len(content) < 1_000_000
    picture = b"\xff\xd8\xff" + bytes(len(content))

    def piecemeal(body: bytes) -> Iterator[bytes]:
        yield body[:3]  # less than tells what it is
        for at in range(3, len(body), 30_000):
            yield body[at : at + 30_000]

    with server.client("generator") as client:
        for body in (content, piecemeal(content)):
            assert client.post("/v1/verify", content=body).json()["verdict"] == "unmarked"
        for body in (picture, piecemeal(picture)):
            answer = client.post("/v1/verify", content=body)
            assert (answer.status_code, "100,000" in answer.text) == (413, True)
        for body in (content * 4, piecemeal(content * 4)):
            answer = client.post("/v1/verify", content=body)
            assert (answer.status_code, "1,000,000" in answer.text) == (413, True)
        assert client.post("/v1/mark", content=content, headers=STATING).status_code == 200
        assert client.post("/v1/mark", content=b"OggS" + content, headers=STATING).is_error
        metrics = client.get("/metrics").text
    assert left_in(folder) == []
    assert "countermark_request_disk_bytes 0.0" in metrics
    assert "countermark_request_body_bytes 0.0" in metrics


def test_clips_on_disk_are_bounded_together(strict: tuple[Any, Path], plain: Path) -> None:
    server, folder = strict
    content = (plain / "tune.wav").read_bytes()
    begun = content + bytes(900_000 - len(content))
    head = f"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(begun)}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as first,
        server.client() as client,
    ):
        first.sendall(head.encode() + begun[:-1])
        time.sleep(0.5)
        answer = client.post("/v1/verify", content=content)
        assert (answer.status_code, "on their way" in answer.text) == (503, True)
        assert client.post("/v1/verify", content=b"no clip").status_code == 200
        first.sendall(begun[-1:])
        assert first.recv(15) == b"HTTP/1.1 200 OK"
        assert client.post("/v1/verify", content=content).status_code == 200
    assert left_in(folder) == []


def test_clip_that_takes_too_long_is_given_up_and_leaves_nothing(
    running_anew: Running,
    service_home: keys.Home,
    token_file: Path,
    plain: Path,
    tmp_path: Path,
    known: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", os.fspath(tmp_path))
    content = (plain / "film.mp4").read_bytes()
    limits = {"clip_seconds": 0.2, "token_file": token_file}
    with running_anew(service_home, **limits) as server, server.client("generator") as client:
        answer = client.post("/v1/mark", content=content, headers=STATING)
        assert answer.status_code == 422, answer.text
        assert "time and memory" in answer.json()["error"]
        assert left_in(tmp_path) == []
        assert client.post("/v1/verify", content=known).json()["verdict"] == "intact"


def test_clips_leave_workers_and_room_for_pictures(
    running: Running, service_home: keys.Home, known: bytes, tmp_path: Path
) -> None:
    """While sounds take their share of two workers and a queue of two, pictures are answered."""
    content = wav(tmp_path / "long.wav", 3, seconds=40).read_bytes()

    async def ask(server: Any) -> tuple[list[httpx.Response], float, float]:
        async with httpx.AsyncClient(base_url=server.url, timeout=120, trust_env=False) as client:
            await client.post("/v1/verify", content=known)
            sounds = [
                asyncio.ensure_future(client.post("/v1/verify", content=content)) for _ in "abc"
            ]
            await asyncio.sleep(0.5)  # now all have come
            pictures = [await client.post("/v1/verify", content=known) for _ in range(3)]
            after_pictures = time.monotonic()
            done = await asyncio.gather(*sounds)
            return [*done, *pictures], after_pictures, time.monotonic()

    with running(service_home, workers=2, queue=2) as server:
        answers, after_pictures, after_sounds = asyncio.run(ask(server))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes[:3]) == [200, 200, 503]
    assert codes[3:] == [200, 200, 200]
    assert after_pictures < after_sounds
