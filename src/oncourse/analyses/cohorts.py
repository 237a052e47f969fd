"""This cohort against another, or its groups against each other: difference per gene, adjusted, and what is alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis
from oncourse.analyses._headline import Headline
from oncourse.analyses._people import counted
from oncourse.cohort import Cohort
from oncourse.derive.genes.cohort_compare import UNPAIRED, against_reference, between_groups, judged
from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams, counted_samples
from oncourse.derive.genes.kinds_alike import KINDS, alike, counting, in_words
from oncourse.errors import InputError, NotEnoughData
from oncourse.io.lists import read_reference
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import said
from oncourse.words.numbers import with_unit


@section("cohorts")
@dataclass(frozen=True)
class CohortParams:
    """What is compared, and within which margin two cohorts are alike."""

    other: str | None = setting(
        None,
        "another cohort: a TSV of gene, n_altered, n_profiled, or a results folder of oncourse (default: the "
        "reference of the landscape, else groups of this study: landscape.group_by, --group, or the lesion's role)",
    )
    margin: float = setting(0.05, "difference of frequencies within which cohorts are alike", low=0.005, high=0.5)
    min_altered: int = setting(5, "genes altered in fewer patients of both together are left out", low=1)
    adjust: tuple[str, ...] = setting(
        (),
        "columns of patients, samples or lesions (state of disease, assay_id for the panel) for which groups are "
        "adjusted, together with thirds of burden",
    )
    most_genes: int = setting(100, "most genes compared, by number of patients", low=5, high=1000)


_T, _F, _I = pl.String, pl.Float64, pl.Int64
GENES = OutputTable(
    "cohorts/genes",
    "gene frequencies of two cohorts or groups",
    (
        Column("gene", _T, "HGNC symbol"),
        Column("cohort_a", _T, "first cohort"),
        Column("cohort_b", _T, "second cohort"),
        Column(
            "method", _T, "unadjusted counts; patients of one group each; or patients with samples in both (paired)"
        ),
        Column("counted", _T, "what counts: mutations, and the kinds that both were looked at for alike"),
        Column("n_altered_a", _I, "altered in the first"),
        Column("n_profiled_a", _I, "looked at in the first"),
        Column("n_altered_b", _I, "altered in the second"),
        Column("n_profiled_b", _I, "looked at in the second"),
        Column("difference", _F, "frequency in the first less that in the second", unit="fraction"),
        Column("ci_low", _F, "lower limit (Newcombe 1998; of paired patients as if independent)", unit="fraction"),
        Column("ci_high", _F, "upper limit", unit="fraction"),
        Column("p_value", _F, "Fisher's exact test; paired: McNemar's exact test"),
        Column("q_value", _F, "false discovery rate over this table"),
        Column(
            "adjusted_difference",
            _F,
            "first less second within thirds of burden and the columns of cohorts.adjust (Mantel-Haenszel)",
            unit="fraction",
        ),
        Column("adjusted_difference_low", _F, "lower limit (Sato 1989)", unit="fraction"),
        Column("adjusted_difference_high", _F, "upper limit", unit="fraction"),
        Column(
            "adjusted_odds_ratio",
            _F,
            "odds in the first over the second, within thirds of burden (Mantel-Haenszel); null: burden of the other "
            "not known",
        ),
        Column("adjusted_low", _F, "lower limit"),
        Column("adjusted_high", _F, "upper limit"),
        Column("adjusted_p", _F, "Cochran-Mantel-Haenszel test"),
        Column("verdict", _T, "differs (FDR below 5 %), alike (90 % interval within the margin), or not decided"),
    ),
)
PROFILED, NONE = "patients profiled for mutations", "no tumour sample profiled for mutations"
OWN = "this cohort"
UNSAID = "not said by the other cohort"


@analysis(
    title="Cohorts compared",
    question="Which genes are altered more or less often than in another cohort or group, and which alike?",
    needs=("samples", "calls|gene_copy_number|fusions"),
    params=CohortParams,
    tables=(GENES,),
    order=15,
)
def cohorts(cohort: Cohort, params: CohortParams) -> Result:
    """Difference per gene with interval, against another cohort or between groups of this one."""
    settings = cohort.params(LandscapeParams)
    other = params.other or settings.reference
    table = _against(cohort, Path(other), settings, params) if other else _groups(cohort, settings, params)
    if table.is_empty():
        raise NotEnoughData("No two groups of patients with a gene altered often enough.")
    profiled = cohort.panels.samples.drop_nulls("mutation")
    differs = table.filter(pl.col("verdict") == "differs")
    alike = table.filter(pl.col("verdict").str.starts_with("alike"))
    n_patients = profiled["patient_id"].n_unique()
    estimates = (
        Estimate("patients_profiled", n_patients, unit="count", method="counted", question=PROFILED),
        Estimate("comparisons", table.height, unit="count", method="genes and pairs of cohorts"),
        Estimate("differ", differs.height, unit="count", method="FDR below 5 %"),
        Estimate("alike", alike.height, unit="count", method="90 % interval of the difference within the margin"),
    )
    words = "; ".join(_words(r) for r in differs.head(3).iter_rows(named=True))
    return Result(
        answer="Of {comparisons} comparisons of a gene between two groups, {differ} differ and {alike} are alike within "
        "the margin; the others are not decided." + (f" Most clearly: {words}." if words else ""),
        estimates=estimates,
        tables={GENES.name: GENES.frame(table)},
        figures=tuple(_figures(table, params, cohort.gene_status)),
        people=counted(PROFILED, cohort.study["patients"]["patient_id"], profiled.select("patient_id"), rest=NONE),
        samples_used=profiled.select("patient_id", "sample_id", pl.lit("profiled for mutations").alias("reason")),
        notes=_notes(bool(other), table, cohort.gene_status),
        headline=_headline(estimates, table, differs),
        methods=(
            "Denominators: patients on whose panel the gene is. Difference: Newcombe 1998. Alike: two one-sided tests, "
            f"5 %, within {100 * params.margin:g} points. Patients with samples in both groups are paired (McNemar), "
            f"all "
            "others by Fisher's test; the odds ratio of these within thirds of burden by Mantel-Haenszel.",
            "Adjusted difference: Greenland and Robins 1985, limits of Sato 1989; adjusted for "
            + ", ".join(("thirds of burden", *params.adjust))
            + ".",
        ),
    )


def _words(row: dict[str, Any]) -> str:
    gene, a, b = (str(row[c]).replace("{", "(").replace("}", ")") for c in ("gene", "cohort_a", "cohort_b"))
    shares = (
        f"{n_altered:,} of {n:,} in {group} ({with_unit(n_altered / n, 'fraction')})"
        for group, n_altered, n in (
            (a, row["n_altered_a"], row["n_profiled_a"]),
            (b, row["n_altered_b"], row["n_profiled_b"]),
        )
    )
    return f"{gene}, {' v '.join(shares)}"


def _against(cohort: Cohort, path: Path, settings: LandscapeParams, params: CohortParams) -> pl.DataFrame:
    """This cohort against a table of counts, or the table of another results folder."""
    status = cohort.gene_status.of_samples(counted_samples(cohort.study, cohort.panels, settings.per_patient))
    reference, counted = _other_counts(path, status)
    if counted is not None:
        status = counting(status, counted)
    found = status.altered_on_panel("patient_id").group_by("gene").agg(n_altered=pl.len().cast(pl.Int64))
    own = status.panels.n_profiled(set(reference["gene"])).join(found, on="gene", how="left").fill_null(0)
    names = (OWN, path.stem if path.is_file() else path.name)
    counts = against_reference(own, reference, names, UNSAID if counted is None else in_words(counted))
    both = pl.col("n_altered_a") + pl.col("n_altered_b")
    counts = counts.filter(both >= params.min_altered).sort(both, descending=True).head(params.most_genes)
    return judged(counts, params.margin)


def _other_counts(path: Path, status: GeneStatus) -> tuple[pl.DataFrame, tuple[str, ...] | None]:
    """gene, n_altered, n_profiled of the other cohort, and the kinds that count beside mutations (None: not said).

    Both count what both were looked at for. A results folder says of each gene how many were; where it counts kinds
    that this study did not look for, mutations alone count on both sides.
    """
    if path.is_file():
        return read_reference(path), None
    source = path / "tables" / "landscape" / "genes.tsv"
    if not source.exists():
        raise InputError(f"{path.name}: no results of the landscape in it (tables/landscape/genes.tsv).")
    names = ("n_altered", "n_profiled", "n_mutated", "n_profiled_copies", "n_profiled_fusions")
    there = pl.read_csv(source, separator="\t", n_rows=0).columns
    numbers = {c: pl.Int64 for c in names if c in there}
    reference = pl.read_csv(source, separator="\t", columns=["gene", *numbers], schema_overrides=numbers)
    if len(numbers) < len(names):
        return reference, None
    genes, whole = set(reference["gene"]), max(int(reference["n_profiled"].sum()), 1)
    own = {k: int(status.panels.n_profiled(genes, "patient", c)["n_profiled"].sum()) for k, c in KINDS.items()}
    all_of = max(int(status.panels.n_profiled(genes)["n_profiled"].sum()), 1)
    shares = {k: [own[k] / all_of, int(reference[f"n_profiled_{k}"].sum()) / whole] for k in KINDS}
    kinds = alike(pl.DataFrame(shares))
    if any(k not in kinds and shares[k][1] > shares[k][0] for k in KINDS):
        mutated = pl.min_horizontal("n_mutated", "n_profiled")
        return reference.with_columns(n_altered=mutated), ()
    return reference, kinds


def _groups(cohort: Cohort, settings: LandscapeParams, params: CohortParams) -> pl.DataFrame:
    found = cohort.sample_groups(settings.group_by)
    groups = group_of_samples(cohort.study, "role") if found is None else found
    counts = cohort.gene_status.altered_on_panel("patient_id").group_by("gene").len("n")
    genes = counts.filter(pl.col("n") >= params.min_altered).sort(["n", "gene"], descending=[True, False])
    named = genes["gene"].head(params.most_genes).to_list()
    return between_groups(cohort.gene_status, groups, cohort.burden, named, params.margin, _strata(cohort, params))


def _strata(cohort: Cohort, params: CohortParams) -> pl.DataFrame | None:
    """sample_id, by: the values of `params.adjust` of each sample, joined; null where one is not known."""
    parts = [group_of_samples(cohort.study, column) for column in params.adjust]
    if not parts:
        return None
    table = parts[0].select("sample_id", by="group")
    for part in parts[1:]:
        table = table.join(part.select("sample_id", "group"), on="sample_id", how="left")
        table = table.select("sample_id", by=pl.col("by") + pl.lit(" ") + pl.col("group"))
    return table


def _notes(is_other: bool, table: pl.DataFrame, status: GeneStatus) -> tuple[str, ...]:
    notes = [
        "Comparisons of cohorts are exploratory: they differ in more than the gene (stage, treatment, assay, calling)."
    ]
    own = in_words(tuple(k for k, c in KINDS.items() if status.panels.samples[c].is_not_null().any()))
    fewer = table.filter(~pl.col("counted").is_in([own, UNSAID]))["counted"].unique().sort().to_list()
    if fewer:
        notes.append(
            f"Compared by {' or '.join(fewer)} where not both were looked at alike for copies and fusions: what one "
            "was not looked at for is no difference."
        )
    if is_other:
        if (table["counted"] == UNSAID).any():
            notes.append(
                "Whether the other cohort was looked at for copies and fusions is not said: what this one counts of "
                "them may be all that differs. A results folder says it."
            )
        notes.append("The other cohort has counts alone: burden and state of disease cannot be adjusted for.")
    elif (apart := table.filter(pl.col("method") == UNPAIRED)).is_empty():
        notes.append("Every patient compared has samples in both groups, and so is compared with himself or herself.")
    elif apart["adjusted_odds_ratio"].is_null().all():
        notes.append("The burden of some samples is not known: nothing is adjusted for it.")
    return tuple(notes)


def _headline(estimates: tuple[Estimate, ...], table: pl.DataFrame, differs: pl.DataFrame) -> Headline:
    k = int(estimates[2].value or 0)
    n = int(estimates[1].value or 0)
    pairs = table.select("cohort_a", "cohort_b").unique().rows()
    if differs.is_empty():
        words = said("headline.cohorts.none_of_many", n=n)
        if len(pairs) == 1 and n > 1:
            words = said("headline.cohorts.none", n=n, a=pairs[0][0], b=pairs[0][1])
        return Headline(words, "uncertain", said("reason.nothing_found"), "comparisons")
    first = differs.row(0, named=True)
    key = "headline.cohorts.found" + ("" if len(pairs) == 1 else "_of_many")
    words = said(key, k=k, n=n, gene=first["gene"], a=first["cohort_a"], b=first["cohort_b"])
    return Headline(words, "answered", said("reason.corrected"), "differ")


def _figures(table: pl.DataFrame, params: CohortParams, status: GeneStatus) -> list[Figure]:
    from oncourse.plots.differences import differences_svg

    first = table.row(0, named=True)
    pair = (pl.col("cohort_a") == first["cohort_a"]) & (pl.col("cohort_b") == first["cohort_b"])
    rows = table.filter(pair & (pl.col("method") == first["method"])).head(30)
    notes = [
        f"{a}/{n} v {b}/{m}"
        for a, n, b, m in rows.select("n_altered_a", "n_profiled_a", "n_altered_b", "n_profiled_b").iter_rows()
    ]
    found = status.altered_on_panel("patient_id").filter(pl.col("gene").is_in(rows["gene"].implode()))
    altered = dict(found.group_by("gene").agg(pl.col("patient_id").sort()).iter_rows())
    drawing = partial(
        differences_svg,
        rows["gene"].to_list(),
        rows["difference"].to_list(),
        rows["ci_low"].to_list(),
        rows["ci_high"].to_list(),
        (rows["verdict"] == "differs").to_list(),
        notes,
        margin=params.margin,
        xlabel=f"percentage points, {first['cohort_a']} less {first['cohort_b']}",
        people=[altered.get(gene, []) for gene in rows["gene"]],
    )
    return [
        Figure(
            "forest",
            "Genes of two cohorts",
            f"{first['cohort_a']} against {first['cohort_b']} ({first['method']}): "
            "difference of the frequencies with its 95 % interval, strongest evidence first; orange: FDR below 5 %; "
            "grey band: the margin of equivalence. Table cohorts/genes.",
            drawing,
        )
    ]
