"""Every verb that writes a media file: what marks came in go out, or nothing does.

Law: Deep Synthesis Provisions, article 18; Labeling Measures, article 10.
"""

from __future__ import annotations

import importlib
import inspect
import io
import pkgutil
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import openpyxl
import pikepdf
import pytest
import trimesh
from PIL import Image
from typer.testing import CliRunner

import countermark
from countermark import credentials, image, jumbf, keys, mark, watermark
from countermark.cli import app
from countermark.containers import StreamContent
from countermark.credentials import SoftBinding, Trust
from countermark.errors import CountermarkError, LabelError, MarkLost
from countermark.ingesting import ingest
from countermark.keys import TimestampAuthority
from countermark.labels import aigc, xmp
from countermark.labels.aigc import AigcLabel
from countermark.labels.audible import label_audio
from countermark.labels.documents import label_document
from countermark.labels.moving import label_video
from countermark.labels.scenes import GLB, find_payloads, label_scene
from countermark.labels.visible import label_picture, label_text, wording
from countermark.labels.xmp.packet import properties
from countermark.record import DigitalSource, Producer, ProviderCode, Record, Service, System
from countermark.registry import Registry
from countermark.signing import sign, sign_beside
from countermark.video import mark_video

CODE = ProviderCode.of("91350100M000100Y43")
PLATFORM = ProviderCode.of("91350100M000100Y43", service=Service.PROPAGATION, application="8705")
RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=CODE),
    system=System(name="Example Model", version="3"),
    content_id="content-7",
)
LATER = Record(source=DigitalSource.AI_GENERATED)  # states nothing that would be labelled
PAYLOAD = 0x0011223344556677
OTHER_PAYLOAD = 0x7766554433221100


@dataclass(frozen=True)
class Held:
    """The marks of a file, each kind as a set."""

    labels: frozenset[tuple[str, str]]
    manifests: frozenset[str]
    payloads: frozenset[int]
    sources: frozenset[str]


def held(path: Path) -> Held:
    """What a file holds, or has beside it; manifests of every generation, fitting or not."""
    kind = aigc.media_type(path)
    assert kind is not None
    beside = [one.read_bytes() for one in credentials.sidecars(path)]
    found = None
    if kind in credentials.library.MEDIA_TYPES:
        found = credentials.read(path, kind, trust=Trust.nobody())
    store = found.bytes if found is not None else next(iter(beside), None)
    payloads: tuple[int, ...] = find_payloads(path) if kind == GLB else ()
    if kind.startswith("image/"):
        picture = image.read(io.BytesIO(path.read_bytes()))
        seen = watermark.detect(image.upright(picture.pixels, picture.orientation))
        payloads = () if seen is None else (seen.payload,)
    packets = []
    if kind in xmp.PLACES:
        packets = xmp.PLACES[kind].find(StreamContent(io.BytesIO(path.read_bytes())))
    return Held(
        labels=frozenset(
            (one.members["ContentProducer"], one.members["ProduceID"])
            for one in aigc.read(path).found
        ),
        manifests=frozenset() if store is None else frozenset(jumbf.manifests_of(store)),
        payloads=frozenset(payloads),
        sources=frozenset(
            one.value
            for packet in packets
            for one in properties(packet.content)
            if one.name == "DigitalSourceType"
        ),
    )


@dataclass(frozen=True)
class World:
    """A home folder, its registry, and a folder of files with all marks that they can hold."""

    home: keys.Home
    registry: Registry
    folder: Path
    server: Any = None

    def signing(self) -> dict[str, Any]:
        return {"signer": self.home.signer(), "registry": self.registry}


