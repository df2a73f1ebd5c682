"""The end of a certificate, announced wherever its key is used."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Final

from cryptography import x509

from countermark.certificates.profile import ending_soon
from countermark.errors import CertificateExpiresSoon

_CALLER_OF_CALLER: Final = 3


def announce_end(chain: Sequence[x509.Certificate], *, owner: str = "signer") -> None:
    """Warn with `CertificateExpiresSoon` when one of them has 30 days or less.

    `owner`: whose certificate it is, for people.
    """
    first = ending_soon(chain, at=datetime.now(timezone.utc))
    if first is not None:
        warnings.warn(
            CertificateExpiresSoon(
                f"The {owner}'s certificate {first.subject.rfc4514_string()} expires on "
                f"{first.not_valid_after_utc.date()}; renew it before then."
            ),
            stacklevel=_CALLER_OF_CALLER,
        )
