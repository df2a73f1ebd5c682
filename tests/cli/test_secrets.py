"""Whatever a run says and writes, no private key, passphrase, PIN or password is in it."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters

from countermark import keys
from countermark.keys import private_key
from countermark.keys.algorithms import generate

REQUEST = ("--organisation", "Example Ltd", "--name", "Camera App", "--country", "SE")
NEW, WRONG, PIN, PASSWORD = "new passphrase 4711", "wrong passphrase", "pin-0815", "est-pass-word"

# What each child runs: countermark, but whatever goes to the library and every traceback are
# written among what is searched, and the keys that signed beside it.
WITNESS = """
import json, os, traceback
import c2pa
import countermark.cli
from countermark.cli import output
from countermark.keys.local_signer import LocalSigner
from cryptography.hazmat.primitives.serialization import *

def tell(name, value):
    with open(os.path.join(os.environ["WITNESS"], name), "a") as file:
        file.write(f"{value}\\n")

def witnessed(owner, name, tell_of):
    original = getattr(owner, name)
    def call(*arguments, **options):
        tell_of(*arguments, **options)
        return original(*arguments, **options)
    setattr(owner, name, call)

for owner, name in ((c2pa.Context, "from_dict"), (c2pa.Settings, "from_dict"),
                    (c2pa.Signer, "from_callback"), (c2pa.Builder, "__init__")):
    witnessed(owner, name, lambda *a, **o: tell("library.txt", (a, o)))
for owner in (output, countermark.cli):
    witnessed(owner, "complain", lambda *a: tell("tracebacks.txt", traceback.format_exc()))
witnessed(LocalSigner, "sign", lambda self, _: tell("../signed-with.pem", self.private_key.
    private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()))
