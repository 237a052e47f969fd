"""Results that say one thing of one gene and another of the next, columns that look like others (transcripts as samples,
a share headed "var"), and who is dead under names of trial offices."""

from __future__ import annotations

import doctest

import pytest
from tests.io.strangers import states_of, write_table, write_vcf

from oncourse.cohort import Cohort
from oncourse.facts import recorded
from oncourse.io.aside import checked
from oncourse.io.clinical import own_genes, own_headers
from oncourse.io.detect import read_any
from oncourse.study.model import Study


@pytest.mark.parametrize("module", [recorded, own_genes, own_headers])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def _patients(path, header, *rows):
    head = f"Patient ID|Date of diagnosis|Last follow-up|{header}"
    lines = [f"P{k}|2020-01-01|2021-01-01|{row}" for k, row in enumerate(rows)]
    return read_any(write_table(path / "patients.tsv", "\n".join([head, *lines])))


def _ras(path, value):
    reading = _patients(path, "Vital status|RAS", f"Alive|{value}")
    return states_of(reading, "RAS")


@pytest.mark.parametrize(
    "value",
    ["KRAS wt only", "KRAS: negative", "KRAS wild type, NRAS not tested", "wt (KRAS only)", "mut NRAS, wt KRAS"],
)
def test_ras_of_which_one_gene_was_tested_is_no_wild_type(tmp_path, value):
    """KRAS wt only under RAS was RAS negative (before 2013 anti-EGFR labels asked for KRAS exon 2 alone)."""
    assert "negative" not in _ras(tmp_path, value).values()


@pytest.mark.parametrize(
    "value", ["KRAS wt / NRAS mut", "KRAS野生型，NRAS突变型", "NRAS wt, KRAS G12D", "KRAS wt but NRAS Q61K"]
)
def test_a_value_that_names_two_genes_says_of_each_its_own(tmp_path, value):
    """KRAS wt / NRAS mut was RAS negative."""
    reading = _patients(tmp_path, "Vital status|RAS", f"Alive|{value}")

    statuses = Cohort(Study(reading.config, checked(reading)[0])).statuses
    states = set(statuses.filter(statuses["status"] == "RAS")["state"])
    assert "positive" in states and "negative" not in states


@pytest.mark.parametrize("value", ["KRAS/NRAS wt", "KRAS wild type, NRAS wild type", "KRAS(-)/NRAS(-)", "WT"])
def test_both_genes_wild_type_are_ras_wild_type(tmp_path, value):
    assert set(_ras(tmp_path, value).values()) == {"negative"}


def test_a_protein_change_that_cannot_be_told_is_no_wild_type(tmp_path):
    """``p.?`` (HGVS: an effect is expected, and not known) of KRAS without a coding change was RAS wild type."""
    rows = "Patient ID|Sample ID|Gene|Mutation CDS|Mutation AA\nP1|S1|KRAS||p.?\nP1|S1|NRAS||WT"
    assert states_of(read_any(write_table(tmp_path / "report.tsv", rows)), "RAS") == {"S1": "not_assessable"}


def test_transcripts_are_no_samples(tmp_path):
    """COSMIC's export has an Accession Number (ENST...) before its Sample name: two patients were one, the transcript."""
    rows = (
        "Gene name|Accession Number|Sample name|Mutation CDS|Mutation AA\n"
        "KRAS|ENST00000256078.4|A|c.35G>A|p.G12D\nBRAF|ENST00000288602.6|B|c.1799T>A|p.V600E"
    )
    reading = read_any(write_table(tmp_path / "export.tsv", rows))
    assert sorted(reading.tables["samples"]["sample_id"]) == ["A", "B"]


def test_a_share_beside_the_alternate_base_is_read(tmp_path):
    """SOPHiA DDM's table (var_percent, alt, Retained yes/no, c.DNA): the program ended in an error of its library."""
    rows = (
        "Id|Retained|Chromosome|genome_position|gene|var_percent|depth|ref|alt|c.DNA|protein|filters\n"
        "1|yes|12|25398284|KRAS|30.0|1000|C|T|c.35G>A|p.(Gly12Asp)|\n"
        "2|no|7|140453136|BRAF|0.8|1000|A|T|c.1799T>A|p.(Val600Glu)|low_variant_fraction"
    )
    reading = read_any(write_table(tmp_path / "P18.tsv", rows))
    calls = reading.tables["calls"].select("sample_id", "variant_id", "is_called").sort("variant_id").rows()
    assert [c[:2] for c in calls] == [("P18", "12:25398284:C:T"), ("P18", "7:140453136:A:T")]
    assert states_of(reading, "RAS") == {"P18": "positive"}
    assert states_of(reading, "BRAF V600E") == {"P18": "not_assessable"}


