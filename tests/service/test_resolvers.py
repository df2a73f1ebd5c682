"""The client: what it tells services of others, and what it believes of their answers."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from countermark import Registry, Report, Resolver, Verdict, verify
from countermark.credentials import WATERMARK_ALGORITHM, Manifest, Trust
from countermark.errors import InvalidArgument, ResolverFailed
from countermark.report import Confidence, ManifestEvidence

Answer = Callable[[BaseHTTPRequestHandler], None]
Serving = Callable[[Answer], contextlib.AbstractContextManager["Other"]]


class Other:
    """A service of others that answers as it likes. `asked`: method, path and headers so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, dict[str, str]]] = []


@pytest.fixture
def serving() -> Serving:
    """Runs one."""

    @contextlib.contextmanager
    def serving(answer: Answer) -> Iterator[Other]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                other.asked.append((self.command, self.path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    self.rfile.read(int(self.headers.get("content-length", 0)))
                    answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            other = Other(f"http://127.0.0.1:{server.server_port}/v1")
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield other
            finally:
                server.shutdown()
                thread.join()

    return serving


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, **more: str) -> None:
    handler.send_response(status)
    for name, value in more.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def offering(store: bytes, **match: Any) -> Answer:
    """Names one manifest for everything."""
    matches = json.dumps({"matches": [{"manifestId": "urn:c2pa:1", **match}]}).encode()
    return lambda handler: send(handler, matches if "/matches/" in handler.path else store)


@pytest.fixture
def ask(server: Any, tmp_path: Path) -> Callable[..., Report]:
    """The report on a file by whoever has no registry, but resolvers."""
    trust = Trust.from_file(server.home.trust_path)

    def ask(content: bytes, *resolvers: Resolver) -> Report:
        with Registry.open(tmp_path / "none") as empty:
            source = io.BytesIO(content)
            return verify(source, trust=trust, registry=empty, resolvers=resolvers)

    return ask


def resolved(report: Report) -> list[ManifestEvidence]:
    manifests = (item for item in report.evidence if isinstance(item, ManifestEvidence))
    return [item for item in manifests if item.origin == "resolver"]


def routes(server: Any, since: int, count: int) -> list[str]:
    """Of the requests since then, of which so many are expected: the log comes a little later."""
    deadline = time.monotonic() + (5 if count else 0.2)
    while len(server.log()) < since + max(count, 1) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [line["route"] for line in server.log()[since:]]


def settled(server: Any) -> int:
    """The length of the log when nothing comes any more."""
    routes(server, len(server.log()), 0)
    return len(server.log())


# ---- what it finds ----


def test_lost_credentials_come_back_from_a_service_of_others(
    server: Any, ask: Callable[..., Report], known: bytes, stripped: Callable[..., bytes]
) -> None:
    copy = stripped(known)
    assert ask(copy).verdict is Verdict.UNMARKED
    since = settled(server)
    report = ask(copy, Resolver(f"{server.url}/v1"))
    assert report.verdict is Verdict.RECOVERED
    assert report.trust.value == "trusted"
    assert report.record is not None
    assert report.record.creator == "Ada Example"
    (item,) = resolved(report)
    assert (item.confidence, item.names_watermark) == (Confidence.STRONG, True)
    assert "127.0.0.1" in item.explanation
    assert "resolution service" in report.summary
    assert routes(server, since, 2) == ["/v1/matches/byBinding", "/v1/manifests/{manifestId:path}"]


def test_cropped_and_turned_copy_comes_back_too(
    server: Any, ask: Callable[..., Report], known: bytes
) -> None:
    picture = Image.open(io.BytesIO(known)).convert("RGB")
    copy = io.BytesIO()
    picture.crop((80, 50, 600, 400)).rotate(90, expand=True).save(copy, "PNG")
    assert ask(copy.getvalue(), Resolver(f"{server.url}/v1")).verdict is Verdict.RECOVERED


def test_content_is_sent_with_consent_alone_and_last(
    server: Any,
    ask: Callable[..., Report],
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
) -> None:
    unknown = as_file(photograph("ihc", 400))
    since = settled(server)
    report = ask(unknown, Resolver(f"{server.url}/v1"))
    assert report.verdict is Verdict.UNMARKED
    assert "knows nothing of this picture" in resolved(report)[0].explanation
    assert set(routes(server, since, 1)) == {"/v1/matches/byBinding"}
    since = settled(server)
    ask(unknown, Resolver(f"{server.url}/v1", send_content=True))
    assert routes(server, since, 2)[-1] == "/v1/matches/byContent"
    with pytest.raises(InvalidArgument, match="no consent"):
        Resolver(f"{server.url}/v1").by_content(unknown, "image/jpeg")


def test_command_line_asks_what_it_is_told_to_ask(
    server: Any,
    known: bytes,
    stripped: Callable[..., bytes],
    photograph: Callable[..., Image.Image],
    as_file: Callable[..., bytes],
    tmp_path: Path,
    countermark: str,
) -> None:
    (tmp_path / "copy.jpg").write_bytes(stripped(known))
    (tmp_path / "unknown.jpg").write_bytes(as_file(photograph("ihc", 400)))

    def run(name: str, *options: str) -> tuple[int, Any, list[str]]:
        since = settled(server)
        command = [countermark, "verify", "--json", *options, name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        asked = routes(server, since, 2)
        return done.returncode, json.loads(done.stdout or "{}"), asked

    service = ("--resolver", f"{server.url}/v1")
    code, report, asked = run("copy.jpg", *service)
    assert (code, report["verdict"], len(asked)) == (0, "recovered", 2)
    code, report, asked = run("unknown.jpg", *service, "--send-content")
    assert (code, asked[-1]) == (1, "/v1/matches/byContent")
    code, report, asked = run("copy.jpg", "--resolver", "http://credentials.example/v1")
    assert (code, report, asked) == (3, {}, [])


def test_command_line_asks_no_host_that_is_not_allowed(
    server: Any,
    serving: Serving,
    known: bytes,
    stripped: Callable[..., bytes],
    manifest_of: Callable[[bytes], Manifest],
    tmp_path: Path,
    countermark: str,
) -> None:
    (tmp_path / "copy.jpg").write_bytes(stripped(known))
    answers = offering(manifest_of(known).bytes)
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(serving(answers))
        elsewhere = place.url.replace("127.0.0.1", "localhost")
        service = stack.enter_context(serving(offering(b"", endpoint=elsewhere)))
        for options, verdict in ([], "unmarked"), (["--allow-host", "localhost"], "recovered"):
            command = [countermark, "verify", "--json", "copy.jpg"]
            command += ["--resolver", service.url, *options]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
            assert json.loads(done.stdout)["verdict"] == verdict


def test_no_service_is_asked_about_an_intact_file(
    server: Any, ask: Callable[..., Report], known: bytes
) -> None:
    since = settled(server)
    assert ask(known, Resolver(f"{server.url}/v1")).verdict is Verdict.INTACT
    assert routes(server, since, 0) == []


def test_one_that_does_not_answer_does_not_keep_others_from_it(
    server: Any, ask: Callable[..., Report], known: bytes, stripped: Callable[..., bytes]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = Resolver(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", timeout_seconds=0.3)
        report = ask(stripped(known), dead, Resolver(f"{server.url}/v1"))
    assert report.verdict is Verdict.RECOVERED
    first, second = resolved(report)
    assert (first.found, second.found) == (False, True)
    assert "could not be used" in first.explanation


# ---- what it does not believe ----


def test_manifest_of_another_picture_does_not_count(
    serving: Serving,
    ask: Callable[..., Report],
    known: bytes,
    elsewhere: list[bytes],
    stripped: Callable[..., bytes],
    manifest_of: Callable[[bytes], Manifest],
) -> None:
    for content in elsewhere:
        with serving(offering(manifest_of(content).bytes)) as other:
            report = ask(stripped(known), Resolver(other.url, send_content=True))
        assert report.verdict is Verdict.UNMARKED
        assert "None counts" in resolved(report)[0].explanation


def test_altered_or_unreadable_manifest_does_not_count(
    serving: Serving,
    ask: Callable[..., Report],
    known: bytes,
    stripped: Callable[..., bytes],
    manifest_of: Callable[[bytes], Manifest],
) -> None:
    store = manifest_of(known).bytes
    place = store.index(b"Ada Example")
    for offered in (store[:place] + b"Eve" + store[place + 3 :], b"", b"not a manifest"):
        with serving(offering(offered)) as other:
            assert ask(stripped(known), Resolver(other.url)).verdict is Verdict.UNMARKED
    with serving(offering(store)) as other:
        assert ask(stripped(known), Resolver(other.url)).verdict is Verdict.RECOVERED


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler: send(handler, b"<html>"),
        lambda handler: send(handler, b"[" * 100_000),
        lambda handler: send(handler, b'{"matches": 7}'),
        lambda handler: send(handler, b'{"matches": [{}]}'),
        lambda handler: send(handler, b'{"matches": [7]}'),
        lambda handler: send(handler, b"\xff\xfe"),
        lambda handler: send(handler, b" " * 2_000_000),
        lambda handler: send(handler, b"", 500),
        lambda handler: send(handler, b"", 302, location="https://example.invalid/"),
        lambda handler: handler.wfile.write(b"SSH-2.0\r\n\r\n"),
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000 + b"\r\n"),
    ],
)
def test_hostile_answer_is_one_clear_error(
    serving: Serving,
    ask: Callable[..., Report],
    known: bytes,
    stripped: Callable[..., bytes],
    answer: Answer,
) -> None:
    with serving(answer) as other:
        with pytest.raises(ResolverFailed, match=r"resolution service 127.0.0.1:\d+ "):
            Resolver(other.url).by_binding(WATERMARK_ALGORITHM, bytes(8))
        report = ask(stripped(known), Resolver(other.url))
    assert report.verdict is Verdict.UNMARKED
    assert "could not be used" in resolved(report)[0].explanation


def test_answer_by_drops_is_given_up_in_time(serving: Serving) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b" ")
            time.sleep(0.1)

    with serving(drip) as other:
        began = time.monotonic()
        with pytest.raises(ResolverFailed):
            Resolver(other.url, timeout_seconds=0.5).by_binding("a", b"b")
        assert time.monotonic() - began < 3


