"""Pictures that are no files yet are marked, entered, and later signed as files."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from countermark import (
    DigitalSource,
    Record,
    Registry,
    TrustStatus,
    Verdict,
    keys,
    mark,
    mark_pixels,
    tensors,
    verify,
    watermark,
)
from countermark.credentials import Trust, read_detached
from countermark.errors import (
    CountermarkError,
    InvalidPixels,
    MarkLost,
    MarkNotReadable,
    RegistryError,
    SigningFailed,
)

RECORD = Record(source=DigitalSource.AI_GENERATED, creator="Ada Example")


@pytest.fixture
def batch(photograph: Callable[..., Image.Image]) -> NDArray[np.float32]:
    """Two photographs, -1..1: (2, 3, 256, 384)."""
    names = ("coffee", "rocket")
    both = [np.asarray(photograph(name, 512).crop((0, 0, 384, 256))) for name in names]
    return np.stack(both).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1


@pytest.fixture
def marked(batch: NDArray[np.float32], home: keys.Home, registry: Registry) -> NDArray[np.float32]:
    return marking(batch, home, registry)


def marking(x: Any, home: keys.Home, registry: Registry, **options: Any) -> Any:
    stated = {"layout": "BCHW", "range": "signed", "record": RECORD, **options}
    return mark_pixels(x, signer=home.signer(), registry=registry, **stated)


def pictures(x: Any) -> list[NDArray[Any]]:
    return tensors.pixels(x, layout="BCHW", range="signed")


def as_file(pixels: NDArray[Any], form: str = "PNG") -> io.BytesIO:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    stream.seek(0)
    return stream


def test_bare_copies_are_resolved(
    marked: NDArray[np.float32], registry: Registry, trust: Trust
) -> None:
    payloads = set()
    for pixels in pictures(marked):
        report = verify(as_file(pixels, "JPEG"), trust=trust, registry=registry)
        assert (report.verdict, report.trust) == (Verdict.RECOVERED, TrustStatus.TRUSTED)
        assert report.record is not None
        assert report.record.creator == "Ada Example"
        found = watermark.detect(pixels)
        assert found is not None
        payloads.add(found.payload)
    assert len(payloads) == 2


def test_manifest_is_bound_to_the_pixels(marked: NDArray[np.float32], registry: Registry) -> None:
    for pixels in pictures(marked):
        found = watermark.detect(pixels)
        assert found is not None
        entry = registry.find_payload(found.payload)
        assert entry is not None
        assert (entry.width, entry.height) == (384, 256)
        content = np.ascontiguousarray(pixels).tobytes()
        manifest = read_detached(entry.manifest, io.BytesIO(content), trust=Trust.nobody())
        assert manifest.hard_binding == "match"
        assert manifest.thumbnail is not None


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_file_of_them_is_signed_and_keeps_its_pixels(
    marked: NDArray[np.float32], home: keys.Home, registry: Registry, trust: Trust, form: str
) -> None:
    source, signed = as_file(pictures(marked)[0], form), io.BytesIO()
    payload = watermark.detect(pictures(marked)[0])
    assert payload is not None
    done = mark(source, signed, record=RECORD, signer=home.signer(), registry=registry)
    assert done.payload == payload.payload
    before, after = (np.asarray(Image.open(each)) for each in (source, signed))
    assert np.array_equal(before, after)
    report = verify(io.BytesIO(signed.getvalue()), trust=trust, registry=registry)
    assert (report.verdict, report.trust) == (Verdict.INTACT, TrustStatus.TRUSTED)
    bare = verify(as_file(after, "JPEG"), trust=trust, registry=registry)
    assert bare.verdict is Verdict.RECOVERED
    assert len(registry.manifests.all_of(done.payload)) == 2


def test_who_states_something_else_of_it_is_refused(
    marked: NDArray[np.float32], home: keys.Home, registry: Registry
) -> None:
    other = Record(source=DigitalSource.CAPTURED, creator="Somebody Else")
    source, out = as_file(pictures(marked)[0]), io.BytesIO()
    with pytest.raises(MarkLost):
        mark(source, out, record=other, signer=home.signer(), registry=registry)
    assert not out.getvalue()


def test_marked_pixels_are_not_marked_again(
    marked: NDArray[np.float32], home: keys.Home, registry: Registry
) -> None:
    with pytest.raises(MarkLost, match="holds the watermark"):
        marking(marked, home, registry)


def test_default_registry_and_output(batch: NDArray[np.float32], home: keys.Home) -> None:
    out = np.empty_like(batch)
    stated: Any = {"layout": "BCHW", "range": "signed"}
    assert mark_pixels(batch, record=RECORD, signer=home.signer(), out=out, **stated) is out
    with Registry.open(home.registry_path) as registry:
        for pixels in pictures(out):
            found = watermark.detect(pixels)
            assert found is not None
            assert registry.find_payload(found.payload) is not None


def test_pil(photograph: Callable[..., Image.Image], home: keys.Home, registry: Registry) -> None:
    marked = marking(photograph("coffee", 320), home, registry, layout=None, range=None)
    found = watermark.detect(marked)
    assert found is not None
    assert registry.find_payload(found.payload) is not None


def expect_nothing(
    kind: type[CountermarkError], x: Any, home: keys.Home, registry: Registry, **options: Any
) -> None:
    before, entries = x.copy(), list(registry.all_entries())
    with pytest.raises(kind):
        marking(x, home, registry, out=x, **options)
    assert np.array_equal(x, before)
    assert list(registry.all_entries()) == entries


def test_all_of_a_batch_or_none(
    batch: NDArray[np.float32],
    home: keys.Home,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expect_nothing(MarkNotReadable, batch, home, registry, strength=0.05)
    broken = batch.copy()
    broken[1, 0, 0, 0] = np.inf
    expect_nothing(InvalidPixels, broken, home, registry)
    payloads = iter([registry.new_payload()] * 2)
    with monkeypatch.context() as patched:
        patched.setattr(registry, "new_payload", lambda: next(payloads))
        expect_nothing(RegistryError, batch, home, registry)


def test_no_signature_no_pixels(
    batch: NDArray[np.float32], home: keys.Home, registry: Registry
) -> None:
    class Broken:
        def __init__(self) -> None:
            good = home.signer()
            self.algorithm, self.certificate_chain = good.algorithm, good.certificate_chain

        def sign(self, data: bytes) -> bytes:
            raise SigningFailed("The token is gone.", remedy="Plug it in.")

    with pytest.raises(SigningFailed):
        mark_pixels(
            batch,
            layout="BCHW",
            range="signed",
            record=RECORD,
            signer=Broken(),
            registry=registry,
            out=batch,
        )
    assert not list(registry.all_entries())
