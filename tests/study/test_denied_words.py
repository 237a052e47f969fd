"""A word that denies or doubts says the opposite of the word within it, or nothing: never that word itself."""

import polars as pl
import pytest

from oncourse.io.clinical.own_treatments import setting_of
from oncourse.io.clinical.own_vital import life_of
from oncourse.study.translated import translated


@pytest.mark.parametrize(
    "word", ["没有死亡", "非死亡", "并非死亡", "not dead", "not alive", "Not deceased", "尚未死亡"]
)
def test_a_denied_state_of_life_is_asked_not_guessed(word):
    assert life_of(word) is None


@pytest.mark.parametrize(
    ("word", "life"),
    [("未死亡", "false"), ("存活，无复发", "false"), ("死亡，非肿瘤", "true"), ("dead, no autopsy", "true")],
)
def test_what_is_denied_beside_it_leaves_the_state_of_life(word, life):
    assert life_of(word) == life


@pytest.mark.parametrize(
    "word", ["非PD", "not PD", "无PD", "排除PD", "PD?", "PD？", "疑似PD", "possible PD", "PD待确认"]
)
def test_a_response_that_is_denied_or_doubted_is_none(word):
    assert translated(pl.Series([word]), "overall")[0] == word  # and is told as no response by the checks


@pytest.mark.parametrize(
    ("word", "response"),
    [("SD（无新病灶）", "SD"), ("PD，新发肝转移", "PD"), ("非CR/非PD", "NON-CR/NON-PD"), ("PR (not confirmed)", "PR")],
)
def test_a_code_with_words_beside_it_is_a_response(word, response):
    assert translated(pl.Series([word]), "overall")[0] == response


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("与肿瘤无关", "other"),
        ("非癌症", "other"),
        ("非肿瘤死亡", "other"),
        ("非癌性死亡", "other"),
        ("other cancer", "other"),
        ("second primary lung cancer", "other"),
        ("第二原发癌", "other"),
        ("其他肿瘤", "other"),
        ("other malignancy", "other"),
        ("原发病", "cancer"),
        ("PD", "cancer"),
        ("直肠癌肝转移", "cancer"),
        ("非小细胞肺癌", "cancer"),
    ],
)
def test_a_cause_that_denies_the_cancer_or_names_another_is_another(word, cause):
    assert translated(pl.Series([word]), "cause_of_death")[0] == cause


@pytest.mark.parametrize(
    ("word", "setting"),
    [
        ("非去势抵抗", None),
        ("非转移性去势抵抗", None),
        ("nmCRPC", None),
        ("非辅助", None),
        ("未转移", None),
        ("转移性去势敏感", "mCSPC"),
        ("转移性去势抵抗", "mCRPC"),
        ("术后辅助", "adjuvant"),
    ],
)
def test_a_denied_setting_is_none(word, setting):
    assert setting_of(word) == setting
