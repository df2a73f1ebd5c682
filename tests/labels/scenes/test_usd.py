"""The label in USD scenes, checked by the library's own validators."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark.errors import LabelNotWritten, MissingExtra
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Verdict
from countermark.record import DigitalSource, Record, System

# Windows on ARM and free-threaded Python have no wheel of it.
pytest.importorskip("pxr", reason="usd-core is not to be had for this Python")
from pxr import Sdf, Usd, UsdGeom, UsdMedia, UsdValidation

LABEL = AigcLabel.produced("001191110102MACQD9K64010000", "room-7")
OTHER = AigcLabel.produced("001191310104MACE0YX63918020", "another-room")
RECORD = Record(source=DigitalSource.AI_GENERATED, system=System(name="Example Model", version="3"))
NAMES = ("room.usda", "room.usdc", "room.usdz")
POINTS = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One scene in all three forms; the package holds a picture too."""
    folder = tmp_path_factory.mktemp("scenes")
    stage = Usd.Stage.CreateNew(str(folder / "room.usda"))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1)
    root = UsdGeom.Xform.Define(stage, "/Room").GetPrim()
    stage.SetDefaultPrim(root)
    mesh = UsdGeom.Mesh.Define(stage, "/Room/Wall")
    mesh.CreatePointsAttr(POINTS)
    mesh.CreateExtentAttr([(0, 0, 0), (1, 1, 0)])
    mesh.CreateFaceVertexCountsAttr([3])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2])
    mesh.CreateSubdivisionSchemeAttr("none")
    layer = stage.GetRootLayer()
    layer.customLayerData = {"mood": "calm"}
    layer.Save()
    layer.Export(str(folder / "room.usdc"))
    Image.new("RGB", (33, 17), "teal").save(folder / "wall.png")
    writer = Sdf.ZipFileWriter.CreateNew(str(folder / "room.usdz"))
    writer.AddFile(str(folder / "room.usdc"), "room.usdc")
    writer.AddFile(str(folder / "wall.png"), "textures/wall.png")
    writer.Save()
    return folder


@pytest.fixture
def labelled(scenes: Path, tmp_path: Path) -> Callable[..., Path]:
    def labelled(name: str, label: AigcLabel = LABEL, **options: Any) -> Path:
        aigc.write(scenes / name, tmp_path / name, label, **options)
        return tmp_path / name

    return labelled


@pytest.mark.parametrize("name", NAMES)
def test_label_is_written_once_and_replaced(
    scenes: Path, labelled: Callable[..., Path], name: str
) -> None:
    assert aigc.read(scenes / name).verdict is Verdict.NOT_FOUND
    path = labelled(name)
    reading = aigc.read(path)
    assert (reading.verdict, reading.label) == (Verdict.COMPLIANT, LABEL)
    assert reading.found[0].carried.text == LABEL.to_json()
    aigc.write(path, path, OTHER)
    assert [one.label for one in aigc.read(path).found] == [OTHER]


def stated(stage: Any) -> tuple[str, ...]:
    """What AuthorshipAPI says of the scene, by names and, where there is one, by the schema."""
    prim = stage.GetPrimAtPath("/Room")
    assert prim.GetAppliedSchemas() == ["AuthorshipAPI:countermark"]
    names = ("digitalSourceType", "softwarePackage", "softwareVersion")
    values = tuple(prim.GetAttribute(f"authorship:countermark:{name}").Get() for name in names)
    if hasattr(UsdMedia, "AuthorshipAPI"):  # from 26.11 on
        (found,) = UsdMedia.AuthorshipAPI.GetAll(prim)
        assert found.GetDigitalSourceTypeAttr().Get() == values[0]
        assert found.GetSoftwarePackageAttr().Get() == values[1]
        assert found.GetSoftwareVersionAttr().Get() == values[2]
    return values


@pytest.mark.parametrize("name", NAMES)
def test_library_opens_the_same_scene_and_its_validators_agree(
    labelled: Callable[..., Path], name: str
) -> None:
    stage = Usd.Stage.Open(str(labelled(name, record=RECORD)))
    assert dict(stage.GetRootLayer().customLayerData) == {
        "mood": "calm",
        "AIGC": LABEL.to_json(),
    }
    mesh = UsdGeom.Mesh.Get(stage, "/Room/Wall")
    assert [tuple(point) for point in mesh.GetPointsAttr().Get()] == POINTS
    assert stated(stage) == (RECORD.source.uri, "Example Model", "3")
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    errors = UsdValidation.ValidationContext(validators).Validate(stage)
    assert [(one.GetName(), one.GetMessage()) for one in errors] == []


def test_package_keeps_its_form(scenes: Path, labelled: Callable[..., Path]) -> None:
    before, after = (scenes / "room.usdz").read_bytes(), labelled("room.usdz").read_bytes()
    archives = [zipfile.ZipFile(io.BytesIO(content)) for content in (before, after)]
    names = [archive.namelist() for archive in archives]
    assert names == [["room.usdc", "textures/wall.png"]] * 2
    assert archives[1].testzip() is None
    pictures = [archive.read("textures/wall.png") for archive in archives]
    assert pictures[0] == pictures[1]
    for entry in archives[1].infolist():
        assert entry.compress_type == zipfile.ZIP_STORED
        lengths = struct.unpack_from("<HH", after, entry.header_offset + 26)
        assert (entry.header_offset + 30 + sum(lengths)) % 64 == 0


def test_former_statements_are_replaced(labelled: Callable[..., Path]) -> None:
    path = labelled("room.usda", record=RECORD)
    aigc.write(path, path, OTHER, record=Record(source=DigitalSource.COMPOSITE))
    stage = Usd.Stage.Open(str(path))
    assert stated(stage) == (DigitalSource.COMPOSITE.uri, "Example Model", "3")


def test_what_a_layer_refers_to_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "room.usda"
    text = '#usda 1.0\n(\n subLayers = [@/nowhere/other.usda@]\n)\ndef "Room" (\n'
    path.write_text(text + " references = @../secret.usda@\n)\n{\n}\n")
    aigc.write(path, path, LABEL, record=RECORD)
    assert aigc.read(path).label == LABEL
    assert "@/nowhere/other.usda@" in path.read_text()
    assert "references = @../secret.usda@" in path.read_text()


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        for number, (name, content) in enumerate(entries):
            written.writestr(name, content, method if number else zipfile.ZIP_STORED)
    return out.getvalue()


LAYER = b'#usda 1.0\ndef "Room"\n{\n}\n'
BAD = {
    "text.usda": b"#usda 1.0\nthis is no layer {",
    "crate.usdc": b"PXR-USDC" + bytes(200),
    "cut.usdz": archive(("room.usda", LAYER), ("a.png", bytes(500)))[:300],
    "twice.usdz": archive(("room.usda", LAYER), ("a.png", b"1"), ("b.png", b"2")).replace(
        b"b.png", b"a.png"
    ),
    "no-layer.usdz": archive(("room.usda", b"<scene/>")),
    "compressed.usdz": archive(
        ("room.usda", LAYER), ("a.png", bytes(500)), method=zipfile.ZIP_DEFLATED
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_hostile_scene_is_refused_clearly(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BAD[name])
    with pytest.raises(LabelNotWritten, match="cannot be put into the file"):
        aigc.write(path, path, LABEL)
    assert path.read_bytes() == BAD[name]
    assert aigc.read(path).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("name", NAMES)
def test_without_the_library_it_says_what_to_install(
    scenes: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pxr", None)
    with pytest.raises(MissingExtra, match=r"countermark\[scenes\]"):
        aigc.read(scenes / name)
