"""The figures of the landscape, and the numbers of its oncoprint."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from oncourse.analyses._base import Figure
from oncourse.analyses._landscape_tables import CLASSES, PAIRS
from oncourse.cohort import Cohort
from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams

if TYPE_CHECKING:
    from oncourse.plots.oncoprint import Oncoprint

_LABELS = {
    "nonsense": "truncating",
    "frameshift": "truncating",
    "start_lost": "truncating",
    "stop_lost": "truncating",
    "splice_site": "splice",
    "missense": "missense",
    "inframe_deletion": "inframe",
    "inframe_insertion": "inframe",
}

#: Fewer pairs of genes are told, not drawn: those of three genes.
FEWEST_PAIRS = 3


def landscape_figures(
    cohort: Cohort,
    status: GeneStatus,
    top: pl.DataFrame,
    burden: pl.DataFrame,
    tables: dict[str, pl.DataFrame],
    groups: pl.DataFrame | None,
    params: LandscapeParams,
) -> list[Figure]:
    """Return the figures of the landscape; none where no gene is altered."""
    from oncourse.plots.bars import count_bars, grouped_points, interval_bars
    from oncourse.plots.oncoprint import oncoprint_svg

    if top.is_empty():
        return []
    figures = [
        Figure(
            "oncoprint",
            "Oncoprint",
            "Genes by frequency, samples sorted; grey where the gene was not on the "
            "sample's panel; the foot of a cell: both "
            "alleles hit, or a germline hit.",
            partial(oncoprint_svg, oncoprint_data(cohort, status, top, burden, groups, params.split_by)),
        ),
        Figure(
            "gene_frequency",
            "Frequency of altered genes",
            f"Share of {params.unit}s in whom the gene was looked at, with the exact 95 % interval and counts.",
            partial(
                interval_bars,
                top["gene"].to_list(),
                top["frequency"].to_list(),
                top["ci_low"].to_list(),
                top["ci_high"].to_list(),
                [f"{a}/{n}" for a, n in top.select("n_altered", "n_profiled").iter_rows()],
                xlabel=f"{params.unit}s with an alteration",
                people=_altered(status, top["gene"].to_list(), f"{params.unit}_id", cohort),
            ),
        ),
    ]
    if (pairs := tables[PAIRS.name]).height >= FEWEST_PAIRS:
        from oncourse.plots.exclusivity import exclusivity_svg

        figures.append(
            Figure(
                "exclusivity",
                "Genes that exclude or accompany each other",
                "Each cell a pair of genes, over "
                "what burden and stratum explain: blue together less often, orange more. A ring: FDR below 5 %. A "
                "dot: the "
                f"power for an odds ratio of {params.pair_odds:g} (or its inverse) is below 20 %, so nothing found "
                f"says "
                "nothing. Table landscape/pairs.",
                partial(exclusivity_svg, pairs, params.top_genes),
            )
        )
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.height:
        if groups is not None:
            joined = sized.join(groups, on="sample_id", how="inner").drop_nulls("group")
        else:
            joined = sized.with_columns(group=pl.col("msi_status").fill_null("MSI not assessed"))
        of_group = sorted(joined.group_by(["group"], maintain_order=True))
        parts = {str(k[0]): g["tmb_per_mb"].to_list() for k, g in of_group}
        who = {str(k[0]): g["patient_id"].to_list() for k, g in of_group}
        parts = dict(sorted(parts.items(), key=lambda item: -len(item[1]))[:8])
        if parts:
            figures.append(
                Figure(
                    "burden",
                    "Mutational burden",
                    "Mutations per megabase of each sample, sorted; the line is the median, the diamond the mean.",
                    partial(grouped_points, parts, ylabel="mutations per Mb", people=who),
                )
            )
    classes = tables[CLASSES.name]
    if classes.height:
        shown = classes.select("consequence", "n_variants").head(12)
        counts = {_class_words(name): n for name, n in shown.iter_rows()}
        figures.append(
            Figure(
                "classes",
                "Variant classes",
                "Called somatic variants by effect, all samples.",
                partial(count_bars, counts, xlabel="called variants", people=_with_class(cohort)),
            )
        )
    return figures


def _altered(status: GeneStatus, genes: list[str], key: str, cohort: Cohort) -> list[list[str]]:
    """The patients of each gene's bar: those altered among whom the panel looked at."""
    found = status.altered_on_panel(key).filter(pl.col("gene").is_in(genes))
    if key == "sample_id":
        found = found.join(cohort.study["samples"].select("sample_id", "patient_id"), on="sample_id")
    who = dict(found.group_by("gene").agg(pl.col("patient_id").unique().sort()).iter_rows())
    return [who.get(gene, []) for gene in genes]


#: Kinds of effect whose name is no word.
_CLASSES = {"utr3": "3' UTR", "utr5": "5' UTR", "noncoding": "non-coding RNA"}


def _class_words(name: str) -> str:
    return _CLASSES.get(name, name)


def _with_class(cohort: Cohort) -> dict[str, list[str]]:
    """Kind of effect -> the patients with such a call."""
    of = pl.col("consequence").fill_null("unknown")
    calls = cohort.numbered_calls.select(of, "patient_id", "sample").unique(["consequence", "sample"])
    calls = calls.select("consequence", "patient_id").unique()
    found = calls.group_by("consequence").agg(pl.col("patient_id").sort())
    return {_class_words(name): people for name, people in found.iter_rows()}


