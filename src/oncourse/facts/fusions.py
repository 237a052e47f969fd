"""What a row of the table of fusions is: two genes joined, or a change within one."""

from __future__ import annotations

import polars as pl


def is_within_gene() -> pl.Expr:
    """Whether a row (columns ``gene_5p``, ``gene_3p``) is a change within one gene.

    An intragenic deletion or duplication of RET or NTRK joins no two genes: it breaks the gene and matches no rule that
    asks for a fusion (cBioPortal#5324, #7210, #10208). A row with one partner only is a fusion with an unknown one.
    """
    return (pl.col("gene_5p") == pl.col("gene_3p")).fill_null(False)


#: 3' partners that a fusion turns on by the other gene's promoter, in frame or not (Tomlins 2005, Science 310:644).
PROMOTER_DRIVEN = ("ERG", "ETV1", "ETV4", "ETV5", "FLI1")


def is_fusion() -> pl.Expr:
    """Whether a row is a fusion that a rule may ask for: two genes, and not one that is read on out of frame.

    A kinase out of frame is none (cBioPortal's Site2_Effect_On_Frame; Arriba's reading_frame); ETS genes need no frame.
    """
    return ~is_within_gene() & ~is_off_frame()


def is_off_frame() -> pl.Expr:
    """Whether a row joins two genes of which the second is read on out of frame, and needs the frame."""
    needs = ~pl.col("gene_3p").is_in(PROMOTER_DRIVEN).fill_null(False)
    return ~is_within_gene() & (pl.col("frame") == "out_of_frame").fill_null(False) & needs
