"""From the library's draft to the signed manifest store: byte strings, hashes, signature, time.

The library lays out the manifest around a signature by a key that counts for nothing. Here the
byte strings that it cannot write are put in place, every hash above them is renewed, and the
signer signs once; a time stamp takes room from the padding. All of it keeps every length, so that
the store stays where it is.

Source: C2PA 2.2, sections "Soft binding" and "Digital signatures".
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from cryptography import x509

from countermark import jumbf
from countermark.containers import Content
from countermark.credentials import build, cbor, cose, hard_binding, soft_binding, timestamps
from countermark.credentials import claim as claims
from countermark.credentials.claim import Claim
from countermark.credentials.containers import Location
from countermark.credentials.signer import Signer
from countermark.credentials.soft_binding import SoftBinding
from countermark.credentials.time_stamper import TimeStamper
from countermark.errors import (
    CountermarkError,
    SigningFailed,
    TimestampFailed,
    TimeStampMissing,
    TimestampTooLarge,
)
from countermark.jumbf import Box

_PADDING: Final = ("pad", "pad2")
REPORT: Final = "Please report this with the versions of countermark and c2pa-python."


def with_soft_bindings(store: bytes, bindings: Sequence[SoftBinding]) -> bytes:
    """Put in the byte strings, then renew each hash on the way up to the claim."""
    hashes: dict[str, bytes] = {}
    for label, binding in soft_binding.labelled(bindings):
        fill = functools.partial(soft_binding.fill, binding=binding)
        store, hashes[label] = _edited(store, label, fill)
    if bindings:
        store, _ = _edited(store, build.ACTIONS, lambda data: _relate(data, hashes))
    return store


def with_added_time_stamps(store: bytes, tokens: Mapping[str, bytes]) -> bytes:
    """Put in the time stamps of earlier manifests, by their labels, and renew the claim's hash."""
    return _edited(store, timestamps.LABEL, lambda data: data.update(tokens))[0]


def with_hard_binding(store: bytes, label: str, content: Content, location: Location) -> bytes:
    """Put in the hash of the file that the store lies in."""
    fill = hard_binding.fill
    return _edited(store, label, lambda data: fill(label, data, content, location))[0]


def with_detached_binding(store: bytes, content: Content) -> bytes:
    """Put in the hash of the file that the store lies beside."""
    fill = hard_binding.fill_detached
    return _edited(store, hard_binding.DATA, lambda data: fill(data, content))[0]


def _relate(data: dict[Any, Any], hashes: Mapping[str, bytes]) -> None:
    for action in data["actions"]:
        for reference in action.get("parameters", {}).get("relatedAssertions", ()):
            reference["hash"] = hashes[claims.reference_label(reference)]


def _edited(
    store: bytes, label: str, edit: Callable[[dict[Any, Any]], None]
) -> tuple[bytes, bytes]:
    """Edit an assertion's data in place and renew its hash in the claim; also that hash.

    Nothing else of the draft is judged: the finished file is.
    """
    manifest = _active(store)
    box = claims.assertions_of(manifest).get(label)
    if box is None:
        raise _changed_layout()
    store = _rewritten(store, _cbor(box), edit)
    hashed = claims.digest(store, box)

    def renew(content: dict[Any, Any]) -> None:
        for reference in claims.references(content):
            if claims.reference_label(reference) == label:
                reference["hash"] = hashed

    return _rewritten(store, claims.claim_box_of(manifest), renew), hashed


def _active(store: bytes) -> Box:
    """The last manifest."""
    return list(jumbf.manifests_of(store).values())[-1]


def _cbor(box: Box) -> Box:
    content = box.content(b"cbor")
    if content is None:
        raise _changed_layout()
    return content


def _rewritten(store: bytes, box: Box, edit: Callable[[Any], None]) -> bytes:
    data = store[box.body : box.end]
    item = cbor.decode(data)
    if cbor.encode(item) != data:
        raise _changed_layout()
    edit(item)
    return _spliced(store, box, cbor.encode(item))


def _spliced(store: bytes, box: Box, data: bytes) -> bytes:
    if len(data) != box.end - box.body:
        raise _changed_layout()
    return store[: box.body] + data + store[box.end :]


def _changed_layout() -> SigningFailed:
    problem = "The C2PA library lays out manifests in an unknown way."
    return SigningFailed(problem, remedy=REPORT)


