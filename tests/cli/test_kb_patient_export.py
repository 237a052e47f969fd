"""The commands kb, patient and export: they answer, and a user's mistake is one sentence with a cure."""

from __future__ import annotations

from importlib import resources

import pytest
from click.testing import CliRunner

from oncourse.cli.export import export
from oncourse.cli.kb import kb
from oncourse.cli.patient import patient
from oncourse.errors import ConfigError


def run(command, *args):
    return CliRunner().invoke(command, [str(a) for a in args])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from oncourse.cli.simulate import simulate

    out = tmp_path_factory.mktemp("study") / "s"
    result = run(simulate, out, "--design", "crc", "--patients", 4, "--seed", 3)
    assert result.exit_code == 0, result.output
    return out


def test_list_and_explain():
    listed = run(kb, "list", "--gene", "HER2")
    assert listed.exit_code == 0
    assert {line.split()[0] for line in listed.output.splitlines()} >= {"CRC-11", "CRC-13", "CRC-14"}
    shown = run(kb, "explain", "pc-01")
    assert "level               I-A" in shown.output and "PROfound" in shown.output
    assert "M2020" not in shown.output  # an ESCAT level recalled from memory is not shown
    wrong = run(kb, "explain", "PC-0")
    assert isinstance(wrong.exception, ConfigError) and "Did you mean" in str(wrong.exception)


def test_diff_fails_when_a_golden_patient_loses_a_line(tmp_path):
    text = resources.files("oncourse.disease").joinpath("crc", "therapy_rules.tsv").read_text()
    old, new = tmp_path / "old.tsv", tmp_path / "new.tsv"
    old.write_text(text)
    new.write_text("\n".join(line for line in text.splitlines() if not line.startswith("CRC-09\t")) + "\n")
    same = run(kb, "diff", old, old)
    assert same.exit_code == 0 and "0 answers about golden patients changed" in same.output
    lost = run(kb, "diff", old, new)
    assert lost.exit_code == 1
    assert "LOST  CRC-09 positive" in lost.output and "1 rules removed: CRC-09" in lost.output


def test_import_of_own_rules_is_checked(tmp_path):
    bad = tmp_path / "mine.tsv"
    bad.write_text("rule_id\ttumours\nX\tcolorectal\n")
    result = run(kb, "import", "rules", bad, "--out", tmp_path / "out.tsv")
    assert result.exit_code != 0 and "columns" in str(result.exception)


def test_import_of_oncokb_annotations_the_user_supplies(tmp_path):
    maf = tmp_path / "annotated.maf"
    maf.write_text(
        "Hugo_Symbol\tHGVSp_Short\tLEVEL_1\tLEVEL_R1\tTX_CITATIONS\nBRAF\tp.V600E\tA+B\t\t123\nKRAS\tp.G12D\t\tC\t\n"
    )
    out = tmp_path / "evidence.tsv"
    result = run(kb, "import", "oncokb", maf, "--out", out, "--disease", "Colorectal Cancer", "--date", "2026-01-01")
    assert result.exit_code == 0, result.output
    from oncourse.knowledge.evidence import read_evidence

    base = read_evidence(out)
    assert [(e.profile, e.effect, e.level) for e in base.items] == [
        ("BRAF V600E", "sensitive", "1"),
        ("KRAS G12D", "resistant", "R1"),
    ]
    assert "not for redistribution" in base.licence


def test_patient_page_and_near_miss(folder, tmp_path):
    out = tmp_path / "p.html"
    result = run(patient, folder, "CRC0001", "--out", out)
    assert result.exit_code == 0, result.output
    assert "CRC0001" in out.read_text()
    wrong = run(patient, folder, "CRC001", "--out", out)
    assert "Did you mean CRC0001" in str(wrong.exception)


def test_export(folder, tmp_path):
    out = tmp_path / "cbio"
    result = run(export, folder, "--format", "cbioportal", "--out", out)
    assert result.exit_code == 0, result.output
    assert (out / "meta_study.txt").read_text().startswith("cancer_study_identifier: s\n")
    again = run(export, folder, "--format", "cbioportal", "--out", out)
    assert "exists and is not empty" in str(again.exception)
    packets = run(export, folder, "--format", "phenopackets", "--out", tmp_path / "pp")
    assert packets.exit_code == 0 and "4 phenopackets" in packets.output


def test_a_pdf_without_the_extra_names_the_cure(folder, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "weasyprint", None)  # as if it were not installed
    result = run(patient, folder, "CRC0001", "--out", tmp_path / "p.pdf")
    assert result.exit_code != 0 and "oncourse[pdf]" in str(result.exception)
    assert not (tmp_path / "p.pdf").exists()


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_a_pdf_has_two_to_four_a4_pages(design, tmp_path):
    weasyprint = pytest.importorskip("weasyprint", reason="the optional extra pdf (WeasyPrint) is not installed")
    from oncourse.cohort import Cohort
    from oncourse.report.patient_page import patient_page
    from oncourse.simulate.study import simulate_study
    from oncourse.study.model import Study

    made = simulate_study(design, 10, seed=3)
    cohort = Cohort(Study(made.config, made.tables))
    for name in made.tables["patients"]["patient_id"].to_list():
        pages = weasyprint.HTML(string=patient_page(cohort, name)).render().pages
        assert 2 <= len(pages) <= 4, name
        assert (round(pages[0].width), round(pages[0].height)) == (794, 1123)  # A4 in CSS pixels
