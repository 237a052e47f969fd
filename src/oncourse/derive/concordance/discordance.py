"""What goes with discordance of a variant between two samples, and which genes are new in the metastasis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.days import DAYS_PER_YEAR
from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable
from oncourse.derive.genes.panels import Panels
from oncourse.facts.absence import difference_by_calls
from oncourse.genome.effect import consequences, is_altering
from oncourse.genome.genes import coding_mb, gene_table
from oncourse.stats.cluster_logistic import LogisticFit, cluster_logistic
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.study.model import Study

COMPARED = ("primary v metastasis", "tissue v plasma")
#: name -> (unit of the odds ratio, reference level) of a numeric or two-level predictor; `site` has its own levels.
NUMERIC = {"time gap": "per year", "depth of the other sample": "per doubling"}
TWO_LEVEL = {"therapy in between": ("yes", "no"), "clonality": ("subclonal", "clonal")}
PREDICTORS = ("time gap", "therapy in between", "site", "clonality", "depth of the other sample")
REFERENCE = " (reference)"

PREDICTOR_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("comparison", pl.String, "primary v metastasis / tissue v plasma"),
    ("predictor", pl.String, "time gap, therapy in between, site, clonality, depth of the other sample"),
    ("level", pl.String, "unit of the odds ratio, or the level against the reference level"),
    ("n_variants", pl.Int64, "assessable variants with the level known (of either sample, for clonality and depth)"),
    ("n_patients", pl.Int64, "patients with such variants"),
    ("n_discordant", pl.Int64, "of these variants, private or lost with the locus"),
    ("odds_ratio", pl.Float64, "odds of discordance, this predictor alone; null: reference, or withheld (see notes)"),
    ("ci_low", pl.Float64, "lower 95 % limit, cluster-robust"),
    ("ci_high", pl.Float64, "upper 95 % limit"),
    ("p_value", pl.Float64, "two-sided, t with patients - coefficients degrees of freedom"),
    ("q_value", pl.Float64, "Benjamini-Hochberg over the tests of this table"),
    ("adjusted_odds_ratio", pl.Float64, "the same with all estimable predictors in one model; null: withheld"),
    ("adjusted_ci_low", pl.Float64, "lower 95 % limit"),
    ("adjusted_ci_high", pl.Float64, "upper 95 % limit"),
)
NEW_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("gene", pl.String, "HGNC symbol"),
    (
        "n_new",
        pl.Int64,
        "patients with a mutation present in the metastasis and absent, with power, in the primary",
    ),
    ("n_by_calls", pl.Int64, "of n_new, by calls alone: the reads of the primary were not counted"),
    ("n_assessable", pl.Int64, "patients whose two assays both looked at the gene"),
    (
        "expected",
        pl.Float64,
        "patients expected by burden of new mutations and coding length; null: not tested",
    ),
    ("ratio", pl.Float64, "n_new / expected"),
    ("p_value", pl.Float64, "P(as many patients or more), Poisson-binomial"),
    ("q_value", pl.Float64, "Benjamini-Hochberg over the tested genes"),
    ("patients", pl.String, "patients with a new mutation, joined by ';'"),
)


@dataclass(frozen=True)
class LeastData:
    """How much is needed before a model is fitted."""

    min_patients: int
    min_level_patients: int
    min_outcome: int
    min_outcome_per_term: int
    clonal_ccf: float


def main_pairs(pairs: PairTable, unrelated: pl.DataFrame) -> pl.DataFrame:
    """Return the main pairs of `COMPARED`, without those of `unrelated` (sample_a, sample_b)."""
    main = pairs.pairs.filter(pl.col("is_main") & pl.col("comparison").is_in(COMPARED))
    return main.join(
        unrelated.select("sample_a", "sample_b"), on=["sample_a", "sample_b"], how="anti", maintain_order="left"
    )


def discordance_rows(
    study: Study, presence: PresenceTable, pairs: PairTable, main: pl.DataFrame, clonal_ccf: float
) -> pl.DataFrame:
    """Return one row per assessable variant and sample in which it is seen.

    A private variant has one row (weight 1), a shared one has two (seen in a, seen in b; weight 1/2 each), so that each
    variant counts once and neither sample is preferred. Columns: comparison, patient_id, variant (number), weight,
    is_discordant, by_calls, and the `PREDICTORS` (null = not known). Germline and blood clones are left out.
    """
    samples, cells = presence.samples, presence.cells
    facts = _pair_facts(study, samples, main)
    kept = pairs.variants.filter(
        pl.col("blood").is_null() & pl.col("state").is_in(["shared", "private_a", "private_b"])
    ).with_row_index("variant")
    kept = kept.join(facts, on="pair", how="inner", maintain_order="left")
    sides = []
    for side, other in (("a", "b"), ("b", "a")):
        seen = kept.filter(pl.col("state").is_in(["shared", f"private_{side}"]))
        here = seen[f"cell_{side}"].to_numpy()
        ccf = pl.Series("ccf", cells["ccf"].gather(here)).cast(pl.Float64).fill_nan(None)
        depth = _relative_depth(samples, facts, other).gather(seen["pair"].to_numpy())
        sides.append(
            seen.select(
                "comparison",
                "patient_id",
                "variant",
                pl.when(pl.col("state") == "shared").then(0.5).otherwise(1.0).alias("weight"),
                (pl.col("state") != "shared").alias("is_discordant"),
                difference_by_calls().alias("by_calls"),
                "time gap",
                "therapy in between",
                "site",
                pl.when(pl.lit(ccf) >= clonal_ccf)
                .then(pl.lit("clonal"))
                .when(pl.lit(ccf) < clonal_ccf)
                .then(pl.lit("subclonal"))
                .alias("clonality"),
                pl.lit(depth).alias("depth of the other sample"),
            )
        )
    return pl.concat(sides).sort("comparison", "patient_id", "variant", maintain_order=True)


def _relative_depth(samples: pl.DataFrame, facts: pl.DataFrame, side: str) -> pl.Series:
    """Return per number of a pair log2 of the depth of its sample on `side`, less the mean of the comparison's that
    side.

    Plasma is sequenced deeper than tissue: without this, depth would say which of the two samples is the other.
    """
    depth = samples["depth"].cast(pl.Float64).gather(facts[f"row_{side}"].to_numpy())
    log = facts.select("pair", "comparison", log=pl.when(pl.lit(depth) > 0).then(pl.lit(depth)).log(2)).with_columns(
        relative=(pl.col("log") - pl.col("log").mean().over("comparison")).round(9) + 0.0
    )
    n = int(facts["pair"].max() or 0) + 1  # type: ignore[arg-type,call-overload]
    numbers = pl.DataFrame({"pair": pl.int_range(n, eager=True)})
    return numbers.join(log, on="pair", how="left", maintain_order="left")["relative"]


def _pair_facts(study: Study, samples: pl.DataFrame, main: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of each pair: years between, therapy in between, site of its metastasis."""
    row_a, row_b = main["row_a"].to_numpy(), main["row_b"].to_numpy()
    facts = main.select("pair", "comparison", "patient_id", "row_a", "row_b").with_columns(
        day_a=samples["day"].gather(row_a),
        day_b=samples["day"].gather(row_b),
        role_a=samples["role"].gather(row_a),
        site_a=samples["site"].gather(row_a),
        site_b=samples["site"].gather(row_b),
    )
    # the metastasis is sample b of lesions; before plasma it is the tissue sample, if that is of a metastasis
    site = (
        pl.when(pl.col("comparison") == COMPARED[0])
        .then("site_b")
        .when(pl.col("role_a") == "metastasis")
        .then("site_a")
        .when(pl.col("role_a") != "tissue")
        .then("role_a")
    )
    facts = facts.with_columns(
        site.alias("site"),
        first=pl.min_horizontal("day_a", "day_b"),
        last=pl.max_horizontal("day_a", "day_b"),
        is_dated=pl.col("day_a").is_not_null() & pl.col("day_b").is_not_null(),
    )
    gap = pl.when("is_dated").then((pl.col("last") - pl.col("first")) / DAYS_PER_YEAR)
    therapy: pl.Expr = pl.lit(None, dtype=pl.String)
    if study.has("treatments"):
        runs = study["treatments"].select("patient_id", "start_day", "stop_day")
        hit = (
            facts.filter("is_dated")
            .join(runs, on="patient_id", how="inner")
            .filter(
                (pl.col("start_day") < pl.col("last"))
                & (pl.col("stop_day").is_null() | (pl.col("stop_day") > pl.col("first")))
            )
        )
        treated = pl.col("pair").is_in(hit["pair"].unique().implode())
        therapy = pl.when("is_dated").then(pl.when(treated).then(pl.lit("yes")).otherwise(pl.lit("no")))
    return facts.with_columns(gap.alias("time gap"), therapy.alias("therapy in between"))


