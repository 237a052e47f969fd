"""Metamorphic guard of the readers: one wrong cell of a mutated row of a MAF never hides the mutation.

Every change is refused with a message, or leaves a row in the mutated gene; a status that reads it is then never wild
type.
"""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.io.aside import checked
from oncourse.io.files import read_files
from oncourse.study.config import config_from_mapping

HEADER = (
    "Hugo_Symbol",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Reference_Allele",
    "Tumor_Seq_Allele2",
    "Tumor_Sample_Barcode",
    "Variant_Classification",
    "HGVSp_Short",
    "t_alt_count",
    "t_ref_count",
    "t_depth",
    "NCBI_Build",
    "FILTER",
    "Mutation_Status",
    "Variant_Type",
    "Validation_Status",
)
REST = ("300", "700", "1000", "GRCh37", "PASS", "Somatic", "SNP", "Untested")
ROWS = {
    "KRAS": ("KRAS", "12", "25398284", "25398284", "C", "T", "S1", "Missense_Mutation", "p.G12D", *REST),
    "BRAF": ("BRAF", "7", "140453136", "140453136", "A", "T", "S1", "Missense_Mutation", "p.V600E", *REST),
    "BRCA2": ("BRCA2", "13", "32914437", "32914437", "G", "T", "S1", "Nonsense_Mutation", "p.E1982*", *REST),
    "AR": ("AR", "X", "66943552", "66943552", "A", "G", "S1", "Missense_Mutation", "p.T878A", *REST),
}
CELLS = {
    "Hugo_Symbol": ("", "kras", "LRMP", "TP53", "9-Sep", "Unknown"),
    "Chromosome": ("", "x", "chr12"),
    "Start_Position": ("", "25,398,284", "x", "-5"),
    "Reference_Allele": ("", "<DEL>", "N"),
    "Tumor_Seq_Allele2": ("", "-", "<DEL>", "C"),
    "Tumor_Sample_Barcode": ("S1 ", "s1", "/x/S1.bam", "P1", ""),
    "Variant_Classification": ("", "Silent", "Intron", "gibberish"),
    "HGVSp_Short": ("", "p.G12=", "p.A18V", "x"),
    "t_alt_count": ("", "0", "x", "1,300"),
    "t_depth": ("", "0", "x"),
    "FILTER": ("", "LowQual", "germline"),
    "Mutation_Status": ("", "Germline", "None", "UNCALLED", "Redacted", "x"),
    "Variant_Type": ("SV", "x"),
    "Validation_Status": ("Wildtype", "x"),
}
CHANGES = [(column, value) for column, values in CELLS.items() for value in values]


def _read(folder, gene, column, value):
    """Return the tables of the study with one cell changed; null where it is refused."""
    row = list(ROWS[gene])
    row[HEADER.index(column)] = value
    (folder / "a.maf").write_text("\n".join("\t".join(cells) for cells in (HEADER, row)) + "\n")
    (folder / "c.txt").write_text("SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\tGENE_PANEL\nS1\tP1\tPrimary\tIMPACT468\n")
    try:
        reading = read_files([folder / "a.maf"], clinical=[folder / "c.txt"])
        tables, problems = checked(reading)
    except InputError:
        return None
    return None if any(p.severity == "error" for p in [*reading.problems, *problems]) else tables


#: Words by which the file itself says that there is no mutation: the row is left out or not called, and that is told.
SAID = {("Mutation_Status", "None"), ("Variant_Type", "SV")}


def test_one_wrong_cell_leaves_the_mutation_in_its_gene(tmp_path):
    """Position, alleles and gene are not lost together: what cannot be placed is kept by its gene."""
    gene = "KRAS"
    for column, value in CHANGES:
        tables = _read(tmp_path, gene, column, value)
        if tables is None or (column, value) in SAID:
            continue
        known = tables["calls"].join(tables["variants"], on="variant_id")
        genes = known.filter(pl.col("sample_id") == "S1")["gene"].to_list()
        assert genes == [gene], (column, value, genes)


@pytest.mark.slow
@pytest.mark.parametrize("gene", list(ROWS))
def test_one_wrong_cell_makes_nobody_wild_type(tmp_path, gene):
    """The same changes through the whole engine: the wild type never holds, and a loss is never denied."""
    from oncourse.cohort import Cohort
    from oncourse.knowledge.evaluate import NO, YES, evaluate
    from oncourse.knowledge.expression import parse
    from oncourse.study.model import Study

    rules = {"KRAS": "KRAS:12,13,59,61,117,146", "BRAF": "BRAF:V600E", "AR": "AR:T878A"}
    for column, value in CHANGES:
        tables = _read(tmp_path, gene, column, value)
        if tables is None:
            continue
        study = Study(config_from_mapping({"genome_build": "GRCh37"}), tables)
        for patient in Cohort(study).findings.patients.values():
            if gene in rules:
                assert evaluate(parse(f"wild_type({rules[gene]})"), patient).truth != YES, (column, value)
            else:
                assert evaluate(parse(f"loss({gene})"), patient).truth != NO, (column, value)
