"""The clones of one patient for the page: a small tree as plain SVG and a table of cell fractions."""

from __future__ import annotations

from html import escape
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from oncourse.genome.effect import PROTEIN_CHANGING
from oncourse.genome.genes import gene_table
from oncourse.genome.protein import short_change
from oncourse.plots.theme import PALETTE

if TYPE_CHECKING:
    from oncourse.derive.clones.evolution import PatientEvolution

DRIVERS_SHOWN = 5


def clone_view(evolution: PatientEvolution) -> dict[str, Any]:
    """Return what the template shows: samples, one row per clone (name, parent, n, drivers, cell fractions), svg.

    drivers : its changed cancer genes, those of a known role first
    """
    clones, posterior = evolution.clones, evolution.posterior
    parents = [int(p) for p in posterior.trees[0]]
    names = [f"C{c + 1}" for c in evolution.clusters]
    labels = clones.clustering.labels
    role = dict(gene_table().select("gene", "role").iter_rows())
    drivers: dict[int, list[str]] = {}
    for label, row in zip(labels, clones.variants.iter_rows(named=True), strict=True):
        counts = row["consequence"] in PROTEIN_CHANGING or row["consequence"] == "splice_site"
        if counts and row["gene"] in role:
            drivers.setdefault(int(label), []).append(f"{row['gene']} {short_change(row['hgvs_p'])}".strip())
    rows = []
    for k, cluster in enumerate(evolution.clusters):
        found = sorted(drivers.get(cluster, []), key=lambda told: (role[told.split(" ")[0]] == "unknown", told))
        more = f" and {len(found) - DRIVERS_SHOWN} more" if len(found) > DRIVERS_SHOWN else ""
        rows.append(
            {
                "name": names[k],
                "parent": names[parents[k]] if parents[k] >= 0 else "all tumour cells",
                "n": int((labels == cluster).sum()),
                "drivers": ", ".join(found[:DRIVERS_SHOWN]) + more,
                "ccf": [f"{100 * v:.0f} %" for v in posterior.ccf[k]],
            }
        )
    return {
        "samples": clones.samples["sample_id"].to_list(),
        "rows": rows,
        "svg": tree_svg(names, parents, rows),
    }


#: Width (pixels) up to which a tree is read on a phone; letters of the drivers beside a clone, of up to three generations
#: and of more; the width of a letter, and the way from a clone to the next at most.
WIDEST, LETTERS, FEWER, LETTER, STEP = 600.0, 30, 20, 7.2, 112.0


def tree_svg(names: list[str], parents: list[int], rows: list[dict[str, Any]]) -> str:
    """Draw the tree from left to right: a dot per clone, its name and drivers beside it."""
    children: dict[int, list[int]] = {}
    for k, parent in enumerate(parents):
        children.setdefault(parent, []).append(k)
    place: dict[int, tuple[float, float]] = {}
    leaf, depth = 0, _generations(children, -1)
    letters = LETTERS if depth <= 3 else FEWER
    step = min(STEP, (WIDEST - 64 - LETTER * letters) / max(depth, 1))

    def lay(k: int, depth: int) -> float:
        nonlocal leaf
        below = [lay(c, depth + 1) for c in children.get(k, ())]
        if not below:
            leaf += 1
        y = sum(below) / len(below) if below else 30.0 * leaf - 8
        place[k] = (20 + step * depth, y)
        return y

    lay(-1, 0)
    parts, ends = [], [x for x, _ in place.values()]
    for k, parent in enumerate(parents):
        (x0, y0), (x1, y1) = place[parent], place[k]
        parts.append(
            f'<path d="M{x0:.0f},{y0:.0f} C{x0 + 60:.0f},{y0:.0f} {x1 - 60:.0f},{y1:.0f} {x1:.0f},{y1:.0f}" '
            'fill="none" stroke="#8a949d" stroke-width="1.5"/>'
        )
    x, y = place[-1]
    parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#59636d"/>')
    for k, name in enumerate(names):
        x, y = place[k]
        inner = k in children
        drivers = rows[k]["drivers"].split(" and ")[0]
        text = f"{name} {drivers.split(',')[0] if inner else shorten(drivers, letters, placeholder=' ...')}".strip()
        text = name if inner and LETTER * len(text) > step - 10 else text  # it would lie on the one before it
        # the edges to its children leave an inner clone to the right: its name ends above it
        at = f'x="{x + (8 if inner else 11):.0f}" y="{y + (-9 if inner else 4):.0f}"'
        at += ' text-anchor="end"' if inner else ""
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="6" fill="{PALETTE[k % 8]}"/>')
        parts.append(f'<text {at} fill="#1d2329">{escape(text)}</text>')
        ends.append(x if inner else x + 14 + LETTER * len(text))
    width = max(ends) + 8
    height = 30 * leaf + 14
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg" font-size="12" '
        f'font-family="inherit" style="max-width:{width:.0f}px">{"".join(parts)}</svg>'
    )


def _generations(children: dict[int, list[int]], k: int) -> int:
    """How many generations follow a clone.

    >>> _generations({-1: [0], 0: [1, 2], 2: [3]}, -1)
    3
    """
    return max((1 + _generations(children, c) for c in children.get(k, ())), default=0)
