"""Every example in a docstring is true (one of `seeding/migration` was not)."""

from __future__ import annotations

import doctest
import importlib
import linecache
import pkgutil

import pytest

import oncourse

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(oncourse.__path__, "oncourse.")
    if "kernel" not in m.name and not m.name.rpartition(".")[2].startswith("_")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name):
    linecache.clearcache()  # doctest asks the disk of each file in it, for each docstring
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0, f"{found.failed} of {found.attempted} examples of {name}"
