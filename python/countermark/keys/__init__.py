"""Where keys live: the home folder, tokens, keyrings, services, pools; and signers over them.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as parent:
...     home = create_home(parent + "/home")
...     signer = home.signer()
...     _ = rotate(home)
...     states = [entry.state.value for entry in list_keys(home)]
>>> signer.algorithm
'es256'
>>> states
['retired', 'signing']
"""

from countermark.keys.algorithms import ALGORITHMS
from countermark.keys.callback import CallbackSigner
from countermark.keys.est import EstIssuer
from countermark.keys.home import Home, create_home, home_folder, open_home
from countermark.keys.importing import import_chain
from countermark.keys.issuing import DevelopmentIssuer, Issuer
from countermark.keys.keyring_store import KeyringStore
from countermark.keys.local_signer import LocalSigner
from countermark.keys.pkcs11 import Pkcs11Key, Pkcs11Signer
from countermark.keys.pool import OneTimeSigner, Pool
from countermark.keys.remote_request import remote_request
from countermark.keys.revocation import RevocationReason, renew_revocation_lists, revoke
from countermark.keys.rotation import rotate
from countermark.keys.signing_request import (
    ConformingProduct,
    SigningRequest,
    list_requests,
    request_certificate,
)
from countermark.keys.stock import KeyEntry, KeyState, list_keys
from countermark.keys.timestamps import TimestampAuthority
from countermark.keys.witness import Witness

__all__ = [
    "ALGORITHMS",
    "CallbackSigner",
    "ConformingProduct",
    "DevelopmentIssuer",
    "EstIssuer",
    "Home",
    "Issuer",
    "KeyEntry",
    "KeyState",
    "KeyringStore",
    "LocalSigner",
    "OneTimeSigner",
    "Pkcs11Key",
    "Pkcs11Signer",
    "Pool",
    "RevocationReason",
    "SigningRequest",
    "TimestampAuthority",
    "Witness",
    "create_home",
    "home_folder",
    "import_chain",
    "list_keys",
    "list_requests",
    "open_home",
    "remote_request",
    "renew_revocation_lists",
    "request_certificate",
    "revoke",
    "rotate",
]
