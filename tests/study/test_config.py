"""study.yaml: every wrong key at once, the nearest known one named."""

from __future__ import annotations

import pytest

from oncourse.errors import ConfigError
from oncourse.study.config import StudyConfig, config_from_mapping, config_to_yaml, read_config


def test_round_trip(tmp_path):
    config = config_from_mapping(
        {
            "title": "T",
            "genome_build": "hg19",
            "design": "crc",
            "covariates": {"age_years": "number"},
            "objectives": ["overview", {"landscape": {"group_by": "role"}}],
        }
    )
    assert config.genome_build == "GRCh37"
    assert config.objectives == {"overview": {}, "landscape": {"group_by": "role"}}
    (tmp_path / "study.yaml").write_text(config_to_yaml(config), "utf-8")
    assert read_config(tmp_path / "study.yaml") == config


def test_empty_file_is_the_default(tmp_path):
    (tmp_path / "study.yaml").write_text("", "utf-8")
    assert read_config(tmp_path / "study.yaml") == StudyConfig()


def test_all_problems_at_once_with_the_nearest_key():
    with pytest.raises(ConfigError) as error:
        config_from_mapping({"titel": "x", "genome_build": "hg20", "design": "crcc", "covariates": {"age": "numbr"}})
    text = str(error.value)
    assert "Did you mean title?" in text
    assert "hg20" in text and "GRCh38" in text
    assert "Did you mean crc?" in text and "Did you mean number?" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: a\ntitle: b\n", "line 2: key 'title' is there twice"),
        ("title: [\n", "line 2"),
        ("- a\n- b\n", "expected 'key: value'"),
        ("title: {a: b}\n", "expected text"),
        ("report_germline: maybe\n", "not true or false"),
        ("objectives: landscape\n", "expected a list"),
        ("cutoffs: {TMB: high}\n", "not a number"),
        ("title: !!python/object/apply:os.system [ls]\n", "line 1"),
    ],
)
def test_unreadable_yaml_names_the_line_and_runs_nothing(tmp_path, text, words):
    (tmp_path / "study.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        read_config(tmp_path / "study.yaml")


def test_wrong_encoding_is_named(tmp_path):
    (tmp_path / "study.yaml").write_bytes("title: Köln".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        read_config(tmp_path / "study.yaml")


def test_a_section_of_settings_at_the_top_is_told_where_it_belongs():
    with pytest.raises(ConfigError, match=r"unknown key 'imaging'\. It is a section of settings: write it"):
        config_from_mapping({"imaging": {"criteria": "irecist"}})
