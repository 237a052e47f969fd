"""Kill `run`, `import`, `patient` and `export` with SIGKILL at random moments: is anything half, or hurt, or left?

Run: python benchmarks/bench_kill_commands.py [--kills 500] [--seed 1] [--patients 3] [--only run --only export]

Each command is forked from one process that has imported everything and computed nothing, and killed with all its
processes; every other kill waits until a draft of its output is there. Beside each output lie files of the user, also
some whose names begin like a draft of another place; where the command may replace its own older output (a results
folder with a note of the user's in it, a page), that stands there before. After each kill the older output or the new
one is there, byte by byte, or none where there was none, and nothing else was touched. After five kills in one place the
next run ends well, its output is that of a run that nobody killed, and neither drafts nor locks nor temporary folders
stay.
Exit code 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench_kill import NOTE, ended, start

#: File of a folder -> its bytes, or where a link leads.
Bytes = dict[str, bytes]
#: Kills of one place, one after the other, before a run that may end.
CHAIN = 5
#: Of the user: beside each output, in names that look like ours.
BESIDE = ("notes.txt", ".hidden", ".mine.oncourse-notes", "oncourse-draft-of-mine.txt", "results.bak/report.html")


@dataclass(frozen=True)
class Command:
    """One way to write: its words after `oncourse`, the name of its output, whether an older one is replaced."""

    name: str
    out: str
    words: Callable[[Path, Path], list[str]]
    replaces: bool = False


def _run(study: Path, out: Path) -> list[str]:
    light = ["--only", "overview", "--patients", "none", "--workbook", "no", "--no-cache", "--jobs", "1"]
    return ["run", str(study), "--out", str(out), *light]


COMMANDS = (
    Command("run", "results", _run, replaces=True),
    Command("run into an empty place", "results", _run),
    Command("import native", "imported", lambda s, o: ["import", "native", str(s), str(o)]),
    Command("import workbook", "imported", lambda s, o: ["import", "workbook", str(s.parent / "book.xlsx"), str(o)]),
    Command("import cbioportal", "imported", lambda s, o: ["import", "cbioportal", str(s.parent / "portal"), str(o)]),
    Command(
        "patient",
        "page.html",
        lambda s, o: ["patient", str(s), "CRC0001", "--no-clones", "--no-cache", "--out", str(o)],
        replaces=True,
    ),
    Command(
        "patient json",
        "page.json",
        lambda s, o: ["patient", str(s), "CRC0002", "--no-clones", "--no-cache", "--out", str(o)],
    ),
    Command("export cbioportal", "portal", lambda s, o: ["export", str(s), "--format", "cbioportal", "--out", str(o)]),
    Command("export workbook", "book.xlsx", lambda s, o: ["export", str(s), "--format", "workbook", "--out", str(o)]),
    Command(
        "export phenopackets", "ga4gh", lambda s, o: ["export", str(s), "--format", "phenopackets", "--out", str(o)]
    ),
)


def whole(words: list[str], temporary: Path) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(start(words, temporary), 0)[1])


def below(place: Path, leave: str = "") -> Bytes:
    """Every entry of a folder (or the one file), but for those of the output `leave`, its drafts and its lock."""
    if place.is_file():
        return {place.name: place.read_bytes()}
    found: Bytes = {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        first = name.split("/")[0]
        if leave and (first == leave or first.startswith(f".{leave}.oncourse-")):
            continue
        found[name] = path.read_bytes() if path.is_file() else b"folder"
    return found


def content(out: Path) -> Bytes | None:
    """What the output holds but the time of its run (the user's note too); None where it is not there."""
    if not out.exists():
        return None
    return {name: data for name, data in below(out).items() if name != "provenance.json"}


class Bench:
    """A study, its other forms, and for each command what a run that nobody killed writes."""

    def __init__(self, folder: Path, patients: int) -> None:
        self.folder, self.study, self.temporary = folder, folder / "in" / "study", folder / "tmp"
        self.temporary.mkdir()
        (folder / "in").mkdir()
        for words in (
            ["simulate", str(self.study), "--design", "crc", "--patients", str(patients)],
            ["export", str(self.study), "--format", "workbook", "--out", str(folder / "in" / "book.xlsx")],
            ["export", str(self.study), "--format", "cbioportal", "--out", str(folder / "in" / "portal")],
        ):
            if code := whole(words, self.temporary):
                raise SystemExit(f"{' '.join(words[:2])} ended with code {code}")
        self.inputs = below(folder / "in")
        self.place = folder / "place"

    def fresh(self, older: Path | None, out: str) -> Path:
        """The place of the output with the user's files and, where there is one, the older output."""
        shutil.rmtree(self.place, ignore_errors=True)
        for name in BESIDE:
            path = self.place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine", "utf-8")
        if older is not None and older.is_dir():
            shutil.copytree(older, self.place / out)
            (self.place / out / NOTE).write_text("mine", "utf-8")
        elif older is not None:
            shutil.copy2(older, self.place / out)
        return self.place / out

    def learned(self, command: Command) -> tuple[Path | None, Bytes, float]:
        """The older output (of another title), what a whole run writes, and its seconds."""
        older = None
        yaml = self.study / "study.yaml"
        if command.replaces:
            text = yaml.read_text("utf-8")
            yaml.write_text(text.replace("title: ", "title: Another ", 1).replace("Another '", "'Another ", 1), "utf-8")
            out = self.fresh(None, command.out)
            if code := whole(command.words(self.study, out), self.temporary):
                raise SystemExit(f"{command.name} ended with code {code}")
            older = out.rename(self.folder / f"older-{command.out}")
            yaml.write_text(text, "utf-8")
        out = self.fresh(older, command.out)
        begun = time.monotonic()
        if code := whole(command.words(self.study, out), self.temporary):
            raise SystemExit(f"{command.name} ended with code {code}")
        seconds, new = time.monotonic() - begun, content(out)
        assert new is not None
        if older is not None and content(older) == new:
            raise SystemExit(f"{command.name}: older and new output are the same; the kills would show nothing")
        return older, new, seconds

    def draft(self, out: Path) -> bool:
        return any(self.place.glob(f".{out.name}.oncourse-[dn]*"))

    def killed(self, command: Command, out: Path, after: float, late: bool) -> str:
        child = start(command.words(self.study, out), self.temporary)
        done = False
        while late and not done and not self.draft(out):
            done = ended(child, 0.001)
        done = done or ended(child, after)
        when = "at its end" if done else "while writing" if self.draft(out) else "before or after writing"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return when

    def chain(
        self, command: Command, known: tuple[Path | None, Bytes], kills: list[float]
    ) -> list[tuple[str, list[str]]]:
        """Kill the command again and again in one place, each time beside what the last one left, then let it end; when
        it died each time, and what did not hold."""
        older, new = known
        out = self.fresh(older, command.out)
        before, old = below(self.place, leave=command.out), content(out)
        said = []
        for turn, after in enumerate(kills):
            when = self.killed(command, out, after, late=turn % 2 == 0)
            now = content(out)
            wrong = ["the output is neither the old nor the new one"] * (now not in (old, new))
            wrong += ["a file of the user beside it was touched"] * (below(self.place, leave=command.out) != before)
            said.append((when, wrong))
            if not command.replaces and now is not None:  # a whole one stands there: it would be refused, rightly
                shutil.rmtree(out) if out.is_dir() else out.unlink()
        code = whole(command.words(self.study, out), self.temporary)
        wrong = [f"the next run ended with code {code}"] * bool(code)
        wrong += ["the next output differs"] * (content(out) != new)
        wrong += ["a file of the user was touched by the next run"] * (below(self.place, leave=command.out) != before)
        left = [p.name for p in (*self.place.glob(f".{command.out}.oncourse-*"), *self.temporary.iterdir())]
        wrong += [f"{name} is left" for name in left]
        wrong += ["an input was touched"] * (below(self.folder / "in") != self.inputs)
        said[-1][1].extend(wrong)
        for path in self.temporary.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("kills", 500), ("patients", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--only", action="append", default=[], help="commands whose name begins so; may be repeated")
    asked = parser.parse_args()
    chosen = [c for c in COMMANDS if not asked.only or c.name.startswith(tuple(asked.only))]
    random = np.random.default_rng(asked.seed)
    import oncourse.io.export.phenopackets
    import oncourse.report.preloaded  # noqa: F401 - imports only, before the first fork

    bench = Bench(Path(tempfile.mkdtemp(prefix="oncourse-kill-")), asked.patients)
    bad, counts = 0, Counter[tuple[str, str]]()
    for number, command in enumerate(chosen):
        older, new, seconds = bench.learned(command)
        rounds = len(range(number, asked.kills, len(chosen)))
        for first in range(0, rounds, CHAIN):
            turns = range(min(CHAIN, rounds - first))
            kills = [float(random.uniform(0, seconds / (4 if turn % 2 == 0 else 1))) for turn in turns]
            for turn, (when, wrong) in enumerate(bench.chain(command, (older, new), kills), first + 1):
                counts[command.name, when] += 1
                bad += bool(wrong)
                if wrong:
                    print(f"{command.name}, kill {turn}, {when}: {'; '.join(wrong)}", flush=True)
        shown = ", ".join(f"{n} {when}" for (name, when), n in sorted(counts.items()) if name == command.name)
        print(f"{command.name}: {rounds} kills ({shown})", flush=True)
    shutil.rmtree(bench.folder)
    print(f"{asked.kills - bad} of {asked.kills} kills hold")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
