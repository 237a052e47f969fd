"""A plan under a fault: what the study would say, against what is true."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from oncourse.cli.plan import plan
from oncourse.errors import ConfigError
from oncourse.planning.concordance import ConcordanceDesign
from oncourse.planning.stress import stressed_concordance, stressed_survival
from oncourse.planning.survival import SurvivalDesign


def test_without_a_fault_the_plan_covers_and_with_one_it_says_how_far_off():
    """Ten times the errors make second samples show what they have not; swaps hide what they have."""
    rows = stressed_concordance(ConcordanceDesign(), 40, {"noise": 10.0, "swaps": 0.1}, n_study=300)
    by = {r["stress"].split("=")[0]: r for r in rows}
    assert list(by) == ["none", "noise", "swaps", "all of them"]
    assert abs(by["none"]["bias"]) < 0.01 and by["none"]["coverage"] > 0.9
    assert by["noise"]["bias"] > 0.02 and by["swaps"]["bias"] < -0.04
    assert by["noise"]["coverage"] < by["none"]["coverage"]


def test_confounding_makes_findings_where_there_are_none():
    rows = stressed_survival(SurvivalDesign(), 150, {"confounding": "linear"}, n_study=60)
    none, confounded = rows
    assert none["false_findings"] <= 0.15 and none["coverage"] >= 0.85
    assert confounded["false_findings"] > 0.6 and confounded["said"] > 2.5


def test_a_stress_that_a_plan_cannot_show_is_named():
    with pytest.raises(ConfigError, match="confounding cannot be shown by `plan concordance`"):
        stressed_concordance(ConcordanceDesign(), 20, {"confounding": "linear"})


def test_the_command_prints_the_table_below_the_plan():
    done = CliRunner().invoke(
        plan, ["concordance", "--patients", "20", "--simulate", "100", "--stress", "artefacts=0.2"]
    )
    assert done.exit_code == 0, done.output
    assert "artefacts=0.2" in done.output and "what 20 patients would say" in done.output


def test_a_fault_is_named_before_anything_is_planned_and_list_shows_what_there_is():
    """`plan survival --stress list` planned for seconds, then said that 'list' is not known."""
    for command, other in (("concordance", "confounding"), ("survival", "noise")):
        listed = CliRunner().invoke(plan, [command, "--stress", "list"])
        assert listed.exit_code == 0 and "=" in listed.output and f"{other}=" not in listed.output
        for wrong in (other, "nose"):
            with pytest.raises(ConfigError, match=wrong):
                CliRunner().invoke(plan, [command, "--stress", wrong], catch_exceptions=False, standalone_mode=False)
