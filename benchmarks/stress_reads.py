"""Pairs of lesions whose reads are wrong in ways no method is told of: errors of many shapes, damage, reads from elsewhere.

`pairs` makes studies of a primary and a metastasis per patient: 45 % of the variants shared and clonal, 15 % subclonal in
both, 10 % clonal in the primary and at CCF .3 in the metastasis, 30 % in one lesion alone (two thirds clonal). The
assay states errors of 1e-3 per read. `errors` counts what was said wrongly of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.stats.rng import generator
from oncourse.study.model import Study
from stress_evolution import as_study

FloatArray = NDArray[np.float64]
TOLD = 1e-3
PAIRS = ("CT", "CA", "CG", "TA", "TC", "TG", "GA", "GT", "GC", "AT", "AG", "AC")


@dataclass(frozen=True)
class Reads:
    """What the reads are like.

    rates : (random, n) -> error rate of each site; per patient, the same in both lesions, or (`apart`) drawn for each
    damage : multiple of the told rate of the changes `changes` (reference and other base), exponential over sites
    damaged : whether the damage is in the metastases alone, or in a half of all samples
    hopped : share of a sample's reads that are the other lesion's; concentration : of the reads of variants
    only_metastasis : the rates hold for metastases, primaries have the told ones
    """

    rates: Callable[[np.random.Generator, int], FloatArray] = lambda random, n: np.full(n, TOLD)
    apart: bool = False
    damage: float = 0.0
    changes: tuple[str, ...] = ("CT", "GA")
    damaged: str = "metastases"
    hopped: float = 0.0
    concentration: float = 200.0
    only_metastasis: bool = False


def gamma(times: float, shape: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """Return rates like a gamma."""
    return lambda random, n: TOLD * times * random.gamma(shape, 1 / shape, n)


def beta(times: float, a: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """Return rates like a beta of first parameter `a`."""
    return lambda random, n: random.beta(a, a * (1 / (TOLD * times) - 1), n)


def log_normal(times: float, sd: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """Return rates whose log is normal, of the given mean."""
    return lambda random, n: TOLD * times * np.exp(random.normal(0, sd, n) - sd**2 / 2)


def some(share: float, rate: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """Return the told rate but at a share of the sites, where half of the strands show `rate` (0-.5): bad places."""
    return lambda random, n: TOLD + np.where(random.random(n) < share, rate * random.beta(4, 4, n), 0.0)


READS = {
    "as told": Reads(),
    "as told, gamma 2": Reads(gamma(1, 2)),
    "3 times": Reads(gamma(3, 2)),
    "10 times": Reads(gamma(10, 2)),
    "10 times, all alike": Reads(gamma(10, 1e6)),
    "10 times, gamma .5": Reads(gamma(10, 0.5)),
    "10 times, gamma .5, each lesion its own": Reads(gamma(10, 0.5), apart=True),
    "10 times, beta .3": Reads(beta(10, 0.3)),
    "10 times, log-normal 1.2": Reads(log_normal(10, 1.2)),
    "5 times, gamma .5": Reads(gamma(5, 0.5)),
    "10 times, gamma .5, metastases": Reads(gamma(10, 0.5), only_metastasis=True),
    "bad places: 10 % at 3 %": Reads(some(0.1, 0.03)),
    "bad places: 10 % at 6 %": Reads(some(0.1, 0.06)),
    "C>T 20 times, metastases": Reads(damage=20.0),
    "C>T 40 times, metastases": Reads(damage=40.0),
    "C>T 40 times, half of all": Reads(damage=40.0, damaged="half"),
    "G>T 40 times, half of all": Reads(damage=40.0, changes=("CA", "GT"), damaged="half"),
    "1 % of the reads hopped": Reads(hopped=0.01),
    "3 % of the reads hopped": Reads(hopped=0.03),
    "concentration 20": Reads(gamma(1, 2), concentration=20.0),
    "concentration 50": Reads(gamma(1, 2), concentration=50.0),
}


def pairs(
    n_patient: int, how: Reads, *, depth: float, n_variant: int = 60, seed: int = 1
) -> tuple[Study, pl.DataFrame]:
    """Return the study and its truth: sample_id, variant_id, ccf, damaged (of a change that damage touches here)."""
    rows: dict[str, list[Any]] = {n: [] for n in ("patients", "samples", "lesions", "calls", "truth")}
    for i in range(n_patient):
        random, name = generator(seed, f"stress.reads.{i}"), f"Q{i:02d}"
        _patient(random, name, how, depth, n_variant, rows)
    ids = sorted({r["variant_id"] for r in rows["calls"]})
    study = as_study(
        **{n: rows[n] for n in ("patients", "samples", "lesions", "calls")},
        variants=[{"variant_id": v, "gene": f"G{k}"} for k, v in enumerate(ids)],
        assays=[{"assay_id": "wes", "error_rate": TOLD, "min_alt_count": 3, "min_vaf": 0.02}],
    )
    return study, pl.DataFrame(rows["truth"])


def _patient(
    random: np.random.Generator, name: str, how: Reads, depth: float, n: int, rows: dict[str, list[Any]]
) -> None:
    kind = random.choice(5, n, p=[0.45, 0.15, 0.1, 0.15, 0.15])
    ccf = np.ones((2, n))
    ccf[:, kind == 1] = random.uniform(0.15, 0.85, (2, int((kind == 1).sum())))
    ccf[1, kind == 2] = 0.3
    alone = np.where(random.random(n) < 2 / 3, 1.0, random.uniform(0.2, 0.8, n))
    for s in (0, 1):
        ccf[s, kind == 3 + s], ccf[1 - s, kind == 3 + s] = alone[kind == 3 + s], 0.0
    purity = random.uniform(0.35, 0.8, 2)
    change = random.choice(len(PAIRS), n, p=np.array([4, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1]) / 18)
    ids = [
        f"{random.integers(1, 23)}:{1000 * k + int(random.integers(1000))}:{PAIRS[c][0]}:{PAIRS[c][1]}"
        for k, c in enumerate(change)
    ]
    touched = np.isin(np.array(PAIRS)[change], how.changes)
    common = how.rates(random, n)
    vaf = purity[:, None] * ccf / 2
    rows["patients"].append({"patient_id": name, "sex": "male"})
    for s, role in enumerate(("primary", "metastasis")):
        rate = how.rates(random, n) if how.apart else common
        if how.only_metastasis and s == 0:
            rate = np.full(n, TOLD)
        is_damaged = how.damage > 0 and (s == 1 if how.damaged == "metastases" else random.random() < 0.5)
        if is_damaged:
            rate = np.where(touched, TOLD * how.damage * random.exponential(1.0, n), rate)
        spread = random.beta(np.maximum(vaf[s], 1e-9) * how.concentration, (1 - vaf[s]) * how.concentration)
        seen = np.where(vaf[s] > 0, spread, 0.0)
        seen = (1 - how.hopped) * seen + how.hopped * vaf[1 - s]
        seen = np.clip(seen + (1 - seen) * rate, 0, 1)
        reads = random.negative_binomial(8, 8 / (8 + depth), n)
        alt = random.binomial(reads, seen)
        sample = f"{name}-{role[0]}"
        rows["samples"].append(
            {
                "sample_id": sample,
                "patient_id": name,
                "material": "tissue",
                "lesion_id": sample,
                "purity": float(purity[s]),
                "assay_id": "wes",
            }
        )
        rows["lesions"].append({"lesion_id": sample, "patient_id": name, "role": role})
        for v, a, d, x, t in zip(ids, alt, reads, ccf[s], touched & is_damaged, strict=True):
            if d:
                rows["calls"].append({"sample_id": sample, "variant_id": v, "alt_count": int(a), "depth": int(d)})
            rows["truth"].append({"sample_id": sample, "variant_id": v, "ccf": float(x), "damaged": bool(t)})


def errors(how: Reads, *, depth: float, n_study: int, n_patient: int = 12, first: int = 1) -> dict[str, Any]:
    """Count what is said wrongly over some studies: (wrong, all) of absent sites called present, in samples named noisy
    or not, of damaged sites, of CCF .3 called absent; share decided and named, bias of the latent shared
    fraction, and in how many studies none is given."""
    cells, named, biases = [], [], []
    for seed in range(first, first + n_study):
        study, truth = pairs(n_patient, how, depth=depth, seed=seed)
        cohort = Cohort(study)
        samples = cohort.presence.samples.select("sample_id", named=pl.col("noise").is_not_null())
        states = cohort.presence.cells.join(truth, on=["sample_id", "variant_id"], suffix="_true")
        cells.append(states.join(samples, on="sample_id").select("ccf_true", "state", "damaged", "named", "alt_count"))
        named.append(samples["named"])
        summary = (
            registry()["concordance"]
            .run(cohort)
            .tables["concordance/summary"]
            .filter(pl.col("estimand") == "shared_fraction_latent", pl.col("set") == "all", pl.col("chip") == "without")
        )
        latent = summary["estimate"][0]
        biases.append(np.nan if latent is None else float(latent) - _shared(truth))
    every = pl.concat(cells)

    def share(rows: pl.DataFrame, state: str) -> tuple[int, int]:
        return int((rows["state"] == state).sum()), rows.height

    absent = every.filter(pl.col("ccf_true") == 0)
    return {
        "present": share(absent, "present"),
        "unnamed": share(absent.filter(~pl.col("named")), "present"),
        "damaged": share(absent.filter("damaged"), "present"),
        "missed": share(every.filter(pl.col("ccf_true") == 0.3), "absent"),
        "decided": float((every["state"] != "not_assessable").mean()),  # type: ignore[arg-type]
        "named": float(pl.concat(named).mean()),  # type: ignore[arg-type]
        "bias": float(np.nanmean(biases)) if np.isfinite(biases).any() else np.nan,
        "withheld": int(np.isnan(biases).sum()),
    }


def _shared(truth: pl.DataFrame) -> float:
    """Return the true share of all variants that both lesions hold (.7 on average)."""
    per = truth.group_by(pl.col("sample_id").str.slice(0, 3), "variant_id").agg(both=(pl.col("ccf") > 0).all())
    return float(per["both"].mean())  # type: ignore[arg-type]


def table(n_study: int = 4, depths: tuple[float, ...] = (60.0, 150.0), names: tuple[str, ...] = tuple(READS)) -> None:
    """Print a line per kind of reads and depth."""
    print(
        "| reads | depth | absent called present | in samples not named | damaged sites | CCF .3 called absent | "
        "decided | samples named | latent share, bias |\n|---|---|---|---|---|---|---|---|---|"
    )
    for depth in depths:
        for name in names:
            found = errors(READS[name], depth=depth, n_study=n_study)
            print(
                f"| {name} | {depth:.0f} | "
                + " | ".join(_of(found[x]) for x in ("present", "unnamed", "damaged", "missed"))
                + f" | {100 * found['decided']:.0f} % | {100 * found['named']:.0f} % | "
                + (f"{found['bias']:+.3f}" if found["withheld"] < n_study else "")
                + (f" withheld in {found['withheld']}" if found["withheld"] else "")
                + " |",
                flush=True,
            )


def _of(counted: tuple[int, int]) -> str:
    wrong, n = counted
    return f"{wrong} of {n} ({100 * wrong / n:.1f} %)" if n else "-"


if __name__ == "__main__":
    import sys

    table(int(sys.argv[1]), tuple(float(x) for x in sys.argv[2].split(",")), tuple(sys.argv[3:]) or tuple(READS))
