"""What a row of the table of fusions is: two genes joined, or a change within one."""

from __future__ import annotations

import polars as pl


def is_within_gene() -> pl.Expr:
    """Whether a row (columns ``gene_5p``, ``gene_3p``) is a change within one gene.

    An intragenic deletion or duplication of RET or NTRK joins no two genes: it breaks the gene and matches no rule that
    asks for a fusion (cBioPortal#5324, #7210, #10208). A row with one partner only is a fusion with an unknown one.
    """
    return (pl.col("gene_5p") == pl.col("gene_3p")).fill_null(False)
