"""Study -> derived tables: each file one table, the Cohort their one door."""

from __future__ import annotations


def load_all() -> None:
    """Import every derivation, so that each section of settings is known."""
    import importlib
    import pkgutil

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
