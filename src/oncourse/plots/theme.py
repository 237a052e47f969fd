"""One look for every figure: sizes, colours safe for colour-blind readers, SVG whose bytes repeat."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from html import escape
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

#: Okabe and Ito 2008, colour universal design; black last.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C00", "#5B4B8A", "#000000")

#: Tol 2021 (colour schemes, SRON/EPS/TN/09-002), the light one: categories without a colour of their own beside cells
#: that have theirs.
LIGHT = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00")

#: The same thing has the same colour in every figure, and what can stand in one oncoprint (effects, copies, roles, MSI)
#: is told apart with and without colour vision (`tests/plots/test_theme.py`).
COLOURS = {
    "shared": "#0072B2",
    "private_a": "#E69F00",
    "private_b": "#D55E00",
    "not_assessable": "#C8CCD0",
    "present": "#0072B2",
    "absent": "#FFFFFF",
    "altered": "#0072B2",
    "not_altered": "#E8ECEF",
    "missense": "#009E73",
    "truncating": "#000000",
    "splice": "#E69F00",
    "inframe": "#CC79A7",
    "other": "#7A7A7A",
    "promoter": "#7A7A7A",
    "fusion": "#5B4B8A",
    "amplification": "#D55E00",
    "deletion": "#0072B2",
    "primary": "#6699FF",
    "metastasis": "#990000",
    "local_recurrence": "#336666",
    "plasma": "#B23AEE",
    "CR": "#009E73",
    "PR": "#56B4E9",
    "SD": "#E69F00",
    "PD": "#D55E00",
    "NE": "#C8CCD0",
    "MSI-H": "#3333CC",
    "MSS": "#D5E3EC",
    "MSI-L": "#B9C7D0",
    "indeterminate": "#A89F91",
    "grid": "#E3E6E8",
    "text": "#222222",
    "muted": "#667077",
}

#: What a sample is of: the same colour in every figure that parts samples by it.
ROLES = {role: COLOURS[role] for role in ("primary", "metastasis", "local_recurrence", "plasma")}

_RC: Any = {
    "svg.hashsalt": "oncourse",
    "text.parse_math": False,
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#667077",
    "axes.labelcolor": "#222222",
    "axes.labelsize": 9,
    "xtick.color": "#667077",
    "ytick.color": "#667077",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.dpi": 100,
    "savefig.dpi": 150,
}

#: matplotlib is not safe for threads: one figure is drawn at a time.
_LOCK = threading.RLock()


class drawing:
    """Context in which a figure is made: ``with drawing(7, 4) as (fig, ax): ...`` leaves ``.svg``.

    >>> with drawing(2, 1) as canvas:
    ...     _ = canvas.ax.plot([0, 1], [0, 1])
    >>> canvas.svg.startswith("<svg")
    True
    """

    def __init__(self, width: float = 7.0, height: float = 4.0, *, rows: int = 1, columns: int = 1, **options: Any):
        self.size, self.shape, self.options = (width, height), (rows, columns), options
        self.svg = ""

    def __enter__(self) -> drawing:
        _LOCK.acquire()
        try:
            import matplotlib

            self._rc = matplotlib.rc_context(_RC)
            self._rc.__enter__()
            self.fig, self.ax = new(*self.size, rows=self.shape[0], columns=self.shape[1], **self.options)
        except BaseException:
            _LOCK.release()
            raise
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self.svg = to_svg(self.fig)
        finally:
            self._rc.__exit__(None, None, None)
            _LOCK.release()


#: The question of a mark behind which there is nobody of the study.
NOBODY = "-"


def mark(
    artist: Any,
    text: str | Sequence[str] = "",
    *,
    people: Sequence[str] | Sequence[Sequence[str]] = (),
    question: str = "",
    series: str = "",
    colour: str = "",
    grid: Any = None,
) -> None:
    """Say what a drawn thing is: shown on hover, and the way from it to the patients behind it.

    Parameters
    ----------
    text : words of the mark; of a collection one per point, in the order drawn
    people : ids of its patients; of a collection one id, or a list of them, per point
    question : a question of the analysis's ledger of people, whose patients are behind the mark where it names none
    series : name of the group it belongs to, which a reader can switch off
    grid : of an image of cells (plain data), what the page says of each (`oncourse.plots.oncoprint.grid_of`)
    """
    who = [p if isinstance(p, str) else ";".join(p) for p in people]
    artist.oncourse_told = (text if isinstance(text, str) else list(text), who, question, series, colour, grid)
    gid = f"{_GID}{next(_NUMBERS)}"
    artist.set_gid(gid)
    _MARKED[gid] = artist


def bitmap(inside: NDArray[np.bool_]) -> str:
    """Return which of a list are in as text: a bit each, the first the lowest, as base64 without what is empty.

    >>> import numpy as np
    >>> bitmap(np.array([True, False, True])), bitmap(np.zeros(80, bool))
    ('BQ==', '')
    """
    import base64

    import numpy as np

    return base64.b64encode(np.packbits(inside, bitorder="little").tobytes().rstrip(b"\0")).decode("ascii")


_GID, _NUMBERS = "oncourse-", count()
#: Marked artists by the id under which they are drawn, for as long as their figure is.
_MARKED: WeakValueDictionary[str, Any] = WeakValueDictionary()


def _marked(svg: str) -> str:
    """Turn what `mark` said into titles and data attributes of the SVG."""
    parts = re.split(rf'<(g|image|path)([^>]*?) id="({_GID}[0-9]+)"', svg)
    out = [parts[0]]
    for name, before, gid, rest in zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True):
        text, people, question, series, colour, grid = _MARKED[gid].oncourse_told
        each = isinstance(text, list)
        values = {"people": "" if each else ";".join(people), "question": question, "series": series, "colour": colour}
        values["grid"] = "" if grid is None else json.dumps(grid, separators=(",", ":"), ensure_ascii=False)
        data = "".join(f' data-{k}="{escape(v, quote=True)}"' for k, v in values.items() if v)
        head, close, body = rest.partition(">")
        if each:
            body = _each(body, text, people)
        elif text and not head.endswith("/"):
            body = f"<title>{escape(text)}</title>{body}"
        out.append(f"<{name}{before}{data}{head}{close}{body}")
    return "".join(out)


def _each(body: str, texts: Sequence[str], people: Sequence[str]) -> str:
    """Give each of the next points its words."""
    points = iter(enumerate(texts))

    def told(match: re.Match[str]) -> str:
        i, text = next(points)
        who = f' data-people="{escape(people[i], quote=True)}"' if i < len(people) else ""
        return f"<use{match[1]}{who}><title>{escape(text)}</title></use>"

    return re.sub(r"<use([^>]*?)/>", told, body, count=len(texts)) if texts else body


def new(
    width: float = 7.0, height: float = 4.0, *, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Return a Figure of this size in inches and its Axes (an array of them for several rows or columns)."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_RC):
        fig = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(fig)  # keeps what measures texts; without it each text that is measured makes one of its own
        ax = fig.subplots(rows, columns, **options)
    return fig, ax


def to_svg(fig: Figure) -> str:
    """Return the figure as SVG text for a web page: no date, no XML prologue, ids that repeat, fluid width."""
    import matplotlib

    from oncourse.plots.svg import Canvas

    with _LOCK, matplotlib.rc_context(_RC):
        _legible(fig)
        text = Canvas(fig).svg({"Date": None, "Creator": None, "Format": None, "Type": None})
    text = re.sub(r' id="[a-zA-Z]+(?:\.[a-z]+)?_\d+"', "", text[text.index("<svg") :])  # ids of one page must differ
    text = _marked(text)
    width = re.search(r'width="([\d.]+)pt"', text)
    text = re.sub(r'<svg ([^>]*?)height="[\d.]+pt"', r"<svg \1", text, count=1)
    return (
        text
        if width is None
        else text.replace(width[0], f'style="width:100%;max-width:{float(width[1]) * 96 / 72:.0f}px"', 1)
    )


#: Smallest text (points) that journals print, and the width (inches) of one and of two of their columns, 85 and 174 mm.
SMALLEST_TEXT, ONE_COLUMN, TWO_COLUMNS = 5.0, 85 / 25.4, 174 / 25.4
#: Figures up to this width (inches) are for one column: there their text has the smallest size at 85 mm.
NARROW = 6.0


def _least(fig: Figure) -> float:
    """The size (points) below which a text would fall under `SMALLEST_TEXT` where the figure is drawn over its
    columns."""
    width = float(fig.get_figwidth())
    return ceil(10 * SMALLEST_TEXT * width / (ONE_COLUMN if width <= NARROW else TWO_COLUMNS)) / 10


def _legible(fig: Figure) -> None:
    """Raise the texts that would fall below what a journal prints where the figure is drawn over its columns."""
    from matplotlib.text import Text

    least = _least(fig)
    for axis in (a for ax in fig.axes for a in (ax.xaxis, ax.yaxis)):
        if (
            float(axis.get_major_ticks(1)[0].label1.get_fontsize()) < least
        ):  # one size an axis, without placing its ticks
            axis.set_tick_params(labelsize=least)
    for text in fig.findobj(Text):
        if float(text.get_fontsize()) < least:
            text.set_fontsize(least)


def laid_out(fig: Figure) -> None:
    """Put the axes where they will be drawn, so that texts can be measured; nothing is drawn for that."""
    engine = fig.get_layout_engine()
    if engine is not None:
        engine.execute(fig)


def keep_apart(fig: Figure, texts: Sequence[Any]) -> None:
    """Hide each text that lies on an earlier one: the more important come first."""
    laid_out(fig)
    kept: list[Any] = []
    for text in texts:
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in kept):
            text.set_visible(False)
        else:
            kept.append(box)


def written_beside(
    fig: Figure, ax: Axes, places: Sequence[tuple[float, float]], names: Sequence[str], taken: Sequence[Any] = ()
) -> None:
    """Write names beside their points, the more important first, each on the first side that is free; one without any
    is left out.

    taken : texts and legends that lie there already
    """
    laid_out(fig)
    kept, size = [text.get_window_extent() for text in taken], max(7.0, _least(fig))
    for place, name in zip(places, names, strict=True):
        for dx, dy, side in ((4, 3, "left"), (-4, 3, "right"), (4, -10, "left"), (-4, -10, "right"), (4, 14, "left")):
            text = ax.annotate(name, place, xytext=(dx, dy), textcoords="offset points", fontsize=size, ha=side)
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in kept):
                kept.append(box)
                break
            text.remove()


def clean(ax: Axes, *, grid: str | None = None) -> None:
    """Take the frame off and draw a light grid along one axis (x, y, both or None)."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if grid:
        ax.grid(True, axis=grid, color=COLOURS["grid"], linewidth=0.8)  # type: ignore[arg-type]
        ax.set_axisbelow(True)


