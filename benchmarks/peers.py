"""Peers from PyPI, in an environment of their own (`.venv-peers`, made at the first use), on the same arrays."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

PLACE = Path(__file__).resolve().parents[1] / ".venv-peers"
PACKAGES = ("scikit-survival", "lifelines", "pandas")

_COXNET = """
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.util import Surv
y = Surv.from_arrays(event, time)
start = process_time()
CoxnetSurvivalAnalysis(n_alphas=100, l1_ratio=1.0, alpha_min_ratio=0.01).fit(x, y)
"""
_LIFELINES = """
import pandas as pd
from lifelines import CoxPHFitter
frame = pd.DataFrame({"time": time, "event": event, "entry": entry})
start = process_time()
for j in range(x.shape[1]):
    CoxPHFitter().fit(frame.assign(x=x[:, j]), "time", "event", entry_col="entry")
"""


@functools.cache
def python() -> Path:
    """Return the interpreter of the peers' environment; made where it is missing."""
    found = PLACE / "bin" / "python"
    if not found.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
        subprocess.run([str(found), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return found


def _seconds(code: str, **arrays: Any) -> float:
    """CPU seconds between `start` of the code and its end, without imports, in the peers' environment."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "data.npz", **arrays)
        whole = (
            "import json, numpy as np\nfrom time import process_time\n"
            f"globals().update(np.load({str(Path(folder) / 'data.npz')!r}))\n{code}\n"
            "print(json.dumps(process_time() - start))"
        )
        done = subprocess.run([str(python()), "-W", "ignore", "-c", whole], capture_output=True, text=True, check=True)
        return float(json.loads(done.stdout.splitlines()[-1]))


def coxnet(time: Any, event: Any, x: Any) -> float:
    """scikit-survival's path of 100 penalties; it knows no delayed entry."""
    return _seconds(_COXNET, time=time, event=event, x=x)


def lifelines(time: Any, event: Any, x: Any, entry: Any) -> float:
    """One Cox model a column."""
    return _seconds(_LIFELINES, time=time, event=event, x=x, entry=entry)


def polars_reads(*files: Path) -> float:
    """CPU seconds in which polars reads tables and does no more, in a process of its own."""
    code = (
        "import json, polars as pl, sys\nfrom time import process_time\nstart = process_time()\n"
        "for f in sys.argv[1:]: pl.read_csv(f, separator='\\t', infer_schema=False)\n"
        "print(json.dumps(process_time() - start))"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, files)], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))
