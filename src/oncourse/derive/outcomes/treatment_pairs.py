"""Marker x treatment interactions over all lines of therapy: pre-specified by the design, and exploratory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.derive.outcomes.arm_covariates import arm_columns
from oncourse.derive.outcomes.arms import AS_WRITTEN, Arms, arms_of
from oncourse.derive.outcomes.treatment_units import markers_at
from oncourse.disease import Hypothesis, disease, diseases
from oncourse.words.numbers import finite_float

if TYPE_CHECKING:
    from oncourse.derive.genes.gene_status import GeneStatus
    from oncourse.models.pair import PairData

MAX_EXPLORATORY_GENES = 20
#: Columns of the interaction table that an estimate fills.
NUMBERS = (
    "hazard_ratio_ratio",
    "ci_low",
    "ci_high",
    "p_value",
    "hazard_ratio_positive",
    "hazard_ratio_negative",
    "hazard_ratio_marker",
    "rmst_interaction",
    "rmst_ci_low",
    "rmst_ci_high",
    "n_arm_positive",
    "n_reference_positive",
    "n_arm_negative",
    "n_reference_negative",
)


@dataclass(frozen=True)
class InteractionRules:
    """horizon_days of restricted means; oldest marker value; fewest lines per cell; fewest lines and most arms of a
    pair.

    new_drugs : drugs that the dictionary does not have and that are none of its drugs under another name
    design : whose hypotheses are tested; None: those of all designs
    """

    horizon_days: float
    marker_window_days: int | None
    min_cell: int
    min_arm: int
    max_arms: int
    new_drugs: tuple[str, ...] = ()
    design: str | None = None


def hypotheses_of(design: str | None) -> tuple[Hypothesis, ...]:
    """Return the hypotheses a design names in advance; without a design those of all diseases, each once."""
    names = (design,) if design else diseases()
    return tuple(dict.fromkeys(h for name in names for h in disease(name).hypotheses))


def interaction_rows(
    rows: pl.DataFrame,
    table: pl.DataFrame,
    x: pl.DataFrame,
    values: pl.DataFrame,
    rules: InteractionRules,
    curves: dict[tuple[str, str, str, str], tuple[pl.DataFrame, pl.Series]] | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of the interaction table.

    values : every marker value with its day (`oncourse.derive.outcomes.treatment_units.marker_values`).
    `curves` gets, per pre-specified contrast of classes with an estimate (marker, arm, reference, endpoint), its lines
    with time_days, entry_days, is_event and value (1 carrier, 0 not), and which were treated.
    """
    from oncourse.stats.fdr import benjamini_hochberg

    wanted = hypotheses_of(rules.design)
    wanted = tuple(dict.fromkeys(wanted))
    known = markers_at(table, values, rules.marker_window_days)
    held = arms_of(table, rules.new_drugs)
    named = rows.join(table.select("unit", "classes", "unknown"), on="unit")
    out: list[dict[str, Any]] = []
    for endpoint in sorted(rows["endpoint"].unique()):
        part = named.filter(pl.col("endpoint") == endpoint)
        for marker, arm, reference in wanted:
            contrasts = _contrasts(part, arm, reference, held)
            is_unclear = ~pl.col("classes").list.contains(arm) & pl.col("unknown").is_not_null()
            unclear = part.filter(is_unclear)["unit"].n_unique()
            if not contrasts:
                label = (arm.lower(), "other" if reference is None else reference.lower())
                missing = f"no line with {arm}" + ("" if reference is None else f" or none with {reference}")
                if unclear:
                    missing = f"not assessable: the class is not known of a drug in {unclear} lines, and {missing}"
                out.append({**_empty_row(marker, label, endpoint), "note": missing})
            for place, (inside, treated, names) in enumerate(contrasts):
                row = _interaction_row(inside, treated, names, marker, endpoint, known, x, rules, True)
                if unclear:
                    text = f"{unclear} lines left out: with a drug whose class is not known"
                    row["note"] = "; ".join(filter(None, [row["note"], text]))
                out.append(row)
                if curves is not None and place == 0 and row["hazard_ratio_ratio"] is not None:
                    value = known.filter(pl.col("marker") == marker).select("unit", "value")
                    drawn = inside.with_columns(treated.alias("treated"))
                    drawn = drawn.join(value, on="unit", how="inner", maintain_order="left")
                    curves[marker, *names, endpoint] = drawn, drawn["treated"]
        special = {m for m, _, _ in wanted}
        others = [m for m in known["marker"].unique().sort() if m not in special]
        for pair in _frequent_pairs(part, rules):
            if held.unclear(*pair) not in ("", AS_WRITTEN):
                continue
            inside = part.filter(pl.col("arm").is_in(list(pair)))
            for marker in others:
                row = _interaction_row(inside, inside["arm"] == pair[0], pair, marker, endpoint, known, x, rules, False)
                if row["hazard_ratio_ratio"] is not None:
                    out.append(row)
    classes = {(m, a.lower(), (r or "other").lower()) for m, a, r in wanted}
    # A hypothesis of the design stays with its reason; of its single drugs and the exploratory ones only what has
    # lines.
    out = [r for r in out if r["n"] > 0 or (r["marker"], r["arm"], r["reference"]) in classes]
    exploratory = [r for r in out if not r["is_prespecified"]]
    if exploratory:
        for row, q in zip(exploratory, benjamini_hochberg([r["p_value"] for r in exploratory]), strict=True):
            row["q_value"] = float(q)
    return sorted(out, key=lambda r: (not r["is_prespecified"], r["marker"], r["endpoint"], r["arm"], r["reference"]))


