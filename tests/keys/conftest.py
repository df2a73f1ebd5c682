"""A development issuer, a SoftHSM, and pictures signed by whatever signer a test brings."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from PIL import Image

from countermark.certificates import dump_pem
from countermark.credentials import Signer, SoftBinding, Trust, TrustStatus, read, sign
from countermark.keys import DevelopmentAuthority, create_authority
from countermark.record import DigitalSource, Record

_ISSUER, _ROOT = create_authority("Example")


@pytest.fixture(scope="session")
def issuer() -> DevelopmentAuthority:
    return _ISSUER


@pytest.fixture(scope="session")
def root() -> x509.Certificate:
    """Of that issuer."""
    return _ROOT


class SoftHsm:
    """Tokens in a folder of their own, for this process and those that it starts."""

    def __init__(self, folder: Path) -> None:
        (folder / "tokens").mkdir()
        settings = f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n"
        (folder / "softhsm2.conf").write_text(settings)
        self.settings = os.fspath(folder / "softhsm2.conf")
        self.library = self._library()

    def make_token(self, label: str, pin: str) -> None:
        tool = shutil.which("softhsm2-util")
        assert tool, "install softhsm2"
        command = [tool, "--init-token", "--free", "--label", label, "--pin", pin]
        subprocess.run([*command, "--so-pin", pin], check=True, capture_output=True)

    @staticmethod
    def _library() -> str:
        """Where Debian, Fedora, Homebrew and hand-made installations put it."""
        folders = [Path("/usr/lib/softhsm"), *Path("/usr/lib").glob("*/softhsm")]
        folders += [Path("/usr/lib64/pkcs11"), Path("/usr/local/lib/softhsm")]
        folders += [Path("/opt/homebrew/lib/softhsm")]
        found = [path for f in folders if (path := f / "libsofthsm2.so").exists()]
        assert found, "install softhsm2"
        return os.fspath(found[0])


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """Once for all tests: a process settles on a folder of tokens when it first loads SoftHSM."""
    softhsm = SoftHsm(tmp_path_factory.mktemp("softhsm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", softhsm.settings)
        yield softhsm


@pytest.fixture(scope="session")
def examples() -> list[str]:
    """The Python code in docs/keys-stores.md, block by block."""
    document = Path(__file__).parents[2] / "docs/keys-stores.md"
    text = document.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def sign_photo(
    photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> Callable[[Signer], bytes]:
    """A photograph, signed."""

    def sign_photo(signer: Signer) -> bytes:
        return sign(
            io.BytesIO(as_file(photograph(long_edge=320))),
            "image/jpeg",
            record=Record(source=DigitalSource.CAPTURED),
            signer=signer,
            soft_binding=SoftBinding.of_payload(7),
            thumbnail=as_file(photograph(long_edge=64)),
        ).asset

    return sign_photo


@pytest.fixture
def expect_trusted(root: x509.Certificate) -> Callable[[bytes, str], None]:
    """The signed picture reads back whole, trusted and by this claim signer."""

    def expect_trusted(asset: bytes, claim_signer: str) -> None:
        manifest = read(io.BytesIO(asset), "image/jpeg", trust=Trust(dump_pem(root)))
        assert manifest is not None
        assert manifest.failures == ()
        assert manifest.trust is TrustStatus.TRUSTED
        assert manifest.claim_signer == claim_signer

    return expect_trusted
