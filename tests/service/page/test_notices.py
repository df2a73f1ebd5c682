"""What is known of the content comes first: before the verdict, to eye and ear, as text alone."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from typing import Any, Final

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps
from playwright.sync_api import Browser

from countermark import fingerprint, keys, mark, screening
from countermark.record import DigitalSource, Record
from countermark.registry import Registry
from countermark.registry.features import (
    REASONS,
    Feature,
    Kind,
    Reviewer,
    Signers,
    Statement,
    Text,
)
from countermark.registry.log import NoteKey
from countermark.service.app import PAGE

SCRIPT: Final = "<img src=//evil.example/x onerror=alert(1)><script>alert(2)</script>"
CODES: Final = [code for codes in REASONS.values() for code in codes]
ADA, BEN = NoteKey.generate("ada@example.org"), NoteKey.generate("ben@example.org")
REFUTED: Final = Statement(
    texts=(
        Text("en", "Not the flood of 2026", "The cup is of 2011.\nIt stands in another town."),
        Text("zh-Hans", "并非2026年的洪水", "这只杯子摄于2011年。"),
    ),
    dated=date(2026, 11, 26),
    link="https://checkers.example/47",
)
HOSTILE: Final = Statement(
    texts=(Text("fr", SCRIPT, f"{SCRIPT}\njavascript:alert(3)"),), dated=date(2026, 1, 2)
)


@pytest.fixture(scope="module")
def refuting_home(tmp_path_factory: pytest.TempPathFactory) -> keys.Home:
    home = keys.create_home(tmp_path_factory.mktemp("refuting") / "home", name="Example News")
    screening.write_signers(home, Signers((Reviewer(ADA.verifier), Reviewer(BEN.verifier))))
    return home


@pytest.fixture(scope="module")
def pictures(refuting_home: keys.Home, photograph: Callable[..., Image.Image]) -> dict[str, bytes]:
    """A refuted picture, intact; a copy of it; one with a hostile statement; illegal ones."""
    home, found = refuting_home, {}
    signers = screening.read_signers(home)
    with Registry.open(home.registry_path) as registry:
        for name, kind, statement in (
            ("coffee", Kind.REFUTED, REFUTED),
            ("rocket", Kind.REFUTED, HOSTILE),
            ("chelsea", Kind.ILLEGAL, None),
        ):
            source, stream = io.BytesIO(), io.BytesIO()
            picture = photograph(name, 640)
            picture.save(source, "JPEG", quality=92)
            record = Record(source=DigitalSource.CAPTURED)
            source.seek(0)
            mark(source, stream, record=record, signer=home.signer(), registry=registry)
            found[name] = stream.getvalue()
            hash_ = fingerprint.pdq(picture)
            feature = Feature(
                kind=kind, reason="false-context" if statement else "x-own-code",
                source=f"Checkers {SCRIPT}"[:60], at=datetime.now(timezone.utc),
                pdq=hash_.bits, pdq_quality=hash_.quality, statement=statement,
            )  # fmt: skip
            registry.features.propose(feature, ADA, signers)
            registry.features.approve(feature.id, BEN, signers)
    copy = io.BytesIO()
    ImageOps.mirror(Image.open(io.BytesIO(found["coffee"]))).save(copy, "JPEG", quality=60)
    return {**found, "copy": copy.getvalue()}


@pytest.fixture(scope="module")
def refuting(
    refuting_home: keys.Home,
    pictures: dict[str, bytes],
    running: Callable[..., Any],
    token_file: Any,
) -> Iterator[Any]:
    assert pictures
    with running(refuting_home, token_file=token_file) as started:
        yield started


def lines(visit: Any) -> str:
    return visit.text("#answer").replace("\n\n", "\n")


def test_a_refutation_stands_first_whatever_the_verdict(
    browser: Browser, refuting: Any, pictures: dict[str, bytes], visiting: Any, tmp_path: Any
) -> None:
    verdicts = {"coffee": "Unchanged since", "copy": "Its lost credentials"}
    with visiting(browser, refuting.url, tmp_path) as visit:
        for name, verdict in verdicts.items():
            visit.drop(pictures[name])
            visit.shoot(f"refuted-{name}")
            text = lines(visit)
            assert text.startswith("Refuted\nNot the flood of 2026\nThe cup is of 2011.\n")
            assert text.index("It stands in another town.") < text.index(verdict)
            assert "shown in a false context" in text
            assert "of 256 bits differ" in text
            assert "ada@example.org, ben@example.org" in text
            assert visit.text("#status").startswith("Done. Refuted: Not the flood of 2026. ")
        link = visit.page.locator(".notice a")
        assert link.get_attribute("href") == REFUTED.link == link.inner_text()
        assert "noreferrer" in str(link.get_attribute("rel"))
        assert Axe().run(visit.page).response["violations"] == []
        assert visit.seen.complaints == []


def test_it_is_said_in_the_language_of_the_page(
    browser: Browser, refuting: Any, pictures: dict[str, bytes], visiting: Any, tmp_path: Any
) -> None:
    options = {"locale": "zh-CN", "color_scheme": "dark"}
    with visiting(browser, refuting.url, tmp_path, **options) as visit:
        visit.drop(pictures["coffee"])
        visit.shoot("refuted-zh")
        assert lines(visit).startswith("已辟谣\n并非2026年的洪水\n这只杯子")
        assert visit.page.locator(".notice h2").get_attribute("lang") == "zh-Hans"
        assert Axe().run(visit.page).response["violations"] == []


def test_a_hostile_statement_stays_text_and_one_is_not_needed(
    browser: Browser, refuting: Any, pictures: dict[str, bytes], visiting: Any, tmp_path: Any
) -> None:
    with visiting(browser, refuting.url, tmp_path) as visit:
        visit.drop(pictures["rocket"])
        assert visit.text(".notice h2") == SCRIPT
        assert visit.page.locator(".notice img, .notice script, .notice a").count() == 0
        visit.drop(pictures["chelsea"])
        assert lines(visit).startswith("On record as illegal\n")
        assert "x-own-code" in visit.text(".notice")
        assert (visit.seen.dialogs, visit.seen.complaints) == ([], [])
        assert [url for url in visit.seen.requests if not url.startswith(refuting.url)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_words_for_every_usual_reason(language: str) -> None:
    words = (PAGE / f"words/{language}.js").read_text("utf-8")
    for name in [*(f"notice.{kind}" for kind in REASONS), *map("reason.{}".format, CODES)]:
        assert f'  "{name}": "' in words


def test_the_service_obeys_the_policy(refuting: Any, pictures: dict[str, bytes]) -> None:
    stated = {"content-type": "image/jpeg", "countermark-record": '{"source":"captured"}'}
    with Registry.open(refuting.home.registry_path) as registry:
        size = registry.log.size
        with refuting.client("generator") as client:
            refused = client.post("/v1/mark", content=pictures["chelsea"], headers=stated)
            flagged = client.post("/v1/mark", content=pictures["coffee"], headers=stated)
        assert refused.status_code == 409
        assert "known as illegal (x-own-code) and is not marked" in refused.json()["error"]
        assert flagged.status_code == 200
        assert '"kind": "refuted"' in flagged.headers["countermark-notices"]
        assert registry.log.size == size + 2  # a key was used, a picture marked
    policy = refuting.home.feature_policy_path
    policy.write_text('[verify]\nillegal = "refuse"\n')
    try:
        answer = httpx.post(f"{refuting.url}/v1/verify", content=pictures["chelsea"], timeout=60)
        assert answer.status_code == 409
        assert "is not verified" in answer.json()["error"]
        policy.write_text('[verify]\nillegal = "obey"\n')
        answer = httpx.post(f"{refuting.url}/v1/verify", content=pictures["chelsea"], timeout=60)
        assert answer.status_code == 500
    finally:
        policy.unlink()
