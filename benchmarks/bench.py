"""What users wait for, in CPU seconds beside a fixed loop measured at the same time, and beside peers.

Run: python benchmarks/bench.py [--quick] [--write | --check] [--only NAME ...]
--quick: the works of a few seconds each, below three minutes in all.
--write: record the ratios in benchmarks/results.tsv (and the page docs/explanation/speed.md), peers included.
--check: exit code 1 where a work costs more than 1.3 times its recorded ratio, in the best of three trials.

A ratio is CPU seconds of the work over CPU seconds of the loop just before and after it: a slow or busy machine slows
both. Peers are measured in the same run (`peers.py` installs those of PyPI in an environment of their own). Works on
real studies need ONCOURSE_TEST_DATA. Works: `works.py`, `works_large.py`.
"""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import works  # noqa: E402, F401
import works_large  # noqa: E402, F401
from measuring import WORKS, NotHere, Work, cpu, measured  # noqa: E402

RESULTS, PAGE = HERE / "results.tsv", HERE.parent / "docs" / "explanation" / "speed.md"
#: Loss against the recorded ratio that fails `--check`, and trials of a work before it does.
LOSS, TRIALS = 1.3, 3
SCHEMA = {
    "work": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "ratio": pl.Float64,
    "target": pl.String,
    "peer": pl.String,
    "peer_cpu_seconds": pl.Float64,
    "what": pl.String,
    "measured": pl.String,
}


def recorded() -> dict[str, float]:
    """Return name -> recorded ratio."""
    if not RESULTS.is_file():
        return {}
    table = pl.read_csv(RESULTS, separator="\t", schema=SCHEMA).drop_nulls("ratio")
    return dict(table.select("work", "ratio").iter_rows())


def row_of(name: str, job: Work, trials: int, enough: float, *, peers: bool) -> dict[str, Any]:
    """Measure one work, its peer with it; the best of the trials."""
    timed = job.prepare()
    value, ratio = measured(timed, trials, enough) if job.unit == "CPU s" else (float(timed()), None)
    beside = job.peer() if peers and job.peer else None
    when = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}"
    return {
        "work": name,
        "value": round(value, 3),
        "unit": job.unit,
        "ratio": None if ratio is None else round(ratio, 3),
        "target": job.target,
        "peer": job.peer_name,
        "peer_cpu_seconds": None if beside is None else round(beside, 3),
        "what": job.what,
        "measured": when,
    }


def write(rows: list[dict[str, Any]]) -> None:
    """Record the rows in the table, older rows of works not measured now stay; and write the page from it."""
    new = pl.DataFrame(rows, schema=SCHEMA)
    if RESULTS.is_file():
        old = pl.read_csv(RESULTS, separator="\t", schema=SCHEMA)
        new = pl.concat(
            [new, old.filter(~pl.col("work").is_in(new["work"].implode()), pl.col("work").is_in(list(WORKS)))]
        )
    order = {name: i for i, name in enumerate(WORKS)}
    new = new.sort(pl.col("work").replace_strict(order, default=len(order)))
    new.write_csv(RESULTS, separator="\t")
    lines = [
        "<!-- written by benchmarks/bench.py --write -->",
        "",
        "# How fast it is",
        "",
        "CPU seconds on one machine, and their ratio to a fixed loop of Python and numpy measured at the same time, by",
        "which machines are compared. `make bench` measures all and writes this page; `make bench-quick` fails where a",
        "work costs more than 1.3 times its recorded ratio. Targets are those of the plan, in CPU seconds of its machine;",
        "peers are measured in the same run.",
        "",
        "| work | measured | target | ratio to the loop | peer | when |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r['what']} | {r['value']:.2f} {r['unit']} | {r['target'] or ''} | {_number(r['ratio'])} "
            f"| {_peer(r)} | {r['measured']} |"
            for r in new.iter_rows(named=True)
        ),
    ]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _peer(row: dict[str, Any]) -> str:
    if row["peer_cpu_seconds"] is None:
        return row["peer"] or ""
    return f"{row['peer']}: {row['peer_cpu_seconds']:,.2f} CPU s, x {row['peer_cpu_seconds'] / row['value']:,.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--quick", "--write", "--check"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", nargs="+", default=[])
    asked = parser.parse_args()
    known, rows, lost = recorded(), [], []
    for name, job in WORKS.items():
        if (asked.quick and not job.quick) or (asked.only and name not in asked.only):
            continue
        limit = known.get(name, float("inf")) * LOSS if asked.check else 0.0
        try:
            row = row_of(name, job, TRIALS if asked.check else 1 + job.quick, limit, peers=asked.write)
        except NotHere as error:
            print(f"{name:18s} not measured: {error}", flush=True)
            continue
        beside = f"recorded {known[name]:.2f}" if name in known else "not recorded"
        ratio = f"ratio {row['ratio']:8.2f}  {beside}" if row["ratio"] is not None else f"target {job.target}"
        print(f"{name:18s} {row['value']:8.2f} {job.unit}  {ratio}", flush=True)
        if asked.check and row["ratio"] is not None and row["ratio"] > limit:
            lost.append(f"{name}: ratio {row['ratio']:.2f}, recorded {known[name]:.2f}")
        rows.append(row)
        if asked.write:  # at once: a bench that is stopped has recorded what it measured
            write(rows)
    if lost:
        sys.exit("slower than recorded by more than 30 %:\n  " + "\n  ".join(lost))
    print(f"{cpu():.0f} CPU s in all, with preparation")


if __name__ == "__main__":
    main()
