"""Faults for `tools/fuzz.py`: cells, columns, rows, places of a document, bytes, settings and whole files go wrong."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

MARKUP = "<script>alert(7)</script>"
CELLS = [
    "",
    "NA",
    "-",
    ".",
    "-1",
    "0",
    "1e309",
    "nan",
    "inf",
    "1,5",
    "1.234,5",
    "35%",
    ">1000",
    "2019",
    "2019-03",
    "2019-13-45",
    "x" * 3000,
    "=1+1",
    "@SUM(A1)",
    MARKUP,
    "../../etc/passwd",
    "\x1b[31mred",
    "é",
    "男",
    "未知",
    "TRUE",
    "\u200b",
    "12:5:A:T",
    "chr1",
    "p.G12D",
    "1/0",
    '"',
    "'",
    ";",
    "a;b",
    "9999999999999999999999",
    "0x10",
    "null",
    "None",
    "[]",
    "{}",
    # numbers that no column holds, and words for none
    "9" * 400,
    "-9223372036854775809",
    "1e400",
    "-0.0",
    "NaN",
    "-inf",
    "#DIV/0!",
    "1.#QNAN",
    "\u0663\u0660\u0660",
    # dates of other calendars, of other countries, and of none
    "\u662d\u548c50\u5e743\u67081\u65e5",
    "\u6c11\u56fd113\u5e745\u67086\u65e5",
    "\u4e8c\u3007\u4e8c\u56db\u5e74\u4e09\u6708",
    "2567-05-06",
    "1446-02-30",
    "24/13/2024",
    "1900-02-29",
    "0000-00-00",
    "2024-W10-5",
    "45170.5",
    "Feb 30 2024",
]


def _cell(rows: list[list[str]], chance: random.Random) -> None:
    row = chance.randrange(len(rows))
    if rows[row]:
        rows[row][chance.randrange(len(rows[row]))] = chance.choice(CELLS)


def _column(rows: list[list[str]], chance: random.Random) -> None:
    at = chance.randrange(max(1, len(rows[-1])))
    what = chance.randrange(5)
    value = chance.choice(CELLS)
    for number, row in enumerate(rows):
        if at >= len(row):
            continue
        if what == 0:
            del row[at]
        elif what == 1:
            row.insert(at, row[at])
        elif what == 2 and number:
            row[at] = value
        elif what == 3:
            row[at], row[0] = row[0], row[at]
        elif what == 4 and not number:
            row[at] = chance.choice([row[at].upper(), row[at] + " ", row[at][:-1], value])


def _row(rows: list[list[str]], chance: random.Random) -> None:
    at, what = chance.randrange(len(rows)), chance.randrange(5)
    if what == 0:
        del rows[at]
    elif what == 1:
        rows.insert(at, list(rows[at]))
    elif what == 2:
        rows[at] = rows[at][: len(rows[at]) // 2]
    elif what == 3:
        rows[at] = rows[at] + [chance.choice(CELLS)]
    else:
        chance.shuffle(rows)


def _bytes(file: Path, chance: random.Random) -> None:
    raw, what = file.read_bytes(), chance.randrange(12)
    text = raw.decode("utf-8", "replace")
    at = chance.randrange(max(1, len(raw)))
    made: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: raw[:at],
        lambda: b"\xef\xbb\xbf" + raw,
        lambda: text.encode("utf-16"),
        lambda: text.encode("gb18030", "replace"),
        lambda: raw.replace(b"\n", b"\r\n"),
        lambda: raw[:at] + b"\x00" + raw[at:],
        lambda: raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :],
        lambda: raw.replace(b"\t", b",").replace(b",,", b"\t"),
        # a mark of the beginning inside the file, line ends of three systems, one file put behind itself
        lambda: raw[:at] + b"\xef\xbb\xbf" + raw[at:],
        lambda: b"".join(line + chance.choice([b"\n", b"\r\n", b"\r"]) for line in raw.split(b"\n")),
        lambda: raw + raw,
    ]
    file.write_bytes(made[what]())


def _file(folder: Path, file: Path, chance: random.Random) -> None:
    what = chance.randrange(6)
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.is_symlink())
    if what == 0:
        file.unlink()
    elif what == 1:
        packed = gzip.compress(file.read_bytes(), mtime=0)
        file.with_name(file.name + ".gz").write_bytes(packed[: chance.choice([len(packed), len(packed) // 2])])
        file.unlink()
    elif what == 2:
        file.unlink()
        file.mkdir()
    elif what == 3:
        other = chance.choice(files)
        shutil.copy2(other, file) if other != file else None
    elif what == 4:
        other = chance.choice(files)
        held = other.read_bytes()
        other.write_bytes(file.read_bytes())
        file.write_bytes(held)
    else:
        file.unlink()
        file.symlink_to(chance.choice(["nowhere", "/dev/zero", "..", file.name]))


def _strange_column(rows: list[list[str]], file: Path, chance: random.Random) -> None:
    """A column of another table beside the others, or its name over one that is here."""
    others = sorted(p for p in file.parent.iterdir() if p.is_file() and p != file and p.suffix == file.suffix)
    if not others or not rows[0]:
        return
    mark = "," if file.suffix == ".csv" else "\t"
    there = [line.split(mark) for line in chance.choice(others).read_text("utf-8", "replace").split("\n")]
    column = chance.randrange(len(there[0]))
    if chance.random() < 0.5:
        rows[0][chance.randrange(len(rows[0]))] = there[0][column]
        return
    at = chance.randrange(len(rows[0]) + 1)
    for number, row in enumerate(rows):
        cell = there[number % len(there)]
        row.insert(at, cell[column] if column < len(cell) else "")


def _setting(file: Path, chance: random.Random) -> None:
    lines = file.read_text("utf-8").splitlines() or [""]
    at = chance.randrange(len(lines))
    key = lines[at].split(":")[0]
    values = [chance.choice(CELLS), "[1, 2", "{a: {b: [1]}}", "-5", "true", "!!python/object:os.x"]
    others = [f"{key}x: 1", lines[at] + "\n" + lines[at], "&a [*a]"]
    lines[at] = chance.choice([*(f"{key}: {value}" for value in values), *others])
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _json(file: Path, chance: random.Random) -> None:
    """One place of a document becomes something else, or goes."""
    data = json.loads(file.read_text("utf-8"))
    spots: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            spots.append((value, key))
            collect(value[key])

    collect(data)
    inside, key = chance.choice(spots)
    if chance.random() < 0.3:
        del inside[key]
    else:
        inside[key] = chance.choice([*CELLS, None, True, -1, 1e308, [], {}, [{}], {"a": 1}])
    file.write_text(json.dumps(data, indent=1), "utf-8")


def mutate(folder: Path, chance: random.Random) -> str:
    """One fault in one file of the folder; returns what was done."""
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.is_symlink())
    if not files:
        return "nothing left"
    file = chance.choice(files)
    kind = chance.choices(["cell", "column", "strange column", "row", "bytes", "file"], [8, 4, 2, 3, 2, 1])[0]
    if file.suffix in (".yaml", ".yml"):
        kind = "setting"
    if kind in ("cell", "column", "strange column", "row") and file.suffix == ".json":
        kind = "json"
    if kind == "setting":
        _setting(file, chance)
    elif kind == "json":
        with contextlib.suppress(ValueError, IndexError):  # an earlier fault left no document
            _json(file, chance)
    elif kind == "bytes":
        _bytes(file, chance)
    elif kind == "file":
        _file(folder, file, chance)
    else:
        mark = "," if file.suffix == ".csv" else "\t"
        rows = [line.split(mark) for line in file.read_text("utf-8", "replace").split("\n")]
        if kind == "strange column":
            _strange_column(rows, file, chance)
        else:
            {"cell": _cell, "column": _column, "row": _row}[kind](rows, chance)
        file.write_text("\n".join(mark.join(row) for row in rows), "utf-8", errors="surrogateescape")
    return f"{kind} of {file.name}"
