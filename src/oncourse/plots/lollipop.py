"""Lollipop: where along a protein patients are hit, with domains and hotspots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from oncourse.plots.theme import COLOURS, NARROW, NOBODY, PALETTE, clean, drawing, keep_apart, mark

#: Residues named at most.
MOST_NAMES = 8
#: Width of a letter of a domain's name as a share of the protein as it is drawn.
LETTER = 0.0155


def lollipop_svg(
    gene: str,
    length: int,
    codons: Sequence[int],
    patients: Sequence[int],
    kinds: Sequence[str],
    names: Sequence[str],
    hotspots: Sequence[int] = (),
    domains: Sequence[tuple[int, int, str]] = (),
    people: Sequence[Sequence[str]] = (),
) -> str:
    """Draw one stick per residue and kind of effect, as high as the patients hit there; return SVG.

    Parameters
    ----------
    length : residues of the protein; codons, patients, kinds, names : of each stick
    hotspots : residues marked below; domains : first, last residue and name; people : patients of each stick
    """
    with drawing(NARROW, 3.2) as canvas:
        ax = canvas.ax
        most = max(patients, default=1)
        ax.add_patch(_box(0, length, most, "#D9DDE0"))
        for i, (first, last, words) in enumerate(domains):
            block = ax.add_patch(_box(first, last - first, most, PALETTE[(i % 6) + 1], 0.75))
            hit = sorted({p for c, own in zip(codons, people, strict=False) if first <= c <= last for p in own})
            mark(block, f"{gene} {first}-{last}: {words}", people=hit, question="" if hit else NOBODY)
            if (last - first) / length >= LETTER * len(words):
                ax.text((first + last) / 2, -0.085 * most, words, ha="center", va="center", fontsize=9, clip_on=True)
        for spot in hotspots:
            ax.plot(spot, -0.2 * most, "^", color=COLOURS["text"], ms=3.5)
        order = np.argsort(patients, kind="stable")
        for i in order:
            colour = COLOURS.get(kinds[i], COLOURS["other"])
            ax.plot([codons[i]] * 2, [0, patients[i]], color=COLOURS["muted"], lw=0.6, zorder=1)
            (head,) = ax.plot(codons[i], patients[i], "o", color=colour, ms=4.5, zorder=2)
            own = people[i] if people else ()
            many = f"{patients[i]:,} patient{'' if patients[i] == 1 else 's'}"
            mark(head, f"{gene} {names[i]}: {many}, {kinds[i]}", people=own)
        told = [
            ax.annotate(names[i], (codons[i], patients[i]), xytext=(3, 2), textcoords="offset points", fontsize=9)
            for i in order[::-1][:MOST_NAMES]
        ]
        for kind in sorted(set(kinds)):
            ax.plot([], [], "o", color=COLOURS.get(kind, COLOURS["other"]), ms=4.5, label=kind)
        if len(hotspots):
            ax.plot([], [], "^", color=COLOURS["text"], ms=3.5, label="hotspot")
        ax.set_xlim(-0.01 * length, 1.01 * max(length, *codons, 0))
        ax.set_ylim(-0.26 * most, 1.18 * most)
        step = max(1, round(most / 4))
        ax.set_yticks(range(0, most + step, step))
        ax.set_xlabel(f"{gene}, residue of {length:,}")
        ax.set_ylabel("patients")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4)
        clean(ax, grid="y")
        keep_apart(canvas.fig, told)
    return canvas.svg


def _box(start: float, width: float, most: float, colour: str, alpha: float = 1.0):  # type: ignore[no-untyped-def]
    from matplotlib.patches import Rectangle

    return Rectangle((start, -0.14 * most), width, 0.11 * most, color=colour, alpha=alpha, lw=0)
