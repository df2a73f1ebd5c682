"""Sign a text that holds its manifest: others put the store in it, here it gets its bytes.

The length of a store is known before its hash is, so that it is put in the text as a draft; then
its place is left out of the hash of the text, and the signed store takes the place of the draft.

Source: C2PA 2.4, appendices A.7 to A.9.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from countermark.credentials import hard_binding, profile, reading
from countermark.credentials.containers import locate
from countermark.credentials.finishing import (
    REPORT,
    time_stamped,
    with_hard_binding,
    with_signature,
)
from countermark.credentials.parent import Beside, ingredients
from countermark.credentials.sidecar import draft
from countermark.credentials.signer import Signer
from countermark.credentials.signing import Signed
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.trust import Trust
from countermark.errors import InvalidArgument, SigningFailed, UnreadableManifest
from countermark.record import Record


def sign_text(
    put: Callable[[bytes], bytes],
    *,
    record: Record,
    signer: Signer,
    parent: Beside | None = None,
    actions: Sequence[str] = (),
    time_stamper: TimeStamper | None = None,
) -> Signed:
    """A text with a signed manifest in it.

    `put`: gives the text, in UTF-8, with the store in it that it is given: in a run of variation
    selectors, between delimiters or in an element of a page. The rest as in `sign_detached`.

    >>> import base64, tempfile
    >>> from countermark import keys
    >>> from countermark.record import DigitalSource
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     signer = keys.create_home(folder + "/home").signer()
    >>> element = b"<script type='application/c2pa'>%s</script><p>A lake</p>"
    >>> record = Record(source=DigitalSource.AI_GENERATED)
    >>> put = lambda store: element % base64.b64encode(store)
    >>> signed = sign_text(put, record=record, signer=signer)
    >>> signed.asset == put(signed.manifest)
    True

    Raises as `sign_detached`, and `UnreadableManifest` for a text that holds another one too.
    """
    if record.edits_existing and parent is None:
        raise InvalidArgument(
            f"The record says {record.source.value}, but no earlier text is given.",
            remedy="Give the text that was edited as the parent.",
        )
    leaf = profile.check(signer)[0]
    binding = hard_binding.placeholder(b"")
    assert binding is not None
    with ingredients(parent) as named:
        store = draft(
            record,
            named,
            signer,
            leaf,
            binding=binding,
            actions=actions,
            has_room=time_stamper is not None,
        )
    text = put(store)
    location = locate(text)
    if location is None or location.extract(text) != store:
        problem = "The manifest cannot be found in the text that it was put in."
        raise SigningFailed(problem, remedy=REPORT)
    try:
        store = with_hard_binding(store, hard_binding.DATA, text, location)
        store = with_signature(store, signer, leaf)
    except UnreadableManifest as error:
        problem = "The C2PA library wrote a manifest that countermark cannot parse."
        raise SigningFailed(problem, remedy=REPORT) from error
    if time_stamper is not None:
        store = time_stamped(store, time_stamper)
    signed = Signed(location.replace(text, store), store)
    _check(signed)
    return signed


def _check(signed: Signed) -> None:
    """Read the text as any verifier would."""
    manifest = reading.read_stream(io.BytesIO(signed.asset), "text/plain", trust=Trust.nobody())
    if (
        manifest is None
        or manifest.bytes != signed.manifest
        or set(manifest.failures) != {"signingCredential.untrusted"}
        or not (manifest.signature_valid and manifest.assertions_valid)
        or manifest.hard_binding != "match"
    ):
        found = "no manifest" if manifest is None else ", ".join(manifest.failures) or "no failure"
        raise SigningFailed(f"The signed text does not read back valid ({found}).", remedy=REPORT)
