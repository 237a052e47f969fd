"""Tables of expert panels decide on missense changes; what they leave uncertain, or took back, decides nothing."""

from __future__ import annotations

from hashlib import sha256

import pytest
from click.testing import CliRunner

from oncourse.cli.kb import kb
from oncourse.errors import InputError
from oncourse.knowledge.classified import read_classified
from oncourse.knowledge.expert_tables import read_expert_table

GENES = frozenset({"TP53", "BRCA1", "BRCA2"})
#: TP53 R248Q and R175H, chromosome 17 of GRCh37 (.10) and GRCh38 (.11); one retracted, one uncertain, one deletion.
CLINGEN = (
    "#Variation\tHGVS Expressions\tHGNC Gene Symbol\tAssertion\tRetracted\tUuid\n"
    "NM_000546.6(TP53):c.743G>A (p.Arg248Gln)\tNC_000017.10:g.7577538C>T, NC_000017.11:g.7674220C>T\tTP53\t"
    "Pathogenic\tfalse\tu1\n"
    "NM_000546.6(TP53):c.524G>A (p.Arg175His)\tNC_000017.11:g.7675088C>T\tTP53\tPathogenic\ttrue\tu2\n"
    "NM_000546.6(TP53):c.869G>A (p.Arg290His)\tNC_000017.11:g.7673751C>T\tTP53\tBenign\tfalse\tu3\n"
    "NM_000546.6(TP53):c.1A>C (p.Met1Leu)\tNC_000017.11:g.7676594T>G\tTP53\tUncertain Significance\tfalse\tu4\n"
    "NM_000546.6(TP53):c.376-1del\tNC_000017.11:g.7675239del\tTP53\tLikely Pathogenic\tfalse\tu5\n"
    "NM_000314.8(PTEN):c.389G>A (p.Arg130Gln)\tNC_000010.11:g.87933148G>A\tPTEN\tPathogenic\tfalse\tu6\n"
)
ENIGMA = (
    "Gene_Symbol,HGVS_cDNA,HGVS_Protein,Genomic_Coordinate_hg38,Clinical_significance_ENIGMA\n"
    "BRCA1,c.181T>G,NP_009225.1:p.(Cys61Gly),chr17:g.43106487:A>C,Pathogenic\n"
    "BRCA2,c.5946del,NP_000050.2:p.(Ser1982ArgfsTer22),chr13:g.32340300:GT>G,Pathogenic\n"
    "BRCA1,c.1067A>G,NP_009225.1:p.(Gln356Arg),chr17:g.43094464:T>C,Benign / Little Clinical Significance\n"
    "BRCA2,c.1A>T,-,-,Pathogenic\n"
    "BRCA1,c.2A>T,NP_009225.1:p.(Met1Lys),chr17:g.43124095:T>A,-\n"
)


def test_clingen_keeps_what_stands_in_the_build_asked_for(tmp_path):
    file = tmp_path / "erepo.tsv"
    file.write_text(CLINGEN)
    new = read_expert_table(file, GENES)
    told = {(r["variant_id"], r["change"], r["classification"]) for r in new.rows}
    assert told == {("17:7674220:C:T", "R248Q", "pathogenic"), ("17:7673751:C:T", "R290H", "benign")}
    assert (new.n_records, new.n_other, new.n_unread) == (6, 2, 1)
    assert new.checksum == sha256(CLINGEN.encode()).hexdigest()[:12]
    old = read_expert_table(file, GENES, build="GRCh37")
    assert [r["variant_id"] for r in old.rows if r["change"] == "R248Q"] == ["17:7577538:C:T"]
    assert [r["variant_id"] for r in old.rows if r["change"] == "R290H"] == [""]  # its protein change still speaks


def test_enigma_decides_on_a_missense_change_through_the_command(tmp_path):
    file, out = tmp_path / "brca_exchange.csv", tmp_path / "classified.tsv"
    file.write_text(ENIGMA)
    run = CliRunner().invoke(kb, ["import", "enigma", str(file), "--out", str(out), "--date", "2026-11-01"])
    assert run.exit_code == 0, run.output
    assert "3 classified changes of 5 records of ENIGMA" in run.output
    listed = read_classified(out, "GRCh38")
    assert (listed.name, listed.date, listed.build) == ("ENIGMA", "2026-11-01", "GRCh38")
    assert listed.of("BRCA1", "17:43106487:A:C", "C61G", build="GRCh38").verdict == "pathogenic"
    assert listed.of("BRCA1", "", "Q356R", build=None).verdict == "benign"
    assert listed.of("BRCA2", "13:32340301:T:-", "S1982fs", build="GRCh38").verdict == "pathogenic"


def test_another_table_is_refused_with_the_columns_looked_for(tmp_path):
    file = tmp_path / "mine.tsv"
    file.write_text("gene\tclass\nTP53\tPathogenic\n")
    with pytest.raises(InputError, match=r"HGNC Gene Symbol.*Gene_Symbol"):
        read_expert_table(file, GENES)


def test_a_table_that_is_no_text_is_refused_in_words(tmp_path):
    """A workbook's first bytes are no UTF-8."""
    file = tmp_path / "erepo.tsv"
    file.write_bytes(b"PK\x03\x04\xff\xfe" * 9)
    with pytest.raises(InputError, match=r"erepo.tsv: cannot be read .* Give the table as it was downloaded"):
        read_expert_table(file, GENES)
