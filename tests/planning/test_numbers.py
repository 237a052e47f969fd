"""Plans on fixed designs: every formula and drawn study shows in the kept answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.kept_numbers import check

from oncourse.planning import concordance, survival
from oncourse.planning.stress import stressed_concordance, stressed_survival


@pytest.fixture
def kept(request):
    """Return a function: name, answer -> compared with what is kept."""
    return lambda name, answer: check(f"planning/{name}", answer, request.config.getoption("--accept"))


def test_survival_plans(kept):
    plain = survival.SurvivalDesign()
    late = replace(plain, sampling_delay_months=4.0, tests=5, yearly_loss=0.1)
    crossed = replace(late, interaction_ratio=0.5, treated_share=0.4)
    answer = {}
    for name, design in {"plain": plain, "late": late, "crossed": crossed}.items():
        answer[name] = {
            "hazards": [design.hazard, design.loss],
            "power": [survival.power_of(design, n) for n in (60, 300)],
            "risk": [survival.mean_time_at_risk(design), survival.event_probability(design)],
            "drawn": survival.simulate_power(design, 80, replicates=12),
            "landmark": survival.simulate_landmark(design, 60, replicates=12),
        }
    answer["interaction"] = survival.interaction_patients(crossed)
    answer["events"] = [
        survival.schoenfeld_events(1.7, 0.3),
        survival.schoenfeld_events(0.5, 0.5, alpha=0.01, power=0.9),
    ]
    answer["half_width"] = [survival.landmark_half_width(plain, 100), survival.landmark_patients(plain, 0.1)]
    answer["half_width"] += [survival.landmark_half_width(plain, 100, months=m, level=0.9) for m in (12.0, 59.0, 61.0)]
    kept("survival", answer)


def test_concordance_plans(kept):
    plain = concordance.ConcordanceDesign()
    plasma = replace(plain, purity_b=0.05, purity_spread=3.0, ppa0=0.8, margin=0.1, depth_b=2_000.0, min_vaf=0.002)
    answer = {}
    for name, design in {"plain": plain, "plasma": plasma}.items():
        answer[name] = {
            "patients": [concordance.patients_for_half_width(design), concordance.patients_for_noninferiority(design)],
            "share": [concordance.assessable_share(design), concordance.expected_ppa(design), design.correlation],
            "table": concordance.plan_table(design, (20, 40), n_study=30),
        }
    kept("concordance", answer)


def test_plans_under_a_fault(kept):
    design = replace(concordance.ConcordanceDesign(), ppa0=0.8, margin=0.1)
    every = {
        "artefacts": 0.2,
        "contamination": 0.05,
        "reference-bias": 0.2,
        "overdispersion": 40.0,
        "noise": 10.0,
        "assay-change": 0.3,
        "purity": 0.5,
        "copy-number": 0.2,
        "swaps": 0.1,
    }
    people = {"confounding": "linear", "delayed-entry": 0.3}
    answer = {"concordance": stressed_concordance(design, 20, every, n_study=10)}
    answer["survival"] = stressed_survival(survival.SurvivalDesign(), 60, people, n_study=4)
    kept("stress", answer)
