"""What strangers may send: hostile bodies, slow ones, huge ones, too many of them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

JPEG = {"content-type": "image/jpeg"}
BY_CONTENT = "/v1/matches/byContent"
Running = Callable[..., contextlib.AbstractContextManager[Any]]


@pytest.fixture(scope="session")
def strict(running: Running, service_home: Any, token_file: Any) -> Iterator[Any]:
    """A service with low limits and short patience."""
    with running(
        service_home,
        token_file=token_file,
        max_file_bytes=200_000,
        max_pixels=1_000_000,
        max_bytes_in_flight=500_000,
        paces={"GRACE_SECONDS": 1.0, "MIN_BYTES_PER_SECOND": 100_000, "HEAD_SECONDS": 1.0},
    ) as started:
        yield started


def raw(server: Any, *parts: bytes | float, until_closed: bool = True) -> bytes:
    """Sends the parts, waits the seconds between them, and gives what comes back."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for part in parts:
            try:
                time.sleep(part) if isinstance(part, float) else connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while piece := connection.recv(65536):
                received += piece
                if not until_closed and b"\r\n\r\n" in received:
                    break
    return received


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def status(received: bytes) -> int:
    assert received.startswith(b"HTTP/1.1 "), received[:100]
    return int(received[9:12])


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that states so many pixels, all of them black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    deflate = zlib.compressobj(9)
    row = b"\0" * (3 * width + 1)
    pixels = b"".join(deflate.compress(row) for _ in range(min(height, 200))) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


# ---- size ----


@pytest.mark.parametrize(
    "path", ["/v1/verify", "/v1/mark", BY_CONTENT, "/v1/manifests", "/v1/bindings", "/nowhere"]
)
def test_huge_stated_length_is_refused_at_once(strict: Any, path: str) -> None:
    began = time.monotonic()
    for length in ("99999999999999", "-1", "1e3"):
        answer = raw(strict, head("POST", path, f"Content-Length: {length}"))
        assert status(answer) in (413, 400)
    answer = raw(strict, head("POST", path, "Content-Length: 99999999999", "Expect: 100-continue"))
    assert status(answer) == 413
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert time.monotonic() - began < 10


def test_body_without_end_is_cut_off(strict: Any) -> None:
    chunk = b"10000\r\n" + b"\xff" * 0x10000 + b"\r\n"
    lines = ("Transfer-Encoding: chunked", "Content-Type: image/jpeg")
    answer = raw(strict, head("POST", "/v1/verify", *lines), *[chunk] * 100)
    assert status(answer) == 413
    assert b"connection: close" in answer


def test_whole_body_that_is_too_long_gets_an_answer(strict: Any) -> None:
    with strict.client() as client:
        answer = client.post("/v1/verify", content=b"\xff" * 1_000_000, headers=JPEG)
        assert answer.status_code == 413
        assert "200,000" in answer.json()["error"]
        assert client.get("/healthz").status_code == 200


def test_bodies_in_flight_are_bounded_together(strict: Any) -> None:
    lines = ("Content-Length: 190000", "Content-Type: image/jpeg")
    part = head("POST", "/v1/verify", *lines) + b"\xff" * 180_000
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(status(raw(strict, part, 0.5))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [408, 408, 503, 503]
    with strict.client() as client:
        assert b"countermark_request_body_bytes 0.0" in client.get("/metrics").content


# ---- pace ----


def test_slow_body_is_given_up(strict: Any) -> None:
    lines = ("Content-Length: 100000", "Content-Type: image/jpeg")
    answer = raw(strict, head("POST", "/v1/verify", *lines), *[b"\xff" * 10, 0.3] * 6)
    assert status(answer) == 408


def test_slow_or_endless_head_is_given_up(strict: Any) -> None:
    assert raw(strict, b"GET /healthz HTTP/1.1\r\n", *[b"X-A: b\r\n", 0.3] * 8) == b""
    assert raw(strict) == b""  # a connection that says nothing
    answer = raw(strict, b"GET /healthz HTTP/1.1\r\n", *[b"X-A: " + b"b" * 8000 + b"\r\n"] * 20)
    assert answer == b"" or status(answer) in (400, 431)
    assert status(raw(strict, head("GET", "/healthz", "Connection: close"))) == 200


# ---- what is in it ----


def test_bombs_are_refused_by_their_header(strict: Any) -> None:
    with strict.client() as client:
        for width, height in ((60_000, 60_000), (30_000, 40), (1200, 1000)):
            content = bomb(width, height)
            began = time.monotonic()
            answer = client.post(BY_CONTENT, content=content, headers=JPEG)
            assert answer.status_code == 413, (width, height, answer.text)
            report = client.post("/v1/verify", content=content, headers=JPEG).json()
            assert report["verdict"] == "unreadable"
            assert time.monotonic() - began < 10
        with strict.client("generator") as generator:
            stated = {**JPEG, "countermark-record": '{"source":"captured"}'}
            answer = generator.post("/v1/mark", content=bomb(5000, 5000), headers=stated)
            assert answer.status_code == 413


def test_damaged_pictures_do_no_harm(client: httpx.Client, known: bytes, service_home: Any) -> None:
    random = np.random.default_rng(7)
    for _ in range(12):
        content = bytearray(known[: random.integers(100, len(known))])
        for place in random.integers(0, len(content), 40):
            content[place] = random.integers(0, 256)
        assert client.post("/v1/verify", content=bytes(content), headers=JPEG).status_code == 200
        answer = client.post(BY_CONTENT, content=bytes(content), headers=JPEG)
        assert answer.status_code in (200, 415)
    assert client.get("/readyz").status_code == 200


def test_memory_of_one_picture_is_capped(running_anew: Running, service_home: Any) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3500, 4500, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=80)
    small = io.BytesIO()
    Image.fromarray(noise[:200, :200]).save(small, "JPEG")
    cap = 60_000_000
    with running_anew(service_home, job_memory_bytes=cap) as server, server.client() as client:
        answer = client.post(BY_CONTENT, content=stream.getvalue(), headers=JPEG)
        assert answer.status_code in (413, 422), answer.text
        assert client.post(BY_CONTENT, content=small.getvalue(), headers=JPEG).status_code == 200


