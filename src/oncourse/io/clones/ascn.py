"""cBioPortal's clonality columns of a MAF."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.errors import InputError
from oncourse.study.frames import optional

ASCN = {
    "ASCN.ASCN_METHOD": "method",
    "ASCN.CCF_EXPECTED_COPIES": "ccf",
    "ASCN.CCF_EXPECTED_COPIES_UPPER": "ccf_high",
    "ASCN.CLONAL": "clonal",
    "ASCN.EXPECTED_ALT_COPIES": "multiplicity",
    "ASCN.TOTAL_COPY_NUMBER": "total_cn",
    "ASCN.MINOR_COPY_NUMBER": "minor_cn",
}
"""cBioPortal's allele-specific copy number columns of a MAF, and what they are here."""


def read_ascn(path: Path) -> pl.DataFrame:
    """Return the clonality columns of a cBioPortal MAF: sample_id, gene, chrom, pos, ref, alt and the values of `ASCN`.

    Columns the file does not have are null; `clonal` is CLONAL, SUBCLONAL or INDETERMINATE.
    """
    lines = path.read_text().splitlines()
    skip = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    frame = pl.read_csv(
        "\n".join(lines[skip:]).encode(),
        separator="\t",
        infer_schema=False,
        null_values=["", "NA"],
        quote_char=None,
    )
    needed = {
        "Tumor_Sample_Barcode": "sample_id",
        "Hugo_Symbol": "gene",
        "Chromosome": "chrom",
        "Start_Position": "pos",
        "Reference_Allele": "ref",
        "Tumor_Seq_Allele2": "alt",
    }
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        raise InputError(f"{path.name}: columns {', '.join(missing)} missing.")
    numbers = {"ccf", "ccf_high", "multiplicity", "total_cn", "minor_cn"}
    values = [
        optional(frame, old).cast(pl.Float64 if new in numbers else pl.String).alias(new) for old, new in ASCN.items()
    ]
    return frame.select(*(pl.col(old).alias(new) for old, new in needed.items()), *values).with_columns(
        pl.col("pos").cast(pl.Int64)
    )


def ascn_columns(variants: pl.DataFrame, *, clonal_from: float = 0.9) -> pl.DataFrame:
    """Return sample_id, variant_id and cBioPortal's ASCN columns for rows of evolution/variants.

    CLONAL where the upper limit of the CCF reaches `clonal_from` and the mean too, SUBCLONAL where the upper limit
    stays below it, else INDETERMINATE. Copy numbers are added where the frame has total_cn and minor_cn.
    """
    high = pl.col("ccf_high") >= clonal_from
    clonal = pl.when(high & (pl.col("ccf") >= clonal_from)).then(pl.lit("CLONAL")).when(~high).then(pl.lit("SUBCLONAL"))

    def number(name: str) -> pl.Expr:
        return optional(variants, name, pl.Float64).cast(pl.Float64)

    return variants.select(
        "sample_id",
        "variant_id",
        pl.lit("ONCOURSE").alias("ASCN.ASCN_METHOD"),
        pl.col("ccf").alias("ASCN.CCF_EXPECTED_COPIES"),
        pl.col("ccf_high").alias("ASCN.CCF_EXPECTED_COPIES_UPPER"),
        clonal.otherwise(pl.lit("INDETERMINATE")).alias("ASCN.CLONAL"),
        pl.col("multiplicity_mode").cast(pl.Int64).alias("ASCN.EXPECTED_ALT_COPIES"),
        number("total_cn").alias("ASCN.TOTAL_COPY_NUMBER"),
        number("minor_cn").alias("ASCN.MINOR_COPY_NUMBER"),
    )