def test_manifests_too_large_are_not_taken_in(serving: Serving) -> None:
    with serving(offering(b"\0" * (17 * 2**20))) as other:
        resolver = Resolver(other.url)
        (match,) = resolver.by_binding("a", b"b")
        with pytest.raises(ResolverFailed, match="too much"):
            resolver.manifest(match)


# ---- whom it tells what ----


def test_other_hosts_are_asked_only_when_they_are_allowed(serving: Serving) -> None:
    with serving(offering(b"store")) as place:
        elsewhere = place.url.replace("127.0.0.1", "localhost")
        with serving(offering(b"", endpoint=elsewhere)) as other:
            assert Resolver(other.url).by_binding("a", b"b") == []
            allowing = Resolver(other.url, allowed_hosts=("localhost",), token="secret")
            (match,) = allowing.by_binding("a", b"b")
            assert allowing.manifest(match) == b"store"
            assert other.asked[-1][2]["Authorization"] == "Bearer secret"
        assert [headers.get("Authorization") for *_, headers in place.asked] == [None]
        for endpoint in ("file:///etc/passwd", "http://169.254.169.254/", 7, "https://a:b@c/"):
            with serving(offering(b"", endpoint=endpoint)) as other:
                everything = ("169.254.169.254", "c", "")
                resolver = Resolver(other.url, allowed_hosts=everything)
                assert resolver.by_binding("a", b"b") == []


