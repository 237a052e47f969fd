"""What a coding change alone says, by HGVS: where it lies, what is put in and lost, which protein change it is."""

import polars as pl
import pytest

from oncourse.genome.coding_change import (
    consequence_of,
    consequences_of,
    of_coding_change,
    protein_changes,
    residue,
)
from oncourse.genome.gene_models import coding_bases, models


@pytest.mark.parametrize(
    ("text", "consequence"),
    [
        # two bases beside an exon are its splice site, up to eight the region (Sequence Ontology), then the intron
        ("c.212+2T>C", "splice_site"),
        ("c.212+3A>G", "splice_region"),
        ("c.212+8A>G", "splice_region"),
        ("c.212+9A>G", "intron"),
        ("c.213-1G>A", "splice_site"),
        ("IVS5-9G>A", "intron"),
        # of a stretch the place nearest to the exon; one that ends in the exon takes the splice site along
        ("c.100-12_100-9del", "intron"),
        ("c.100-12_100-8del", "splice_region"),
        ("c.100-12_100-2del", "splice_site"),
        ("c.100-12_105del", "splice_site"),
        ("c.100-12A>G", "intron"),
        # how many bases are lost and put in, as letters, as a number, or by their place
        ("c.100del", "frameshift"),
        ("c.100_101del", "frameshift"),
        ("c.100_102del", "inframe_deletion"),
        ("c.100del3", "inframe_deletion"),
        ("c.100_102delA", "frameshift"),
        ("c.100_101insACG", "inframe_insertion"),
        ("c.100_101ins3", "inframe_insertion"),
        ("c.100_101insAC", "frameshift"),
        ("c.100dup", "frameshift"),
        ("c.100_102dup", "inframe_insertion"),
        ("c.100dup3", "inframe_insertion"),
        ("c.100_101delinsACG", "frameshift"),
        ("c.100_102delinsACGACG", "protein_altering"),
        # as many bases as before, none said, or nothing put in: the bases of this gene are not known here
        ("c.100_102delinsTTT", None),
        ("c.100_101ins", None),
        ("c.100A>G", None),
    ],
)
def test_the_place_and_the_length_of_a_change_say_its_consequence(text, consequence):
    assert consequence_of("MLH1", text) == consequence


@pytest.mark.parametrize(
    ("gene", "text", "consequence"),
    [
        ("TERT", "c.-124C>T", "upstream"),
        ("TERT", "c.-50C>T", "upstream"),
        ("TERT", "c.-49C>T", "utr5"),
        ("TERT", "c.-1000C>T", "upstream"),
        ("TERT", "c.-1001C>T", "utr5"),
        # behind the gene there is no promoter: c.*124 was told as c.-124
        ("TERT", "c.*124C>T", "utr3"),
        ("APC", "c.-124C>T", "utr5"),
    ],
)
def test_the_promoter_lies_before_the_gene(gene, text, consequence):
    assert consequence_of(gene, text) == consequence


@pytest.mark.parametrize(
    ("gene", "text", "told"),
    [
        # KRAS c.31-42 is GGA GCT GGT GGC (G10 A11 G12 G13); a residue lost or doubled among equals is the last of them
        ("KRAS", "c.34_36delGGTinsGTT", ("missense", "p.G12V")),
        ("KRAS", "c.34_36del", ("inframe_deletion", "p.G13del")),
        ("KRAS", "c.34_36dup", ("inframe_insertion", "p.G13dup")),
        ("KRAS", "c.36_37insGGT", ("inframe_insertion", "p.G13dup")),
        ("KRAS", "c.1_3del", ("start_lost", "p.M1?")),
        # other bases than stand there, places before and behind the gene, a gene of which nothing is known
        ("KRAS", "c.35A>G", (None, None)),
        ("KRAS", "c.0G>A", (None, None)),
        ("KRAS", "c.567A>G", ("synonymous", "p.*189=")),
        ("KRAS", "c.568A>G", (None, None)),
        ("KRAS", "c.36_34del", (None, None)),
        ("MLH1", "c.35G>A", (None, None)),
        # codons alone are known: a change of a base is told there and nowhere else, one of length nowhere
        ("BRAF", "c.1798_1799delinsAA", ("missense", "p.V600K")),
        ("BRAF", "c.1798_1800del", (None, None)),
        ("BRAF", "c.1790T>A", ("missense", "p.L597Q")),
        ("BRAF", "c.1750A>T", (None, None)),
        # without c. a change of BRCA1 may be numbered as BIC did
        ("BRCA1", "68_69delAG", (None, None)),
        ("BRCA1", "c.68_69delAG", ("frameshift", "p.E23Vfs*17")),
        ("BRCA2", "5946delT", (None, None)),
    ],
)
def test_a_coding_change_is_told_where_its_bases_are_known(gene, text, told):
    assert of_coding_change(gene, text) == told


def test_columns_are_told_row_by_row_and_unknown_stays_null():
    gene = pl.Series(["KRAS", None, "KRAS", "TERT", "KRAS"])
    change = pl.Series(["c.35G>A", "c.35G>A", None, "c.-124C>T", "c.35G>A"])
    assert protein_changes(gene, change).to_list() == ["p.G12D", None, None, None, "p.G12D"]
    assert consequences_of(gene, change).to_list() == ["missense", None, None, "upstream", "missense"]


def test_a_residue_is_known_with_its_whole_codon():
    """KRAS ends with 188 M (c.562-564) and 189 stop; of BRAF codons of hotspots alone."""
    assert [residue("KRAS", n) for n in (1, 12, 188, 190)] == ["M", "G", "M", None]
    assert [residue("BRAF", n) for n in (600, 599)] == ["V", None]


def test_the_bases_of_a_gene_are_as_many_as_its_coding_parts():
    """Of a gene known in part the others are N; three to a codon."""
    length = {m.gene: sum(last - first + 1 for first, last in m.coding) for m in models("GRCh38").values()}
    found = coding_bases()
    assert any("N" in bases for bases in found.values()) and any("N" not in bases for bases in found.values())
    for gene, bases in found.items():
        if "N" in bases:
            assert len(bases) == length[gene], gene
