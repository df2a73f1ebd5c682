"""Where keys live: the home folder, tokens, keyrings, services, pools; and signers over them.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as parent:
...     signer = create_home(parent + "/home").signer()
>>> signer.algorithm
'es256'
"""

from countermark.keys.callback import CallbackSigner
from countermark.keys.est import EstIssuer
from countermark.keys.home import Home, create_home, home_folder, open_home
from countermark.keys.issuing import DevelopmentIssuer, Issuer
from countermark.keys.keyring_store import KeyringStore
from countermark.keys.local_signer import LocalSigner
from countermark.keys.pkcs11 import Pkcs11Key, Pkcs11Signer
from countermark.keys.pool import OneTimeSigner, Pool
from countermark.keys.remote_request import remote_request
from countermark.keys.timestamps import TimestampAuthority

__all__ = [
    "CallbackSigner",
    "DevelopmentIssuer",
    "EstIssuer",
    "Home",
    "Issuer",
    "KeyringStore",
    "LocalSigner",
    "OneTimeSigner",
    "Pkcs11Key",
    "Pkcs11Signer",
    "Pool",
    "TimestampAuthority",
    "create_home",
    "home_folder",
    "open_home",
    "remote_request",
]
