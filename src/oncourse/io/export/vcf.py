"""The calls of a study as VCF files, one per patient with a column per sample: called and looked at, with counts.

A VCF has no place for assays, coverage, copy numbers or the clinical tables; with those beside it (a study folder with the
files in ``vcf/``) the study reads the same. Left out, and counted: calls named by gene and change alone.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.disk.names import file_names
from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import parts
from oncourse.io.calling import passes
from oncourse.study.model import Study

_CHROMOSOMES = [*(str(n) for n in range(1, 23)), "X", "Y", "MT"]
_FORMAT = "GT:AD:DP:AO:AF:FT:ORIGIN"
_HEADER = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="Gene and effect. Format: Allele|SYMBOL|Consequence|HGVSc|HGVSp">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="0/1: called; 0/0: looked at and not called">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads without and with the variant">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=AO,Number=A,Type=Integer,Description="Reads with the variant, where the depth is not known">',
    '##FORMAT=<ID=AF,Number=A,Type=Float,Description="Fraction of the reads, where the depth is not known">',
    '##FORMAT=<ID=FT,Number=1,Type=String,Description="Filter of the sample">',
    '##FORMAT=<ID=ORIGIN,Number=1,Type=String,Description="somatic, germline or chip (blood clone)">',
)


def export_vcf(
    study: Study, folder: Path, called: pl.DataFrame, *, fasta: Fasta | None = None
) -> tuple[dict[str, int], int]:
    """Write a VCF per patient into a folder; return file -> records, and the number of calls that have no place.

    Parameters
    ----------
    called : sample_id, variant_id of what counts as a call where the study leaves it to the assay's thresholds
        (`oncourse.derive.status.variants.called_rows`)
    fasta : gives the base before an insertion or deletion; without it that base is N
    """
    samples = study["samples"].select("sample_id", "patient_id", "material")
    known = study["variants"].select("variant_id", "gene", "hgvs_c", "hgvs_p", "consequence")
    passed = called.select("sample_id", "variant_id", pl.lit(True).alias("_passed")).unique()
    rows = (
        study["calls"]
        .join(samples, on="sample_id", how="inner")
        .join(known, on="variant_id", how="left")
        .join(passed, on=["sample_id", "variant_id"], how="left")
        .with_columns(parts())
    )
    placed = rows.filter(pl.col("pos").is_not_null())
    placed = placed.with_columns(
        _info().alias("_info"), _cell().alias("_cell"), *_alleles(placed, fasta), _order=_rank("chrom")
    )
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, int] = {}
    names = file_names(samples["patient_id"].drop_nulls().sort())
    for patient, frame in samples.sort("patient_id", "sample_id").group_by("patient_id", maintain_order=True):
        columns = frame["sample_id"].to_list()
        mine = placed.filter(pl.col("patient_id") == patient[0])
        if not columns or mine.is_empty():
            continue
        path = folder / f"{names[str(patient[0])]}.vcf"
        head = [*_head(study, str(patient[0]), frame), "\t".join((*_FIXED, *columns))]
        path.write_text("\n".join([*head, *_lines(mine, columns)]) + "\n", "utf-8")
        written[path.name] = mine["variant_id"].n_unique()
    return written, rows.height - placed.height


_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")


def _head(study: Study, patient: str, samples: pl.DataFrame) -> list[str]:
    """Lines above the columns: build, whose file it is, which columns are tumours and which normals."""
    build = [f"##reference={study.config.genome_build}"] if study.config.genome_build else []
    roles = [
        f"##{'normal' if material == 'normal' else 'tumor'}_sample={sample}"
        for sample, material in samples.select("sample_id", "material").iter_rows()
    ]
    named = '"{}"'.format(patient.replace('"', '\\"')) if set(patient) & set(',>"') else patient
    return ["##fileformat=VCFv4.2", *build, f"##INDIVIDUAL=<NAME={named}>", *roles, *_HEADER]


def _lines(rows: pl.DataFrame, columns: list[str]) -> list[str]:
    wide = rows.pivot("sample_id", index=["_order", "chrom", "_pos", "_ref", "_alt", "_info"], values="_cell")
    wide = wide.with_columns(pl.lit(".").alias(c) for c in columns if c not in wide.columns)
    wide = wide.sort("_order", "chrom", "_pos", "_ref", "_alt")
    line = pl.concat_str(
        "chrom",
        "_pos",
        pl.lit("."),
        "_ref",
        "_alt",
        pl.lit("."),
        pl.lit("."),
        "_info",
        pl.lit(_FORMAT),
        *(pl.col(c).fill_null(".") for c in columns),
        separator="\t",
    )
    return wide.select(line.alias("line"))["line"].to_list()


def _rank(column: str) -> pl.Expr:
    order = {name: i for i, name in enumerate(_CHROMOSOMES)}
    return pl.col(column).replace_strict(order, default=len(order), return_dtype=pl.Int64)


def _alleles(rows: pl.DataFrame, fasta: Fasta | None) -> list[pl.Series]:
    """Return ``_pos``, ``_ref``, ``_alt`` as a VCF writes them: an empty allele has the base before it.

    >>> ids = pl.DataFrame({"variant_id": ["1:100:-:A", "1:100:CG:-", "1:100:C:T"]}).with_columns(parts())
    >>> list(zip(*(s.to_list() for s in _alleles(ids, None))))
    [(100, 'N', 'NA'), (99, 'NCG', 'N'), (100, 'C', 'T')]
    """
    out = []
    for chrom, pos, ref, alt in rows.select("chrom", "pos", "ref", "alt").iter_rows():
        at = pos - 1 if alt == "-" else pos
        base = "" if "-" not in (ref, alt) else (fasta.fetch(chrom, at, at) if fasta and chrom in fasta else "") or "N"
        out.append((at, base + ref.replace("-", ""), base + alt.replace("-", "")))
    columns = list(zip(*out, strict=True)) or [(), (), ()]
    types = (pl.Int64, pl.String, pl.String)
    return [pl.Series(n, c, t) for n, c, t in zip(("_pos", "_ref", "_alt"), columns, types, strict=True)]


#: What would end a cell of INFO; the reader turns ``%3D`` back.
_ESCAPES = {"%": "%25", "=": "%3D", ";": "%3B", ",": "%2C", "|": "%7C", " ": "%20"}
_EFFECT = ("gene", "consequence", "hgvs_c", "hgvs_p")


def _info() -> pl.Expr:
    cells = [pl.col(c).fill_null("").str.replace_many(_ESCAPES) for c in _EFFECT]
    text = pl.concat_str(pl.lit("CSQ="), pl.concat_str("alt", *cells, separator="|"))
    return pl.when(pl.all_horizontal(pl.col(c).is_null() for c in _EFFECT)).then(pl.lit(".")).otherwise(text)


def _cell() -> pl.Expr:
    """The sample's column: GT:AD:DP:AO:AF:FT:ORIGIN; a call whose filter would undo it is written without it."""
    is_call = pl.col("is_called").fill_null(pl.col("_passed").fill_null(False))
    counted = pl.col("alt_count").is_not_null() & pl.col("depth").is_not_null()
    reads = pl.format("{},{}", pl.col("depth") - pl.col("alt_count"), pl.col("alt_count"))
    said = pl.col("filter").str.replace_all(r"[\s:]+", "_").replace("", None)
    alone = pl.col("alt_count").is_not_null() & pl.col("depth").is_null()
    return pl.concat_str(
        pl.when(is_call).then(pl.lit("0/1")).otherwise(pl.lit("0/0")),
        pl.when(counted).then(reads).otherwise(pl.lit(".")),
        pl.col("depth").cast(pl.String).fill_null("."),
        pl.when(alone).then(pl.col("alt_count").cast(pl.String)).otherwise(pl.lit(".")),
        pl.col("vaf").cast(pl.String).fill_null("."),
        pl.when(~is_call | passes()).then(said).fill_null("."),
        pl.when(pl.col("origin") != "unknown").then("origin").fill_null("."),
        separator=":",
    )
