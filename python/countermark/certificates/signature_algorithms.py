"""The signature algorithms that C2PA allows, for those who sign and those who verify.

Source: C2PA 2.2, section 13.2.1; RFC 9053, section 2; RFC 8230, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm that C2PA allows.

    `identifier`: its number in COSE. `digest` and `curve` are None where it has none.
    """

    identifier: int
    digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None = None
    curve: type[ec.EllipticCurve] | None = None

    def fits(self, key: object) -> bool:
        """Whether a public key is of the kind that this algorithm uses."""
        if self.curve is not None:
            return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, self.curve)
        if self.digest is not None:
            return isinstance(key, rsa.RSAPublicKey)
        return isinstance(key, ed25519.Ed25519PublicKey)


ALGORITHMS: Final = {
    "es256": Algorithm(-7, hashes.SHA256(), ec.SECP256R1),
    "es384": Algorithm(-35, hashes.SHA384(), ec.SECP384R1),
    "es512": Algorithm(-36, hashes.SHA512(), ec.SECP521R1),
    "ps256": Algorithm(-37, hashes.SHA256()),
    "ps384": Algorithm(-38, hashes.SHA384()),
    "ps512": Algorithm(-39, hashes.SHA512()),
    "ed25519": Algorithm(-8),
}
"""The algorithms by their names in C2PA."""
