"""What recorded tests tell is shown wherever it was written, and who had a marker before is not at risk of it."""

from __future__ import annotations

import pytest

from oncourse.analyses.monitoring import _rates
from oncourse.cohort import Cohort
from oncourse.patients.biomarkers import watch_rows

#: GRCh38
G12D = {"variant_id": "12:25245350:C:T", "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense_variant"}


@pytest.mark.parametrize(
    ("marker", "sample", "shown"),
    [
        ("KRAS", "T", "record (day 20): KRAS wild type"),
        ("KRAS", None, "record (day 20): KRAS wild type"),
        ("RAS", "T", "contradicted by RAS wild type"),
    ],
)
def test_a_record_that_the_reads_deny_is_shown(make_study, marker, sample, shown):
    """KRAS wild type recorded of the very sample in which KRAS G12D was read appeared nowhere."""
    cohort = Cohort(
        make_study(
            {"design": "crc", "genome_build": "GRCh38"},
            patients=[{"patient_id": "P", "stage": "IV"}],
            samples=[{"sample_id": "T", "patient_id": "P", "material": "tissue", "day": -10, "purity": 0.6}],
            variants=[G12D],
            calls=[{"sample_id": "T", "variant_id": G12D["variant_id"], "alt_count": 280, "depth": 1000}],
            markers=[{"patient_id": "P", "marker": marker, "value": "wild type", "day": 20, "sample_id": sample}],
        )
    )
    from oncourse.derive.care.therapy_matches import ras_table

    row = ras_table(cohort.findings, cohort.patient_statuses).row(0, named=True)
    assert (row["state"], row["mutations"]) == ("mutated", "KRAS G12D")
    assert shown in row["others"]


@pytest.fixture(scope="module")
def ar_v7(make_study) -> Cohort:
    """AR-V7 under abiraterone: there before and gone; come; never."""
    tests = {"P1": ("positive", "negative"), "P2": ("negative", "positive"), "P3": ("negative", "negative")}
    return Cohort(
        make_study(
            {"design": "mcrpc", "genome_build": "GRCh38"},
            patients=[{"patient_id": p, "stage": "IV"} for p in tests],
            treatments=[
                {"patient_id": p, "drugs": "abiraterone", "start_day": 0, "stop_day": 200, "setting": "mCRPC"}
                for p in tests
            ],
            markers=[
                {"patient_id": p, "marker": "AR-V7", "value": value, "day": day}
                for p, values in tests.items()
                for value, day in zip(values, (0, 205), strict=True)
            ],
        )
    )


def test_who_had_a_marker_before_is_not_at_risk_of_it(ar_v7):
    """ "AR-V7 newly found under ARPI: 0 % (n = 1)" of one patient who was positive before."""
    row = next(r for r in _rates(ar_v7, ar_v7.findings.emerged) if "AR-V7" in r["name"])
    assert [row[c] for c in ("n_given", "n_evaluable", "n_before", "n_emerged")] == [3, 2, 1, 1]


def test_a_later_test_stands_beside_the_one_before_treatment(ar_v7):
    """The watch list said "AR-V7 positive, present before treatment", and nothing of the negative of day 205."""
    said = {
        p: next(r for r in watch_rows(ar_v7, ar_v7.findings.patients[p]) if "AR-V7" in r.name) for p in ("P1", "P2")
    }
    assert said["P1"].status == "present before treatment" and "later tests: negative (day 205)" in said["P1"].text
    assert "later tests" not in said["P2"].text