def predictor_table(rows: pl.DataFrame, rule: LeastData) -> tuple[pl.DataFrame, list[str]]:
    """Return `PREDICTOR_COLUMNS`, and why what is null was withheld."""
    out: list[dict[str, Any]] = []
    reasons: list[str] = []
    for comparison in COMPARED:
        part = rows.filter(pl.col("comparison") == comparison)
        if part.is_empty():
            continue
        found, why = _one_comparison(part, rule)
        out += [{"comparison": comparison, **row} for row in found]
        reasons += [f"{comparison}, {text}" for text in why]
    table = pl.DataFrame(out, schema={name: dtype for name, dtype, _ in PREDICTOR_COLUMNS})
    p = table["p_value"].fill_null(float("nan")).to_numpy()
    q = pl.Series("q_value", benjamini_hochberg(p)).fill_nan(None)
    return table.with_columns(q), reasons


@dataclass(frozen=True)
class _Term:
    """The columns of one predictor: names of the levels (none is the reference), rows where it is known."""

    name: str
    levels: tuple[str, ...]
    reference: str | None
    values: NDArray[np.float64]
    known: NDArray[np.bool_]


def _terms(part: pl.DataFrame, rule: LeastData) -> list[_Term]:
    terms = []
    for name in PREDICTORS:
        column = part[name]
        known = column.is_not_null().to_numpy()
        if name in NUMERIC:
            values = column.cast(pl.Float64).fill_null(0.0).to_numpy().reshape(-1, 1)
            terms.append(_Term(name, (NUMERIC[name],), None, values, known))
            continue
        if name in TWO_LEVEL:
            levels: tuple[str, ...] = TWO_LEVEL[name][:1]
            reference: str | None = TWO_LEVEL[name][1]
        else:
            column, reference, levels = _pooled(part, rule)
            known = column.is_not_null().to_numpy()
        values = np.zeros((part.height, len(levels)))
        for i, level in enumerate(levels):
            values[:, i] = (column == level).fill_null(False).to_numpy()
        terms.append(_Term(name, levels, reference, values, known))
    return terms