def _contrasts(
    part: pl.DataFrame, arm: str, reference: str | None, held: Arms
) -> list[tuple[pl.DataFrame, pl.Series, tuple[str, str]]]:
    """The class contrast of a hypothesis, and each pair of a drug of its arm and one of its reference."""
    has_arm = pl.col("classes").list.contains(arm)
    # a drug that is not known may be of the arm's class: such a line is no reference
    other = ~has_arm & pl.col("unknown").is_null()
    has_reference = other if reference is None else pl.col("classes").list.contains(reference) & other
    inside = part.filter(has_arm | has_reference).sort("patient_id", "line")
    if inside.is_empty():
        return []
    treated = inside.select(has_arm.alias("treated"))["treated"]
    label = (arm.lower(), "other" if reference is None else reference.lower())
    if not treated.any():
        return []
    out = [(inside, treated, label)]
    ours = inside.filter(treated)["arm"].unique().sort().to_list()
    theirs = inside.filter(~treated)["arm"].unique().sort().to_list()
    for a in ours:
        for b in theirs:
            if held.unclear(a, b) not in ("", AS_WRITTEN):
                continue
            pair = inside.filter(pl.col("arm").is_in([a, b]))
            out.append((pair, pair["arm"] == a, (a, b)))
    return out


def _empty_row(marker: str, names: tuple[str, str], endpoint: str) -> dict[str, Any]:
    """A pre-specified row without lines and numbers."""
    head = {"marker": marker, "arm": names[0], "reference": names[1], "endpoint": endpoint, "n": 0}
    head |= {"is_prespecified": True, "q_value": None, "n_unknown": 0, "p_proportional": None}
    return {**head, **dict.fromkeys(NUMBERS)}


