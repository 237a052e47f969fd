"""Any column, status, arm or list as groups (issue 14, 11: asked for by real studies that could not be answered)."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import polars as pl
import pytest
from click.testing import CliRunner
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cli.run import run as run_command
from oncourse.cohort import Cohort
from oncourse.errors import ConfigError, NotEnoughData


def made(n=40, **more):
    """Arm B dies a year later than arm A; its PSA falls by 80 % in 16 of 20, of A in 4 of 20."""
    ids = [f"P{i:02d}" for i in range(n)]
    arm = ["A" if i % 2 else "B" for i in range(n)]
    late = [365 if a == "B" else 0 for a in arm]
    falls = [(i // 2) % 5 != 0 if a == "B" else (i // 2) % 5 == 0 for i, a in enumerate(arm)]
    labs = [
        {"patient_id": p, "day": d, "analyte": "PSA", "value": v, "unit": "ng/mL"}
        for i, p in enumerate(ids)
        for d, v in (
            (0, 100.0),
            (30, 20.0 if falls[i] else 90.0),
            (60, 20.0 if falls[i] else 95.0),
            (120 + late[i] // 3 + i, 200.0),
            (160 + late[i] // 3 + i, 300.0),
        )
    ]
    patients = [
        {"patient_id": p, "arm": a, "age_years": 60.0 + i % 7, "stage": "III" if i % 3 else "II"}
        for i, (p, a) in enumerate(zip(ids, arm, strict=True))
    ]
    return study(
        {"design": "mcrpc"},
        patients=patients,
        samples=more.get("samples", []),
        calls=[],
        follow_up=[
            {"patient_id": p, "last_contact_day": 300 + late[i] + 7 * i, "is_dead": True} for i, p in enumerate(ids)
        ],
        treatments=[{"patient_id": p, "drugs": "docetaxel", "start_day": 0, "line": 1} for p in ids],
        labs=labs,
    )


def groups(of, by, **more):
    return registry()["groups"].run(Cohort(of, {"groups": {"by": by, **more}}))


@cache
def usual():
    """The study that most tests look at."""
    return made()


@cache
def grouped(by):
    """The answer of that study by a group: several tests ask it the same."""
    return groups(usual(), by)


@pytest.fixture(scope="module")
def by_arm():
    return grouped("arm")


def row(result, table, **keys):
    frame = result.table(table)
    for name, value in keys.items():
        frame = frame.filter(pl.col(name).eq_missing(value))
    assert frame.height == 1, (table, keys, frame.height)
    return frame.row(0, named=True)


def test_medians_and_curves_by_arm_are_those_of_each_arm_alone(by_arm):
    """A's deaths lie 300 + 7 i days on (i odd, 20 of them): the median is midway between the 10th and 11th, as in R."""
    ids = usual()["patients"]["patient_id"].to_list()
    for arm, day in (("A", 300 + 7 * 20), ("B", 665 + 7 * 19)):
        found = row(by_arm, "times", endpoint="OS", line=None, group=arm)
        assert (found["n"], found["n_event"]) == (20, 20)
        assert found["median_months"] == pytest.approx(day / 30.4375, abs=0.01)
        alone = usual().select(patients=[p for i, p in enumerate(ids) if (i % 2 == 1) == (arm == "A")])
        whole = registry()["survival"].run(Cohort(alone)).estimate("OS_kaplan_meier_median")
        assert found["median_months"] == pytest.approx(whole.value)
    assert {f.name for f in by_arm.figures} >= {"km_OS", "km_TTPP"}
    ratio = row(by_arm, "hazard_ratios", endpoint="OS", line=None)
    assert (ratio["group"], ratio["reference"]) == ("B", "A") and ratio["hazard_ratio"] < 1


def test_time_to_psa_progression_by_arm(by_arm):
    a, b = (row(by_arm, "times", endpoint="TTPP", line=1, group=arm) for arm in "AB")
    assert a["n"] == b["n"] == 20 and b["median_months"] > a["median_months"] + 2
    assert "time to PSA progression on line 1" in by_arm.answer


def test_response_by_arm_has_exact_limits_and_its_denominator(by_arm):
    from oncourse.stats.proportions import clopper_pearson

    b = row(by_arm, "response", response="PSA50", line=1, group="B")
    assert (b["n_response"], b["n"], b["n_not_judged"]) == (16, 20, 0)
    assert (b["ci_low"], b["ci_high"]) == pytest.approx(tuple(float(v) for v in clopper_pearson(16, 20)))


