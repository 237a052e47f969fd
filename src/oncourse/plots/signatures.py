"""Signatures: stacked shares of samples, one signature's share with its interval, and a spectrum of 96 classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from oncourse.plots.theme import COLOURS, NARROW, PALETTE, clean, drawing, mark, plain_log

#: Colours of the six substitutions, in the order C>A, C>G, C>T, T>A, T>C, T>G.
SUBSTITUTIONS = {
    "C>A": "#56B4E9",
    "C>G": "#000000",
    "C>T": "#D55E00",
    "T>A": "#9AA3AB",
    "T>C": "#009E73",
    "T>G": "#CC79A7",
}
MAX_SAMPLES, MAX_SIGNATURES = 80, 9


def stacked_svg(
    samples: Sequence[str],
    shares: Mapping[str, Sequence[float]],
    counts: Sequence[int],
    patients: Sequence[str] = (),
    *,
    ordered: bool = False,
) -> str:
    """Draw the shares of each sample as a stacked bar, mutations above; the rarer signatures as one.

    Parameters
    ----------
    samples : names, and the patient of each; shares : signature -> share per sample, 0-1; counts : mutations per sample
    ordered : keep the order given; else by the commonest signature
    """
    order = sorted(shares, key=lambda s: (-float(np.sum(shares[s])), s))
    shown = order[: MAX_SIGNATURES - 1] if len(order) > MAX_SIGNATURES else order
    first = np.asarray(shares[order[0]]) if order else np.zeros(len(samples))
    order_of = np.arange(len(samples))
    columns = (order_of if ordered else np.lexsort((order_of, -first)))[:MAX_SAMPLES]
    with drawing(NARROW, 4.2, rows=2, gridspec_kw={"height_ratios": [1, 3]}, sharex=True) as canvas:
        top, main = canvas.ax
        x = np.arange(len(columns))
        many = np.asarray(counts)[columns]
        top.bar(x, many, color=COLOURS["muted"], width=0.9)
        if len(many) and many.max() > 10 * max(many.min(), 1):
            plain_log(top)
            top.set_ylim(bottom=10 ** np.floor(np.log10(max(many.min(), 1))))
        top.set_ylabel("mutations")
        clean(top, grid="y")
        base = np.zeros(len(columns))
        for i, name in enumerate(shown):
            height = np.asarray(shares[name], float)[columns]
            bars = main.bar(x, height, bottom=base, color=PALETTE[i % len(PALETTE)], width=0.9, label=name)
            for bar, j, share in zip(bars, columns, height, strict=True):
                own = [patients[j]] if patients else ()
                mark(bar, f"{samples[j]}: {name} {100 * share:.0f} % of {counts[j]:,}", people=own)
            base += height
        if len(order) > len(shown):
            bars = main.bar(x, 1 - base, bottom=base, color="#D9DDE0", width=0.9, label="others")
            for bar, j in zip(bars, columns, strict=True):
                rest = {name: shares[name][j] for name in order[len(shown) :] if shares[name][j] > 0}
                words = ", ".join(f"{name} {100 * share:.0f} %" for name, share in rest.items()) or "no others"
                mark(bar, f"{samples[j]}: {words}", people=[patients[j]] if patients else ())
        main.set_ylim(0, 1)
        main.set_xlim(-0.6, len(columns) - 0.4)
        main.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        few = len(columns) <= 30
        main.set_xticks(x if few else [], [samples[i] for i in columns] if few else [], rotation=90, fontsize=9)
        more = f" ({len(samples) - len(columns):,} not drawn)" if len(samples) > len(columns) else ""
        main.set_xlabel(f"{len(columns):,} {'spectra' if ordered else 'samples'}{more}")
        canvas.fig.legend(loc="outside lower center", ncols=5)
        clean(main)
    return canvas.svg


def spectrum_svg(
    classes: Sequence[str],
    counts: NDArray[np.float64],
    rebuilt: NDArray[np.float64] | None = None,
    people: Sequence[Sequence[str]] = (),
) -> str:
    """Draw the 96 classes as bars coloured by substitution; the rebuilt spectrum as dots; people : of each class."""
    order = sorted(range(len(classes)), key=lambda i: (classes[i][2:5], classes[i][0], classes[i][-1]))
    with drawing(NARROW, 2.9) as canvas:
        ax = canvas.ax
        x = np.arange(len(order))
        values = np.asarray(counts, float)[order]
        bars = ax.bar(x, values, color=[SUBSTITUTIONS[classes[i][2:5]] for i in order], width=0.85)
        for bar, i, value in zip(bars, order, values, strict=True):
            mark(bar, f"{classes[i]}: {value:,.0f}", people=people[i] if people else ())
        if rebuilt is not None:
            ax.plot(
                x, np.asarray(rebuilt, float)[order], ".", color=COLOURS["text"], ms=3, label="rebuilt from signatures"
            )
            ax.legend(loc="upper right")
        for k, name in enumerate(SUBSTITUTIONS):
            ax.text(16 * k + 7.5, 1.02, name, transform=ax.get_xaxis_transform(), ha="center", fontsize=9)
        ax.set_xticks(x[::4] + 1.5, [classes[i][0] for i in order[::4]])
        ax.set_xlabel("base before the substitution; of each four bars the base after it, in the same order")
        ax.set_xlim(-0.6, len(order) - 0.4)
        ax.set_ylabel("mutations")
        clean(ax, grid="y")
    return canvas.svg
