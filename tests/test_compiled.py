"""The compiled loops do what their Python definitions say, and nothing is compiled at run time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from oncourse import compiled
from oncourse.derive.clinical._psa_kernel import decline
from oncourse.evolution._fast_math import fast_exp, fast_log
from oncourse.evolution._reads_kernels import (
    anchored,
    beta_binomial_into,
    fit_shares,
    levels_along,
    places_anchored,
    rising_into,
    tissue_reads,
)
from oncourse.evolution.presence_kernels import beta_binomial_sf, posterior_step
from oncourse.evolution.seeding._sample_tree_kernels import neighbour_joining
from oncourse.evolution.trees._enumerate_kernels import node_table
from oncourse.models.risk_sets import hazard_pass
from oncourse.stats._algebra import factor
from oncourse.stats._cox import cox_terms
from oncourse.stats._firth import fit_features
from oncourse.stats._fisher import fisher_tables
from oncourse.stats._scan import scan_binary


def _cox_data(n=40, p=2, seed=3):
    rng = np.random.default_rng(seed)
    time = np.round(rng.exponential(10, n), 1) + 0.1
    entry = np.where(rng.random(n) < 0.3, time * 0.4, -np.inf)
    by_exit, by_entry = np.argsort(-time, kind="stable"), np.argsort(-entry, kind="stable")
    return (
        by_exit,
        by_entry,
        np.array([0, n]),
        time,
        entry,
        rng.random(n) < 0.7,
        rng.normal(size=(n, p)),
        np.zeros(n),
        np.ones(n),
        rng.normal(size=p) * 0.3,
    )


def _cases():
    rng = np.random.default_rng(5)
    a, b, c, d = (rng.integers(0, 30, 20) for _ in range(4))
    yield fisher_tables, (a, b, c, d, 0.05, True)
    yield cox_terms, (*_cox_data(), True, True)
    yield factor, (np.array([[2.0, 0.5], [0.5, 1.0]]),)
    grid = np.arange(12)
    yield (
        scan_binary,
        (
            rng.integers(-1, 2, (6, 12)).astype(np.int8),
            np.zeros(12, np.int64),
            grid,
            rng.random(12) < 0.8,
            np.arange(12.0, 0, -1),
            np.ones(12),
            True,
            1,
            1.92,
            False,
        ),
    )
    yield (
        decline,
        (
            np.array([0, 3, 6]),
            np.arange(6) * 30,
            np.array([90, 40, 45, 60, 80, 20]),
            np.array([100, 100]),
            5000,
            21,
            True,
        ),
    )
    yield beta_binomial_sf, (3.0, 40.0, 0.1, 200.0)
    yield node_table, (rng.random((4, 3)), rng.random((4, 3)) * 0.01, 0.05, -1.0)
    distance = rng.random((6, 6))
    yield neighbour_joining, (distance + distance.T,)
    features = (rng.random((3, 40)) < 0.3).astype(float)
    yield (
        fit_features,
        (features, rng.normal(size=(2, 40)), (rng.random(40) < 0.4).astype(float), np.ones(40), 0.0, 1.92),
    )
    yield fast_exp, (-3.7,)
    yield fast_log, (0.0123,)


@pytest.mark.parametrize("loop, args", [pytest.param(*case, id=case[0].__name__) for case in _cases()])
def test_machine_code_equals_the_python_definition(loop, args):
    """1e-9: the order of sums and the C library's exp may differ, nothing else."""
    fast, slow = loop(*args), loop.__wrapped__(*args)
    pairs = zip(fast, slow, strict=True) if isinstance(slow, tuple) else [(fast, slow)]
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def _filled():
    """Loops of the reads that fill their last arguments, with arguments as `oncourse.evolution` gives them."""
    rng = np.random.default_rng(6)
    n, n_point = 5, 7
    alt, depth = rng.integers(0, 30, n).astype(float), np.full(n, 80.0)
    error, s, full = np.full(n, 1e-3), np.full(n, 200.0), rng.uniform(0.01, 0.95, (n, 7))
    steps = (np.arange(8) + 0.5) / 9
    alt[:2] = 2, 20
    places = rng.integers(1, 5, (n, 7)).astype(float), rng.integers(1, 5, (n, 7)).astype(float)
    share = rng.dirichlet(np.ones(7), (2, n))
    reads = alt, depth, error, s, full[:, 0].copy(), np.full(n, 2.0), *places, -rng.uniform(0, 20, n)
    yield tissue_reads, (*reads, steps, share, 0.8), [np.empty((n, 7)), np.empty((2, n)), np.empty((2, n))]
    links = np.array([0, 2, 2, 5]), np.array([0, 1, 4, 2, 0]), np.array([1, 0, 1, 1, 0], bool)
    told = -rng.uniform(0, 30, (n, 7)), -rng.uniform(0, 30, n)
    yield anchored, (*links, *told, -rng.uniform(0, 30, n), share[0, :3].copy()), [np.empty(3), np.empty(3)]
    yield places_anchored, (np.array([2, 0]), *links, *told, share[0, :3].copy()), [np.empty((2, 7))]
    yield beta_binomial_into, (alt, depth, full[:, 0].copy(), s), [np.empty(n)]
    yield rising_into, (s * full[:, 0], alt), [np.empty(n)]
    copies, mutated = rng.integers(1, 5, (n, 7)).astype(float), np.ones((n, 7))
    curves = rng.normal(-2, 1, n), rng.uniform(0.2, 1, (n, 2)), -rng.uniform(0, 20, (n, 2, 9))
    mass, weights = np.cumsum(rng.random((n, 2, 9)), axis=2), rng.random((2, n, 3, 7))
    weights[:, :, 1] = 0.0
    grid = np.geomspace(1e-3, 1, n_point)
    levels = grid, copies, mutated, np.full(n, 2.0), error, *curves, mass, 3.5, weights
    yield levels_along, levels, [np.zeros((2, n, 3, 3, 2, n_point))]
    value, is_kind = rng.random((n, 3, 3, 2, n_point)), rng.random((n, 3)) < 0.7
    prior, off = rng.uniform(0.5, 2, (3, 3)), np.full((n, 2), 0.01)
    fit = value, is_kind, np.full(n, 0.98), off, prior, 4
    yield fit_shares, fit, [np.empty((3, 3, 2, n_point)), np.empty((n, 2, n_point))]


