"""glTF scenes: a property of the XMP that the extension KHR_xmp_json_ld gives to the asset.

There is no guide for scenes: XMP is what the guides name for other kinds of files. Others have put
the label into `extras`; it is read there, and goes when one is written. What the scene is drawn
from stays byte for byte, and no reader needs to know the extension.

Source: KHR_xmp_json_ld (Khronos, ratified); ISO 16684-3:2021 (JSON-LD serialization of XMP); glTF
2.0, sections 3.2 and 3.12.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

from countermark.containers import DamagedFile, StreamContent, glb_parts, write_glb
from countermark.containers.glb import MAX_JSON_BYTES
from countermark.containers.gltf import GltfJson, expect_object
from countermark.labels.aigc.carriers.pictures import NAMESPACE, PREFIX, is_label
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried
from countermark.labels.xmp.packet import Property

EXTENSION: Final = "KHR_xmp_json_ld"
_EARLIER: Final = "KHR_xmp"  # of the same form, before it was renamed
_NAME: Final = "AIGC"
_CONTEXT: Final = "@context"


def find(file: BinaryIO) -> Iterator[Carried]:
    """The labels in a GLB file."""
    asset = StreamContent(file)
    start, end = glb_parts(asset).json
    return _find(GltfJson(asset[start:end]))


def put(file: BinaryIO, out: BinaryIO, label: AigcLabel, beside: Sequence[Property] = ()) -> None:
    """Copy a GLB file with the label in its JSON; all other chunks keep every byte."""
    asset = StreamContent(file)
    parts = glb_parts(asset)
    start, end = parts.json
    write_glb(asset, out, parts, _labelled(GltfJson(asset[start:end]), label, beside))


def find_text(file: BinaryIO) -> Iterator[Carried]:
    """The labels in a glTF file that is JSON."""
    return _find(GltfJson(_text(file)))


def put_text(
    file: BinaryIO, out: BinaryIO, label: AigcLabel, beside: Sequence[Property] = ()
) -> None:
    """Copy a glTF file that is JSON with the label in it."""
    out.write(_labelled(GltfJson(_text(file)), label, beside))


def _text(file: BinaryIO) -> bytes:
    content = file.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise DamagedFile(f"its JSON is larger than {MAX_JSON_BYTES:,} bytes")
    return content


def _find(scene: GltfJson) -> Iterator[Carried]:
    asset, extensions = scene.object("asset"), scene.object("extensions")
    for extension in (EXTENSION, _EARLIER):
        main = _main(asset, extension)
        for number, packet in enumerate(_packets(extensions, extension)):
            context = _context(packet)
            for key, value in packet.items():
                name = _expanded(key, context)
                if is_label(*name):
                    is_main = number == main and extension == EXTENSION
                    place = f"{extension} packet {number}, {key:.60}"
                    yield Carried(_plain(value), place, is_main and name == (NAMESPACE, _NAME))
    for owner, holder in (("asset.", asset), ("", scene.members)):
        for key in _stray_keys(holder):
            yield Carried(_plain(holder["extras"][key]), f"{owner}extras.{key}", False)


def _labelled(scene: GltfJson, label: AigcLabel, beside: Sequence[Property]) -> bytes:
    if "asset" not in scene.members:
        raise DamagedFile("its JSON has no asset")
    asset, extensions = copy.deepcopy((scene.object("asset"), scene.object("extensions")))
    changed: dict[str, Any] = {"asset": asset, "extensions": extensions}
    for extension in (EXTENSION, _EARLIER):
        for packet in _packets(extensions, extension):
            _without(packet, is_label)
    if _stray_keys(scene.members):
        changed["extras"] = copy.deepcopy(scene.members["extras"])
    for holder in (asset, changed):
        for key in _stray_keys(holder):
            del holder["extras"][key]
    packet = _asset_packet(asset, extensions)
    for one in (Property(NAMESPACE, PREFIX, _NAME, label.to_json()), *beside):
        _state(packet, one)
    used = scene.members.get("extensionsUsed", [])
    if not isinstance(used, list):
        raise DamagedFile("its extensionsUsed is no array")
    if EXTENSION not in used:
        changed["extensionsUsed"] = [*used, EXTENSION]
    return scene.changed(changed)


def _packets(extensions: dict[str, Any], extension: str) -> list[dict[str, Any]]:
    found = expect_object(extensions, extension).get("packets", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DamagedFile(f"the packets of {extension} are no objects in an array")
    return found


def _main(asset: dict[str, Any], extension: str) -> int | None:
    """Which packet is about the scene as a whole."""
    number = expect_object(expect_object(asset, "extensions"), extension).get("packet")
    return number if type(number) is int else None


def _asset_packet(asset: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
    """The packet about the scene as a whole, which is made if there is none."""
    packets = _packets(extensions, EXTENSION)
    number = _main(asset, EXTENSION)
    if number is None:
        number = len(packets)
        packets.append({_CONTEXT: {}, "@id": ""})
        extensions.setdefault(EXTENSION, {})["packets"] = packets
        asset.setdefault("extensions", {}).setdefault(EXTENSION, {})["packet"] = number
    if not 0 <= number < len(packets):
        raise DamagedFile(f"its asset names packet {number} of {len(packets)}")
    return packets[number]


def _state(packet: dict[str, Any], one: Property) -> None:
    """Let a packet state a property once, under a prefix that stands for its namespace."""
    _without(packet, lambda *name: name == (one.namespace, one.name))
    context = _context(packet)
    prefixes = [name for name, namespace in context.items() if namespace == one.namespace]
    prefix = next((name for name in prefixes if not name.startswith("@")), None)
    if prefix is None:
        prefix = one.prefix
        while prefix in context:
            prefix += "_"
        stated = packet.get(_CONTEXT, {})
        added = {prefix: one.namespace}
        is_object = isinstance(stated, dict)
        others = stated if isinstance(stated, list) else [stated]
        packet[_CONTEXT] = {**stated, **added} if is_object else [*others, added]
    packet[f"{prefix}:{one.name}"] = one.value


def _without(packet: dict[str, Any], is_meant: Any) -> None:
    context = _context(packet)
    for key in [key for key in packet if is_meant(*_expanded(key, context))]:
        del packet[key]


def _context(packet: dict[str, Any]) -> dict[str, str]:
    """What prefixes and terms stand for; contexts that lie elsewhere are not fetched."""
    stated = packet.get(_CONTEXT, {})
    known: dict[str, str] = {}
    for one in stated if isinstance(stated, list) else [stated]:
        for name, meaning in one.items() if isinstance(one, dict) else ():
            meaning = meaning.get("@id") if isinstance(meaning, dict) else meaning
            if isinstance(meaning, str):
                known[name] = meaning
    return known


def _expanded(key: str, context: dict[str, str]) -> tuple[str, str]:
    """Namespace and name of a property."""
    if key.startswith("@"):
        return "", key
    prefix, colon, name = key.partition(":")
    if colon and prefix in context:
        return context[prefix], name
    whole = context.get(key, key if colon else context.get("@vocab", "") + key)
    end = max(whole.rfind("/"), whole.rfind("#"), whole.rfind(":")) + 1
    return whole[:end], whole[end:]


def _stray_keys(holder: dict[str, Any]) -> list[str]:
    extras = holder.get("extras")
    return [key for key in extras if key.upper() == _NAME] if isinstance(extras, dict) else []


def _plain(value: Any) -> str:
    """The text of a value, however JSON-LD has it."""
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
