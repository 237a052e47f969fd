"""Write `gene_models.tsv` and `reference_codons.tsv` of `oncourse.genome` from the CC0 exon models and reference
slices.

    python tools/build_gene_models.py ../shared/data/reads-ref-slices-hg38

Needed only where a gene is to be added: both tables are part of the package. A model enters when its coding sequence is
a multiple of three in both builds, has the same blocks in both, and - where its sequence is at hand - starts with ATG,
ends with a stop and has none inside.
"""

from __future__ import annotations

import gzip
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl

Blocks = list[tuple[int, int]]

#: Transcript to report where the file's own choice is another or is cut short: MANE Select, or (GNAS, MYD88, ERG) the
#: one whose numbering the literature uses. From general knowledge; most have the coding length of UniProt's canonical
#: protein.
CHOSEN = {
    "ABL1": "ENST00000318560",
    "CBFB": "ENST00000290858",
    "CDKN2A": "ENST00000304494",
    "CHEK2": "ENST00000404276",
    "CSF3R": "ENST00000373106",
    "CUX1": "ENST00000292535",
    "CXCR4": "ENST00000241393",
    "DNMT1": "ENST00000340748",
    "ERBB4": "ENST00000342788",
    "ERG": "ENST00000288319",
    "EWSR1": "ENST00000397938",
    "FGFR1": "ENST00000447712",
    "FGFR2": "ENST00000358487",
    "FGFR3": "ENST00000440486",
    "FOXP1": "ENST00000318789",
    "GNAS": "ENST00000371085",
    "HIF1A": "ENST00000337138",
    "IGF2": "ENST00000416167",
    "KRAS": "ENST00000311936",
    "MET": "ENST00000397752",
    "MYD88": "ENST00000396334",
    "MYH11": "ENST00000300036",
    "RAC1": "ENST00000348035",
    "RAD51D": "ENST00000345365",
    "RIT1": "ENST00000368323",
    "SGK1": "ENST00000237305",
    "TMPRSS2": "ENST00000332149",
}
#: Genes with plain coding intervals (of one transcript, without the stop codon) -> GRCh38 minus GRCh37: the offset of
#: every known hotspot locus of the gene (cancerhotspots.org v2 in both builds: 57, 3 and 27 loci).
PLAIN = {"FOXA1": -469205, "SOX9": 2003859, "SPOP": 1922638}
#: Their GRCh38 model is cut short, and nothing else tells where their other exons moved.
LEFT_OUT = ("ATRX", "ZEB1")
STOPS = {"TAA", "TAG", "TGA"}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class Model:
    """One transcript: exons and coding blocks in GRCh37 (0-based, half open), what each exon moves by to GRCh38."""

    gene: str
    transcript: str
    chrom: str
    strand: str
    exons: Blocks
    coding: Blocks
    shifts: list[int]

    def row(self) -> tuple[str, ...]:
        """Return the line of gene_models.tsv: 1-based, inclusive."""
        shifts = self.shifts[:1] if len(set(self.shifts)) == 1 else self.shifts
        return (
            self.gene,
            self.transcript,
            self.chrom,
            self.strand,
            str(self.coding[0][0] + 1),
            str(self.coding[-1][1]),
            ";".join(f"{a + 1}-{b}" for a, b in self.exons),
            ";".join(map(str, shifts)),
        )


def inside(exons: Blocks, start: int, end: int) -> Blocks:
    """Return the parts of the exons between `start` and `end`."""
    return [(max(a, start), min(b, end)) for a, b in exons if min(b, end) > max(a, start)]


def _old_models(folder: Path) -> dict[str, dict[str, object]]:
    with gzip.open(folder / "civic_genes.hg19.ensGenePred.gz", "rb") as file:
        frame = pl.read_csv(file.read(), separator="\t")
    frame.columns = [c.split(".")[-1].lstrip("#") for c in frame.columns]
    return {str(r["name"]).split(".")[0]: r for r in frame.iter_rows(named=True)}


def _old_blocks(row: dict[str, object]) -> tuple[Blocks, Blocks]:
    ends = [[int(x) for x in str(row[c]).strip(",").split(",")] for c in ("exonStarts", "exonEnds")]
    exons = list(zip(*ends, strict=True))
    return exons, inside(exons, int(str(row["cdsStart"])), int(str(row["cdsEnd"])))


def models(folder: Path) -> list[Model]:
    """Return the models of the 373 genes that pass, then those of the genes with plain coding intervals."""
    old = _old_models(folder)
    new = pl.read_csv(folder / "genes.hg38.genePred.tsv", separator="\t")
    out = []
    for row in new.iter_rows(named=True):
        exons = [(int(a), int(b)) for a, b in (e.split("-") for e in row["exons"].split(";"))]
        coding = inside(exons, row["cdsStart0"], row["cdsEnd"])
        found = _matched(row, coding, old)
        if found is None or row["gene"] in LEFT_OUT:
            print(f"{row['gene']}: no model with the same blocks in both builds: left out", file=sys.stderr)
        else:
            out.append(found)
    return sorted([*out, *_plain_models(folder)], key=lambda m: m.gene)


