"""Names of recurrent events along the genome stand beside each other."""

from __future__ import annotations

import re

import numpy as np

from oncourse.plots.copy_number import frequency_svg


def test_names_of_neighbouring_events_do_not_lie_on_each_other():
    """19q13.11 CEBPA and 19q13.42 of six colorectal patients (Hu 2019) could not be read."""
    bands = 100
    marks = [(97, "19q13.11 CEBPA", True, "P"), (98, "19q13.42", True, "Q"), (98, "19p12", False, "P")]
    drawn = frequency_svg(["1"] * bands, np.full(bands, 30e6), np.full(bands, 0.5), np.full(bands, 0.2), marks)
    at = {}
    for people, words in re.findall(r'data-people="([PQ])"><title>([^<]*)</title>', drawn):
        block = drawn[drawn.index(f"<title>{words}</title>") :]
        at[words] = float(re.search(r"rotate\(-90 ([\d.]+)|translate\(([\d.]+)", block).expand(r"\1\2")), people
    first, second = at["19q13.11 CEBPA"][0], at["19q13.42"][0]
    assert second - first > 6 and at["19p12"][1] == "P"
