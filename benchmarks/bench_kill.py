"""Kill a run with SIGKILL at a random moment, all its processes at once, and run it again: what is lost?

Run: python benchmarks/bench_kill.py [--rounds 20] [--patients 8] [--seed 1] [--jobs 2]

After each kill: every entry that the cache holds is read by the next run and not made again (its file stays the one it
was), so that only the patients that were being worked on are lost; the results are the bytes of a run that nobody
killed, and neither drafts of results nor folders of processes stay. Exit code 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from oncourse.disk.store import entries

#: Enough analyses for a run in processes; clones are what is derived per patient.
ONLY = ("overview", "survival", "sites", "evolution")


def command(place: Path, cache: Path, jobs: int) -> list[str]:
    chosen = [word for name in ONLY for word in ("--only", name)]
    run = [sys.executable, "-m", "oncourse.cli.main", "run", place / "study", "--out", place / "results"]
    return [*map(str, run), "--cache", str(cache), "--jobs", str(jobs), *chosen]


def started(words: list[str], temporary: Path) -> subprocess.Popen[bytes]:
    env = os.environ | {"TMPDIR": str(temporary)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, stdout=quiet, stderr=quiet, start_new_session=True, env=env)


def whole(place: Path, cache: Path, jobs: int, temporary: Path) -> tuple[dict[str, bytes], float]:
    """Run to the end: the bytes of every file but the one with the time, and the seconds it took."""
    start = time.monotonic()
    code = started(command(place, cache, jobs), temporary).wait()
    if code:
        raise SystemExit(f"the run ended with code {code}")
    files = [f for f in sorted((place / "results").rglob("*")) if f.is_file() and f.name != "provenance.json"]
    return {f.relative_to(place).as_posix(): f.read_bytes() for f in files}, time.monotonic() - start


def kept(cache: Path) -> dict[str, int]:
    """Name -> number of the file of every entry; one that is made again gets another number."""
    return {f.name: f.stat().st_ino for f in entries(cache) if not f.name.startswith(".")}


def one_round(place: Path, cache: Path, jobs: int, after: float, expected: dict[str, bytes]) -> tuple[int, list[str]]:
    """Kill a run after so many seconds, run it again; return the entries kept and what did not hold."""
    temporary = Path(tempfile.mkdtemp(prefix="tmp-", dir=place))
    run = started(command(place, cache, jobs), temporary)
    time.sleep(after)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = kept(cache)
    found, _ = whole(place, cache, jobs, temporary)
    now = kept(cache)
    wrong = [f"{name} differs" for name in expected if found.get(name) != expected[name]][:5]
    wrong += ["other files"] * (found.keys() != expected.keys())
    wrong += [f"entry {name[:12]} was made again" for name, number in before.items() if now.get(name) != number]
    left = [*temporary.glob("oncourse-run-*"), *place.glob(".results.oncourse-draft-*")]
    return len(before), wrong + [f"{path.name} is left" for path in left]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("rounds", 20), ("patients", 8), ("seed", 1), ("jobs", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="oncourse-kill-"))
    random = np.random.default_rng(asked.seed)
    simulate = ["simulate", str(place / "study"), "--design", "crc", "--patients", str(asked.patients)]
    subprocess.run([sys.executable, "-m", "oncourse.cli.main", *simulate], check=True, stdout=subprocess.DEVNULL)
    expected, seconds = whole(place, place / "cache", asked.jobs, place)
    total, bad = len(kept(place / "cache")), 0
    for number in range(1, asked.rounds + 1):
        cache = place / f"cache{number}"
        shutil.rmtree(place / "results")
        after = float(random.uniform(0, seconds))
        n, wrong = one_round(place, cache, asked.jobs, after, expected)
        bad += bool(wrong)
        said = "; ".join(wrong) or "same bytes, none made again, nothing left"
        print(
            f"round {number}: killed after {after:.1f} of {seconds:.1f} s, {n} of {total} entries kept: {said}",
            flush=True,
        )
    shutil.rmtree(place)
    print(f"{asked.rounds - bad} of {asked.rounds} rounds hold")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
