"""Table 1: the patients at baseline, by group, with what is missing and standardised differences."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl

from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator

#: Columns of the table beside those of the groups.
_TESTS = "p value"
#: Levels of a category shown; rarer ones are one row.
LEVELS_SHOWN = 8
OTHER = "other levels"

#: What a row says: the median of a number; patients of a level.
MEDIAN, COUNTED = "median [IQR]", ", n (%)"
#: Columns of `ras_status/patients` that Table 1 is parted by.
STATUS = {"patient_id": pl.String, "status": pl.String, "state": pl.String, "basis": pl.String}
#: Fewest patients of each side for a status to part Table 1 unasked.
FEWEST = 5
#: The unit at the end of a variable's name.
_UNIT = re.compile(r"_(years|months|days|ng_ml|mm|percent)$")


def table_one(baseline: pl.DataFrame, group: pl.DataFrame | None = None, *, tests: bool = False) -> pl.DataFrame:
    """Return Table 1 as text: one row per variable, and per level of a category.

    Parameters
    ----------
    baseline : rows of `overview/baseline`: patient_id, variable, kind (number, category), value (text; null = missing)
    group : patient_id, group; null: everybody is one group
    tests : add p values (Kruskal-Wallis; Fisher's exact for two by two, else chi-square), never on by default: a
    difference
        between groups that were not drawn by lot needs a size, not a p value

    Returns
    -------
    variable, level, one column per group headed ``name (n = ...)``, missing, SMD (the largest of any two groups)
    """
    people = baseline.select("patient_id").unique(maintain_order=True)
    groups = people.with_columns(group=pl.lit("all patients")) if group is None else people.join(group, on="patient_id")
    names = groups["group"].drop_nulls().unique().sort().to_list()
    wide = baseline.join(groups, on="patient_id").filter(pl.col("group").is_not_null())
    size = {name: groups.filter(pl.col("group") == name).height for name in names}
    rows = []
    for (variable, kind), part in wide.group_by(["variable", "kind"], maintain_order=True):
        parts = [part.filter(pl.col("group") == name)["value"] for name in names]
        made = _number_rows(str(variable), parts) if kind == "number" else _category_rows(str(variable), parts)
        missing = sum(p.null_count() for p in parts)
        made[0] |= {"missing": str(missing)}
        if len(names) > 1:
            made[0]["SMD"] = _shown(_largest(parts, str(kind)))
            if tests:
                made[0][_TESTS] = _p_value(parts, str(kind))
        rows += made
    columns = ["variable", "level", *(f"{n} (n = {size[n]})" for n in names), "missing"]
    columns += ["SMD"] if len(names) > 1 else []
    columns += [_TESTS] if tests and len(names) > 1 else []
    data = [
        [row.get(c) if c in row else row.get(f"group:{c.rsplit(' (n = ', 1)[0]}", "") for c in columns]
        for row in _named(rows, names)
    ]
    return pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String), orient="row")


def _named(rows: list[dict[str, str]], names: Sequence[str]) -> list[dict[str, str]]:
    """Rows whose cells are keyed by the place of the group -> by its name."""
    return [{(f"group:{names[int(k)]}" if k.isdigit() else k): v for k, v in row.items()} for row in rows]


def _number_rows(variable: str, parts: list[pl.Series]) -> list[dict[str, str]]:
    row = {"variable": variable, "level": MEDIAN}
    for i, values in enumerate(parts):
        known = values.drop_nulls().cast(pl.Float64).to_numpy()
        if known.size:
            low, mid, high = np.quantile(known, [0.25, 0.5, 0.75])
            row[str(i)] = f"{mid:.3g} [{low:.3g}-{high:.3g}]"
    return [row]


def _category_rows(variable: str, parts: list[pl.Series]) -> list[dict[str, str]]:
    counts = pl.concat(parts).drop_nulls().value_counts().sort(["count", "value"], descending=[True, False])
    levels = counts["value"].to_list()
    shown = levels if len(levels) <= LEVELS_SHOWN else levels[: LEVELS_SHOWN - 1]
    rows: list[dict[str, str]] = []
    for level in [*shown, *([OTHER] if len(shown) < len(levels) else [])]:
        row = {"variable": "" if rows else variable, "level": f"{level}{COUNTED}"}
        for i, values in enumerate(parts):
            known = values.drop_nulls()
            n = int((~known.is_in(shown)).sum()) if level == OTHER else int((known == level).sum())
            row[str(i)] = f"{n} ({100 * n / len(known):.0f} %)" if len(known) else "0"
        rows.append(row)
    return rows or [{"variable": variable, "level": ""}]


def _shown(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def _largest(parts: list[pl.Series], kind: str) -> float:
    """The largest standardised difference of any two groups; NaN where none can be told."""
    found = [smd_number(a, b) if kind == "number" else smd_category(a, b) for a, b in combinations(parts, 2)]
    known = [abs(v) for v in found if not math.isnan(v)]
    return max(known) if known else math.nan


def smd_number(a: pl.Series, b: pl.Series) -> float:
    """Return the standardised mean difference: difference of means over the root of the mean variance (Austin 2009).

    >>> round(smd_number(pl.Series(["1", "2", "3"]), pl.Series(["2", "3", "4"])), 3)
    -1.0
    """
    x, y = (s.drop_nulls().cast(pl.Float64).to_numpy() for s in (a, b))
    if len(x) < 2 or len(y) < 2:
        return math.nan
    spread = math.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2)
    return float((x.mean() - y.mean()) / spread) if spread > 0 else math.nan


def smd_category(a: pl.Series, b: pl.Series) -> float:
    """Return the standardised difference of a category: Mahalanobis distance of the shares (Yang and Dalton 2012).

    >>> round(smd_category(pl.Series(["m"] * 5 + ["f"] * 5), pl.Series(["m"] * 7 + ["f"] * 3)), 3)
    0.417
    """
    x, y = a.drop_nulls(), b.drop_nulls()
    levels = sorted({*x.to_list(), *y.to_list()})[1:]
    if not len(x) or not len(y) or not levels:
        return math.nan
    p, q = (np.array([float((s == v).sum()) / len(s) for v in levels]) for s in (x, y))
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    d = p - q
    return float(math.sqrt(max(d @ np.linalg.pinv(spread) @ d, 0.0)))


def _p_value(parts: list[pl.Series], kind: str) -> str:
    from scipy import stats

    known = [p.drop_nulls() for p in parts]
    if any(len(k) == 0 for k in known):
        return ""
    if kind == "number":
        values = [k.cast(pl.Float64).to_numpy() for k in known]
        if len({v for x in values for v in x}) < 2:
            return ""
        return f"{stats.kruskal(*values).pvalue:.2g}"
    levels = sorted({v for k in known for v in k.to_list()})
    table = np.array([[int((k == level).sum()) for level in levels] for k in known])
    if len(levels) < 2:
        return ""
    p = stats.fisher_exact(table)[1] if table.shape == (2, 2) else stats.chi2_contingency(table)[1]
    return f"{p:.2g}"


def even_status(statuses: pl.DataFrame) -> str | None:
    """Return the status that parts the patients most evenly into positive and negative; None where none has
    `FEWEST` of each."""
    sides = [
        (-min((part["state"] == "positive").sum(), (part["state"] == "negative").sum()), str(name))
        for (name,), part in statuses.filter(pl.col("status").is_not_null()).group_by("status")
    ]
    least, name = min(sides, default=(0, ""))
    return name if -least >= FEWEST else None


def by_status(statuses: pl.DataFrame, status: str, language: str) -> pl.DataFrame:
    """Return patient_id and group by a status; a negative that was assumed is a group of its own, as is what could not
    be judged."""
    mine = statuses.filter(pl.col("status") == status)
    kinds = [
        "assumed" if state == "negative" and basis == "assumed" else state
        for state, basis in mine.select("state", "basis").iter_rows()
    ]
    names = [write(f"paper.group_{kind}", language, status=status) for kind in kinds]
    return mine.select("patient_id").with_columns(group=pl.Series(names, dtype=pl.String))


def named(frame: pl.DataFrame, language: str) -> pl.DataFrame:
    """Return Table 1 with its heads and characteristics in words; the levels of the study's own stay."""
    words, said = catalogue(language), translator(language)
    texts = {c: frame[c].to_list() for c in frame.columns}
    texts["variable"] = [_characteristic(v, language) for v in texts["variable"]]
    texts["level"] = [_level(v, language) for v in texts["level"]]
    heads = {c: words.get(f"paper.head.{c}") or said(c) for c in frame.columns}
    return pl.DataFrame(texts, schema=dict.fromkeys(frame.columns, pl.String)).rename(heads)


def _characteristic(variable: str, language: str) -> str:
    """A column of the patients in words: ``age (years)``."""
    if language != "en":
        return catalogue(language).get(f"head.{variable}") or translator(language)(variable)
    return _UNIT.sub(lambda unit: f" ({unit[1].replace('_', '/')})", variable).replace("_", " ")


def _level(text: str, language: str) -> str:
    """What a row of Table 1 counts, in words."""
    level, counted, _ = text.rpartition(COUNTED)
    if counted:
        return write("paper.table1_level.other", language, level=level)
    return write("paper.table1_level.number", language) if text == MEDIAN else text
