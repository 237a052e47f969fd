"""What a figure shows, as plain data: of each mark its places in the units of its axes, its colour, words and patients."""

from __future__ import annotations

import numpy as np


def _colour(value):
    from matplotlib.colors import to_hex, to_rgba_array

    return " ".join(to_hex(c) for c in to_rgba_array(value)[:6])


def drawn(artist):
    """What one artist shows: its points in the units of its axes, its colour and its text."""
    from matplotlib import collections, image, lines, patches, text

    if isinstance(artist, text.Text):
        at = getattr(artist, "xy", None)
        shown = artist.get_text() if artist.get_visible() else ""
        return {"text": shown, "at": [*artist.get_position(), *(at if at is not None else ())]} if shown else None
    if isinstance(artist, lines.Line2D):
        how = f"{artist.get_linestyle()}{artist.get_marker()} {_colour([artist.get_color()])}"
        return {"line": artist.get_xydata(), "how": how}
    if isinstance(artist, patches.StepPatch):
        return {
            "steps": np.r_[artist.get_data().values, artist.get_data().edges],
            "how": _colour([artist.get_facecolor()]),
        }
    if isinstance(artist, patches.Rectangle):
        how = f"{_colour([artist.get_facecolor()])} {artist.get_hatch() or ''}"
        return {"box": [artist.get_x(), artist.get_y(), artist.get_width(), artist.get_height()], "how": how}
    if isinstance(artist, patches.FancyArrowPatch):
        return {"arrow": artist.get_linewidth()}
    if isinstance(artist, collections.PathCollection):
        return {
            "points": np.c_[artist.get_offsets()],
            "how": _colour(artist.get_facecolors()),
            "size": artist.get_sizes(),
        }
    if isinstance(artist, collections.Collection):
        return {"paths": [p.vertices for p in artist.get_paths()], "how": _colour(artist.get_facecolors())}
    if isinstance(artist, image.AxesImage):
        return {"image": np.ma.filled(artist.get_array().astype(float), -99.0), "extent": list(artist.get_extent())}
    return None


def of_figure(figure):
    """Axes by axes: limits, labels of ticks, legend, and every artist with what is said of it."""
    answer = []
    for ax in figure.axes:
        artists = []
        for artist in [*ax.get_children(), ax.title]:
            shown = drawn(artist)
            told = getattr(artist, "oncourse_told", None)
            patch = getattr(getattr(artist, "arrow_patch", None), "oncourse_told", None)
            words = [str(part) for part in (told or patch or ()) if part is not None and len(part)]
            if (shown and any(np.size(v) if np.isscalar(v) else len(v) for v in shown.values())) or words:
                artists.append((shown or {}) | ({"told": words} if words else {}))
        legend = [t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else []
        ticks = [[t.get_text() for t in axis.get_ticklabels()] for axis in (ax.xaxis, ax.yaxis)]
        limits = [*ax.get_xlim(), *ax.get_ylim()]
        named = [ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()]
        answer.append({"limits": limits, "named": named, "ticks": ticks, "legend": legend, "drawn": artists})
    of_all = [t.get_text() for key in figure.legends for t in key.get_texts()]
    return {"axes": answer, "legend": of_all, "size": figure.get_size_inches()}
