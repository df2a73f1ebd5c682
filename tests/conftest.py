"""Photographs, a home folder of its own for each test, copies as they come back, authorities."""

from __future__ import annotations

import os

# Before numpy: on cores that are busy, threads for its small products mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import io
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pkcs11
import pytest
import skimage
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from countermark import keys
from countermark.credentials import Trust
from countermark.registry import Registry

# They come with scikit-image. Public domain: NASA (astronaut, hubble), SpaceX (rocket). CC0:
# Stefan van der Walt (chelsea), Rachel Michetti (coffee), Mikael Häggström (retina). No known
# restrictions: Center for Microscopy and Molecular Imaging (ihc).
BUNDLED = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "hubble": "hubble_deep_field.jpg",
    "ihc": "ihc.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
}
LONG_EDGE = 1024
# The first takes half the time of the others, and is the same where nobody looks.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@cache
def _photograph(name: str, long_edge: int) -> Image.Image:
    picture = Image.open(Path(skimage.__file__).parent / "data" / BUNDLED[name]).convert("RGB")
    scale = long_edge / max(picture.size)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.LANCZOS)


@pytest.fixture(scope="session")
def photograph() -> Callable[..., Image.Image]:
    """A colour photograph inside scikit-image, by name, brought to 1024 pixels."""

    def photograph(name: str = "coffee", long_edge: int = LONG_EDGE) -> Image.Image:
        return _photograph(name, long_edge).copy()

    return photograph


