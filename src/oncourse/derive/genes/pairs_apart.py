"""Which pairs of genes hold when hypermutated tumours are taken apart: what parts these from others is no pair.

Unstable tumours and those without proofreading have genes of their own (ARID1A, BRAF V600E) and lack those of the
others (KRAS, TP53, APC). Burden alone does not tell the two kinds from each other, so that their genes seem to exclude
each other: of 367 tumours of the colon (TCGA) 400 of 19,900 pairs, of which two hold within the kinds.
"""

from __future__ import annotations

import polars as pl

from oncourse.derive.genes.gene_pairs import burden_model, co_occurrence
from oncourse.derive.genes.gene_status import GeneStatus, LandscapeParams
from oncourse.study.model import Study

#: False discovery rate below which a pair is found.
FOUND = 0.05


def hypermutated(samples: pl.DataFrame) -> pl.DataFrame:
    """Return patient_id, kind of the patients with a sample that is hypermutated by its mutations, one row each.

    samples : `oncourse.derive.genes.hypermutation`; kind: ``MSI-H`` (predicted), or ``hypermutated`` without it
    """
    unstable = pl.col("msi_predicted") == "MSI-H"
    kind = pl.when(unstable).then(pl.lit("MSI-H")).when(pl.col("p_hypermutated") > 0.5).then(pl.lit("hypermutated"))
    found = samples.select("patient_id", kind=kind).drop_nulls("kind")
    return found.group_by("patient_id").agg(pl.col("kind").min()).sort("patient_id")


def with_apart(
    pairs: pl.DataFrame, study: Study, status: GeneStatus, params: LandscapeParams, kinds: pl.DataFrame
) -> pl.DataFrame:
    """Return `pairs` with ``q_apart``: their false discovery rate where the `kinds` (`hypermutated`) are strata.

    Null in every row where fewer than `params.min_pair` patients are of a kind, or of none.
    """
    n = status.panels.samples.drop_nulls("mutation")["patient_id"].n_unique()
    if min(kinds.height, n - kinds.height) < params.min_pair:
        return pairs.with_columns(q_apart=pl.lit(None, pl.Float64))
    apart = co_occurrence(burden_model(study, status, params, kinds), params)
    held = apart.select("gene_a", "gene_b", q_apart="q_value")
    return pairs.join(held, on=["gene_a", "gene_b"], how="left", maintain_order="left")
