"""Rows of a MAF that are no mutations: fusions (``EML4-ALK fusion`` in place of a change), as tables before cBioPortal's
own had them, and copies of a gene (``Amplification``), as tables of a laboratory have them."""

from __future__ import annotations

import polars as pl

from oncourse.genome.variant import which
from oncourse.io.structural.events import named_fusions
from oncourse.io.structural.large import FUSIONS, GENE_COPIES, SEGMENTS, Large, joined_large
from oncourse.study.frames import optional

#: Class of a row that is a fusion and no mutation.
_CLASS = r"(?i)^\s*(?:gene[ _-]?)?(?:fusion|rearrangement)s?\s*$"


def is_small(frame: pl.DataFrame) -> pl.Expr:
    """Whether a row writes the bases of a small variant: it is one, whatever its class is called.

    >>> frame = pl.DataFrame({"ref": ["C", "-", None, "C"], "alt": ["T", "-", None, "C"]})
    >>> frame.select(is_small(frame))["ref"].to_list()
    [True, False, False, False]
    """
    ref, alt = (optional(frame, c).str.strip_chars().str.to_uppercase().alias("ref") for c in ("ref", "alt"))
    bases = [side.str.contains(r"^([ACGT]+|-)$") for side in (ref, alt)]
    return (pl.all_horizontal(*bases) & (ref != alt)).fill_null(False).alias("ref")


def without_fusions(frame: pl.DataFrame, notes: list[str]) -> tuple[pl.DataFrame, Large | None, int]:
    """Return the rows (columns of `maf_columns`) that are no fusions, the fusions, and their rows' number.

    Fusions count as looked for in the samples that have one: a MAF does not say in whom else.
    """
    columns = [c for c in ("classification", "variant_type") if c in frame.columns]
    words = {c: which(frame[c], pl.col("x").str.contains(_CLASS)) for c in columns}
    if not any(words.values()) or "gene" not in frame.columns:
        return frame, None, 0
    said = [pl.col(c).is_in(of) for c, of in words.items()]
    named = pl.col("sample_id").is_not_null()  # a row of nobody is told with the others
    is_one = frame.select((pl.any_horizontal(said).fill_null(False) & named & ~is_small(frame)).alias("is_one"))[
        "is_one"
    ]
    if not is_one.any():
        return frame, None, 0
    raw = frame.filter(is_one).select("sample_id", "gene", optional(frame, "hgvs_p").alias("fusion"))
    fusions = named_fusions(raw).with_columns(pl.lit(None, pl.Int64).alias("support")).select(*FUSIONS).unique()
    fusions = fusions.sort(fusions.columns)
    n = int(is_one.sum())
    notes.append(f"{n:,} rows of the MAF are fusions, no mutations: {fusions.height:,} rows of the table of fusions")
    looked = tuple(fusions["sample_id"].unique().sort())
    return frame.filter(~is_one), Large(fusions, pl.DataFrame(schema=SEGMENTS), looked=looked), n


#: Words of a copy number -> the level of `gene_copy_number`; of a gain or loss that is not said to be high one level.
_LEVELS = (
    (2.0, r"(?i)^(?:gene |focal |high[- ]level )*(?:amp|amplif(?:ication|ied))$|^(?:基因)?扩增$"),
    (-2.0, r"(?i)^(?:homo(?:zygous )?|deep |bi-?allelic |two[- ]copy )del(?:etion|eted)?$|^homdel$|^纯合(?:性)?缺失$"),
    (1.0, r"(?i)^(?:copy[- ]number |cn |low[- ]level )?gain$|^拷贝数增加$"),
    (-1.0, r"(?i)^(?:copy[- ]number |cn |heterozygous |shallow |single[- ]copy )(?:loss|del(?:etion)?)$|^拷贝数减少$"),
)


def without_copies(frame: pl.DataFrame, notes: list[str]) -> tuple[pl.DataFrame, Large | None, int]:
    """Return the rows that are no copy numbers, the levels of genes that the others say, and their number.

    A row is one where class, type or change is a word of `_LEVELS` and no allele is written; a level that is not
    understood leaves the row where it is.
    """
    cells = [c for c in ("classification", "variant_type", "hgvs_p") if c in frame.columns]
    if not cells or "gene" not in frame.columns:
        return frame, None, 0
    text = [pl.col(c).str.strip_chars().str.replace_all(r"_", " ") for c in cells]
    level = pl.coalesce(*(pl.when(t.str.contains(words)).then(pl.lit(value)) for value, words in _LEVELS for t in text))
    bare = [optional(frame, c).str.strip_chars().fill_null("").is_in(["", ".", "-"]) for c in ("ref", "alt")]
    if not frame.select(pl.all_horizontal(*bare).any()).item():
        return frame, None, 0
    whole = pl.col("sample_id").is_not_null() & pl.col("gene").is_not_null()
    found = frame.select("sample_id", "gene", call=pl.when(pl.all_horizontal(*bare, whole)).then(level))
    is_one = found["call"].is_not_null()
    if not is_one.any():
        return frame, None, 0
    copies = found.filter(is_one).unique(["sample_id", "gene"], keep="first", maintain_order=True)
    copies = copies.select(*GENE_COPIES).sort("sample_id", "gene")
    n = int(is_one.sum())
    notes.append(
        f"{n:,} rows of the MAF are copies of a gene, no mutations: {copies.height:,} rows of gene_copy_number"
    )
    none = (pl.DataFrame(schema=FUSIONS), pl.DataFrame(schema=SEGMENTS))
    return frame.filter(~is_one), Large(*none, gene_copies=copies), n


def without_large(
    frame: pl.DataFrame, notes: list[str]
) -> tuple[pl.DataFrame, Large | None, list[tuple[str, int, None]]]:
    """Return the rows that are small variants, the events that the others are, and what became of how many."""
    frame, fusions, n_fusions = without_fusions(frame, notes)
    frame, copies, n_copies = without_copies(frame, notes)
    left = [("a fusion: a row of the table of fusions", n_fusions, None)] if n_fusions else []
    left += [("copies of a gene: a row of gene_copy_number", n_copies, None)] if n_copies else []
    return frame, joined_large([part for part in (fusions, copies) if part is not None]), left
