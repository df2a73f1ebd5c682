"""Whatever a file came in with goes out with it: labels, manifests and watermarks.

>>> before = Marks(label=None, manifests=frozenset({"urn:c2pa:1"}), payloads=frozenset())
>>> compare(before, Marks.NONE)
Traceback (most recent call last):
...
countermark.errors.MarkLost: The manifest urn:c2pa:1 of the source would be missing, so nothing \
was written. Sign it with the source as parent.

Source: Deep Synthesis Provisions of the PRC, article 18; Labeling Measures (2025), article 10;
Code of Practice on Transparency of AI-Generated Content, measure 1.2.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from countermark import credentials, files
from countermark.credentials import Ingredient, Manifest, SoftBinding, Trust
from countermark.errors import MarkLost, MissingExtra, UnsupportedContainer
from countermark.labels import aigc
from countermark.labels.aigc import AigcLabel, Reading, Status
from countermark.registry import Registry
from countermark.screening import named_payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What tells of a file where it comes from.

    `label`: the one in its metadata. `manifests`: labels of those in it, of earlier ones too.
    `payloads`: which they name, or which were read from the pixels.
    """

    label: AigcLabel | None
    manifests: frozenset[str]
    payloads: frozenset[int]

    NONE: ClassVar[Marks]

    @classmethod
    def of(
        cls, manifest: Manifest | None, reading: Reading | None, *, payload: int | None = None
    ) -> Marks:
        """Those of a file, by what was read from it."""
        labels = () if manifest is None else (manifest.label, *_labels(manifest.ingredients))
        payloads = {*named_payloads(manifest), payload}
        return cls(
            label=None if reading is None else reading.label,
            manifests=frozenset(label for label in labels if label is not None),
            payloads=frozenset(each for each in payloads if each is not None),
        )


Marks.NONE = Marks(label=None, manifests=frozenset(), payloads=frozenset())


def check_kept(before: Marks, asset: bytes | Path, media_type: str) -> None:
    """Look into a finished file for what its source came in with.

    Raises `MarkLost` when something is missing.
    """
    if before == Marks.NONE:
        return
    manifest = credentials.read(_file(asset), media_type, trust=Trust.nobody())
    compare(before, Marks.of(manifest, labels_in(_file(asset))))


def labels_in(source: files.Source) -> Reading | None:
    """The labels in a file's metadata; None where there is no place for any.

    None too where the extra that reads such files is not installed: a file that is only signed is
    otherwise copied byte for byte, labels included.
    """
    try:
        return aigc.read(source)
    except (UnsupportedContainer, MissingExtra):
        return None


def compare(before: Marks, after: Marks) -> None:
    """Raises `MarkLost` when something of the source is not in the finished file.

    What a producer said in a label stays, unless another producer made something new of it; who
    spreads a file may add to it. A watermark is kept if it is read, or a manifest that names it is
    in the file.
    """
    for label in sorted(before.manifests - after.manifests):
        raise MarkLost(
            f"The manifest {label} of the source would be missing, so nothing was written.",
            remedy="Sign it with the source as parent.",
        )
    if before.label is not None and not _says_as_much(before.label, after.label):
        raise MarkLost(
            "The label in the metadata of the source would be missing, so nothing was written.",
            remedy="Please report this with the kind of file.",
        )
    if before.payloads - after.payloads and not before.manifests:
        raise MarkLost(
            "The watermark of the source would be missing, so nothing was written.",
            remedy="Leave the pixels as they are, or start from the original.",
        )


def deposit(registry: Registry, store: bytes, payloads: Sequence[int]) -> None:
    """Keep the manifest of a file that it lies beside, and let the watermarks in it lead there.

    Not as an entry, nor as the later manifest of one: a texture may be a picture that has its own.
    """
    label = registry.manifests.deposit(store)
    for payload in payloads:
        binding = SoftBinding.of_payload(payload)
        registry.manifests.bind(binding.algorithm, binding.value, label)


def _says_as_much(before: AigcLabel, after: AigcLabel | None) -> bool:
    if after is None:
        return False
    is_new = after.status is Status.GENERATED and after.producer == after.propagator
    kept = (before.producer, before.produce_id, before.producer_reserved)
    return is_new or kept == (after.producer, after.produce_id, after.producer_reserved)


def _file(asset: bytes | Path) -> BinaryIO | Path:
    return io.BytesIO(asset) if isinstance(asset, bytes) else asset


def _labels(ingredients: Iterable[Ingredient]) -> Iterator[str]:
    for one in ingredients:
        if one.label is not None:
            yield one.label
        yield from _labels(one.ingredients)
