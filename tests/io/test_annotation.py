"""One allele's gene and effect from every annotator's INFO key; which transcript is reported."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.io.variants.annotation import NOTHING, Allele, effect_of, header_columns

VEP = [
    "Allele",
    "Consequence",
    "SYMBOL",
    "Feature",
    "BIOTYPE",
    "HGVSc",
    "HGVSp",
    "ALLELE_NUM",
    "PICK",
    "CANONICAL",
    "MANE_SELECT",
]


def _vep(*rows: str) -> str:
    return "DP=9;CSQ=" + ",".join(rows)


def test_the_header_lists_the_columns_of_each_annotator() -> None:
    vep = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence from Ensembl VEP. Format: Allele|SYMBOL">'
    assert header_columns(vep) == ("CSQ", ["Allele", "SYMBOL"])
    ann = "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | Gene_Name' \">"
    assert header_columns(ann) == ("ANN", ["Allele", "Annotation", "Gene_Name"])
    gatk = (
        '##INFO=<ID=FUNCOTATION,Number=A,Type=String,Description="Functional annotation from the Funcotator tool. '
        'Funcotation fields are: Gencode_34_hugoSymbol|Gencode_34_proteinChange">'
    )
    assert header_columns(gatk) == ("FUNCOTATION", ["Gencode_34_hugoSymbol", "Gencode_34_proteinChange"])
    assert header_columns('##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">') is None


def test_an_allele_of_several_has_its_own_annotation() -> None:
    """ScanNeo2#99, vcf2maf#24: the first allele's stop was taken for both."""
    info = _vep(
        "A|synonymous_variant|APC|ENST1|protein_coding||p.Tyr935%3D|1|",
        "T|stop_gained|APC|ENST1|protein_coding||p.Y935*|2|",
    )
    both = ("A", "T")
    assert effect_of(info, Allele("C", both, 0), {"CSQ": VEP})[1:] == ("synonymous", None, "p.Tyr935=")
    assert effect_of(info, Allele("C", both, 1), {"CSQ": VEP})[1] == "nonsense"
    by_bases = [c if c != "ALLELE_NUM" else "other" for c in VEP]
    assert effect_of(info, Allele("C", both, 1), {"CSQ": by_bases})[1] == "nonsense"
    assert effect_of(info, Allele("C", ("G", "CA"), 0), {"CSQ": by_bases}) == NOTHING


def test_vep_writes_indels_without_the_shared_base() -> None:
    info = _vep("-|frameshift_variant|APC|E|protein_coding", "AT|inframe_insertion|APC|E|protein_coding")
    columns = VEP[:5]
    assert effect_of(info, Allele("CA", ("C", "CAAT"), 0), {"CSQ": columns})[1] == "frameshift"


@pytest.mark.parametrize(
    ("rows", "gene", "word"),
    [
        # vcf2maf#278: the picked transcript, not the splice site of the gene beside it, nor a decayed transcript
        (
            (
                "G|splice_donor_variant|WRAP53|E1|protein_coding|||||",
                "G|missense_variant|TP53|E2|protein_coding|||1|1|YES",
            ),
            "TP53",
            "missense",
        ),
        (
            ("G|stop_gained|CDKN2A|E1|nonsense_mediated_decay||||", "G|missense_variant|CDKN2A|E2|protein_coding||||1"),
            "CDKN2A",
            "missense",
        ),
        # each gene has its canonical transcript: the 3' UTR of a neighbour hides no missense of MSH2
        (
            (
                "G|3_prime_UTR_variant|KCNK12|E1|protein_coding||||1|YES",
                "G|missense_variant|MSH2|E2|protein_coding|||||YES",
            ),
            "MSH2",
            "missense",
        ),
        # without marks the package's own transcript of a gene
        (
            (
                "G|stop_gained|KRAS|ENST00000556131.1|protein_coding",
                "G|missense_variant|KRAS|ENST00000311936.8|protein_coding",
            ),
            "KRAS",
            "missense",
        ),
        (
            ("G|intron_variant|LRP1B|E1|protein_coding", "G|upstream_gene_variant|ABC|E2|protein_coding"),
            "LRP1B",
            "intron",
        ),
    ],
)
def test_the_transcript_to_report(rows: tuple[str, ...], gene: str, word: str) -> None:
    assert effect_of(_vep(*rows), Allele("A", ("G",), 0), {"CSQ": VEP})[:2] == (gene, word)


