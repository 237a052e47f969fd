"""`oncourse plan survival`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from oncourse.cli._errors import say
from oncourse.cli._shared import MARK, force_option, write_text


@click.command()
@click.option(
    "--hazard-ratio",
    type=float,
    default=1.7,
    show_default=True,
    help="Altered over not altered (arm over arm).",
)
@click.option(
    "--share-altered", type=float, default=0.3, show_default=True, help="Share altered (in the new arm), 0-1."
)
@click.option(
    "--survival-24m", type=float, default=0.6, show_default=True, help="24-month survival of the not altered."
)
@click.option("--accrual-months", type=float, default=36.0, show_default=True, help="Months in which patients come.")
@click.option(
    "--follow-up-months",
    type=float,
    default=24.0,
    show_default=True,
    help="Follow-up after the last patient.",
)
@click.option("--yearly-loss", type=float, default=0.03, show_default=True, help="Share lost to follow-up per year.")
@click.option(
    "--sampling-delay-months",
    type=float,
    default=0.0,
    show_default=True,
    help="Mean months from the start of the clock to the sample: delayed entry.",
)
@click.option("--alpha", type=float, default=0.05, show_default=True, help="Two-sided error.")
@click.option("--power", type=float, default=0.8, show_default=True, help="Wanted power.")
@click.option("--tests", type=int, default=1, show_default=True, help="Features tested; alpha is divided by it.")
@click.option("--patients", type=click.IntRange(min=2), help="Give the power of so many patients instead.")
@click.option("--interaction-ratio", type=float, help="Ratio of the hazard ratios by treatment: plan the interaction.")
@click.option(
    "--treated-share", type=float, default=0.5, show_default=True, help="Share treated (for the interaction)."
)
@click.option("--precision", type=float, help="Wanted half-width of the 24-month survival's interval, e.g. 0.05.")
@click.option("--parameters", type=click.IntRange(min=1), help="Candidate parameters of a prediction model (Riley).")
@click.option("--r2", type=float, default=0.1, show_default=True, help="Expected Cox-Snell R2 of that model.")
@click.option(
    "--simulate",
    type=click.IntRange(min=0),
    default=300,
    show_default=True,
    help="Simulated studies; 0: none.",
)
@click.option(
    "--stress",
    "stresses",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Also show what the study would say with this fault in its data; may be repeated; `--stress list` shows all.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the simulation.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the numbers here.",
)
@force_option
def survival(
    hazard_ratio: float,
    share_altered: float,
    survival_24m: float,
    accrual_months: float,
    follow_up_months: float,
    yearly_loss: float,
    sampling_delay_months: float,
    alpha: float,
    power: float,
    tests: int,
    patients: int | None,
    interaction_ratio: float | None,
    treated_share: float,
    precision: float | None,
    parameters: int | None,
    r2: float,
    simulate: int,
    stresses: tuple[str, ...],
    seed: int,
    json_file: Path | None,
    force: bool,
) -> None:
    """Events and patients needed to find a hazard ratio, an interaction, a precise 24-month survival or a model.

    By formula (Schoenfeld; Peterson and George; Greenwood; Riley), and by simulating the planned study and
    analysing it as `oncourse run` would, delayed entry included.
    """
    from oncourse.disk.file import check_file
    from oncourse.planning.report import survival_numbers, survival_text
    from oncourse.planning.survival import SurvivalDesign

    if json_file is not None:
        check_file(json_file, force=force)
    faults = {}
    if stresses:
        from oncourse.planning.stress import OF_SURVIVAL, planned, stress_text, stressed_survival
        from oncourse.simulate.stress import listed

        if "list" in stresses:
            return say(listed(OF_SURVIVAL))
        faults = planned(stresses, OF_SURVIVAL, "survival")
    design = SurvivalDesign(
        hazard_ratio=hazard_ratio,
        share_altered=share_altered,
        survival_24m=survival_24m,
        accrual_months=accrual_months,
        follow_up_months=follow_up_months,
        yearly_loss=yearly_loss,
        sampling_delay_months=sampling_delay_months,
        alpha=alpha,
        power=power,
        tests=tests,
        treated_share=treated_share,
        interaction_ratio=interaction_ratio,
    )
    numbers: dict[str, Any] = survival_numbers(
        design,
        patients=patients,
        precision=precision,
        parameters=parameters,
        r2=r2,
        simulate=simulate,
        seed=seed,
    )
    say(survival_text(design, numbers))
    if faults:
        n = patients or int(numbers["patients"])
        numbers["stress"] = stressed_survival(design, n, faults, seed=seed)
        say(f"\nwhat {n} patients would say of the hazard ratio:\n{stress_text(numbers['stress'])}")
    if json_file is not None:
        write_text(json_file, json.dumps({**MARK, **numbers}, indent=1) + "\n", force=force)
