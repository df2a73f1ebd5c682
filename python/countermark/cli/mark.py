"""`countermark mark`: mark pictures, movies and sounds, one file or whole folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from countermark import keys, stamping
from countermark.cli import output
from countermark.cli import record as options
from countermark.cli.comply import profiles
from countermark.cli.home import secrets
from countermark.credentials import Signer, TimeStamper
from countermark.errors import CountermarkError, DestinationNotWritable
from countermark.labels.profiles import NAMES, Profile
from countermark.marking import Marked, is_marked
from countermark.marking import mark as mark_file
from countermark.marking.kinds import ENDINGS
from countermark.record import Record
from countermark.registry import Registry
from countermark.report import notice_lines
from countermark.watermark import Strength


def mark(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Pictures, movies, sounds, or folders of them."),
    ],
    out: Annotated[
        Path,
        typer.Option(help="The file to write, or for several files the folder."),
    ],
    record: options.RecordFile = None,
    source: options.Source = None,
    creator: options.Creator = None,
    title: options.Title = None,
    producer: options.ProducerName = None,
    producer_code: options.ProducerCode = None,
    system: options.SystemName = None,
    system_version: options.SystemVersion = None,
    service_class: options.Service = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help=f"Whose duties are to be met: {', '.join(NAMES)}."),
    ] = None,
    strength: Annotated[
        Strength, typer.Option(help="How much the watermark survives, and how little it shows.")
    ] = Strength.BALANCED,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line and file.")
    ] = False,
) -> None:
    """Put an invisible watermark and a signed manifest into copies of pictures, movies and sounds.

    The key and the registry are those of the home folder (countermark init), unless its
    signer.toml names another key. An encrypted key is opened with COUNTERMARK_PASSPHRASE, a token
    with COUNTERMARK_PIN. Formats, EXIF, colour profiles and the tree of folders
    are kept. A file whose destination is newer, as it was marked, and in the registry is
    skipped, so the command can be repeated. A bad file does not stop the others. Time stamps are
    asked of the home folder's servers (countermark keys timestamps), if it names some. What is
    known of the content (countermark features) is said, or refused. With --profile, pictures get
    the labels that these jurisdictions demand, and are refused if they lack anything else.

    Of movies (MP4, MOV) every frame and the sound are marked and encoded again in their own codecs;
    subtitles, chapters and all times stay. Sounds (WAV, FLAC, MP3, M4A) keep their codec and tags.

    For example:

        countermark mark photo.jpg --out marked.jpg --creator "Ada Example"
        countermark mark photos/ --out marked/
        countermark mark clip.mp4 --out marked.mp4 --source ai-generated
        countermark mark speech.wav --out marked.wav --source ai-generated
        countermark mark art.png --out art.png --source ai-generated --system "Example Model"
        countermark mark art.png --out art.png --record record.json --profile cn,eu
    """
    stated = options.stated(
        record,
        source=source,
        creator=creator,
        title=title,
        producer=producer,
        producer_code=producer_code,
        system=system,
        system_version=system_version,
        service_class=service_class,
    )
    demanded = profiles(profile)
    home = keys.open_home()
    next_signer = keys.open_signer(home, secrets())
    time_stamper = stamping.time_stamper(home)
    jobs = _jobs(paths, out)
    counts = {"marked": 0, "skipped": 0, "failed": 0}
    with Registry.open(home.registry_path) as registry:
        for path, destination in output.progress(jobs, "Marking"):
            try:
                marked = _mark_one(
                    path,
                    destination,
                    stated,
                    next_signer,
                    registry,
                    strength,
                    time_stamper,
                    demanded,
                )
                if marked is not None and time_stamper is not None:
                    stamping.settle(home, destination, marked.unstamped)
            except CountermarkError as error:
                counts["failed"] += 1
                output.complain(f"{path}: {error}")
                if as_json:
                    _show_json(path, status="failed", error=str(error))
                continue
            status = "skipped" if marked is None else "marked"
            counts[status] += 1
            if as_json:
                _show_json(path, status=status, destination=str(destination), **_members(marked))
            else:
                typer.echo(f"{path} -> {destination}{_remark(marked)}")
                for line in () if marked is None else _lines(marked):
                    typer.echo(f"  {line}")
    if len(jobs) > 1:
        output.complain(", ".join(f"{number} {status}" for status, number in counts.items()))
    raise typer.Exit(output.FAILURE if counts["failed"] else output.GOOD)


def _jobs(paths: list[Path], out: Path) -> list[tuple[Path, Path]]:
    """Each file and where it goes: below `out` by its place in the folder that was named."""
    if len(paths) == 1 and not paths[0].is_dir() and not out.is_dir():
        return [(paths[0], out)]
    jobs: list[tuple[Path, Path]] = []
    for path in paths:
        if not path.is_dir():
            jobs.append((path, out / path.name))
            continue
        others = None if out.resolve() == path.resolve() else out
        inside = output.files_in(path, ENDINGS, "pictures, movies or sounds", except_in=others)
        jobs += ((found, out / found.relative_to(path)) for found in inside)
    _check_distinct(jobs)
    return jobs


def _check_distinct(jobs: list[tuple[Path, Path]]) -> None:
    taken: dict[Path, Path] = {}
    for path, destination in jobs:
        if destination in taken:
            raise DestinationNotWritable(
                f"{str(taken[destination])!r} and {str(path)!r} would both become "
                f"{str(destination)!r}.",
                remedy="Mark them with different folders as --out.",
            )
        taken[destination] = path


def _mark_one(
    path: Path,
    destination: Path,
    record: Record,
    next_signer: Callable[[], Signer],
    registry: Registry,
    strength: Strength,
    time_stamper: TimeStamper | None,
    profiles: tuple[Profile, ...],
) -> Marked | None:
    """None when it was done before."""
    if _is_newer(destination, path) and is_marked(destination, registry):
        return None
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DestinationNotWritable(
            f"The folder {str(destination.parent)!r} cannot be made ({error.strerror}).",
            remedy="Check its path and the rights.",
        ) from error
    with output.frames(path.name) as count:
        return mark_file(
            path,
            destination,
            record=record,
            signer=next_signer(),
            registry=registry,
            strength=strength,
            time_stamper=time_stamper,
            profiles=profiles,
            progress=count,
        )


def _is_newer(destination: Path, source: Path) -> bool:
    try:
        return destination.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False


def _remark(marked: Marked | None) -> str:
    if marked is None:
        return " (done before)"
    return f" ({output.QUEUED})" if marked.unstamped else ""


def _lines(marked: Marked) -> Iterator[str]:
    """What is known of the content; of a movie, what it cost, and of its sound what was copied."""
    for notice in marked.notices:
        yield from notice_lines(notice)
    if (video := marked.video) is None:
        return
    rate = video.frames / max(video.pixel_seconds, 1e-9)
    yield (
        f"{video.frames} frames, {rate:.0f} a second of pixel work ({video.pixel_seconds:.1f} s); "
        f"decoding and encoding {video.coding_seconds:.1f} s of processor time"
    )
    for sound in video.sounds:
        if sound.reason is not None:
            yield f"Sound {sound.track + 1} ({sound.codec}) is copied unmarked: {sound.reason}"


def _members(marked: Marked | None) -> dict[str, object]:
    if marked is None:
        return {}
    return {
        "payload": f"{marked.payload:016x}",
        "manifest_sha256": marked.manifest_sha256,
        "waits_for_time_stamp": marked.unstamped is not None,
        "notices": [notice.members() for notice in marked.notices],
        **({} if marked.video is None else {"video": asdict(marked.video)}),
    }


def _show_json(path: Path, **members: object) -> None:
    typer.echo(json.dumps({"file": str(path), **members}))
