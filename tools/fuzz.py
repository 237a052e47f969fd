"""Break valid inputs at random, structure by structure, and see that every command says it in words.

    python tools/fuzz.py --n 10000 --seed 1 --jobs 2 --out faults.tsv

Bases: simulated studies of both designs and a small input of every format that `oncourse import` reads
(`fuzz_bases.py`), a model card, results of a run. A mutant is a base with one to three faults (`fuzz_faults.py`; of a
study also those of `fuzz_study.py`). Study folders go through `oncourse check` (every eighth through `oncourse run`, every
third of the others through an export, a page, a figure or a run of one analysis), cards through `predict`, results through
`verify`, `paper` and `figure`, the others through `import`. What must hold of each, and is counted where it does not:

* exit code 0, 1 or 2; no traceback, no fault of oncourse;
* at most ten seconds of the processor (thirty where it is run);
* nothing half: where a command fails, its output folder is not there, and no draft is left beside it;
* nothing foreign: the input's bytes and the files beside it are what they were;
* no mark-up of the input in a page;
* `run` refuses what `check` refuses.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fuzz_bases
import fuzz_study
from fuzz_faults import MARKUP, mutate

ONLY = ["overview", "landscape", "ras_status", "recurrence", "therapy", "monitoring", "endpoints"]
#: What the base of results answers: it is verified, drawn from and written up, not answered anew.
ANSWERED = ["overview", "landscape", "monitoring"]
LIGHT = ["--no-cache", "--jobs", "1"]
SECONDS = 10.0


class Hang(BaseException):
    """The time of a command is up. No error that a command could take for one of the system, as TimeoutError is."""


#: Exit code where a base is refused before anybody broke it.
UNSOUND = 3
#: After so many seconds at one mutant a worker is ended from outside (the making of the bases included).
HANGS = 300.0


def make_bases(folder: Path) -> dict[str, str]:
    """Write one folder per base; return name -> study, or its format. A base that is not sound ends all."""
    kinds = {}
    for design in ("crc", "mcrpc"):
        _quiet(["simulate", str(folder / design), "--design", design, "--patients", "4", "--seed", "3"])
        kinds[design] = "study"
    _quiet(["export", str(folder / "crc"), "--format", "cbioportal", "--out", str(folder / "cbioportal")])
    (folder / "maf").mkdir()
    shutil.copy2(folder / "cbioportal" / "data_mutations.txt", folder / "maf" / "calls.maf")
    _quiet(["export", str(folder / "mcrpc"), "--format", "phenopackets", "--out", str(folder / "phenopackets")])
    fuzz_study.write_card(folder / "card")
    _quiet(["run", str(folder / "crc"), "--out", str(folder / "results"), *LIGHT, *_only(ANSWERED)])
    for name in ("cbioportal", "maf", "phenopackets", "card", "results"):
        kinds[name] = name
    kinds |= fuzz_bases.write(folder)
    for name, kind in kinds.items():
        code, said = _quiet(_command(folder / name, kind, folder / f"sound {name}", folder / "crc", random.Random(1)))
        if code:
            print(f"the unbroken base {name} is refused: {said}")
            sys.exit(UNSOUND)
    return kinds


def _command(source: Path, kind: str, out: Path, sound: Path, chance: random.Random) -> list[str]:
    """What is asked of a mutant first; `sound` is a study that nobody broke."""
    if kind == "study":
        return ["check", str(source)]
    if kind == "card":
        return ["predict", str(source / "model.json"), str(sound), "--out", str(out)]
    if kind == "results":
        return fuzz_study.of_results(source, out, chance)
    files = sorted(fuzz_bases.FILES.get(kind, ()))
    return ["import", kind, str(source / files[0] if len(files) == 1 else source), str(out)]


def _quiet(arguments: list[str]) -> tuple[int, str]:
    """Exit code and all that was said by one command, in this process."""
    from oncourse.cli.main import main

    said, old = io.StringIO(), sys.argv
    sys.argv = ["oncourse", *arguments]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
    finally:
        sys.argv = old
    return code, said.getvalue()


def state(folder: Path) -> str:
    """A digest of every name and byte under a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_symlink():
            digest.update(os.readlink(path).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _only(names: list[str]) -> list[str]:
    return [word for name in names for word in ("--only", name)]


def broken(folder: Path, kind: str, chance: random.Random) -> str:
    """Put one fault into the mutant; returns what was done."""
    knowing = (
        chance.choice([fuzz_study.limits, fuzz_study.settings]) if kind == "study" and chance.random() < 0.4 else None
    )
    return (knowing and knowing(folder, chance)) or mutate(folder, chance)


def faults_of(folder: Path, kind: str, sound: Path, deep: bool, chance: random.Random) -> Iterator[str]:
    """What does not hold of one mutant in `folder`/in; its commands may write `folder`/out."""
    source, out = folder / "in", folder / "out"
    before = state(source)
    commands = [_command(source, kind, out, sound, chance)]
    if kind == "study" and not deep and chance.random() < 1 / 3:
        commands.append(fuzz_study.further(source, out, chance))
        deep = commands[-1][0] in ("run", "figure", "patient")
    elif kind == "study" and deep:
        commands.append(["run", str(source), "--out", str(out), *LIGHT, *_only(ONLY)])
    codes = []
    for command in commands:
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 3 * SECONDS)
        try:
            code, said = _quiet(command)
        except Hang:
            yield f"{command[0]}: hangs"
            return
        except BaseException as error:
            yield f"{command[0]}: {type(error).__name__} came through"
            return
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        codes.append(code)
        if "Traceback" in said or "fault of oncourse" in said:
            yield f"{command[0]}: fault: {_last_fault()}"
        elif code not in (0, 1, 2):
            yield f"{command[0]}: exit code {code}"
        if "\x1b[31m" in said:
            yield f"{command[0]}: escape on the terminal"
        if (took := time.process_time() - begun) > SECONDS and not deep:
            yield f"{command[0]}: {took:.0f} s"
    beside = sorted(p.name for p in folder.iterdir())
    if codes[-1] == 2 and "out" in beside:
        yield f"{commands[-1][0]}: refused and written"
    written = {"out", "out.xlsx", "out.svg", "out.files.tsv"}  # the last is the question whose each column is
    if left := set(beside) - {"in", *written}:
        yield f"left beside: {sorted(left)}"
    if state(source) != before:
        yield "the input was changed"
    ran = commands[-1][0] == "run"  # an export asks for no settings
    if ran and codes[0] != 0 and codes[-1] == 0:
        yield "run accepts what check refuses"
    if ran and codes[0] == 0 and codes[-1] == 2:
        yield "run refuses what check accepts"
    if out.is_dir() and any(MARKUP in p.read_text("utf-8", "replace") for p in out.rglob("*.html")):
        yield "mark-up of the input in a page"


