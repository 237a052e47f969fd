"""Driver mutations of the simulated studies: real hotspots with their place in GRCh38, made-up frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from oncourse.genome.gene_models import codon_positions
from oncourse.genome.gene_names import former_names
from oncourse.genome.gene_sets import codon_table
from oncourse.genome.genes import gene_table, protein_lengths


@dataclass(frozen=True)
class Driver:
    """One driver: where it is, what it does, and the chance that a simulated tumour starts with it."""

    variant_id: str
    gene: str
    hgvs_p: str
    consequence: str
    chance: float

    @property
    def chrom(self) -> str:
        """Chromosome."""
        return self.variant_id.split(":")[0]

    @property
    def pos(self) -> int:
        """Position."""
        return int(self.variant_id.split(":")[1])


#: One of each group at most, in this order; the groups are independent of one another.
CRC_GROUPS = (
    (
        Driver("12:25245350:C:T", "KRAS", "p.G12D", "missense", 0.13),
        Driver("12:25245350:C:A", "KRAS", "p.G12V", "missense", 0.09),
        Driver("12:25245347:C:T", "KRAS", "p.G13D", "missense", 0.07),
        Driver("12:25245351:C:A", "KRAS", "p.G12C", "missense", 0.03),
        Driver("12:25225628:C:T", "KRAS", "p.A146T", "missense", 0.04),
        Driver("1:114713908:T:C", "NRAS", "p.Q61R", "missense", 0.04),
        Driver("7:140753336:A:T", "BRAF", "p.V600E", "missense", 0.09),
    ),
    (
        Driver("17:7675088:C:T", "TP53", "p.R175H", "missense", 0.25),
        Driver("17:7674220:C:T", "TP53", "p.R248Q", "missense", 0.20),
        Driver("17:7673802:C:T", "TP53", "p.R273H", "missense", 0.15),
    ),
    (
        Driver("5:112838220:C:T", "APC", "p.R876*", "nonsense", 0.35),
        Driver("5:112839942:C:T", "APC", "p.R1450*", "nonsense", 0.35),
    ),
    (
        Driver("3:179218303:G:A", "PIK3CA", "p.E545K", "missense", 0.10),
        Driver("3:179234297:A:G", "PIK3CA", "p.H1047R", "missense", 0.06),
    ),
    (Driver("18:51065549:G:A", "SMAD4", "p.R361H", "missense", 0.12),),
    (Driver("4:152326137:G:A", "FBXW7", "p.R505C", "missense", 0.08),),
)
MCRPC_GROUPS = (
    (
        Driver("17:7675088:C:T", "TP53", "p.R175H", "missense", 0.22),
        Driver("17:7673802:C:T", "TP53", "p.R273H", "missense", 0.20),
    ),
    (Driver("17:49619064:A:C", "SPOP", "p.F133V", "missense", 0.10),),
    (
        Driver("13:32340300:GT:-", "BRCA2", "p.S1982Rfs*22", "frameshift", 0.09),
        Driver("11:108284340:C:T", "ATM", "p.R1466*", "nonsense", 0.05),
        Driver("17:39471365:C:T", "CDK12", "p.R858*", "nonsense", 0.05),
    ),
    (Driver("10:87933147:C:T", "PTEN", "p.R130*", "nonsense", 0.12),),
    (Driver("13:48367494:C:T", "RB1", "p.R320*", "nonsense", 0.10),),
    (Driver("14:37591988:A:T", "FOXA1", "p.F266I", "missense", 0.08),),
)


@dataclass(frozen=True)
class FocalEvent:
    """A focal copy-number event of the trunk: where (GRCh38), copies from-to, and its chance."""

    gene: str
    chrom: str
    start: int
    end: int
    copies: tuple[int, int]
    chance: float


CRC_FOCAL = (FocalEvent("ERBB2", "17", 39_600_000, 39_800_000, (10, 40), 0.04),)
MCRPC_FOCAL = (
    FocalEvent("AR", "X", 67_300_000, 67_900_000, (6, 25), 0.45),
    FocalEvent("PTEN", "10", 87_800_000, 88_000_000, (0, 0), 0.2),
    FocalEvent("RB1", "13", 48_300_000, 48_500_000, (0, 0), 0.05),
)


def draw_drivers(rng: np.random.Generator, groups: tuple[tuple[Driver, ...], ...]) -> list[Driver]:
    """Draw the drivers a tumour starts with: at most one of each group, each with its chance."""
    found = []
    for group in groups:
        u, total = rng.random(), 0.0
        for driver in group:
            total += driver.chance
            if u < total:
                found.append(driver)
                break
    return found


#: RAS mutations that appear in plasma under anti-EGFR antibodies.
ACQUIRED_RAS = (
    Driver("12:25227342:T:A", "KRAS", "p.Q61L", "missense", 0.5),
    Driver("12:25245350:C:G", "KRAS", "p.G12A", "missense", 0.5),
)
#: AR ligand-binding-domain mutations that appear under AR inhibitors.
ACQUIRED_AR = (
    Driver("X:67711621:T:A", "AR", "p.L702H", "missense", 0.4),
    Driver("X:67723710:A:G", "AR", "p.T878A", "missense", 0.6),
)
#: Blood-derived mutations found in plasma and white cells.
CHIP = (
    Driver("2:25234373:C:T", "DNMT3A", "p.R882H", "missense", 0.10),
    Driver("17:60663120:C:T", "PPM1D", "p.R552*", "nonsense", 0.04),
)
#: RAS codons whose depth the simulated studies state (gene, codon, chromosome, first base in GRCh38).
RAS_CODONS: tuple[tuple[str, int, str, int], ...] = tuple(
    codon_positions("GRCh38")
    .join(codon_table("RAS"), on=["gene", "codon"], how="semi")
    .group_by("gene", "codon", "chrom")
    .agg(pl.col("pos").min())
    .sort("gene", "codon")
    .iter_rows()
)
#: The simulated tissue panel holds every gene of `oncourse.genome.genes` below `PANEL_LENGTH` amino acids, the plasma
#: panel those of `PLASMA_CORE` and those below `PLASMA_LENGTH` (the share of the coding length that
#: `oncourse.evolution.simulate_reads` takes for it), the exome all of them.
PLASMA_CORE = (
    "KRAS",
    "NRAS",
    "BRAF",
    "TP53",
    "APC",
    "PIK3CA",
    "SMAD4",
    "FBXW7",
    "ERBB2",
    "EGFR",
    "MAP2K1",
    "MET",
    "PTEN",
    "AKT1",
    "CTNNB1",
    "GNAS",
    "RNF43",
    "TCF7L2",
    "SOX9",
    "DNMT3A",
    "PPM1D",
    "TET2",
    "ASXL1",
    "ATM",
    "BRCA1",
    "BRCA2",
    "ARID1A",
    "AMER1",
    "ERBB3",
    "ERBB4",
    "FGFR1",
    "FGFR2",
    "FGFR3",
    "KIT",
    "PDGFRA",
    "ALK",
    "ROS1",
    "RET",
    "NTRK1",
    "NF1",
    "STK11",
    "NOTCH1",
    "MYC",
    "MLH1",
    "MSH2",
    "MSH6",
    "POLE",
    "PIK3R1",
    "CDKN2A",
    "RB1",
    "SMAD2",
    "TGFBR2",
    "CCND1",
    "CDK4",
)
PANEL_LENGTH, PLASMA_LENGTH = 3_500, 1_000
#: Genes that no passenger falls into: their events are drawn apart, with their own copies.
DRIVER_GENES = frozenset(
    d.gene
    for group in (*CRC_GROUPS, *MCRPC_GROUPS, ACQUIRED_RAS, ACQUIRED_AR, CHIP, CRC_FOCAL, MCRPC_FOCAL)
    for d in group
)


def panel_genes() -> tuple[str, ...]:
    """Return the genes of the simulated tissue panel."""
    table = gene_table().filter(pl.col("protein_length") < PANEL_LENGTH)
    return tuple(sorted({*table["gene"], *PLASMA_CORE, *DRIVER_GENES}))


def plasma_genes() -> tuple[str, ...]:
    """Return the genes of the simulated plasma panel, all of them on the tissue panel too."""
    table = gene_table().filter(pl.col("protein_length") < PLASMA_LENGTH)
    return tuple(sorted({*table["gene"], *PLASMA_CORE}))


@cache
def exome_genes() -> tuple[str, ...]:
    """Return the genes of the simulated exome: every gene of known protein length, by today's symbol."""
    former = former_names().keys()
    return tuple(sorted(gene for gene in protein_lengths() if gene.upper() not in former))
