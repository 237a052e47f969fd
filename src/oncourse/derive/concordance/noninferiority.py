"""Is blood as good as tissue, within a margin fixed before: against a performance goal, or a repeat tissue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.concordance.tissue_blood import patient_counts
from oncourse.stats.agreement import share, tango_interval, tango_noninferiority
from oncourse.stats.clustered_share import clustered_share, paired_share_test

TEST_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    (
        "comparator",
        pl.String,
        "performance goal: a number fixed before; repeat tissue: a second sample of the lesion",
    ),
    (
        "measure",
        pl.String,
        "ppa: share of tissue's positives that plasma finds; npa: of its negatives that plasma confirms",
    ),
    ("of", pl.String, "variants (patients as clusters), or a status (patients)"),
    ("aim", pl.Float64, "agreement aimed at: the goal, or that of the repeat tissue"),
    ("margin", pl.Float64, "largest loss that is accepted"),
    ("agreement", pl.Float64, "agreement of plasma with tissue, all sampled patients"),
    ("lower", pl.Float64, "lower 95 % limit of agreement - aim"),
    ("p_value", pl.Float64, "H0: agreement <= aim - margin, one-sided"),
    (
        "is_noninferior",
        pl.Boolean,
        "whether the lower limit lies above -margin; null: not tested, or not said of so few patients",
    ),
    ("n_patients", pl.Int64, "patients the test rests on"),
    ("basis", pl.String, "how it was tested, or why it was not"),
)
_FEWEST = 2
#: Patients from which a test over variants may say that blood is as good. Where plasma of one patient in six shows hardly
#: anything, few patients may hold none such: at the margin it would be said in 14-21, 8-19, 2-5, 3 and 2 % of 250-500
#: studies of 6-10, 14, 20, 30 and 40 patients (2.5 asked); a goal or a repeat tissue alike.
EQUIVALENT_FROM = 30


@dataclass(frozen=True)
class Aim:
    """What was fixed before: goals, margin, whether repeat tissue sets the aim, and the status besides variants."""

    ppa0: float | None
    npa0: float | None
    margin: float | None
    repeat_tissue: bool
    status: str


def noninferiority_tests(
    presence: PresenceTable, pairs: PairTable, rows: pl.DataFrame, states: pl.DataFrame, aim: Aim
) -> list[dict[str, Any]]:
    """Return one row per test (`TEST_COLUMNS`); none where no margin was fixed.

    Parameters
    ----------
    rows : of `plasma_rows`
    states : of `sample_statuses`: sample, status, state
    """
    if aim.margin is None:
        return []
    main = pairs.pairs.filter(pl.col("is_main") & (pl.col("comparison") == "tissue v plasma"))
    of = main.select("pair", "patient_id", "row_a", "row_b", row_c=_repeat(presence, main))
    known = states.filter(pl.col("status") == aim.status).select("sample", "state")
    for end in "abc":
        of = of.join(known.rename({"sample": f"row_{end}", "state": f"state_{end}"}), on=f"row_{end}", how="left")
    out = []
    if aim.ppa0 is not None:
        out.append(_goal_variants(rows, aim.ppa0, aim.margin))
        out.append(_goal_status(of, "ppa", aim.status, aim.ppa0, aim.margin))
    if aim.npa0 is not None:
        out.append(_goal_status(of, "npa", aim.status, aim.npa0, aim.margin))
    if aim.repeat_tissue:
        out.append(_repeat_variants(presence, rows, of, aim.margin))
        out += [_repeat_status(of, measure, aim.status, aim.margin) for measure in ("ppa", "npa")]
    return out


def _row(comparator: str, measure: str, of: str, margin: float, n: int, basis: str, **numbers: float) -> dict[str, Any]:
    known = {k: None if np.isnan(v) else float(v) for k, v in numbers.items()}
    lower = known.get("lower")
    few = of == "variants" and n < EQUIVALENT_FROM
    said = lower is not None and not (few and lower > -margin)
    return {
        "comparator": comparator,
        "measure": measure,
        "of": of,
        "margin": margin,
        "n_patients": n,
        "basis": basis
        if said or lower is None
        else f"{basis}; of fewer than {EQUIVALENT_FROM} patients it is not said",
        "aim": None,
        "agreement": None,
        "p_value": None,
        "lower": None,
        **known,
        "is_noninferior": lower > -margin if lower is not None and said else None,
    }


def _goal_variants(rows: pl.DataFrame, ppa0: float, margin: float) -> dict[str, Any]:
    """Test variants against a fixed goal; clonal haematopoiesis left out, plasma without a result found nothing."""
    per = patient_counts(rows.filter(pl.col("blood").is_null()), "all").filter(pl.col("n_tissue") > 0)
    counts, key = (
        per.select("n_tissue", "n_found").to_numpy().astype(float),
        ("performance goal", "ppa", "variants"),
    )
    if len(counts) < _FEWEST:
        return _row(*key, margin, len(counts), "not run: fewer than two patients with tissue variants", aim=ppa0)
    found = clustered_share(counts[:, 1], counts[:, 0])
    return _row(
        *key,
        margin,
        len(counts),
        "beta-binomial over patients",
        aim=ppa0,
        agreement=found.value,
        lower=found.lower_bound() - ppa0,
        p_value=found.p_below(ppa0 - margin),
    )


def _having(of: pl.DataFrame, measure: str) -> pl.DataFrame:
    """Return the patients whose tissue is positive (ppa) or negative (npa)."""
    return of.filter(pl.col("state_a") == _word(measure))


def _agrees(part: pl.DataFrame, end: str, measure: str) -> NDArray[np.bool_]:
    # in the set of all patients a sample that could not be judged has found nothing: it agrees with a negative only
    state = part[f"state_{end}"].fill_null("not_assessable")
    found = (state == "positive").to_numpy()
    return np.asarray(found if measure == "ppa" else ~found)


def _goal_status(of: pl.DataFrame, measure: str, status: str, goal: float, margin: float) -> dict[str, Any]:
    from scipy.stats import binom

    part = _having(of, measure)
    n, key = part.height, ("performance goal", measure, status)
    if n < _FEWEST:
        return _row(*key, margin, n, f"not run: fewer than two patients with tissue {_word(measure)}", aim=goal)
    k = int(_agrees(part, "b", measure).sum())
    low = float(share(k, n).low)
    return _row(
        *key,
        margin,
        n,
        "exact binomial",
        aim=goal,
        agreement=k / n,
        lower=low - goal,
        p_value=float(binom.sf(k - 1, n, max(goal - margin, 0.0))),
    )


def _word(measure: str) -> str:
    return "positive" if measure == "ppa" else "negative"


def _repeat(presence: PresenceTable, main: pl.DataFrame) -> pl.Series:
    """Return the row of another tissue sample of the same lesion, the deepest, per main pair; null without."""
    samples = presence.samples.filter(pl.col("material") == "tissue").drop_nulls("lesion_id")
    lesion = presence.samples["lesion_id"].gather(main["row_a"].to_numpy())
    wanted = main.select("pair", "row_a").with_columns(lesion_id=lesion)
    others = wanted.join(samples.select("lesion_id", "depth", "sample_id", row_c="sample"), on="lesion_id", how="inner")
    others = others.filter(pl.col("row_c") != pl.col("row_a")).sort(
        "pair", "depth", "sample_id", descending=[False, True, False], nulls_last=True
    )
    first = others.unique("pair", keep="first").select("pair", "row_c")
    return main.select("pair").join(first, on="pair", how="left", maintain_order="left")["row_c"]


def _repeat_variants(presence: PresenceTable, rows: pl.DataFrame, of: pl.DataFrame, margin: float) -> dict[str, Any]:
    """Test how many of the tissue's variants plasma finds against how many a second sample of the lesion finds."""
    key = ("repeat tissue", "ppa", "variants")
    part = rows.filter((pl.col("in_tissue") == "present") & pl.col("blood").is_null())
    part = part.join(of.drop_nulls("row_c").select("pair", "row_a", "row_c"), on="pair", how="inner")
    rank = presence.samples["rank"].to_numpy()
    cell = part["cell_a"].to_numpy() - rank[part["row_a"].to_numpy()] + rank[part["row_c"].to_numpy()]
    part = part.with_columns(in_repeat=presence.cells["raw_state"].gather(cell))
    per = (
        part.group_by("patient_id")
        .agg(
            n=pl.len(), plasma=(pl.col("in_plasma") == "present").sum(), repeat=(pl.col("in_repeat") == "present").sum()
        )
        .sort("patient_id")
    )
    counts = per.select("n", "plasma", "repeat").to_numpy().astype(float)
    if len(counts) < _FEWEST:
        return _row(
            *key,
            margin,
            len(counts),
            "not run: fewer than two patients with plasma and two samples of a lesion",
        )
    found = paired_share_test(counts[:, 1], counts[:, 2], counts[:, 0], margin)
    total = counts.sum(axis=0)
    return _row(
        *key,
        margin,
        len(counts),
        "paired, patients as clusters (t)",
        aim=total[2] / total[0],
        agreement=total[1] / total[0],
        lower=found.lower,
        p_value=found.p_value,
    )


def _repeat_status(of: pl.DataFrame, measure: str, status: str, margin: float) -> dict[str, Any]:
    """Test a status by Tango's paired score: patients only the repeat tissue agrees on against those only plasma
    does."""
    part = _having(of.drop_nulls("row_c"), measure)
    n, key = part.height, ("repeat tissue", measure, status)
    if n < _FEWEST:
        why = f"not run: fewer than two patients with plasma, two samples of a lesion and tissue {_word(measure)}"
        return _row(*key, margin, n, why)
    plasma, repeat = _agrees(part, "b", measure), _agrees(part, "c", measure)
    worse, better = int((repeat & ~plasma).sum()), int((plasma & ~repeat).sum())
    _, _, high = tango_interval(worse, better, n)
    return _row(
        *key,
        margin,
        n,
        "Tango's paired score",
        aim=float(repeat.mean()),
        agreement=float(plasma.mean()),
        lower=-high,
        p_value=tango_noninferiority(worse, better, n, margin),
    )
