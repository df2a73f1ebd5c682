"""The text of XMP packets: properties read and put in, and every other byte left as it is.

>>> packet = merged(None, [Property("http://ns.example/1.0/", "ex", "Colour", "red & blue")])
>>> [(one.name, one.value) for one in properties(packet)]
[('Colour', 'red & blue')]

The parser is expat, which fetches nothing; documents with types of their own are refused.

Source: ISO 16684-1 (XMP, part 1), clause 7; XMP Specification, part 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from countermark.labels.xmp.scanning import (
    ATTRIBUTE,
    NO_UTF_8,
    RDF,
    TAG,
    BrokenPacket,
    Occurrence,
    Scan,
    scan,
)

_HEAD: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL: Final = '\n<?xpacket end="w"?>'


@dataclass(frozen=True, slots=True)
class Property:
    """A simple property.

    `prefix`: what stands for the namespace where it is new in a packet.
    """

    namespace: str
    prefix: str
    name: str
    value: str


def properties(packet: bytes) -> list[Property]:
    """The properties in a packet; raises `BrokenPacket`."""
    return [
        Property(one.namespace, one.qualified.decode().rpartition(":")[0], one.name, one.value)
        for one in scan(packet).found
    ]


Without = Callable[[str, str], bool]


def nothing(namespace: str, name: str) -> bool:
    """No property goes."""
    return False


def merged(
    packet: bytes | None,
    stated: Sequence[Property],
    *,
    without: Without = nothing,
) -> bytes:
    """A packet with these properties, each once; every other byte of it stays as it is.

    `packet`: None for a new one. `without`: of namespace and name, whether a property that stands
    there goes.

    Raises `BrokenPacket`.
    """
    if packet is None:
        return (_HEAD + new_body(stated) + _TAIL).encode()
    return merged_into(packet, scan(packet), stated, without)


def merged_into(
    packet: bytes,
    scanned: Scan,
    stated: Sequence[Property],
    without: Without,
) -> bytes:
    """As `merged`, of a packet that was looked at already."""
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in packet[:4]:
        raise BrokenPacket(NO_UTF_8)
    changes: list[tuple[int, int, bytes]] = []
    missing: list[Property] = []
    for wanted in stated:
        same = [one for one in scanned.found if _names(one) == (wanted.namespace, wanted.name)]
        first = next((one for one in same if one.is_proper), None)
        if first is None:
            missing.append(wanted)
        elif first.value != wanted.value:
            changes.append(_set(packet, first, wanted))
        changes += ((one.start, one.end, b"") for one in same if one is not first)
    done = {(wanted.namespace, wanted.name) for wanted in stated}
    for one in scanned.found:
        if without(*_names(one)) and _names(one) not in done:
            changes.append((one.start, one.end, b""))
    if missing:
        changes.append(_added(packet, scanned, missing))
    return _changed(packet, changes)


def new_body(stated: Iterable[Property]) -> str:
    """The element x:xmpmeta with these properties."""
    description = _description(stated, "rdf", '""')
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f"{description}</rdf:RDF></x:xmpmeta>"
    )


def _names(one: Occurrence) -> tuple[str, str]:
    return one.namespace, one.name


def _description(stated: Iterable[Property], rdf: str, about: str) -> str:
    stated = list(stated)
    spaces = {one.prefix: one.namespace for one in stated}
    declared = "".join(f' xmlns:{prefix}="{space}"' for prefix, space in spaces.items())
    texts = (f"<{p.prefix}:{p.name}>{_escaped(p.value)}</{p.prefix}:{p.name}>" for p in stated)
    return f"<{rdf}:Description {rdf}:about={about}{declared}>{''.join(texts)}</{rdf}:Description>"


def _set(packet: bytes, one: Occurrence, wanted: Property) -> tuple[int, int, bytes]:
    """The change that gives a property its value, in the form that it has."""
    name = one.qualified
    if one.is_attribute:
        value = _escaped(wanted.value).replace('"', "&quot;").encode()
        return one.start, one.end, b" " + name + b'="' + value + b'"'
    tag = TAG.match(packet, one.start)
    prefix, colon, _ = name.rpartition(b":")
    declaration = b"xmlns" + colon + prefix
    declared = b""
    if tag is not None and any(m[1] == declaration for m in ATTRIBUTE.finditer(tag[0])):
        declared = b" " + declaration + b'="' + _escaped(wanted.namespace).encode() + b'"'
    value = _escaped(wanted.value).encode()
    return one.start, one.end, b"<" + name + declared + b">" + value + b"</" + name + b">"


def _added(packet: bytes, scanned: Scan, missing: list[Property]) -> tuple[int, int, bytes]:
    if scanned.closing is None:
        raise BrokenPacket("it holds no element rdf:RDF")
    at, is_empty = scanned.closing
    rdf = scanned.rdf.decode()
    new = _description(missing, rdf, scanned.about.decode()).encode()
    if not is_empty:
        return at, at, new
    tag = TAG.match(packet, at)
    assert tag is not None
    opened = tag[0][:-1].rstrip()[:-1] + b">"
    return at, tag.end(), opened + new + b"</" + scanned.rdf + b":RDF>"


def _changed(packet: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Of changes inside another one, only the outer one is made."""
    parts: list[bytes] = []
    at = 0
    for start, end, new in sorted(changes, key=lambda change: (change[0], -change[1])):
        if start < at:
            continue
        parts += (packet[at:start], new)
        at = end
    return b"".join((*parts, packet[at:]))


def fitted(packet: bytes, length: int) -> bytes | None:
    """The packet with as much white space before its end as makes it so long; None if too long.

    Source: ISO 16684-1, 7.3.4 "Packet wrapper": padding.
    """
    body, end = _parted(packet)
    room = length - len(body) - len(end)
    return None if room < 0 else body + b" " * room + end


def trimmed(packet: bytes) -> bytes:
    """The packet without white space before its end."""
    return b"".join(_parted(packet))


def _parted(packet: bytes) -> tuple[bytes, bytes]:
    """What stands before the white space at the end of a packet, and what stands behind it."""
    packet = packet.rstrip(b"\0\t\n\r ")
    at = packet.rfind(b"<?xpacket end=")
    if at < 0 or b"?>" in packet[at:-2]:
        return packet, b""
    return packet[:at].rstrip(), packet[at:]


def _escaped(text: str) -> str:
    """As content of an element.

    xml.sax.saxutils would do it, and loads what fetches from networks.
    """
    for sign, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, reference)
    return text
