"""What is stated about a file; every layer renders from it.

>>> from countermark.record import DigitalSource, Producer, ProviderCode, Record, System
>>> record = Record(
...     source=DigitalSource.AI_GENERATED,
...     producer=Producer(name="Example Works", code=ProviderCode.of("91350100M000100Y43")),
...     system=System(name="Example Model", version="3"),
...     title="A lake",
... )
>>> Record.from_json(record.to_json()) == record
True

Values are frozen and checked when they are made; a wrong one raises `InvalidRecord`.
"""

from countermark.record.consent import ConsentReceipt, Modality
from countermark.record.digital_source import DigitalSource
from countermark.record.filing import Filing
from countermark.record.producer import Producer
from countermark.record.provider_code import ProviderCode, Service, SubjectType
from countermark.record.published import schema
from countermark.record.record import Record
from countermark.record.service_class import ServiceClass
from countermark.record.subject import Subject
from countermark.record.system import System
from countermark.record.texts import MAX_TEXT_LENGTH
from countermark.record.unlabelled import Grant, Refusal

__all__ = [
    "MAX_TEXT_LENGTH",
    "ConsentReceipt",
    "DigitalSource",
    "Filing",
    "Grant",
    "Modality",
    "Producer",
    "ProviderCode",
    "Record",
    "Refusal",
    "Service",
    "ServiceClass",
    "Subject",
    "SubjectType",
    "System",
    "schema",
]
