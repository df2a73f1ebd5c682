"""Where keys live: the home folder and signers over the keys in it.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as parent:
...     signer = create_home(parent + "/home").signer()
>>> signer.algorithm
'es256'
"""

from countermark.keys.home import Home, create_home, home_folder, open_home
from countermark.keys.local_signer import LocalSigner

__all__ = ["Home", "LocalSigner", "create_home", "home_folder", "open_home"]
