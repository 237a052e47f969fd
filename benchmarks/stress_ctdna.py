"""ctDNA when errors, fractions and levels are not as assumed, simulated from the claims' words."""

from __future__ import annotations

import numpy as np
import polars as pl

from oncourse.cohort import Cohort
from oncourse.derive.care.ctdna import CtdnaParams
from oncourse.derive.care.lead import line_lead_times
from oncourse.evolution.course import course
from oncourse.evolution.ctdna import fraction_interval, spread_interval
from oncourse.stats.rng import generator
from oncourse.study.config import config_from_mapping
from oncourse.study.model import Study
from oncourse.study.validate import validate

DEPTH, TOLD = 5000, 1e-4


def blanks(factor: float, n: int, others: int, seed: int) -> Cohort:
    """n patients whose 16 tracked variants plasma does not hold; `others` further patients' variants counted beside."""
    rng = generator(seed, f"blanks {factor} {others}")
    kinds = ("C:T", "C:A", "A:G", "A:T")
    ids = [[f"1:{1_000_000 + 1000 * p + v}:{kinds[v % 4]}" for v in range(16)] for p in range(n)]
    samples, calls = [], []
    for p in range(n):
        samples += [
            {"sample_id": f"{s}{p}", "patient_id": f"P{p}", "material": m, "day": 0, "assay_id": "a"}
            for s, m in (("T", "tissue"), ("B", "plasma"))
        ]
        calls += [{"sample_id": f"T{p}", "variant_id": v, "alt_count": 1000, "depth": 4000} for v in ids[p]]
        looked = [v for k in range(others + 1) for v in ids[(p + k) % n]]
        rate = TOLD * factor * rng.gamma(2.0, 0.5, len(looked))
        calls += [
            {"sample_id": f"B{p}", "variant_id": v, "alt_count": int(x), "depth": DEPTH}
            for v, x in zip(looked, rng.binomial(DEPTH, rate), strict=True)
        ]
    tables = {
        "patients": [{"patient_id": f"P{p}", "disease": "colorectal cancer"} for p in range(n)],
        "samples": samples,
        "variants": [{"variant_id": v, "gene": "APC"} for own in ids for v in own],
        "calls": calls,
        "assays": [{"assay_id": "a", "kind": "panel", "targets": "APC", "error_rate": TOLD, "min_vaf": 0.02}],
    }
    settings = config_from_mapping({"title": "t", "genome_build": "GRCh38"})
    typed, problems = validate({k: pl.DataFrame(v, infer_schema_length=None) for k, v in tables.items()}, settings)
    return Cohort(Study(settings, typed, warnings=tuple(problems)))


def positivity_rows(n: int) -> None:
    """Blank plasma called positive, with and without sites that tell the background."""
    print(
        "| true error over told | other sites | positive | not assessable | learned error over told "
        "|\n|---|---|---|---|---|"
    )
    for factor in (1.0, 2.0, 3.0, 5.0):
        for others in (2, 0):
            table = blanks(factor, n, others, 1).ctdna
            ratio = table["error_ratio"].drop_nulls().median()
            share = {s: 100 * float((table["state"] == s).mean()) for s in ("positive", "not_assessable")}  # type: ignore[arg-type]
            print(
                f"| {factor} | {16 * others} | {share['positive']:.1f} % | {share['not_assessable']:.0f} % | "
                f"{'not known' if ratio is None else round(float(ratio), 2)} |",
                flush=True,
            )