def _interaction_row(
    inside: pl.DataFrame,
    treated: pl.Series,
    names: tuple[str, str],
    marker: str,
    endpoint: str,
    known: pl.DataFrame,
    x: pl.DataFrame,
    rules: InteractionRules,
    is_prespecified: bool,
) -> dict[str, Any]:
    from oncourse.models.interaction import interaction

    value = known.filter(pl.col("marker") == marker).select("unit", "value")
    joined = inside.with_columns(treated.alias("treated")).join(value, on="unit", how="left", maintain_order="left")
    usable = joined.drop_nulls("value")
    row = {
        **_empty_row(marker, names, endpoint),
        "n": usable.height,
        "is_prespecified": is_prespecified,
        "n_unknown": joined.height - usable.height,
    }
    if usable.is_empty():
        return {**row, "note": "no assessable value before the lines' start"}
    found = interaction(
        pair_data(usable, usable["treated"], x),
        usable["value"].to_numpy(),
        usable["patient_id"].to_numpy(),
        usable["line"].to_numpy(),
        horizon=rules.horizon_days,
        min_cell=rules.min_cell,
    )
    numbers = (
        found.ratio.value,
        found.ratio.ci_low,
        found.ratio.ci_high,
        found.ratio.p_value,
        found.in_positive,
        found.in_negative,
        found.prognostic,
        found.mean_difference.value,
        found.mean_difference.ci_low,
        found.mean_difference.ci_high,
    )
    cells = ("arm_positive", "reference_positive", "arm_negative", "reference_negative")
    counts = tuple(found.cells[c] for c in cells)
    return {
        **row,
        "p_proportional": finite_float(found.p_proportional),
        **dict(zip(NUMBERS, [*map(finite_float, numbers), *counts], strict=True)),
        "note": found.note or None,
    }


def _frequent_pairs(part: pl.DataFrame, rules: InteractionRules) -> list[tuple[str, str]]:
    counts = sorted(part["arm"].value_counts().iter_rows(), key=lambda r: (-r[1], r[0]))
    arms = [a for a, n in counts if n >= 2 * rules.min_arm][: rules.max_arms]
    return [(b, a) for a, b in combinations(arms, 2)]


def frequent_genes(status: GeneStatus | None, n_patients: int) -> tuple[str, ...]:
    """Return the genes altered in a tenth of the patients or more, at most `MAX_EXPLORATORY_GENES`."""
    if status is None:
        return ()
    hits = status.altered.filter(pl.col("is_altered"))
    counts = hits.group_by("gene").agg(pl.col("patient_id").n_unique().alias("n"))
    enough = counts.filter(pl.col("n") >= 0.1 * n_patients).sort(["n", "gene"], descending=[True, False])
    return tuple(sorted(enough.head(MAX_EXPLORATORY_GENES)["gene"].to_list()))


def pair_data(rows: pl.DataFrame, treated: pl.Series, x: pl.DataFrame, *, rare: int = 3) -> PairData:
    """Arrays of a comparison; covariates with fewer than `rare` patients on either side of a 0/1 column are left out,
    and those that are the treatment itself (`arm_columns`)."""
    import numpy as np

    from oncourse.models.pair import PairData

    values = rows.select("unit").join(x, on="unit", how="left", maintain_order="left").drop("unit")
    is_arm = arm_columns(values, treated)
    kept = [name for name in values.columns if name not in is_arm and not _why_unused(values[name], rare)]
    return PairData(
        rows["time_days"].to_numpy().astype(float),
        rows["is_event"].to_numpy().astype(bool),
        rows["entry_days"].to_numpy().astype(float),
        treated.to_numpy().astype(bool),
        values.select(kept).to_numpy().astype(float) if kept else np.zeros((rows.height, 0)),
        tuple(kept),
    )


def unused_covariates(rows: pl.DataFrame, treated: pl.Series, x: pl.DataFrame, *, rare: int = 3) -> list[str]:
    """Return the covariates that `pair_data` leaves out, each with the reason and how many patients have it."""
    values = rows.select("unit").join(x, on="unit", how="left", maintain_order="left").drop("unit")
    is_arm = arm_columns(values, treated)
    told = {name: is_arm.get(name) or _why_unused(values[name], rare) for name in values.columns}
    return [f"{name} ({why})" for name, why in told.items() if why]


def _why_unused(values: pl.Series, rare: int) -> str:
    """Why a column cannot enter a comparison; empty where it can."""
    import numpy as np

    column = values.to_numpy()
    known = column[~np.isnan(column)]
    if len(known) < len(column) / 2:
        return f"known in {len(known)} of {len(column)}"
    if np.isin(known, (0.0, 1.0)).all():
        fewest = int(min((known == 0).sum(), (known == 1).sum()))
        if fewest == 0:
            return "the same in all"
        return f"only {fewest} of {len(known)} differ" if fewest < rare else ""
    return "" if np.ptp(known) > 0 else "the same in all"
