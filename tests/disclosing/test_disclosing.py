"""A report to an authority, opened by openssl, checked by its script without countermark."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from countermark import keys
from countermark.disclosing import disclose, load_recipient
from countermark.disclosing.bundle import FIRST_LINE, MANIFEST
from countermark.errors import (
    DestinationNotWritable,
    InvalidArgument,
    SourceNotFound,
    UnusableCertificate,
)
from countermark.record import DigitalSource, Record
from countermark.registry import DisclosureReason, DisposalReason, Entry, KeyUse, Purpose, Registry
from countermark.registry.duties import About, ComplaintKind
from countermark.registry.features import Feature, Kind, Reviewer, Signers, Statement, Text
from countermark.registry.log import COSIGNATURE, NoteKey, note
from countermark.screening import write_signers

NOW = datetime.now(timezone.utc)
START, END = NOW - timedelta(days=20), NOW + timedelta(days=1)
OLD = NOW - timedelta(days=100)
SECRET = {"prompt": "Träume von Jana", "account": "jana@example.org"}
KEY = NoteKey.generate("example.org/log")
WITNESS = NoteKey.generate("witness.example", COSIGNATURE)


def entry(number: int, marked_at: datetime = NOW) -> Entry:
    manifest = b"manifest %d" % number
    return Entry(
        payload=number,
        pdq=hashlib.sha256(manifest).digest(),
        pdq_quality=100,
        manifest=manifest,
        manifest_sha256=hashlib.sha256(manifest).digest(),
        record=Record(source=DigitalSource.CAPTURED, title="a title that names Jana"),
        width=640,
        height=480,
        marked_at=marked_at,
    )


def use(at: datetime) -> KeyUse:
    return KeyUse(
        at=at,
        purpose=Purpose.CLAIM,
        key_sha256=bytes(32),
        algorithm="es256",
        signed_sha256=bytes(32),
    )


class Authority:
    """Who opens the report: an RSA key and its certificate in files."""

    def __init__(self, folder: Path) -> None:
        key = rsa.generate_private_key(65537, 2048)
        self.certificate = certificate(key)
        self.key_path, self.path = folder / "key.pem", folder / "authority.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key_path.write_bytes(pem)
        self.path.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def open(self, report: Path) -> bytes:
        command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", report]
        opened = subprocess.run([*command, "-inkey", self.key_path], capture_output=True)
        assert opened.returncode == 0, opened.stderr
        return opened.stdout


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *usages: str, days: int = 30
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Authority")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=60))
    builder = builder.not_valid_after(now + timedelta(days=days))
    if usages:
        every = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        usage = x509.KeyUsage(**{name: name in usages for name in every})
        builder = builder.add_extension(usage, True)
    return builder.sign(key, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> tuple[keys.Home, Path]:
    """A home whose log has 719 leaves, 301 of them of an older time; a report of the others."""
    folder = tmp_path_factory.mktemp("world")
    home = keys.create_home(folder / "home")
    with Registry.open(home.registry_path) as registry:
        for _ in range(300):
            registry.record_key_use(use(OLD))
        for number in range(8):
            registry.put(entry(number))
        registry.put(entry(100, OLD))  # brought in from elsewhere, in the midst
        registry.personal.keep(SECRET, retention_class="personal", payload=3)
        erased = registry.personal.keep({"a": 1}, retention_class="personal")
        registry.personal.erase(erased, reason=DisposalReason.REQUESTED)
        registry.delete(5, reason=DisposalReason.WITHDRAWN)
        for _ in range(400):
            registry.record_key_use(use(NOW))
        refute(home, registry)
        do_duties(registry)
        signed = registry.log.checkpoint(KEY)
        cosigned = note.parse(signed)
        cosigned = cosigned.with_signatures([note.signature(cosigned.text, WITNESS)])
        registry.log.add_cosignatures(str(cosigned), KEY.verifier, [WITNESS.verifier])
    path = folder / "report.p7m"
    make(home, authority, path, include_personal=True, witnesses=[WITNESS.verifier])
    with zipfile.ZipFile(io.BytesIO(authority.open(path))) as archive:
        archive.extractall(folder / "report")
    return home, folder


def refute(home: keys.Home, registry: Registry) -> None:
    """One person refutes a picture, another one approves."""
    ada, ben = NoteKey.generate("ada"), NoteKey.generate("ben")
    signers = Signers((Reviewer(ada.verifier), Reviewer(ben.verifier)))
    write_signers(home, signers)
    statement = Statement(
        dated=NOW.date(), texts=(Text("en", "No such flood", "It is of 2021, and not of here."),)
    )
    feature = Feature(
        kind=Kind.REFUTED, reason="misattributed", source="Example Desk", at=NOW,
        payload=3, statement=statement,
    )  # fmt: skip
    registry.features.propose(feature, ada, signers)
    registry.features.approve(feature.id, ben, signers)


def do_duties(registry: Registry) -> None:
    """A model, a copy without visible label, and somebody who complains."""
    registry.models.add(bytes(32), name="Face", version="3", biometric=True)
    registry.grants.add("content-1", recipient="Jana", agreement_sha256=bytes(32))
    registry.complaints.receive(ComplaintKind.REPORT, About(payload=3))


@pytest.fixture
def report(world: tuple[keys.Home, Path]) -> Path:
    """The unpacked report, with what is personal."""
    _, folder = world
    return folder / "report"


def make(home: keys.Home, authority: Authority, path: Path, **options: object) -> None:
    with Registry.open(home.registry_path) as registry:
        settings = {
            "key": KEY,
            "recipient": load_recipient(authority.path),
            "reason": DisclosureReason.INSPECTION,
            "start": START,
            "end": END,
            **options,
        }
        disclose(home, registry, path, **settings)  # type: ignore[arg-type]


def check(folder: Path, *arguments: str) -> tuple[int, str]:
    """What the report's own script says, with nothing but Python itself and openssl."""
    command = [sys.executable, "-I", "-S", folder / "check.py", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stderr == ""
    return result.returncode, result.stdout


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_an_authority_opens_and_checks_it(report: Path) -> None:
    code, said = check(report, "--key", KEY.verifier.encoded)
    assert (code, said.splitlines()[-1]) == (0, "EVERYTHING HOLDS."), said
    assert check(report)[0] == 0
    stranger = NoteKey.generate("example.org/log").verifier.encoded
    assert check(report, "--key", stranger)[0] == 1


def test_it_has_what_was_asked_for(report: Path) -> None:
    leaves = lines(report / "leaves.jsonl")
    about = json.loads((report / "report.json").read_text("utf-8"))
    assert {leaf["kind"] for leaf in leaves} == {
        "marked", "kept", "erased", "deleted", "key-used", "feature-proposed", "feature-approved",
        "model-added", "unlabelled-granted", "complaint-received",
    }  # fmt: skip
    assert len(leaves) == about["leaves"] == 8 + 4 + 400 + 2 + 4
    assert about["spans"] == [[300, 308], [309, 719]]
    assert about["reason"] == "inspection"
    payloads = [line["payload"] for line in lines(report / "fingerprints.jsonl")]
    assert payloads == [f"{number:016x}" for number in (0, 1, 2, 3, 4, 6, 7)]
    kinds = [line["leaf"]["kind"] for line in lines(report / "disposals.jsonl")]  # type: ignore[index]
    assert kinds == ["erased", "deleted"]
    personal = [json.loads(str(line["content"])) for line in lines(report / "personal.jsonl")]
    assert personal == [SECRET, {"recipient": "Jana", "content": "content-1"}]
    opened = [
        json.loads(str(line["content"]))
        for name in ("models", "grants", "complaints")
        for line in lines(report / f"{name}.jsonl")
    ]
    assert opened == [
        {"name": "Face", "version": "3"}, {"content": "content-1"}, {"payload": f"{3:016x}"},
    ]  # fmt: skip
    listed = json.loads((report / "keys.json").read_text("utf-8"))
    assert (listed["log"], len(listed["signers"])) == (KEY.verifier.encoded, 1)
    features = [json.loads(str(line["feature"])) for line in lines(report / "features.jsonl")]
    assert [feature["reason"] for feature in features] == ["misattributed"] * 2
    assert features[0]["statement"]["texts"]["en"]["title"] == "No such flood"
    assert len(listed["reviewers"]) == 2
    assert "BEGIN CERTIFICATE" in listed["signers"][0]["certificates"]


def test_what_is_personal_is_in_it_only_if_asked_for(
    world: tuple[keys.Home, Path], authority: Authority, tmp_path: Path
) -> None:
    home, _ = world
    make(home, authority, tmp_path / "report.p7m")
    archive = zipfile.ZipFile(io.BytesIO(authority.open(tmp_path / "report.p7m")))
    assert "personal.jsonl" not in archive.namelist()
    content = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Jana" not in content
    assert b"jana" not in content


def test_no_private_key_is_in_it(world: tuple[keys.Home, Path], report: Path) -> None:
    home, _ = world
    content = b"".join(path.read_bytes() for path in report.rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in content
    paths = [*home.private_key_paths, home.folder / "personal-keys.sqlite3"]
    assert len(paths) == 3
    for path in paths:
        secret = path.read_bytes()
        for at in range(64, len(secret) - 32, 32):
            piece = secret[at : at + 32]
            assert len(set(piece)) < 8 or piece not in content
    raw = KEY.private_key.private_bytes_raw()
    assert raw not in content
    assert raw.hex().encode() not in content


def test_only_the_recipient_reads_it(
    world: tuple[keys.Home, Path], authority: Authority, tmp_path: Path
) -> None:
    home, _ = world
    path = tmp_path / "report.p7m"
    make(home, authority, path, include_personal=True)
    for word in (b"leaves.jsonl", b"jana", b"PK\x03\x04"):
        assert word not in path.read_bytes()
    other = Authority(tmp_path)
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", path]
    opened = subprocess.run([*command, "-inkey", other.key_path], capture_output=True)
    assert b"leaves.jsonl" not in opened.stdout


def test_the_log_says_that_it_was_made(
    world: tuple[keys.Home, Path], authority: Authority, tmp_path: Path
) -> None:
    home, _ = world
    path = tmp_path / "report.p7m"
    make(home, authority, path)
    with Registry.open(home.registry_path) as registry:
        leaf = json.loads(list(registry.log.leaves())[-1])
        registry.log.check(KEY.verifier)
    assert (leaf["kind"], leaf["reason"]) == ("disclosed", "inspection")
    assert leaf["bundle_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    der = authority.certificate.public_bytes(Encoding.DER)
    assert leaf["recipient_sha256"] == hashlib.sha256(der).hexdigest()
    assert leaf["personal"] == 0


def test_without_the_file_there_is_no_leaf(
    world: tuple[keys.Home, Path], authority: Authority, tmp_path: Path
) -> None:
    home, _ = world
    with Registry.open(home.registry_path) as registry:
        before = registry.log.size
    with pytest.raises(DestinationNotWritable):
        make(home, authority, tmp_path / "nowhere/report.p7m")
    with pytest.raises(InvalidArgument, match="no time"):
        make(home, authority, tmp_path / "report.p7m", end=START)
    with Registry.open(home.registry_path) as registry:
        assert registry.log.size == before
    assert list(tmp_path.iterdir()) == []


FILES = (
    "MANIFEST", "README.md", "README.zh.md", "check.py", "report.json", "keys.json", "leaves.jsonl",
    "disposals.jsonl", "fingerprints.jsonl", "features.jsonl", "models.jsonl", "grants.jsonl",
    "complaints.jsonl", "personal.jsonl", "log/checkpoint",
    "log/tile/0/001", "log/tile/0/002.p/207", "log/tile/1/000.p/2",
)  # fmt: skip


def test_these_are_the_files(report: Path) -> None:
    found = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert found == set(FILES)


@pytest.fixture
def changed(report: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(report, tmp_path / "changed"))


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_found(changed: Path, report: Path, name: str) -> None:
    content = bytearray((changed / name).read_bytes())
    content[random.Random(name).randrange(len(content))] ^= 1
    (changed / name).write_bytes(content)
    result = subprocess.run(
        [sys.executable, "-I", "-S", report / "check.py", changed], capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines()[-1].startswith("FAILED: ")


@pytest.mark.parametrize("name", ["leaves.jsonl", "log/tile/0/001"])
def test_a_missing_file_and_one_too_many_are_found(changed: Path, name: str) -> None:
    (changed / "more").write_bytes(b"")
    assert "more is not in the list" in check(changed)[1]
    (changed / "more").unlink()
    (changed / name).unlink()
    assert f"{name} is missing" in check(changed)[1]


def sign_again(folder: Path) -> None:
    """What an operator could do who changes a report and holds the log's key."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    text = FIRST_LINE + "\n"
    for name in names:
        if name != MANIFEST:
            text += f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
    (folder / MANIFEST).write_text(note.sign(text, KEY), "utf-8")


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return change


def turned(name: str, at: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[at] ^= 1
        (folder / name).write_bytes(content)

    return change


def without_line(name: str, number: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        kept = (folder / name).read_bytes().splitlines(keepends=True)
        del kept[number]
        (folder / name).write_bytes(b"".join(kept))

    return change


def forked_checkpoint(folder: Path) -> None:
    path = folder / "log/checkpoint"
    root = base64.b64encode(bytes(32)).decode()
    path.write_text(note.sign(f"example.org/log\n719\n{root}\n", KEY), "utf-8")


def unwitnessed_checkpoint(folder: Path) -> None:
    path = folder / "log/checkpoint"
    own, _ = note.parse(path.read_text("utf-8")).signatures
    text = note.parse(path.read_text("utf-8")).text
    path.write_text(str(note.Note(text, (own,))), "utf-8")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda _: None, "EVERYTHING HOLDS"),
        (replaced("leaves.jsonl", '"outcome":"signed"', '"outcome":"failed"'), "leaf 313 is not"),
        (without_line("leaves.jsonl", 3), "leaf 303 is not"),
        (turned("log/tile/0/001", 5000), "tile 1 of level 0 is not"),
        (turned("log/tile/0/002.p/207", 700), "do not lead to the checkpoint"),
        (turned("log/tile/1/000.p/2", 7), "do not lead to the checkpoint"),
        (replaced("fingerprints.jsonl", '"pdq": "', '"pdq": "00'), "is not the one in its leaf"),
        (replaced("fingerprints.jsonl", '"position": 301', '"position": 302'), "not the one in"),
        (replaced("features.jsonl", "No such", "A great"), "feature at 713 is not the one in its"),
        (replaced("features.jsonl", "— ada ", "— ben "), "step at 713 is not signed by ada"),
        (replaced("disposals.jsonl", "withdrawn", "requested"), "is not what its leaf says"),
        (without_line("disposals.jsonl", 0), "a disposal is not listed"),
        (replaced("personal.jsonl", "Träume", "Räume"), "is not the one in its leaf"),
        (replaced("models.jsonl", "Face", "Fate"), "line at 715 in models is not what"),
        (replaced("grants.jsonl", "content-1", "content-2"), "line at 717 in grants is not what"),
        (replaced("complaints.jsonl", "03\\", "04\\"), "line at 718 in complaints is not what"),
        (without_line("personal.jsonl", 0), "another number of personal records"),
        (unwitnessed_checkpoint, "witness.example has not signed the checkpoint"),
        (forked_checkpoint, "witness.example has not signed the checkpoint"),
        (replaced("report.json", '"log_size": 719', '"log_size": 712'), "another size"),
        (replaced("keys.json", "example.org/log+", "example.com/log+"), "ID of a public key"),
    ],
)  # fmt: skip
def test_a_lie_of_whoever_holds_the_key_is_found(
    changed: Path, change: Callable[[Path], None], why: str
) -> None:
    change(changed)
    sign_again(changed)
    assert why in check(changed)[1]


def test_the_same_content_makes_the_same_zip() -> None:
    from countermark.disclosing.bundle import Bundle

    def made() -> bytes:
        bundle = Bundle()
        bundle.add("one", [b"a" * 1000, b"b"])
        return bundle.finish(KEY)

    assert made() == made()


def test_recipients_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "authority.pem"
    key = rsa.generate_private_key(65537, 2048)
    unusable = {
        "not RSA": certificate(ec.generate_private_key(ec.SECP256R1())),
        "1024 bits": certificate(rsa.generate_private_key(65537, 1024)),
        "out of its time": certificate(key, days=-1),
        "not for the encryption": certificate(key, "digital_signature"),
    }
    for why, unusable_certificate in unusable.items():
        path.write_bytes(unusable_certificate.public_bytes(Encoding.PEM))
        with pytest.raises(UnusableCertificate, match=why):
            load_recipient(path)
    path.write_bytes(b"no certificate")
    with pytest.raises(UnusableCertificate, match="cannot be read"):
        load_recipient(path)
    with pytest.raises(SourceNotFound):
        load_recipient(tmp_path / "nowhere.pem")
    path.write_bytes(certificate(key, "key_encipherment").public_bytes(Encoding.PEM))
    assert load_recipient(path).public_key() == key.public_key()


def test_a_report_on_a_time_without_events_holds(
    world: tuple[keys.Home, Path], authority: Authority, tmp_path: Path
) -> None:
    home, _ = world
    times = {"start": OLD - timedelta(days=9), "end": OLD - timedelta(days=8)}
    make(home, authority, tmp_path / "report.p7m", **times)
    with zipfile.ZipFile(io.BytesIO(authority.open(tmp_path / "report.p7m"))) as archive:
        archive.extractall(tmp_path / "open")
    code, said = check(tmp_path / "open")
    assert (code, "leaves        0" in said) == (0, True), said


def test_a_report_of_an_empty_log_holds(authority: Authority, tmp_path: Path) -> None:
    make(keys.create_home(tmp_path / "home"), authority, tmp_path / "report.p7m")
    with zipfile.ZipFile(io.BytesIO(authority.open(tmp_path / "report.p7m"))) as archive:
        archive.extractall(tmp_path / "open")
    assert check(tmp_path / "open")[0] == 0
