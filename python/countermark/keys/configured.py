"""The signer that a home is configured for: by signer.toml, or else the home's own key.

Source: docs/keys.md; RFC 2986 (PKCS #10).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from countermark import files
from countermark.certificates import PublicKey, dump_pem
from countermark.errors import (
    KeyMissing,
    UnusableCertificate,
    UnusableKey,
    UnusableSettings,
    WrongPin,
)
from countermark.keys import storage
from countermark.keys.algorithms import PrivateKey, generate
from countermark.keys.home import Home, identifier
from countermark.keys.importing import check_chain, import_chain
from countermark.keys.issuing import Issuer
from countermark.keys.keyring_store import KeyringStore
from countermark.keys.local_signer import LocalSigner
from countermark.keys.pkcs11 import Pkcs11Key, Pkcs11Signer
from countermark.keys.pool import Pool, Signer
from countermark.keys.remote_request import remote_request
from countermark.keys.settings import SHARED_KEY, KeyringSettings, PoolSettings, TokenSettings
from countermark.keys.signing_request import ConformingProduct, request_certificate, subject
from countermark.keys.stock import KeyEntry, find_key
from countermark.keys.witness import tell_of_request


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens keys: never in a file of ours, never shown."""

    passphrase: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    est_password: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> Secrets:
        """COUNTERMARK_PASSPHRASE, COUNTERMARK_PIN and COUNTERMARK_EST_PASSWORD."""
        return cls(
            passphrase=os.environ.get("COUNTERMARK_PASSPHRASE") or None,
            pin=os.environ.get("COUNTERMARK_PIN"),
            est_password=os.environ.get("COUNTERMARK_EST_PASSWORD"),
        )


def open_signer(home: Home, secrets: Secrets | None = None) -> Callable[[], Signer]:
    """What gives the signer for each file: a new one from a pool, else always the same.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     next_signer = open_signer(keys.create_home(parent + "/home"))
    >>> next_signer().algorithm
    'es256'

    Raises what the signers raise, `UnusableSettings` for a signer.toml that cannot be used,
    `UnusableCertificate` without a certificate for the key, `UnusableKey` for a revoked one.
    """
    secrets = secrets or Secrets()
    settings = home.settings
    if isinstance(settings, PoolSettings):
        return open_pool(home, secrets).take
    signer: Signer
    if settings is None:
        signer = home.signer(secrets.passphrase)
    elif isinstance(settings, KeyringSettings):
        signer = KeyringStore(settings.service).signer(settings.name, _chain(home))
    else:
        chain = _chain(home)
        options = _token_options(settings, secrets)
        signer = Pkcs11Signer(settings.library, **options, certificate_chain=chain)
    return lambda: signer


def open_pool(home: Home, secrets: Secrets | None = None) -> Pool:
    """The pool of one-time keys in a home; raises `UnusableSettings` when it has none."""
    secrets = secrets or Secrets()
    settings = home.settings
    if not isinstance(settings, PoolSettings):
        raise UnusableSettings(
            f"The file {str(home.settings_path)!r} names no pool.",
            remedy='Write kind = "pool" and a name into it, as docs/keys.md shows.',
        )
    mark = settings.low_water_mark
    return Pool(
        home.pool_folder,
        _issuer(home, settings, secrets),
        name=settings.name,
        capacity=settings.capacity,
        low_water_mark=settings.capacity // 5 if mark is None else mark,
        fallback=home.signer(secrets.passphrase) if settings.when_empty == SHARED_KEY else None,
        passphrase=secrets.passphrase,
    )


