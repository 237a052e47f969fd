"""`oncourse figure RESULTS NAME`."""

from __future__ import annotations

from pathlib import Path

import click

from oncourse.words import LANGUAGES


@click.command()
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
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
def figure(
    results: Path, name: str, width_mm: float | None, dpi: int, kind: str | None, out: Path | None, language: str
) -> None:
    """Write one figure of RESULTS for a publication: NAME is analysis/figure, or the figure's name where it is the only
    one.

    SVG needs no further package; PDF, PNG and TIFF need the extra: pip install 'oncourse[paper]'.
    """
    from oncourse.disk.file import replaced_file
    from oncourse.errors import ConfigError
    from oncourse.paper.figures import SMALLEST, WIDTHS, legible_width, write_figure

    source = find_figure(results, name)
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
        click.echo(
            f"warning: {name} is {two}: at {width_mm:g} mm its smallest text is below the {SMALLEST:g} points that "
            f"journals print. Give --width-mm {least:g} or more (two columns: {WIDTHS['double']}).",
            err=True,
        )
    with replaced_file(out, [results]) as draft:
        write_figure(source, draft, width_mm, dpi=dpi, language=language)
    click.echo(f"{out}: {width_mm:g} mm wide")


def find_figure(results: Path, name: str) -> Path:
    """Return the SVG of a figure by ``analysis/figure`` or by its name alone; ConfigError names the nearest."""
    from oncourse.errors import ConfigError
    from oncourse.study.schema import nearest

    known = {
        p.relative_to(results / "figures").with_suffix("").as_posix(): p
        for p in sorted((results / "figures").rglob("*.svg"))
    }
    found = [path for full, path in known.items() if name in (full, full.rpartition("/")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(full for full, path in known.items() if path in found)
        raise ConfigError(f"{name}: several figures have this name: {names}.")
    near = nearest(name, list(known), cutoff=0.4)
    cure = f"Did you mean {near}?" if near else f"Known: {', '.join(known) or 'none'}."
    raise ConfigError(f"{name}: no such figure in {results.name}. {cure}")
