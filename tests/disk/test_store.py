"""The store of what was derived: the same bytes without it, cold, warm, half-filled and damaged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from oncourse.cohort import Cohort
from oncourse.derive.clones.clusters import clusters_frame, variants_frame
from oncourse.disk.pack import pack, unpack
from oncourse.disk.store import Store, entries

SETTINGS = {"evolution": {"average": False}}


def derived(study, store):
    """Bytes of the clones and trees of a study."""
    cohort = Cohort(study, SETTINGS, store=store)
    rows = list(pack(tuple(replace(p, clones=None, roles={}) for p in cohort.evolution)))
    return clusters_frame(cohort.clusters).write_csv() + variants_frame(cohort.clusters).write_csv(), rows


@pytest.fixture(scope="module")
def study(simulated_study):
    return simulated_study("crc")


def test_cold_warm_half_filled_and_damaged_give_the_bytes_of_no_store(study, tmp_path):
    plain = derived(study, None)
    cold = Store(tmp_path)
    assert derived(study, cold) == plain and cold.n_read == 0 and not cold.notes
    files = list(entries(tmp_path))
    assert len(files) == cold.n_made > 8
    warm = Store(tmp_path)
    assert derived(study, warm) == plain and (warm.n_made, warm.n_read) == (0, len(files))
    for file in files[::2]:
        file.unlink()
    half = Store(tmp_path)
    assert derived(study, half) == plain and half.n_made == len(files[::2]) and not half.notes
    hurt = bytearray(files[0].read_bytes())
    hurt[len(hurt) // 2] ^= 1
    files[0].write_bytes(hurt)
    files[1].write_bytes(b"")
    again = Store(tmp_path)
    assert derived(study, again) == plain and again.n_made == 2
    assert len(again.notes) == 2 and all("damaged and is made again" in note for note in again.notes)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_array_comes_back_as_it_lay_in_memory(axes):
    """A mean over another layout differs in the last digit: heterogeneity told 0.31304714922617 18 cold and 19 warm."""
    value = np.random.default_rng(1).random((4, 5, 6)).transpose(axes)
    back = unpack(iter(list(pack(value))))
    assert np.array_equal(back, value) and back.strides == value.strides
    assert np.array_equal(unpack(iter(list(pack(value[:, ::2])))), value[:, ::2])


def test_what_is_read_lies_in_memory_as_what_was_derived(study, tmp_path):
    def layouts(store):
        clones = Cohort(study, SETTINGS, store=store).clusters.patients.values()
        return [getattr(p.clustering, n).strides for p in clones for n in ("assignment", "posterior", "p_lost")]

    assert layouts(Store(tmp_path)) == layouts(Store(tmp_path)) == layouts(None)


def test_one_patient_more_costs_one_patient(study, tmp_path):
    """Clusters and tree of the new one; of seven others one may have a purity estimate on the edge of its last
    digit."""
    ids = study["patients"]["patient_id"].to_list()
    derived(study.select(patients=ids[:-1]), Store(tmp_path))
    more = Store(tmp_path)
    assert derived(study, more) == derived(study, None)
    assert more.n_made <= 4 and more.n_made + more.n_read >= 2 * len(ids) - 2


def test_heterogeneity_is_read_of_all_patients_but_the_new_one(study, tmp_path):
    ids = study["patients"]["patient_id"].to_list()
    given = {**SETTINGS, "heterogeneity": {"common_depth": 100, "n_draw": 20}}

    def measured(part, store):
        return Cohort(part, given, store=store).heterogeneity.rows

    plain, warm = measured(study, None), Store(tmp_path)
    measured(study.select(patients=ids[:-1]), Store(tmp_path))
    assert measured(study, warm).equals(plain)
    n = plain["patient_id"].n_unique()
    # one purity of seven may be on its last digit's edge
    assert warm.n_made <= 4 and warm.n_made + warm.n_read == 2 * n
    again = Store(tmp_path)
    assert measured(study, again).equals(plain) and again.n_made == 0


def test_settings_and_counts_are_part_of_the_name(study, tmp_path):
    store = Store(tmp_path)
    for inputs in ((1, np.arange(3)), (1, np.arange(4)), (1.0, np.arange(3)), ("1", np.arange(3))):
        store.remember("test", inputs, ("disk",), lambda: 0)
    assert store.n_made == 4
    store.remember("test", (1, np.arange(3)), ("disk", "stats"), lambda: 0)
    assert store.n_made == 5  # other code


def test_two_runs_at_once_share_a_folder(tmp_path):
    def one(_):
        store = Store(tmp_path)
        return [store.remember("test", k, ("disk",), lambda k=k: np.full(1000, k)).sum() for k in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert set(map(tuple, pool.map(one, range(4)))) == {tuple(1000 * k for k in range(20))}
    assert len(list(entries(tmp_path))) == 20


def test_a_folder_that_cannot_be_written_is_told_and_the_value_still_made(tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    store = Store(tmp_path / "cache")
    assert [store.remember("test", k, ("disk",), lambda: 7) for k in (1, 2)] == [7, 7]
    assert len(store.notes) == 1 and "nothing more is kept" in store.notes[0]


def test_what_is_no_plain_data_is_refused():
    for value in (object(), np.array([object()])):
        with pytest.raises(TypeError, match="no plain data"):
            list(pack(value))
    for rows in ([("dataclass", [0], b"os:path")], [("exec", [], b"1")]):
        with pytest.raises(ValueError, match=r"no dataclass of oncourse|unknown kind"):
            unpack(iter(rows))


def test_packed_values_come_back_as_they_were():
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    plain = (True, 2, -0.0, float("inf"), None, "\u00e4", frozenset("ab"))
    value = {"t": plain, "l": [np.float64(1.5), np.int64(3)], "f": frame}
    back = unpack(iter(list(pack(value))))
    assert back["f"].equals(frame) and back["t"] == plain and type(back["l"][0]) is np.float64
    assert list(pack(back)) == list(pack(value))


def test_shares_of_an_array_job_are_what_a_run_reads(study, tmp_path):
    """`derive --shard 1/2` and `2/2` into one cache; the clones of the run are then all read."""
    from oncourse.cli.main import cli
    from oncourse.io.native import write_study

    write_study(tmp_path / "study", study.tables, study.config)
    cache = ["--cache", str(tmp_path / "cache")]
    command = ["derive", str(tmp_path / "study"), "--set", "evolution.average=false", *cache]
    for share in ("1/2", "2/2"):
        done = CliRunner().invoke(cli, [*command, "--shard", share])
        assert done.exit_code == 0, done.output
    from oncourse.io import load_study

    store = Store(tmp_path / "cache")
    _ = Cohort(load_study(tmp_path / "study"), SETTINGS, store=store).evolution
    assert store.n_made == 0 and store.n_read > 8
    told = CliRunner().invoke(cli, ["cache", "--info", *cache]).output
    assert f"{store.n_read} entries kept" in told and "clusters:" in told
    (tmp_path / "cache" / "clusters" / "notes.txt").write_text("mine")
    assert "removed" in CliRunner().invoke(cli, ["cache", "--clear", *cache]).output
    assert not list(entries(tmp_path / "cache")) and (tmp_path / "cache" / "clusters" / "notes.txt").exists()
    bad = CliRunner().invoke(cli, [*command, "--shard", "3/2"])
    assert bad.exit_code == 2 and "expected I/N" in bad.output
