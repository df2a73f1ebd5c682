"""How files of each family hold the label; one module a family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from countermark.containers.office import OFFICE_TYPES
from countermark.labels.aigc.carriers import (
    flv,
    gltf,
    html,
    id3,
    markdown,
    matroska,
    mp4,
    ooxml,
    pdf,
    riff,
    usd,
    vorbis,
)
from countermark.labels.aigc.carriers.pictures import PICTURES
from countermark.labels.aigc.label import AigcLabel
from countermark.labels.aigc.reading import Carried
from countermark.labels.xmp import Property


class Carrier(NamedTuple):
    """How files of one family hold the label.

    `find(file)` yields every label in a seekable file, wherever writers are known to put one.
    `put(file, out, label)` copies the file to `out`, piece by piece where it may be large, with
    this label in the place that the guides name, and no other; all else stays as it is.
    `put_beside(file, out, label, properties)` puts properties of XMP in as well; None where files
    of the family hold the label elsewhere.
    """

    find: Callable[[BinaryIO], Iterator[Carried]]
    put: Callable[[BinaryIO, BinaryIO, AigcLabel], None]
    put_beside: Callable[[BinaryIO, BinaryIO, AigcLabel, Sequence[Property]], None] | None = None


CARRIERS: Final[dict[str, Carrier]] = {
    **{name: Carrier(find, put, put) for name, (find, put) in PICTURES.items()},
    **dict.fromkeys(("video/mp4", "video/quicktime", "audio/mp4"), Carrier(mp4.find, mp4.put)),
    **dict.fromkeys(("audio/wav", "video/x-msvideo"), Carrier(riff.find, riff.put)),
    **dict.fromkeys(("video/x-matroska", "video/webm"), Carrier(matroska.find, matroska.put)),
    "video/x-flv": Carrier(flv.find, flv.put),
    "audio/mpeg": Carrier(id3.find, id3.put),
    **dict.fromkeys(("audio/flac", "audio/ogg"), Carrier(vorbis.find, vorbis.put)),
    "application/pdf": Carrier(pdf.find, pdf.put),
    **dict.fromkeys(OFFICE_TYPES.values(), Carrier(ooxml.find, ooxml.put)),
    "text/markdown": Carrier(markdown.find, markdown.put),
    "text/html": Carrier(html.find, html.put),
    "model/gltf-binary": Carrier(gltf.find, gltf.put, gltf.put),
    "model/gltf+json": Carrier(gltf.find_text, gltf.put_text, gltf.put_text),
    **dict.fromkeys(usd.LAYERS, Carrier(usd.find, usd.put, usd.put)),
    "model/vnd.usdz+zip": Carrier(usd.find_package, usd.put_package, usd.put_package),
}
"""By media type."""