@pytest.mark.parametrize("loop, args, out", [pytest.param(*case, id=case[0].__name__) for case in _filled()])
def test_machine_code_fills_what_the_python_definition_fills(loop, args, out):
    fast, slow = ([x.copy() for x in out] for _ in range(2))
    loop(*args, *fast)
    loop.__wrapped__(*args, *slow)
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_loop_that_fills_its_arguments_fills_them_in_any_layout():
    """Machine code takes C-contiguous arrays of one type; a transposed one is filled all the same."""
    like, power = np.full((3, 2), 0.5, np.float32), np.ones((3, 2), np.float32)
    group, own = np.zeros(3, np.int64), np.zeros(3, bool)
    plain, turned = np.zeros((3, 2), np.float32), np.zeros((2, 3), np.float32).T
    for out in (plain, turned):
        posterior_step(like, power, group, own, np.full((1, 2), 0.5), out, np.zeros((1, 2)))
    assert (plain == 0.5).all() and (turned == plain).all()


def test_the_number_of_arguments_and_axes_is_checked():
    with pytest.raises(TypeError, match="takes 1 arguments, not 0"):
        factor()
    with pytest.raises(TypeError, match="1 axes, not 2"):
        factor(np.ones(3))
    with pytest.raises(TypeError, match="Cannot cast"):  # reals are not cut to integers
        decline(np.array([0.0, 1.5]), *(np.zeros(1, np.int64),) * 3, 1, 1, True)


def test_every_door_has_machine_code():
    """A door that was forgotten in the build would silently run a hundred times slower."""
    assert compiled.uncompiled() == []
    for loop in (hazard_pass, scan_binary, node_table, fast_exp):
        assert hasattr(loop, "__wrapped__")


def test_changed_sources_are_not_run_as_older_machine_code(monkeypatch):
    """A loop that was edited and not built anew would give the numbers of the older one."""
    monkeypatch.setattr(compiled, "digest", lambda room: "newer")
    compiled.folder_of.cache_clear()
    try:
        assert compiled.uncompiled() == list(compiled.ROOMS)
    finally:
        compiled.folder_of.cache_clear()


def test_machine_code_for_other_processors_is_not_taken(monkeypatch):
    """A room that left `VECTORS` kept its code for AVX2, which kills a process on a machine without."""
    before = {room: compiled.digest(room) for room in ("presence", "stats")}
    monkeypatch.setattr(compiled, "VECTORS", ("clusters",))
    assert compiled.digest("presence") != before["presence"] and compiled.digest("stats") == before["stats"]


def test_a_processor_without_avx2_runs_the_definition_and_not_machine_code_that_would_kill_it(monkeypatch):
    monkeypatch.setattr(compiled, "has_vectors", lambda: False)
    assert compiled.uncompiled() == list(compiled.VECTORS)
    compiled._extension.cache_clear()
    compiled._warn_once.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="AVX2"):
            assert compiled._extension("clusters") is None
        assert compiled._extension("trees") is not None
    finally:
        compiled._extension.cache_clear()
        compiled._warn_once.cache_clear()


def test_no_compiler_is_loaded_at_run_time():
    """numba compiled 133 loops at first use: 164 s in every fresh container."""
    code = (
        "import sys, importlib; from oncourse.compiled import ROOMS\n"
        "[importlib.import_module('oncourse.' + m) for ms in ROOMS.values() for m in ms]\n"
        "print([m for m in ('numba', 'llvmlite') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