def spread(n: int) -> None:
    """Coverage of the level's interval where tracked variants have fractions of their own."""
    print("| variants | reads | sd of log fractions | covers | exact interval of all reads |\n|---|---|---|---|---|")
    for m in (4, 16, 50):
        for reads in (48, 200, 1200):
            for sd in (0.0, 0.35, 0.7):
                rng = generator(1, f"spread {m} {reads} {sd}")
                true, inside, plain = reads / (m * DEPTH), 0, 0
                for _ in range(n):
                    x = rng.binomial(DEPTH, np.minimum(true * rng.lognormal(-(sd**2) / 2, sd, m), 0.9))
                    _, low, high = spread_interval(x, np.full(m, DEPTH), np.zeros(m))
                    inside += low <= true <= high
                    _, low_all, high_all = fraction_interval([x.sum()], [m * DEPTH], [0.0])
                    plain += low_all[0] <= true <= high_all[0]
                print(
                    f"| {m} | {reads} | {sd} | {100 * inside / n:.1f} % | {100 * plain / n:.1f} % |",
                    flush=True,
                )


SHAPES = {
    "constant": (1, 1, 1, 1, 1, 1),
    "doubles at the 4th": (1, 1, 1, 2, 2, 2),
    "doubles at the last": (1, 1, 1, 1, 1, 2),
    "tenfold at the last": (1, 1, 1, 1, 1, 10),
    "a tenth from the 2nd": (1, 0.1, 0.1, 0.1, 0.1, 0.1),
}


def constant(n: int) -> None:
    """Patients of six samples said to progress, by the model and by 1.25 times the lowest; and said to respond."""
    print("| reads | biological cv | course | progress | by the lowest value | respond |\n|---|---|---|---|---|---|")
    for reads, cv in ((48, 0.0), (24, 0.0), (48, 0.25), (24, 0.25), (1200, 0.25), (1200, 0.4), (6, 0.25)):
        for name, shape in SHAPES.items():
            rng = generator(1, f"course {reads} {cv} {name}")
            rise = rule = fall = 0
            for _ in range(n):
                level = reads * np.array(shape) * (rng.gamma(1 / cv**2, cv**2, 6) if cv else 1.0)
                x = rng.poisson(level + 1)
                found = course(x, [16 * DEPTH] * 6, [1.0] * 6)
                rise += bool(np.nanmax(found.p_rise) >= 0.95)
                fall += bool(np.nanmax(found.p_fall) >= 0.95)
                rule += bool((x[1:] >= 1.25 * np.minimum.accumulate(x)[:-1]).any())
            shares = " | ".join(f"{100 * k / n:.1f} %" for k in (rise, rule, fall))
            print(f"| {reads} | {cv} | {name} | {shares} |", flush=True)


def varied(n_study: int, n: int = 30) -> None:
    """Cohorts of patients, half of them constant, whose variation nobody told: what is learned of it, and who is said to
    progress with .25 assumed and with what is learned."""
    from oncourse.evolution.variation import variation_of_courses

    mixes = {
        "constant": ["constant"],
        "half constant": ["constant", "a tenth from the 2nd", "constant", "doubles at the 4th"],
    }
    print(
        "| reads | biological cv | courses | learned | constant: progress, assumed | learned | double: found, assumed | "
        "learned |\n|---|---|---|---|---|---|---|---|"
    )
    for reads, cv in ((1200, 0.25), (1200, 0.4), (48, 0.25), (48, 0.4)):
        for mix, names in mixes.items():
            rng = generator(1, f"varied {reads} {cv} {mix}")
            said: dict[str, list[tuple[bool, bool]]] = {name: [] for name in SHAPES}
            learned = []
            for _ in range(n_study):
                which = [names[i % len(names)] for i in range(n)]
                level = np.array([SHAPES[name] for name in which]) * reads * rng.gamma(1 / cv**2, cv**2, (n, 6))
                cohort = rng.poisson(level + 1)
                found = variation_of_courses([(x, [16 * DEPTH] * 6, [1.0] * 6) for x in cohort], 0.25)
                learned.append(max(found, 0.25))
                for name, x in zip(which, cohort, strict=True):
                    rises = (course(x, [16 * DEPTH] * 6, [1.0] * 6, cv=v).p_rise for v in (0.25, learned[-1]))
                    told, known = (bool(np.nanmax(p) >= 0.95) for p in rises)
                    said[name].append((told, known))
            cells = [
                f"{sum(x[k] for x in said[name])} of {len(said[name])}" if said[name] else "-"
                for name in ("constant", "doubles at the 4th")
                for k in (0, 1)
            ]
            print(f"| {reads} | {cv} | {mix} | {np.mean(learned):.2f} | {' | '.join(cells)} |", flush=True)


