"""`oncourse plan concordance`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import MARK, force_option, write_text


@click.command()
@click.option(
    "--share", type=float, default=0.8, show_default=True, help="Expected share of mutations in both samples."
)
@click.option(
    "--sd-between",
    type=float,
    default=0.15,
    show_default=True,
    help="Its standard deviation between patients.",
)
@click.option("--variants", type=click.IntRange(min=1), default=10, show_default=True, help="Mutations per patient.")
@click.option("--depth-a", type=float, default=200.0, show_default=True, help="Mean depth of the first sample.")
@click.option("--depth-b", type=float, default=200.0, show_default=True, help="Mean depth of the second sample.")
@click.option("--purity-a", type=float, default=0.5, show_default=True, help="Tumour fraction of the first sample.")
@click.option(
    "--purity-b",
    type=float,
    default=0.5,
    show_default=True,
    help="Tumour fraction of the second (plasma: e.g. 0.05).",
)
@click.option(
    "--purity-spread",
    type=float,
    default=1.0,
    show_default=True,
    help="Geometric sd of the second (plasma: 3 to 4).",
)
@click.option(
    "--min-alt-count",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Least variant reads of a call.",
)
@click.option("--min-vaf", type=float, default=0.02, show_default=True, help="Least allele fraction of a call.")
@click.option(
    "--half-width",
    type=float,
    default=0.05,
    show_default=True,
    help="Wanted half-width of the 95 % interval.",
)
@click.option("--ppa0", type=float, help="Agreement aimed at (non-inferiority of the second sample).")
@click.option("--margin", type=float, help="Largest accepted loss of agreement.")
@click.option("--alpha", type=float, default=0.025, show_default=True, help="One-sided error of that test.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Its wanted power.")
@click.option("--patients", type=click.IntRange(min=2), help="Also show this number of patients.")
@click.option(
    "--simulate",
    "n_study",
    type=click.IntRange(min=100),
    default=1000,
    show_default=True,
    help="Studies simulated.",
)
@click.option(
    "--stress",
    "stresses",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Also show what the study would say with this fault in its data; may be repeated; `--stress list` shows all.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the simulation.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the numbers here.",
)
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the half-width by patients as SVG.",
)
@force_option
def concordance(
    n_study: int,
    seed: int,
    json_file: Path | None,
    figure: Path | None,
    force: bool,
    patients: int | None,
    stresses: tuple[str, ...],
    **design: float,
) -> None:
    """Patients needed to compare two samples of each: primary and metastasis, or tissue and blood."""
    from oncourse.disk.file import check_file
    from oncourse.planning import concordance as plan

    for path in (json_file, figure):
        if path is not None:
            check_file(path, force=force)
    faults = {}
    if stresses:
        from oncourse.planning.stress import OF_CONCORDANCE, planned, stress_text, stressed_concordance
        from oncourse.simulate.stress import listed

        if "list" in stresses:
            return say(listed(OF_CONCORDANCE))
        faults = planned(stresses, OF_CONCORDANCE, "concordance")
    made = plan.ConcordanceDesign(**design)  # type: ignore[arg-type]
    needed = plan.patients_for_half_width(made)
    test = plan.patients_for_noninferiority(made)
    shown = (
        {needed, max(needed // 2, 2), needed * 2} | ({test} if test else set()) | ({patients} if patients else set())
    )
    rows = plan.plan_table(made, tuple(max(n, 2) for n in shown), n_study=n_study, seed=seed)
    result = {
        "patients_for_half_width": needed,
        "patients_for_noninferiority": test,
        "expected_ppa": plan.expected_ppa(made),
        "assessable_share": plan.assessable_share(made),
        "table": rows,
    }
    if faults:
        stressed = stressed_concordance(made, patients or needed, faults, seed=seed)
        result["stress"] = stressed
    if figure is not None:
        write_text(figure, _figure(rows), force=force)
    if json_file is not None:
        write_text(json_file, json.dumps({**MARK, **result}, indent=1) + "\n", force=force)
    say(f"{needed} patients for a 95 % interval of +- {100 * made.half_width:g} points around the shared fraction")
    say(f"{100 * plan.assessable_share(made):.0f} % of second samples can show a clonal mutation with 95 % power")
    if made.ppa0 is not None:
        text = (
            "the expected agreement lies below ppa0 - margin: no number of patients will do"
            if test is None
            else f"{test} patients"
        )
        say(f"non-inferiority (expected agreement {100 * plan.expected_ppa(made):.1f} %): {text}")
    say("patients  +- formula  +- simulated  shared by calls  power of the test")
    for row in rows:
        power = "not planned" if row["noninferiority_power"] is None else f"{100 * row['noninferiority_power']:.0f} %"
        say(
            f"{row['patients']:8d}  {100 * row['half_width_formula']:8.1f} %  "
            f"{100 * row['half_width_simulated']:10.1f} %"
            f"  {100 * row['shared_fraction_called']:13.1f} %  {power:>17s}"
        )
    if faults:
        people = patients or needed
        say(f"\nwhat {people} patients would say of the shared fraction by calls:\n{stress_text(stressed)}")


def _figure(rows: list[dict[str, float]]) -> str:
    from oncourse.plots.theme import PALETTE, clean, drawing

    with drawing(5.6, 3.4) as canvas:
        x = [r["patients"] for r in rows]
        for key, label, style in (
            ("half_width_formula", "formula", "-"),
            ("half_width_simulated", "simulated", "o"),
        ):
            canvas.ax.plot(x, [r[key] for r in rows], style, color=PALETTE[0 if style == "-" else 1], label=label)
        canvas.ax.set_xlabel("patients")
        canvas.ax.set_ylabel("half-width of the 95 % interval")
        canvas.ax.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.0f} %")
        canvas.ax.legend()
        clean(canvas.ax, grid="y")
    return canvas.svg
