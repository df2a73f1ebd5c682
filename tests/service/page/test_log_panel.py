"""The panel of the log: the browser checks the proof itself, and says what it does not prove."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route

from countermark import publishing
from countermark.registry import Registry
from countermark.registry.log import (
    COSIGNATURE,
    Checkpoint,
    InclusionProof,
    NoteKey,
    merkle,
    note,
)

PROVEN = "Proven, and checked by your browser itself"
WRONG = "Does not hold: the proof is wrong"
STRANGER = "<b>witness.example</b>"
Change = Callable[[Any], None]


def said(visit: Any) -> str:
    """What the panel says once the proof was checked."""
    visit.page.locator(".panel.log:not([aria-busy])").wait_for()
    return str(visit.panel("log").inner_text())


def changed(page: Page, route: str, change: Change) -> None:
    """Let answers of the service be changed on their way."""

    def fulfil(sent: Route) -> None:
        answer = sent.fetch()
        members = answer.json()
        change(members)
        sent.fulfill(response=answer, body=json.dumps(members))

    page.route(route, fulfil)


def test_credential_in_the_log_is_proven_in_the_browser(
    visit: Any, files: dict[str, bytes], page_home: Any
) -> None:
    visit.drop(files["intact"])
    text = said(visit)
    assert text.startswith(f"Transparency log\n\n{PROVEN}")
    name = publishing.note_key(page_home).name
    with Registry.open(page_home.registry_path) as registry:
        size = registry.log.size
    assert f"number 2 of {size}" in text
    assert f"signed by the key that this service names, {name}; it bears no time" in text
    assert ", as the log states it" in text
    assert "Witnesses\nnone have signed this checkpoint" in text
    assert "Who runs it could show you another one than everybody else" in text
    assert "It does not say that the picture is true." in text
    visit.panel("log").locator("summary").click()
    assert '"kind":"marked"' in visit.panel("log").inner_text()
    visit.shoot("log-intact")


def test_recovered_credential_is_proven_too_and_in_chinese(
    visit: Any, files: dict[str, bytes]
) -> None:
    visit.drop(files["recovered"])
    assert PROVEN in said(visit)
    visit.page.get_by_role("button", name="中文").click()
    assert "已获证明，并由您的浏览器自行核对" in said(visit)
    assert sum("/v1/log/inclusion" in url for url in visit.seen.requests) == 1
    visit.shoot("log-zh")


def test_credential_of_others_is_not_in_the_log(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["resigned"])
    text = said(visit)
    assert "Nothing found" in text
    assert "was not made or deposited here" in text
    visit.drop(files["unreadable"])
    text = said(visit)
    assert "Not looked for" in text
    assert "There is no credential to look for" in text


# ---- the panel alone, in front of the same service ----

_DRAW = """async ([sha256, leaf]) => {
  const { log } = await import("/page/log.js");
  const evidence = [{ kind: "manifest", found: true, sha256 }];
  const place = document.getElementById("answer");
  place.hidden = false;
  place.replaceChildren(log({ report: { evidence, details: { leaves: { [sha256]: leaf } } } }));
}"""


@pytest.fixture
def entry(page_home: Any, files: dict[str, bytes]) -> tuple[str, int]:
    """SHA-256 of a manifest of the registry, and its leaf."""
    assert files
    with Registry.open(page_home.registry_path) as registry:
        _, first = registry.entries(limit=1)[0]
        leaf = registry.find_leaf(first.payload)
    assert leaf is not None
    return first.manifest_sha256.hex(), leaf


def drawn(visit: Any, entry: tuple[str, int]) -> str:
    visit.page.evaluate(_DRAW, list(entry))
    return said(visit)


def other_leaf(answer: Any) -> None:
    leaf = json.loads(base64.b64decode(answer["proof"]["leaf"]))
    leaf["at"] = "2020-01-01T00:00:00.000000Z"
    answer["proof"]["leaf"] = base64.b64encode(json.dumps(leaf).encode()).decode()


def other_position(answer: Any) -> None:
    answer["proof"]["position"] -= 1


def other_size(answer: Any) -> None:
    origin, size, *rest = answer["checkpoint"].split("\n")
    answer["checkpoint"] = "\n".join([origin, str(int(size) + 1), *rest])
    answer["proof"]["size"] += 1


def other_signature(answer: Any) -> None:
    head, dash, line = answer["checkpoint"].rpartition("\u2014 ")
    name, _, signature = line.rstrip().partition(" ")
    content = bytearray(base64.b64decode(signature))
    content[-1] ^= 1
    answer["checkpoint"] = f"{head}{dash}{name} {base64.b64encode(content).decode()}\n"


def unsigned(answer: Any) -> None:
    answer["checkpoint"] = answer["checkpoint"].partition("\u2014 ")[0]


@pytest.mark.parametrize(
    "change", [other_leaf, other_position, other_size, other_signature, unsigned]
)
def test_proof_that_was_changed_does_not_hold(
    visit: Any, entry: tuple[str, int], change: Change
) -> None:
    changed(visit.page, "**/v1/log/inclusion*", change)
    text = drawn(visit, entry)
    assert WRONG in text
    assert PROVEN not in text
    assert visit.page.locator(".panel.log .sure.against").count() == 1


def test_proof_of_something_else_does_not_hold(visit: Any, entry: tuple[str, int]) -> None:
    sha256, leaf = entry
    assert PROVEN in drawn(visit, entry)
    assert WRONG in drawn(visit, (sha256, leaf - 1))  # the use of the key before it
    assert WRONG in drawn(visit, ("0" * 64, leaf))
    assert "Not checked: there is no proof yet" in drawn_uncovered(visit, sha256)


def drawn_uncovered(visit: Any, sha256: str) -> str:
    text = drawn(visit, (sha256, 10**6))
    visit.seen.complaints.clear()  # the browser tells of each answer 404
    return text


def test_checkpoint_by_another_key_does_not_hold(visit: Any, entry: tuple[str, int]) -> None:
    other = NoteKey.generate("countermark/0123456789abcdef").verifier.encoded
    visit.page.route("**/v1/log/key", lambda route: route.fulfill(body=other))
    assert WRONG in drawn(visit, entry)


def test_what_the_browser_cannot_check_is_said(visit: Any, entry: tuple[str, int]) -> None:
    visit.page.evaluate("() => { crypto.subtle.importKey = () => { throw new Error('none'); } }")
    text = drawn(visit, entry)
    assert "Partly checked: whose log it is, is not proven" in text
    assert "its signature was not checked" in text
    visit.page.evaluate("() => { Object.defineProperty(crypto, 'subtle', {value: undefined}); }")
    assert "Said by the service, not checked by your browser" in drawn(visit, entry)


def test_witnesses_are_named_and_not_believed(
    visit: Any, entry: tuple[str, int], page_home: Any, service: Any
) -> None:
    witness = NoteKey.generate(STRANGER, COSIGNATURE)
    key = publishing.note_key(page_home)
    signed = httpx.get(f"{service.url}/v1/log/checkpoint", trust_env=False).text
    text = note.parse(signed).text
    with Registry.open(page_home.registry_path) as registry:
        cosigned = note.parse(signed).with_signatures([note.signature(text, witness)])
        kept = registry.log.add_cosignatures(str(cosigned), key.verifier, [witness.verifier])
    assert kept == 1
    text = drawn(visit, entry)
    assert PROVEN in text
    assert f"Witnesses\n{STRANGER}, at " in text
    assert "whose key that is, this page does not know" in text
    visit.shoot("log-witness")


_CHECK = """async (proofs) => {
  const { checked } = await import("/page/proof.js");
  const results = await Promise.all(proofs.map((proof) => checked(proof, null)));
  return results.map(({ included }) => included);
}"""


def test_browser_accepts_what_the_tree_proves_and_nothing_else(visit: Any) -> None:
    sizes, leaves = range(1, 34), [b'{"leaf":%d}' % number for number in range(33)]
    proofs: list[Any] = []
    tiles: dict[tuple[int, int], bytes] = {}
    tiles.update(merkle.appended(0, list(map(merkle.leaf_hash, leaves)), tiles.__getitem__))
    key = NoteKey.generate("example.org/log")
    for size in sizes:
        root = merkle.root(size, tiles.__getitem__)
        signed = Checkpoint(key.name, size, root).signed(key)
        for position in {0, size // 2, size - 1}:
            hashes = tuple(merkle.inclusion_proof(position, size, tiles.__getitem__))
            proof = InclusionProof(
                position=position, size=size, leaf=leaves[position], hashes=hashes
            )
            proofs.append({"checkpoint": signed, "proof": json.loads(proof.to_json())})
    assert visit.page.evaluate(_CHECK, proofs) == [True] * len(proofs)
    wrong = []
    for given in proofs:
        proof = given["proof"]
        more = [*proof["hashes"], proof["hashes"][0] if proof["hashes"] else f"{'A' * 43}="]
        wrong += [
            given | {"proof": proof | {"hashes": more}},
            given | {"proof": proof | {"position": proof["position"] + 1}},
            given | {"proof": proof | {"leaf": base64.b64encode(b'{"leaf":99}').decode()}},
        ]
        if proof["hashes"]:
            wrong.append(given | {"proof": proof | {"hashes": proof["hashes"][1:]}})
    assert visit.page.evaluate(_CHECK, wrong) == [False] * len(wrong)