countermark.cli.main()
"""


def numbers(key: Any) -> Iterator[bytes]:
    """The private numbers of a key, and its PKCS#8 form."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size_bytes = (key.curve.key_size + 7) // 8
        yield key.private_numbers().private_value.to_bytes(size_bytes, "big")
    elif isinstance(key, rsa.RSAPrivateKey):
        held = key.private_numbers()
        for number in (held.p, held.q, held.d):
            yield number.to_bytes((number.bit_length() + 7) // 8, "big")
    else:
        yield key.private_bytes_raw()
    form = serialization.PrivateFormat.PKCS8
    yield key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def forms(secret: bytes) -> Iterator[bytes]:
    """How bytes may show: raw, as numbers, and in base64 wherever they begin in a triple."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret.hex(":").encode()
    if len(secret) <= 512:  # longer ones are structures, which nobody writes as one number
        yield str(int.from_bytes(secret, "big")).encode()
    yield repr(secret)[2:-1].encode()
    for start in range(3):
        whole = secret[start : start + (len(secret) - start) // 3 * 3]
        yield base64.b64encode(whole)
        yield base64.urlsafe_b64encode(whole)


def shown(secrets: list[bytes], text: bytes) -> list[bytes]:
    """Those of the secrets that are in a text, also when it breaks lines."""
    texts = (text, text.replace(b"\r", b"").replace(b"\n", b""))
    return [secret for secret in secrets if any(secret in one for one in texts)]


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_search_finds_keys_in_every_form(algorithm: str) -> None:
    key = generate(algorithm)
    secrets = [form for number in numbers(key) for form in forms(number)]
    pem = private_key.encode(key, None)
    assert shown(secrets, b"log: " + pem)
    assert not shown(secrets, b"log: " + private_key.encode(key, "secret"))
    der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    for written in (der, der.hex().encode(), base64.b64encode(b"x" + der), repr(der).encode()):
        assert shown(secrets, b"x" + written)


class Witnesses:
    """Runs commands in a folder of their own, and keeps what they say."""

    def __init__(self, python: Path, tmp_path: Path, passphrase: str | None) -> None:
        self.command = [python, "-c", WITNESS]
        self.folder = tmp_path / "searched"
        self.said: list[str] = []
        (self.folder / "tmp").mkdir(parents=True)
        self.environment = {
            **os.environ,
            "TMPDIR": os.fspath(self.folder / "tmp"),
            "WITNESS": os.fspath(self.folder),
            **({} if passphrase is None else {"COUNTERMARK_PASSPHRASE": passphrase}),
        }

    def __call__(self, *arguments: object, code: int = 0, **other: str) -> None:
        result = subprocess.run(
            [*self.command, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder.parent,
            env={**self.environment, **other},
        )
        assert result.returncode == code, result
        self.said += [result.stdout, result.stderr]


def make_token(softhsm: Any) -> None:
    softhsm.make_token("secrets", PIN)
    token = pkcs11.lib(softhsm.library).get_token(token_label="secrets")
    with token.open(user_pin=PIN, rw=True) as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        domain = session.create_domain_parameters(KeyType.EC, curve, local=True)
        domain.generate_keypair(store=True, label="camera", id=b"\x01")


def sign_and_refuse(keep: Witnesses, photo: Path) -> None:
    """Keys are made, sign and are damaged."""
    place = keep.folder
    keep("init")
    keep("keys", "rotate", "--algorithm", "ed25519")
    keep("mark", photo, "--out", place / "marked.jpg", "--json")
    keep("keys", "csr", *REQUEST, "--algorithm", "ps256", "--out", place / "request.pem")
    keep("keys", "answer", place / "request.pem", "--out", place / "chain.pem")
    (path,) = keys.open_home().folder.glob("requests/*/claim-signing-key.pem")
    whole = path.read_bytes()
    path.write_bytes(whole[:-60])
    keep("keys", "import", place / "chain.pem", code=3)
    path.write_bytes(whole)
    keep("keys", "import", place / "chain.pem")
    keep("sign", photo, "--out", place / "signed.jpg", COUNTERMARK_PASSPHRASE=WRONG, code=3)
    keep("sign", photo, "--out", place / "signed.jpg")


def use_other_stores(keep: Witnesses, photo: Path, library: str) -> None:
    """A pool, a server that is not there, a token, and whatever else opens keys."""
    home, place = keys.open_home(), keep.folder
    keep("keys", "revoke", keys.list_keys(home)[0].id, "--reason", "key-compromise")
    new = {"COUNTERMARK_NEW_PASSPHRASE": NEW}
    keep("keys", "passphrase", code=3, COUNTERMARK_PASSPHRASE=WRONG, **new)
    pool = 'kind = "pool"\nname = "Camera"\ncapacity = 2\n'
    home.settings_path.write_text(pool)
    keep("keys", "pool", "fill")
    keep("sign", photo, "--out", place / "pooled.jpg")
    (home.folder / "anchors.pem").write_bytes(home.trust_path.read_bytes())
    server = '[est]\nurl = "https://127.0.0.1:1"\nanchors = "anchors.pem"\nuser = "camera"\n'
    home.settings_path.write_text(pool + server)
    keep("keys", "pool", "fill", code=3, COUNTERMARK_EST_PASSWORD=PASSWORD)
    home.settings_path.write_text(
        f'kind = "pkcs11"\nlibrary = "{library}"\ntoken_label = "secrets"\n'
        'key_label = "camera"\nalgorithm = "es256"\n'
    )
    keep("keys", "csr", *REQUEST, "--out", place / "request.pem", COUNTERMARK_PIN=PIN)
    keep("keys", "csr", *REQUEST, code=3, COUNTERMARK_PIN=WRONG)
    assert (place / "pooled.jpg").stat().st_size > 0


@pytest.mark.parametrize("passphrase", [None, "correct horse battery"])
def test_nothing_secret_is_ever_said_or_written_elsewhere(
    warm: Path, photo: Path, tmp_path: Path, softhsm: Any, passphrase: str | None
) -> None:
    keep = Witnesses(warm / "python", tmp_path, passphrase)
    sign_and_refuse(keep, photo)
    if passphrase is not None:  # with which the files of keys are searched too
        make_token(softhsm)
        use_other_stores(keep, photo, softhsm.library)
    home, place = keys.open_home(), keep.folder
    for name in ("library.txt", "tracebacks.txt", "signed.jpg"):
        assert (place / name).stat().st_size > 0
    private = home.private_key_paths
    files = [p for p in (*place.rglob("*"), *home.folder.rglob("*")) if p.is_file()]
    searched = [p for p in files if passphrase is not None or p not in private]
    everything = "\n".join(keep.said).encode() + b"\n".join(p.read_bytes() for p in searched)
    assert b"signs now" in everything
    found = [private_key.open_pem(p.read_bytes(), passphrase) for p in private]
    signed_with = (tmp_path / "signed-with.pem").read_text().split("\n\n")
    found += [private_key.open_pem(pem.encode(), None) for pem in signed_with if pem.strip()]
    assert len(found) >= (6 if passphrase is None else 8)
    secrets = [form for key in found for number in numbers(key) for form in forms(number)]
    secrets += [s.encode() for s in (NEW, WRONG, PIN, PASSWORD, *filter(None, [passphrase]))]
    assert shown(secrets, everything) == []
    assert b"BEGIN PRIVATE KEY" not in everything


CRASH = """
import os, resource
from countermark.keys.local_signer import LocalSigner

def crash(self, data):
    print("limit", *resource.getrlimit(resource.RLIMIT_CORE), flush=True)
    os.abort()

LocalSigner.sign = crash
"""


def core_dumps_are_files_here() -> bool:
    import resource

    pattern = Path("/proc/sys/kernel/core_pattern")
    unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY
    return unlimited and pattern.is_file() and pattern.read_text().strip() == "core"


@pytest.mark.skipif(sys.platform == "win32", reason="no core dumps there")
def test_crash_while_signing_leaves_no_core_dump(
    photo: Path, tmp_path: Path, home: keys.Home
) -> None:
    hook, place = tmp_path / "hook", tmp_path / "crashed"
    hook.mkdir()
    place.mkdir()
    (hook / "sitecustomize.py").write_text(CRASH)
    paths = os.pathsep.join(filter(None, (os.fspath(hook), os.environ.get("PYTHONPATH"))))

    def crash(*command: str) -> str:
        """Without any limit of the shell's."""
        run = subprocess.run(
            ["bash", "-c", 'ulimit -S -c $(ulimit -H -c); exec "$@"', "bash", *command],
            cwd=place,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == -signal.SIGABRT, run
        return run.stdout

    crash(sys.executable, "-c", "import os; os.abort()")
    if core_dumps_are_files_here():  # or else the kernel hands them to a program
        assert len(list(place.iterdir())) == 1
        next(place.iterdir()).unlink()
    signing = ("-m", "countermark", "mark", os.fspath(photo), "--out", "marked.jpg")
    assert crash(sys.executable, *signing) == "limit 0 0\n"
    assert list(place.iterdir()) == []
