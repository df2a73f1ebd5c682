from typing import Any

import numpy as np
import numpy.typing as npt

_Matrix = tuple[float, float, float, float, float, float, float, float, float]
_Read = tuple[int, float, float, _Matrix]
_Floats = npt.NDArray[np.float32]
_Seen = tuple[_Read | None, float, float, float, _Matrix, _Floats, _Floats]
_Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[Any]

DEFAULT_KEY: bytes
PDQ_SIDE_MIN: int

class StatusError(Exception):
    """Its arguments are the number and the text of a `cmk_status`."""

    args: tuple[int, str]

def embed(image: _Pixels, out: _Pixels, payload: int, key: bytes, strength: float) -> None: ...
def detect(image: _Pixels, key: bytes, full: bool) -> _Read | None: ...
def inspect(image: _Pixels, key: bytes, full: bool) -> _Seen: ...
def pdq(image: _Pixels) -> tuple[bytes, int]: ...
def pdq_dihedral(image: _Pixels) -> tuple[bytes, int]: ...
def target_name() -> str | None: ...
def version() -> str: ...
