"""What profiles demand of a file: labels for people and machines, and a last look at the file.

>>> import numpy as np
>>> from countermark.labels.profiles import profile
>>> from countermark.record import DigitalSource, Record
>>> labelling = Labelling(profiles=(profile("kr"),))
>>> grey = np.full((480, 640, 3), 128, np.uint8)
>>> _, record = labelling.shown(grey, Record(source=DigitalSource.AI_GENERATED))
>>> record.label.text, record.label.place
('AI 생성', 'bottom-right')
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from countermark.complying import comply
from countermark.duties import BIOMETRIC, Demands
from countermark.errors import ProfileNotMet
from countermark.image import Pixels
from countermark.labels import aigc, documents
from countermark.labels.aigc import AigcLabel
from countermark.labels.profiles import Check, Level, Medium, Profile, Service
from countermark.labels.visible import Corner, Wording, label_picture, wording
from countermark.labels.visible.picture import MIN_HEIGHT
from countermark.record import ExplicitLabel, Record, Sense
from countermark.registry import Registry

_RHYTHM: Final = "short long, short short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """How files are labelled on the way to their manifest.

    `profiles`: whose demands are met, or the file is refused. `wording`: of a label that people
    see, whether a profile demands one or not; by default the words of the profiles that do.
    """

    profiles: tuple[Profile, ...] = ()
    wording: Wording | None = None

    @property
    def demands(self) -> Demands:
        """What has to be there before anything is made."""
        checks = {rule.check for one in self.profiles for rule in one.rules}
        return Demands(consent=BIOMETRIC, assessed_models=Check.ASSESSED_MODEL in checks)

    def numbered(self, record: Record, content_id: str) -> Record:
        """The record with a number of the content, where a label or a profile wants one.

        >>> from countermark.record import DigitalSource
        >>> captured = Record(source=DigitalSource.CAPTURED)
        >>> Labelling().numbered(captured, "picture-7").content_id is None
        True
        """
        has_code = record.producer is not None and record.producer.code is not None
        if record.content_id is not None or not record.source.is_by_ai:
            return record
        return replace(record, content_id=content_id) if self.profiles or has_code else record

    def shown(self, pixels: Pixels, record: Record) -> tuple[Pixels, Record]:
        """The picture with the label that people see, if it is to have one, and who states it.

        `pixels`: upright.
        """
        words = self.wording or self._demanded_words(record, Medium.IMAGE)
        if words is None:
            return pixels, record
        done = label_picture(pixels, words)
        label = ExplicitLabel(
            sense=Sense.SEEN,
            text=_written(words, done.lines),
            place=done.corner.value,
            height=done.ink_height / min(pixels.shape[:2]),
        )
        return done.pixels, replace(record, label=label)

    def stated(self, content: bytes, record: Record, earlier: AigcLabel | None) -> bytes:
        """The file with the label in its metadata, if its record has what belongs there.

        `earlier`: the label of the file that it was made from, which stays if there is no other.
        """
        label = implicit_label(record) or earlier
        if label is None:
            return content
        out = io.BytesIO()
        aigc.write(io.BytesIO(content), out, label, record=record)
        return out.getvalue()

    def shown_in_file(
        self, source: Path, folder: Path, media_type: str, record: Record
    ) -> tuple[Path, Record]:
        """A movie, sound or document with its label, in `folder`, and the record that states it.

        The source itself when it has none to get: no profile demands one, it is stated already, or
        files of this kind are not labelled here.
        """
        medium = Medium.of(media_type)
        words = self.wording or self._demanded_words(record, medium)
        if words is None or record.label is not None:
            return source, record
        labelled = folder / f"labelled{source.suffix}"
        if medium is Medium.VIDEO:
            return labelled, replace(record, label=_shown_in_movie(source, labelled, words))
        if medium is Medium.AUDIO:
            return labelled, replace(record, label=_heard(source, labelled))
        if medium is Medium.TEXT and documents.is_labelled(media_type):
            return labelled, replace(record, label=_read(source, labelled, words))
        return source, record

    def stated_in_file(
        self, source: Path, folder: Path, record: Record, earlier: AigcLabel | None
    ) -> Path:
        """As `stated`, from file to file; the source itself when there is nothing to state."""
        label = implicit_label(record) or earlier
        if label is None:
            return source
        stated = folder / f"stated{source.suffix}"
        medium = Medium.of(aigc.media_type(source) or "")
        is_beside = medium in (Medium.IMAGE, Medium.SCENE)
        aigc.write(source, stated, label, record=record if is_beside else None)
        return stated

    def check(
        self, content: Path | bytes, registry: Registry | None, *, manifest: Path | None = None
    ) -> None:
        """Raises `ProfileNotMet` unless the finished file shows that every demand is met.

        `manifest`: the file with its manifest, if that is not in it.

        What happens only when the file is put in its place, the entry in the log, is not asked for.
        """
        if not self.profiles:
            return
        found = comply(content, self.profiles, manifest=manifest, registry=registry)
        unmet = [
            one for one in (*found.missing, *found.unknown) if one.rule.check is not Check.LOGGED
        ]
        if unmet:
            names = ", ".join(one.rule.id for one in unmet)
            first = unmet[0]
            raise ProfileNotMet(
                f"The file would not meet {names}: {first.evidence}",
                remedy=first.remedy or "Correct the record.",
            )

    def _demanded_words(self, record: Record, medium: Medium) -> Wording | None:
        """The words that satisfy every profile which demands a label of such a file."""
        if not record.source.is_by_ai or record.grant is not None:
            return None
        places = [
            one.wording
            for one in self.profiles
            if one.wording is not None and _demands_label(one, record, medium)
        ]
        if not places:
            return None
        number = None if record.filing is None else record.filing.number
        # The Chinese rules are the only ones that fix the words; beside them stands English.
        if "cn" in places:
            return wording("cn", "en" if len(places) > 1 else None, filing_number=number)
        return wording(places[0], filing_number=number)


def implicit_label(record: Record) -> AigcLabel | None:
    """The label in metadata that a record amounts to; None without the codes that it consists of.

    >>> from countermark.record import DigitalSource, Producer, ProviderCode
    >>> works = Producer(name="Example Works", code=ProviderCode.of("91350100M000100Y43"))
    >>> implicit_label(
    ...     Record(source=DigitalSource.AI_GENERATED, producer=works, content_id="picture-7")
    ... ).produce_id
    'picture-7'

    Source: GB 45438-2025, annex E.
    """
    has_code = record.producer is not None and record.producer.code is not None
    if not has_code or record.content_id is None or not record.source.is_by_ai:
        return None
    return AigcLabel.of(record)


def _shown_in_movie(source: Path, destination: Path, words: Wording) -> ExplicitLabel:
    # Here, so that whoever marks pictures does not wait for it.
    from countermark.labels.moving import LEAST_SECONDS, label_video

    corner = Corner.BOTTOM_RIGHT
    done = label_video(source, destination, words, corner=corner, height_fraction=MIN_HEIGHT)
    return ExplicitLabel(
        sense=Sense.SEEN,
        text=_written(words, done.lines),
        place=corner.value,
        height=MIN_HEIGHT,
        seconds=LEAST_SECONDS,
    )


def _heard(source: Path, destination: Path) -> ExplicitLabel:
    from countermark.labels.audible import label_audio  # as above

    done = label_audio(source, destination)
    return ExplicitLabel(
        sense=Sense.HEARD,
        text=_RHYTHM,
        place="start",
        seconds=done.end_seconds - done.start_seconds,
    )


def _read(source: Path, destination: Path, words: Wording) -> ExplicitLabel:
    done = documents.label_document(source, destination, words)
    return ExplicitLabel(sense=Sense.READ, text=done.text, place=done.place)


def _demands_label(profile: Profile, record: Record, medium: Medium) -> bool:
    service = record.service_class
    return any(
        rule.check is Check.EXPLICIT_LABEL
        and rule.level is Level.SHALL
        and medium in rule.media
        and (rule.service is Service.ALL or service is None or service.may_confuse)
        for rule in profile.rules
    )


def _written(words: Wording, lines: tuple[str, ...]) -> str:
    """Which of the wordings the lines on the picture are."""
    written = "".join(lines).replace(" ", "")
    fitting = (one for one in words.choices if one.replace(" ", "") in written)
    return next(fitting, " ".join(lines))
