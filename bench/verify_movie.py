"""What it takes to verify a movie of ten minutes, from the start of the program to its answer.

    python -m bench.verify_movie > bench/results/verify_movie.md

Needs the program ffmpeg and PyAV. The movies are 64 seconds that are repeated, 1280 x 720 at 25
frames a second, H.264 at CRF 23, with AAC at 128 kbit/s: the clips of the folder
COUNTERMARK_CORPUS, as they are, mirrored and turned back; without that folder, pictures and tones
that ffmpeg makes. The registry holds sounds and movies that are none of them. 64 seconds, for after
so long the schedule of the watermark begins anew.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import corpus
from bench.machine import provenance

CYCLE, LENGTH = 64, 600
AT_MOST = 5.0
PROGRAM = [sys.executable, "-m", "countermark"]

FIT = (
    "scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,"
    "fps=25,format=yuv420p,setsar=1"
)
TURNS = ("null", "hflip", "reverse")
STEREO = "aresample=48000,aformat=channel_layouts=stereo:sample_fmts=fltp"
MADE_PICTURES = ("mandelbrot=s=1280x720:r=25", "testsrc2=s=1280x720:r=25")
MADE_SOUNDS = (
    "aevalsrc=0.2*sin(880*t*(2+mod(floor(4*t)\\,7)))+0.1*sin(330*t*(3+mod(floor(3*t)\\,5))):s=48000",
    "anoisesrc=color=pink:amplitude=0.2:sample_rate=48000:seed=1",
)


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def joined(inputs: list[list[str]], filters: list[str], kind: str, out: Path, coding: str) -> None:
    """The inputs, each through its filters, one after the other until `CYCLE` is full."""
    graph = [f"[{n}:{kind}]{each}[p{n}]" for n, each in enumerate(filters)]
    ends = "".join(f"[p{n}]" for n in range(len(filters)))
    graph.append(f"{ends}concat=n={len(filters)}:v={int(kind == 'v')}:a={int(kind == 'a')}[out]")
    files = [word for each in inputs for word in each]
    mapped = ("-filter_complex", ";".join(graph), "-map", "[out]", "-t", CYCLE)
    ffmpeg(*files, *mapped, *coding.split(), out)


def cycle(folder: Path) -> Path:
    """64 seconds of pictures and sound."""
    pictures, sound, whole = (folder / name for name in ("p.mp4", "s.wav", "cycle.mp4"))
    if corpus.CORPUS.is_dir():
        clips = [["-i", str(path)] for path in corpus.files("video/*.mp4")]
        sounds = [["-i", str(path)] for path in corpus.files("audio/*.flac")]
    else:
        made = ["-f", "lavfi", "-t", "11", "-i"]
        clips = [[*made, each] for each in MADE_PICTURES]
        sounds = [[*made, each] for each in MADE_SOUNDS * 3]
    shown = [(clip, f"{turn},{FIT}") for turn in TURNS for clip in clips]
    coding = "-c:v libx264 -crf 23"
    joined([clip for clip, _ in shown], [how for _, how in shown], "v", pictures, coding)
    joined(sounds, [STEREO] * len(sounds), "a", sound, "-c:a pcm_s16le")
    ffmpeg("-i", pictures, "-i", sound, "-c:v", "copy", "-c:a", "aac", "-b:a", "128k", whole)
    return whole


def repeated(path: Path, out: Path, *options: str) -> Path:
    """Ten minutes of it, as it is coded, and without a manifest."""
    ffmpeg("-stream_loop", -1, "-i", path, "-t", LENGTH, "-c", "copy", *options, out)
    return out


def others(folder: Path) -> list[Path]:
    """Sounds and movies of 12 seconds that are like nothing in the movies."""
    found = []
    for number, source in enumerate(("life=s=640x360:mold=10:r=25", "cellauto=s=640x360:r=25")):
        movie, sound = folder / f"other{number}.mp4", folder / f"other{number}.wav"
        tones = f"aevalsrc=0.3*sin(500*t*(5+mod(floor({number + 3}*t)\\,11))):s=48000"
        made = ("-f", "lavfi", "-t", 12, "-i")
        ffmpeg(*made, source, *made, tones, "-pix_fmt", "yuv420p", "-shortest", movie)
        ffmpeg(*made, tones, sound)
        found += [movie, sound]
    return found


def run(*arguments: object) -> None:
    subprocess.run([*PROGRAM, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def measured(*arguments: object) -> tuple[float, float, float, str]:
    """Seconds on the clock and of the processor, megabytes at the peak, and the first line."""
    began = time.perf_counter()
    done = subprocess.Popen([*PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    assert done.stdout is not None
    said = done.stdout.read().partition(":")[0].strip()
    _, _, used = os.wait4(done.pid, 0)
    wall = time.perf_counter() - began
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said


def row(name: str, *arguments: object, rounds: int) -> None:
    """The fastest of some runs, on the clock."""
    wall, processor, peak, said = min(measured(*arguments) for _ in range(rounds))
    kept = "yes" if wall <= AT_MOST else "**no**"
    print(f"| {name} | {said} | {wall:.1f} | {kept} | {processor:.1f} | {peak:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["COUNTERMARK_HOME"] = str(folder / "home")
        # Compiled once, as what was installed is.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        run("init")
        for other in others(folder):
            run("mark", other, "--out", folder / f"marked-{other.name}", "--source", "algorithmic")
        plain = cycle(folder)
        print("# Movies of ten minutes, verified\n")
        print(provenance())
        print(f"\nThe fastest of {rounds} runs, the start of the program among it.\n")
        print("| movie | verdict | seconds | at most 5 | of the processor | memory, MB |")
        print("|---|---|---:|---|---:|---:|", flush=True)
        both(plain, "unmarked", rounds)
        alone = repeated(plain, folder / "sound.m4a", "-vn")
        row("unmarked, the sound alone", "verify", alone, rounds=rounds)
        marked = folder / "marked.mp4"
        run("mark", plain, "--out", marked, "--source", "captured")
        both(marked, "marked", rounds)
        row("no file: the version", "--version", rounds=rounds)


def both(path: Path, kind: str, rounds: int) -> None:
    """With and without its sound."""
    for sound, options in (("with sound", ()), ("without sound", ("-an",))):
        movie = repeated(path, path.with_name("movie.mp4"), *options)
        row(f"{kind}, {sound}", "verify", movie, rounds=rounds)


if __name__ == "__main__":
    main()
