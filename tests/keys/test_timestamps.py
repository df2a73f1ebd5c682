"""Time stamps from servers of the tests' own: `openssl ts` behind HTTP on the loopback."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from countermark import keys
from countermark.certificates import dump_pem
from countermark.errors import InvalidArgument, TimestampFailed
from countermark.keys import TimestampAuthority
from countermark.keys.issuing import common_name

SIGNATURE = bytes(range(64))
DIGEST = hashlib.sha256(SIGNATURE).digest()
SETTINGS = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa-key.pem
certs = {folder}/intermediate.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


class Stamper:
    """A root, an intermediate and a stamping certificate, used by `openssl ts`."""

    def __init__(
        self, folder: Path, *, end: timedelta = timedelta(days=1), root: str = "Time root"
    ) -> None:
        openssl = shutil.which("openssl")
        assert openssl, "install openssl"
        self.openssl, self.folder = openssl, folder
        folder.mkdir()
        self.root, root_key = _certify(root, None)
        intermediate, key = _certify("Time authority", (self.root, root_key))
        leaf, leaf_key = _certify("Clock", (intermediate, key), end=end)
        for name, content in {
            "root.pem": dump_pem(self.root),
            "intermediate.pem": dump_pem(intermediate),
            "tsa.pem": dump_pem(leaf),
            "tsa-key.pem": leaf_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            "serial": b"01\n",
            "settings": SETTINGS.format(folder=folder).encode(),
        }.items():
            (folder / name).write_bytes(content)

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._run("-reply", "-config", "settings", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def verify(self, token: bytes, data: bytes) -> None:
        (self.folder / "token").write_bytes(token)
        (self.folder / "data").write_bytes(data)
        options = ["-token_in", "-in", "token", "-data", "data"]
        self._run("-verify", *options, "-CAfile", "root.pem", "-untrusted", "intermediate.pem")

    def _run(self, *arguments: str) -> None:
        command = [self.openssl, "ts", *arguments]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)


def _certify(
    name: str,
    issuer: tuple[x509.Certificate, Any] | None,
    *,
    end: timedelta | None = None,
) -> tuple[x509.Certificate, Any]:
    """An authority, or with `end` a stamping certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    authority = end is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(issuer[0].subject if issuer else common_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + (end or timedelta(days=2)))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    if not authority:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purposes, critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


