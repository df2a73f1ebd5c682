"""A request for a certificate, answered by the development authority of a home.

Source: RFC 2986 (PKCS #10).
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from countermark.certificates import dump_pem
from countermark.errors import IssuingFailed, UnusableKey
from countermark.keys.home import Home


def answer_request(home: Home, request: bytes, *, passphrase: str | None = None) -> bytes:
    """The chain for a request in PEM: what a real authority would send, for development.

    >>> import tempfile
    >>> from countermark import keys
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     home = keys.create_home(parent + "/home")
    ...     request = keys.request_certificate(
    ...         home, organisation="Example Ltd", name="Camera App", country="SE"
    ...     )
    ...     chain = answer_request(home, request.pem)
    ...     keys.import_chain(home, chain).subject
    'CN=Camera App,O=Example Ltd,C=SE'

    Raises `IssuingFailed` for what is no request or not signed by its key, `UnusableKey` when the
    home keeps no authority or the key signs no claims, `WrongPassphrase`.
    """
    authority = home.authority(passphrase)
    if authority is None or authority.has_ended():
        raise UnusableKey(
            "The home keeps no development authority that can issue certificates.",
            remedy="Send the request to a real one; countermark keys rotate makes one here.",
        )
    try:
        csr = x509.load_pem_x509_csr(request)
        _ = csr.public_key(), csr.subject
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IssuingFailed(
            "The file holds no readable request.", remedy="Give a PKCS#10 request in PEM."
        ) from error
    return dump_pem(*authority.issue(csr))
