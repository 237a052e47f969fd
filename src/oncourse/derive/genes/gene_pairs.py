"""Co-occurrence and mutual exclusivity of the commonest altered genes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams
from oncourse.stats.cooccurrence import fit_margins, pair_test
from oncourse.stats.fdr import benjamini_hochberg

PAIR_SCHEMA = {
    "gene_a": pl.String, "gene_b": pl.String, "n_samples": pl.Int64, "n_both": pl.Int64, "n_a_only": pl.Int64,
    "n_b_only": pl.Int64, "expected_both": pl.Float64, "direction": pl.String, "p_value": pl.Float64,
    "q_value": pl.Float64,
}  # fmt: skip
#: Genes that shape the burden model: rarer ones tell nothing of a sample's burden that the commoner do not.
BURDEN_GENES = 2_000


def co_occurrence(status: GeneStatus, params: LandscapeParams) -> pl.DataFrame:
    """Test every pair of the commonest altered genes, one sample per patient (the one with most alterations).

    The null keeps each gene's total and each sample's number of altered genes
    (`oncourse.stats.cooccurrence`); pairs enter when both genes are altered in `params.min_pair` samples.
    """
    altered = status.altered.filter("is_altered").select("sample_id", "patient_id", "gene")
    samples = status.panels.samples.drop_nulls("mutation")
    n_altered = altered.group_by("sample_id").len("n")
    one = (
        samples.join(n_altered, on="sample_id", how="left")
        .with_columns(pl.col("n").fill_null(0).cast(pl.Int64))
        .sort(["patient_id", "n", "sample_id"], descending=[False, True, False])
        .unique("patient_id", keep="first", maintain_order=True)
    )
    altered = altered.join(one.select("sample_id"), on="sample_id", how="semi")
    totals = (
        altered.group_by("gene").len("n").sort(["n", "gene"], descending=[True, False]).head(BURDEN_GENES)
    )
    tested = totals.filter(pl.col("n") >= params.min_pair).head(params.pair_genes)["gene"].to_list()
    if len(tested) < 2:
        return pl.DataFrame(schema=PAIR_SCHEMA)
    genes = totals["gene"].to_list()
    index = pl.DataFrame({"gene": genes, "g": range(len(genes))})
    events = altered.join(index, on="gene", how="inner").select("sample_id", "gene", "g")
    burden = events.group_by("sample_id").len("burden")
    one = one.select("sample_id", "mutation").join(burden, on="sample_id", how="left")
    one = one.with_columns(pl.col("burden").fill_null(0).cast(pl.Int64))
    classes = (
        one.group_by("mutation", "burden").len("size").sort("mutation", "burden").with_row_index("class")
    )
    one = one.join(classes, on=["mutation", "burden"], how="left")
    looked = _looked(status, classes["mutation"].to_list(), genes)
    seen = np.zeros((len(classes), len(genes)), bool)
    hits = events.join(one.select("sample_id", "class"), on="sample_id", how="left")
    seen[hits["class"].to_numpy(), hits["g"].to_numpy()] = True
    margins = fit_margins(
        totals["n"].to_numpy(), classes["size"].to_numpy(), classes["burden"].to_numpy(), looked | seen
    )
    row_of = one.select("sample_id", "class").with_row_index("row")
    class_of = row_of["class"].to_numpy()
    has = {}
    for (g,), part in events.filter(pl.col("gene").is_in(tested)).group_by(["gene"]):
        has[g] = np.zeros(row_of.height, bool)
        has[g][row_of.join(part, on="sample_id", how="semi")["row"].to_numpy()] = True
    size = classes["size"].to_numpy()
    rows = []
    for a, b in combinations(tested, 2):
        i, j = genes.index(a), genes.index(b)
        both_seen = ~np.isnan(margins.probability[:, i]) & ~np.isnan(margins.probability[:, j])
        in_both = both_seen[class_of]
        n_both = int((has[a] & has[b] & in_both).sum())
        expected, more, fewer = pair_test(margins, i, j, n_both)
        rows.append((
            a, b, int(size[both_seen].sum()), n_both, int((has[a] & in_both & ~has[b]).sum()),
            int((has[b] & in_both & ~has[a]).sum()), expected,
            "co-occurrence" if n_both >= expected else "exclusivity", min(1.0, 2 * min(more, fewer)), None,
        ))  # fmt: skip
    table = pl.DataFrame(rows, schema=PAIR_SCHEMA, orient="row")
    return table.with_columns(pl.Series("q_value", benjamini_hochberg(table["p_value"].to_numpy()))).sort(
        "p_value", "gene_a", "gene_b"
    )


def _looked(status: GeneStatus, assays: list[str], genes: list[str]) -> NDArray[np.bool_]:
    """Return (class, gene): whether the class's assay looked at the gene."""
    rows = {}
    for assay in set(assays):
        listed = status.panels.genes.get(assay)
        rows[assay] = np.array([listed is None or gene in listed for gene in genes], bool)
    return np.array([rows[assay] for assay in assays])
