"""Enrolment at an EST server of the tests' own, over TLS on the loopback interface."""

from __future__ import annotations

import base64
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from countermark.credentials import Signer
from countermark.errors import InvalidArgument, IssuingFailed
from countermark.keys import DevelopmentIssuer, EstIssuer, Issuer, Pool
from countermark.keys.issuing import common_name, request

AUTHORISED = "Basic " + base64.b64encode(b"camera:s3cret").decode()
KEY = ec.generate_private_key(ec.SECP256R1())


class Handler(BaseHTTPRequestHandler):
    """RFC 7030, sections 4.1 and 4.2."""

    server: Server

    def do_GET(self) -> None:
        if self.path.endswith("/cacerts"):
            self._answer(self.server.cacerts)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        if self.headers["Content-Type"] != "application/pkcs10":
            self.send_error(415)
        elif self.server.authorised and self.headers["Authorization"] != self.server.authorised:
            self.send_error(401)
        elif self.server.answer is not None:
            self.server.answer(self)
        else:
            asked = x509.load_der_x509_csr(base64.b64decode(body))
            self._answer(self.server.issuer.issue(asked)[:1])

    def _answer(self, certificates: Any) -> None:
        self.reply(200, pkcs7.serialize_certificates(certificates, serialization.Encoding.DER))

    def reply(self, status: int, content: bytes, **headers: str) -> None:
        encoded = base64.encodebytes(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
        self.send_header("Content-Transfer-Encoding", "base64")
        self.send_header("Content-Length", str(len(encoded)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """What the tests set: who may ask, and another answer than a certificate."""

    authorised: str | None = None
    answer: Callable[[Handler], None] | None = None

    def __init__(self, issuer: DevelopmentIssuer, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.issuer = issuer
        self.cacerts = list(issuer.chain)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        """A client that does not trust the server hangs up."""


def tls_pem(name: str, issuer: tuple[x509.Certificate, Any] | None = None) -> tuple[Any, bytes]:
    """A certificate for TLS with its key, both also as PEM; self-signed without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(timezone.utc)
    own, own_key = (issuer[0].subject, issuer[1]) if issuer else (common_name(name), key)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(common_name(name))
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(address, critical=False)
        .sign(own_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (certificate, key), certificate.public_bytes(serialization.Encoding.PEM) + private


class Transport:
    """An authority for TLS alone, a server's certificate and a client's."""

    def __init__(self, folder: Path) -> None:
        authority, content = tls_pem("TLS authority")
        self.anchors = content.partition(b"-----BEGIN PRIVATE")[0]
        self.server_file, self.client_file = folder / "server.pem", folder / "client.pem"
        self.server_file.write_bytes(tls_pem("server", authority)[1])
        self.client_file.write_bytes(tls_pem("client", authority)[1])

    def context(self, *, clients: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server_file)
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.anchors.decode())
        return context


@pytest.fixture(scope="module")
def transport(tmp_path_factory: pytest.TempPathFactory) -> Transport:
    return Transport(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def running(issuer: DevelopmentIssuer, context: ssl.SSLContext) -> Iterator[Server]:
    with Server(issuer, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(issuer: DevelopmentIssuer, transport: Transport) -> Iterator[Server]:
    with running(issuer, transport.context()) as server:
        yield server


@pytest.fixture
def est(server: Server, transport: Transport) -> EstIssuer:
    return EstIssuer(server.url, anchors=transport.anchors)


def test_fleet_enrols_and_its_pictures_are_trusted(
    est: EstIssuer,
    tmp_path: Path,
    sign_photo: Callable[[Signer], bytes],
    expect_trusted: Callable[[bytes, str], None],
) -> None:
    assert isinstance(est, Issuer)
    pool = Pool(tmp_path / "pool", est, name="Fleet", capacity=2, low_water_mark=1)
    assert pool.refill() == 2
    expect_trusted(sign_photo(pool.take()), "Fleet")


def test_chain_is_leaf_and_issuers_without_the_root(
    est: EstIssuer, issuer: DevelopmentIssuer
) -> None:
    chain = est.issue(request(KEY, "Camera"))
    assert chain[0].public_key() == KEY.public_key()
    assert chain[1:] == issuer.chain[:1]


def test_authorities_are_those_of_the_server(est: EstIssuer, issuer: DevelopmentIssuer) -> None:
    assert set(est.authorities()) == set(issuer.chain)


def test_leaf_of_a_root_keeps_the_root(
    est: EstIssuer, server: Server, issuer: DevelopmentIssuer
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (root, root_key), _ = tls_pem("Root alone")
    server.issuer = DevelopmentIssuer(root_key, (root,))
    server.cacerts = [*issuer.chain, root]
    assert est.issue(request(key, "Camera"))[1:] == (root,)


def test_label_of_an_authority_is_part_of_the_address(server: Server, transport: Transport) -> None:
    url = f"{server.url}/.well-known/est/cameras/"
    EstIssuer(url, anchors=transport.anchors).issue(request(KEY, "Camera"))
    EstIssuer(server.url, anchors=transport.anchors).issue(request(KEY, "Camera"))
    assert server.asked == [
        "/.well-known/est/cameras/simpleenroll",
        "/.well-known/est/simpleenroll",
    ]


def test_password_is_asked_for(server: Server, transport: Transport) -> None:
    server.authorised = AUTHORISED
    right, wrong = (
        EstIssuer(server.url, anchors=transport.anchors, user="camera", password=password)
        for password in ("s3cret", "guess")
    )
    assert right.issue(request(KEY, "Camera"))
    with pytest.raises(IssuingFailed, match="HTTP 401") as raised:
        wrong.issue(request(KEY, "Camera"))
    for text in (repr(right), str(raised.value)):
        assert "s3cret" not in text
        assert AUTHORISED not in text


def test_client_certificate_is_asked_for(issuer: DevelopmentIssuer, transport: Transport) -> None:
    with running(issuer, transport.context(clients=True)) as server:
        known = EstIssuer(
            server.url, anchors=transport.anchors, client_certificate=transport.client_file
        )
        assert known.issue(request(KEY, "Camera"))
        with pytest.raises(IssuingFailed, match="does not come"):
            EstIssuer(server.url, anchors=transport.anchors).issue(request(KEY, "Camera"))


def test_server_that_the_anchors_do_not_cover_is_not_asked(server: Server) -> None:
    other = tls_pem("Another authority")[1].partition(b"-----BEGIN PRIVATE")[0]
    with pytest.raises(IssuingFailed, match="certificate verify failed"):
        EstIssuer(server.url, anchors=other).issue(request(KEY, "Camera"))
    assert server.asked == []


def test_server_of_another_name_is_not_asked(server: Server, transport: Transport) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(IssuingFailed, match="does not come"):
        EstIssuer(url, anchors=transport.anchors).issue(request(KEY, "Camera"))
    assert server.asked == []


ANSWERS: list[tuple[Callable[[Handler], None], str]] = [
    (lambda h: h.reply(202, b"", Retry_After="3600"), "is to wait .Retry-After: 3600"),
    (lambda h: h.reply(204, b""), "is unexpected .HTTP 204"),
    (lambda h: h.reply(302, b"", Location="https://127.0.0.1:1/"), "HTTP 302"),
    (lambda h: h.reply(500, b""), "HTTP 500"),
    (lambda h: h.reply(200, b"no PKCS #7"), "not a PKCS #7 message"),
    (lambda h: h.reply(200, b""), "not a PKCS #7 message"),
    (lambda h: h.reply(200, bytes(1 << 20)), "is unexpected"),
    (lambda h: h._answer(h.server.issuer.chain), "no certificate for the key"),
    (lambda h: h.wfile.write(b"no HTTP\r\n\r\n"), "does not come"),
    (lambda h: None, "does not come"),
]


@pytest.mark.parametrize(("answer", "sentence"), ANSWERS)
def test_other_answers_are_said(
    est: EstIssuer, server: Server, answer: Callable[[Handler], None], sentence: str
) -> None:
    server.answer = answer
    with pytest.raises(IssuingFailed, match=sentence):
        est.issue(request(KEY, "Camera"))


def test_chain_that_leads_nowhere_is_refused(est: EstIssuer, server: Server) -> None:
    server.cacerts = server.cacerts[:1]
    with pytest.raises(IssuingFailed, match="does not lead to an authority"):
        est.issue(request(KEY, "Camera"))


def test_server_that_is_not_there_is_said(transport: Transport) -> None:
    with pytest.raises(IssuingFailed, match="Connection refused"):
        EstIssuer("https://127.0.0.1:1", anchors=transport.anchors).issue(request(KEY, "Camera"))


def test_server_that_does_not_answer_is_given_up(server: Server, transport: Transport) -> None:
    released = threading.Event()
    server.answer = lambda _: released.wait(10) and None
    est = EstIssuer(server.url, anchors=transport.anchors, timeout_seconds=0.3)
    with pytest.raises(IssuingFailed, match="timed out"):
        est.issue(request(KEY, "Camera"))
    released.set()


def test_example_in_the_documentation(
    server: Server,
    transport: Transport,
    examples: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.authorised = AUTHORISED
    monkeypatch.chdir(tmp_path)
    Path("est-anchors.pem").write_bytes(transport.anchors)
    (example,) = (block for block in examples if "EstIssuer(" in block)
    names: dict[str, Any] = {"Path": Path, "Pool": Pool, "EST_URL": server.url}
    exec(compile(example, "keys-stores.md", "exec"), names)
    assert len(names["pool"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.0.0.1",
        "file:///etc/passwd",
        "https://user:word@host",
        "https://",
        "https://h:x",
    ],
)
def test_other_addresses_are_refused(url: str, transport: Transport) -> None:
    with pytest.raises(InvalidArgument, match="not the address"):
        EstIssuer(url, anchors=transport.anchors)


def test_anchors_and_client_certificate_must_be_readable(
    transport: Transport, tmp_path: Path
) -> None:
    for anchors in (b"", b"no PEM", b"\xff"):
        with pytest.raises(InvalidArgument, match="anchors"):
            EstIssuer("https://host", anchors=anchors)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
        + transport.anchors
    )
    for path in (tmp_path / "absent.pem", locked, transport.server_file.parent):
        with pytest.raises(InvalidArgument, match="client certificate"):
            EstIssuer("https://host", anchors=transport.anchors, client_certificate=path)
