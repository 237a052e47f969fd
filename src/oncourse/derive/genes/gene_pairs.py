"""Co-occurrence and mutual exclusivity of altered genes: per pair, and per group of genes (pathway)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.gene_groups import group_of_samples
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams
from oncourse.genome.gene_sets import pathways
from oncourse.stats.cooccurrence import Margins, cover_tests, fit_margins, pair_power, pair_tests
from oncourse.stats.fdr import benjamini_hochberg
from oncourse.study.model import Study

PAIR_SCHEMA = {
    "gene_a": pl.String,
    "gene_b": pl.String,
    "n_patients": pl.Int64,
    "n_both": pl.Int64,
    "n_a_only": pl.Int64,
    "n_b_only": pl.Int64,
    "expected_both": pl.Float64,
    "ratio": pl.Float64,
    "direction": pl.String,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "power_exclusivity": pl.Float64,
    "power_co_occurrence": pl.Float64,
}
GROUP_SCHEMA = {
    "gene_group": pl.String,
    "genes": pl.String,
    "n_patients": pl.Int64,
    "n_covered": pl.Int64,
    "expected_covered": pl.Float64,
    "direction": pl.String,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
}
#: Genes that shape the burden model: rarer ones tell nothing of a patient's burden that the commoner do not.
BURDEN_GENES = 2_000
#: Columns the patients are stratified by where they hold more than one value.
STRATA = ("disease", "msi_status")


@dataclass(frozen=True)
class BurdenModel:
    """Patients in classes of equal panel, stratum and burden, with each class's chance to be altered in each gene.

    ``altered`` (patient, gene) and ``looked`` (class, gene) are over ``genes``; ``of_class`` is each patient's class.
    ``strata`` names the columns that were used.
    """

    genes: tuple[str, ...]
    margins: Margins
    altered: NDArray[np.bool_]
    looked: NDArray[np.bool_]
    of_class: NDArray[np.int64]
    strata: tuple[str, ...]


def burden_model(
    study: Study, status: GeneStatus, params: LandscapeParams, kinds: pl.DataFrame | None = None
) -> BurdenModel | None:
    """Fit the burden model of `oncourse.stats.cooccurrence` stratum by stratum; None with fewer than two genes.

    kinds : patient_id, kind: further strata; patients that it does not name are one of their own

    A patient counts once, with the samples of `landscape.per_patient` together; a finding in a gene off the patient's
    panels has no denominator and is left out.
    """
    people, strata = _people(study, status)
    if kinds is not None:
        people = people.join(kinds, on="patient_id", how="left", maintain_order="left")
        people = people.with_columns(pl.col("stratum") + pl.col("kind").fill_null("")).drop("kind")
    place = people.select("patient_id").with_row_index("row")
    altered = status.altered_on_panel("patient_id").join(place, on="patient_id").select("gene", "row")
    totals = altered.group_by("gene").len("n").sort(["n", "gene"], descending=[True, False]).head(BURDEN_GENES)
    if totals.height < 2:
        return None
    genes = totals["gene"].to_list()
    events = altered.join(totals.with_row_index("g"), on="gene", how="inner")
    row, g = events["row"].to_numpy(), events["g"].to_numpy()
    people = people.with_columns(burden=pl.Series(np.bincount(row, minlength=people.height), dtype=pl.Int64))
    keys = ["stratum", "assays", "burden"]
    classes = people.group_by(keys).len("size").sort(keys).with_row_index("class")
    people = people.join(classes, on=keys, how="left", maintain_order="left")
    looked = _looked(status, classes["assays"].to_list(), genes)
    of_class = people["class"].to_numpy().astype(np.int64)
    found = np.zeros((people.height, len(genes)), bool)
    found[row, g] = True
    size, load = classes["size"].to_numpy(), classes["burden"].to_numpy()
    chance = np.full(looked.shape, np.nan)
    stratum = classes["stratum"].to_numpy()
    for name in np.unique(stratum):
        inside = stratum == name
        total = found[inside[of_class]].sum(0)
        chance[inside] = fit_margins(total, size[inside], load[inside], looked[inside]).probability
    return BurdenModel(tuple(genes), Margins(chance, size.astype(np.int64)), found, looked, of_class, strata)


def co_occurrence(model: BurdenModel | None, params: LandscapeParams) -> pl.DataFrame:
    """Test every pair of the commonest altered genes against the burden model: `PAIR_SCHEMA`.

    Genes enter when altered in `params.min_pair` patients, the commonest `params.pair_genes` of them; a pair that nobody
    was looked at for both (genes of different panels) is none.
    """
    if model is None:
        return pl.DataFrame(schema=PAIR_SCHEMA)
    n = int((model.altered.sum(0) >= params.min_pair).sum())
    top = min(n, params.pair_genes)
    if top < 2:
        return pl.DataFrame(schema=PAIR_SCHEMA)
    a, b = np.triu_indices(top, 1)
    seen = model.altered[:, :top].astype(np.float32)
    person, gene = np.nonzero(model.altered[:, :top])
    n_class = len(model.margins.size)
    in_class = (
        np.bincount(model.of_class[person] * top + gene, minlength=n_class * top).reshape(n_class, top).astype(float)
    )
    looked = model.looked[:, :top].astype(float)
    both = np.rint(seen.T @ seen).astype(np.int64)
    one = np.rint(in_class.T @ looked).astype(np.int64)  # altered in the first among those looked at for the second
    people = np.rint((looked * model.margins.size[:, None]).T @ looked).astype(np.int64)
    a, b = (side[people[a, b] > 0] for side in (a, b))
    null = pair_tests(model.margins, a, b, both[a, b])
    apart, together = pair_power(model.margins, null, a, b, params.pair_odds)
    names = np.array(model.genes)
    table = pl.DataFrame(
        {
            "gene_a": names[a],
            "gene_b": names[b],
            "n_patients": people[a, b],
            "n_both": both[a, b],
            "n_a_only": one[a, b] - both[a, b],
            "n_b_only": one[b, a] - both[a, b],
            "expected_both": null.expected,
            "ratio": both[a, b] / np.maximum(null.expected, 1e-12),
            "direction": np.where(both[a, b] >= null.expected, "co-occurrence", "exclusivity"),
            "p_value": null.p_value,
            "q_value": benjamini_hochberg(null.p_value),
            "power_exclusivity": apart,
            "power_co_occurrence": together,
        },
        schema=PAIR_SCHEMA,
    )
    return table.sort("p_value", "gene_a", "gene_b")


def group_exclusivity(model: BurdenModel | None, params: LandscapeParams) -> pl.DataFrame:
    """Test each pathway: are more patients altered in at least one of its genes than burden explains? `GROUP_SCHEMA`.

    More than expected: its genes exclude each other; fewer: they occur together. Genes altered in fewer than
    `params.min_pair` patients are left out of a group, groups of fewer than two genes are not tested.
    """
    if model is None:
        return pl.DataFrame(schema=GROUP_SCHEMA)
    often = model.altered.sum(0) >= params.min_pair
    index = {g: i for i, g in enumerate(model.genes) if often[i]}
    groups = {name: [g for g in genes if g in index] for name, genes in pathways().items()}
    groups = {name: genes for name, genes in groups.items() if len(genes) > 1}
    if not groups:
        return pl.DataFrame(schema=GROUP_SCHEMA)
    columns = [[index[g] for g in genes] for genes in groups.values()]
    covered = np.array([int(model.altered[:, c].any(1).sum()) for c in columns])
    people = [int(model.margins.size[model.looked[:, c].any(1)].sum()) for c in columns]
    null = cover_tests(model.margins, columns, covered)
    table = pl.DataFrame(
        {
            "gene_group": list(groups),
            "genes": [";".join(g) for g in groups.values()],
            "n_patients": people,
            "n_covered": covered,
            "expected_covered": null.expected,
            "direction": np.where(covered >= null.expected, "exclusivity", "co-occurrence"),
            "p_value": null.p_value,
            "q_value": benjamini_hochberg(null.p_value),
        },
        schema=GROUP_SCHEMA,
    )
    return table.sort("p_value", "gene_group")


def _people(study: Study, status: GeneStatus) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return patient_id, assays (of all counted samples), stratum, sorted; and the columns that make the strata."""
    samples = status.panels.samples.drop_nulls("mutation")
    people = _joined(samples.select("patient_id", assays="mutation"), "\n")
    used = []
    stratum = pl.lit("")
    for column in STRATA:
        values = group_of_samples(study, column).join(samples.select("sample_id"), on="sample_id", how="semi")
        if values["group"].n_unique() < 2:
            continue
        values = _joined(values.select("patient_id", pl.col("group").alias(column)), "/")
        if values[column].n_unique() > 1:
            used.append(column)
            people = people.join(values, on="patient_id", how="left")
            stratum = stratum + pl.col(column) + pl.lit("\n")
    people = people.with_columns(stratum=stratum).select("patient_id", "assays", "stratum")
    return people.sort("patient_id"), tuple(used)


def _joined(values: pl.DataFrame, mark: str) -> pl.DataFrame:
    """Return one row per patient_id: the different values of the other column, sorted and joined; "" without any."""
    column = values.columns[1]
    ordered = values.unique().sort("patient_id", column)
    return ordered.group_by("patient_id", maintain_order=True).agg(pl.col(column).drop_nulls().str.join(mark))


def _looked(status: GeneStatus, assays: list[str], genes: list[str]) -> NDArray[np.bool_]:
    """Return (class, gene): whether one of the class's assays looked at the gene."""
    names = np.array(genes)
    of_assay = {}
    for assay in {a for joined in assays for a in joined.split("\n")}:
        listed = status.panels.genes.get(assay)
        of_assay[assay] = np.ones(len(genes), bool) if listed is None else np.isin(names, list(listed))
    rows = {joined: np.any([of_assay[a] for a in joined.split("\n")], axis=0) for joined in set(assays)}
    return np.array([rows[joined] for joined in assays])
