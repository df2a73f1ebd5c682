"""The record that states everything."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import pytest

from countermark.record import (
    ConsentReceipt,
    DigitalSource,
    Filing,
    Modality,
    Producer,
    ProviderCode,
    Record,
    Refusal,
    Service,
    ServiceClass,
    Subject,
    System,
)

ACCOUNT = "account 4711"
AT = datetime(2026, 11, 23, 20, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(scope="session")
def full() -> Record:
    subject = Subject.of(ACCOUNT, key=bytes(range(32)), period="2026-11")
    return Record(
        source=DigitalSource.AI_GENERATED,
        creator="Ada Example",
        title="湖 <b>",
        created=AT,
        producer=Producer(
            name="示例公司",
            code=ProviderCode.of(
                "91350100M000100Y43", service=Service.GENERATION, application="MDL1"
            ),
        ),
        system=System(
            name="Example Model", version="3.1", model_sha256=hashlib.sha256(b"weights").digest()
        ),
        service_class=ServiceClass.FACE_SWAP,
        content_id="2026-11/4711{A}",
        subject=subject,
        consents=tuple(
            ConsentReceipt(
                subject=Subject.of(f"person {number}", key=bytes(32), period="2026-11"),
                scope=ServiceClass.FACE_SWAP,
                modality=Modality.IMAGE,
                given_at=AT - timedelta(days=number),
                evidence_sha256=hashlib.sha256(b"form %d" % number).digest(),
            )
            for number in range(2)
        ),
        filing=Filing(number="示例备案110000000000000000001号", url="https://example.org/filing"),
        refusal=Refusal(reason="no agreement was signed", at=AT),
    )
