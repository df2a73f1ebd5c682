"""The formats of files: what a file is, and the parts that it is made of.

>>> media_type(b"\\x89PNG\\r\\n\\x1a\\n")
'image/png'

Nothing here judges a file: where it is damaged, the walk ends.
"""

from countermark.containers.boxes import boxes, is_bmff
from countermark.containers.chunks import chunks
from countermark.containers.content import (
    CHUNK_BYTES,
    Content,
    DamagedFile,
    Span,
    StreamContent,
    TooManyParts,
    counted,
    pieces,
    too_many_parts,
    unpack,
)
from countermark.containers.edits import Edits
from countermark.containers.gif import gif_parts
from countermark.containers.glb import Glb, glb_parts, write_glb
from countermark.containers.media_types import media_type
from countermark.containers.png import png_chunks
from countermark.containers.segments import jpeg_segments
from countermark.containers.splicing import Splice, moved, splice

__all__ = [
    "CHUNK_BYTES",
    "Content",
    "DamagedFile",
    "Edits",
    "Glb",
    "Span",
    "Splice",
    "StreamContent",
    "TooManyParts",
    "boxes",
    "chunks",
    "counted",
    "gif_parts",
    "glb_parts",
    "is_bmff",
    "jpeg_segments",
    "media_type",
    "moved",
    "pieces",
    "png_chunks",
    "splice",
    "too_many_parts",
    "unpack",
    "write_glb",
]
