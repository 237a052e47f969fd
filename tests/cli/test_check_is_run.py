"""`oncourse check` refuses exactly what `oncourse run` refuses: the same lines, the same exit code."""

from __future__ import annotations

import sys

import pytest

from oncourse.cli.main import main

TABLES = {
    "patients": "patient_id\tsex\tage_years\nP1\tmale\t60\nP2\tfemale\t70\nP3\tfemale\t71\n",
    "samples": "sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\nS2\tP2\ttissue\nS3\tP3\ttissue\n",
    "calls": "sample_id\tvariant_id\nS1\t12:25398284:C:T\n",
    "variants": "variant_id\tgene\n12:25398284:C:T\tKRAS\n",
    "follow_up": "patient_id\tlast_contact_day\tis_dead\nP1\t100\ttrue\nP2\t300\tfalse\nP3\t310\tfalse\n",
}
#: What is wrong -> study.yaml, and a word of the refusal.
WRONG = {
    "unknown key": ("genome_biuld: GRCh37", "genome_build"),
    "no mapping": ("- just\n- a list", "key: value"),
    "unknown section": ("settings: {landscap: {group_by: sex}}", "landscape"),
    "unknown setting": ("settings: {landscape: {grup_by: sex}}", "group_by"),
    "wrong type": ("settings: {landscape: {min_frequency: {}, max_genes: many}}", "landscape."),
    "setting of an objective": ("objectives: [{survival: {endpoint: OS}}]", "survival."),
    "unknown objective": ("objectives: [landscap]", "landscape"),
    "objective that is a section": ("objectives: [psa]", "psa: no such analysis"),
    "status not understood": ("statuses: {MINE: ['KRAS p.G12C or so']}", "statuses.MINE"),
    "status without a list": ("statuses: {MINE: 3, OTHER: []}", "statuses.OTHER"),
    "covariate that does not exist": ("covariates: {ecog: number}", "covariate ecog"),
    "kind of covariate": ("covariates: {sex: words}", "kind of covariate"),
    "covariate in a setting": ("settings: {biomarkers: {covariates: [sexx]}}", "covariate sexx"),
    "subgroup": ("settings: {groups: {subgroups: ecog}}", "covariate ecog"),
    "column of the landscape": ("settings: {landscape: {group_by: sexx}}", "Did you mean sex?"),
    "group": ("group: sexx", "Did you mean sex?"),
    "group of a drug nobody had": ("group: 'exposed:cetuximab'", "cetuximab"),
    "group of a file that is not there": ("group: nowhere.tsv", "no file nowhere.tsv"),
    "strata of a number": (
        "covariates: {age_years: number}\nsettings: {prediction: {strata: age_years}}",
        "prediction.strata=age_years",
    ),
    "groups that are none": ("settings: {landscape: {group_by: sex, groups: [male, men]}}", "landscape.groups"),
    "groups that are none of the group": ("group: sex\nsettings: {landscape: {groups: [a, b]}}", "landscape.groups"),
    "clock of no table": ("clocks: {folow_up: sequencing}", "follow_up"),
    "clock of no unit": ("clocks: {follow_up: 'months, years'}", "clocks.follow_up"),
    "rules that are not there": ("settings: {knowledge: {rules: nothere.tsv}}", "knowledge.rules"),
    "evidence that is no table": (f"settings: {{knowledge: {{evidence: '{__file__}'}}}}", "knowledge.evidence"),
    "two things": ("statuses: {MINE: []}\ncovariates: {ecog: number}\nobjectives: [psa]", "covariate ecog"),
}


@pytest.fixture
def command(monkeypatch, capsys):
    """Returns exit code and the lines of the errors of a command, as a user gets them."""

    def typed(*words):
        monkeypatch.setattr(sys, "argv", ["oncourse", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ending:
            code = ending.code or 0
        said = capsys.readouterr()
        return code, sorted(line for line in (said.out + said.err).splitlines() if line.startswith("error: "))

    return typed


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "study"
    place.mkdir()
    for name, text in TABLES.items():
        (place / f"{name}.tsv").write_text(text)
    return place


@pytest.mark.parametrize("kind", WRONG)
def test_check_refuses_a_wrong_study_yaml_as_run_does(kind, folder, command):
    """check said "no problem found" of most of these and run refused them (November 2026)."""
    text, word = WRONG[kind]
    (folder / "study.yaml").write_text(text + "\n")
    code, lines = command("check", folder)
    assert code == 2 and any(word in line for line in lines), lines
    assert command("run", folder, "--out", folder.parent / "out", "--jobs", 1) == (2, lines)
    assert not (folder.parent / "out").exists()


def test_check_accepts_what_run_accepts(folder, command):
    (folder / "study.yaml").write_text(
        "objectives: [overview]\nsettings: {landscape: {group_by: sex}, biomarkers: {covariates: [sex]}}\n"
        "covariates: {sex: category, 'lab:CEA': number}\nstatuses: {MINE: [KRAS p.G12C]}\ngroup: sex\n"
    )
    assert command("check", folder) == (0, [])
    assert command("run", folder, "--out", folder.parent / "out", "--jobs", 1, "--patients", "none") == (0, [])
