"""What a store needs is imported when it is used, and named when it is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from countermark.certificates import dump_pem
from countermark.errors import MissingExtra
from countermark.keys import DevelopmentAuthority, KeyringStore, Pkcs11Signer, TimestampAuthority
from countermark.keys.issuing import common_name

KEY = ec.generate_private_key(ec.SECP256R1())
PACKAGES = ("keyring", "pkcs11", "rfc3161_client")


def token(issuer: DevelopmentAuthority) -> Any:
    chain = dump_pem(*issuer.certify(KEY.public_key(), common_name("Camera")))
    options = {"token_label": "", "key_label": "", "pin": ""}
    return Pkcs11Signer("", algorithm="es256", certificate_chain=chain, **options)


def stamp(issuer: DevelopmentAuthority) -> Any:
    return TimestampAuthority(("http://time.example",), anchors=dump_pem(issuer.certificate)).stamp(
        b"data"
    )


@pytest.mark.parametrize(
    ("package", "extra", "use"),
    [
        ("keyring", "keyring", lambda _: KeyringStore().add("studio", KEY)),
        ("pkcs11", "pkcs11", token),
        ("rfc3161_client", "timestamps", stamp),
    ],
)
def test_missing_package_is_named_with_its_extra(
    issuer: DevelopmentAuthority,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    extra: str,
    use: Callable[[DevelopmentAuthority], Any],
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"countermark\[{extra}\]"):
        use(issuer)


def test_none_is_imported_before_it_is_used() -> None:
    code = f"import sys, countermark.keys; print(*[n for n in {PACKAGES} if n in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == ""