def movie(path: Path, picture: Image.Image) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        small = np.asarray(picture.resize((320, 240)))
        for number in range(36):
            frame = av.VideoFrame.from_ndarray(np.roll(small, 3 * number, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def sound(path: Path, codec: str) -> None:
    noise = np.random.default_rng(1).normal(0, 1000, 8 * 16_000)
    tone = np.convolve(noise, np.ones(4), "same").astype(np.int16)[None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(stream.format, "mono", 16_000, stream.frame_size or None)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode())


def cube(path: Path, texture: Image.Image) -> None:
    mesh = trimesh.creation.box()
    surface = trimesh.visual.material.PBRMaterial(baseColorTexture=texture)
    places = np.random.default_rng(1).random((len(mesh.vertices), 2))
    mesh.visual = trimesh.visual.TextureVisuals(uv=places, material=surface)
    path.write_bytes(mesh.export(file_type="glb"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, photograph: Callable[..., Image.Image]) -> World:
    folder = tmp_path_factory.mktemp("marked")
    home = keys.create_home(tmp_path_factory.mktemp("home") / "home")
    world = World(home, Registry.open(home.registry_path), folder)
    picture = photograph(long_edge=512)
    picture.save(folder / "picture.jpg", quality=92)
    marked = mark(folder / "picture.jpg", folder / "picture.jpg", record=RECORD, **world.signing())
    Image.open(folder / "picture.jpg").save(folder / "unsigned.jpg", quality=92)  # no metadata
    shutil.copy(folder / "unsigned.jpg", folder / "bare.jpg")
    label = AigcLabel.of(RECORD)
    aigc.write(folder / "unsigned.jpg", folder / "unsigned.jpg", label, record=RECORD)
    picture.save(folder / "labelled.webp")
    aigc.write(folder / "labelled.webp", folder / "labelled.webp", label, record=RECORD)
    movie(folder / "film.mp4", picture)
    for name, codec in {
        "sound.wav": "pcm_s16le",
        "sound.flac": "flac",
        "sound.mp3": "libmp3lame",
        "sound.m4a": "aac",
    }.items():
        sound(folder / name, codec)
    for name in ("film.mp4", "sound.wav", "sound.flac", "sound.mp3", "sound.m4a"):
        sign(folder / name, folder / name, record=RECORD, **world.signing())
    room = folder / "room.glb"
    cube(room, picture.crop((40, 0, 360, 320)))
    label_scene(room, room, record=RECORD, payload=PAYLOAD)
    sign_beside(room, room.with_suffix(".c2pa"), record=RECORD, **world.signing())
    (folder / "text.md").write_text("# The sea\n\nIt is calm.\n", encoding="utf-8")
    (folder / "page.html").write_text(
        "<!doctype html><html><head><title>Sea</title></head><body><p>Calm.</p></body></html>",
        encoding="utf-8",
    )
    for name in ("text.md", "page.html"):
        aigc.write(folder / name, folder / name, label)
    sign(folder / "text.md", folder / "letter.md", record=RECORD, **world.signing())
    book = openpyxl.Workbook()
    book.save(folder / "table.xlsx")
    aigc.write(folder / "table.xlsx", folder / "table.xlsx", label)
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(595, 842))
        document.save(folder / "letter.pdf")
    sign(folder / "letter.pdf", folder / "letter.pdf", record=RECORD, **world.signing())
    photo = folder / "beside.png"  # which could hold its manifest
    picture.crop((40, 0, 360, 320)).save(photo)
    aigc.write(photo, photo, label, record=RECORD)
    sign_beside(photo, photo.with_suffix(".c2pa"), record=RECORD, **world.signing())
    assert marked.payload != PAYLOAD
    return world


@pytest.fixture
def world(made: World, tmp_path: Path, time_server: Any) -> World:
    """The same in a folder of the test's own."""
    folder = tmp_path / "files"
    shutil.copytree(made.folder, folder)
    return replace(made, folder=folder, server=time_server)


def of_text(source: Path, out: Path, world: World) -> None:
    form: Any = {".md": "markdown", ".html": "html"}[source.suffix]
    labelled = label_text(source.read_text("utf-8"), wording("cn"), where="both", form=form)
    out.write_text(labelled, encoding="utf-8")


def stamp(source: Path, out: Path, world: World) -> None:
    """Sign without a time stamp, and add it later."""
    again(source, out, world)
    found = credentials.read(out, "image/jpeg", trust=Trust.nobody())
    assert found is not None
    wanted = credentials.unstamped(found.bytes)
    assert wanted is not None
    authority = TimestampAuthority([world.server.url], anchors=world.server.root)
    assert credentials.add_time_stamp(
        out, "image/jpeg", wanted, time_stamper=authority, signer=world.home.signer
    )


def again(source: Path, out: Path, world: World) -> None:
    """Sign once more, with the file as its own parent."""
    kind = credentials.media_type_of(source)
    credentials.sign_file(
        source,
        out,
        kind,
        record=LATER,
        signer=world.home.signer(),
        soft_bindings=[SoftBinding.of_payload(PAYLOAD)],
        parent=(source, kind),
    )


def as_stream(source: Path, out: Path, world: World) -> None:
    kind = credentials.media_type_of(source)
    signed = credentials.sign(
        source, kind, record=LATER, signer=world.home.signer(), parent=(source, kind)
    )
    out.write_bytes(signed.asset)


def spread(source: Path, out: Path, world: World) -> None:
    ingest(
        source,
        out,
        propagator=PLATFORM,
        propagate_id="post-42",
        signer=world.home.signer(),
        trust=Trust.nobody(),
        registry=world.registry,
    )


def labelled(source: Path, out: Path, world: World) -> None:
    """Write the label once more, as who spreads it."""
    found = aigc.read(source).label
    assert found is not None
    for sidecar in credentials.sidecars(source):
        shutil.copy(sidecar, out.with_suffix(".c2pa"))
    aigc.write(source, out, found.spread(str(PLATFORM), "post-42"), record=LATER)


def scene(source: Path, out: Path, world: World) -> None:
    shutil.copy(source.with_suffix(".c2pa"), out.with_suffix(".c2pa"))
    label_scene(source, out, record=replace(RECORD, title="Room"), payload=PAYLOAD)


def beside(source: Path, out: Path, world: World) -> None:
    shutil.copy(source, out)
    sign_beside(out, out.with_suffix(".c2pa"), record=LATER, parent=source, **world.signing())


def command(*arguments: str) -> Callable[[Path, Path, World], None]:
    """A command that is given the files; what it refuses is raised."""

    def run(source: Path, out: Path, world: World) -> None:
        first, *rest = arguments
        told = [first, rest[0], str(source), "--out", str(out), *rest[1:]]
        result = CliRunner(env={"COUNTERMARK_HOME": str(world.home.folder)}).invoke(app, told)
        if isinstance(result.exception, CountermarkError):
            raise result.exception
        assert result.exit_code == 0, result.output

    return run


WORDS = ("--wording", "cn")
VERBS: dict[str, tuple[Callable[[Path, Path, World], object], tuple[str, ...]]] = {
    "marking.mark": (
        lambda source, out, world: mark(source, out, record=LATER, **world.signing()),
        ("picture.jpg", "beside.png", "labelled.webp"),
    ),
    "mark a movie": (
        lambda source, out, world: mark(source, out, record=LATER, **world.signing()),
        ("film.mp4",),
    ),
    "mark a sound": (
        lambda source, out, world: mark(source, out, record=LATER, **world.signing()),
        ("sound.wav", "sound.flac"),
    ),
    "video.marking.mark_video": (
        lambda source, out, world: mark_video(source, out, PAYLOAD),
        ("film.mp4",),
    ),
    "signing.sign": (
        lambda source, out, world: sign(source, out, record=LATER, **world.signing()),
        (
            "letter.md",
            "beside.png",
            "picture.jpg",
            "unsigned.jpg",
            "film.mp4",
            "sound.wav",
            "sound.flac",
            "sound.mp3",
        ),
    ),
    "signing.sign_beside": (beside, ("room.glb", "letter.md")),
    "credentials.signing.sign_file": (again, ("picture.jpg", "film.mp4", "sound.m4a")),
    "credentials.signing.sign": (as_stream, ("picture.jpg",)),
    "credentials.updating.add_time_stamp": (stamp, ("picture.jpg",)),
    "ingesting.ingest": (
        spread,
        (
            "letter.md",
            "beside.png",
            "picture.jpg",
            "unsigned.jpg",
            "film.mp4",
            "sound.mp3",
            "room.glb",
            "text.md",
        ),
    ),
    "labels.aigc.write": (
        labelled,
        ("picture.jpg", "unsigned.jpg", "film.mp4", "sound.flac", "room.glb", "page.html"),
    ),
    "labels.audible.labelling.label_audio": (
        lambda source, out, world: label_audio(source, out),
        ("sound.wav", "sound.flac", "sound.mp3", "sound.m4a"),
    ),
    "labels.documents.labelling.label_document": (
        lambda source, out, world: label_document(source, out, wording("cn")),
        ("letter.pdf", "table.xlsx", "text.md", "page.html"),
    ),
    "labels.moving.labelling.label_video": (
        lambda source, out, world: label_video(source, out, wording("cn")),
        ("film.mp4",),
    ),
    "labels.scenes.labelling.label_scene": (scene, ("room.glb",)),
    "labels.visible.text.label_text": (of_text, ("text.md", "page.html")),
    "labels picture": (command("labels", "picture", *WORDS), ("unsigned.jpg", "labelled.webp")),
    "labels text": (command("labels", "text", *WORDS), ("text.md", "page.html")),
}


@pytest.mark.parametrize(
    ("verb", "name"),
    [  # each verb by one file; the others are slow
        pytest.param(verb, name, marks=[pytest.mark.slow] if name != names[0] else [])
        for verb, (_, names) in VERBS.items()
        for name in names
    ],
)
def test_what_came_in_goes_out(verb: str, name: str, world: World) -> None:
    source = world.folder / name
    out = source.with_name(f"out{source.suffix}")
    before, content = held(source), source.read_bytes()
    assert before.labels  # else there would be nothing to lose
    VERBS[verb][0](source, out, world)
    after = held(out)
    assert before.labels <= after.labels
    assert before.manifests <= after.manifests
    assert before.sources <= after.sources
    if verb != "marking.mark":  # where the kept manifest names the one in the pixels
        assert before.payloads <= after.payloads
    elif before.payloads:
        read = credentials.read(out, "image/jpeg", trust=Trust.nobody())
        assert read is not None
        known = {world.registry.manifests.payload_of(label) for label in before.manifests}
        assert before.payloads == known
    assert source.read_bytes() == content


def foreign_parent(source: Path, out: Path, world: World) -> None:
    """Another file as the parent, which knows nothing of the manifest."""
    sign(source, out, record=LATER, parent=source.with_name("bare.jpg"), **world.signing())


def without_parent(source: Path, out: Path, world: World) -> None:
    kind = credentials.media_type_of(source)
    credentials.sign_file(source, out, kind, record=LATER, signer=world.home.signer())


def stream_without_parent(source: Path, out: Path, world: World) -> None:
    kind = credentials.media_type_of(source)
    credentials.sign(source, kind, record=LATER, signer=world.home.signer())


def other_textures(source: Path, out: Path, world: World) -> None:
    label_scene(source, out, record=RECORD, payload=OTHER_PAYLOAD)


CODES = ("--producer", str(CODE), "--id", "content-8")
REFUSALS: list[tuple[str, str, Callable[[Path, Path, World], object], type[LabelError], str]] = [
    ("sign_file", "picture.jpg", without_parent, MarkLost, "Give the file as the parent"),
    ("sign_file", "film.mp4", without_parent, MarkLost, "Give the file as the parent"),
    ("sign_file", "sound.flac", without_parent, MarkLost, "Give the file as the parent"),
    ("sign", "picture.jpg", stream_without_parent, MarkLost, "Give the file as the parent"),
    ("sign, foreign parent", "picture.jpg", foreign_parent, MarkLost, "would be missing"),
    ("mark", "bare.jpg", VERBS["marking.mark"][0], MarkLost, "no manifest that names it"),
    ("label_scene", "room.glb", other_textures, MarkLost, "another one would replace"),
    ("picture", "picture.jpg", command("labels", "picture", *WORDS), LabelError, "manifest"),
    ("video", "film.mp4", command("labels", "video", *WORDS), LabelError, "manifest"),
    ("audio", "sound.wav", command("labels", "audio"), LabelError, "manifest"),
    ("scene", "room.glb", command("labels", "scene", *WORDS, *CODES), LabelError, "lies beside"),
    ("text", "letter.md", command("labels", "text", *WORDS), LabelError, "manifest"),
    ("picture", "beside.png", command("labels", "picture", *WORDS), LabelError, "manifest"),
    ("write", "room.glb", command("labels", "write", *CODES), LabelError, "lies beside"),
]


@pytest.mark.parametrize(
    ("name", "act", "error", "said"),
    [each[1:] for each in REFUSALS],
    ids=[f"{each[0]}-{each[1]}" for each in REFUSALS],
)
def test_what_would_be_lost_is_refused(
    name: str,
    act: Callable[[Path, Path, World], object],
    error: type[LabelError],
    said: str,
    world: World,
) -> None:
    source = world.folder / name
    out, content = source.with_name(f"out{source.suffix}"), source.read_bytes()
    with pytest.raises(error, match=said):
        act(source, out, world)
    assert not out.exists()
    assert not out.with_suffix(".c2pa").exists()
    assert source.read_bytes() == content


def test_label_that_hides_the_watermark_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a label that takes the whole picture."""

    def whole(pixels: Any, *words: Any, **told: Any) -> Any:
        pixels[...] = 200
        return label_picture(pixels, *words, **told)

    monkeypatch.setattr("countermark.cli.labels_visible.label_picture", whole)
    out = world.folder / "out.jpg"
    with pytest.raises(MarkLost, match="watermark"):
        command("labels", "picture", *WORDS)(world.folder / "unsigned.jpg", out, world)
    assert not out.exists()


def test_table_has_every_verb() -> None:
    """All public functions from file to file are above; what is below them lays out drafts."""
    inner = {"credentials.library.embed"}
    found = set()
    for module in pkgutil.walk_packages(countermark.__path__, "countermark."):
        name = module.name.removeprefix("countermark.")
        if name.startswith(("cli", "_core", "libcountermark", "service.reader")):
            continue
        for function, value in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(value) and value.__module__ == module.name:
                names = inspect.signature(value).parameters.keys()
                if {"source", "destination"} <= names and not function.startswith("_"):
                    found.add(f"{name}.{function}")
    assert found - inner == {verb for verb in VERBS if "." in verb} & found
    assert inner <= found
