"""The sites of a patient as a VCF file: every site in every sample with what was counted, called or not."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from oncourse.genome.fasta import Fasta
from oncourse.genome.variant import parts
from oncourse.reads.judge import TAGS
from oncourse.reads.places import Places

_FORMAT = (
    (
        "GT",
        "1",
        "String",
        "0/1 called in this sample, 0/0 not called, ./. not covered; no genotype of the tumour",
    ),
    ("AD", "R", "Integer", "Fragments with the reference and with the variant"),
    ("DP", "1", "Integer", "Fragments that show the site"),
    ("FT", "1", "String", "PASS, or why the sample's fragments are no call"),
)


def write_vcf(path: Path, judged: pl.DataFrame, samples: list[str], fasta: Fasta, places: Places) -> None:
    """Write a bgzipped, indexed VCF of the sites of one patient, in place only when it is whole.

    Parameters
    ----------
    judged : sites of the patient in every sample, variant ids as contigs of the reference
    samples : columns, in this order
    """
    import pysam

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = _rows(judged, samples, fasta, places)
    draft, packed = path.with_name(f".{path.stem}.draft"), path.with_name(f".{path.name}.draft.gz")
    contigs = dict.fromkeys(row[0] for row in rows)
    own = {name.removeprefix("chr"): fasta.length(name) for name in fasta.names} if not places.slices else {}
    head = ["##fileformat=VCFv4.2", "##source=oncourse reads"]
    head += [f"##contig=<ID={c}" + (f",length={own[c]}" if c in own else "") + ">" for c in contigs]
    head += [f'##FILTER=<ID={name},Description="{words}">' for name, words in TAGS.items()]
    head += [
        "##INFO=<ID=STATUS,Number=1,Type=String,Description=\"somatic, germline, chip or unknown, by the patient's "
        'normal">'
    ]
    head += [f'##FORMAT=<ID={i},Number={n},Type={t},Description="{d}">' for i, n, t, d in _FORMAT]
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    lines = [*head, "\t".join(columns), *("\t".join(map(str, row)) for row in rows)]
    draft.write_text("\n".join(lines) + "\n")
    pysam.tabix_compress(str(draft), str(packed), force=True)
    pysam.tabix_index(str(packed), preset="vcf", force=True)
    draft.unlink()
    Path(f"{packed}.tbi").replace(f"{path}.tbi")
    packed.replace(path)


def _rows(judged: pl.DataFrame, samples: list[str], fasta: Fasta, places: Places) -> list[tuple[object, ...]]:
    order = {name: i for i, name in enumerate(samples)}
    frame = (
        judged.filter(pl.col("sample_id").is_in(samples))
        .select("variant_id", "sample_id", "ref_count", "alt_count", "depth", "is_called", "tags", "origin")
        .with_columns(filter_words(), *parts())
    )
    contigs: list[tuple[object, int]] = []
    told: list[tuple[object, ...]] = []
    for (chrom, pos, ref, alt), rows in frame.group_by("chrom", "pos", "ref", "alt"):
        at, before, after = anchored(str(chrom), int(pos), str(ref), str(alt), fasta)  # type: ignore[call-overload]
        cells = [""] * len(samples)
        for row in rows.iter_rows(named=True):
            genotype = "0/1" if row["is_called"] else "0/0" if row["depth"] else "./."
            cells[order[row["sample_id"]]] = (
                f"{genotype}:{row['ref_count']},{row['alt_count']}:{row['depth']}:{row['filter'] or '.'}"
            )
        tags = sorted({t for text in rows["tags"].drop_nulls() for t in text.split(";")})
        filters = "PASS" if rows["is_called"].any() else ";".join(tags) or "background"
        contigs.append((chrom, at))
        told.append((".", before, after, ".", filters, f"STATUS={rows['origin'][0]}", "GT:AD:DP:FT", *cells))
    sites = pl.DataFrame(contigs, schema={"chrom": pl.String, "pos": pl.Int64}, orient="row")
    in_genome = places.to_genome(sites, "pos").select("chrom", "pos").iter_rows()
    out = [(*place, *row) for place, row in zip(in_genome, told, strict=True)]
    rank = {str(n): n for n in range(1, 23)} | {"X": 23, "Y": 24, "MT": 25}
    return sorted(out, key=lambda r: (rank.get(str(r[0]), 99), str(r[0]), r[1], r[3], r[4]))


def filter_words() -> pl.Expr:
    """Return what speaks against a call: its tags, `background` where no variant was read, null of what was not read.

    >>> rows = pl.DataFrame({"is_called": [True, False, False], "depth": [90, 90, 0], "tags": [None, None, None]})
    >>> rows.cast({"tags": pl.String}).select(filter_words()).to_series().to_list()
    ['PASS', 'background', None]
    """
    plain = pl.when("is_called").then(pl.lit("PASS")).when(pl.col("depth") > 0).then(pl.lit("background"))
    return pl.coalesce("tags", plain).alias("filter")


def anchored(chrom: str, pos: int, ref: str, alt: str, fasta: Fasta) -> tuple[int, str, str]:
    """Return place and alleles as VCF writes them: an insertion or deletion with the base before it."""
    if ref == "-":
        base = fasta.fetch(chrom, pos, pos)
        return pos, base, base + alt
    if alt == "-":
        base = fasta.fetch(chrom, pos - 1, pos - 1)
        return pos - 1, base + ref, base
    return pos, ref, alt