def _pooled(part: pl.DataFrame, rule: LeastData) -> tuple[pl.Series, str | None, tuple[str, ...]]:
    """Return sites with the rare ones pooled as `other`, the commonest as reference, and the remaining levels.

    Where the pooled ones are still too few their site is null: they are in no level.
    """
    n = part.drop_nulls("site").group_by("site").agg(n=pl.col("patient_id").n_unique())
    order = n.sort("n", "site", descending=[True, False])
    rare = order.filter(pl.col("n") < rule.min_level_patients)["site"].to_list()
    is_rare = pl.col("site").is_in(rare)
    n_rare = part.filter(is_rare)["patient_id"].n_unique()
    pooled = pl.lit("other") if n_rare >= rule.min_level_patients else pl.lit(None, dtype=pl.String)
    column = part.select(pl.when(is_rare).then(pooled).otherwise("site").alias("site"))["site"]
    names = [s for s in order["site"] if s not in rare]
    if n_rare >= rule.min_level_patients and "other" not in names:
        names.append("other")
    return column, (names[0] if names else None), tuple(names[1:])


def _one_comparison(part: pl.DataFrame, rule: LeastData) -> tuple[list[dict[str, Any]], list[str]]:
    terms, reasons = _terms(part, rule), []
    y = part["is_discordant"].to_numpy().astype(float)
    w, patient = part["weight"].to_numpy(), part["patient_id"].to_numpy()
    rows: list[dict[str, Any]] = []
    usable: list[_Term] = []
    for term in terms:
        why = _too_little(part, [term], term.known, rule)
        fit = None
        if why is None:
            use = term.known
            fit = cluster_logistic(term.values[use], y[use], patient[use], w[use])
            why = _not_estimable(fit)
        if why is None:
            usable.append(term)
        else:
            reasons.append(f"{term.name}: withheld, {why}.")
        rows += _level_rows(part, term, fit if why is None else None)
        left = part.filter(pl.col(term.name).is_not_null() & ~pl.Series(term.known))["patient_id"].n_unique()
        if left:
            reasons.append(f"{term.name}: {left} patients at rare levels, too few together, are in no level.")
    if not usable:
        return rows, reasons
    known = np.logical_and.reduce([t.known for t in usable])
    why = "only one predictor is estimable" if len(usable) == 1 else _too_little(part, usable, known, rule)
    if why is None:
        x = np.column_stack([t.values for t in usable])
        fit = cluster_logistic(x[known], y[known], patient[known], w[known])
        why = _not_estimable(fit)
        if why is None:
            where = [(t.name, level) for t in usable for level in t.levels]
            adjusted = {key: fit.ratio(i) for i, key in enumerate(where)}
            for row in rows:
                if (row["predictor"], row["level"]) in adjusted:
                    ratio = adjusted[row["predictor"], row["level"]]
                    names = ("adjusted_odds_ratio", "adjusted_ci_low", "adjusted_ci_high")
                    row.update(zip(names, ratio[:3], strict=True))
    if why is not None:
        reasons.append(f"joint model: withheld, {why}.")
    return rows, reasons