def _matched(row: dict[str, object], coding: Blocks, old: dict[str, dict[str, object]]) -> Model | None:
    gene, chrom = str(row["gene"]), str(row["chrom"])
    named = [str(row["transcript"]), *(t for t, r in old.items() if f"***{gene}_" in str(r["name2"]))]
    shift_of: dict[int, int] | None = None
    for name in named:
        if name not in old or old[name]["chrom"] != chrom:
            continue
        before = _old_blocks(old[name])[1]
        if [b - a for a, b in before] == [b - a for a, b in coding]:
            shift_of = {a: x - a for (a, _), (x, _) in zip(before, coding, strict=True)}
            chosen = name
            break
    if shift_of is None:
        return None
    if gene in CHOSEN:
        if len(set(shift_of.values())) > 1 or CHOSEN[gene] not in old:
            return None
        chosen, constant = CHOSEN[gene], next(iter(shift_of.values()))
        starts = [a for a, _ in _old_blocks(old[chosen])[1]]
        shift_of = dict.fromkeys(starts, constant)
    exons, blocks = _old_blocks(old[chosen])
    if sum(b - a for a, b in blocks) % 3:
        return None
    nearest = [shift_of[min(shift_of, key=lambda s, a=a, b=b: 0 if a <= s < b else abs(s - a))] for a, b in exons]
    return Model(gene, chosen, chrom.removeprefix("chr"), str(old[chosen]["strand"]), exons, blocks, nearest)


def _plain_models(folder: Path) -> list[Model]:
    frame = pl.read_csv(folder / "cds_extra8.hg19.tsv", separator="\t", schema_overrides={"CHROMOSOME": pl.String})
    out = []
    for gene, shift in PLAIN.items():
        rows = frame.filter(pl.col("SYMBOL") == gene).sort("START")
        blocks = [(a - 1, b) for a, b in rows.select("START", "END").iter_rows()]
        strand = rows["STRAND"][0]
        # the stop codon is the three bases past the last coding one
        if strand == "+":
            blocks[-1] = (blocks[-1][0], blocks[-1][1] + 3)
        else:
            blocks[0] = (blocks[0][0] - 3, blocks[0][1])
        out.append(Model(gene, "", rows["CHROMOSOME"][0], strand, blocks, blocks, [shift] * len(blocks)))
    return out


def sequences(folder: Path, found: list[Model]) -> dict[str, str]:
    """Return the coding sequence of each model whose GRCh38 sequence is at hand."""
    slices = pl.read_csv(folder / "offsets.tsv", separator="\t")
    text: dict[str, str] = {}
    with gzip.open(folder / "slices.hg38.fa.gz", "rt") as file:
        for part in file.read().split(">")[1:]:
            head, _, body = part.partition("\n")
            text[head.split()[0]] = body.replace("\n", "").upper()
    out: dict[str, str] = {}
    for model in found:
        shift_at = dict(zip(model.exons, model.shifts, strict=True))
        shifted = []
        for a, b in model.coding:
            shift = next(s for (x, y), s in shift_at.items() if x <= a and b <= y)
            shifted.append((a + shift, b + shift))
        for contig, chrom, start, length in slices.iter_rows():
            if chrom == f"chr{model.chrom}" and start <= shifted[0][0] and shifted[-1][1] <= start + length:
                bases = "".join(text[contig][a - start : b - start] for a, b in shifted)
                out[model.gene] = bases if model.strand == "+" else bases.translate(_COMPLEMENT)[::-1]
                break
    return out


def whole(bases: str) -> bool:
    """Whether a coding sequence starts with ATG, ends with a stop and has none before."""
    codons = [bases[i : i + 3] for i in range(0, len(bases), 3)]
    return codons[0] == "ATG" and codons[-1] in STOPS and not STOPS & set(codons[:-1])


def main(folder: Path) -> None:
    """Write both tables; genes whose sequence contradicts their model are left out and named."""
    data = Path(__file__).resolve().parents[1] / "src/oncourse/genome/data"
    found = models(folder)
    coding = sequences(folder, found)
    for gene in [g for g, bases in coding.items() if not whole(bases)]:
        print(f"{gene}: its sequence is no open reading frame: left out", file=sys.stderr)
        found = [m for m in found if m.gene != gene]
        del coding[gene]
    names = ("gene", "transcript", "chrom", "strand", "coding_first", "coding_last", "exons", "shift_grch38")
    table = pl.DataFrame([m.row() for m in found], schema=dict.fromkeys(names, pl.String), orient="row")
    table.write_csv(data / "gene_models.tsv", separator="\t")
    runs = pl.DataFrame({"gene": list(coding), "first_codon": 1, "bases": list(coding.values())})
    runs.sort("gene").write_csv(data / "coding_sequences.tsv", separator="\t")
    print(f"{table.height} models, {len(coding)} sequences", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
