"""Figures of concordance say of each patient what its bar shows."""

from __future__ import annotations

import re

import numpy as np

from oncourse.plots.concordance import excess_waterfall


def test_the_bar_of_a_patient_says_its_excess_in_per_cent_and_leads_to_it():
    drawn = excess_waterfall(np.array([0.055, -0.8, 0.6]), ["A", "B", "C"], ylabel="beyond noise")
    marks = re.findall(r'data-people="([^"]*)"><title>([^<]*)</title>', drawn)
    assert [(people, words.replace("−", "-")) for people, words in marks] == [
        ("C", "C: +60 % beyond noise"),
        ("A", "A: +6 % beyond noise"),
        ("B", "B: -80 % beyond noise"),
    ]