def _too_little(part: pl.DataFrame, terms: list[_Term], known: NDArray[np.bool_], rule: LeastData) -> str | None:
    """Return why these terms cannot be estimated from the rows where they are known; None = they can."""
    if not known.any():
        return "it is not recorded"
    use = part.filter(pl.Series(known))
    n_patient = use["patient_id"].n_unique()
    if n_patient < rule.min_patients:
        return f"{n_patient} patients where it is known, {rule.min_patients} needed"
    n_term = sum(len(t.levels) for t in terms)
    if n_term == 0:
        return "every patient is in one level"
    need = max(rule.min_outcome, rule.min_outcome_per_term * n_term)
    n_no, n_yes = (use.filter(pl.col("is_discordant") == v)["variant"].n_unique() for v in (False, True))
    if min(n_no, n_yes) < need:
        return f"{n_yes} discordant and {n_no} shared variants, {need} of each needed"
    for term in terms:
        for i, level in enumerate(term.levels):
            values = term.values[known, i]
            if term.reference is None:
                if np.unique(values).size < 3:
                    return f"{term.name} takes fewer than three values"
                continue
            rest = term.values[known].sum(axis=1) == 0
            for name, inside in ((level, values == 1), (term.reference, rest)):
                n = use.filter(pl.Series(inside))["patient_id"].n_unique()
                if n < rule.min_level_patients:
                    return f"{term.name} is {name} in {n} patients, {rule.min_level_patients} needed"
    return None


def _not_estimable(fit: LogisticFit) -> str | None:
    if not np.isfinite(fit.value).all():
        return "the outcome is separated, or two predictors say the same"
    if not np.isfinite(fit.covariance).all():
        return "one patient alone decides a coefficient"
    return None


def _level_rows(part: pl.DataFrame, term: _Term, fit: LogisticFit | None) -> list[dict[str, Any]]:
    rest = term.known & (term.values.sum(axis=1) == 0)
    places: list[tuple[str, NDArray[np.bool_], int | None]] = [
        (level, term.known & ((term.values[:, i] == 1) if term.reference is not None else True), i)
        for i, level in enumerate(term.levels)
    ]
    if term.reference is not None:
        places.insert(0, (term.reference + REFERENCE, rest, None))
    out = []
    for level, inside, i in places:
        use = part.filter(pl.Series(inside))
        ratio = (None,) * 4 if fit is None or i is None else fit.ratio(i)
        names = ("odds_ratio", "ci_low", "ci_high", "p_value")
        out.append(
            {
                "predictor": term.name,
                "level": level,
                "n_variants": use["variant"].n_unique(),
                "n_patients": use["patient_id"].n_unique(),
                "n_discordant": use.filter("is_discordant")["variant"].n_unique(),
                **dict(zip(names, ratio, strict=True)),
                "q_value": None,
                "adjusted_odds_ratio": None,
                "adjusted_ci_low": None,
                "adjusted_ci_high": None,
            }
        )
    return out