def test_long_value_goes_by_post_and_identifiers_are_escaped(serving: Serving) -> None:
    with serving(offering(b"store", manifestId="urn:x:../a b/?#é")) as other:
        resolver = Resolver(other.url + "/")
        (match,) = resolver.by_binding("a", bytes(5000))
        resolver.manifest(match)
    (method, path, _), (_, address, _) = other.asked
    assert (method, path) == ("POST", "/v1/matches/byBinding?maxResults=10")
    assert address == "/v1/manifests/urn%3Ax%3A..%2Fa%20b%2F%3F%23%C3%A9"
    with serving(offering(b"", manifestId="a\r\nHost: b")) as other:
        assert Resolver(other.url).by_binding("a", b"b") == []


def test_unknown_algorithm_and_unknown_content_are_no_failure(serving: Serving) -> None:
    for status in (400, 404, 415):
        with serving(lambda handler, status=status: send(handler, b"{}", status)) as other:
            assert Resolver(other.url).by_binding("a", b"b") == []


@pytest.mark.parametrize(
    "url",
    [
        "http://credentials.example/v1",
        "https://user:pass@credentials.example",
        "https://credentials.example/v1?x=1",
        "https://",
        "file:///v1",
        "https://a:99999999/",
        "https://a/\r\nX: y",
        7,
    ],
)
def test_other_addresses_are_refused(url: Any) -> None:
    with pytest.raises(InvalidArgument, match="not the address of a resolution service"):
        Resolver(url)


def test_token_is_not_shown() -> None:
    assert "secret" not in repr(Resolver("https://credentials.example", token="secret"))


def test_tls_of_somebody_else_is_not_accepted(public_authority: Any, tmp_path: Path) -> None:
    import ssl

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    chain = public_authority.certify(key.public_key())
    pem = tmp_path / "chain.pem"
    pem.write_bytes(
        public_authority.pem(*chain)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            context.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,))
        thread.start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(ResolverFailed, match="CERTIFICATE_VERIFY_FAILED"):
            Resolver(address).by_binding("a", base64.b64decode("AA=="))
        thread.join()
