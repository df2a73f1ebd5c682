"""What the page shows of the pictures that a picture was made from."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator

STRANGE = "<svg onload=alert(4)>"


def _text(part: Locator) -> str:
    return "\n".join(filter(None, part.inner_text().splitlines()))


def test_chain_of_manifests(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["chain"])
    panel = visit.panel("credential")
    made = panel.locator(".made > .parts > li")
    assert made.count() == 3
    edited, strange, plain = map(_text, made.all())
    assert edited.startswith("Earlier version: In grey\nIts credential holds\n")
    assert "Signed under the name\nExample Editors" in edited
    assert "Trust\nnot trusted" in edited
    assert "Made with\nExample Editor" in edited
    assert "opened" in edited
    taken = _text(made.nth(0).locator(".parts > li"))
    assert taken.startswith("Earlier version: Coffee in Montréal\nIts credential holds\n")
    assert "Signed by\nExample News" in taken
    assert "Trust\ntrusted, by your own list (trust.pem)" in taken
    assert "not proven: no time stamp by a trusted authority" in taken
    assert "Source\ntaken by a camera" in taken
    assert strange.startswith(f"Placed in it: {STRANGE}")
    assert "Signed under the name\n<b>BBC News</b>" in strange
    assert plain == "No thumbnail\nPlaced in it\nIt had no credential"
    labels = panel.locator(".part canvas").evaluate_all(
        "nodes => nodes.map((node) => [node.ariaLabel, Math.max(node.width, node.height)])"
    )
    assert labels == [["Signed thumbnail", 256]] * 3
    assert panel.locator("img, script, svg, a").count() == 0
    visit.shoot("chain")
    visit.page.get_by_role("button", name="中文").click()
    assert "先前版本" in made.nth(0).inner_text()
    visit.shoot("chain-zh")


def test_chain_of_a_file_without_one_is_not_spoken_of(visit: Any, files: dict[str, bytes]) -> None:
    visit.drop(files["intact"])
    assert visit.panel("credential").locator(".made").count() == 0


def test_part_that_was_changed_afterwards_is_named(visit: Any, files: dict[str, bytes]) -> None:
    """The active manifest is as signed; what it refers to is not."""
    whole = files["chain"]
    at = whole.index(b"Rachel Michetti")
    visit.drop(whole[:at] + b"Rachel Michette" + whole[at + 15 :])
    assert visit.text("#headline") == "Its credentials are damaged and prove nothing"
    parts = visit.panel("credential").locator(".made .parts .parts > li")
    text = parts.first.inner_text()
    assert "Its credential fails its checks and proves nothing" in text
    assert "Example News" not in text
    assert "Coffee" not in text