@pytest.fixture(scope="session")
def as_file() -> Callable[..., bytes]:
    """A picture as the content of a file."""

    def as_file(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
        stream = io.BytesIO()
        picture.save(stream, form, **{"quality": 92, **options} if form == "JPEG" else options)
        return stream.getvalue()

    return as_file


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may touch the home folder of whoever runs it."""
    monkeypatch.setenv("COUNTERMARK_HOME", os.fspath(tmp_path / "countermark-home"))
    monkeypatch.delenv("COUNTERMARK_PASSPHRASE", raising=False)


@pytest.fixture
def home() -> keys.Home:
    """The home folder, with keys."""
    return keys.create_home()


@pytest.fixture
def trust(home: keys.Home) -> Trust:
    """The trust list of the home folder."""
    return Trust.from_file(home.trust_path)


@pytest.fixture
def registry(home: keys.Home) -> Iterator[Registry]:
    """The registry of the home folder."""
    with Registry.open(home.registry_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of notes that sound like nothing else, with some noise.

    Two channels of little-endian floats, 44,100 a second.
    """
    random, rate = np.random.default_rng(8), 44_100
    time = np.arange(rate // 4) / rate
    notes = [
        sum(
            np.sin(2 * np.pi * pitch * overtone * time) * np.exp(-4 * time) / overtone
            for overtone in (1, 2, 3, 5)
        )
        for pitch in 220 * 2 ** (random.integers(0, 24, 48) / 12)
    ]
    left = np.concatenate(notes) * 0.2 + random.normal(0, 0.004, 12 * rate)
    right = 0.8 * left + random.normal(0, 0.004, 12 * rate)
    path = tmp_path_factory.mktemp("tune") / "tune.raw"
    np.stack([left, right], 1).astype("<f4").tofile(path)
    return path


@pytest.fixture
def photo(
    tmp_path: Path, photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> Path:
    """A JPEG file of 640 pixels."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(as_file(photograph(long_edge=640)))
    return path


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """A folder of executables that start soon; see warm_start.py."""
    # Not in pytest's folders: a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="countermark-") as folder:
        server = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm_start.py"), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield Path(folder)
            os.killpg(server.pid, signal.SIGTERM)  # with all that it started


@pytest.fixture(scope="session")
def countermark(warm: Path) -> str:
    """The command, as a process of its own that starts soon."""
    return os.fspath(warm / "countermark")


class PublicAuthority:
    """Issues what the C2PA certificate policy asks for, or that with one thing changed."""

    POLICY = x509.ObjectIdentifier("1.3.6.1.4.1.62558.1.1")
    LEVEL = x509.ObjectIdentifier("1.3.6.1.4.1.62558.3")
    RECORD = x509.ObjectIdentifier("1.3.6.1.4.1.62558.4")
    CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")

    def __init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.key = ec.generate_private_key(ec.SECP384R1())
        usage = self.usage("key_cert_sign", "crl_sign")
        self.root = self.build(
            "Public Root",
            self.root_key.public_key(),
            self.root_key,
            "Public Root",
            [(x509.BasicConstraints(True, 1), True), (usage, True)],
            days=7300,
        )
        self.issuer = self.certify_issuer()

    @staticmethod
    def usage(*names: str) -> x509.KeyUsage:
        every = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        return x509.KeyUsage(**{name: name in names for name in every})

    @staticmethod
    def name(common_name: str) -> x509.Name:
        pairs = (
            (NameOID.COUNTRY_NAME, "SE"),
            (NameOID.ORGANIZATION_NAME, "Example Ltd"),
            (NameOID.COMMON_NAME, common_name),
        )
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])

    def certify_issuer(self, *, days: int = 1800, **changes: Any) -> x509.Certificate:
        """The issuing authority; `changes` as in `certify`."""
        extensions = {
            "basic_constraints": (x509.BasicConstraints(True, 0), True),
            "key_usage": (self.usage("key_cert_sign", "crl_sign"), True),
            "purposes": (self.purposes(), False),
            "policies": (self.policies(), False),
            "access": (self.access("http://ocsp.example/"), False),
            **changes.pop("extensions", {}),
        }
        arguments: dict[str, Any] = {
            "subject": "Public Issuing CA",
            "public_key": self.key.public_key(),
            "issuer_key": self.root_key,
            "issuer": "Public Root",
            "extensions": [pair for pair in extensions.values() if pair],
            "days": days,
            **changes,
        }
        return self.build(**arguments)

    def certify(
        self, public_key: Any, *, days: int = 90, **changes: Any
    ) -> tuple[x509.Certificate, ...]:
        """A chain: leaf and issuing authority.

        `changes`: of the arguments of `build`; in `extensions` a pair of value and criticality
        replaces the one of that name, and None drops it.
        """
        level = asn1.encode_der(x509.ObjectIdentifier("1.3.6.1.4.1.62558.3.20"))
        record = asn1.encode_der("7f3d3c53-9a0c-4d6a-8a3b-2f1a5d0c9e11")
        extensions = {
            "basic_constraints": (x509.BasicConstraints(False, None), True),
            "key_usage": (self.usage("digital_signature", "content_commitment"), True),
            "purposes": (self.purposes(), False),
            "policies": (self.policies(), False),
            "access": (self.access("http://ocsp.example/"), False),
            "level": (x509.UnrecognizedExtension(self.LEVEL, level), False),
            "record": (x509.UnrecognizedExtension(self.RECORD, record), False),
            **changes.pop("extensions", {}),
        }
        issuer = changes.pop("issued_by", self.issuer)
        arguments: dict[str, Any] = {
            "subject": "Camera App",
            "public_key": public_key,
            "issuer_key": self.key,
            "issuer": "Public Issuing CA",
            "extensions": [pair for pair in extensions.values() if pair],
            "days": days,
            **changes,
        }
        return self.build(**arguments), issuer

    def purposes(self, *others: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
        wanted = [ExtendedKeyUsageOID.EMAIL_PROTECTION, self.CLAIM_SIGNING, *others]
        return x509.ExtendedKeyUsage(wanted)

    def policies(self) -> x509.CertificatePolicies:
        return x509.CertificatePolicies([x509.PolicyInformation(self.POLICY, None)])

    @staticmethod
    def access(address: str) -> x509.AuthorityInformationAccess:
        place = x509.UniformResourceIdentifier(address)
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        return x509.AuthorityInformationAccess([ocsp])

    def build(
        self,
        subject: str | x509.Name,
        public_key: Any,
        issuer_key: Any,
        issuer: str,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
        *,
        days: int,
        begin: timedelta = timedelta(minutes=-5),
        subject_identifier: bool = True,
        authority_identifier: bool = True,
    ) -> x509.Certificate:
        """A certificate that ends so many days after it begins."""
        start = datetime.now(timezone.utc) + begin
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name(subject) if isinstance(subject, str) else subject)
            .issuer_name(self.name(issuer))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
        )
        if subject_identifier:
            own = x509.SubjectKeyIdentifier.from_public_key(public_key)
            builder = builder.add_extension(own, critical=False)
        if authority_identifier:
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
            builder = builder.add_extension(above, critical=False)
        for value, critical in extensions:
            builder = builder.add_extension(value, critical=critical)
        return builder.sign(issuer_key, hashes.SHA384())

    @staticmethod
    def pem(*certificates: x509.Certificate) -> bytes:
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certificates)


@pytest.fixture(scope="session")
def public_authority() -> PublicAuthority:
    """An authority as those on the C2PA trust list."""
    return PublicAuthority()


TIME_STAMPING = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/chain.pem
certs = {folder}/chain.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


class TimeServer:
    """A time-stamping authority on this machine: `openssl ts` behind HTTP.

    `answers`: whether it does at present. `asked`: how often it was asked.
    """

    def __init__(self, folder: Path, authority: PublicAuthority, *, fit: bool = True) -> None:
        self.folder, self.root = folder, authority.pem(authority.root)
        self.answers, self.asked = True, 0
        key = ec.generate_private_key(ec.SECP256R1())
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        usage = {"key_usage": (authority.usage("digital_signature"), True)}
        chain = authority.certify(
            key.public_key(),
            subject="Clock",
            extensions={
                **(usage if fit else {"key_usage": None}),
                "purposes": (stamping, True),
                **dict.fromkeys(("policies", "access", "level", "record")),
            },
        )
        for name, content in {
            "chain.pem": authority.pem(*chain),
            "key.pem": key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            "serial": b"01\n",
            "settings": TIME_STAMPING.format(folder=folder).encode(),
        }.items():
            (folder / name).write_bytes(content)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                if not outer.answers:
                    self.send_error(503)
                    return
                content = outer.reply(query)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def reply(self, query: bytes) -> bytes:
        command = ["openssl", "ts", "-reply", "-config", "settings", "-queryfile", "/dev/stdin"]
        run = subprocess.run(command, cwd=self.folder, input=query, check=True, capture_output=True)
        return run.stdout

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def time_server_to_order(
    tmp_path_factory: pytest.TempPathFactory, public_authority: PublicAuthority
) -> Iterator[Callable[..., TimeServer]]:
    """Time servers, which stop with the tests."""
    running: list[TimeServer] = []

    def start(**options: bool) -> TimeServer:
        running.append(TimeServer(tmp_path_factory.mktemp("time"), public_authority, **options))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def running_time_server(time_server_to_order: Callable[..., TimeServer]) -> TimeServer:
    return time_server_to_order()


@pytest.fixture
def time_server(running_time_server: TimeServer) -> TimeServer:
    """One that answers, and was not asked yet."""
    running_time_server.answers, running_time_server.asked = True, 0
    return running_time_server


@pytest.fixture(scope="session")
def openssl() -> Callable[..., str]:
    """Runs OpenSSL, a reader by others, and gives all that it says."""

    def run(*arguments: object, expect: int = 0) -> str:
        command = ["openssl", *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == expect, (command, result.stdout, result.stderr)
        return result.stdout + result.stderr

    return run


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
        pkcs11.lib(self.library).reinitialize()  # it would not see a token that others made

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it; none is fetched. Its event loop must end with the module."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            launched.close()