def _last_fault() -> str:
    log = Path(os.environ["XDG_STATE_HOME"]) / "oncourse" / "error.log"
    lines = [line for line in log.read_text("utf-8").splitlines() if line.strip()] if log.exists() else ["?"]
    where = [line.strip() for line in lines if "oncourse" in line and line.strip().startswith("File")]
    return f"{lines[-1][:120]} {where[-1].rsplit('oncourse/', 1)[-1] if where else ''}"


def work(numbers: range, seed: int, out: Path) -> None:
    """All mutants of `numbers`, one after the other; faults are written as they are found, and the number at work."""

    def too_long(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, too_long)
    with tempfile.TemporaryDirectory() as temporary, out.open("a", encoding="utf-8") as found:
        os.environ["XDG_STATE_HOME"] = str(Path(temporary) / "state")
        bases = Path(temporary) / "bases"
        bases.mkdir()
        kinds = make_bases(bases)
        for number in numbers:
            at_work(out).write_text(str(number), "utf-8")
            chance = random.Random(f"{seed} {number}")
            base = chance.choice(sorted(kinds))
            folder = Path(temporary) / "mutant"
            folder.mkdir()
            shutil.copytree(bases / base, folder / "in")
            kind = kinds[base]
            done = [broken(folder / "in", kind, chance) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
            for fault in faults_of(folder, kind, bases / "crc", number % 8 == 0, chance):
                found.write(f"{number}\t{base}\t{'; '.join(done)}\t{fault}\n")
                found.flush()
            shutil.rmtree(folder)


def at_work(out: Path) -> Path:
    """The file that says which mutant the worker of `out` is at."""
    return out.with_suffix(".now")


def guarded(numbers: range, seed: int, out: Path) -> None:
    """`work` in processes of its own: one that dies, or hangs where Python does not hear, is a fault of its mutant."""
    out.write_text("", "utf-8")
    while numbers:
        at_work(out).write_text(str(numbers[0]), "utf-8")
        words = [f"--share={numbers.start}", f"--n={numbers.stop}", f"--jobs={numbers.step}", f"--seed={seed}"]
        worker = subprocess.Popen([sys.executable, __file__, *words, f"--out={out}"], start_new_session=True)
        while worker.poll() is None and time.time() - at_work(out).stat().st_mtime < HANGS:
            time.sleep(0.2)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        if not (code := worker.wait()):
            break
        if code == UNSOUND:
            sys.exit(UNSOUND)
        number = int(at_work(out).read_text("utf-8"))
        with out.open("a", encoding="utf-8") as found:
            found.write(f"{number}\t?\t?\tthe process ended ({code})\n")
        numbers = numbers[numbers.index(number) + 1 :]
    at_work(out).unlink(missing_ok=True)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--n", type=int, default=300)
    ask.add_argument("--first", type=int, default=0, help="number of the first mutant")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--jobs", type=int, default=1)
    ask.add_argument("--out", type=Path, default=Path("faults.tsv"))
    ask.add_argument("--share", type=int, default=None, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.share is not None:
        work(range(given.share, given.n, given.jobs), given.seed, given.out)
        return
    begun = time.monotonic()
    parts = [given.out.with_suffix(f".{k}.part") for k in range(given.jobs)]
    shares = [range(given.first + k, given.first + given.n, given.jobs) for k in range(given.jobs)]
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda part, share: guarded(share, given.seed, part), parts, shares))
    given.out.write_text("".join(part.read_text("utf-8") for part in parts), "utf-8")
    for part in parts:
        part.unlink()
    faults = given.out.read_text("utf-8").splitlines()
    minutes = (time.monotonic() - begun) / 60
    n_bad = len({line.split("\t")[0] for line in faults})
    print(f"{given.n} mutants, {n_bad} with a fault; {given.n / minutes:.0f} a minute")
    for text, n in Counter(line.split("\t")[3] for line in faults).most_common(30):
        print(f"{n}\t{text}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
