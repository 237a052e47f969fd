"""What a report costs to open and to use in headless Chromium: ``python tools/measure_page.py RESULTS [RESULTS ...]``.

Prints a row per report: its size, what it costs to load, to open a section with its figures, to search, and to sort and
filter its largest table, first with one section open, then with everything open and drawn. Milliseconds of the page's
thread by the browser's own counters (script, style, layout, painting), so that other work on the machine does not
count; the median of several tries. Targets: load below 1 s and interaction below 100 ms for the demos; load below 3 s
and 5 MB for some two thousand patients.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from typing import Any

TRIES = 5
#: What a reader does -> JavaScript that does it and waits for the frames that show it.
DONE = """(async () => {{ {act};
  for (let k = 0; k < 2; k++) await new Promise(done => requestAnimationFrame(() => setTimeout(done))); }})()"""
LARGEST = """(() => {{ const all = [...document.querySelectorAll('details[data-table]')];
  const size = d => document.getElementById(d.dataset.table).textContent.length;
  return window.big = all.sort((a, b) => size(b) - size(a))[0]; }})().dataset.table"""
ACTS = {
    "open a section": "document.querySelectorAll('main details.more')[{i}].open = true",
    "search": "document.getElementById('q').value = 'TP{i}'; document.getElementById('q').dispatchEvent(new Event('input'))",
    "sort": "big.querySelectorAll('th button')[{i}].click()",
    "filter": "(b => {{ b.value = '{i}'; b.dispatchEvent(new Event('input')); }})(big.querySelector('input[type=search]'))",
}
OPEN_ALL = (
    "document.querySelectorAll('details').forEach(d => { d.open = true; }); await Promise.all("
    "[...document.querySelectorAll('figure[data-figure]')].map(oncourse.draw)"
    ".concat([...document.querySelectorAll('details[data-table]')].map(oncourse.openTable)))"
)


def browser() -> Any:
    path = Path(__file__).parents[1] / "tests" / "browser.py"
    spec = importlib.util.spec_from_file_location("browser", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spent(page: Any) -> float:
    """Return the milliseconds of processor that the page's thread has used."""
    metrics = {m["name"]: m["value"] for m in page.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["TaskDuration"])


def cost(page: Any, act: str) -> float:
    """Return the milliseconds that an act costs up to the frames that show it."""
    before = spent(page)
    page.run(DONE.format(act=act))
    return spent(page) - before


def measured(report: Path) -> dict[str, float]:
    """Return the milliseconds of each act, the median of several tries."""
    times: dict[str, list[float]] = {"load": []}
    with browser().Page(report) as page:
        page.send("Performance.enable", timeDomain="threadTicks")
        for _ in range(TRIES):
            page.go(report)
            page.run(DONE.format(act=""))
            times["load"].append(spent(page))
        page.run(LARGEST.format())
        page.run("(big.open = true, oncourse.openTable(big)).then(() => 1)")
        for name, act in ACTS.items():
            times[name] = [cost(page, act.format(i=i)) for i in range(TRIES)]
        times["open all"] = [cost(page, OPEN_ALL)]
        for name in ("sort", "filter"):
            times[f"{name}, all open"] = [cost(page, ACTS[name].format(i=i)) for i in range(TRIES)]
    return {name: statistics.median(found) for name, found in times.items()}


def main(folders: list[str]) -> None:
    for folder in folders:
        report = Path(folder) / "report.html"
        row = {name: f"{ms:.0f} ms" for name, ms in measured(report).items()}
        print(folder, f"{report.stat().st_size / 1e6:.2f} MB", *(f"{name} {ms}" for name, ms in row.items()), sep="; ")


if __name__ == "__main__":
    main(sys.argv[1:])
