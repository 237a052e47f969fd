"""A patient's page says castration-resistant and nothing of a testosterone that contradicts it."""

import polars as pl
import pytest

from oncourse.cohort import Cohort
from oncourse.patients.page_data import _against_castration
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study
from oncourse.study.tables import TABLES


@pytest.mark.parametrize(("value", "said"), [("3.1", "testosterone 89 ng/dL on day 0 is not castrate"), ("0.5", "")])
def test_the_state_names_testosterone_that_is_not_castrate(value, said):
    rows = {
        "patients": {"patient_id": "P02", "disease": "prostate cancer"},
        "labs": {"patient_id": "P02", "day": 0, "analyte": "testosterone", "value": value, "unit": "nmol/L"},
        "treatments": {"patient_id": "P02", "drugs": "enzalutamide", "start_day": 4, "setting": "mCRPC"},
    }
    tables = {name: TABLES[name].conform(pl.DataFrame([row])) for name, row in rows.items()}
    tables |= {name: TABLES[name].empty() for name in ("samples", "calls", "variants", "assays")}
    told = _against_castration(Cohort(Study(config_from_mapping({"design": "mcrpc"}), tables)), "P02")
    assert said in told
    assert bool(told) is bool(said)
