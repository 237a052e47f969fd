"""The variant alleles of a table's row: in allele 1 or 2 of a MAF, two of them, or the alternates of a VCF in one cell."""

from __future__ import annotations

import polars as pl

from oncourse.genome.variant import which
from oncourse.io.variants.maf_numbers import at_lines
from oncourse.study.schema import Problem


def with_alleles(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Return a row per variant allele (``alt``) and what must be told; the frame is text, ``alt_1`` allele 1 of a MAF."""
    frame = _with_thymine(frame)
    if "alt" not in frame.columns:
        frame = frame.with_columns(pl.col("alt_1").alias("alt"))
    elif "alt_1" in frame.columns:
        # some centres put the variant into allele 1 and the reference into allele 2
        swap = (pl.col("alt") == pl.col("ref")) & (pl.col("alt_1") != pl.col("ref"))
        alt = pl.when(pl.col("alt").is_null() | swap).then(pl.col("alt_1")).otherwise(pl.col("alt"))
        frame = frame.with_columns(alt.alias("alt"))
    frame, problems = _with_second_alleles(frame, name)
    frame, told = _one_alternate_each(frame, name)
    problems += told
    lost = frame["sample_id"].is_null()
    problems += at_lines(frame, lost, name, "sample_id", "the row has no sample.", "Fill in Tumor_Sample_Barcode.")
    return frame.filter(~lost), problems


def _with_thymine(frame: pl.DataFrame) -> pl.DataFrame:
    """Give back T where R took a column whose cells are all T for one of true and false (``TRUE``)."""
    columns = [c for c in ("ref", "alt", "alt_1") if c in frame.columns and (frame[c] == "TRUE").any()]
    return frame.with_columns(pl.col(c).replace("TRUE", "T") for c in columns)


#: What a row says of its second allele (Tumor_Seq_Allele2) alone.
_OF_ONE_ALLELE = ("alt_count", "ref_count", "depth", "vaf", "normal_alt", "normal_ref", "normal_depth", "population_af")
_EFFECT_OF_ONE = ("hgvs_p", "hgvs_c", "classification", "term", "region", "genotype")


def _with_second_alleles(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Give the other variant allele of a row that names two (Tumor_Seq_Allele1 is another change, too) a row of its own;
    its effect follows from the place, and its reads are not known."""
    if not {"alt", "alt_1", "ref"} <= set(frame.columns):
        return frame, []
    unlike = (pl.col("alt_1") != pl.col("ref")) & (pl.col("alt_1") != pl.col("alt")) & (pl.col("alt") != pl.col("ref"))
    if not frame.select(unlike.any()).item():
        return frame, []
    ref, alt, first = (pl.col(c).str.strip_chars().str.to_uppercase() for c in ("ref", "alt", "alt_1"))
    two = (first != ref) & (first != alt) & (alt != ref)
    written = [c.str.contains(r"^[ACGT]+$") for c in (alt, first)]
    both = frame.select(pl.all_horizontal(two, *written).alias("x"))["x"].fill_null(False)
    if not both.any():
        return frame, []
    message = "the row names two variant alleles: {value} (Tumor_Seq_Allele1) is a call, too, its reads are not known."
    cure = "Give each allele a row of its own, with its own reads."
    problems = at_lines(frame, both, name, "alt_1", message, cure, "warning")
    unknown = [c for c in (*_OF_ONE_ALLELE, *_EFFECT_OF_ONE) if c in frame.columns]
    more = frame.filter(both).with_columns(
        pl.col("alt_1").alias("alt"), *(pl.lit(None, pl.String).alias(c) for c in unknown)
    )
    return pl.concat([frame, more]).sort("line", maintain_order=True), problems


#: Bases with commas between: the alternates of a record, as VariantsToTable and `bcftools query` write them.
_ALTERNATES = r"^\s*[ACGTNacgtn*]+(?:\s*,\s*[ACGTNacgtn*]+)+\s*$"


def _one_alternate_each(frame: pl.DataFrame, name: str) -> tuple[pl.DataFrame, list[Problem]]:
    """Give each of several alternates in a cell (``T,A``) a row of its own.

    A cell with a number or word for each of them is of each its own; another one that a row has for its allele is not
    known. An alternate is held where the genotype names its number.
    """
    several = frame["alt"].is_in(which(frame["alt"], pl.col("x").str.contains(_ALTERNATES))).fill_null(False)
    if not several.any():
        return frame, []
    problems = at_lines(
        frame,
        several,
        name,
        "alt",
        "the cell holds several alternates ({value}): each is a row of its own.",
        "Give each allele a row of its own, with its own reads (bcftools norm -m -).",
        "warning",
    )
    own = [c for c in (*_OF_ONE_ALLELE, *_EFFECT_OF_ONE) if c in frame.columns and c not in ("depth", "normal_depth")]
    rows = []
    for row in frame.filter(several).iter_rows(named=True):
        alternates = [a.strip() for a in row["alt"].split(",")]
        parts = {c: [p.strip() for p in (row[c] or "").split(",")] for c in own}
        for i, alternate in enumerate(alternates):
            if alternate == "*":
                continue
            mine = {c: cells[i] if len(cells) == len(alternates) else None for c, cells in parts.items()}
            if "genotype" in own:
                mine["genotype"] = _held(row["genotype"], i + 1)
            if "ref_count" in own and row["ref_count"] and "," not in row["ref_count"]:
                mine["ref_count"] = row["ref_count"]
            rows.append({**row, **mine, "alt": alternate})
    more = pl.DataFrame(rows, schema=frame.schema, orient="row")
    return pl.concat([frame.filter(~several), more]).sort("line", maintain_order=True), problems


def _held(genotype: str | None, number: int) -> str | None:
    """Return the genotype as one of an alternate alone.

    >>> _held("0/2", 1), _held("0/2", 2), _held("1|2", 1), _held("./.", 1), _held("het", 1)
    ('0/0', '0/1', '0/1', './.', None)
    """
    sides = (genotype or "").strip().replace("|", "/").split("/")
    if any(not (s.isdigit() or s == ".") for s in sides):
        return None
    if all(s == "." for s in sides):
        return genotype
    return "0/1" if str(number) in sides else "0/0"
