"""Files beside the reads, looked at before anything runs: reference, variants common in people, gene models."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from oncourse.errors import InputError
from oncourse.genome.chromosomes import build_of_lengths
from oncourse.genome.fasta import Fasta
from oncourse.reads.bam import bare_name
from oncourse.reads.sheet import Plan


def check_reference(fasta: Path, *, from_fastq: bool) -> None:
    """InputError where the programs of the steps cannot use the reference: packed, or no place for its indexes."""
    with fasta.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            raise InputError(
                f"{fasta.name}: is packed; the programs of the steps read the plain file. Unpack it (gunzip -k "
                f"{fasta.name}) and write `fasta: {fasta.name.removesuffix('.gz')}` into reads.yaml."
            )
    sequences = Fasta(fasta)
    if not sequences.index_fits:
        raise InputError(
            f"{fasta.name}: {fasta.name}.fai is the index of another file (the reference was changed after it was made). "
            f"Make it again: samtools faidx {fasta.name}"
        )
    if from_fastq and not _is_bwa_index_of(Path(f"{fasta}.ann"), sequences):
        raise InputError(
            f"{fasta.name}: {fasta.name}.bwt is bwa's index of another file (the reference was changed after it was made). "
            f"Make it again: bwa index {fasta.name}"
        )
    lacking = [end for end in (".fai", *([".bwt"] if from_fastq else [])) if not Path(f"{fasta}{end}").exists()]
    if lacking and not os.access(fasta.parent, os.W_OK):
        raise InputError(
            f"{fasta.name}: its indexes ({', '.join(lacking)}) are not there and {fasta.parent} cannot be written. "
            "Copy the reference to where you may write, or have them made (samtools faidx, bwa index)."
        )


def _is_bwa_index_of(ann: Path, fasta: Fasta) -> bool:
    """Whether bwa's index, where it is there, has the sequences of the file: their names and bases altogether."""
    if not ann.is_file():
        return True
    lines = ann.read_text(errors="replace").splitlines()
    names = tuple((line.split() + ["", ""])[1] for line in lines[1::2])  # a line of the name, one of the place
    return names == fasta.names and lines[0].split()[0] == str(sum(map(fasta.length, fasta.names)))


def check_known_sites(path: Path, fasta: Fasta) -> None:
    """InputError where a VCF of known variants cannot be read, or is of another genome build by its header."""
    import pysam

    pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(path)) as file:
            lengths = {bare_name(str(c.name)): c.length for c in file.header.contigs.values()}
    except (OSError, ValueError) as error:
        raise InputError(
            f"known_sites: {path.name} is no VCF that can be read ({error}). Give a VCF, best indexed."
        ) from None
    own = {bare_name(name): fasta.length(name) for name in fasta.names}
    if lengths and not set(lengths) & set(own):
        raise _of_another("known_sites", path, list(lengths), fasta)
    other = [c for c, length in lengths.items() if c in own and length and length != own[c]]
    if other:
        raise InputError(
            f"known_sites: {path.name} says that contig {other[0]} has {lengths[other[0]]:,} bases, in {fasta.path.name} it "
            f"has {own[other[0]]:,}: it is of another genome build. Give that of this reference."
        )


def check_gene_models(path: Path, fasta: Fasta) -> None:
    """InputError where no gene model lies on a contig of the reference: none would name a variant."""
    own = {bare_name(name) for name in fasta.names}
    seen: dict[str, None] = {}
    # the contig is the first column of GTF and GFF3, the second or third of genePred
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for line in file:
            cells = line.split("\t", 3)[:3]
            if own & {bare_name(cell.strip()) for cell in cells}:
                return
            if not line.startswith("#"):
                seen[cells[0].strip()] = None
    raise _of_another("gff", path, list(seen), fasta)


def _of_another(what: str, path: Path, contigs: list[str], fasta: Fasta) -> InputError:
    return InputError(
        f"{what}: {path.name} has no contig of {fasta.path.name} ({', '.join(contigs[:3])} ... and "
        f"{', '.join(fasta.names[:3])} ...). Give one of the same genome build and names."
    )


def build_of(plan: Plan) -> str | None:
    """Return the genome build of the reference by the lengths of its chromosomes; None of slices and other genomes."""
    fasta = Fasta(plan.fasta)
    return build_of_lengths({bare_name(name): fasta.length(name) for name in fasta.names})
