"""Packets of XMP: properties go in, and every other byte stays."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.labels.xmp.packet import Property, fitted, merged, properties, trimmed
from countermark.labels.xmp.scanning import BrokenPacket, scan

NS = "http://ns.example/1.0/"
OTHER = "http://ns.example/other/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(inside: str, *, rdf: str = "rdf") -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{rdf}:RDF xmlns:{rdf}="{RDF}">{inside}</{rdf}:RDF>'
        '</x:xmpmeta>\n   \n<?xpacket end="w"?>'
    ).encode()


def wanted(value: str, name: str = "Colour") -> Property:
    return Property(NS, "ex", name, value)


def values(content: bytes, name: str = "Colour") -> list[str]:
    return [one.value for one in properties(content) if one.name == name]


OTHERS = (
    f'<rdf:Description rdf:about="uuid:1" xmlns:o="{OTHER}" o:Note=\'a > "b"\'>'
    "<o:List><rdf:Seq><rdf:li>x</rdf:li></rdf:Seq></o:List><!-- <ex:Colour> -->"
    "<o:Data><![CDATA[<ex:Colour>]]></o:Data></rdf:Description>"
)


def test_new_packet_is_as_xmp_wants_it() -> None:
    made = merged(None, [wanted("<red> & \"blue\" 'green' 图")])
    assert values(made) == ["<red> & \"blue\" 'green' 图"]
    assert made.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode())
    assert made.endswith(b'<?xpacket end="w"?>')
    root = ElementTree.fromstring(made)  # another parser
    assert root.findtext(f"{{{RDF}}}RDF/{{{RDF}}}Description/{{{NS}}}Colour") == values(made)[0]


def test_property_is_added_beside_others() -> None:
    before = packet(OTHERS)
    after = merged(before, [wanted("red")])
    assert values(after) == ["red"]
    at = before.index(b"</rdf:RDF>")
    assert after.startswith(before[:at])
    assert after.endswith(before[at:])
    assert b'rdf:about="uuid:1" xmlns:ex' in after  # of the same thing as the others


@pytest.mark.parametrize(
    "stated",
    [
        "<ex:Colour>blue</ex:Colour>",
        "<ex:Colour/>",
        "<ex:Colour></ex:Colour>",
        '<ex:Colour rdf:resource="blue"/>',
        f'<q:Colour xmlns:q="{NS}">blue</q:Colour>',
        f'<Colour xmlns="{NS}">blue</Colour>',
        "<ex:Colour><rdf:Alt><rdf:li xml:lang='x-default'>blue</rdf:li></rdf:Alt></ex:Colour>",
        '<ex:Colour rdf:parseType="Resource"><ex:Hue>blue</ex:Hue></ex:Colour>',
        "<ex:Colour\n >\nblue\n</ex:Colour\n>",
    ],
)
def test_element_is_replaced_where_it_stands(stated: str) -> None:
    before = packet(f'{OTHERS}<rdf:Description xmlns:ex="{NS}">|{stated}|</rdf:Description>')
    after = merged(before, [wanted("red & green")])
    assert values(after) == ["red & green"]
    parts = before.split(b"|")
    assert after.startswith(parts[0] + b"|")
    assert after.endswith(b"|" + parts[2])
    assert merged(after, [wanted("red & green")]) == after


@pytest.mark.parametrize("attribute", ["ex:Colour='blue'", 'ex:Colour = "a > b"', 'ex:Colour=""'])
def test_attribute_is_replaced_where_it_stands(attribute: str) -> None:
    before = packet(f'<rdf:Description xmlns:ex="{NS}" {attribute} ex:Size="ex:Colour=7"/>')
    after = merged(before, [wanted('"red" & <green>')])
    assert values(after) == ['"red" & <green>']
    assert values(after, "Size") == ["ex:Colour=7"]
    assert after.split(b" ex:Size")[1] == before.split(b" ex:Size")[1]


def test_of_many_one_is_left() -> None:
    before = packet(
        f'<rdf:Description xmlns:ex="{NS}" ex:Colour="a"><ex:Size>7</ex:Size>'
        "<ex:Colour>b</ex:Colour><ex:Colour>c</ex:Colour></rdf:Description>"
        f'<rdf:Description xmlns:ex="{NS}" ex:Colour="d"/>'
    )
    after = merged(before, [wanted("red")])
    assert (values(after), values(after, "Size")) == (["red"], ["7"])


def test_property_inside_of_another_is_no_property_of_the_picture() -> None:
    inside = f"<o:Part xmlns:o='{OTHER}'><ex:Colour>blue</ex:Colour></o:Part>"
    before = packet(f'<rdf:Description xmlns:ex="{NS}">{inside}</rdf:Description>')
    after = merged(before, [wanted("red")])
    assert values(after) == ["red"]
    assert inside.encode() in after


def test_empty_frame_is_opened() -> None:
    empty = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="{RDF}" /></x:xmpmeta>'.encode()
    after = merged(empty, [wanted("red")])
    assert values(after) == ["red"]
    assert after.endswith(b"</r:RDF></x:xmpmeta>")


def test_frame_may_have_another_prefix() -> None:
    assert values(merged(packet("", rdf="r"), [wanted("red")])) == ["red"]


def test_what_is_unwanted_goes() -> None:
    before = packet(f'<rdf:Description xmlns:ex="{NS}" ex:Bad="1" ex:Good="2"/>')
    after = merged(before, [], without=lambda namespace, name: name == "Bad")
    assert after == before.replace(b' ex:Bad="1"', b"")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<a><b></a>",
        b"no XML",
        b"<x/>",  # without an element rdf:RDF
        b"<!DOCTYPE x [<!ENTITY e 'ee'>]>" + packet("<rdf:Description/>"),
        b"<?xml version='1.0' encoding='nobody-knows'?><x/>",
        packet("<rdf:Description>" * 2000 + "</rdf:Description>" * 2000),
        packet("").decode().encode("utf-16"),
        packet("<rdf:Description rdf:about='\xff'/>").decode().encode("latin-1", "ignore"),
    ],
)
def test_broken_packets_are_refused(broken: bytes) -> None:
    with pytest.raises(BrokenPacket):
        merged(broken, [wanted("red")])


def test_entities_are_not_expanded_without_end() -> None:
    laughs = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    bomb = f"<!DOCTYPE svg [<!ENTITY a0 'ha'>{laughs}]><svg><rdf:RDF xmlns:rdf='{RDF}'>"
    with pytest.raises(BrokenPacket):
        scan(f"{bomb}&a12;</rdf:RDF></svg>".encode(), may_have_type=True)


def test_files_outside_are_not_read() -> None:
    outside = "<!DOCTYPE svg [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>"
    inside = (
        f"<svg><rdf:RDF xmlns:rdf='{RDF}'><rdf:D xmlns:e='{NS}'><e:A>&e;</e:A></rdf:D></rdf:RDF>"
    )
    scanned = scan(f"{outside}{inside}</svg>".encode(), may_have_type=True)
    assert [one.value for one in scanned.found] == [""]


def test_padding_takes_the_room_that_is_left() -> None:
    before = packet(OTHERS)
    assert fitted(before, len(before)) is not None
    longer = fitted(before, len(before) + 100)
    assert longer is not None
    assert len(longer) == len(before) + 100
    assert re.search(rb" {100,}<\?xpacket end=\"w\"\?>$", longer)
    assert fitted(before, len(trimmed(before)) - 1) is None
    assert fitted(b"<x/>", 9) == b"<x/>     "


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)


@settings(max_examples=60)
@given(TEXT, TEXT, st.booleans())
def test_any_text_comes_back(value: str, note: str, as_attribute: bool) -> None:
    before = merged(packet(OTHERS), [Property(OTHER, "o", "Note", note)])
    if as_attribute:
        frame = f'<rdf:Description xmlns:ex="{NS}" ex:Colour=""/></rdf:RDF>'
        before = before.replace(b"</rdf:RDF>", frame.encode())
    after = merged(before, [wanted(value)])
    assert [text.strip() for text in values(after)] == [value.strip()]
    assert values(after, "Note") == values(before, "Note")
    assert ElementTree.fromstring(after) is not None


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 600))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int) -> None:
    whole = packet(OTHERS)
    for content in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        try:
            properties(content)
            merged(content, [wanted("red")])
        except BrokenPacket:
            pass
