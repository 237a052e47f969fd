"""Any column, status, arm or list as groups (issue 14, 11: asked for by real studies that could not be answered)."""

from __future__ import annotations

import dataclasses

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
        for d, v in ((0, 100.0), (30, 20.0 if falls[i] else 90.0), (60, 20.0 if falls[i] else 95.0),
                     (120 + late[i] // 3 + i, 200.0), (160 + late[i] // 3 + i, 300.0))
    ]  # fmt: skip
    patients = [
        {"patient_id": p, "arm": a, "age_years": 60.0 + i % 7, "stage": "III" if i % 3 else "II"}
        for i, (p, a) in enumerate(zip(ids, arm, strict=True))
    ]
    return study(
        {"design": "mcrpc"},
        patients=patients,
        samples=more.get("samples", []),
        calls=[],
        follow_up=[{"patient_id": p, "last_contact_day": 300 + late[i] + 7 * i, "is_dead": True} for i, p in enumerate(ids)],
        treatments=[{"patient_id": p, "drugs": "docetaxel", "start_day": 0, "line": 1} for p in ids],
        labs=labs,
    )


def groups(of, by, **more):
    return registry()["groups"].run(Cohort(of, {"groups": {"by": by, **more}}))


@pytest.fixture(scope="module")
def by_arm():
    return groups(made(), "arm")


def row(result, table, **keys):
    frame = result.table(table)
    for name, value in keys.items():
        frame = frame.filter(pl.col(name).eq_missing(value))
    assert frame.height == 1, (table, keys, frame.height)
    return frame.row(0, named=True)


def test_medians_and_curves_by_arm_are_those_of_each_arm_alone(by_arm):
    """A's deaths lie 300 + 7 i days on (i odd, 20 of them): the median is midway between the 10th and 11th, as in R."""
    ids = made()["patients"]["patient_id"].to_list()
    for arm, day in (("A", 300 + 7 * 20), ("B", 665 + 7 * 19)):
        found = row(by_arm, "times", endpoint="OS", line=None, group=arm)
        assert (found["n"], found["n_event"]) == (20, 20)
        assert found["median_months"] == pytest.approx(day / 30.4375, abs=0.01)
        alone = made().select(patients=[p for i, p in enumerate(ids) if (i % 2 == 1) == (arm == "A")])
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
    ids = made()["patients"]["patient_id"].to_list()
    samples = [
        {"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": 400 if i % 4 == 0 else 0, "grade": str(i % 2)}
        for i, p in enumerate(ids)
    ]
    found = groups(made(samples=samples), "grade")
    times = found.table("times").filter((pl.col("endpoint") == "OS") & pl.col("line").is_null())
    assert times["n_late_entry"].sum() == 10
    of_os = found.people.filter(question="OS")
    assert of_os["is_in"].sum() == times["n"].sum()
    assert "known from a sample's day on" in " ".join(found.notes)


def test_a_score_by_exposure():
    """SBS3 0.1 before and 0.5 after docetaxel began, in samples of other patients: Mann-Whitney by patient."""
    ids = made()["patients"]["patient_id"].to_list()
    samples = [
        {"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": 50 if i % 2 else -5,
         "SBS3": (0.5 if i % 2 else 0.1) + i / 1000}
        for i, p in enumerate(ids)
    ]  # fmt: skip
    found = groups(made(samples=samples), "exposed:taxane")
    test = row(found, "score_tests", measure="SBS3")
    assert (test["group_a"], test["group_b"]) == ("after taxane", "without taxane")
    assert test["median_a"] > 0.5 > 0.2 > test["median_b"] and test["p_value"] < 1e-6
    assert "SBS3" in found.answer


def test_an_interaction_with_a_covariate_is_tested_in_one_model():
    """Deaths spread alike but for arm B in stage II, which is halved: the ratio of the two hazard ratios is found."""
    base = made(80)
    facts = base["patients"].select("patient_id", halved=(pl.col("arm") == "B") & (pl.col("stage") == "II"))
    spread = 400 + 10 * ((37 * pl.int_range(80)) % 80)
    follow_up = base["follow_up"].join(facts, on="patient_id", maintain_order="left").with_columns(
        last_contact_day=pl.when("halved").then(spread // 2).otherwise(spread)).drop("halved")  # fmt: skip
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
    assert set(groups(made(), by).table("members")["group"].drop_nulls()) == names


def test_a_saved_list_is_a_group_and_a_stranger_in_it_an_error(tmp_path):
    (tmp_path / "mine.tsv").write_text("patient_id\nP01\nP03\nP05\nP07\nP09\n")
    found = groups(made(), str(tmp_path / "mine.tsv"))
    assert found.estimate("n selected").value == 5 and found.estimate("n not selected").value == 35
    (tmp_path / "mine.tsv").write_text("patient_id\nP1\n")
    with pytest.raises(ConfigError, match=r"not in the study: P1\. Did you mean P"):
        groups(made(), str(tmp_path / "mine.tsv"))


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'stag' is no column.*Did you mean stage"):
        groups(made(), "stag")


def test_treatments_by_line_give_no_unadjusted_ratio_in_the_headline():
    """Who gets which drug differs in more than the drug (issue 14, 7): medians stand there, ratios in the table."""
    treated = made()["treatments"].with_columns(
        drugs=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("docetaxel")).otherwise(pl.lit("enzalutamide"))
    )
    patients = made()["patients"].drop("arm")
    base = made()
    changed = dataclasses.replace(base, tables={**base.tables, "treatments": treated, "patients": patients})
    found = groups(changed, "arm")
    assert "ratio" not in found.answer and "ratio" not in found.headline.text.text()
    assert found.table("hazard_ratios").height > 0 and "docetaxel" in found.answer


def test_without_a_group_there_is_nothing_to_show():
    with pytest.raises(NotEnoughData, match="--group COLUMN"):
        registry()["groups"].run(Cohort(made()))


def test_the_command_shows_everything_by_group_and_only_then(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.yaml").write_text("design: mcrpc\n")
    for name, frame in made().tables.items():
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