@contextlib.contextmanager
def serving(answer: Callable[[bytes], bytes | int]) -> Iterator[str]:
    """The address of a server that answers a query by bytes or by an HTTP status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            content = answer(self.rfile.read(int(self.headers["Content-Length"])))
            if isinstance(content, int):
                self.send_error(content)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):  # the client has given up
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    return Stamper(tmp_path_factory.mktemp("time") / "stamper")


def refused(stamper: Stamper, answer: Callable[[bytes], bytes | int]) -> str:
    with serving(answer) as url, pytest.raises(TimestampFailed) as raised:
        TimestampAuthority([url], anchors=dump_pem(stamper.root)).stamp(SIGNATURE)
    assert url in str(raised.value)
    return str(raised.value)


def test_token_is_one_that_openssl_verifies(stamper: Stamper) -> None:
    with serving(stamper.reply) as url:
        token = TimestampAuthority([url], anchors=dump_pem(stamper.root)).stamp(SIGNATURE)
    stamper.verify(token, SIGNATURE)
    with pytest.raises(subprocess.CalledProcessError):
        stamper.verify(token, SIGNATURE[::-1])


@pytest.mark.parametrize("root", ["R" * 64, "R"])
def test_certificates_are_read_in_any_order(tmp_path: Path, root: str) -> None:
    """OpenSSL sends the leaf first; in DER the shorter comes first: they name their issuers."""
    stamper = Stamper(tmp_path / "stamper", root=root)
    with serving(stamper.reply) as url:
        token = TimestampAuthority([url], anchors=dump_pem(stamper.root)).stamp(SIGNATURE)
    stamper.verify(token, SIGNATURE)
    reply = (stamper.folder / "reply").read_bytes()
    if len(root) == 64:
        assert token in reply
    else:
        with pytest.raises(ValueError, match="InvalidSetOrdering"):
            decode_timestamp_response(reply)


def test_servers_are_tried_in_order(stamper: Stamper) -> None:
    asked: list[str] = []

    def server(name: str, answer: Callable[[bytes], bytes | int]) -> Any:
        return serving(lambda query: asked.append(name) or answer(query))  # type: ignore[func-returns-value]

    with (
        server("broken", lambda _: 503) as broken,
        server("lying", lambda _: b"no response") as lying,
        server("good", stamper.reply) as good,
        server("spare", stamper.reply) as spare,
    ):
        urls = ["http://127.0.0.1:1/", broken, lying, good, spare]
        token = TimestampAuthority(urls, anchors=dump_pem(stamper.root)).stamp(SIGNATURE)
    assert asked == ["broken", "lying", "good"]
    stamper.verify(token, SIGNATURE)


def test_server_that_hangs_is_passed_over_in_time(stamper: Stamper) -> None:
    released = threading.Event()
    begin = time.monotonic()
    with (
        serving(lambda _: released.wait(10) and b"") as hanging,
        serving(stamper.reply) as good,
    ):
        urls = [hanging, good]
        authority = TimestampAuthority(urls, anchors=dump_pem(stamper.root), timeout_seconds=0.4)
        assert authority.stamp(SIGNATURE)
        released.set()
    assert time.monotonic() - begin < 8


def test_reason_of_each_server_is_said(stamper: Stamper) -> None:
    with serving(lambda _: 503) as broken:
        urls = ["http://127.0.0.1:1/", broken]
        with pytest.raises(TimestampFailed) as raised:
            TimestampAuthority(urls, anchors=dump_pem(stamper.root)).stamp(SIGNATURE)
    first, second = str(raised.value).split("; ")
    assert "http://127.0.0.1:1/: " in first
    assert "refused" in first
    assert f"{broken}: HTTP 503" in second


def test_token_over_other_data_is_refused(stamper: Stamper) -> None:
    """The server stamps, under the same number, another hash than that asked for."""

    def other(query: bytes) -> bytes:
        assert DIGEST in query
        return stamper.reply(query.replace(DIGEST, bytes(32)))

    assert "Mismatch between messages" in refused(stamper, other)


def test_old_response_sent_again_is_refused(stamper: Stamper) -> None:
    seen: list[bytes] = []

    def recording(query: bytes) -> bytes:
        seen.append(stamper.reply(query))
        return seen[0]

    with serving(recording) as url:
        authority = TimestampAuthority([url], anchors=dump_pem(stamper.root))
        authority.stamp(SIGNATURE)
        with pytest.raises(TimestampFailed, match="Nonce mismatch"):
            authority.stamp(SIGNATURE)


def test_every_changed_byte_of_the_token_is_noticed(stamper: Stamper) -> None:
    """Where it is signed: in the statement of hash and time, and in the signature at the end."""

    def changed(query: bytes, position: int) -> bytes:
        response = bytearray(stamper.reply(query))
        response[position] ^= 1
        return bytes(response)

    builder = TimestampRequestBuilder().data(SIGNATURE).hash_algorithm(HashAlgorithm.SHA256)
    imprint = stamper.reply(builder.build().as_bytes()).index(DIGEST)
    for position in (imprint, imprint + 31, -1, -20):
        reason = refused(stamper, functools.partial(changed, position=position))
        assert "invalid response" in reason


def test_stamper_outside_the_anchors_is_refused(stamper: Stamper, tmp_path: Path) -> None:
    other = Stamper(tmp_path / "other")
    assert "verifying certificates" in refused(stamper, other.reply)


def test_certificate_that_had_ended_is_refused(tmp_path: Path) -> None:
    ended = Stamper(tmp_path / "ended", end=timedelta(days=-1))
    assert "verifying certificates" in refused(ended, ended.reply)


def test_refusal_is_said(stamper: Stamper) -> None:
    """The server does not stamp this hash."""
    settings = (stamper.folder / "settings").read_text()
    try:
        (stamper.folder / "settings").write_text(settings.replace("sha256\ness", "sha512\ness"))
        assert "refused with PKI status 2" in refused(stamper, stamper.reply)
    finally:
        (stamper.folder / "settings").write_text(settings)


@pytest.mark.parametrize("content", [b"", b"no response", bytes((1 << 20) + 1)])
def test_what_is_no_response_is_refused(stamper: Stamper, content: bytes) -> None:
    refused(stamper, lambda _: content)


def test_mutated_responses_are_refused(stamper: Stamper) -> None:
    random = Random(4)
    builder = TimestampRequestBuilder().data(SIGNATURE).hash_algorithm(HashAlgorithm.SHA256)
    reply = stamper.reply(builder.build().as_bytes())

    def mutated(_: bytes) -> bytes:
        content = bytearray(reply)
        for _ in range(random.randint(1, 4)):
            content[random.randrange(len(content))] = random.randrange(256)
        return bytes(content[: random.randint(1, len(content))])

    with serving(mutated) as url:
        authority = TimestampAuthority([url], anchors=dump_pem(stamper.root))
        for _ in range(300):
            with pytest.raises(TimestampFailed):
                authority.stamp(SIGNATURE)


def test_example_in_the_documentation(
    stamper: Stamper, home: keys.Home, examples: list[str]
) -> None:
    (example,) = (block for block in examples if "TimestampAuthority(" in block)
    with serving(stamper.reply) as url:
        names = {"TSA_URLS": [url], "TSA_ROOTS": dump_pem(stamper.root), "signer": home.signer()}
        exec(compile(example, "keys-stores.md", "exec"), names)
    assert names["token"][:1] == b"0"


@pytest.mark.parametrize("urls", [[], ["ftp://time.example"], [""], ["http://"], ["http://h:x"]])
def test_other_addresses_are_refused(stamper: Stamper, urls: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="timestamp server"):
        TimestampAuthority(urls, anchors=dump_pem(stamper.root))


@pytest.mark.parametrize("anchors", [b"", b"no PEM"])
def test_anchors_must_be_readable(anchors: bytes) -> None:
    with pytest.raises(InvalidArgument, match="anchors"):
        TimestampAuthority(["http://time.example"], anchors=anchors)
