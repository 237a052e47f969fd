"""Study -> derived tables, in rooms by subject: each file one table, the Cohort their one door."""

from __future__ import annotations


def load_all() -> None:
    """Import every derivation, so that each section of settings is known."""
    import importlib
    import pkgutil

    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
