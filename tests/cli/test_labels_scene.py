"""Scenes from the label to the verdict: labelled, signed beside the file, judged, ingested."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trimesh
from PIL import Image

from countermark import keys
from countermark.complying import Assessment, comply, profile
from countermark.credentials import (
    WATERMARK_ALGORITHM,
    IngredientState,
    Trust,
    TrustStatus,
    active_label,
    read_detached,
)
from countermark.errors import LabelNotWritten
from countermark.ingesting import EDITED_METADATA, Decision, ingest
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Status
from countermark.labels.scenes import Overlay, find_payloads, label_scene
from countermark.labels.visible import wording
from countermark.record import (
    DigitalSource,
    Filing,
    Producer,
    ProviderCode,
    Record,
    Service,
    ServiceClass,
    System,
)
from countermark.registry import Registry
from countermark.signing import sign_beside

PAYLOAD = 0x0011223344556677
PRODUCER = ProviderCode.of("91350100M000100Y43")
PLATFORM = ProviderCode.of("91350100M000100Y43", service=Service.PROPAGATION, application="8705")
OVERLAY = Overlay.of(wording("cn", filing_number="Filing 1234567890"), seconds=3)
RECORD = Record(
    source=DigitalSource.AI_GENERATED,
    producer=Producer(name="Example Works", code=PRODUCER),
    system=System(name="Example Model", version="3"),
    service_class=ServiceClass.IMMERSIVE_SCENE,
    content_id="room-7",
    filing=Filing(number="Filing 1234567890", url="https://example.org/filing"),
    label=OVERLAY.label,
)


def statuses(found: Assessment) -> dict[str, str]:
    return {one.rule.id: one.status.value for one in found.outcomes}


@pytest.fixture
def scene(photograph: Callable[..., Image.Image], tmp_path: Path) -> Path:
    """A cube with a photograph on it."""
    mesh = trimesh.creation.box()
    picture = photograph("coffee", 600).crop((60, 20, 380, 340))
    surface = trimesh.visual.material.PBRMaterial(baseColorTexture=picture)
    mesh.visual = trimesh.visual.TextureVisuals(uv=mesh.vertices[:, :2] + 0.5, material=surface)
    path = tmp_path / "room.glb"
    path.write_bytes(mesh.export(file_type="glb"))
    return path


@pytest.fixture
def made(scene: Path, home: keys.Home) -> Path:
    """With all that a scene can have."""
    label_scene(scene, scene, record=RECORD, payload=PAYLOAD)
    with Registry.open(home.registry_path) as registry:
        signer = home.signer()
        sidecar = scene.with_suffix(".c2pa")
        sign_beside(scene, sidecar, record=RECORD, signer=signer, registry=registry)
    return scene


def test_scene_with_everything_meets_the_chinese_profile(made: Path) -> None:
    found = comply(made, [profile("cn")])
    assert (found.media_type, found.is_generated) == ("model/gltf-binary", True)
    assert statuses(found) == {
        "cn-implicit-label": "satisfied",
        "cn-explicit-label": "satisfied",
        "cn-consent": "not applicable",
        "cn-assessed-model": "not applicable",
        "cn-logged": "satisfied",
        "cn-filing": "satisfied",
        "cn-watermark": "satisfied",
    }
    assert found.complies


def test_rules_of_pictures_do_not_speak_of_scenes(made: Path) -> None:
    found = comply(made, [profile("us-ca"), profile("eu")])
    assert set(statuses(found).values()) <= {"not applicable", "satisfied", "missing"}
    applicable = {
        rule: status for rule, status in statuses(found).items() if status != "not applicable"
    }
    assert applicable.pop("eu-time-stamp", "missing") == "missing"
    assert set(applicable.values()) <= {"satisfied"}, applicable


def test_bare_scene_lacks_everything(scene: Path, home: keys.Home) -> None:
    found = statuses(comply(scene, [profile("cn")]))
    assert found["cn-implicit-label"] == "missing"
    assert found["cn-explicit-label"] == "cannot tell"
    assert found["cn-watermark"] == "missing"


def test_changed_scene_is_not_bound_by_the_manifest_beside_it(made: Path) -> None:
    content = bytearray(made.read_bytes())
    content[-1] ^= 1
    made.write_bytes(content)
    found = comply(made, [profile("cn"), profile("eu")])
    assert statuses(found)["cn-explicit-label"] == "cannot tell"
    assert statuses(found)["eu-manifest"] == "missing"
    assert "does not hold for this file" in str(found)


def test_manifest_of_another_file_is_no_manifest_of_this_one(made: Path, scene: Path) -> None:
    other = made.with_name("other.glb")
    label_scene(made, other, label=AigcLabel.produced(str(PRODUCER), "room-8"))
    made.with_suffix(".c2pa").rename(other.with_suffix(".c2pa"))
    assert statuses(comply(other, [profile("eu")]))["eu-manifest"] == "missing"
    assert statuses(comply(made, [profile("eu")]))["eu-manifest"] == "missing"


def test_manifest_names_the_watermark_and_the_record(made: Path, trust: Trust) -> None:
    found = read_detached(made.with_suffix(".c2pa").read_bytes(), made, trust=trust)
    assert (found.hard_binding, found.trust) == ("match", TrustStatus.TRUSTED)
    assert [one.value for one in found.soft_bindings] == [PAYLOAD.to_bytes(8, "big")]
    assert found.record == RECORD


def test_registry_leads_from_the_watermark_to_the_manifest(made: Path, home: keys.Home) -> None:
    store = made.with_suffix(".c2pa").read_bytes()
    [payload] = find_payloads(made)
    with Registry.open(home.registry_path) as registry:
        value = payload.to_bytes(8, "big")
        found = registry.manifests.bound_to(WATERMARK_ALGORITHM, value, limit=9)
        assert found == [active_label(store)]
        assert registry.manifests.find(active_label(store)) == store
        kinds = [json.loads(leaf)["kind"] for leaf in registry.log.leaves()]
    assert kinds == ["key-used", "deposited"]


def test_number_of_the_content_is_that_of_the_label(scene: Path, home: keys.Home) -> None:
    label_scene(scene, scene, record=RECORD)
    with Registry.open(home.registry_path) as registry:
        done = sign_beside(
            scene,
            scene.with_suffix(".c2pa"),
            record=replace(RECORD, content_id=None),
            signer=home.signer(),
            registry=registry,
        )
    assert done.record.content_id == "room-7"


def published(scene: Path, **options: Any) -> tuple[Any, Path]:
    out = scene.with_name("published.glb")
    done = ingest(scene, out, propagator=PLATFORM, propagate_id="post-42", **options)
    return done, out


def test_platform_adds_its_members_to_the_label(scene: Path) -> None:
    label_scene(scene, scene, record=RECORD, payload=PAYLOAD)
    done, out = published(scene)
    assert done.decision is Decision.IS
    label = aigc.read(out).label
    assert label is not None
    assert (label.producer, label.produce_id) == (str(PRODUCER), "room-7")
    assert (label.propagator, label.propagate_id) == (str(PLATFORM), "post-42")
    assert find_payloads(out) == (PAYLOAD,)


def test_platform_labels_what_its_uploader_declares(scene: Path) -> None:
    done, out = published(scene, is_declared=True)
    label = aigc.read(out).label
    assert label is not None
    assert (done.decision, label.status, label.producer) == (Decision.POSSIBLE, Status.POSSIBLE, "")


def test_manifest_beside_a_scene_gets_its_successor_beside_the_copy(
    made: Path, home: keys.Home, trust: Trust
) -> None:
    before = read_detached(made.with_suffix(".c2pa").read_bytes(), made, trust=trust)
    with Registry.open(home.registry_path) as registry:
        done, out = published(made, signer=home.signer(), trust=trust, registry=registry)
        assert done.manifest is not None
        assert registry.manifests.find(done.manifest) is not None
    after = read_detached(out.with_suffix(".c2pa").read_bytes(), out, trust=trust)
    assert (after.hard_binding, after.failures, after.label) == ("match", (), done.manifest)
    assert after.record == before.record == RECORD
    assert after.soft_bindings == before.soft_bindings
    assert after.actions == ("c2pa.opened", EDITED_METADATA)
    [parent] = after.ingredients
    assert (parent.role, parent.state) == ("parentOf", IngredientState.HOLDS)
    assert (parent.label, parent.trust) == (before.label, TrustStatus.TRUSTED)
    assert set(parent.recorded_failures) == {"signingCredential.untrusted"}  # by lists of nobody
    label = aigc.read(out).label
    assert label is not None
    assert label.propagate_id == "post-42"
    assert find_payloads(out) == (PAYLOAD,)


def test_scene_with_a_manifest_beside_it_needs_a_signer(made: Path) -> None:
    with pytest.raises(LabelNotWritten, match="signer"):
        published(made)
    assert not made.with_name("published.glb").exists()
    assert not made.with_name("published.c2pa").exists()


@pytest.mark.parametrize("changed", [False, True])
def test_manifest_that_lies_there_becomes_the_parent(
    made: Path, home: keys.Home, trust: Trust, changed: bool
) -> None:
    sidecar = made.with_suffix(".c2pa")
    before = read_detached(sidecar.read_bytes(), trust=trust)
    if changed:
        label_scene(made, made, record=replace(RECORD, content_id="room-8"))
    with Registry.open(home.registry_path) as registry:
        sign_beside(made, sidecar, record=RECORD, signer=home.signer(), registry=registry)
    after = read_detached(sidecar.read_bytes(), made, trust=trust)
    assert (after.hard_binding, after.failures) == ("match", ())
    assert [(one.label, one.state) for one in after.ingredients] == [
        (before.label, IngredientState.HOLDS)
    ]
    assert ("assertion.dataHash.mismatch" in after.ingredients[0].recorded_failures) is changed


def test_edited_scene_names_the_one_that_it_was_made_from(
    made: Path, home: keys.Home, trust: Trust, call: Callable[..., tuple[int, str, str]]
) -> None:
    edited = made.with_name("edited.glb")
    edited.write_bytes(made.read_bytes())
    options = ("--parent", made, "--source", "ai-edited")
    code, _, said = call("sign", edited, "--out", edited.with_suffix(".c2pa"), *options)
    assert code == 0, said
    before = read_detached(made.with_suffix(".c2pa").read_bytes(), trust=trust)
    after = read_detached(edited.with_suffix(".c2pa").read_bytes(), edited, trust=trust)
    assert after.actions[:2] == ("c2pa.opened", "c2pa.edited")
    assert [one.label for one in after.ingredients] == [before.label]


def test_command_line_leads_from_a_scene_to_a_verdict(
    scene: Path, home: keys.Home, call: Callable[..., tuple[int, str, str]]
) -> None:
    folder = scene.parent
    (folder / "record.json").write_text(RECORD.to_json())
    code, said, _ = call(
        *("labels", "scene", scene, "--out", scene, "--wording", "cn", "--seconds", 3),
        *("--record", folder / "record.json", "--payload", f"{PAYLOAD:016x}"),
        *("--overlay", folder / "overlay.json", "--filing-number", "Filing 1234567890"),
        *("--start-frame", folder / "start.png", "--window", "640x360"),
    )
    assert code == 0
    assert "(label room-7)" in said
    assert "image 0: marked" in said
    assert Overlay.from_json((folder / "overlay.json").read_text()) == OVERLAY
    with Image.open(folder / "start.png") as drawn:
        assert (drawn.size, drawn.mode) == ((640, 360), "RGBA")
    options = ("--record", folder / "record.json", "--json")
    code, said, _ = call("sign", scene, "--out", folder / "room.c2pa", *options)
    assert code == 0
    manifest = json.loads(said)["manifest"]
    code, said, _ = call("labels", "read", scene)
    assert code == 0
    assert "KHR_xmp_json_ld packet 0, TC260:AIGC" in said
    code, said, _ = call("comply", scene, "--profile", "cn", "--json")
    assert code == 0, said
    stored = read_detached((folder / "room.c2pa").read_bytes(), trust=Trust.nobody())
    assert stored.label == manifest


def test_command_line_draws_on_the_first_frame(
    scene: Path, photograph: Callable[..., Image.Image], call: Callable[..., tuple[int, str, str]]
) -> None:
    frame, drawn = scene.with_name("frame.png"), scene.with_name("start.png")
    photograph("rocket", 640).save(frame)
    code, _, _ = call(
        *("labels", "scene", scene, "--out", scene, "--wording", "eu", "--anchor", "top-left"),
        *("--producer", PRODUCER, "--id", "room-7", "--start-frame", drawn, "--frame", frame),
    )
    assert code == 0
    with Image.open(frame) as before, Image.open(drawn) as after:
        assert before.size == after.size
        assert before.crop((0, 0, 300, 80)).tobytes() != after.crop((0, 0, 300, 80)).tobytes()
        assert before.crop((0, 200, 640, 400)).tobytes() == after.crop((0, 200, 640, 400)).tobytes()


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--producer", PRODUCER), 2, "--producer together with --id"),
        (("--payload", "12"), 2, "16 hexadecimal digits"),
        ((), 3, "neither a label nor a payload"),
        (("--payload", "0" * 16, "--start-frame", "a.png", "--window", "0x9"), 3, "size of the"),
        (("--payload", "0" * 16, "--height", "0.01"), 3, "height of the overlay"),
    ],
)
def test_command_line_refuses_and_writes_nothing(
    scene: Path,
    call: Callable[..., tuple[int, str, str]],
    options: tuple[object, ...],
    code: int,
    said: str,
) -> None:
    out = scene.with_name("out.glb")
    result = call("labels", "scene", scene, "--out", out, "--wording", "cn", *options)
    assert result[0] == code
    assert said in result[2]
    assert not out.exists()


def test_manifest_beside_a_file_takes_no_components(
    scene: Path, call: Callable[..., tuple[int, str, str]]
) -> None:
    sidecar = scene.with_suffix(".c2pa")
    code, _, said = call("sign", scene, "--out", sidecar, "--component", scene)
    assert (code, sidecar.exists()) == (3, False)
    assert "names no components" in said
