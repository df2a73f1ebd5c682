"""The folder in which a verifier keeps whom it trusts, and the official lists in the package.

    claim.pem timestamp.pem identity.pem signer.pem    private lists, one for each kind
    official.json                                      official lists taken over later
    claim-2026-08-21-1f2e3d4c.pem ...                  their certificates, former ones too
    revoked/*                                          revocation lists, DER or PEM

Official lists count without being switched on, as C2PA 2.2, section 14.4.1, demands; of those in
the package and in the folder the newer one counts. A certificate that was removed stays removed.
Every file is replaced in one step; nothing is ever fetched from the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from countermark import files
from countermark.credentials import paths
from countermark.credentials.trust import Kind, Trust, TrustList, read_pem
from countermark.errors import DestinationNotWritable, InvalidArgument, UnusableTrust

STALE_DAYS: Final = 180
"""Age from which an official list may lack too much."""

_OFFICIAL: Final = "official.json"
_REVOKED: Final = "revoked"
_PRIVATE: Final = "your own list"


@dataclass(frozen=True, slots=True)
class Official:
    """An official list: its certificates, and where and when they were published."""

    kind: Kind
    name: str
    published: date
    source: str
    pem: bytes

    def age_days(self, today: date) -> int:
        """How old it is."""
        return (today - self.published).days


@dataclass(frozen=True, slots=True)
class Change:
    """What an update of an official list comes to.

    `kept_out`: certificates in the new list that were removed by hand before.
    """

    added: tuple[x509.Certificate, ...]
    removed: tuple[x509.Certificate, ...]
    kept_out: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Whom a verifier trusts: a folder, which need not exist, and the official lists.

    >>> store = TrustStore(None)
    >>> [official.name for official in store.official()]
    ['C2PA trust list', 'C2PA TSA trust list']
    >>> store.trust().pem(Kind.IDENTITY)
    b''

    `folder`: None for the official lists alone. `anchors`: a PEM file with more authorities over
    claim signers, trust.pem of a home folder. `revocation_lists`: files beside those in the
    folder, of a home folder those of its development authorities.
    """

    folder: Path | None
    anchors: Path | None = None
    revocation_lists: tuple[Path, ...] = ()

    def trust(self) -> Trust:
        """All that is trusted now.

        Raises `UnusableTrust` when a file of the folder cannot be read.
        """
        return Trust(lists=tuple(self.lists()), revocation_lists=tuple(self._revocation_lists()))

    def lists(self) -> Iterator[TrustList]:
        """The private lists, then the official ones without what was removed."""
        if self.anchors is not None:
            yield TrustList(Kind.CLAIM, read_pem(self.anchors), name=f"your {self.anchors.name}")
        for kind in Kind:
            path = self._private(kind)
            if path is not None and path.exists():
                yield TrustList(kind, read_pem(path), name=_PRIVATE)
        removed = self._removed()
        for found in self.official():
            yield _without(found, removed)

    def official(self) -> tuple[Official, ...]:
        """The official list of each kind that has one, whole."""
        taken_over = self._described()
        return tuple(
            taken_over[kind]
            if kind in taken_over and taken_over[kind].published >= bundled.published
            else bundled
            for kind, bundled in _bundled().items()
        ) + tuple(found for kind, found in taken_over.items() if kind not in _bundled())

    def add(self, path: Path, kind: Kind) -> tuple[x509.Certificate, ...]:
        """Put the certificates of a PEM file on the private list of that kind; the new ones.

        Raises `UnusableTrust` for a file without certificates, and for certificates that cannot
        be of use on such a list; `DestinationNotWritable`.
        """
        wanted = TrustList(kind, read_pem(path)).certificates
        _check(wanted, kind)
        own = self._own(kind)
        new = tuple(c for c in dict.fromkeys(wanted) if c not in own)
        if new:
            self._write(f"{kind.value}.pem", _pem((*own, *new)))
        return new

    def remove(self, stated: str) -> tuple[tuple[x509.Certificate, str], ...]:
        """Trust a certificate no longer, named by its SHA-256 fingerprint or 8 digits of it.

        Its name on the lists, with their titles; it is taken off the private lists, and kept out
        of the official ones from now on. Raises `InvalidArgument` when no list has exactly one
        such certificate, or trust.pem has it too; `DestinationNotWritable`.
        """
        digits = stated.replace(":", "").strip().lower()
        found = [
            (certificate, listed)
            for listed in self.lists()
            for certificate in listed.certificates
            if len(digits) >= 8 and fingerprint(certificate).startswith(digits)
        ]
        if len({certificate for certificate, _ in found}) != 1:
            raise InvalidArgument(
                f"{'Several' if found else 'No'} trusted certificates have the fingerprint "
                f"{stated!r:.80}.",
                remedy="Copy at least eight digits of it from countermark trust list.",
            )
        certificate = found[0][0]
        private = {listed.kind for _, listed in found if listed.name == _PRIVATE}
        if not all(listed.official or listed.name == _PRIVATE for _, listed in found):
            raise InvalidArgument(
                f"That certificate stands in {str(self.anchors)!r}.",
                remedy="Delete it from that file.",
            )
        for kind in private:
            rest = tuple(c for c in self._own(kind) if c != certificate)
            if rest:
                self._write(f"{kind.value}.pem", _pem(rest))
            else:
                self._delete(kind)
        if any(listed.official for _, listed in found):
            removed = sorted(self._removed() | {fingerprint(certificate)})
            self._write(_OFFICIAL, _json({**self._metadata(), "removed": removed}))
        return tuple((certificate, listed.title) for _, listed in found)

    def update(self, path: Path, kind: Kind, *, today: date) -> Change:
        """Take over a newer official list from a PEM file; the former one stays in the folder.

        It is dated today, for PEM has no date. Raises `UnusableTrust`, `InvalidArgument` for
        signers, of whom no official list exists, and `DestinationNotWritable`.
        """
        if kind is Kind.SIGNER:
            raise InvalidArgument(
                "There is no official list of single signers.",
                remedy="Use countermark trust add --kind signer.",
            )
        new = TrustList(kind, read_pem(path)).certificates
        _check(new, kind)
        former = next((o for o in self.official() if o.kind is kind), None)
        before = TrustList(kind, former.pem).certificates if former else ()
        content = _pem(tuple(dict.fromkeys(new)))
        file = f"{kind.value}-{today}-{_digest(content)[:8]}.pem"
        name = former.name if former else f"{kind.value} list"
        entry = {"name": name, "file": file, "date": str(today), "source": str(path.resolve())}
        self._write(file, content)
        self._write(_OFFICIAL, _json({**self._metadata(), kind.value: entry}))
        removed = self._removed()
        return Change(
            added=tuple(c for c in new if c not in before and fingerprint(c) not in removed),
            removed=tuple(c for c in before if c not in new),
            kept_out=tuple(c for c in new if fingerprint(c) in removed),
        )

    # ---- files ----
    def _private(self, kind: Kind) -> Path | None:
        return None if self.folder is None else self.folder / f"{kind.value}.pem"

    def _own(self, kind: Kind) -> tuple[x509.Certificate, ...]:
        path = self._private(kind)
        if path is None or not path.exists():
            return ()
        return TrustList(kind, read_pem(path)).certificates

    def _metadata(self) -> dict[str, Any]:
        path = None if self.folder is None else self.folder / _OFFICIAL
        if path is None or not path.exists():
            return {}
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(path) from error
        if not isinstance(found, dict):
            raise _damaged(path)
        return found

    def _described(self) -> dict[Kind, Official]:
        if self.folder is None:
            return {}
        folder = self.folder
        try:
            return _officials(self._metadata(), lambda name: read_pem(folder / Path(name).name))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(folder / _OFFICIAL) from error

    def _removed(self) -> frozenset[str]:
        listed = self._metadata().get("removed", [])
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise _damaged(Path(_OFFICIAL))
        return frozenset(listed)

    def _revocation_lists(self) -> Iterator[bytes]:
        folder = None if self.folder is None else self.folder / _REVOKED
        given = () if folder is None or not folder.is_dir() else sorted(folder.iterdir())
        kept = (path for path in given if path.is_file() and not path.name.startswith("."))
        for path in (*kept, *self.revocation_lists):
            try:
                yield path.read_bytes()
            except OSError as error:
                raise UnusableTrust(
                    f"The revocation list {str(path)!r} cannot be read.",
                    remedy="Check its rights, or remove it.",
                ) from error

    def _write(self, name: str, content: bytes) -> None:
        if self.folder is None:
            raise _no_folder()
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _no_folder() from error
        with files.replacing(files.target(self.folder / name), content) as put:
            put()

    def _delete(self, kind: Kind) -> None:
        path = self._private(kind)
        if path is not None:
            path.unlink(missing_ok=True)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@cache