def new_mutation_table(
    panels: Panels,
    presence: PresenceTable,
    pairs: PairTable,
    main: pl.DataFrame,
    *,
    exome_mb: float,
    min_patients: int,
) -> tuple[pl.DataFrame, int]:
    """Return `NEW_COLUMNS` over the main pairs of primary and metastasis, and the number of new altering mutations.

    A patient with N new protein-altering mutations in genes both assays looked at, whose coding sequence is L long, has
    one in a gene of length l with chance ``1 - (1 - l / L)^N``. With fewer than `min_patients` patients with a new
    mutation, and for a gene of unknown length, nothing is tested (null).
    """
    first = main.filter(pl.col("comparison") == COMPARED[0])
    schema = {name: dtype for name, dtype, _ in NEW_COLUMNS}
    fresh = _new_mutations(presence, pairs, first)
    assay = dict(panels.samples.select("sample_id", "mutation").iter_rows())
    looked: dict[str, tuple[frozenset[str] | None, float]] = {}
    for patient, a, b in first.select("patient_id", "sample_a", "sample_b").iter_rows():
        if assay.get(a) is not None and assay.get(b) is not None:
            both = _common(panels.genes.get(assay[a]), panels.genes.get(assay[b]))
            looked[patient] = (both, exome_mb if both is None else coding_mb(both))
    found: dict[str, set[str]] = {}
    counted: set[tuple[str, str]] = set()
    burden = dict.fromkeys(looked, 0)
    for patient, gene, by_calls in fresh.iter_rows():
        if patient not in looked:
            continue
        genes = looked[patient][0]
        if genes is None or gene in genes:
            burden[patient] += 1
            found.setdefault(gene, set()).add(patient)
            if not by_calls:
                counted.add((patient, gene))
    known = set(gene_table()["gene"])
    listed = {g for genes, _ in looked.values() for g in (known if genes is None else genes & known)}
    enough = sum(n > 0 for n in burden.values()) >= min_patients
    rows = []
    for gene in sorted(listed | set(found)):
        people = sorted(p for p, (genes, _) in looked.items() if genes is None or gene in genes)
        seen = sorted(found.get(gene, ()))
        row: dict[str, Any] = {
            "gene": gene,
            "n_new": len(seen),
            "n_by_calls": sum((p, gene) not in counted for p in seen),
            "n_assessable": len(people),
            "expected": None,
            "ratio": None,
            "p_value": None,
            "q_value": None,
            "patients": ";".join(seen) or None,
        }
        if enough and gene in known:
            length = coding_mb([gene])
            share = np.array([min(1.0, length / looked[p][1]) for p in people])
            chance = 1 - (1 - share) ** np.array([burden[p] for p in people])
            expected = float(chance.sum())
            if expected > 0:
                row |= {"expected": expected, "ratio": len(seen) / expected}
                row["p_value"] = upper_tail(chance, len(seen))
        rows.append(row)
    table = pl.DataFrame(rows, schema=schema)
    p = table["p_value"].fill_null(float("nan")).to_numpy()
    table = table.with_columns(pl.Series("q_value", benjamini_hochberg(p)).fill_nan(None))
    return table.sort("p_value", "n_new", "gene", descending=[False, True, False], nulls_last=True), sum(
        burden.values()
    )


def _common(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    return b if a is None else a if b is None else a & b


def _new_mutations(presence: PresenceTable, pairs: PairTable, first: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, gene, by_calls of each protein-altering mutation of the metastasis that the primary never
    had."""
    rows = pairs.variants.join(first.select("pair", "patient_id"), on="pair", how="inner", maintain_order="left")
    # a locus that the primary has lost since may have carried the mutation: not new
    rows = rows.filter((pl.col("state") == "private_b") & ~pl.col("is_lost") & pl.col("blood").is_null())
    cell = rows["cell_b"].to_numpy()
    rows = rows.with_columns(
        by_calls=difference_by_calls(),
        gene=presence.cells["gene"].gather(cell),
        consequence=_effects(presence.cells["consequence"].gather(cell)),
    )
    return rows.filter(is_altering().fill_null(False)).drop_nulls("gene").select("patient_id", "gene", "by_calls")


def _effects(given: pl.Series) -> pl.Series:
    return consequences(given) if len(given) else given


def upper_tail(chance: NDArray[np.float64], at_least: int) -> float:
    """Return P(as many successes or more) of independent trials of these chances, without cancellation.

    >>> round(upper_tail(np.array([0.5, 0.2]), 1), 12)
    0.6
    """
    state = np.zeros(at_least + 1)
    state[0] = 1.0
    for p in chance:
        moved = state[:-1] * p
        state[:-1] -= moved
        state[1:] += moved
    return float(min(1.0, state[-1]))
