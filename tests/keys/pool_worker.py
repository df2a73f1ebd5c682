"""Another process that uses a pool: `python pool_worker.py FOLDER [die STEP]`.

Takes and signs until the pool is empty; prints each certificate's serial number before the next.
With `die`, it is killed in the middle of taking: at the renaming, overwriting or deleting.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509

from countermark.errors import PoolEmpty
from countermark.keys import Pool, create_authority


def die_after(original: Callable[..., Any]) -> Callable[..., Any]:
    def step(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    return step


def main(folder: str, *death: str) -> None:
    issuer, _ = create_authority("Unused")
    pool = Pool(Path(folder), issuer, name="Camera")
    if death:
        step: Any = {"rename": Path, "fsync": os, "unlink": Path}[death[1]]
        setattr(step, death[1], die_after(getattr(step, death[1])))
    while True:
        try:
            signer = pool.take()
        except PoolEmpty:
            return
        signer.sign(b"data")
        print(x509.load_pem_x509_certificate(signer.certificate_chain).serial_number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
