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

from typing import TYPE_CHECKING, Any

from countermark.keys.algorithms import ALGORITHMS
from countermark.keys.answering import answer_request
from countermark.keys.callback import CallbackSigner
from countermark.keys.configured import (
    Secrets,
    import_for_signer,
    open_pool,
    open_signer,
    request_for_signer,
)
from countermark.keys.creating import create_home
from countermark.keys.development import DevelopmentAuthority, create_authority
from countermark.keys.home import Home, home_folder, open_home
from countermark.keys.importing import import_chain
from countermark.keys.issuing import Issuer
from countermark.keys.keyring_store import KeyringStore
from countermark.keys.local_signer import LocalSigner
from countermark.keys.log_key import log_key
from countermark.keys.passphrase import change_passphrase
from countermark.keys.pkcs11 import Pkcs11Key, Pkcs11Signer
from countermark.keys.pool import OneTimeSigner, Pool
from countermark.keys.remote_request import remote_request
from countermark.keys.reviewer_key import create_reviewer_key, reviewer_key
from countermark.keys.revocation import RevocationReason, renew_revocation_lists, revoke
from countermark.keys.rotation import rotate
from countermark.keys.signing_request import (
    ConformingProduct,
    SigningRequest,
    list_requests,
    request_certificate,
)
from countermark.keys.stamp_queue import (
    QueuedFile,
    list_queue,
    queue_file,
    set_timestamp_servers,
    timestamp_servers,
    unqueue_file,
)
from countermark.keys.stock import KeyEntry, KeyState, list_keys
from countermark.keys.timestamps import TimestampAuthority
from countermark.keys.witness import Witness

if TYPE_CHECKING:
    from countermark.keys.est import EstIssuer

__all__ = [
    "ALGORITHMS",
    "CallbackSigner",
    "ConformingProduct",
    "DevelopmentAuthority",
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
    "QueuedFile",
    "RevocationReason",
    "Secrets",
    "SigningRequest",
    "TimestampAuthority",
    "Witness",
    "answer_request",
    "change_passphrase",
    "create_authority",
    "create_home",
    "create_reviewer_key",
    "home_folder",
    "import_chain",
    "import_for_signer",
    "list_keys",
    "list_queue",
    "list_requests",
    "log_key",
    "open_home",
    "open_pool",
    "open_signer",
    "queue_file",
    "remote_request",
    "renew_revocation_lists",
    "request_certificate",
    "request_for_signer",
    "reviewer_key",
    "revoke",
    "rotate",
    "set_timestamp_servers",
    "timestamp_servers",
    "unqueue_file",
]


def __getattr__(name: str) -> Any:
    """The client of EST when it is asked for: with TLS it takes 2 MB that few need."""
    if name == "EstIssuer":
        from countermark.keys.est import EstIssuer

        return EstIssuer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
