"""Every compiled loop on the arguments of a real run: machine code as built against numba compiling for this processor.

    python benchmarks/bench_kernels.py [--patients 12] [--design crc]

needs numba beside oncourse. Of each door the call with the most work in a run of all analyses is kept; times are CPU
seconds, the least of five. Prints a table of tab-separated values.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def recorded(folder: Path, design: str, patients: int) -> dict[str, tuple]:
    """Run all analyses of a simulated study; return door -> arguments of its longest call."""
    from oncourse import compiled

    longest: dict[str, float] = {}
    kept: dict[str, tuple] = {}
    plain = compiled._door

    def door(function, types):
        loop = plain(function, types)
        name = f"{function.__module__}:{function.__name__}"

        def call(*args, **named):
            if named:
                args += tuple(named[n] for n in function.__code__.co_varnames[len(args) : loop_size])
            before = copy.deepcopy(args) if longest.get(name, 0.0) < 1.0 else args
            start = time.thread_time()
            out = loop(*args)
            took = time.thread_time() - start
            if took > longest.get(name, 0.0) and before is not args:
                longest[name], kept[name] = took, before
            return out

        loop_size = function.__code__.co_argcount
        call.__wrapped__ = function
        return call

    compiled._door = door
    from oncourse.cli.main import main

    for command in (
        ["simulate", str(folder / "study"), "--design", design, "--patients", str(patients)],
        ["run", str(folder / "study"), "--out", str(folder / "results")],
    ):
        try:
            main(command, standalone_mode=False)
        except SystemExit as end:
            if end.code:
                raise
    compiled._door = plain
    return kept


def timed(kept: dict[str, tuple], just_in_time: bool) -> dict[str, float]:
    """Return door -> least CPU seconds of one call."""
    from oncourse import compiled

    if just_in_time:
        sys.path.insert(0, str(Path(__file__).parents[1]))
        import build_loops
        import numba

        def build(function, door, options):
            if "bits" in options:
                return build_loops._BITS[options["bits"]]
            return numba.njit(nogil=True, **options)(function)

        compiled.builder = build
    return {name: least(name, args) for name, args in sorted(kept.items())}


def least(name: str, args: tuple) -> float:
    module, function = name.split(":")
    loop = getattr(importlib.import_module(module), function)
    loop(*copy.deepcopy(args))
    best, n = np.inf, 1
    while True:
        for _ in range(5):
            sets = [copy.deepcopy(args) for _ in range(n)]
            start = time.thread_time()
            for one in sets:
                loop(*one)
            best = min(best, (time.thread_time() - start) / n)
        if best * n > 0.002 or n >= 500:
            return best
        n = min(500, max(2 * n, int(0.004 / max(best, 1e-7))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--design", default="crc", choices=("crc", "mcrpc"))
    parser.add_argument("--time", nargs=2, metavar=("FILE", "HOW"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.time:
        file, how = options.time
        kept = pickle.loads(Path(file).read_bytes())
        Path(f"{file}.{how}").write_bytes(pickle.dumps(timed(kept, how == "jit")))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calls.pickle"
        file.write_bytes(pickle.dumps(recorded(Path(folder), options.design, options.patients)))
        for how in ("built", "jit"):
            subprocess.run([sys.executable, __file__, "--time", str(file), how], check=True)
        built, jit = (pickle.loads(Path(f"{file}.{how}").read_bytes()) for how in ("built", "jit"))
    print("loop\tbuilt_us\tnumba_us\tratio")
    for name in sorted(built):
        print(f"{name}\t{built[name] * 1e6:.1f}\t{jit[name] * 1e6:.1f}\t{built[name] / jit[name]:.2f}")


if __name__ == "__main__":
    main()
