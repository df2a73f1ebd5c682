"""Complaints over HTTP: who may file them, how fast, and who sees what became of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from countermark import keys
from countermark.registry import Registry
from countermark.registry.duties import ComplaintKind

PAYLOAD = "0123456789abcdef"
WORDS = {"contact": "jana@example.org", "text": "Das bin ich.\n这不是我。"}
FILING = {"number": "网信算备 <1>", "url": "https://filings.example/1?a=b&c=d"}
Running = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> keys.Home:
    home = keys.create_home(tmp_path_factory.mktemp("house") / "home")
    (home.folder / "complaints.toml").write_text("[report]\ndays = 7\n")
    return home


@pytest.fixture(scope="module")
def desk(
    house: keys.Home, running: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A service that takes complaints from anybody, at its usual pace, and has a filing."""
    token_file = tmp_path_factory.mktemp("desk") / "tokens"
    digest = hashlib.sha256(b"helpline").hexdigest()
    token_file.write_text(f"{digest} file:complaints\n")
    with running(
        house, complaints=True, token_file=token_file, requests_per_second=1000,
        filing_number=FILING["number"], filing_url=FILING["url"],
    ) as server:  # fmt: skip
        yield server


@pytest.fixture
def anybody(desk: Any) -> Iterator[httpx.Client]:
    with desk.client() as client:
        yield client


@pytest.fixture
def helpline(desk: Any) -> Iterator[httpx.Client]:
    with desk.client("helpline") as client:
        yield client


def test_a_complaint_is_filed_and_its_state_shown_to_who_has_the_secret(
    helpline: httpx.Client, house: keys.Home
) -> None:
    filed = {"kind": "complaint", "payload": PAYLOAD, "url": "https://example.org/a", **WORDS}
    answer = helpline.post("/v1/complaints", json=filed)
    assert answer.status_code == 200, answer.text
    ticket, secret = answer.json()["ticket"], answer.json()["secret"]
    place = f"/v1/complaints/{ticket}"
    state = helpline.get(place, headers={"Authorization": f"Bearer {secret}"}).json()
    assert (state["ticket"], state["kind"], state["state"]) == (ticket, "complaint", "received")
    assert state["deadline"] == answer.json()["deadline"]
    assert not {"contact", "text", "url", "payload"} & state.keys()
    for wrong in ("Bearer helpline", f"Bearer {secret}x", f"Basic {secret}", ""):
        assert helpline.get(place, headers={"Authorization": wrong}).status_code == 404
    with Registry.open(house.registry_path) as registry:
        complaint = registry.complaints.get(ticket)
        assert complaint.kind is ComplaintKind.COMPLAINT
        assert complaint.about.payload == int(PAYLOAD, 16)
        assert registry.complaints.words(ticket) == {**WORDS, "url": "https://example.org/a"}
        registry.complaints.answer(ticket, answer_sha256=bytes(32))
    state = helpline.get(place, headers={"Authorization": f"Bearer {secret}"}).json()
    assert (state["state"], state["answer_sha256"]) == ("answered", "00" * 32)


def test_the_terms_are_published(anybody: httpx.Client) -> None:
    assert anybody.get("/v1/complaints").json() == {
        "open": True,
        "terms": {
            "appeal": {"working_days": 15},
            "complaint": {"working_days": 15},
            "report": {"days": 7},
        },
    }


@pytest.mark.parametrize(
    "filed",
    [
        {},
        {"kind": "report"},
        {"kind": "question", "payload": PAYLOAD},
        {"kind": "report", "payload": "xyz"},
        {"kind": "report", "pdq": "ab"},
        {"kind": "report", "payload": PAYLOAD, "more": 1},
        {"kind": "report", "url": "https://example.org/\n"},
        {"kind": "report", "payload": PAYLOAD, "contact": "a\nb"},
        {"kind": "report", "payload": PAYLOAD, "contact": "a\u202eb"},
        {"kind": "report", "payload": PAYLOAD, "text": ""},
        {"kind": "report", "payload": PAYLOAD, "text": "x" * 4001},
    ],
)
def test_what_is_no_complaint_is_refused(helpline: httpx.Client, filed: dict[str, Any]) -> None:
    answer = helpline.post("/v1/complaints", json=filed)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_nothing_of_a_person_is_in_the_log_of_the_service(
    desk: Any, helpline: httpx.Client
) -> None:
    helpline.post("/v1/complaints", json={"kind": "report", "payload": PAYLOAD, **WORDS})
    assert "jana" not in json.dumps(desk.log())


def test_whoever_has_no_token_is_slowed_down(anybody: httpx.Client, helpline: httpx.Client) -> None:
    filed = {"kind": "report", "payload": PAYLOAD}
    found = [anybody.post("/v1/complaints", json=filed) for _ in range(12)]
    assert [answer.status_code for answer in found[:10]] == [200] * 10
    assert found[-1].status_code == 429
    assert 0 < int(found[-1].headers["retry-after"]) <= 60
    assert helpline.post("/v1/complaints", json=filed).status_code == 200
    wrong = anybody.post("/v1/complaints", json=filed, headers={"Authorization": "Bearer x"})
    assert wrong.status_code == 401


def test_a_service_that_is_not_open_wants_a_token(
    client: httpx.Client, archive: httpx.Client
) -> None:
    filed = {"kind": "report", "payload": PAYLOAD}
    assert client.get("/v1/complaints").json()["open"] is False
    assert client.post("/v1/complaints", json=filed).status_code == 401
    assert archive.post("/v1/complaints", json=filed).status_code == 403
    assert 'name="complaints"' not in client.get("/").text
    assert "countermark-filing" not in client.get("/").headers


def test_the_filing_is_shown_with_every_answer_and_on_the_page(anybody: httpx.Client) -> None:
    for path in ("/", "/healthz", "/v1/services/status", "/v1/nowhere"):
        assert json.loads(anybody.get(path).headers["countermark-filing"]) == FILING
    page = anybody.get("/").text
    assert 'href="https://filings.example/1?a=b&amp;c=d"' in page
    assert ">网信算备 &lt;1&gt;</a>" in page
    assert 'name="complaints"' in page
