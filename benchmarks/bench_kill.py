"""Kill a run with SIGKILL at a random moment, all its processes at once, and run it again: what is lost?

Run: python benchmarks/bench_kill.py [--rounds 20] [--patients 8] [--seed 1] [--jobs 2] [--light]

A run with another seed stands at the place before. After each kill that older result or the newer one is there, whole,
and a note of the user's in it is too; every entry that the cache holds is read by the next run and not made again (its
file stays the one it was), so that only the patients that were being worked on are lost; the results are the bytes of a
run that nobody killed, and neither drafts of results, locks nor folders of processes stay. Every other kill waits until
the results are being written; `--light` runs one analysis without pages of patients, for many kills. Each run is
forked from one process that has imported everything and computed nothing.
Exit code 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oncourse.disk.store import entries

#: Enough analyses for a run in processes; clones are what is derived per patient.
ONLY = ("overview", "survival", "sites", "evolution")
LIGHT = ("--only", "overview", "--patients", "none", "--workbook", "no")
NOTE = "note of the user.txt"
#: Files with the time of their run.
TIMED = ("provenance.json",)


def start(words: list[str], temporary: Path) -> int:
    """Process number of a command that has begun, in a session of its own."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
            from oncourse.cli.main import main

            sys.argv = ["oncourse", *words]
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        finally:
            os._exit(code)
    return child


@dataclass
class Place:
    """Where the runs write: study and results inside `folder`; in how many processes they work, and on what."""

    folder: Path
    jobs: int
    chosen: tuple[str, ...]

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def start(self, cache: Path, temporary: Path, seed: int = 1) -> int:
        """Process number of a run that has begun, in a session of its own."""
        words = ["run", str(self.folder / "study"), "--out", str(self.results), "--cache", str(cache)]
        words += ["--jobs", str(self.jobs), "--seed", str(seed), *self.chosen]
        return start(words, temporary)

    def files(self) -> dict[str, bytes]:
        """The bytes of every file of the results but those with a time and the user's note."""
        found = [f for f in sorted(self.results.rglob("*")) if f.is_file() and f.name not in (*TIMED, NOTE)]
        return {f.relative_to(self.results).as_posix(): f.read_bytes() for f in found}

    def whole(self, cache: Path, temporary: Path, seed: int = 1) -> float:
        """Run to the end; the seconds it took."""
        start = time.monotonic()
        _, status = os.waitpid(self.start(cache, temporary, seed), 0)
        if code := os.waitstatus_to_exitcode(status):
            raise SystemExit(f"the run ended with code {code}")
        return time.monotonic() - start

    def drafts(self) -> list[Path]:
        return [*self.folder.glob(".results.oncourse-*")]

    def writing(self) -> bool:
        """Whether a draft holds something by now."""
        with contextlib.suppress(OSError):
            return any(len(os.listdir(d)) > 1 for d in self.folder.glob(".results.oncourse-draft-*"))
        return False


def kept(cache: Path) -> dict[str, int]:
    """Name -> number of the file of every entry; one that is made again gets another number."""
    return {f.name: f.stat().st_ino for f in entries(cache) if not f.name.startswith(".")}


def ended(child: int, after: float) -> bool:
    """Wait so many seconds; whether the run ended by itself meanwhile."""
    end = time.monotonic() + after
    while time.monotonic() < end:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        time.sleep(0.001)
    return False


def killed(place: Place, cache: Path, temporary: Path, after: float, late: bool) -> str:
    """Kill a run after so many seconds, counted from its first written file if `late`; returns when it died."""
    child = place.start(cache, temporary)
    done = False
    while late and not done and not place.writing():
        done = ended(child, 0.002)
    done = done or ended(child, after)
    when = "at its end" if done else "while writing" if place.writing() else "while computing"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return when


def one_round(
    place: Place, before: Path, after: float, late: bool, known: tuple[dict[str, bytes], dict[str, bytes]]
) -> tuple[str, int, list[str]]:
    """Old results, a killed run, a whole one: when it died, the entries kept and what did not hold."""
    old, new = known
    shutil.rmtree(place.results, ignore_errors=True)
    shutil.copytree(before, place.results)
    (place.results / NOTE).write_text("mine", "utf-8")
    temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=place.folder))
    cache = temporary / "cache"
    when = killed(place, cache, temporary, after, late)
    entries_then = kept(cache)
    wrong = ["neither the old nor the new results stand there"] * (place.files() not in (old, new))
    place.whole(cache, temporary)
    now, found = kept(cache), place.files()
    wrong += [f"{name} differs" for name in new if found.get(name) != new[name]][:5]
    wrong += ["other files"] * (found.keys() != new.keys())
    wrong += ["the note is gone"] * (not (place.results / NOTE).exists())
    wrong += [f"entry {name[:12]} was made again" for name, number in entries_then.items() if now.get(name) != number]
    wrong += [f"{path.name} is left" for path in (*temporary.glob("oncourse-run-*"), *place.drafts())]
    shutil.rmtree(temporary)
    return when, len(entries_then), wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("rounds", 20), ("patients", 8), ("seed", 1), ("jobs", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--light", action="store_true")
    asked = parser.parse_args()
    chosen = LIGHT if asked.light else tuple(word for name in ONLY for word in ("--only", name))
    place = Place(Path(tempfile.mkdtemp(prefix="oncourse-kill-")), asked.jobs, chosen)
    random = np.random.default_rng(asked.seed)
    simulate = ["simulate", str(place.folder / "study"), "--design", "crc", "--patients", str(asked.patients)]
    subprocess.run([sys.executable, "-m", "oncourse.cli.main", *simulate], check=True, stdout=subprocess.DEVNULL)
    import oncourse.report.preloaded  # noqa: F401 - imports only, before the first fork

    place.whole(place.folder / "cache2", place.folder, seed=2)
    old = place.files()
    before = place.results.rename(place.folder / "before")
    seconds = place.whole(place.folder / "cache", place.folder)
    new, total, bad = place.files(), len(kept(place.folder / "cache")), 0
    for number in range(1, asked.rounds + 1):
        late = number % 2 == 0
        after = float(random.uniform(0, seconds / (4 if late else 1)))
        when, n, wrong = one_round(place, before, after, late, (old, new))
        bad += bool(wrong)
        said = "; ".join(wrong) or "one whole result, same bytes, none made again, nothing left"
        print(f"round {number}: killed {when}, {n} of {total} entries kept: {said}", flush=True)
    shutil.rmtree(place.folder)
    print(f"{asked.rounds - bad} of {asked.rounds} rounds hold")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
