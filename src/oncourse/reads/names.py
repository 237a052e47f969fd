"""Gene and effect of a patient's variants: by the effect engine of the intake, or by snpEff or VEP where asked.

`annotation: snpeff` or `annotation: vep` in reads.yaml asks for the program, `annotation_data` names what it reads: a
database of snpEff, the cache folder of VEP. What the program says nothing of is named by the engine. VEP could not be
installed where this was made: its command line is from memory, and was tried with a stand-in only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import polars as pl

from oncourse.errors import ToolError
from oncourse.genome.annotate import Reference
from oncourse.genome.fasta import Fasta
from oncourse.genome.protein import canonical
from oncourse.genome.variant import parts
from oncourse.io.variants.annotation import NOTHING, Allele, effect_of, header_columns
from oncourse.reads.tools import pipe
from oncourse.reads.vcf import anchored

#: What names a variant in variants.tsv.
NAMES = ("gene", "consequence", "hgvs_c", "hgvs_p")
SCHEMA = {"variant_id": pl.String, **dict.fromkeys(NAMES, pl.String), "transcript": pl.String}


@dataclass(frozen=True)
class Program:
    """An annotator: its program, container, conda package, and its command for (VCF, data, reference, result)."""

    name: str
    program: str
    container: str
    conda: str
    command: Callable[[Path, str, Path, Path], list[list[str]]]


def _snpeff(vcf: Path, data: str, reference: Path, out: Path) -> list[list[str]]:
    config = reference.parent / "snpEff.config"
    own = ["-c", str(config)] if config.is_file() else []
    return [["snpEff", "ann", *own, "-noStats", "-noLog", data, str(vcf)], ["tee", str(out)]]


def _vep(vcf: Path, data: str, reference: Path, out: Path) -> list[list[str]]:
    cache = ["--offline", "--cache", "--dir_cache", data]
    wanted = ["--hgvs", "--symbol", "--mane", "--canonical", "--pick_allele_gene"]
    files = ["-i", str(vcf), "-o", str(out), "--vcf", "--force_overwrite", "--no_stats", "--fasta", str(reference)]
    return [["vep", *cache, *wanted, *files]]


PROGRAMS = {
    p.name: p
    for p in (
        Program("snpeff", "snpEff", "quay.io/biocontainers/snpeff", "bioconda::snpeff", _snpeff),
        Program("vep", "vep", "quay.io/biocontainers/ensembl-vep", "bioconda::ensembl-vep", _vep),
    )
}


def need_program(name: str) -> None:
    """Raise ToolError with the cure where the annotator that reads.yaml asks for is not there."""
    import shutil

    if name and shutil.which((wanted := PROGRAMS[name]).program) is None:
        raise ToolError(
            f"not installed: {name} ({wanted.program}): conda install {wanted.conda}, or put it on the PATH from "
            f"docker://{wanted.container}. Or take `annotation` out of reads.yaml: then the effect engine names all."
        )


def names_of(ids: pl.Series, reference: Path, gff: Path | None, build: str | None) -> pl.DataFrame:
    """Return `SCHEMA` of variant ids (contigs of the reference) by the effect engine; null where it knows no gene."""
    found = Reference(reference, gff).locate(ids, build)
    return found.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def names_by(program: Program, ids: pl.Series, reference: Path, data: str, folder: Path) -> pl.DataFrame:
    """Return variant_id and `NAMES` as an annotator has them; rows only for what it says something of."""
    folder.mkdir(parents=True, exist_ok=True)
    vcf, out = folder / "sites.vcf", folder / f"{program.name}.vcf"
    write_sites(vcf, ids, Fasta(reference))
    pipe(program.command(vcf, data, reference, out), folder / f"{program.name}.log")
    return read_names(out)


def write_sites(path: Path, ids: pl.Series, fasta: Fasta) -> None:
    """Write a VCF without samples; ID is the variant id, by which the answer is taken back."""
    real = {name.removeprefix("chr"): name for name in fasta.names}
    rows = []
    for name, chrom, pos, ref, alt in pl.DataFrame({"id": ids}).with_columns(parts("id")).iter_rows():
        contig = real.get(chrom, chrom)
        at, before, after = anchored(chrom, pos, ref, alt, fasta)
        rows.append((list(fasta.names).index(contig), at, f"{contig}\t{at}\t{name}\t{before}\t{after}\t.\tPASS\t."))
    head = ["##fileformat=VCFv4.2", *(f"##contig=<ID={n},length={fasta.length(n)}>" for n in fasta.names)]
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    path.write_text("\n".join([*head, columns, *(row[2] for row in sorted(rows))]) + "\n")


def read_names(path: Path) -> pl.DataFrame:
    """Return variant_id (the ID column) and `NAMES` of an annotated VCF."""
    columns: dict[str, list[str]] = {}
    rows = []
    lines = path.read_text(errors="replace").splitlines()
    # Debian's snpEff says its own command line first
    for line in dropwhile(lambda text: not text.startswith("#"), lines):
        if line.startswith("#"):
            if found := header_columns(line):
                columns[found[0]] = found[1]
            continue
        cells = line.split("\t")
        if len(cells) < 8:
            raise ToolError(f"{path.name}: the annotator's VCF is cut short: '{line[:60]}'.")
        told = effect_of(cells[7], Allele(cells[3], (cells[4],), 0), columns)
        if told != NOTHING:
            gene, consequence, hgvs_c, hgvs_p = told
            rows.append((cells[2], gene, consequence, (hgvs_c or "").split(":")[-1] or None, canonical(hgvs_p)))
    return pl.DataFrame(rows, schema=["variant_id", *NAMES], orient="row").cast(
        {name: SCHEMA[name] for name in ("variant_id", *NAMES)}
    )


def with_program(own: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Return own names with an annotator's in their place where it says something of the variant."""
    joined = own.join(
        theirs.with_columns(pl.lit(True).alias("_told")),
        on="variant_id",
        how="left",
        suffix="_theirs",
        maintain_order="left",
    )
    is_told = pl.col("_told").fill_null(False)
    return joined.select(
        "variant_id",
        *(pl.when(is_told).then(f"{name}_theirs").otherwise(name).alias(name) for name in NAMES),
        pl.when(~is_told).then("transcript").alias("transcript"),
    )
