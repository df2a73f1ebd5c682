"""Why a sound or movie has its verdict, in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from countermark.credentials import Manifest
from countermark.registry import Entry
from countermark.report import Track
from countermark.verifying import comparing, evidence
from countermark.verifying.clips.marks import Mark
from countermark.verifying.clips.ties import MIN_SOUND_SHARE, Standing, Tie

TRACKS: Final[dict[Track, str]] = {"video": "moving pictures", "sound": "sound"}


def of_mixture(pictures: Mark, sound: Mark) -> str:
    """The pictures of one file over the sound of another."""
    return (
        "The pictures and the sound are not of one file: the pictures carry the watermark "
        f"{pictures.payload:016x}, {owner(pictures)}; {track(sound)} carries "
        f"{sound.payload:016x}, {owner(sound)}."
    )


def of_unlike(pictures: Mark, sound: Mark) -> str:
    """Marks of pictures and sound that are not the same, neither of which leads anywhere."""
    return (
        f"The pictures carry the watermark {pictures.payload:016x}, {owner(pictures)}; "
        f"{track(sound)} carries another one, {sound.payload:016x}, {owner(sound)}. They may be of "
        "two files. Whoever put the marks there has the registries that know them."
    )


def track(mark: Mark) -> str:
    """What bears it."""
    name = TRACKS[mark.of]
    return f"the {name}" if mark.sound is None else f"{name} {mark.sound}"


def of_changed(manifest: Manifest, named: Sequence[Mark], strangers: Sequence[Mark]) -> str:
    """The manifest in the file was signed for other bytes: which marks it names, and which not."""
    if strangers:
        said = "; ".join(stranger(manifest, mark) for mark in strangers)
        return f"The Content Credentials in this file are not of all that is in it: {said}."
    if named:
        tracks = " and the ".join(TRACKS[of] for of in TRACKS if any(m.of == of for m in named))
        verb = "carries" if tracks == TRACKS["sound"] else "carry"
        return (
            "The file was changed after its Content Credentials were signed. The "
            f"{tracks} still {verb} the watermark that they name, but what else changed is not "
            "known."
        )
    return (
        "The file was changed after its Content Credentials were signed. No watermark that they "
        "name was read in it, so how much of it changed is not known."
    )


def stranger(manifest: Manifest, mark: Mark) -> str:
    """A mark that is not the one that the manifest names, and whose it is."""
    verb = "carry" if mark.of == "video" else "carries"
    named = sorted(comparing.payloads(manifest, mark.of))
    instead = f"they name {named[0]:016x}" if named else "they name none"
    return (
        f"{track(mark)} {verb} the watermark {mark.payload:016x}, {owner(mark)}, and {instead} "
        "there"
    )


def owner(mark: Mark) -> str:
    """Whose watermark it is.

    As the registry and the manifest in it say; the title is the signer's.
    """
    if mark.entry is None:
        return "which this registry does not know"
    if mark.manifest is None:
        return "whose manifest in the registry does not hold"
    signer = mark.manifest.claim_signer
    whose = f"that of {titled(mark.entry)}"
    return whose if signer is None else f"{whose} (signed by {signer})"


def titled(entry: Entry) -> str:
    """The file of an entry, by its title."""
    return _quoted(entry.record.title)


def given(tie: Tie) -> str:
    """Who has the manifest, and of what it is."""
    if tie.entry is None:
        return (
            f"The resolution service {tie.host} gave the Content Credentials (a C2PA manifest) of "
            f"{_quoted(tie.manifest.title)}."
        )
    return f"{evidence.HELD} {titled(tie.entry)}."


def _quoted(title: str | None) -> str:
    return "a file without a title" if title is None else f"“{title}”"


def _there(tie: Tie) -> str:
    if tie.entry is None:
        return f"that the resolution service {tie.host} gave"
    return "in the registry"


def of_proof(tie: Tie) -> str:
    """Its watermarks or fingerprints led to a manifest that is shown to be of it."""
    shown = [*_pictures_shown(tie), *_sound_shown(tie)]
    sentences = [
        f"The file itself proves nothing, but {ways(tie)} led to Content Credentials "
        f"{_there(tie)}, and what was signed there shows this file: {'; '.join(shown)}. Details "
        "may have been changed since."
    ]
    if tie.sound is Standing.UNSIGNED:
        sentences.append("Of its sound nothing was signed.")
    return " ".join(sentences)


def of_lead(tie: Tie) -> str:
    """They led to one that is not shown to be of all of it."""
    shown = [*_pictures_shown(tie), *_sound_shown(tie)]
    open_ = [
        name
        for name, standing in (("its pictures", tie.pictures), ("its sound", tie.sound))
        if standing is Standing.OPEN
    ]
    so_far = f" What was signed there shows this much: {'; '.join(shown)}." if shown else ""
    return (
        f"The file itself proves nothing, but {ways(tie)} led to Content Credentials "
        f"{_there(tie)}.{so_far} That is a lead and no proof: nothing signed there shows that "
        f"they are of all of this file, and {' and '.join(open_)} may be of something else, in "
        "part or as a whole."
    )


def ways(tie: Tie) -> str:
    """By what the manifest was found."""
    marked = [TRACKS[of] for of in TRACKS if tie.named(of)]
    by = [f"the watermark in its {' and '.join(marked)}"] if marked else []
    if tie.entry is None and not marked:
        signed = [TRACKS[of] for of in TRACKS if tie.is_signed(of)]
        by.append(f"the fingerprint of its {' and '.join(signed)}")
    if tie.match is not None:
        alike = [TRACKS[of] for of in TRACKS if getattr(tie.match, of) is not None]
        by.append(f"the fingerprint of its {' and '.join(alike)}")
    return ", and ".join(by)


def _pictures_shown(tie: Tie) -> list[str]:
    if tie.pictures is not Standing.SHOWN:
        return []
    shown = []
    if tie.likeness is not None and tie.likeness.convincing:
        shown.append("the thumbnail is of its beginning")
    if tie.picture_share is not None and tie.match is not None and tie.match.video is not None:
        shown.append(
            f"{tie.picture_share:.0%} of the seconds of its pictures that were looked at are like "
            "some of which the fingerprint was signed, from "
            f"{clock(max(0.0, tie.match.video.at_seconds))} on"
        )
    if tie.entry is None and tie.is_signed("video"):
        shown.append("the fingerprint of its pictures is the signed one")
    return shown


def _sound_shown(tie: Tie) -> list[str]:
    if tie.sound is not Standing.SHOWN:
        return []
    sounds = range(len(tie.content.sounds))
    return [
        _sound_shown_of(tie, number, f"sound {number + 1}" if len(sounds) > 1 else "sound")
        for number in sounds
        if tie.sound_of(number) is Standing.SHOWN
    ]


def _sound_shown_of(tie: Tie, number: int, name: str) -> str:
    match, share = tie.sound_match(number), tie.sound_share(number) or 0
    if tie.entry is None and share:
        return f"the fingerprint of its {name} is the signed one"
    if match is not None and share >= MIN_SOUND_SHARE:
        return (
            f"{share:.0%} of its {name} is like that of which the fingerprint was signed, "
            f"from {clock(match.at_seconds)} on"
        )
    return f"{tie.marked_share(number):.0%} of its {name} carries the watermark that they name"


def clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock(83.4)
    '1:23'
    """
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