@pytest.mark.parametrize(
    ("header", "words", "dead"),
    [
        ("Deceased?", ("No", "Yes", "-"), [False, True, None]),
        ("Is the patient alive?", ("Y", "N", "U"), [False, True, None]),
        ("Status at last follow-up", ("AWD", "DOD", "NED"), [False, True, False]),
        ("Has the patient died?", ("no", "yes", "no"), [False, True, False]),
    ],
)
def test_who_is_dead_under_names_of_trial_offices(tmp_path, header, words, dead):
    """The column was kept and read by nobody: the dead had a date, and nobody was known to live."""

    tables, _ = checked(_patients(tmp_path, header, *words))
    assert tables["follow_up"].sort("patient_id")["is_dead"].to_list() == dead


def test_the_labels_of_redcap_say_who_lives(tmp_path):

    rows = (
        '"Record ID","Event Name","Date of diagnosis","Is the patient deceased?","Date of death","Date last known alive"\n'
        '"P1","Baseline","2020-01-01","Yes","2021-05-01",""\n"P2","Baseline","2020-02-01","No","","2022-02-01"'
    )
    reading = read_any(write_table(tmp_path / "Study_DATA_LABELS_2024-01-05.csv", rows, by="|"))
    assert checked(reading)[0]["follow_up"].sort("patient_id")["is_dead"].to_list() == [True, False]


def test_a_date_of_surgery_is_day_0_and_a_cell_of_na_is_no_result(tmp_path):
    """手术日期 was day 0, "Date of surgery" was not; HER2 = NA was an error of a missing value."""
    rows = (
        "Patient ID|Date of surgery|Vital status|Last follow-up|HER2\nP1|2020-01-01|Alive|2021-01-01|3+\n"
        "P2|2020-01-01|Alive|2021-01-01|NA"
    )
    reading = read_any(write_table(tmp_path / "patients.tsv", rows))
    assert reading.tables["markers"].select("patient_id", "value").rows() == [("P1", "3+")]
    assert reading.tables["patients"]["index_date"].to_list() == ["2020-01-01"] * 2


def test_an_msisensor_result_beside_the_calls_is_read_under_any_joint_of_its_name(tmp_path):
    """``P1_msisensor`` (MSIsensor-pro -o) beside P1.vcf was left out, ``P1.msisensor`` was not; lists of sites stay out."""
    write_vcf(tmp_path / "P1.vcf", ["P1"], ["7 140453136 . A T 50 PASS . GT:AD:DP 0/1:700,300:1000"])
    write_table(tmp_path / "P1_msisensor", "Total_Number_of_Sites|Number_of_Unstable_Sites|%\n2000|700|35.00")
    write_table(tmp_path / "P1_msisensor_somatic", "1|100|AAAA|5|A|x|y|0.1|0.2|1")
    samples = checked(read_any(tmp_path))[0]["samples"]
    assert samples.select("sample_id", "msi_score").rows() == [("P1", 35.0)]


def test_deaths_without_a_time_are_told(tmp_path):
    """GENIE's data_clinical_patient.txt counts INT_DOD and INT_CONTACT from birth: DEAD was kept and nothing said."""
    (tmp_path / "g").mkdir()
    heads = "#a|b|c|d\n#a|b|c|d\n#STRING|STRING|STRING|STRING\n#1|1|1|1\n"
    write_table(
        tmp_path / "g" / "data_clinical_patient.txt",
        f"{heads}PATIENT_ID|DEAD|INT_DOD|INT_CONTACT\nA|True|20000|19000\nB|False|Not Applicable|19000",
    )
    write_table(
        tmp_path / "g" / "data_clinical_sample.txt",
        f"{heads}PATIENT_ID|SAMPLE_ID|ONCOTREE_CODE|SAMPLE_TYPE\nA|A-1|COAD|Primary\nB|B-1|COAD|Primary",
    )
    reading = read_any(tmp_path / "g")
    assert ["1 patients died" in p.message for p in reading.problems if p.column == "VITAL_STATUS"] == [True]
