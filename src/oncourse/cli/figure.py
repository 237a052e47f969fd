"""`oncourse figure RESULTS NAME`, and of a study: `oncourse figure STUDY NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import cache_options, parse_settings
from oncourse.words import LANGUAGES

if TYPE_CHECKING:
    from oncourse.disk.store import Store


@click.command()
@click.argument("results", type=click.Path(exists=True, path_type=Path))
@click.argument("name")
@click.option(
    "--width-mm",
    default=None,
    type=click.FloatRange(20, 1000),
    help="Width on paper; default: 85 (one column), or 174 for a two-column figure.",
)
@click.option(
    "--dpi", default=600, show_default=True, type=click.IntRange(72, 1200), help="Resolution of PNG and TIFF."
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["svg", "pdf", "png", "tiff"]),
    default=None,
    help="Format; default: that of --out, else pdf.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="File to write; default: ANALYSIS_NAME.FORMAT here.",
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of its words."
)
@click.option("--seed", default=1, show_default=True, help="Of a study: seed of every random number.")
@click.option(
    "--set", "assignments", multiple=True, metavar="A.B=VALUE", help="Of a study: change a setting; may be repeated."
)
@cache_options
def figure(
    results: Path,
    name: str,
    width_mm: float | None,
    dpi: int,
    kind: str | None,
    out: Path | None,
    language: str,
    seed: int,
    assignments: tuple[str, ...],
    store: Store,
) -> None:
    """Write one figure of RESULTS for a publication: NAME is analysis/figure, or the figure's name where it is the only
    one.

    RESULTS may be a study: the figure is drawn now, also those of single patients, which a run does not draw:
    evolution/tree_PATIENT, ccf_, pairs_, migration_ and fish_PATIENT.
    SVG needs no further package; PDF, PNG and TIFF need the extra: pip install 'oncourse[paper]'.
    """
    import tempfile

    if _is_results(results):
        _write(results, find_figure(results, name), name, width_mm, dpi, kind, out, language)
        return
    from oncourse.cohort import Cohort
    from oncourse.disk.names import file_names
    from oncourse.io import load_study
    from oncourse.report.one_figure import study_figure

    analysis, drawn = study_figure(Cohort(load_study(results), parse_settings(assignments), seed, store=store), name)
    with tempfile.TemporaryDirectory(prefix="oncourse-") as folder:
        source = drawn.save(_made(Path(folder) / analysis) / f"{file_names([drawn.name])[drawn.name]}.svg")
        _write(results, source, name, width_mm, dpi, kind, out, language)


def _is_results(folder: Path) -> bool:
    """Whether this is a folder of results; else it is read as a study."""
    return (folder / "figures").is_dir() or (folder / "provenance.json").is_file()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _write(
    results: Path,
    source: Path,
    name: str,
    width_mm: float | None,
    dpi: int,
    kind: str | None,
    out: Path | None,
    language: str,
) -> None:
    """Write a drawn figure, `source`, at its width and in its format, beside `results`."""
    from oncourse.disk.file import replaced_file
    from oncourse.errors import ConfigError
    from oncourse.paper.figures import SMALLEST, WIDTHS, legible_width, write_figure

    if out is None:
        out = Path(f"{source.parent.name}_{source.stem}.{kind or 'pdf'}")
    elif kind is None and out.suffix.lower() not in (".svg", ".pdf", ".png", ".tif", ".tiff"):
        raise ConfigError(f"{out.name}: the ending says no format; known: svg, pdf, png, tiff (or give --format).")
    elif kind is not None and out.suffix.lower().replace(".tif", ".tiff").replace(".tifff", ".tiff") != f".{kind}":
        out = out.with_name(f"{out.name}.{kind}")
    if out.exists():
        raise ConfigError(f"{out}: there is such a file already; name another with --out.")
    least = legible_width(source)
    if width_mm is None:
        width_mm = WIDTHS["single" if least <= WIDTHS["single"] else "double"]
    if width_mm < least:
        two = "a two-column figure" if WIDTHS["single"] < least <= WIDTHS["double"] else "wider than this"
        say(
            f"warning: {name} is {two}: at {width_mm:g} mm its smallest text is below the {SMALLEST:g} points that "
            f"journals print. Give --width-mm {least:g} or more (two columns: {WIDTHS['double']}).",
            err=True,
        )
    with replaced_file(out, [results]) as draft:
        write_figure(source, draft, width_mm, dpi=dpi, language=language)
    say(f"{out}: {width_mm:g} mm wide")


def find_figure(results: Path, name: str) -> Path:
    """Return the SVG of a figure by ``analysis/figure`` or by its name alone; ConfigError names the nearest."""
    from oncourse.disk import manifest
    from oncourse.disk.names import marked
    from oncourse.errors import ConfigError
    from oncourse.study.schema import nearest

    known = {
        p.relative_to(results / "figures").with_suffix("").as_posix(): p
        for p in sorted((results / "figures").rglob("*.svg"))
    }
    analysis, bar, last = name.rpartition("/")
    wanted = (name, f"{analysis}{bar}{marked(last)}")
    found = [path for full, path in known.items() if full in wanted or full.rpartition("/")[2] in wanted]
    if len(found) == 1:
        if manifest.read(results) is not None:  # figures alone were copied: nothing says what they were
            manifest.written(results, found[0].relative_to(results).as_posix())
        return found[0]
    if found:
        names = ", ".join(full for full, path in known.items() if path in found)
        raise ConfigError(f"{name}: several figures have this name: {names}.")
    near = nearest(name, list(known), cutoff=0.4)
    cure = f"Did you mean {near}?" if near else f"Known: {', '.join(known) or 'none'}."
    single = "Those of single patients are drawn from the study: oncourse figure STUDY evolution/tree_PATIENT."
    raise ConfigError(f"{name}: no such figure in {results.name}. {cure} {single}")