@pytest.mark.parametrize(
    ("info", "columns", "expected"),
    [
        (
            "ANN=T|missense_variant|MODERATE|KRAS|3845|transcript|NM_004985.5|protein_coding|2/5|c.35G>A|p.Gly12Asp",
            {},
            ("KRAS", "missense", "c.35G>A", "p.Gly12Asp"),
        ),
        (
            "EFF=NON_SYNONYMOUS_CODING(MODERATE|MISSENSE|gGt/gAt|G12D|189|KRAS|protein_coding|CODING|ENST1|2|1)",
            {},
            ("KRAS", "missense", None, "G12D"),
        ),
        ("BCSQ=missense|KRAS|ENST1|protein_coding|-|12G>12D|25245350C>T", {}, ("KRAS", "missense", None, "p.G12D")),
        ("BCSQ=*missense|BRAF|ENST1|protein_coding|-|600V>600K|1A>T+2C>T", {}, ("BRAF", "missense", None, "p.V600K")),
        ("BCSQ=@25245350", {}, NOTHING),
        (
            "FUNCOTATION=[KRAS|MISSENSE|c.35G>A|p.G12D]",
            {
                "FUNCOTATION": [
                    f"Gencode_34_{n}" for n in ("hugoSymbol", "variantClassification", "cDnaChange", "proteinChange")
                ]
            },
            ("KRAS", "missense", "c.35G>A", "p.G12D"),
        ),
        (
            "ANNOVAR_DATE=2020-06-08;Func.refGene=exonic;Gene.refGene=KRAS;ExonicFunc.refGene=nonsynonymous_SNV;"
            "AAChange.refGene=KRAS:NM_004985:exon2:c.G35A:p.G12D;ALLELE_END",
            {},
            ("KRAS", "missense", None, "KRAS:NM_004985:exon2:c.G35A:p.G12D"),
        ),
        (
            "Func.refGene=intergenic;Gene.refGene=A\\x3bB;GeneDetail.refGene=dist\\x3d1",
            {},
            (None, "intergenic", None, None),
        ),
        (
            "FUNC=[{'gene':'KRAS','protein':'p.Gly12Asp','function':'missense','coding':'c.35G>A','normalizedAlt':'T'}]",
            {},
            ("KRAS", "missense", "c.35G>A", "p.Gly12Asp"),
        ),
        ("DP=4;GENE=KRAS", {}, ("KRAS", None, None, None)),
        ("DP=4", {}, NOTHING),
    ],
)
def test_each_annotator_is_read(info: str, columns: dict[str, list[str]], expected: tuple[str | None, ...]) -> None:
    assert effect_of(info, Allele("C", ("T",), 0), columns) == expected


def test_annovar_and_funcotator_blocks_are_of_one_allele_each() -> None:
    alts = ("T", "A")
    blocks = [f"Gene.refGene=KRAS;ExonicFunc.refGene={word};ALLELE_END" for word in ("stopgain", "synonymous_SNV")]
    annovar = ";".join(blocks)
    assert [effect_of(annovar, Allele("C", alts, n), {})[1] for n in (0, 1)] == ["nonsense", "synonymous"]
    columns = {"FUNCOTATION": ["Gencode_43_hugoSymbol", "Gencode_43_variantClassification"]}
    assert effect_of("FUNCOTATION=[KRAS|SILENT],[KRAS|NONSENSE]", Allele("C", alts, 1), columns)[1] == "nonsense"


MULTIANNO = (
    "Chr\tStart\tEnd\tRef\tAlt\tFunc.refGene\tGene.refGene\tExonicFunc.refGene\tAAChange.refGene"
    + "".join(f"\tOtherinfo{n}" for n in range(1, 14))
    + "\n"
    + "chr12\t25398284\t25398284\tC\tT\texonic\tKRAS\tnonsynonymous SNV\tKRAS:NM_004985:exon2:c.G35A:p.G12D"
    + "\t.\t.\t.\tchr12\t25398284\t.\tC\tT\t.\tPASS\tSOMATIC\tGT:AD:DP\t0/1:70,30:100\n"
    + "chr1\t13302\t13302\tC\tT\tintergenic\tWASH7P;MIR6859-1\t.\t.\t.\t.\t.\tchr1\t13302\t.\tC\tT\t.\tlow"
    + "\tX\tGT:AD:DP\t0/1:40,4:44\n"
)


def test_a_folder_of_multianno_tables_is_read_by_file_name(tmp_path) -> None:
    """maftools#132, #301, #417: no sample column, counts only in the VCF cells behind."""
    from oncourse.io.files import read_files

    for sample in ("S1", "S2"):
        (tmp_path / f"{sample}.hg19_multianno.txt").write_text(MULTIANNO)
    reading = read_files([tmp_path])
    calls = pl.DataFrame(reading.tables["calls"]).filter(pl.col("variant_id") == "12:25398284:C:T")
    assert calls.select("sample_id", "alt_count", "depth", "filter").rows() == [
        ("S1", 30, 100, "PASS"),
        ("S2", 30, 100, "PASS"),
    ]
    assert reading.config.genome_build == "GRCh37"
    genes = dict(pl.DataFrame(reading.tables["variants"]).select("variant_id", "gene").rows())
    assert genes == {"12:25398284:C:T": "KRAS", "1:13302:C:T": None}