def cohort_of_turns(n: int, lead: float, how: str, stops: bool, rng: np.random.Generator) -> tuple[pl.DataFrame, ...]:
    """ctDNA table, lines and visits of n patients whose ctDNA turns `lead` days before imaging."""
    rows, visits, lines = [], [], []
    for i in range(n):
        imaging = rng.uniform(120, 420)
        turn, end = imaging - lead, rng.uniform(300, 700)
        scans = np.arange(56, end, 56) + rng.integers(-5, 6, len(np.arange(56, end, 56)))
        seen = [s for s in scans if s >= imaging][:1]
        last = min(end, seen[0] + (1 if stops else 60)) if seen else end
        days = np.concatenate([[0], np.arange(35, last, 35)])
        before = np.maximum(np.exp(-days / 60), 0.1) if how == "falls" else np.ones(len(days))
        base = max(np.exp(-turn / 60), 0.1) if how == "falls" else 1.0
        after = 3.0 if how == "step" else 2 ** (np.maximum(days - turn, 0) / 40)
        level = np.minimum(np.where(days > turn, base * after, before), 100) * rng.gamma(16, 1 / 16, len(days))
        rows += [(f"p{i}", int(d), int(rng.poisson(200 * v + 1))) for d, v in zip(days, level, strict=True)]
        visits += [(f"p{i}", 1, int(s), "PD" if s >= imaging else "SD") for s in scans if not seen or s <= seen[0]]
        lines.append((f"p{i}", 1, "x", 0, None))
    reads = pl.DataFrame(rows, schema=["patient_id", "day", "alt_reads"], orient="row").with_columns(
        sample_id=pl.format("{}-{}", "patient_id", "day"),
        state=pl.lit("positive"),
        depth=pl.lit(16 * DEPTH),
        background_reads=pl.lit(1.0),
        vaf=pl.col("alt_reads") / (16 * DEPTH),
    )
    schema = {
        "patient_id": pl.String,
        "line": pl.Int64,
        "drugs": pl.String,
        "start_day": pl.Int64,
        "next_start_day": pl.Int64,
    }
    seen_at = pl.DataFrame(visits, schema=["patient_id", "line", "day", "overall"], orient="row")
    return reads, pl.DataFrame(lines, schema=schema, orient="row"), seen_at


def leads(n: int) -> None:
    """How often the limits of the mean lead leave out 0 and the truth."""
    print(
        "| patients | ctDNA before | plasma stops | true lead | leaves 0 out | leaves the truth out | median width |\n"
        "|---|---|---|---|---|---|---|"
    )
    for patients in (8, 30):
        for how in ("falls", "constant", "step"):
            for stops in (False, True):
                for lead in (0.0, 90.0):
                    rng = generator(1, f"lead {patients} {how} {stops} {lead}")
                    zero = truth = 0
                    width = []
                    for _ in range(max(n // 10, 10)):
                        found = line_lead_times(
                            *cohort_of_turns(patients, lead, how, stops, rng), CtdnaParams()
                        ).mean_lead()
                        zero += not found.low <= 0 <= found.high
                        truth += not found.low <= lead <= found.high
                        width.append(found.high - found.low)
                    k = max(n // 10, 10)
                    print(
                        f"| {patients} | {how} | {stops} | {lead:.0f} | {100 * zero / k:.0f} % | "
                        f"{100 * truth / k:.0f} %"
                        f" | {np.median(width):.0f} |",
                        flush=True,
                    )
