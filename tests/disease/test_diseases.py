"""A disease is a folder: read, checked, asked by code; a third one is files alone."""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path

import pytest

from oncourse.cohort import Cohort
from oncourse.disease import disease, diseases, states, tumour_of, tumours
from oncourse.disease.shelf import read_disease
from oncourse.errors import InputError
from oncourse.knowledge.rules import default_rules

SOURCE = Path(str(resources.files("oncourse")))


@pytest.fixture
def folder(tmp_path):
    """A copy of the folder of colorectal cancer."""
    return Path(shutil.copytree(str(resources.files("oncourse.disease").joinpath("crc")), tmp_path / "crc"))


def problems(folder):
    with pytest.raises(InputError) as error:
        read_disease(folder)
    return error.value.problems


def test_words_of_a_diagnosis_in_both_languages_and_study_codes():
    for text, tumour in [
        ("Rectal adenocarcinoma", "colorectal"),
        ("结直肠癌", "colorectal"),
        ("coadread_tcga", "colorectal"),
        ("crc_msk_2017", "colorectal"),
        ("前列腺癌", "prostate"),
        ("prad_su2c_2019", "prostate"),
        ("mCRPC", "prostate"),
        ("Breast carcinoma", "breast"),
        ("melanoma", None),
        ("", None),
        ("prostate cancer and colon cancer", None),
    ]:
        assert tumour_of(text) == tumour, text


def test_objectives_of_a_protocol_are_analyses_that_exist():
    from oncourse.analyses._base import registry

    for name in diseases():
        assert set(disease(name).objectives) <= set(registry()), name
    assert disease("crc").objectives[0] == "concordance" and disease("mcrpc").objectives[-1] == "monitoring"


def test_a_side_is_told_by_one_side_only():
    side = disease("crc").side
    for right in ("right colon", "hepatic flexure", "transverse colon", "ascending colon", "盲肠"):
        assert side(right) == "right", right
    for left in ("descending colon", "rectosigmoid", "rectum", "splenic flexure", "直肠"):
        assert side(left) == "left", left
    for unclear in ("colon", "colorectal", "结直肠", None, "", "ascending and descending colon"):
        assert side(unclear) is None, unclear


def test_stage_iva_is_metastatic():
    """AJCC 8: IVA, IVB and IVC are stages of metastatic disease; the letter must not make them stage I."""
    crc = disease("crc")
    told = {
        s: crc.state(None, s, "", has_metastasis=False, in_design=True) for s in ("IVA", "IV", "4", "IIIB", "3", None)
    }
    assert told == {
        "IVA": "metastatic",
        "IV": "metastatic",
        "4": "metastatic",
        "IIIB": "resected",
        "3": "resected",
        None: None,
    }


def test_the_last_setting_decides_before_the_words_in_prostate_cancer():
    state = disease("mcrpc").state
    assert state("mCSPC", None, "mCRPC", has_metastasis=True, in_design=True) == "mCSPC"
    assert state(None, None, "castration-resistant", has_metastasis=False, in_design=False) == "mCRPC"
    assert state(None, None, "prostate cancer", has_metastasis=True, in_design=False) is None


def test_every_rule_and_asked_biomarker_can_be_read():
    from oncourse.knowledge.expression import parse

    assert {t for rule in default_rules() for t in rule.tumours} <= {*tumours(), "any"}
    assert {s for rule in default_rules() for s in rule.states} <= set(states())
    for name in diseases():
        for _, what in disease(name).asked:
            if what not in ("ras", "side") and not what.startswith("status "):
                parse(what)


def test_wrong_files_are_told_by_file_row_and_key(folder):
    (folder / "asked.tsv").write_text("label\tasks\nRAS\t\n", "utf-8")
    (folder / "hypotheses.tsv").write_text("marker\nRAS\n", "utf-8")
    text = (folder / "disease.yaml").read_text("utf-8").replace("tumour: colorectal", "tumor: colorectal")
    (folder / "disease.yaml").write_text(re.sub(r"  right: .*", "  right: '(('", text), "utf-8")
    told = problems(folder)
    assert "crc/disease.yaml: tumour is missing" in told
    assert "crc/disease.yaml: unknown key 'tumor'" in told
    assert "crc/asked.tsv, row 2: asks is empty" in told
    assert "crc/hypotheses.tsv: column arm is missing" in told
    assert any("sides.right: not a regular expression" in line for line in told)
    (folder / "asked.tsv").write_text(f"label\tasks\nRAS\t{'x' * 140_000}\n", "utf-8")
    assert any(line.startswith("crc/asked.tsv, row 2: cannot be read") for line in problems(folder))


def _of_no_disease(text: str) -> str:
    """Without the names of an expert panel and of another assay's cut-off."""
    return text.replace("breast and ovarian", "").replace("a breast-cancer cut-off", "")


def test_no_line_of_code_names_the_third_disease():
    """The proof that a disease is added by files alone."""
    for path in SOURCE.rglob("*.py"):
        assert not re.search(r"\bmbc\b|\bbreast\b", _of_no_disease(path.read_text("utf-8").lower())), path


def test_a_study_of_the_third_disease_gets_its_rules_words_and_biomarkers(make_study):
    from oncourse.patients.biomarkers import key_biomarkers

    made = make_study(
        {"design": "mbc", "genome_build": "GRCh38"},
        patients=[{"patient_id": "P1", "disease": "breast cancer", "stage": "IV"}],
        assays=[{"assay_id": "X", "kind": "panel", "targets": "ESR1;PIK3CA;AKT1;PTEN"}],
        samples=[{"sample_id": "S1", "patient_id": "P1", "material": "tissue", "assay_id": "X"}],
        variants=[
            {
                "variant_id": "6:152098791:A:G",
                "chrom": "6",
                "pos": 152098791,
                "ref": "A",
                "alt": "G",
                "gene": "ESR1",
                "hgvs_p": "p.D538G",
                "effect": "missense",
            }
        ],
        calls=[{"sample_id": "S1", "variant_id": "6:152098791:A:G", "is_called": True, "alt_count": 60, "depth": 200}],
        markers=[
            {"patient_id": "P1", "marker": "ER", "value": "positive"},
            {"patient_id": "P1", "marker": "HER2", "value": "negative"},
        ],
    )
    cohort = Cohort(made)
    facts = cohort.findings.patients["P1"]
    assert (facts.tumour, facts.state) == ("breast", "metastatic")
    asked = {b.label: b.state for b in key_biomarkers(cohort, facts)}
    assert asked["ESR1 mutation (LBD)"] == "found"
    assert asked["BRCA1 / BRCA2 loss"] == "unclear"  # not on the panel: never "none"
    assert "BC-01" in {m.rule.rule_id for m in cohort.therapy.matches["P1"] if m.status == "matched"}
