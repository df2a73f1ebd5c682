"""Makes the vectors and `cases.txt` anew, by this package. Private keys are thrown away.

    python tests/conformance/make_vectors.py

What changes in them is a change of a format, or of what is promised about one. Manifests and proofs
are signed by new keys each time, so make them only where they change: all else comes out the same.
"""

from __future__ import annotations

from making import logs, manifests, pictures, sounds, texts
from making.cases import VECTORS, Cases


def main() -> None:
    """In the order in which they are asked for."""
    for old in VECTORS.iterdir():
        old.unlink()
    cases = Cases()
    pictures.embedding(cases)
    pictures.detecting(cases)
    pictures.fingerprints(cases)
    sounds.embedding(cases)
    sounds.detecting(cases)
    texts.detecting(cases)
    manifests.verifying(cases)
    logs.proving(cases)
    cases.write()


if __name__ == "__main__":
    main()