def log_axis(ax: Axes, axis: str = "y", *, linear_to: float = 1.0) -> None:
    """Give an axis of values >= 0 a logarithmic scale above `linear_to`, with plain numbers as labels.

    Where no value lies below `linear_to` the axis begins there.
    """
    import numpy as np
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    side = ax.yaxis if axis == "y" else ax.xaxis
    high = (ax.get_ylim() if axis == "y" else ax.get_xlim())[1]
    lowest = (ax.dataLim.intervaly if axis == "y" else ax.dataLim.intervalx)[0]
    (ax.set_yscale if axis == "y" else ax.set_xscale)("symlog", linthresh=linear_to)
    tens = 10.0 ** np.arange(np.floor(np.log10(linear_to)), np.ceil(np.log10(max(high, linear_to))) + 1)
    side.set_major_locator(FixedLocator([0.0, *tens.tolist()]))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    side.set_minor_locator(NullLocator())
    (ax.set_ylim if axis == "y" else ax.set_xlim)(linear_to if lowest >= linear_to else 0, high * 1.3)


def plain_log(ax: Axes, most: int = 4) -> None:
    """Give the y axis of values above 0 a logarithmic scale with at most so many labels, plain numbers.

    Values within one decade have no power of ten: matplotlib then writes formulas at its minor ticks.
    """
    import numpy as np
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    ticks = [high]
    for steps in (range(1, 10), (1, 2, 5), (1, 3), (1,)):
        ticks = [t for t in np.outer(tens, steps).ravel() if low <= t <= high] or [high]
        if len(ticks) <= most:
            break
    ax.yaxis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // most)]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.yaxis.set_minor_locator(NullLocator())
