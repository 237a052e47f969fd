"""The house: what lint-imports does not say of its files."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp


def test_no_files_import_each_other_in_a_circle():
    """Imports inside functions count, those for annotations alone do not; a circle is a CycleError that names it."""
    graph = grimp.build_graph("oncourse", exclude_type_checking_imports=True, cache_dir=None)
    TopologicalSorter({m: graph.find_modules_directly_imported_by(m) for m in graph.modules}).prepare()
    assert len(graph.modules) > 600
