"""The examples in the readers' docstrings hold."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    "genome.effect",
    "genome.panels",
    "genome.protein",
    "genome.variant",
    "io.clinical",
    "io.ids",
    "io.maf_columns",
    "io.events",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"oncourse.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