def test_a_baseline_table_by_arm(by_arm):
    age = row(by_arm, "baseline", variable="age_years", group="B")
    assert (age["n"], age["n_known"]) == (20, 20) and 60 <= age["median"] <= 66 and age["smd"] is not None
    stage = row(by_arm, "baseline", variable="stage", level="II", group="A")
    assert stage["n_level"] == sum(i % 3 == 0 for i in range(1, 40, 2))


def test_nobody_counts_before_the_group_was_known():
    """A group read from a sample of day 400 is told of those alive then: they are at risk from then, not from day 0."""
    ids = usual()["patients"]["patient_id"].to_list()
    samples = [
        {
            "sample_id": f"{p}-T",
            "patient_id": p,
            "material": "tissue",
            "day": 400 if i % 4 == 0 else 0,
            "grade": str(i % 2),
        }
        for i, p in enumerate(ids)
    ]
    found = groups(made(samples=samples), "grade")
    times = found.table("times").filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())
    assert times["n_late_entry"].sum() == 10
    of_os = found.people.filter(question="OS")
    assert of_os["is_in"].sum() == times["n"].sum()
    assert "known from a sample's day on" in " ".join(found.notes)


def test_a_score_by_exposure():
    """SBS3 0.1 on the day docetaxel began, before its first dose, and 0.5 after it, in samples of other patients:
    Mann-Whitney by patient."""
    ids = usual()["patients"]["patient_id"].to_list()
    samples = [
        {
            "sample_id": f"{p}-T",
            "patient_id": p,
            "material": "tissue",
            "day": 50 if i % 2 else 0,
            "SBS3": (0.5 if i % 2 else 0.1) + i / 1000,
        }
        for i, p in enumerate(ids)
    ]
    found = groups(made(samples=samples), "exposed:taxane")
    test = row(found, "score_tests", measure="SBS3")
    assert (test["group_a"], test["group_b"]) == ("after taxane", "without taxane")
    assert test["median_a"] > 0.5 > 0.2 > test["median_b"] and test["p_value"] < 1e-6
    assert "SBS3" in found.answer


def test_a_column_is_found_whatever_its_letters():
    """A portal's ARM is read as arm: `--group ARM` was refused with "did you mean arm?"."""
    assert groups(usual(), "ARM").table("members").equals(grouped("arm").table("members"))


def test_who_is_exposed_later_stays_among_the_others():
    """Two samples, before and after the drug: leaving such a patient out leaves those who died before they could get
    it."""
    ids = usual()["patients"]["patient_id"].to_list()
    samples = [
        {"sample_id": f"{p}-{day}", "patient_id": p, "material": "plasma", "day": day, "ctdna": 1.0 + day}
        for i, p in enumerate(ids)
        for day in ((-5, 50) if i % 2 else (-5,))
    ]
    found = groups(made(samples=samples), "exposed:taxane")
    assert row(found, "times", endpoint="OS", line=None, group="without taxane")["n"] == 40
    assert found.table("members").drop_nulls("group")["group"].unique().to_list() == ["without taxane"]
    scores = found.table("scores").filter(pl.col("measure") == "ctdna")
    assert set(scores["group"]) == {"without taxane", "after taxane"}


def test_an_interaction_with_a_covariate_is_tested_in_one_model():
    """Deaths spread alike but for arm B in stage II, which is halved: the ratio of the two hazard ratios is found."""
    base = made(80)
    facts = base["patients"].select("patient_id", halved=(pl.col("arm") == "B") & (pl.col("stage") == "II"))
    spread = 400 + 10 * ((37 * pl.int_range(80)) % 80)
    follow_up = (
        base["follow_up"]
        .join(facts, on="patient_id", maintain_order="left")
        .with_columns(last_contact_day=pl.when("halved").then(spread // 2).otherwise(spread))
        .drop("halved")
    )
    changed = dataclasses.replace(base, tables={**base.tables, "follow_up": follow_up})
    mine = row(groups(changed, "arm"), "subgroups", endpoint="OS", line=None, covariate="stage")
    assert mine["ratio"] == pytest.approx(mine["hazard_ratio_in"] / mine["hazard_ratio_outside"], rel=1e-6)
    assert mine["level"] == "II" and mine["ratio"] > 2 and mine["p_value"] < 0.01 and mine["n"] == 80


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("age_years", {"up to 63", "above 63"}),
        ("stage", {"II", "III"}),
        ("class", {"taxane"}),
    ],
)
def test_numbers_are_cut_and_words_stand(by, names):
    assert set(grouped(by).table("members")["group"].drop_nulls()) == names