def request_for_signer(
    home: Home,
    *,
    organisation: str,
    name: str,
    country: str,
    algorithm: str = "es256",
    product: ConformingProduct | None = None,
    secrets: Secrets | None = None,
) -> bytes:
    """A request for the certificate of the key that is to sign, PEM.

    For a key in a token or keyring it is signed there; a keyring without the key gets a new one.
    Otherwise as `request_certificate`, whose arguments these are.
    """
    secrets = secrets or Secrets()
    settings = home.settings
    if settings is None or isinstance(settings, PoolSettings):
        return request_certificate(
            home, organisation=organisation, name=name, country=country, algorithm=algorithm,
            product=product, passphrase=secrets.passphrase,
        ).pem  # fmt: skip
    wanted = subject(organisation, name, country)
    key: LocalSigner | Pkcs11Key
    if isinstance(settings, TokenSettings):
        key = _token_key(settings, secrets)
        public_key = key.public_key
    else:
        key = LocalSigner(_keyring_key(settings, algorithm), b"")
        public_key = key.private_key.public_key()
    request = remote_request(
        key.sign, public_key=public_key, algorithm=key.algorithm, subject=wanted, product=product
    )
    tell_of_request(home.witness, request, public_key)
    return request.public_bytes(Encoding.PEM)


def import_for_signer(home: Home, chain: bytes, *, secrets: Secrets | None = None) -> KeyEntry:
    """Take in the chain for the key in a token or keyring, after the checks of `import_chain`.

    Raises as `import_chain` does, to which homes with keys of their own are left, and as the
    store of the key.
    """
    secrets = secrets or Secrets()
    settings = home.settings
    if settings is None or isinstance(settings, PoolSettings):
        return import_chain(home, chain, passphrase=secrets.passphrase)
    certificates = check_chain(chain)
    public_key: PublicKey
    if isinstance(settings, TokenSettings):
        public_key = _token_key(settings, secrets).public_key
    else:
        public_key = KeyringStore(settings.service).private_key(settings.name).public_key()
    if certificates[0].public_key() != public_key:
        raise UnusableCertificate(
            f"The leaf certificate belongs to another key than the {settings}.",
            remedy="Give the chain for that key, or name the other key in signer.toml.",
        )
    storage.replace(home.elsewhere_chain_path, dump_pem(*certificates))
    return find_key(home, identifier(certificates[0]))


def _chain(home: Home) -> bytes:
    """The certificates of the key in a token or keyring."""
    chain = home.elsewhere_chain
    if home.revoked(chain[0]) is not None:
        raise UnusableKey(
            f"The certificate of the {home.settings} is revoked.",
            remedy="Name another key in signer.toml, and ask for its certificate.",
        )
    return dump_pem(*chain)


def _issuer(home: Home, settings: PoolSettings, secrets: Secrets) -> Issuer:
    if settings.est is not None:
        from countermark.keys.est import EstIssuer  # which takes 2 MB for TLS

        client = settings.est.client_certificate
        return EstIssuer(
            settings.est.url,
            anchors=files.load(home.folder / settings.est.anchors),
            user=settings.est.user,
            password=secrets.est_password or "",
            client_certificate=None if client is None else home.folder / client,
        )
    authority = home.authority(secrets.passphrase)
    if authority is None:
        raise UnusableKey(
            "The home keeps no key of a development authority, so nothing certifies one-time keys.",
            remedy="Name an EST server in signer.toml; or make one with countermark keys rotate.",
        )
    return authority


def _token_options(settings: TokenSettings, secrets: Secrets) -> dict[str, Any]:
    return {
        "token_label": settings.token_label,
        "key_label": settings.key_label,
        "key_id": None if settings.key_id is None else bytes.fromhex(settings.key_id),
        "algorithm": settings.algorithm,
        "pin": lambda: _pin(secrets),
    }


def _token_key(settings: TokenSettings, secrets: Secrets) -> Pkcs11Key:
    return Pkcs11Key(settings.library, **_token_options(settings, secrets))


def _pin(secrets: Secrets) -> str:
    if secrets.pin is None:
        raise WrongPin("The token needs a PIN.", remedy="Put it into COUNTERMARK_PIN.")
    return secrets.pin


def _keyring_key(settings: KeyringSettings, algorithm: str) -> PrivateKey:
    """The key of that name; made when there is none."""
    store = KeyringStore(settings.service)
    try:
        return store.private_key(settings.name)
    except KeyMissing:
        store.add(settings.name, generate(algorithm))
        return store.private_key(settings.name)