def with_signature(store: bytes, signer: Signer, leaf: x509.Certificate) -> bytes:
    """The store with its claim signed, after a look whether the leaf's key did it.

    Raises `SigningFailed` when the signer fails or returns something else.
    """
    claim = claims.parse_one(store, _active(store))
    encoded, _, _, replaced = claim.signature()
    signature = _signature(signer, cose.to_be_signed(encoded, claim.data(claim.claim_box)))
    if len(signature) != len(replaced):
        raise SigningFailed(
            f"The signer returned {len(signature)} bytes instead of {len(replaced)}.",
            remedy="ECDSA signatures are r and s of equal length, not DER.",
        )
    signed = _spliced_signature(claim, signature)
    if not replace(claim, store=signed).signed_by(leaf):  # every box is where it was
        raise SigningFailed(
            "The signature does not verify with the signer's own certificate.",
            remedy="Use the private key that belongs to the leaf certificate.",
        )
    return signed


def _spliced_signature(claim: Claim, signature: bytes) -> bytes:
    """The signature is the last item of the COSE_Sign1 array, so it ends the box."""
    end = claim.signature_box.end
    return claim.store[: end - len(signature)] + signature + claim.store[end:]


def time_stamped(store: bytes, stamper: TimeStamper) -> bytes:
    """The store with a time stamp of its claim's signature, or as it was when none can be had.

    The latter warns: a signature without a time stamp is better than none, and one can be added.
    """
    try:
        return with_time_stamp(store, token(stamper, timestamps.message(claims.parse(store))))
    except TimestampFailed as error:
        warn_of_missing(error.problem)
        return store


def warn_of_missing(problem: str) -> None:
    """Say that there is no time stamp, and why, to whoever called `sign`."""
    said = f"{problem} The file was signed without a time stamp."
    warnings.warn(said, TimeStampMissing, stacklevel=5)


def token(stamper: TimeStamper, message: bytes) -> bytes:
    """A time-stamp token over `message`; no foreign exception comes out."""
    try:
        return bytes(stamper.stamp(message))
    except CountermarkError:
        raise
    except Exception as error:  # as a signer, a stamper is anything
        raise TimestampFailed(
            f"The time stamper failed ({type(error).__name__}: {error}).",
            remedy="Check that it is available, or add the time stamp later.",
        ) from error


def with_time_stamp(store: bytes, token: bytes) -> bytes:
    """The store with a time stamp of its claim's signature, in the room of the padding.

    Nothing signs or hashes this header, so it may be filled at any time.

    Raises `TimestampTooLarge` for a token that does not fit.
    Source: C2PA 2.2, sections 10.3.2.5.4 and 10.4.4.
    """
    claim = claims.parse(store)
    item = cbor.decode(claim.data(claim.signature_box))
    protected, unprotected, payload, signature = item.value
    kept = {name: value for name, value in unprotected.items() if name not in _PADDING}
    stamped = {**kept, "sigTst2": {"tstTokens": [{"val": token}]}}

    def encoded(padding: dict[str, bytes]) -> bytes:
        return cbor.encode(
            type(item)(item.tag, [protected, {**stamped, **padding}, payload, signature])
        )

    room = claim.signature_box.end - claim.signature_box.body
    for padding in _paddings(room - len(encoded({}))):
        if len(encoded(padding)) == room:
            return _spliced(store, claim.signature_box, encoded(padding))
    raise TimestampTooLarge(
        f"The time stamp of {len(token)} bytes does not fit into the manifest.",
        remedy="Use a timestamp server that sends fewer certificates.",
    )


def _paddings(room: int) -> Iterator[dict[str, bytes]]:
    """What may fill so many bytes, heads included: not every length is one byte string."""
    yield {}
    for first in range(room - 7, room - 4):
        if first >= 0:
            yield {"pad": bytes(first)}
    for first in range(room - 13, room - 10):
        if first >= 0:
            yield {"pad": bytes(first), "pad2": b""}


def _signature(signer: Signer, data: bytes) -> bytes:
    try:
        return bytes(signer.sign(data))
    except CountermarkError:
        raise
    except Exception as error:  # a signer is anything: a token, a cloud, a user's own code
        raise SigningFailed(
            f"The signer failed ({type(error).__name__}: {error}).",
            remedy="Check that the key is available and try again.",
        ) from error
