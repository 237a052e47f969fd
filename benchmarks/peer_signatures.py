"""Refit of mutational signatures beside SigProfilerAssignment, on the same simulated spectra.

Run: python benchmarks/peer_signatures.py MATRIX [--peer PYTHON] [--spectra 100] [--seed 2] [--only RECIPE:MUTATIONS ...]

MATRIX is a COSMIC table (Type, SBS1, ...), for example of the SigProfilerAssignment package; PYTHON an interpreter in
which that package is installed (an environment of its own; it is no dependency). The spectra have 50 to 5,000 mutations
and are made by `RECIPES`: several, as no one knows how tumours are mixed, and a method can be made for one mixture.
Printed per recipe and number of mutations: error (half the sum of differences of the shares), signatures that are not
there (number, and share of mutations given to them), signatures of 5 % and more that were missed; the difference of
the two errors with its 95 % interval by spectra; and in how many spectra one method has more signatures that are not
there than the other, with the exact two-sided chance of that if both were alike (sign test).

Rules were chosen on spectra of seeds 1 and 11, the numbers of the documentation are those of seed 2.

The peer's own function for one spectrum is asked with the arguments its `Analyzer.cosmic_fit` gives it; that front
answers the same (compared on spectra of 50 mutations) and spends some twenty seconds a spectrum on files.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oncourse.genome.signatures import ARTEFACTS, read_signatures
from oncourse.stats.exposures import fit_exposures
from oncourse.stats.rng import generator

Floats = NDArray[np.float64]
Recipe = Callable[[np.random.Generator, list[str]], dict[str, float]]
CLOCKS = ("SBS1", "SBS5")
#: Mutations of a spectrum, and how many spectra of each recipe for one of 50 mutations.
SIZES = {50: 1.0, 200: 0.6, 1000: 0.5, 5000: 0.4}
#: Candidates of colorectal and prostate cancer, of treatment and of lost repair.
COMMON = [
    "SBS2",
    "SBS13",
    "SBS3",
    "SBS6",
    "SBS15",
    "SBS10a",
    "SBS10b",
    "SBS17b",
    "SBS18",
    "SBS88",
    "SBS44",
    "SBS31",
    "SBS35",
    "SBS40a",
    "SBS37",
    "SBS41",
    "SBS11",
]
FLAT = ("SBS3", "SBS8", "SBS39", "SBS40a")
#: Tissues: signature, share of tumours that have it, median and standard deviation of log10 of its mutations; the
#: outlines of Alexandrov 2020 (from general knowledge), not its tables.
Tissue = tuple[tuple[str, float, float, float], ...]
CLOCK_1, CLOCK_5 = ("SBS1", 1.0, 1.0, 0.3), ("SBS5", 1.0, 1.1, 0.3)
APOBEC: Tissue = (("SBS2", 0.1, 0.4, 0.4), ("SBS13", 0.1, 0.4, 0.4))
COLON: Tissue = (
    CLOCK_1,
    CLOCK_5,
    *APOBEC,
    ("SBS18", 0.4, 0.5, 0.4),
    ("SBS88", 0.12, 0.6, 0.4),
    ("SBS40a", 0.3, 0.8, 0.3),
    ("SBS17b", 0.1, 0.4, 0.5),
)
PROSTATE: Tissue = (
    CLOCK_1,
    CLOCK_5,
    *APOBEC,
    ("SBS40a", 0.5, 1.1, 0.3),
    ("SBS18", 0.2, 0.4, 0.4),
    ("SBS3", 0.1, 1.3, 0.3),
    ("SBS37", 0.1, 0.6, 0.3),
    ("SBS41", 0.1, 0.5, 0.3),
)
UNSTABLE: Tissue = (
    ("SBS6", 0.5, 1.4, 0.3),
    ("SBS15", 0.5, 1.4, 0.3),
    ("SBS44", 0.7, 1.5, 0.3),
    ("SBS21", 0.2, 1.0, 0.3),
    ("SBS26", 0.3, 1.1, 0.3),
)
POLE: Tissue = (("SBS10a", 1.0, 2.2, 0.3), ("SBS10b", 1.0, 1.9, 0.3), ("SBS28", 0.8, 1.6, 0.3))
PLATINUM: Tissue = (("SBS31", 0.6, 0.9, 0.3), ("SBS35", 0.6, 0.9, 0.3))
#: Tissues of which not every tumour has the clocks.
OTHERS: tuple[Tissue, ...] = (
    (("SBS1", 0.9, 0.6, 0.3), ("SBS5", 0.9, 1.0, 0.3), ("SBS4", 0.9, 1.6, 0.4), ("SBS2", 0.6, 0.8, 0.4)),
    (("SBS5", 0.8, 0.8, 0.3), ("SBS7a", 0.9, 2.0, 0.4), ("SBS7b", 0.9, 1.7, 0.4), ("SBS7d", 0.5, 1.0, 0.4)),
    (("SBS1", 0.9, 0.7, 0.3), ("SBS2", 0.7, 0.8, 0.5), ("SBS13", 0.7, 0.8, 0.5), ("SBS3", 0.3, 1.3, 0.3)),
    (("SBS1", 0.8, 0.5, 0.3), ("SBS5", 1.0, 1.2, 0.3), ("SBS12", 0.6, 0.9, 0.4), ("SBS22a", 0.2, 1.6, 0.5)),
    (("SBS1", 0.9, 0.8, 0.3), ("SBS5", 0.9, 1.0, 0.3), ("SBS17a", 0.5, 0.9, 0.5), ("SBS17b", 0.5, 1.3, 0.5)),
    (("SBS1", 0.9, 0.5, 0.3), ("SBS5", 0.9, 1.0, 0.3), ("SBS40a", 0.9, 1.2, 0.3), ("SBS41", 0.3, 0.7, 0.3)),
)
PEER = """
import sys
import numpy as np
from SigProfilerAssignment import decompose_subroutines as sub, single_sample as ss
given = np.load(sys.argv[1])
weights, names = given["matrix"].T, [str(n) for n in given["names"]]
found = []
for counts in given["counts"]:
    usual = sub.get_indeces(names, ["SBS1", "SBS5"])
    first = np.array(ss.fit_signatures(weights, counts)[0])
    first = ss.remove_all_single_signatures(weights, first, counts, metric="l2", solver="nnls", cutoff=0.05,
                                            background_sigs=[])[0]
    found.append(ss.add_remove_signatures(
        weights, counts, metric="l2", solver="nnls", background_sigs=list(set(np.nonzero(first)[0]) | set(usual)),
        permanent_sigs=list(usual), candidate_sigs="all", allsigids=names, add_penalty=0.05, remove_penalty=0.01,
        check_rule_negatives=[], checkrule_penalty=1.0, connected_sigs=True, directory=sys.argv[1] + ".log")[1])
