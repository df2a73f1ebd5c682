"""Texts with a manifest in them: signed and verified as strings, on their way out of a server.

>>> import tempfile
>>> from countermark import keys
>>> from countermark.record import DigitalSource
>>> with tempfile.TemporaryDirectory() as folder:
...     home = keys.create_home(folder + "/home")
...     with Registry.open(home.registry_path) as registry:
...         record = Record(source=DigitalSource.AI_GENERATED)
...         signed = sign("A lake.", record=record, signer=home.signer(), registry=registry)
...         found = [
...             verify(text, trust=Trust.nobody(), registry=registry).verdict.value
...             for text in (signed, signed.replace("lake", "sea"), "A lake.")
...         ]
>>> found, signed[:7]
(['intact', 'altered', 'unmarked'], 'A lake.')

Files are signed by `countermark.signing.sign` and verified by `countermark.verify`, as all others.

Source: C2PA 2.4, appendices A.7 to A.9.
"""

from __future__ import annotations

import io

from countermark import duties
from countermark.auditing import audited
from countermark.credentials import Beside, Signer, TimeStamper, Trust
from countermark.errors import InvalidArgument
from countermark.record import Modality, Record
from countermark.registry import Registry
from countermark.report import Report
from countermark.text.inside import held_store, linked, sign_inside, usual_method
from countermark.text.methods import Method, default_method
from countermark.verifying import verify as verify_file

__all__ = [
    "Method",
    "default_method",
    "held_store",
    "linked",
    "sign",
    "sign_inside",
    "usual_method",
    "verify",
]


def sign(
    text: str,
    *,
    record: Record,
    signer: Signer,
    registry: Registry,
    method: Method | None = None,
    media_type: str = "text/plain",
    parent: str | None = None,
    time_stamper: TimeStamper | None = None,
) -> str:
    """The text with a signed manifest in it.

    Example: see the module.

    `record`: what the signer states. `registry`: its log tells of the signature. `method`: where
    the manifest goes, by default as is usual for texts of that `media_type`:

    - "unstructured": some 14 kB of characters behind the text that nobody sees. The text comes in
      Unicode's composed form (NFC). Of texts that have no other place: plain text, CSV.
    - "structured": a comment of some 5 kB, first or, where the first line has a meaning, last. Of
      Markdown, XML, YAML, TOML, CSS and source code.
    - "html": an element in the head of a page.

    `parent`: the text that it was made from, by default itself when it has a manifest, which is
    replaced by one that holds it. `time_stamper`: as in `credentials.sign`.

    Raises `MissingExtra` without the extra `text`, `InvalidArgument` for a text that has no place
    for that method, or speaks of manifests so that readers would take it for one; `UnusableText`
    when a broken manifest is in it; `ConsentMissing`, `UnassessedModel`, `GrantMissing`,
    `CredentialError`, `RegistryError`.
    """
    duties.check(record, registry, modality=Modality.TEXT)
    content = _encoded(text)
    earlier = content if parent is None else _encoded(parent)
    store = held_store(earlier)
    made_from = None
    if parent is not None or store is not None:
        made_from = Beside(io.BytesIO(earlier), media_type, store)
    signed = sign_inside(
        content,
        media_type=media_type,
        method=method,
        record=record,
        signer=audited(signer, registry),
        parent=made_from,
        time_stamper=time_stamper,
    )
    return signed.asset.decode()


def verify(
    text: str,
    *,
    media_type: str = "text/plain",
    trust: Trust | None = None,
    registry: Registry | None = None,
) -> Report:
    """Say what is known about a text, and how.

    Example: see the module. All as in `countermark.verify`, for a file that holds this text.
    """
    asset = io.BytesIO(_encoded(text))
    return verify_file(asset, media_type=media_type, trust=trust, registry=registry)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(
            f"The text holds half of a character ({error.reason}).",
            remedy="Give a text that can be written as UTF-8.",
        ) from error
