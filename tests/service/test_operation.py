"""Running it: start, health, metrics, log, an end that loses nothing, and clear refusals."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from countermark import keys
from countermark.service import frames

JPEG = {"content-type": "image/jpeg"}
Running = Callable[..., contextlib.AbstractContextManager[Any]]


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(child) for child in found.split()]


@pytest.fixture
def large(photograph: Callable[..., Image.Image]) -> bytes:
    """A picture that takes a moment."""
    stream = io.BytesIO()
    photograph("hubble", 1024).resize((4000, 4000)).save(stream, "JPEG", quality=80)
    return stream.getvalue()


# ---- the command ----


Serve = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def serve(countermark: str) -> Serve:
    """Runs the command for a home, which is to end by itself."""
    return partial(_serve, countermark)


def _serve(
    countermark: str, *arguments: str, home: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [countermark, "serve", *arguments],
        env={**os.environ, "COUNTERMARK_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_command_serves_until_it_is_told_to_end(service_home: keys.Home) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "countermark", "serve", "--port", "0", "--workers", "1"],
        env={**os.environ, "COUNTERMARK_HOME": str(service_home.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said[:2] == ["countermark", "serves"]
        url = said[2]
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/readyz", trust_env=False).json() == {"status": "ok"}
        workers = children(process.pid)
        assert workers
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_what_keeps_it_from_serving_is_said_in_a_sentence(
    serve: Serve, service_home: keys.Home, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("secret store:manifests")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for arguments, home, sentence in (
            ((), tmp_path / "none", "countermark init"),
            (("--token-file", str(tokens)), service_home.folder, "does not begin with a SHA-256"),
            (("--token-file", "nowhere"), service_home.folder, "nowhere"),
            (("--port", str(taken.getsockname()[1])), service_home.folder, "cannot be used"),
            (("--host", "192.0.2.1"), service_home.folder, "cannot be used"),
            (("--public-url", "example"), service_home.folder, "not the address of a service"),
            (("--workers", "0"), service_home.folder, "not positive"),
        ):
            ended = serve(*arguments, home=home)
            assert (ended.returncode, ended.stdout) == (3, ""), ended.stderr
            assert sentence in ended.stderr
            assert "Traceback" not in ended.stderr


def test_key_that_does_not_open_keeps_it_from_marking(
    serve: Serve, tmp_path: Path, token_file: Path
) -> None:
    keys.create_home(tmp_path / "home", passphrase="right")
    ended = serve(
        "--port", "0", "--token-file", str(token_file),
        home=tmp_path / "home", COUNTERMARK_PASSPHRASE="wrong",
    )  # fmt: skip
    assert ended.returncode == 3
    assert "passphrase" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_passphrase_is_for_workers_that_mark(
    tmp_path: Path, token_file: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = keys.create_home(tmp_path / "home", passphrase="right")
    monkeypatch.setenv("COUNTERMARK_PASSPHRASE", "right")
    with running(home, token_file=token_file) as server:
        found = [
            b"COUNTERMARK_PASSPHRASE" in Path(f"/proc/{worker}/environ").read_bytes()
            for worker in children(server.pid)
        ]
    assert sorted(found) == [False, True]


# ---- while it runs ----


def test_health_readiness_and_metrics(server: Any, client: httpx.Client, known: bytes) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    client.post("/v1/verify", content=known, headers=JPEG)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'countermark_jobs_total{outcome="done",role="reader"}' in answer.text
    assert 'route="/v1/verify",status="200"' in answer.text
    assert "process_resident_memory_bytes" in answer.text


def test_metrics_are_for_this_machine_or_a_token(
    service_home: keys.Home, tmp_path: Path, running: Running
) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(f"{hashlib.sha256(b'watcher').hexdigest()} read:metrics")
    with (
        running(service_home, token_file=path, trusted_proxies=["127.0.0.1"]) as server,
        server.client() as client,
    ):
        outside = {"x-forwarded-for": "192.0.2.7"}
        assert client.get("/metrics", headers=outside).status_code == 401
        bearer = {**outside, "authorization": "Bearer watcher"}
        assert client.get("/metrics", headers=bearer).status_code == 200
        assert client.get("/metrics").status_code == 200


def test_forwarded_address_is_believed_from_named_proxies_alone(client: httpx.Client) -> None:
    outside = {"x-forwarded-for": "192.0.2.7"}
    assert client.get("/metrics", headers=outside).status_code == 200


def test_private_service_resolves_for_bearers_alone(
    service_home: keys.Home, token_file: Path, running: Running, known: bytes
) -> None:
    with running(service_home, token_file=token_file, private=True) as server:
        asked = {"alg": "org.countermark.image.1", "value": "AAAAAAAAAAA="}
        for token, status in ((None, 401), ("generator", 403), ("reader", 200)):
            with server.client(token) as client:
                found = client.get("/v1/matches/byBinding", params=asked)
                assert found.status_code == status
                answer = client.post("/v1/matches/byContent", content=known, headers=JPEG)
                assert answer.status_code == status
                answer = client.get("/v1/manifests/urn:c2pa:none")
                assert answer.status_code == (404 if status == 200 else status)
                assert client.get("/v1/services/status").status_code == 200


def test_log_is_json_and_about_nobody(
    service_home: keys.Home, token_file: Path, running: Running, known: bytes
) -> None:
    with (
        running(service_home, token_file=token_file) as server,
        server.client("archive") as client,
    ):
        client.post("/v1/verify?name=holiday.jpg", content=known, headers=JPEG)
        client.get("/v1/manifests/urn:c2pa:secret-name")
        client.get("/home/ada/holiday.jpg", headers={"user-agent": "Ada's browser"})
        client.post("/v1/verify", content=b"\xff" * 40_000_000, headers=JPEG)
        assert client.get("/healthz").headers["x-request-id"]
    log = server.log()
    assert len(log) == len(server.lines)
    routes = [(line["route"], line["status"]) for line in log if line["event"] == "request"]
    assert routes == [
        ("/v1/verify", 200),
        ("/v1/manifests/{manifestId:path}", 404),
        ("none", 404),
        ("/v1/verify", 413),
        ("/healthz", 200),
    ]
    text = "".join(server.lines)
    for private in ("127.0.0.1", "holiday", "secret-name", "Ada", "archive", "Bearer"):
        assert private not in text


def test_end_waits_for_what_is_in_flight(
    service_home: keys.Home, running: Running, large: bytes
) -> None:
    answers: list[httpx.Response] = []

    def ask(server: Any) -> None:
        with server.client() as client:
            answers.append(client.post("/v1/verify", content=large, headers=JPEG))

    with running(service_home) as server:
        threads = [threading.Thread(target=ask, args=(server,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        with server.client() as client:
            deadline = time.monotonic() + 20
            while b'in_service{role="reader"} 3.0' not in client.get("/metrics").content:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert server.process.wait(30) == 0
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json()["verdict"] == "unmarked"


def test_job_of_whoever_has_gone_is_not_done(
    service_home: keys.Home, running: Running, large: bytes
) -> None:
    with running(service_home) as server, server.client() as client:
        head = (
            f"POST /v1/verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(large)}\r\n\r\n"
        )
        asked = []
        for _ in range(4):
            asked.append(socket.create_connection(("127.0.0.1", server.port)))
            asked[-1].sendall(head.encode() + large)
        deadline = time.monotonic() + 20
        while b'in_service{role="reader"} 4.0' not in client.get("/metrics").content:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for connection in asked:
            connection.close()
        while b'in_service{role="reader"} 0.0' not in client.get("/metrics").content:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        counted = client.get("/metrics").text
        assert 'jobs_total{outcome="abandoned",role="reader"} 3.0' in counted


def test_worker_that_dies_is_replaced(
    service_home: keys.Home, running: Running, known: bytes
) -> None:
    with running(service_home) as server, server.client() as client:
        (worker,) = children(server.pid)
        os.kill(worker, signal.SIGKILL)
        answer = client.post("/v1/verify", content=known, headers=JPEG)
        assert answer.status_code in (200, 422)  # 422: it died while it had the picture
        assert client.post("/v1/verify", content=known, headers=JPEG).status_code == 200
        assert worker not in children(server.pid)


# ---- one worker ----


def test_worker_is_ended_by_the_system_at_its_cap_of_processor_time(
    service_home: keys.Home, large: bytes
) -> None:
    settings = (
        '{"role": "reader", "max_pixels": 50000000, "job_seconds": 0, '
        '"clip_seconds": 9, "job_memory_bytes": 4000000000}'
    )
    with subprocess.Popen(
        [sys.executable, "-m", "countermark.service.worker", settings],
        env={**os.environ, "COUNTERMARK_HOME": str(service_home.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert frames.read(process.stdout) == ({"ready": True}, b"")  # type: ignore[arg-type]
        job = frames.pack({"job": "match", "alg": None, "limit": 1}, large)
        with contextlib.suppress(BrokenPipeError):
            for _ in range(20):
                process.stdin.write(job)
                process.stdin.flush()
                if frames.read(process.stdout) is None:  # type: ignore[arg-type]
                    break
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(60) == -signal.SIGXCPU