np.save(sys.argv[2], np.array(found))
"""


def _drawn(rng: np.random.Generator, signatures: list[str], spread: float) -> dict[str, float]:
    return dict(zip(signatures, rng.dirichlet(np.full(len(signatures), spread)), strict=True))


def common(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """The clocks and up to three signatures of colorectal and prostate cancer."""
    return _drawn(rng, [*CLOCKS, *rng.choice(COMMON, rng.integers(0, 4), replace=False)], 1.5)


def sparse(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """One to three of all signatures, artefacts apart; the clocks are not given."""
    real = [n for n in names if n not in ARTEFACTS]
    return _drawn(rng, list(rng.choice(real, rng.integers(1, 4), replace=False)), 1.0)


def dense(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """The clocks and three to six of all others."""
    real = [n for n in names if n not in ARTEFACTS and n not in CLOCKS]
    return _drawn(rng, [*CLOCKS, *rng.choice(real, rng.integers(3, 7), replace=False)], 1.0)


def flat(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """The clocks and one or two flat signatures."""
    return _drawn(rng, [*CLOCKS, *rng.choice(FLAT, rng.integers(1, 3), replace=False)], 1.0)


def _tumour(rng: np.random.Generator, tissue: Tissue) -> dict[str, float]:
    amounts: dict[str, float] = {}
    while not amounts:
        amounts = {name: 10 ** rng.normal(middle, sd) for name, often, middle, sd in tissue if rng.random() < often}
    return {name: amount / sum(amounts.values()) for name, amount in amounts.items()}


def colon(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """Colorectal tumours, 15 % of them unstable, 5 % without proofreading."""
    which = rng.random()
    return _tumour(rng, COLON + (UNSTABLE if which < 0.15 else POLE if which < 0.2 else ()))


def prostate(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """Prostate tumours, 3 in 10 after platinum, 5 % of them unstable."""
    which = rng.random()
    return _tumour(rng, PROSTATE + (PLATINUM if which < 0.3 else UNSTABLE if which < 0.35 else ()))


def tissues(rng: np.random.Generator, names: list[str]) -> dict[str, float]:
    """Tumours of other tissues, as the peer's own evaluation mixes several."""
    return _tumour(rng, OTHERS[rng.integers(len(OTHERS))])


