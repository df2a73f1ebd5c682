"""Where keys live: the home folder, its keys and certificates, and signers over them.

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
from countermark.keys.home import Home, create_home, home_folder, open_home
from countermark.keys.importing import import_chain
from countermark.keys.local_signer import LocalSigner
from countermark.keys.revocation import RevocationReason, renew_revocation_lists, revoke
from countermark.keys.rotation import rotate
from countermark.keys.signing_request import (
    ConformingProduct,
    SigningRequest,
    list_requests,
    request_certificate,
)
from countermark.keys.stock import KeyEntry, KeyState, list_keys

__all__ = [
    "ALGORITHMS",
    "ConformingProduct",
    "Home",
    "KeyEntry",
    "KeyState",
    "LocalSigner",
    "RevocationReason",
    "SigningRequest",
    "create_home",
    "home_folder",
    "import_chain",
    "list_keys",
    "list_requests",
    "open_home",
    "renew_revocation_lists",
    "request_certificate",
    "revoke",
    "rotate",
]
