"""What each annotator writes of each allele of a record, read by hand from its documentation's form."""

import pytest

from oncourse.io.variants import annotation as a

ONE, FIRST, SECOND = a.Allele("C", ("T",), 0), a.Allele("C", ("T", "A"), 0), a.Allele("C", ("T", "A"), 1)
THIRD = a.Allele("C", ("T", "A", "G"), 2)

PURPLE = "KRAS,ENST1,missense_variant,MISSENSE,false,c.35G>A,p.Gly12Asp"
SNPEFF = "NON_SYNONYMOUS_CODING(MODERATE|MISSENSE|gGt/gAt|{}|189|KRAS|protein_coding|CODING|ENST1|2|{})"
EFF = SNPEFF.format("G12D", 1) + "," + SNPEFF.format("G12V", 2)
BCSQ = (
    "missense|KRAS|ENST1|protein_coding|-|12G>12D|25245350C>T,*missense|KRAS|ENST2|nc|-|12G>12V|25245350C>A,"
    "@25245350,intron|KRAS||protein_coding"
)
FUNCOTATION = "[KRAS|MISSENSE|c.35G>A|p.G12D|ENST1#KRAS|INTRON|||ENST2],[KRAS|MISSENSE|c.35G>T|p.G12V|ENST1]"
RELEASE = [f"Gencode_34_{c}" for c in ("hugoSymbol", "variantClassification", "cDnaChange", "proteinChange")]
RELEASE += ["Gencode_34_annotationTranscript"]
FUNC = (
    "[{'gene':'KRAS','protein':'p.Gly12Asp','function':'missense','normalizedAlt':'T','transcript':'NM1',"
    "'coding':'c.35G>A'},{'gene':'KRAS','location':'intronic','origAlt':'A'}]"
)

G12D = ("KRAS", "missense", None, "G12D", "ENST1", True)
G12V = ("KRAS", "missense", None, "G12V", "ENST1", True)
OF_T = ("KRAS", "missense", None, "p.G12D", "ENST1", True)
OF_A = ("KRAS", "missense", None, "p.G12V", "ENST2", False)
INTRON = ("KRAS", "intron", None, None, "", True)


@pytest.mark.parametrize(
    ("read", "text", "allele", "rows"),
    [
        (a._purple, PURPLE, ONE, [("KRAS", "missense", "c.35G>A", "p.Gly12Asp", "ENST1", True)]),
        # one annotation of two alternatives is of neither; without a gene there is none
        (a._purple, PURPLE, FIRST, []),
        (a._purple, ",ENST1,missense_variant", ONE, []),
        (a._purple, "KRAS", ONE, [("KRAS", None, None, None, "", True)]),
        (a._old_snpeff, EFF, FIRST, [G12D]),
        (a._old_snpeff, EFF, SECOND, [G12V]),
        (a._old_snpeff, EFF, ONE, [G12D, G12V]),
        (
            a._old_snpeff,
            "INTRON(MODIFIER||||||nc|NON|ENST2|2|)",
            SECOND,
            [(None, "intron", None, None, "ENST2", False)],
        ),
        (a._bcftools, BCSQ, FIRST, [OF_T, INTRON]),
        (a._bcftools, BCSQ, SECOND, [OF_A, INTRON]),
        (a._bcftools, BCSQ, ONE, [OF_T, OF_A, INTRON]),
        (
            a._funcotator,
            FUNCOTATION,
            FIRST,
            [("KRAS", "missense", "c.35G>A", "p.G12D", "ENST1", True), ("KRAS", "intron", None, None, "ENST2", True)],
        ),
        (a._funcotator, FUNCOTATION, SECOND, [("KRAS", "missense", "c.35G>T", "p.G12V", "ENST1", True)]),
        (a._funcotator, FUNCOTATION, THIRD, []),
        (a._oncomine, FUNC, FIRST, [("KRAS", "missense", "c.35G>A", "p.Gly12Asp", "NM1", True)]),
        (a._oncomine, FUNC, SECOND, [INTRON]),
        (a._oncomine, FUNC, ONE, [("KRAS", "missense", "c.35G>A", "p.Gly12Asp", "NM1", True), INTRON]),
    ],
)
def test_an_annotation_is_of_the_allele_it_names(read, text, allele, rows):
    found = read(text, allele, RELEASE)
    assert [(r.gene, r.word, r.hgvs_c, r.hgvs_p, r.transcript, r.is_coding) for r in found] == rows


@pytest.mark.parametrize(
    ("ref", "alts", "number", "spellings"),
    [
        ("C", ("T",), 0, {"T"}),
        ("CA", ("C",), 0, {"C", "-"}),
        ("C", ("CT",), 0, {"CT", "T"}),
        # VEP takes the first base away where all alternatives share it with the reference
        ("CA", ("CTT", "C"), 0, {"CTT", "TT"}),
        ("CA", ("CTT", "C"), 1, {"C", "-"}),
        ("CA", ("CT", "TA"), 0, {"CT", "T"}),
        ("CAG", ("CAGG", "TAG"), 0, {"CAGG", "G"}),
    ],
)
def test_an_allele_is_spelt_as_written_trimmed_and_without_the_shared_base(ref, alts, number, spellings):
    assert a.Allele(ref, alts, number).spellings == spellings


def test_annovar_names_no_gene_between_genes_and_says_nothing_of_several_alleles_at_once():
    """A gene at a distance (``dist=``) is a neighbour."""
    one = (
        "DP=9;Func.refGene=exonic;Gene.refGene=KRAS;ExonicFunc.refGene=nonsynonymous_SNV;AAChange.refGene=KRAS:p.G12D;"
    )
    told = lambda info, allele: [(r.gene, r.word, r.hgvs_p) for r in a._annovar(info, allele)]  # noqa: E731
    assert told(one, ONE) == [("KRAS", "missense", "KRAS:p.G12D")]
    assert told(one, FIRST) == []
    between = "Func.refGene=intergenic;Gene.refGene=A;Func.ensGene=intronic;Gene.ensGene=B;Gene.k=dist=3"
    assert told(between, ONE) == [(None, "intergenic", None), ("B", "intron", None), (None, None, None)]