def test_the_number_that_cuts_the_groups_is_not_compared_between_them():
    """By age: "age_years 79.5 in above 69.5 and 59.5 in up to 69.5, p 6.8e-08"."""
    result = grouped("age_years")
    assert "age_years" not in result.table("score_tests")["measure"].to_list()


def test_a_saved_list_is_a_group_and_a_stranger_in_it_an_error(tmp_path):
    (tmp_path / "mine.tsv").write_text("patient_id\nP01\nP03\nP05\nP07\nP09\n")
    found = groups(usual(), str(tmp_path / "mine.tsv"))
    assert found.estimate("n selected").value == 5 and found.estimate("n not selected").value == 35
    (tmp_path / "mine.tsv").write_text("patient_id\nP1\n")
    with pytest.raises(ConfigError, match=r"not in the study: P1\. Did you mean P"):
        groups(usual(), str(tmp_path / "mine.tsv"))


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'stag' is no column.*Did you mean stage"):
        groups(usual(), "stag")


def test_treatments_by_line_give_no_unadjusted_ratio_in_the_headline():
    """Who gets which drug differs in more than the drug (issue 14, 7): medians stand there, ratios in the table."""
    treated = usual()["treatments"].with_columns(
        drugs=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("docetaxel")).otherwise(pl.lit("enzalutamide"))
    )
    patients = usual()["patients"].drop("arm")
    base = usual()
    changed = dataclasses.replace(base, tables={**base.tables, "treatments": treated, "patients": patients})
    found = groups(changed, "arm")
    assert "ratio" not in found.answer and "ratio" not in found.headline.text.text()
    assert found.table("hazard_ratios").height > 0 and "docetaxel" in found.answer


def test_arms_in_chinese_have_an_answer_each():
    """Every character of another script became a dash: 阿比特龙 and 多西他赛 were one name, and the analysis failed."""
    base = usual()
    named = base["patients"].with_columns(arm=pl.col("arm").replace({"A": "多西他赛", "B": "阿比特龙"}))
    found = groups(dataclasses.replace(base, tables={**base.tables, "patients": named}), "arm")
    english = groups(base, "arm")
    assert found.answer.replace("多西他赛", "A").replace("阿比特龙", "B") == english.answer
    assert found.estimate("median OS 阿比特龙").value == english.estimate("median OS B").value


def test_columns_that_nobody_named_are_told_with_what_to_write():
    """A statistician's first try: the covariate stood in patients.tsv, and neither baseline nor interaction had it."""
    base = usual()
    own = base["patients"].with_columns(
        lymph_invasion=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("yes")).otherwise(pl.lit("no")),
        score=pl.int_range(pl.len()) * 1.5,
        remark=pl.concat_str(pl.lit("seen by "), "patient_id"),
    )
    told = groups(dataclasses.replace(base, tables={**base.tables, "patients": own}), "arm").notes[-1]
    assert "test of interaction: lymph_invasion, score." in told and "remark" not in told
    assert told.endswith("a line each: age_years: number, stage: category, lymph_invasion: yes_no, score: number.")
    assert not any("Not compared" in note for note in groups(base, "arm").notes)


def test_by_group_too_no_survival_is_told_where_vital_status_is_unknown():
    """The refusal stood in survival alone; by group the sentence was silent."""
    base = usual()
    unknown = base["follow_up"].with_columns(is_dead=pl.when(pl.int_range(pl.len()) % 2 == 0).then(True))
    found = groups(dataclasses.replace(base, tables={**base.tables, "follow_up": unknown}), "arm")
    assert "Overall survival is not told: vital status is unknown in 20 of 40 patients" in found.answer
    assert "OS" not in found.table("times")["endpoint"].to_list() and "is not told" not in groups(base, "arm").answer


