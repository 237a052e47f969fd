"""Settings: documented defaults, typed values, every wrong one named."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from oncourse.errors import ConfigError
from oncourse.study.settings import check_sections, resolve, section, setting


@section("test_section")
@dataclass(frozen=True)
class Params:
    kind: str = setting("a", "which", choices=("a", "bee"))
    share: float = setting(0.5, "a share", low=0, high=1)
    count: int | None = setting(None, "how many", low=1)
    on: bool = setting(True, "switch")
    names: tuple[str, ...] = setting((), "names")


def test_defaults_and_text_values():
    assert resolve(Params, {}) == Params()
    given = resolve(Params, {"kind": "bee", "share": "0.25", "count": "3", "on": "no", "names": "x, y"})
    assert given == Params("bee", 0.25, 3, False, ("x", "y"))
    assert resolve(Params, {"count": "null"}).count is None


def test_every_wrong_setting_is_named_at_once():
    with pytest.raises(ConfigError) as error:
        resolve(Params, {"kind": "be", "share": "2", "count": "1.5", "on": "perhaps", "shar": 1})
    text = str(error.value)
    assert "Did you mean bee?" in text
    assert "out of range" in text and "whole number" in text and "true or false" in text
    assert "Did you mean test_section.share?" in text


def test_nan_and_infinite_are_no_numbers():
    for bad in ("nan", "inf", float("nan")):
        with pytest.raises(ConfigError, match="not a number"):
            resolve(Params, {"share": bad})


def test_unknown_section_names_the_nearest():
    assert "Did you mean test_section?" in check_sections({"test_sektion": {}})[0]


def test_one_value_is_a_list_of_one_and_a_list_or_mapping_is_no_value():
    """`months: 24` of study.yaml ended as a fault of oncourse, `names: {a: 1}` was taken for its keys."""
    assert resolve(Params, {"names": 5}).names == ("5",) and resolve(Params, {"names": ["a", 2]}).names == ("a", "2")
    for wrong in ({"names": {"a": 1}}, {"names": [["a"]]}, {"names": [None]}, {"kind": ["a"]}, {"share": {}}):
        with pytest.raises(ConfigError, match="not a single word or number"):
            resolve(Params, wrong)