RECIPES: tuple[Recipe, ...] = (common, sparse, dense, flat, colon, prostate, tissues)


def simulate(
    recipe: Recipe, names: list[str], matrix: Floats, n: int, spectra: int, seed: int
) -> tuple[Floats, Floats]:
    """Return true shares (spectrum, signature) and counts (spectrum, class)."""
    rng = generator(seed, f"signatures {recipe.__name__} {n}")
    shares = np.zeros((spectra, len(names)))
    for row in shares:
        for name, share in recipe(rng, names).items():
            row[names.index(name)] = share
    mean = shares @ matrix
    return shares, np.array([rng.multinomial(n, row / row.sum()) for row in mean], float)


def peer(python: str, counts: Floats, names: list[str], matrix: Floats) -> Floats:
    """Return the peer's shares."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/given.npz", counts=counts, names=np.array(names), matrix=matrix)
        subprocess.run([python, "-c", PEER, f"{folder}/given.npz", f"{folder}/found.npy"], check=True)
        found = np.load(f"{folder}/found.npy")
    shares: Floats = found / found.sum(1, keepdims=True)
    return shares


def errors(found: Floats, true: Floats) -> Floats:
    """Half the sum of differences of each spectrum."""
    return np.asarray(np.abs(found - true).sum(1) / 2)


def report(label: str, found: Floats, true: Floats) -> None:
    """Print one line."""
    absent, present = true == 0, true >= 0.05
    false, missed = (found > 0) & absent, (found == 0) & present
    given = np.where(absent, found, 0).sum(1).mean()
    print(
        f"  {label:<22} error {errors(found, true).mean():.3f}  false {false.sum(1).mean():.2f} (share {given:.3f})  "
        f"missed {missed.sum(1).mean():.2f}"
    )


def more_false(ours: Floats, theirs: Floats, true: Floats) -> str:
    """In how many spectra each method has more signatures that are not there, and the sign test of the two."""
    from scipy.stats import binomtest

    mine, other = (((found > 0) & (true == 0)).sum(1) for found in (ours, theirs))
    n_mine, n_other = int((mine > other).sum()), int((mine < other).sum())
    p = binomtest(n_mine, n_mine + n_other).pvalue if n_mine + n_other else 1.0
    return f"more here in {n_mine}, there in {n_other} of {len(true)} spectra, P = {p:.2g}"


def main() -> None:
    """Run all recipes and sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("matrix", type=Path)
    parser.add_argument("--peer")
    parser.add_argument("--spectra", type=int, default=100)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], metavar="RECIPE:MUTATIONS", help="with --spectra each")
    options = parser.parse_args()
    given = read_signatures(options.matrix)
    names, matrix = list(given.names), given.matrix
    usual = tuple(names.index(s) for s in CLOCKS)  # the peer has them in every spectrum too
    for recipe in RECIPES:
        for n, share in SIZES.items():
            if options.only and f"{recipe.__name__}:{n}" not in options.only:
                continue
            share = 1.0 if options.only else share
            true, counts = simulate(recipe, names, matrix, n, round(share * options.spectra), options.seed)
            print(f"{recipe.__name__}: {len(counts)} spectra of {n} mutations", flush=True)
            ours = np.array([fit_exposures(row, matrix, usual=usual).counts / n for row in counts])
            report("oncourse", ours, true)
            if options.peer:
                theirs = peer(options.peer, counts, names, matrix)
                report("SigProfilerAssignment", theirs, true)
                more = errors(ours, true) - errors(theirs, true)
                half = 1.96 * more.std(ddof=1) / np.sqrt(len(more))
                print(
                    f"  error less the peer's  {more.mean():+.3f} ({more.mean() - half:+.3f} to {more.mean() + half:+.3f})"
                )
                print(f"  false: {more_false(ours, theirs, true)}")


if __name__ == "__main__":
    main()