@pytest.mark.parametrize("name", ["treatment", "biomarkers", "prediction"])
def test_what_rests_on_overall_survival_says_why_there_is_none(name):
    """Treatments with a start day were asked for treatments with a start day; 0 patients had OS, of 40 followed up."""
    base = usual()
    unknown = base["follow_up"].with_columns(is_dead=pl.when(pl.int_range(pl.len()) % 2 == 0).then(True))
    of = dataclasses.replace(base, tables={**base.tables, "follow_up": unknown, "labs": base["labs"].clear()})
    with pytest.raises(NotEnoughData, match="vital status is unknown in 20 of 40 patients"):
        registry()[name].run(Cohort(of))


def test_groups_that_differ_in_case_alone_are_asked_about():
    base = usual()
    arms = base["patients"].with_columns(arm=pl.when(pl.int_range(pl.len()) < 6).then(pl.lit("a")).otherwise("arm"))
    told = groups(dataclasses.replace(base, tables={**base.tables, "patients": arms}), "arm").notes
    assert "A and a are told apart by their spelling alone: are they one group?" in told
    assert not any("spelling" in note for note in grouped("arm").notes)


def test_without_a_group_there_is_nothing_to_show():
    with pytest.raises(NotEnoughData, match="--group COLUMN"):
        registry()["groups"].run(Cohort(usual()))


