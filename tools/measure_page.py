"""How fast a report opens and answers in headless Chromium: ``python tools/measure_page.py RESULTS [RESULTS ...]``.

Prints a row per report: its size, how long it takes to load (navigation to the load event), to open a section with its
figures, to search, and to sort and filter its largest table; milliseconds, the median of several tries. Targets: load
below 1 s and interaction below 100 ms for the demos; load below 3 s and 5 MB for some two thousand patients.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from typing import Any

TRIES = 5
LOADED = "(() => { const n = performance.getEntriesByType('navigation')[0]; return n.loadEventEnd - n.startTime; })()"
#: What a reader does -> JavaScript that does it and returns its milliseconds up to the next frame drawn.
TIMED = """(async () => {{ const start = performance.now(); {act};
  await new Promise(done => requestAnimationFrame(() => setTimeout(done))); return performance.now() - start; }})()"""
LARGEST = """(() => {{ const all = [...document.querySelectorAll('details[data-table]')];
  const size = d => document.getElementById(d.dataset.table).textContent.length;
  return window.big = all.sort((a, b) => size(b) - size(a))[0]; }})().dataset.table"""
ACTS = {
    "open a section": "document.querySelectorAll('main details.more')[{i}].open = true",
    "search": "document.getElementById('q').value = 'TP{i}'; document.getElementById('q').dispatchEvent(new Event('input'))",
    "sort": "big.querySelectorAll('th button')[{i}].click()",
    "filter": "(b => {{ b.value = '{i}'; b.dispatchEvent(new Event('input')); }})(big.querySelector('input[type=search]'))",
}


def browser() -> Any:
    path = Path(__file__).parents[1] / "tests" / "browser.py"
    spec = importlib.util.spec_from_file_location("browser", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(report: Path) -> dict[str, float]:
    """Return the milliseconds of each act, the median of several tries."""
    times: dict[str, list[float]] = {}
    with browser().Page(report) as page:
        for _ in range(TRIES):
            page.go(report)
            times.setdefault("load", []).append(page.run(LOADED))
        page.run(LARGEST.format())
        page.run("(big.open = true, oncourse.openTable(big)).then(() => 1)")
        for name, act in ACTS.items():
            times[name] = [page.run(TIMED.format(act=act.format(i=i))) for i in range(TRIES)]
    return {name: statistics.median(found) for name, found in times.items()}


def main(folders: list[str]) -> None:
    for folder in folders:
        report = Path(folder) / "report.html"
        row = {name: f"{ms:.0f} ms" for name, ms in measured(report).items()}
        print(folder, f"{report.stat().st_size / 1e6:.2f} MB", *(f"{name} {ms}" for name, ms in row.items()), sep="; ")


if __name__ == "__main__":
    main(sys.argv[1:])
