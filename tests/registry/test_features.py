"""Features of known content: two people, near copies, changed rows, lists; on both databases."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest
from PIL import Image, ImageOps

from countermark import fingerprint
from countermark.errors import InvalidArgument, InvalidFeature, ReviewRefused
from countermark.registry import Registry, postgres, sqlite
from countermark.registry.features import (
    Act,
    Feature,
    Kind,
    Listed,
    Reviewer,
    Signers,
    State,
    Statement,
    Step,
    Text,
    snapshot,
    tables,
)
from countermark.registry.key_use import utc
from countermark.registry.log import NoteKey, leaf

ADA, BEN, CLEO = (NoteKey.generate(name) for name in ("ada", "ben", "cleo"))
LIST = NoteKey.generate("authority.example/list")
SIGNERS = Signers(tuple(Reviewer(key.verifier) for key in (ADA, BEN, CLEO)), (LIST.verifier,))
AT = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
INSERT_APPROVAL = """INSERT INTO feature_act (feature, step, at, signature, position)
    VALUES (1, 'approved', ?, ?, ?)"""
STATEMENT = Statement(
    texts=(
        Text("en", "Not the flood of 2026", "The picture is of 2011.\nIt shows another town."),
        Text("zh-Hans", "并非2026年的洪水", "这张照片摄于2011年。"),
    ),
    dated=date(2026, 11, 26),
    link="https://checkers.example/47",
)


def feature(number: int = 0, **changes: object) -> Feature:
    members: dict[str, object] = {
        "kind": Kind.REFUTED,
        "reason": "false-context",
        "source": "Checkers Example",
        "at": AT + timedelta(seconds=number),
        "evidence_sha256": hashlib.sha256(b"evidence").digest(),
        "pdq": hash_of(number),
        "pdq_quality": 100,
        "statement": STATEMENT,
    }
    return Feature(**{**members, **changes})  # type: ignore[arg-type]


def hash_of(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()


@pytest.fixture
def registry(address: str) -> Iterator[Registry]:
    with Registry.open(address) as registry:
        yield registry


def add(registry: Registry, *features: Feature) -> None:
    for each in features:
        registry.features.propose(each, ADA, SIGNERS)
        registry.features.approve(each.id, BEN, SIGNERS)


def matched(registry: Registry, number: int = 0, signers: Signers = SIGNERS) -> list[str]:
    found = registry.features.match([hash_of(number)], [], signers)
    assert not found.ignored
    return [notice.feature for notice in found.notices]


def states(registry: Registry, signers: Signers = SIGNERS) -> list[State]:
    return [standing.state for _, standing in registry.features.all(signers)]


def run(registry: Registry, statement: str, *values: object) -> None:
    """What somebody who can write the database does past all rules."""
    with registry._lock, registry._database.writing():
        assert registry._database.run(statement, values)
    registry.features._hashes = None


# ---- two people ----
def test_only_what_two_people_signed_counts(registry: Registry) -> None:
    assert not registry.features.any()
    one = feature()
    registry.features.propose(one, ADA, SIGNERS)
    assert matched(registry) == []
    assert states(registry) == [State.PROPOSED]
    registry.features.approve(one.id, BEN, SIGNERS)
    (notice,) = registry.features.match([hash_of(0)], [], SIGNERS).notices
    assert (notice.kind, notice.reason, notice.statement) == (one.kind, one.reason, STATEMENT)
    assert (notice.signed_by, notice.authority, notice.distance) == (("ada", "ben"), None, 0)
    registry.features.revoke(one.id, CLEO, SIGNERS, reason="mistake")
    assert matched(registry) == []
    assert states(registry) == [State.REVOKED]


def test_nobody_approves_their_own(registry: Registry) -> None:
    one = feature()
    registry.features.propose(one, ADA, SIGNERS)
    with pytest.raises(ReviewRefused, match="has proposed"):
        registry.features.approve(one.id, ADA, SIGNERS)
    same_key = NoteKey("ada2", ADA.private_key)
    with pytest.raises(InvalidArgument, match="same name or the same key"):
        SIGNERS.with_reviewer(Reviewer(same_key.verifier))
    new_key = Reviewer(NoteKey.generate("ada").verifier)
    with pytest.raises(InvalidArgument, match="same name or the same key"):
        SIGNERS.with_reviewer(new_key)
    assert states(registry) == [State.PROPOSED]


def test_a_new_key_does_not_make_a_second_person(registry: Registry) -> None:
    one = feature()
    registry.features.propose(one, ADA, SIGNERS)
    again = NoteKey.generate("ada")
    now = datetime.now(timezone.utc)
    both = SIGNERS.with_retired("ada", now).with_reviewer(Reviewer(again.verifier))
    with pytest.raises(ReviewRefused, match="has proposed"):
        registry.features.approve(one.id, again, both)


def test_strangers_do_nothing(registry: Registry) -> None:
    stranger = NoteKey.generate("ben")
    one = feature()
    with pytest.raises(ReviewRefused, match="not that of a reviewer"):
        registry.features.propose(one, stranger, SIGNERS)
    registry.features.propose(one, ADA, SIGNERS)
    with pytest.raises(ReviewRefused, match="not that of a reviewer"):
        registry.features.approve(one.id, stranger, SIGNERS)
    registry.features.approve(one.id, BEN, SIGNERS)
    with pytest.raises(ReviewRefused, match="not that of a reviewer"):
        registry.features.revoke(one.id, stranger, SIGNERS, reason="mistake")
    assert matched(registry) == [one.id.hex()]
    assert registry.log.size == 2


def test_each_step_is_done_once(registry: Registry) -> None:
    one = feature()
    add(registry, one)
    with pytest.raises(InvalidArgument, match="already"):
        registry.features.propose(one, CLEO, SIGNERS)
    with pytest.raises(ReviewRefused, match="already"):
        registry.features.approve(one.id, CLEO, SIGNERS)
    registry.features.revoke(one.id, ADA, SIGNERS, reason="mistake")
    with pytest.raises(ReviewRefused, match="already"):
        registry.features.revoke(one.id, ADA, SIGNERS, reason="mistake")
    with pytest.raises(ReviewRefused, match="already"):
        registry.features.approve(one.id, CLEO, SIGNERS)
    with pytest.raises(InvalidArgument, match="no feature"):
        registry.features.approve(bytes(32), BEN, SIGNERS)
    with pytest.raises(InvalidArgument, match="reason code"):
        registry.features.revoke(one.id, BEN, SIGNERS, reason="Because Ada said so")
    assert registry.log.size == 3


def test_who_retires_keeps_what_was_signed_and_signs_no_more(registry: Registry) -> None:
    add(registry, feature(0))
    signers = SIGNERS.with_retired("ada", datetime.now(timezone.utc))
    assert len(matched(registry, signers=signers)) == 1
    with pytest.raises(ReviewRefused):
        registry.features.propose(feature(1), ADA, signers)


def test_who_is_removed_never_signed(registry: Registry) -> None:
    one = feature()
    add(registry, one)
    signers = SIGNERS.without_reviewer("ben")
    found = registry.features.match([hash_of(0)], [], signers)
    assert found.notices == ()
    assert "approval is not signed" in found.ignored[0]
    registry.features.approve(one.id, CLEO, signers)
    assert registry.features.match([hash_of(0)], [], signers).notices[0].signed_by == (
        "ada",
        "cleo",
    )
    assert registry.features.match([hash_of(0)], [], SIGNERS.without_reviewer("ada")).ignored


# ---- whoever can write the database ----
def test_a_changed_row_is_not_obeyed_and_reported(registry: Registry) -> None:
    add(registry, feature(0))
    add(registry, feature(1))
    changed = feature(0).to_json().replace("false-context", "fabricated")
    run(registry, "UPDATE feature SET content = ? WHERE number = 1", changed)
    found = registry.features.match([hash_of(0)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)
    assert "was changed" in found.ignored[0]
    others = registry.features.all(SIGNERS)
    assert next(others)[0].feature == feature(1)
    with pytest.raises(InvalidFeature, match="was changed"):
        next(others)
    identifier = hashlib.sha256(changed.encode()).digest()
    run(registry, "UPDATE feature SET id = ? WHERE number = 1", identifier)  # it looks whole
    found = registry.features.match([hash_of(0)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)
    assert states(registry) == [State.VOID, State.IN_FORCE]


def test_a_hash_moved_onto_other_content_is_not_obeyed(registry: Registry) -> None:
    add(registry, feature(0))
    run(registry, "UPDATE feature SET pdq = ?", hash_of(9))
    found = registry.features.match([hash_of(9)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)


def test_signatures_that_were_swapped_do_not_hold(registry: Registry) -> None:
    add(registry, feature(0))
    rows = registry._database.all("SELECT step, signature FROM feature_act ORDER BY position")
    (first, proposal), (second, approval) = rows
    run(registry, "UPDATE feature_act SET signature = ? WHERE step = ?", approval, first)
    run(registry, "UPDATE feature_act SET signature = ? WHERE step = ?", proposal, second)
    assert states(registry) == [State.VOID]
    assert registry.features.match([hash_of(0)], [], SIGNERS).notices == ()


def test_a_proposal_is_no_approval(registry: Registry) -> None:
    registry.features.propose(feature(0), ADA, SIGNERS)
    run(
        registry,
        "INSERT INTO feature_act (feature, step, at, reason, signature, position) "
        "SELECT feature, 'approved', at, reason, signature, 99 FROM feature_act",
    )
    assert states(registry) == [State.VOID]
    assert registry.features.match([hash_of(0)], [], SIGNERS).notices == ()


def test_an_approval_of_another_feature_is_not_one(registry: Registry) -> None:
    add(registry, feature(0))
    registry.features.propose(feature(1), ADA, SIGNERS)
    run(
        registry,
        "INSERT INTO feature_act (feature, step, at, reason, signature, position) "
        "SELECT 2, step, at, reason, signature, 99 FROM feature_act WHERE step = 'approved'",
    )
    found = registry.features.match([hash_of(1)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)
    assert states(registry) == [State.IN_FORCE, State.VOID]


def test_an_approval_by_the_same_key_past_the_rules_does_not_count(registry: Registry) -> None:
    registry.features.propose(feature(0), ADA, SIGNERS)
    for number, key in enumerate((ADA, NoteKey("eve", ADA.private_key)), 50):
        act = Act.sign(Step.APPROVED, feature(0), key)
        assert act.holds(feature(0), Signers((Reviewer(key.verifier),)))
        run(registry, INSERT_APPROVAL, utc(act.at), act.line, number)
        assert states(registry) == [State.VOID]
        assert registry.features.match([hash_of(0)], [], SIGNERS).notices == ()
        run(registry, "DELETE FROM feature_act WHERE step = 'approved'")


def test_a_forged_revocation_does_not_revoke(registry: Registry) -> None:
    add(registry, feature(0))
    run(
        registry,
        "INSERT INTO feature_act (feature, step, at, reason, signature, position) "
        "SELECT feature, 'revoked', at, 'mistake', signature, 99 FROM feature_act "
        "WHERE step = 'approved'",
    )
    found = registry.features.match([hash_of(0)], [], SIGNERS)
    assert len(found.notices) == 1
    assert "revocation is not signed" in found.ignored[0]


def test_damaged_acts_never_leak_a_foreign_error(registry: Registry) -> None:
    add(registry, feature(0))
    for column, value in (("signature", "no line"), ("at", "yesterday"), ("step", "doubted")):
        statement = f"UPDATE feature_act SET {column} = ? WHERE position = 1"
        run(registry, statement, value)
        assert registry.features.match([hash_of(0)], [], SIGNERS).ignored
        with pytest.raises(InvalidFeature):
            list(registry.features.all(SIGNERS))


# ---- what is found ----
@pytest.mark.parametrize("large", [False, True], ids=["scanned", "indexed"])
def test_search_is_exact(registry: Registry, large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr("countermark.registry.features.search.SCANNED_ROWS", 1)
    random = np.random.default_rng(7)
    query = random.integers(0, 256, 32, np.uint8)
    distances = {}
    for number, bits in enumerate((0, 1, 17, 30, 31, 32, 33, 60)):
        near = np.unpackbits(query)
        near[random.choice(256, bits, replace=False)] ^= 1
        one = feature(number, pdq=np.packbits(near).tobytes())
        add(registry, one)
        distances[one.id.hex()] = bits
    found = registry.features.match([bytes(32), query.tobytes()], [], SIGNERS).notices
    assert [(n.feature, n.distance) for n in found] == [
        (name, bits) for name, bits in distances.items() if bits <= 31
    ]


def test_near_copies_of_a_photograph_are_found(
    registry: Registry, photograph: Callable[..., Image.Image], as_file: Callable[..., bytes]
) -> None:
    picture = photograph("chelsea", 640)
    hash_ = fingerprint.pdq(picture)
    add(registry, feature(0, pdq=hash_.bits, pdq_quality=hash_.quality))
    compressed = Image.open(io.BytesIO(as_file(picture, quality=30)))
    copies = [
        compressed,
        picture.resize((320, 213)),
        compressed.rotate(90, expand=True),
        ImageOps.mirror(compressed),
        ImageOps.flip(compressed).rotate(270, expand=True),
    ]
    for copy in copies:
        hashes = [each.bits for each in fingerprint.pdq_dihedral(copy)]
        (notice,) = registry.features.match(hashes, [], SIGNERS).notices
        assert notice.distance is not None
        assert notice.distance <= 31
    other = [each.bits for each in fingerprint.pdq_dihedral(photograph("coffee", 640))]
    assert registry.features.match(other, [], SIGNERS).notices == ()


def test_payloads_are_found(registry: Registry) -> None:
    assert not registry.features.any_with_payload()
    one = feature(0, payload=2**64 - 1)
    two = feature(1, pdq=None, pdq_quality=None, payload=5)
    add(registry, one, two)
    assert registry.features.any_with_payload()
    (notice,) = registry.features.match([], [2**64 - 1], SIGNERS).notices
    assert (notice.feature, notice.distance, notice.by_watermark) == (one.id.hex(), None, True)
    (notice,) = registry.features.match([hash_of(0)], [2**64 - 1], SIGNERS).notices
    assert (notice.distance, notice.by_watermark) == (0, True)
    assert registry.features.match([hash_of(1)], [6], SIGNERS).notices == ()


def test_other_connections_see_what_changed(registry: Registry, address: str) -> None:
    add(registry, feature(1))
    with Registry.open(address) as other:
        assert matched(other) == []
        add(registry, feature(0))
        assert len(matched(other)) == 1
        registry.features.revoke(feature(0).id, ADA, SIGNERS, reason="mistake")
        assert matched(other) == []


def test_tables_of_the_version_before_are_read_and_brought_up_to_date(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables.FIRST_VERSION - 1
    with monkeypatch.context() as earlier, Registry.open(address) as registry:
        for module in (sqlite, postgres):
            earlier.setattr(module, "VERSION", before)
        earlier.setattr(sqlite, "STEPS", sqlite.STEPS[:before])
        earlier.setattr(postgres, "_STEPS", postgres._STEPS[: before - postgres._FIRST_VERSION + 1])
        registry.log.checkpoint(LIST)
        assert registry._database.version() == before
    with Registry.open(address) as registry:
        assert not registry.features.any()
        assert registry.features.match([hash_of(0)], [1], SIGNERS).notices == ()
        assert list(registry.features.all(SIGNERS)) == []
        assert registry._database.version() == before
        add(registry, feature(0))
        assert len(matched(registry)) == 1
        assert len(registry.log.checkpoints()) == 1


# ---- the log ----
def test_each_step_leaves_a_leaf_without_what_it_is_about(registry: Registry) -> None:
    one = feature(0, payload=0xFEED)
    add(registry, one)
    (notice,) = registry.features.match([hash_of(0)], [], SIGNERS).notices
    registry.features.record_match(notice, use="verify")
    registry.features.revoke(one.id, CLEO, SIGNERS, reason="mistake")
    found = [leaf.decode(content) for content in registry.log.leaves()]
    assert [each["kind"] for each in found] == [
        "feature-proposed", "feature-approved", "feature-matched", "feature-revoked",
    ]  # fmt: skip
    assert [each["reason"] for each in found] == [*["false-context"] * 3, "mistake"]
    assert len({each["feature_commitment"] for each in found}) == 1
    assert found[2]["use"] == "verify"
    assert found[0]["key_sha256"] != found[1]["key_sha256"]
    everything = b"".join(registry.log.leaves()).decode()
    for private in (one.id.hex(), hash_of(0).hex()):
        assert private not in everything
    # Digests are taken out before the short words are looked for: "ada" and "feed" are hexadecimal.
    legible = re.sub(r'"[0-9a-f]{64}"', '""', everything)
    for private in ("ada", "flood", "Checkers", "feed", "洪水"):
        assert private not in legible
    assert registry.log.check().size == 4


# ---- lists ----
def exported(registry: Registry) -> bytes:
    return registry.features.export(LIST, SIGNERS)


def test_a_list_is_taken_over_and_revocations_with_it(registry: Registry) -> None:
    add(registry, feature(0), feature(1))
    registry.features.propose(feature(2), ADA, SIGNERS)
    found = snapshot.read(exported(registry), LIST.verifier)
    assert {each.feature for each in found.listed} == {feature(0), feature(1)}
    with Registry.open(":none:") as nothing:
        assert snapshot.read(nothing.features.export(LIST, SIGNERS), LIST.verifier).listed == ()
    registry.features.revoke(feature(1).id, CLEO, SIGNERS, reason="mistake")
    later = snapshot.read(exported(registry), LIST.verifier)
    assert {(each.feature, each.revoked_reason) for each in later.listed} == {
        (feature(0), None),
        (feature(1), "mistake"),
    }


def test_a_foreign_list_counts_by_its_key(registry: Registry) -> None:
    listed = [Listed(feature=feature(n), since=AT) for n in (3, 4)]
    found = snapshot.read(snapshot.write(listed, LIST, at=AT), LIST.verifier)
    assert registry.features.import_list(found, LIST.verifier)
    assert not registry.features.import_list(found, LIST.verifier)
    (notice,) = registry.features.match([hash_of(3)], [], SIGNERS).notices
    assert (notice.authority, notice.signed_by) == ("authority.example/list", ())
    registry.features.record_match(notice, use="mark")
    nobody = replace(SIGNERS, authorities=())
    assert registry.features.match([hash_of(3)], [], nobody).notices == ()
    revoked = [replace(listed[0], revoked_at=AT, revoked_reason="mistake"), listed[1]]
    later = snapshot.read(snapshot.write(revoked, LIST, at=AT + timedelta(hours=1)), LIST.verifier)
    assert registry.features.import_list(later, LIST.verifier)
    assert matched(registry, 3) == []
    assert len(matched(registry, 4)) == 1
    with pytest.raises(InvalidFeature, match="newer"):
        registry.features.import_list(found, LIST.verifier)
    kinds = [leaf.decode(content)["kind"] for content in registry.log.leaves()]
    assert kinds == ["features-imported", "feature-matched", "features-imported"]
    registry.features.drop_list(LIST.verifier)
    assert not registry.features.any()
    assert registry.features.match([hash_of(4)], [], SIGNERS).ignored == ()


def test_own_features_and_those_of_a_list_stand_side_by_side(registry: Registry) -> None:
    add(registry, feature(3))
    content = snapshot.write([Listed(feature=feature(3), since=AT)], LIST, at=AT)
    registry.features.import_list(snapshot.read(content, LIST.verifier), LIST.verifier)
    found = registry.features.match([hash_of(3)], [], SIGNERS).notices
    assert [notice.authority for notice in found] == [None, "authority.example/list"]
    assert len(snapshot.read(exported(registry), LIST.verifier).listed) == 1


def test_a_list_changed_in_the_tables_does_not_count(registry: Registry) -> None:
    listed = [Listed(feature=feature(n), since=AT) for n in (3, 4)]
    content = snapshot.write(listed, LIST, at=AT)
    registry.features.import_list(snapshot.read(content, LIST.verifier), LIST.verifier)
    before = [each.feature for each in snapshot.read(content, LIST.verifier).listed]
    number = before.index(feature(3)) + 1
    assert len(matched(registry, 3)) == 1  # the list was looked at, and found whole
    forged = replace(listed[0], feature=feature(5))
    run(
        registry,
        "UPDATE feature SET content = ?, id = ?, pdq = ? WHERE number = ?",
        forged.line, feature(5).id, hash_of(5), number,
    )  # fmt: skip
    found = registry.features.match([hash_of(5)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)
    run(registry, "DELETE FROM feature WHERE number = ?", number)
    registry.features._signed_lines._known.clear()  # as in a process that begins
    remaining = [standing for _, standing in registry.features.all(SIGNERS)]
    assert [standing.state for standing in remaining] == [State.VOID]
    found = registry.features.match([hash_of(3), hash_of(4)], [], SIGNERS)
    assert (found.notices, len(found.ignored)) == ((), 1)


def test_every_changed_byte_of_a_list_is_noticed() -> None:
    content = snapshot.write([Listed(feature=feature(0), since=AT)], LIST, at=AT)
    random = np.random.default_rng(3)
    for place in random.integers(0, len(content), 300):
        changed = bytearray(content)
        changed[place] ^= 1 << random.integers(0, 7)
        with pytest.raises(InvalidFeature):
            snapshot.read(bytes(changed), LIST.verifier)
    for other in (b"", b"[]", b"{}\n", b"[" * 100_000, content[:-2], content + b"{}\n"):
        with pytest.raises(InvalidFeature):
            snapshot.read(other, LIST.verifier)
    with pytest.raises(InvalidFeature):
        snapshot.read(content, NoteKey.generate(LIST.name).verifier)


# ---- values ----
@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "Because Ada said so"},
        {"source": " "},
        {"at": datetime(2026, 1, 1)},
        {"pdq": None, "pdq_quality": None},
        {"pdq": bytes(31)},
        {"pdq_quality": 49},
        {"pdq_quality": None},
        {"evidence_sha256": bytes(31)},
        {"payload": 2**64},
        {"statement": None},
        {"kind": Kind.ILLEGAL},
    ],
)
def test_features_that_say_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument):
        feature(0, **changes)


@pytest.mark.parametrize(
    "link",
    ["http://a.example/", "javascript:alert(1)", "https://", "https://a.example/ b", "https://ä.example/",
     "https://user@a.example/", "//a.example"],
)  # fmt: skip
def test_links_are_https_and_plain(link: str) -> None:
    with pytest.raises(InvalidArgument, match="https"):
        replace(STATEMENT, link=link)


@pytest.mark.parametrize(
    "text", [("e n", "a", "b"), ("en", "", "b"), ("en", "a\nb", "c"), ("en", "a", "\u202eb")]
)
def test_texts_that_cannot_be_shown_are_refused(text: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidArgument):
        Text(*text)


def test_a_feature_comes_back_whole() -> None:
    one = feature(0, payload=7)
    assert Feature.from_json(one.to_json()) == one
    assert list(one.statement.members()["texts"]) == ["en", "zh-Hans"]  # type: ignore[union-attr]
    for other in ("", "{}", one.to_json() + " ", one.to_json().replace('"schema":1', '"schema":2')):
        with pytest.raises(InvalidFeature):
            Feature.from_json(other)
