"""C2PA credentials: build, sign, read and judge the manifest of a file.

`sign` and `sign_file` embed a manifest with soft bindings, `sign_detached` makes one to lie beside
a file; `read`, `read_fragment` and `read_detached` check one; `add_time_stamp` proves later that
one exists. A signer is anything with a certificate chain that signs bytes: private keys never come
here.
"""

from countermark.credentials.active import active_alone, active_label
from countermark.credentials.claim import signed_label
from countermark.credentials.identity import Identity
from countermark.credentials.ingredients import Ingredient, IngredientState
from countermark.credentials.library import media_type_of
from countermark.credentials.parent import Beside
from countermark.credentials.reading import Manifest, read, read_detached, read_fragment
from countermark.credentials.sidecar import SIDECAR, load_sidecar, sidecars, sign_detached
from countermark.credentials.signer import Signer
from countermark.credentials.signing import Signed, sign, sign_file
from countermark.credentials.soft_binding import (
    FINGERPRINT_ALGORITHM,
    FINGERPRINTS,
    SOUND_FINGERPRINT_ALGORITHM,
    SOUND_WATERMARK_ALGORITHM,
    VIDEO_FINGERPRINT_ALGORITHM,
    WATERMARK_ALGORITHM,
    WATERMARKS,
    SoftBinding,
)
from countermark.credentials.soft_binding import of_clip as clip_bindings
from countermark.credentials.time_stamper import TimeStamper
from countermark.credentials.training_mining import Permission, TrainingMining
from countermark.credentials.trust import Kind, Trust, TrustList, TrustStatus
from countermark.credentials.trust_store import TrustStore
from countermark.credentials.updating import Unstamped, add_time_stamp, continues, unstamped
from countermark.credentials.within_text import sign_text

__all__ = [
    "FINGERPRINTS",
    "FINGERPRINT_ALGORITHM",
    "SIDECAR",
    "SOUND_FINGERPRINT_ALGORITHM",
    "SOUND_WATERMARK_ALGORITHM",
    "VIDEO_FINGERPRINT_ALGORITHM",
    "WATERMARKS",
    "WATERMARK_ALGORITHM",
    "Beside",
    "Identity",
    "Ingredient",
    "IngredientState",
    "Kind",
    "Manifest",
    "Permission",
    "Signed",
    "Signer",
    "SoftBinding",
    "TimeStamper",
    "TrainingMining",
    "Trust",
    "TrustList",
    "TrustStatus",
    "TrustStore",
    "Unstamped",
    "active_alone",
    "active_label",
    "add_time_stamp",
    "clip_bindings",
    "continues",
    "load_sidecar",
    "media_type_of",
    "read",
    "read_detached",
    "read_fragment",
    "sidecars",
    "sign",
    "sign_detached",
    "sign_file",
    "sign_text",
    "signed_label",
    "unstamped",
]
