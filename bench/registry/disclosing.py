"""What a report to an authority costs: time and memory to make it, time to check it.

python -m bench.registry.disclosing [--leaves 200000]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bench.machine import provenance
from countermark import keys
from countermark.disclosing import disclose, load_recipient
from countermark.registry import DisclosureReason, KeyUse, Purpose, Registry, events
from countermark.registry.log import NoteKey, journal

KEY = NoteKey.generate("example.org/log")
NOW = datetime.now(timezone.utc)
BATCH = 1000


def key_use() -> bytes:
    """A leaf that does not compress better than others."""
    use = KeyUse(
        at=NOW,
        purpose=Purpose.CLAIM,
        key_sha256=bytes(32),
        algorithm="es256",
        signed_sha256=os.urandom(32),
        manifest=f"urn:c2pa:{os.urandom(16).hex()}",
    )
    return events.key_used(use)


def peak_mb() -> float:
    """The most memory that this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def opened(report: Path) -> Path:
    """The report as the authority unpacks it."""
    folder = report.parent
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", report]
    subprocess.run([*command, "-inkey", folder / "key.pem", "-out", folder / "zip"], check=True)
    unpack = [sys.executable, "-m", "zipfile", "-e", folder / "zip", folder / "open"]
    subprocess.run(unpack, check=True)
    return folder / "open"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=200_000)
    wanted = parser.parse_args().leaves
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-subj", "/CN=Bench"]
        files = ["-keyout", folder / "key.pem", "-out", folder / "authority.pem"]
        subprocess.run([*make, *files], check=True, capture_output=True)
        home, report = keys.create_home(folder / "home"), folder / "report.p7m"
        with Registry.open(home.registry_path) as registry:
            database = registry._database
            database.prepare()
            for _ in range(wanted // BATCH):
                with database.writing():
                    journal.append(database, [key_use() for _ in range(BATCH)])
            before, start = peak_mb(), time.process_time()
            disclose(
                home,
                registry,
                report,
                key=KEY,
                recipient=load_recipient(folder / "authority.pem"),
                reason=DisclosureReason.INSPECTION,
                start=NOW - timedelta(days=1),
                end=NOW + timedelta(days=1),
            )
            made = time.process_time() - start
        unpacked = opened(report)
        before_check = os.times().children_user
        command = [sys.executable, "-I", "-S", unpacked / "check.py"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        rows = [
            (f"size of a report on {wanted:,} leaves, MB", report.stat().st_size / 1e6),
            ("making it, s of the processor", made),
            ("memory for that, MB", peak_mb() - before),
            ("checking it, s of the processor", os.times().children_user - before_check),
        ]
    print(provenance(), end="\n\n")
    print("| what | measured |\n|---|---|")
    for what, value in rows:
        print(f"| {what} | {value:.0f} |")


if __name__ == "__main__":
    main()
