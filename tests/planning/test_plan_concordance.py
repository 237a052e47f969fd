"""The plan of a concordance study: formula against simulation, and what cannot be planned."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from oncourse.errors import ConfigError
from oncourse.planning import concordance as plan


def test_formula_and_simulation_agree_on_the_half_width():
    """1,500 studies: the simulated half-width has a relative error of about 1/sqrt(2 * 1500) = 2 %."""
    design = plan.ConcordanceDesign(share=0.8, sd_between=0.2, variants=12, half_width=0.05)
    n = plan.patients_for_half_width(design)
    assert plan.simulate(design, n, 1500)["half_width"] == pytest.approx(0.05, rel=0.08)


def test_binomial_case_by_hand():
    """No difference between patients: 1.96^2 * 0.8 * 0.2 / 0.05^2 = 245.9 variants, 10 each: 25 patients."""
    assert plan.patients_for_half_width(plan.ConcordanceDesign(sd_between=0.0)) == 25


def test_power_of_noninferiority_is_what_was_asked_for():
    design = plan.ConcordanceDesign(
        share=0.9, purity_b=0.1, purity_spread=2.0, depth_b=3000, min_vaf=0.002, ppa0=0.85, margin=0.05
    )
    n = plan.patients_for_noninferiority(design)
    assert n is not None and 0.74 <= plan.simulate(design, n, 2000)["power"] <= 0.90


def test_a_blood_test_that_finds_too_little_is_said():
    design = plan.ConcordanceDesign(share=0.7, purity_b=0.01, min_vaf=0.02, ppa0=0.9, margin=0.05)
    assert plan.patients_for_noninferiority(design) is None
    with pytest.raises(ConfigError, match="raise depth or purity"):
        plan.patients_for_half_width(design)
    with pytest.raises(ConfigError, match="both ppa0 and margin"):
        plan.ConcordanceDesign(ppa0=0.9)


def test_the_command_prints_the_table(tmp_path):
    from oncourse.cli.plan_concordance import concordance

    files = [str(tmp_path / "plan.json"), str(tmp_path / "plan.svg")]
    found = CliRunner().invoke(concordance, ["--simulate", "200", "--json", files[0], "--figure", files[1]])
    assert found.exit_code == 0, found.output
    assert "56 patients for a 95 % interval of +- 5 points" in found.output
    numbers = json.loads((tmp_path / "plan.json").read_text())
    assert numbers["patients_for_half_width"] == 56 and numbers["patients_for_noninferiority"] is None
    assert (tmp_path / "plan.svg").read_text().startswith("<svg")
