"""Another process that uses a token: `python token_worker.py VERB LIBRARY TOKEN PIN < chain.pem`.

`open` makes a signer. `lose` has the library forget all sessions, as when a token is pulled out:
with the signer at hand, and again before a signer is made.
"""

from __future__ import annotations

import sys

import pkcs11

from countermark.errors import TokenSessionLost
from countermark.keys import Pkcs11Signer

VERB, LIBRARY, TOKEN, PIN = sys.argv[1:]
CHAIN = sys.stdin.buffer.read()


def pin() -> str:
    print("asked for the PIN")
    return PIN


def signer() -> Pkcs11Signer:
    return Pkcs11Signer(
        LIBRARY,
        token_label=TOKEN,
        key_label="es256",
        pin=pin,
        algorithm="es256",
        certificate_chain=CHAIN,
    )


def lose() -> None:
    first = signer()
    pkcs11.lib(LIBRARY).reinitialize()
    try:
        first.sign(b"data")
    except TokenSessionLost as error:
        print(error)
    print(len(signer().sign(b"data")))
    pkcs11.lib(LIBRARY).reinitialize()
    print(len(signer().sign(b"data")))


{"open": signer, "lose": lose}[VERB]()
