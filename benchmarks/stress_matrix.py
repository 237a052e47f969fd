"""Every stress of `oncourse simulate --stress` against what a page says: presence, RAS, clones of blood, swaps,
survival."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.simulate.stress import STRESSES
from oncourse.simulate.study import Simulated, simulate_study
from oncourse.study.model import Study
from oncourse.study.validate import validate


def matrix(n: int, seed: int = 3) -> None:
    """Share of wrong answers of a simulated CRC study of n // 10 patients (at least 20), stress by stress."""
    print(
        "| stress | drivers there called absent | drivers not there called present | RAS wrong, of samples with a "
        "state | "
        "RAS not assessable | what was put in counts as tumour | pairs named unrelated or swapped |\n"
        "|---|---|---|---|---|---|---|"
    )
    patients = max(n // 10, 20)
    cases: list[tuple[str, dict[str, float | str]]] = [("none", {})]
    cases += [(f"{name}={stress.default}", {name: stress.default}) for name, stress in STRESSES.items()]
    for name, stress in cases:
        made = simulate_study("crc", patients, seed, stress=stress)
        typed, _ = validate(made.tables, made.config)
        cells = " | ".join(_row(Cohort(Study(made.config, typed)), made))
        print(f"| {name} | {cells} |", flush=True)


def _row(cohort: Cohort, made: Simulated) -> list[str]:
    truth = made.truth["drivers"].select("sample_id", "variant_id", "gene", there=pl.col("ccf") > 0)
    if "acquired" in made.truth:
        more = made.truth["acquired"].select("sample_id", "variant_id", gene=pl.lit("KRAS"), there=pl.lit(True))
        truth = pl.concat([truth, more])
    found = cohort.presence.cells.select("sample_id", "variant_id", "raw_state").join(
        truth, on=["sample_id", "variant_id"], how="inner"
    )
    there, gone = found.filter("there"), found.filter(~pl.col("there"))
    ras = truth.filter(pl.col("gene").is_in(["KRAS", "NRAS"])).group_by("sample_id").agg(pl.col("there").any())
    states = cohort.statuses.filter(pl.col("status") == "RAS").drop_nulls("sample_id")
    states = states.join(ras, on="sample_id", how="left").with_columns(pl.col("there").fill_null(False))
    known = states.filter(pl.col("state") != "not_assessable")
    wrong = known.filter((pl.col("state") == "positive") != pl.col("there"))
    odd = cohort.relatedness.filter(pl.col("verdict").is_in(["unrelated", "swap"])).height
    return [
        _of(there.filter(pl.col("raw_state") == "absent").height, there.height),
        _of(gone.filter(pl.col("raw_state") == "present").height, gone.height),
        _of(wrong.height, known.height),
        _of(states.height - known.height, states.height),
        _put_in(cohort, made),
        str(odd),
    ]


def _put_in(cohort: Cohort, made: Simulated) -> str:
    """Artefacts and blood clones, of those called in a sample, that are present and neither germline nor of the
    blood."""
    put = made.truth.get("stress", pl.DataFrame(schema={"variant_id": pl.String})).drop_nulls("variant_id")
    if put.is_empty():
        return "none"
    own = put.select("patient_id", "variant_id").unique()  # another patient may have the same change in the tumour
    cells = cohort.presence.cells.join(own, on=["patient_id", "variant_id"], how="semi").filter("called")
    tumour = cells.filter((pl.col("raw_state") == "present") & pl.col("blood").is_null())
    return _of(tumour.height, cells.height)


def _of(k: int, n: int) -> str:
    return f"{100 * k / n:.1f} % of {n}" if n else "none"


def drugs(n: int, seeds: tuple[int, ...] = (3, 4, 5)) -> None:
    """Hazard ratio of two first lines that do nothing, confounded by age in four shapes: what the treatment page
    says."""
    print("| shape | method | given | refused | interval leaves 1 out |\n|---|---|---|---|---|")
    for shape in STRESSES["confounding"].words:
        parts = []
        for seed in seeds:
            made = simulate_study("mcrpc", max(n // 4, 100), seed, stress={"confounding": shape})
            typed, _ = validate(made.tables, made.config)
            table = registry()["treatment"].run(Cohort(Study(made.config, typed))).tables["treatment/comparison"]
            drugs = pl.concat_str("arm", "reference").str.contains("abiraterone") & pl.concat_str(
                "arm", "reference"
            ).str.contains("enzalutamide")
            parts.append(table.filter((pl.col("line") == 1) & (pl.col("endpoint") == "OS") & drugs))
        for method in ("unadjusted", "adjusted", "overlap", "iptw"):
            rows = pl.concat(parts).filter((pl.col("method") == method) & (pl.col("estimate_name") == "hazard_ratio"))
            given = rows.drop_nulls("estimate")
            out = given.filter((pl.col("ci_low") > 1) | (pl.col("ci_high") < 1)).height
            print(f"| {shape} | {method} | {given.height} | {rows.height - given.height} | {out} |", flush=True)