def test_job_that_takes_too_long_is_killed_and_its_worker_replaced(
    running: Running, service_home: Any, known: bytes, photograph: Callable[..., Image.Image]
) -> None:
    stream = io.BytesIO()
    photograph("hubble", 1024).resize((7000, 7000)).save(stream, "JPEG", quality=80)
    with running(service_home, job_seconds=0.1) as server, server.client() as client:
        answer = client.post(BY_CONTENT, content=stream.getvalue(), headers=JPEG)
        assert answer.status_code == 422
        assert "time and memory" in answer.json()["error"]
        answer = client.post(
            "/v1/manifests", content=b"x", headers={"content-type": "application/c2pa"}
        )
        assert answer.status_code == 401
        asked = {"alg": "org.countermark.pdq.1", "value": "A" * 43}
        assert client.get("/v1/matches/byBinding", params=asked).status_code == 200
        assert b'workers_replaced_total{reason="killed",role="reader"} 1.0' in (
            client.get("/metrics").content
        )


# ---- too many ----


def test_client_that_asks_too_much_is_told_when_to_come_back(
    running: Running, service_home: Any, known: bytes
) -> None:
    with running(service_home, requests_per_second=5) as server, server.client() as client:
        answers = [client.get("/v1/services/status") for _ in range(30)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert len(refused) < 30
        wait = int(refused[-1].headers["retry-after"])
        assert client.get("/healthz").status_code == 200
        time.sleep(wait)
        assert client.get("/v1/services/status").status_code == 200
        # A picture counts ten times.
        assert client.post("/v1/verify", content=known, headers=JPEG).status_code == 429


def test_full_queue_is_said_and_nothing_is_lost(
    running: Running, service_home: Any, photograph: Callable[..., Image.Image]
) -> None:
    stream = io.BytesIO()
    photograph("ihc", 1024).resize((2000, 2000)).save(stream, "JPEG", quality=80)

    async def ask(server: Any) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=16)
        async with httpx.AsyncClient(
            base_url=server.url, timeout=60, limits=limits, trust_env=False
        ) as client:
            posts = (
                client.post("/v1/verify", content=stream.getvalue(), headers=JPEG)
                for _ in range(16)
            )
            return await asyncio.gather(*posts)

    with running(service_home, queue=3) as server:
        answers = asyncio.run(ask(server))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 503}
        assert codes.count(200) >= 4
        assert all("retry-after" in a.headers for a in answers if a.status_code == 503)
        with server.client() as client:
            assert client.post("/v1/verify", content=b"x", headers=JPEG).status_code == 200


def test_64_parallel_clients_are_all_answered(server: Any, known: bytes) -> None:
    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(
            base_url=server.url, timeout=120, limits=limits, trust_env=False
        ) as client:
            verifying = [client.post("/v1/verify", content=known, headers=JPEG) for _ in range(32)]
            looking = [client.get("/v1/services/status") for _ in range(32)]
            return await asyncio.gather(*verifying, *looking)

    answers = asyncio.run(ask())
    assert [answer.status_code for answer in answers] == [200] * 64
    assert {answer.json()["verdict"] for answer in answers[:32]} == {"intact"}


# ---- browsers ----


def test_every_answer_is_safe_in_a_browser(client: httpx.Client) -> None:
    for answer in (
        client.get("/healthz"),
        client.get("/nowhere"),
        client.get("/page/../../etc/passwd"),
        client.post("/v1/verify", content=b"<script>", headers={"content-type": "text/html"}),
    ):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    for path in ("/page/", "/page/%2e%2e/settings.py", "/.git/config", "/v1/"):
        assert client.get(path).status_code == 404


def test_name_that_points_here_from_elsewhere_is_not_answered(client: httpx.Client) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::2]:80"):
        answer = client.get("/v1/services/status", headers={"host": host})
        assert answer.status_code == 421
    for host in ("localhost", "127.0.0.1:1", "[::1]:80", "LOCALHOST:9"):
        assert client.get("/v1/services/status", headers={"host": host}).status_code == 200
