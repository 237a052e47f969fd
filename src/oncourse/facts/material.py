"""Which samples are tumour and which are not."""

from __future__ import annotations

import polars as pl

from oncourse.study.tables import NORMALS

#: Materials in which tumour is looked for.
TUMOUR = ("tissue", "plasma")
#: Materials of the patient's own cells, which hold no tumour: they tell germline and blood clones apart.
NORMAL = NORMALS


def is_tumour() -> pl.Expr:
    """Whether a row of samples (column ``material``) is one in which tumour is looked for."""
    return pl.col("material").is_in(TUMOUR)


def is_normal() -> pl.Expr:
    """Whether a row of samples (column ``material``) is a matched normal or white cells."""
    return pl.col("material").is_in(NORMAL)