def _bundled() -> dict[Kind, Official]:
    """The official lists in the package: in DER, which takes a fifth less in a wheel."""
    folder = resources.files("countermark.credentials") / "trust_lists"
    metadata = json.loads((folder / _OFFICIAL).read_bytes())

    def pem(name: str) -> bytes:
        return _pem(pkcs7.load_der_pkcs7_certificates((folder / name).read_bytes()))

    return _officials(metadata, pem)


def _officials(metadata: dict[str, Any], content: Any) -> dict[Kind, Official]:
    return {
        kind: Official(
            kind,
            str(entry["name"]),
            date.fromisoformat(entry["date"]),
            str(entry["source"]),
            content(entry["file"]),
        )
        for kind in Kind
        if (entry := metadata.get(kind.value)) is not None
    }


@cache
def _without(official: Official, removed: frozenset[str]) -> TrustList:
    """As a trust list; parsed once in a process."""
    named: dict[str, Any] = {
        "name": official.name,
        "published": official.published,
        "official": True,
    }
    whole = TrustList(official.kind, official.pem, **named)
    kept = tuple(c for c in whole.certificates if fingerprint(c) not in removed)
    if len(kept) == len(whole.certificates):
        return whole
    return TrustList(official.kind, _pem(kept), **named)


def _check(certificates: Iterable[x509.Certificate], kind: Kind) -> None:
    for certificate in certificates:
        if paths.is_authority(certificate) == (kind is Kind.SIGNER):
            subject = certificate.subject.rfc4514_string()
            wrong = "an authority" if kind is Kind.SIGNER else "no authority"
            fit = "authorities" if kind is not Kind.SIGNER else "signers, not their authorities,"
            raise UnusableTrust(
                f"{subject!r:.120} is {wrong}, and would vouch for nobody on the "
                f"{kind.value} list.",
                remedy=f"Put only {fit} there; signers themselves go on the list signer.",
            )


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _digest(content: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    return digest.finalize().hex()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"


def _damaged(path: Path) -> UnusableTrust:
    return UnusableTrust(
        f"The list of official trust lists {str(path)!r} is damaged.",
        remedy="Remove it to use those of the package, then run countermark trust update.",
    )


def _no_folder() -> DestinationNotWritable:
    return DestinationNotWritable(
        "There is no folder to keep trust lists in.",
        remedy="Run countermark init first, or check the rights of the home folder.",
    )
