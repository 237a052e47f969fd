"""A cause of death that names a cancer: whose it is the patient's diagnosis decides. Causes as certificates write them."""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.study.config import StudyConfig
from oncourse.study.validate import validate
from oncourse.study.whose_cancer import with_causes

#: Cause -> what it is for a patient with colon cancer, and for one with prostate cancer.
CAUSES = {
    "肺癌": ("unknown", "unknown"),
    "lung cancer": ("unknown", "unknown"),
    "肝癌": ("unknown", "unknown"),
    "胃癌": ("other", "other"),
    "前列腺癌": ("other", "cancer"),
    "Prostate carcinoma": ("other", "cancer"),
    "直肠癌": ("cancer", "other"),
    "C18.7": ("cancer", "other"),
    "C61": ("other", "cancer"),
    "C34.1": ("unknown", "unknown"),
    "C78.7": ("cancer", "cancer"),
    "肝转移": ("cancer", "cancer"),
    "肺转移癌": ("cancer", "cancer"),
    "bone metastases": ("cancer", "cancer"),
    "原发性肺癌": ("other", "other"),
    "第二原发肺癌": ("other", "other"),
    "leukaemia": ("other", "other"),
    "恶性肿瘤": ("cancer", "cancer"),
    "肺部感染": ("other", "other"),
    "liver failure": ("unknown", "unknown"),
    "not lung cancer": ("other", "other"),
}
DISEASES = ("colon adenocarcinoma", "前列腺癌")


@pytest.mark.parametrize("by", ["patients", "disease", "design"])
def test_a_cancer_of_another_organ_is_not_the_patient_s(by):
    """All of them were deaths of the cancer that is studied: 肺癌 of a man with colon cancer was an event of DSS."""
    for at, told in enumerate(DISEASES):
        ids = [f"P{i}" for i in range(len(CAUSES))]
        people = {"patient_id": ids} | ({"disease": [told] * len(ids)} if by == "patients" else {})
        follow = {"patient_id": ids, "last_contact_day": ["9"] * len(ids), "is_dead": ["yes"] * len(ids)}
        follow |= {"death_day": ["9"] * len(ids), "cause_of_death": list(CAUSES)}
        config = StudyConfig(
            disease=told if by == "disease" else "", design=("crc", "mcrpc")[at] if by == "design" else None
        )
        tables, problems = validate({"patients": pl.DataFrame(people), "follow_up": pl.DataFrame(follow)}, config)
        said = dict(tables["follow_up"].select("patient_id", "cause_of_death").iter_rows())
        read = {cause: said[who] for who, cause in zip(ids, CAUSES, strict=True)}
        assert read == {cause: of[at] for cause, of in CAUSES.items()}
        assert any("the cancer of another organ than the patient's" in p.message for p in problems)


def test_without_a_diagnosis_a_cancer_is_the_patient_s():
    follow = pl.DataFrame({"patient_id": ["P1"], "cause_of_death": ["肺癌"]})
    tables, told = with_causes({"follow_up": follow}, StudyConfig())
    assert tables["follow_up"]["cause_of_death"].to_list() == ["肺癌"] and told == []
