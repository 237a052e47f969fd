"""Faults for `tools/fuzz.py` that know a study: limits of its columns, settings of its analyses; and what is asked of it.

A cell at, or just past, the limits that the schema gives its column; a word that the column allows beside others that do
not fit it; a setting of any analysis with a value of any kind. Besides `check`, a mutant goes through one further
command: an export, a page of a patient, a figure, or a run of one analysis by chance.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

#: A small sound model card (an equation by age and KRAS), as `oncourse predict` reads it.
CARD = Path(__file__).parents[1] / "tests" / "models" / "card.json"
EXPORTS = ("cbioportal", "phenopackets", "maf", "vcf", "workbook", "pyclone", "pairtree", "conipher", "lichee")
FIGURES = ("overview", "landscape/oncoprint", "survival/os", "evolution/tree_CRC0001", "monitoring", "sites")
VALUES: list[Any] = [0, 1, -1, 5, 0.5, 1e308, 10**30, True, None, "", "x", "os", "KRAS", "stage", "RAS", "age_years"]
VALUES += [[], [1], ["x", "os"], [[1]], [None], {}, {"a": 1}, "1e400", "nan", "a,b", "-0", "sex, stage"]


def write_card(folder: Path) -> None:
    """A folder with the model card as a base of its own."""
    folder.mkdir()
    (folder / "model.json").write_bytes(CARD.read_bytes())


def limits(folder: Path, chance: random.Random) -> str | None:
    """Put a cell, or a whole column, of a table of the study at the limits of its column; None where there is none."""
    from oncourse.study.tables import TABLES

    files = [f for f in sorted(folder.glob("*.tsv")) if f.stem in TABLES and f.is_file() and not f.is_symlink()]
    if not files:
        return None
    file = chance.choice(files)
    rows = [line.split("\t") for line in file.read_text("utf-8", "replace").rstrip("\n").split("\n")]
    known = [c for c in TABLES[file.stem].columns if c.name in rows[0]]
    if not known or len(rows) < 2:
        return None
    column = chance.choice(known)
    at = rows[0].index(column.name)
    chosen = range(1, len(rows)) if chance.random() < 0.3 else [chance.randrange(1, len(rows))]
    values = _values(column)
    one = chance.choice(values)
    for number in chosen:
        if at < len(rows[number]):
            rows[number][at] = one if chance.random() < 0.7 else chance.choice(values)
    file.write_text("\n".join("\t".join(row) for row in rows) + "\n", "utf-8")
    return f"limits of {file.stem}.{column.name}"


def _values(column: Any) -> list[str]:
    if column.choices:
        return [*map(str, column.choices), "unknown", "NA"]
    ends = [v for v in (column.low, column.high) if v is not None]
    near = [v + d for v in ends for d in (-1, -1e-9, 0, 1e-9, 1)]
    return [*(f"{v:.12g}" for v in near), "0", "1", "-1", "1e-300", "40000", "2147483648", ""]


def settings(folder: Path, chance: random.Random) -> str | None:
    """Give settings of one section of study.yaml a value of any kind; None where study.yaml is not a mapping."""
    from oncourse.study.settings import load_sections

    file = folder / "study.yaml"
    try:
        data = yaml.safe_load(file.read_text("utf-8")) if file.is_file() else {}
    except (ValueError, yaml.YAMLError):
        return None
    if not isinstance(data, dict):
        return None
    name, section = chance.choice(sorted(load_sections().items()))
    fields = sorted(section.__dataclass_fields__.items())
    chosen = {}
    for field, declared in chance.sample(fields, min(len(fields), chance.choice([1, 1, 2, 4]))):
        ends = [v for key in ("low", "high") if (v := declared.metadata.get(key)) is not None]
        choices = list(declared.metadata.get("choices") or ())
        chosen[field] = chance.choice([*ends, *choices] if (ends or choices) and chance.random() < 0.6 else VALUES)
    place = data.setdefault("settings", {}) if chance.random() < 0.9 else data
    if isinstance(place, dict):
        place[name] = chosen
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    return f"settings {name} {chosen}"


def of_results(source: Path, out: Path, chance: random.Random) -> list[str]:
    """What is asked of a folder of results that somebody changed."""
    figures = ["figure", str(source), chance.choice(FIGURES), "--format", "svg", "--out", str(out)]
    return chance.choice([["verify", str(source)], ["paper", str(source), "--out", str(out), "--dpi", "72"], figures])


def further(source: Path, out: Path, chance: random.Random) -> list[str]:
    """One more command on a mutant of a study; it writes to `out` or beside it under its name."""
    import oncourse

    what = chance.randrange(5)
    file = source / "patients.tsv"
    lines = file.read_text("utf-8", "replace").split("\n") if file.is_file() else []
    if what == 0:
        kind = chance.choice(EXPORTS)
        return ["export", str(source), "--format", kind, "--out", f"{out}.xlsx" if kind == "workbook" else str(out)]
    if what == 1 and len(lines) > 1:
        kind = chance.choice(["html", "json"])
        patient = chance.choice(lines[1:]).split("\t")[0] or "nobody"
        return ["patient", str(source), "--out", str(out), "--format", kind, "--no-cache", "--", patient]
    if what == 2:
        return ["figure", str(source), chance.choice(FIGURES), "--format", "svg", "--out", str(out), "--no-cache"]
    only = chance.choice(oncourse.analyses()["name"].to_list())
    return ["run", str(source), "--out", str(out), "--no-cache", "--jobs", "1", "--only", only]