def oncoprint_data(
    cohort: Cohort,
    status: GeneStatus,
    top: pl.DataFrame,
    burden: pl.DataFrame,
    groups: pl.DataFrame | None,
    split_by: tuple[str, ...] = (),
) -> Oncoprint:
    """Arrange the oncoprint's numbers: see `oncourse.plots.oncoprint.Oncoprint`."""
    from oncourse.plots.oncoprint import COPY_KINDS, MUTATION_KINDS, Oncoprint

    samples = _by_role(cohort, status.panels.samples.drop_nulls("mutation"))
    genes, ids = top["gene"].to_list(), samples["sample_id"].to_list()
    row = {g: i for i, g in enumerate(genes)}
    looked = np.zeros((len(genes), len(ids)), bool)
    mutation, copy = np.zeros(looked.shape, np.int8), np.zeros(looked.shape, np.int8)
    assays = samples["mutation"].to_numpy()
    for gene, i in row.items():
        looked[i] = np.isin(assays, status.panels.assays_with(gene))
    events = _placed_events(status.altered, genes, ids)
    at, column = events["row"].to_numpy(), events["column"].to_numpy()
    effect = events["effect"].fill_null("").replace_strict(_LABELS, default="other", return_dtype=pl.String)
    kind = effect.replace_strict({k: n for n, k in enumerate(MUTATION_KINDS, 1)}, return_dtype=pl.Int8).to_numpy()
    is_mutated = events["is_mutated"].to_numpy()
    mutation[at[is_mutated], column[is_mutated]] = kind[is_mutated]
    for flag, word in (("is_fused", "fusion"), ("is_deleted", "deletion"), ("is_amplified", "amplification")):
        has = events[flag].to_numpy()
        copy[at[has], column[has]] = 1 + COPY_KINDS.index(word)
    facts = (
        samples.select("sample_id")
        .join(
            cohort.study["samples"].select("sample_id", "material", "lesion_id"),
            on="sample_id",
            how="left",
            maintain_order="left",
        )
        .join(burden.select("sample_id", "msi_status"), on="sample_id", how="left", maintain_order="left")
    )
    roles = cohort.study["lesions"].select("lesion_id", "role")
    facts = facts.join(roles, on="lesion_id", how="left", maintain_order="left")
    tracks: dict[str, list[str | None]] = {}
    for name, label in (("material", "material"), ("role", "lesion"), ("msi_status", "MSI")):
        if facts[name].n_unique() > 1:
            tracks[label] = facts[name].to_list()
    if groups is not None:
        of_group = facts.join(groups, on="sample_id", how="left", maintain_order="left")["group"].to_list()
        if of_group not in tracks.values():  # the group may be one of these tracks (landscape.group_by = role)
            tracks["group"] = of_group
    split = []
    for name in split_by:
        split.append({"msi": "MSI", "role": "lesion", "material": "material"}.get(name, name))
        if split[-1] not in tracks and name != "msi":
            of = group_of_samples(cohort.study, name)
            own = facts.select("sample_id").join(of, on="sample_id", how="left", maintain_order="left")
            tracks[split[-1]] = own["group"].to_list()
    tmb = samples.join(burden.select("sample_id", "tmb_per_mb"), on="sample_id", how="left", maintain_order="left")
    values = tmb["tmb_per_mb"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return Oncoprint(
        genes,
        looked,
        mutation,
        copy,
        top["frequency"].to_list(),
        tracks,
        values if np.isfinite(values).any() else None,
        _marks(cohort, row, samples),
        ids,
        samples["patient_id"].to_list(),
        split,
    )


def _placed_events(altered: pl.DataFrame, genes: list[str], samples: list[str]) -> pl.DataFrame:
    """The altered rows of these genes and samples, with the row and column of their cell."""
    rows = pl.DataFrame({"gene": genes}, schema={"gene": pl.String}).with_row_index("row")
    columns = pl.DataFrame({"sample_id": samples}, schema={"sample_id": pl.String}).with_row_index("column")
    of_gene = altered.filter("is_altered").join(rows, on="gene", maintain_order="left")
    return of_gene.join(columns, on="sample_id", maintain_order="left")


def _by_role(cohort: Cohort, samples: pl.DataFrame) -> pl.DataFrame:
    """Sort the samples of each patient: primary, local recurrence, metastasis, then without a lesion (blood); by
    day."""
    facts = (
        cohort.study["samples"]
        .select("sample_id", "lesion_id", "day")
        .join(cohort.study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
    )
    rank = pl.col("role").replace_strict(
        {"primary": 0, "local_recurrence": 1, "metastasis": 2}, default=3, return_dtype=pl.Int8
    )
    return (
        samples.join(facts, on="sample_id", how="left")
        .sort("patient_id", rank, "day", "sample_id", nulls_last=True)
        .select(samples.columns)
    )


def _marks(cohort: Cohort, row: dict[str, int], samples: pl.DataFrame) -> np.ndarray:  # type: ignore[type-arg]
    """Return (gene, sample): 1 where both alleles of the patient's gene are hit and the sample shows a hit, 2:
    germline."""
    column = {s: i for i, s in enumerate(samples["sample_id"])}
    own = dict(samples.group_by("patient_id").agg("sample_id").iter_rows())
    marks = np.zeros((len(row), len(column)), np.int8)
    germline = cohort.hits.filter((pl.col("kind") == "germline") & pl.col("gene").is_in(list(row)))
    for patient, gene in germline.select("patient_id", "gene").unique().iter_rows():
        marks[row[gene], [column[s] for s in own.get(patient, ())]] = 2
    both = cohort.alterations.filter("is_biallelic").filter(pl.col("gene").is_in(list(row)))
    for gene, ids in both.select("gene", "samples").iter_rows():
        marks[row[gene], [column[s] for s in ids.split(";") if s in column]] = 1
    return marks
