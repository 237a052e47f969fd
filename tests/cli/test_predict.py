"""`oncourse predict`: a risk per patient from a hand-made model, its drivers, and errors in words."""

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cli.check import check
from oncourse.cli.predict import predict
from oncourse.models.card import card_text
from oncourse.models.impute import Imputer
from oncourse.models.ladder import FittedRisk

FEATURES = [
    {
        "feature": "covariate:age_years",
        "kind": "number",
        "covariate": "age_years",
        "level": None,
        "kept": [],
        "mean": 60.0,
        "sd": 10.0,
        "n_known": 100,
    },
    {"feature": "TP53", "kind": "gene", "mean": 0.5, "sd": 0.5, "n_known": 100},
]


@pytest.fixture
def files(tmp_path):
    model = FittedRisk(
        "clinical",
        np.array([0.02, 0.7]),
        np.array([0.1]),
        Imputer(np.array([60.0]), np.array([[100.0]])),
        np.array([0.5]),
    )
    described = {
        "outcome": {"endpoint": "OS", "horizon_months": 24, "origin": "auto", "line": 1},
        "use": {"may_be_used": True, "reasons_against": []},
    }
    card = tmp_path / "model.json"
    card.write_text(card_text(model, FEATURES, 1, [model] * 30, described))
    study = tmp_path / "study"
    study.mkdir()
    (study / "study.yaml").write_text("title: new\n")
    (study / "patients.tsv").write_text("patient_id\tage_years\nA\t70\nB\t\n")
    (study / "samples.tsv").write_text("sample_id\tpatient_id\tmaterial\tday\nSA\tA\ttissue\t10\nSB\tB\ttissue\t20\n")
    (study / "variants.tsv").write_text("variant_id\tgene\tconsequence\n17:100:A:T\tTP53\tmissense_variant\n")
    (study / "calls.tsv").write_text(
        "sample_id\tvariant_id\talt_count\tdepth\tis_called\nSA\t17:100:A:T\t30\t90\ttrue\n"
    )
    return card, study


def test_risk_drivers_and_gaps(files):
    """A: age 70 with TP53: 1 - exp(-0.1 exp(1.4 + 0.7)); B: age unknown (mean 60), no TP53: 1 - exp(-0.1 exp(1.2))."""
    card, study = files
    result = CliRunner().invoke(predict, [str(card), str(study)], catch_exceptions=False)
    table = pl.read_csv(result.stdout.encode(), separator="\t")
    assert table["patient_id"].to_list() == ["A", "B"] and table["zero_day"].to_list() == [10, 20]
    expected = [1 - np.exp(-0.1 * np.exp(2.1)), 1 - np.exp(-0.1 * np.exp(1.2))]
    np.testing.assert_allclose(table["risk"], expected, rtol=1e-6)
    np.testing.assert_allclose(table["ci_low"], expected, rtol=1e-6)
    # exp(0.7 x 0.5) = 1.42 for TP53, exp(0.02 x 10) = 1.22 for ten years above the mean
    assert table["drivers"][0] == "TP53 x1.42; covariate:age_years x1.22"
    assert table["not_known"][1] == "covariate:age_years"


def test_tables_are_written_and_wrong_models_named(files, tmp_path):
    card, study = files
    out, shift = tmp_path / "risk.tsv", tmp_path / "shift.tsv"
    CliRunner().invoke(
        predict, [str(card), str(study), "--out", str(out), "--shift", str(shift)], catch_exceptions=False
    )
    assert pl.read_csv(out, separator="\t").height == 2
    assert set(pl.read_csv(shift, separator="\t")["feature"]) == {"covariate:age_years", "TP53"}
    from oncourse.errors import InputError

    wrong = tmp_path / "other.json"
    wrong.write_text("{}")
    with pytest.raises(InputError, match=r"other\.json: not a saved model"):
        CliRunner().invoke(predict, [str(wrong), str(study)], catch_exceptions=False)


def test_check_refuses_the_card_that_predict_refuses(files):
    """`check` never opened a model: a broken card was found when it was applied."""
    card, study = files
    said = CliRunner().invoke(check, [str(study), "--model", str(card)])
    assert said.exit_code == 0, said.output
    broken = card.with_name("broken.json")
    broken.write_text(card.read_text().replace('"mean": 60.0', '"mean": "sixty"'))
    for command in ([check, str(study), "--model", str(broken)], [predict, str(broken), str(study)]):
        said = CliRunner().invoke(command[0], command[1:])
        text = said.output + str(said.exception or "")
        assert said.exit_code and "mean" in text and "broken.json" in text, text