def test_the_command_shows_everything_by_group_and_only_then(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("design: mcrpc\n")
    for name, frame in usual().tables.items():
        kept = [c for c in frame.columns if frame.is_empty() or not frame[c].is_null().all()]
        frame.select(kept).write_csv(folder / f"{name}.tsv", separator="\t")
    options = [str(folder), "--only", "survival", "--patients", "none"]
    done = CliRunner().invoke(run_command, [*options, "--out", str(tmp_path / "by"), "--group", "arm"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "by" / "tables" / "groups" / "times.tsv").is_file()
    plain = CliRunner().invoke(run_command, [*options, "--out", str(tmp_path / "plain")])
    assert plain.exit_code == 0 and not (tmp_path / "plain" / "tables" / "groups").exists()
    wrong = CliRunner().invoke(run_command, [*options, "--out", str(tmp_path / "wrong"), "--group", "amr"])
    assert wrong.exit_code != 0


def test_the_landscape_and_burden_follow_the_group(simulated_study):
    from oncourse.analyses.landscape import landscape
    from oncourse.derive.genes.gene_status import LandscapeParams

    cohort = Cohort(simulated_study("crc"), {"groups": {"by": "RAS"}})
    table = landscape(cohort, LandscapeParams()).table("groups")
    assert set(table["group_a"]) | set(table["group_b"]) == {"RAS negative", "RAS positive"}


def psa_trial(n=12, **tables):
    """Docetaxel in two arms, PSA every 30 days and nothing else: the form in which two public PSA trials are handed
    over."""
    ids = [f"T{i:02d}" for i in range(n)]
    rise = {"A": 120, "B": 240}
    arms = ["A" if i % 2 else "B" for i in range(n)]
    labs = [
        {
            "patient_id": p,
            "day": d,
            "analyte": "PSA",
            "value": 100.0 if d == 0 else 20.0 if d < rise[a] + i else 60.0 + d,
        }
        for i, (p, a) in enumerate(zip(ids, arms, strict=True))
        for d in range(0, 420, 30)
    ]
    return study(
        {"design": "mcrpc"},
        patients=[{"patient_id": p, "arm": a} for p, a in zip(ids, arms, strict=True)],
        samples=[],
        calls=[],
        labs=labs,
        treatments=[{"patient_id": p, "drugs": "docetaxel", "start_day": 0, "line": 1} for p in ids],
        **tables,
    )


def test_a_psa_trial_without_follow_up_has_its_time_to_psa_progression_by_arm():
    """No table of follow-up: nobody's life is known, but PSA and its progression are (until now `groups` gave no
    time)."""
    found = groups(psa_trial(), "arm")
    times = {r["group"]: r for r in found.table("times").iter_rows(named=True)}
    assert {r["endpoint"] for r in times.values()} == {"TTPP"} and times["A"]["n"] == times["B"]["n"] == 6
    assert 120 / 30.4 < times["A"]["median_months"] < 160 / 30.4 < 240 / 30.4 < times["B"]["median_months"] < 280 / 30.4
    assert "time to PSA progression on line 1" in found.answer


def test_psa_without_treatments_is_told_what_it_lacks():
    """PSA by arm and no treatments: the reason was the vital status alone, and nobody could know what to give."""
    rows = [{"patient_id": "A", "day": d, "analyte": "PSA", "value": 5.0} for d in (0, 30)]
    made = study({"design": "mcrpc"}, patients=[{"patient_id": "A"}], samples=[], calls=[], labs=rows)
    with pytest.raises(NotEnoughData, match="give the table treatments"):
        registry()["endpoints"].run(Cohort(made))


def test_without_follow_up_no_end_point_of_death_is_told_and_everybody_has_the_reason():
    cohort = Cohort(psa_trial())
    with pytest.raises(NotEnoughData, match="vital status is unknown in 12 of 12 patients"):
        registry()["survival"].run(cohort)
    table, left_out = cohort.endpoint_tables
    assert set(table["endpoint"]) == {"TTPP"}
    why = left_out.filter(pl.col("endpoint") == "PSA_PFS")
    assert why.height == 12 and why["reason"].str.contains("death is an event of it, and vital status is unknown").all()
    found = registry()["endpoints"].run(cohort)
    assert "Overall survival is not told" in found.answer and "time to PSA progression, first line" in found.answer


def test_a_patient_without_follow_up_keeps_what_his_scans_and_psa_say():
    """One of twelve has no row in follow_up: it was left out of every end point, PSA and imaging included."""
    rows = [{"patient_id": f"T{i:02d}", "last_contact_day": 500, "is_dead": False} for i in range(11)]
    table, left_out = Cohort(psa_trial(follow_up=rows)).endpoint_tables
    mine = table.filter(pl.col("patient_id") == "T11")
    assert set(mine["endpoint"]) == {"TTPP", "PSA_PFS"} and mine["is_event"].all()
    reasons = left_out.filter((pl.col("patient_id") == "T11") & (pl.col("line") == 1))
    assert set(reasons["endpoint"]) == {"OS", "TTNT", "TTNTD", "TOT"}


def test_a_score_in_a_further_column_is_compared_with_the_interval_of_its_shift():
    """Further columns are read as text: a score that is all numbers was in no table. The p-value is scipy's
    mannwhitneyu."""
    from scipy.stats import mannwhitneyu

    rows = [
        {
            "sample_id": f"P{i:02d}-T",
            "patient_id": f"P{i:02d}",
            "material": "tissue",
            "day": 10,
            "ar_score": str(i + 5 * (i % 2)),
        }
        for i in range(40)
    ]
    found = groups(made(samples=rows), "arm")
    told = row(found, "score_tests", measure="ar_score")
    a, b = ([float(r["ar_score"]) for i, r in enumerate(rows) if i % 2 == k] for k in (1, 0))
    assert told["p_value"] == pytest.approx(mannwhitneyu(a, b).pvalue)
    assert told["difference"] == pytest.approx(6.0) and told["difference_low"] < 6.0 < told["difference_high"]
    assert "ar_score" in found.answer and "the first less the second 6 (95 % CI" in found.answer


def test_a_number_is_tested_as_it_is_and_its_halves_are_no_test():
    """The arm's log hazard ratio is 1.2 z by construction: the interval of the factor per standard deviation covers
    it."""
    import numpy as np

    r = np.random.default_rng(11)
    n = 300
    z, arm = r.normal(size=n), r.random(n) < 0.5
    time = np.ceil(r.exponential(400 / np.exp(1.2 * arm * z))).astype(int)
    ids = [f"P{i:03d}" for i in range(n)]
    of = study(
        {"covariates": {"z": "number"}},
        samples=[],
        calls=[],
        patients=[
            {"patient_id": p, "arm": "new" if a else "control", "z": float(x)}
            for p, a, x in zip(ids, arm, z, strict=True)
        ],
        follow_up=[
            {"patient_id": p, "last_contact_day": int(t), "is_dead": True} for p, t in zip(ids, time, strict=True)
        ],
    )
    found = groups(of, "arm")
    rows = found.table("subgroups").filter(pl.col("endpoint") == "OS")
    whole = rows.filter(pl.col("level").str.starts_with("per standard deviation")).row(0, named=True)
    assert whole["reference"] == "control" and whole["ci_low"] < np.exp(1.2 * z.std(ddof=1)) < whole["ci_high"]
    assert whole["hazard_ratio_in"] == pytest.approx(whole["hazard_ratio_outside"] * whole["ratio"])
    halves = rows.filter(pl.col("level").str.starts_with("above"))
    assert halves.height == 1 and halves["p_value"].item() is not None and halves["q_value"].item() is None
    assert any("z per standard deviation" in note and "overall survival" in note for note in found.notes)


@pytest.mark.parametrize(("more", "reference"), [({}, "control"), ({"reference": "new"}, "new")])
def test_the_control_is_what_others_are_compared_with_however_large(more, reference):
    """In 412 patients of 17 trials the experimental arm was the larger, and the control was compared with it."""
    arms = ["new"] * 14 + ["control"] * 10
    of = study(
        {},
        samples=[],
        calls=[],
        patients=[{"patient_id": f"P{i}", "arm": a} for i, a in enumerate(arms)],
        follow_up=[{"patient_id": f"P{i}", "last_contact_day": 100 + 9 * i, "is_dead": True} for i in range(24)],
    )
    assert set(groups(of, "arm", **more).table("hazard_ratios")["reference"]) == {reference}
    with pytest.raises(ConfigError, match=r"groups.reference: 'contrl' is no group of arm. Did you mean control"):
        groups(of, "arm", reference="contrl")


def test_a_response_without_a_value_before_the_start_is_not_judged():
    """68 patients whose first PSA came after the start had "0 % (0-5; n = 68)" by arm, as if all had been looked at."""
    of = psa_trial()
    late = dataclasses.replace(of, tables={**dict(of.tables), "labs": of["labs"].filter(pl.col("day") > 0)})
    assert groups(late, "arm").table("response").is_empty()
    found = registry()["psa_response"].run(Cohort(late))
    assert "cannot be judged: none of 12 lines has a PSA both before and after the start" in found.answer
    assert found.headline.number is None and "psa50" not in found.answer


def test_groups_whose_ratio_changes_with_time_are_told_by_their_means_on_page_one():
    """90 events of a PSA trial, and page one said "too few events to compare them"."""
    n = 80
    late = [i % 2 for i in range(n)]  # B dies within 200 days of day 300, A over 1,000 days from the start
    days = [300 + 5 * (i // 2) if b else 20 + 24 * (i // 2) for i, b in enumerate(late)]
    found = groups(
        study(
            {"design": "crc"},
            patients=[{"patient_id": f"P{i:02d}", "arm": "B" if b else "A"} for i, b in enumerate(late)],
            samples=[],
            calls=[],
            follow_up=[{"patient_id": f"P{i:02d}", "last_contact_day": d, "is_dead": True} for i, d in enumerate(days)],
        ),
        "arm",
    )
    assert "no single hazard ratio" in found.answer
    text = found.headline.text.text()
    assert re.search(r"mean overall survival to day \d+ differed by", text) and "too few" not in text
    number = found.estimate(found.headline.number)
    assert number.unit == "days"
    assert found.headline.light == ("answered" if number.ci_low > 0 or number.ci_high < 0 else "uncertain")


def test_a_title_keeps_the_capitals_of_names(by_arm):
    """It said "Psa progression-free survival"."""
    titles = [f.title for f in by_arm.figures]
    assert any(title.startswith("PSA progression-free survival") for title in titles), titles


def test_arms_are_named_as_regimens():
    """ "fluorouracil;oxaliplatin" stood where treatment says FOLFOX; the reference may be written either way."""
    ids = [f"P{i}" for i in range(12)]
    drugs = ["氟尿嘧啶+奥沙利铂+亚叶酸钙" if i % 2 else "FOLFIRI;bevacizumab" for i in range(12)]
    made_of = study(
        {"design": "crc"},
        patients=[{"patient_id": p, "disease": "colorectal cancer"} for p in ids],
        treatments=[{"patient_id": p, "drugs": d, "start_day": 0} for p, d in zip(ids, drugs, strict=True)],
        follow_up=[{"patient_id": p, "last_contact_day": 300 + i, "is_dead": True} for i, p in enumerate(ids)],
    )
    cohort = Cohort(made_of, {"groups": {"by": "arm", "reference": "fluorouracil;oxaliplatin"}})
    assert cohort.groups.names == ["FOLFOX", "FOLFIRI + bevacizumab"]


@pytest.mark.parametrize(("name", "drug"), [("psa_ascent2_docetaxel", "docetaxel"), ("psa_ias_bruchovsky2006", "ADT")])
def test_times_to_progression_by_arm_of_real_psa_trials_are_those_of_each_arm_alone(shared_data, name, drug):
    """Asked for by two PSA trials; an arm drawn here (every other patient) must give what it gives alone."""
    rows = _psa_rows(shared_data(name))
    ids = rows["patient_id"].unique().sort().to_list()[:40]
    rows = rows.filter(pl.col("patient_id").is_in(ids))
    arms = {p: "A" if i % 2 else "B" for i, p in enumerate(ids)}
    first = dict(rows.group_by("patient_id").agg(pl.col("day").min()).rows())
    whole = study(
        {"design": "mcrpc"},
        patients=[{"patient_id": p, "arm": a} for p, a in arms.items()],
        treatments=[{"patient_id": p, "drugs": drug, "start_day": first[p]} for p in ids],
        labs=[
            {"patient_id": p, "day": d, "analyte": "PSA", "value": str(v), "unit": "ng/mL"} for p, d, v in rows.rows()
        ],
    )
    found = groups(whole, "arm").tables["groups/times"].filter(endpoint="TTPP")
    assert found["n"].sum() == 40 and found["n_event"].sum() > 2
    for arm in "AB":
        alone = groups(whole.select(patients=[p for p in ids if arms[p] == arm]), "arm").tables["groups/times"]
        columns = ("n", "n_event", "median_months", "ci_low")
        mine = found.filter(group=arm).select(columns)
        assert mine.equals(alone.filter(endpoint="TTPP").select(columns))


def _psa_rows(folder):
    """patient_id, day, value of a PSA trial: one table of both, or day and value by other names."""
    path = next(iter(sorted(folder.glob("*.csv"))))
    table = pl.read_csv(path, infer_schema=False)
    names = {
        "name": "patient_id",
        "date": "day",
        "size": "value",
        "Patient": "patient_id",
        "Day": "day",
        "PSA": "value",
    }
    table = table.rename({n: names[n.strip()] for n in table.columns if n.strip() in names})
    number = pl.col("day", "value").cast(pl.Float64, strict=False)
    table = table.select("patient_id", number).drop_nulls()
    return table.select("patient_id", pl.col("day").round().cast(pl.Int64), "value").sort("patient_id", "day")


def test_words_of_several_columns_together_are_groups():
    """Of patients, and of their samples: Y has a primary and a metastasis and is in neither group, Z's sex is not known."""
    people = [{"patient_id": p, "sex": s, "stage": "II"} for p, s in (("X", "female"), ("Y", "male"), ("Z", "Unknown"))]
    lesions = [("X", "primary"), ("Y", "primary"), ("Y", "metastasis"), ("Z", "primary")]
    ids = [f"{p}_{role}" for p, role in lesions]
    of = study(
        patients=people,
        lesions=[{"patient_id": p, "lesion_id": i, "role": r} for i, (p, r) in zip(ids, lesions, strict=True)],
        samples=[
            {"patient_id": p, "sample_id": i, "lesion_id": i, "material": "tissue"}
            for i, (p, _) in zip(ids, lesions, strict=True)
        ],
        calls=[],
    )
    found = {by: Cohort(of, {"groups": {"by": by}}).groups for by in ("sex+stage", "sex+role")}
    whole = dict(found["sex+stage"].rows.select("patient_id", "group").iter_rows())
    assert whole == {"X": "female, II", "Y": "male, II", "Z": None}
    by_sample = dict(found["sex+role"].samples.select("sample_id", "group").iter_rows())
    assert by_sample["Y_metastasis"] == "male, metastasis" and by_sample["Z_primary"] is None
    rows = {r["patient_id"]: (r["group"], r["reason"]) for r in found["sex+role"].rows.to_dicts()}
    assert rows["X"][0] == "female, primary" and rows["Y"] == (None, "samples of several groups")


def test_a_column_of_ids_makes_no_groups():
    """It answered "By arm: P00 1, P01 1, P02 1 ..." with a median of each."""
    ids = [f"P{i}" for i in range(8)]
    of = study(
        patients=[{"patient_id": p, "code": p} for p in ids],
        samples=[],
        calls=[],
        follow_up=[{"patient_id": p, "last_contact_day": 100, "is_dead": True, "death_day": 100} for p in ids],
    )
    with pytest.raises(NotEnoughData, match="every word of code is one patient's"):
        groups(of, "code")
