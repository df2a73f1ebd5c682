"""Another process that uses a token: `python token_worker.py VERB LIBRARY TOKEN PIN < chain.pem`.

`open` makes a signer. `lose` has the library forget all sessions, as when a token is pulled out:
with the signer at hand, and again before a signer is made.
"""

from __future__ import annotations

import sys

import pkcs11

from countermark.errors import TokenSessionLost
from countermark.keys import Pkcs11Signer


def pin() -> str:
    print("asked for the PIN")
    return sys.argv[4]


def signer(chain: bytes) -> Pkcs11Signer:
    return Pkcs11Signer(
        sys.argv[2],
        token_label=sys.argv[3],
        key_label="es256",
        pin=pin,
        algorithm="es256",
        certificate_chain=chain,
    )


def lose(chain: bytes) -> None:
    library = sys.argv[2]
    first = signer(chain)
    pkcs11.lib(library).reinitialize()
    try:
        first.sign(b"data")
    except TokenSessionLost as error:
        print(error)
    print(len(signer(chain).sign(b"data")))
    pkcs11.lib(library).reinitialize()
    print(len(signer(chain).sign(b"data")))


if __name__ == "__main__":
    {"open": signer, "lose": lose}[sys.argv[1]](sys.stdin.buffer.read())
