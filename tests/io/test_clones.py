"""Tables of other clonal evolution tools come back as they went out, and public files are read."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from oncourse.errors import InputError
from oncourse.evolution.clustering.types import Counts
from oncourse.io import clones

VARIANTS, SAMPLES = ["1:100:A:G", "2:200:C:T", "X:5:G:-"], ["P", "M"]


@pytest.fixture
def frame() -> pl.DataFrame:
    """Two samples, three variants; the third was not looked at in M."""
    one = np.ones((3, 2))
    counts = Counts(
        np.array([[30, 20], [5, 0], [9, 0]]),
        np.array([[100, 80], [90, 70], [60, 0]]),
        one * [0.6, 0.8],
        one * [2, 1],
        one * 1,
        one * 2,
        np.full(2, 1e-3),
    )
    return clones.counts_to_frame(counts, VARIANTS, SAMPLES)


def test_counts_survive_the_frame(frame):
    counts, variants, samples = clones.counts_from_frame(frame)
    assert variants == sorted(VARIANTS) and samples == ["M", "P"]
    assert counts.depth[variants.index("X:5:G:-")].tolist() == [0, 60]
    assert counts.alt_count[0].tolist() == [20, 30]
    assert counts.purity[2].tolist() == [0.8, 0.6]
    assert (
        clones.counts_to_frame(counts, variants, samples)
        .sort("variant_id", "sample_id")
        .equals(frame.sort("variant_id", "sample_id"))
    )


def test_a_variant_counted_twice_is_refused(frame):
    with pytest.raises(InputError, match="twice"):
        clones.counts_from_frame(pl.concat([frame, frame.head(1)]))


def test_pyclone_vi_round_trip_names_what_it_cannot_hold(frame, tmp_path):
    path = tmp_path / "in.tsv"
    assert clones.write_pyclone_vi(frame, path) == ["X:5:G:-"]
    back = clones.read_pyclone_vi(path)
    assert back.equals(frame.filter(pl.col("variant_id") != "X:5:G:-").sort("variant_id", "sample_id"))
    assert clones.write_pyclone_vi(frame, path, whole_variants_only=False) == []
    assert clones.read_pyclone_vi(path).height == 5


def test_pyclone_round_trip(frame, tmp_path):
    paths = clones.write_pyclone(frame, tmp_path)
    back = clones.read_pyclone({p.stem: p for p in paths}, {"P": 0.6, "M": 0.8})
    assert back.equals(frame.sort("variant_id", "sample_id"))


def test_missing_columns_are_named(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("mutation_id\tsample_id\na\tb\n")
    with pytest.raises(InputError, match="ref_counts, alt_counts"):
        clones.read_pyclone_vi(path)


def test_pyclone_result_round_trip(tmp_path):
    made = pl.DataFrame(
        {
            "variant_id": ["a", "b"],
            "sample_id": ["s", "s"],
            "cluster_id": ["1", None],
            "ccf": [0.5, 0.1],
            "ccf_sd": [0.01, 0.02],
            "p_cluster": [0.9, 0.8],
        },
        schema=clones.CLUSTERS_SCHEMA,
    )
    path = tmp_path / "r.tsv"
    clones.write_pyclone_clusters(made, path)
    assert clones.read_pyclone_clusters(path).equals(made.head(1))


def test_pairtree_files_hold_reads_clusters_and_expected_share(frame, tmp_path):
    ssm, params = tmp_path / "a.ssm", tmp_path / "a.params.json"
    clusters = pl.DataFrame({"variant_id": VARIANTS, "cluster_id": ["1", "1", None]})
    clones.write_pairtree(frame, clusters, ssm, params)
    meta = json.loads(params.read_text())
    assert meta == {"samples": ["M", "P"], "clusters": [["s0", "s1"]], "garbage": ["s2"]}
    counts, back = clones.read_pairtree(ssm, params)
    third = counts.filter(pl.col("variant_id") == "s2", pl.col("sample_id") == "M").row(0, named=True)
    assert (third["alt_count"], third["depth"]) == (0, 0)
    # P: purity .6, 3 copies: one mutated copy gives .6 / (.6 x 3 + .4 x 2) = .230769 of the reads
    first = counts.filter(pl.col("variant_id") == VARIANTS[0], pl.col("sample_id") == "P").row(0, named=True)
    assert first["purity"] == pytest.approx(2 * 0.230769, abs=1e-6)
    assert back["cluster_id"].to_list() == ["1", "1", None]


def test_conipher_round_trip(frame, tmp_path):
    path = tmp_path / "c.tsv"
    assert clones.write_conipher(frame, "P1", path) == []
    counts, clusters = clones.read_conipher(path)
    assert counts.equals(frame.sort("variant_id", "sample_id"))
    assert clusters["cluster_id"].null_count() == clusters.height


def test_conipher_s_ploidy_is_the_mean_of_the_copies_where_it_is_not_given(frame, tmp_path):
    written = frame.with_columns(major_cn=pl.Series([2.0, 1.0, 1.0] * 3)[: frame.height], minor_cn=pl.lit(1.0))
    assert clones.write_conipher(written, "P1", tmp_path / "c.tsv", {"M": 3.5}) == []
    back = pl.read_csv(tmp_path / "c.tsv", separator="\t", infer_schema=False)
    mean = written.group_by("sample_id").agg((pl.col("major_cn") + 1).mean().round(2))
    for sample, copies in mean.iter_rows():
        told = back.filter(pl.col("SAMPLE") == sample)["PLOIDY"].unique().to_list()
        assert [float(t) for t in told] == [3.5 if sample == "M" else copies]


def test_lichee_writes_half_the_cell_fraction(frame, tmp_path):
    path = tmp_path / "l.txt"
    assert clones.write_lichee(frame, path) == ["X:5:G:-"]
    back = clones.read_lichee(path)
    value = back.filter(pl.col("variant_id") == "1:100", pl.col("sample_id") == "P")["vaf"].item()
    # VAF .3 x copies 2.6 / purity .6 / 2 = .65, held at .5: more than one mutated copy
    assert value == 0.5
    assert set(back["sample_id"]) == {"Normal", "P", "M"}


def test_ascn_columns_say_clonal_subclonal_or_neither(tmp_path):
    variants = pl.DataFrame(
        {
            "sample_id": ["s"] * 3,
            "variant_id": VARIANTS,
            "ccf": [0.99, 0.3, 0.85],
            "ccf_high": [1.0, 0.4, 0.95],
            "multiplicity_mode": [2, 1, 1],
        }
    )
    made = clones.ascn_columns(variants)
    assert made["ASCN.CLONAL"].to_list() == ["CLONAL", "SUBCLONAL", "INDETERMINATE"]
    place = pl.DataFrame(
        {
            "Hugo_Symbol": ["G"] * 3,
            "Chromosome": ["1", "2", "X"],
            "Start_Position": [100, 200, 5],
            "Reference_Allele": ["A", "C", "G"],
            "Tumor_Seq_Allele2": ["G", "T", "-"],
            "Tumor_Sample_Barcode": ["s"] * 3,
        }
    )
    path = tmp_path / "data_mutations.txt"
    path.write_text(
        "#version 2.4\n"
        + pl.concat([place, made.drop("sample_id", "variant_id")], how="horizontal").write_csv(separator="\t")
    )
    back = clones.read_ascn(path)
    assert back["ccf"].to_list() == [0.99, 0.3, 0.85] and back["multiplicity"].to_list() == [2, 1, 1]


def test_public_files_are_read(shared_data):
    frame = clones.read_pyclone_vi(shared_data("evo-pyclonevi", "tracerx.tsv"))
    assert frame["sample_id"].n_unique() == 3 and frame["purity"].min() > 0
    counts, clusters = clones.read_conipher(shared_data("evo_conipher_toy", "input_table.tsv"))
    assert counts["variant_id"].n_unique() == 577 and clusters["ccf"].null_count() == 0
    folder = shared_data("evo-pairtree-real")
    counts, _ = clones.read_pairtree(folder / "SJBALL022613.ssm", folder / "SJBALL022613.nostruct.params.json")
    assert counts["sample_id"].n_unique() == 20
    vaf = clones.read_lichee(shared_data("evo-lichee", "ccRCC", "RK26.txt"))
    assert vaf["sample_id"].n_unique() == 12 and vaf["vaf"].is_between(0, 1).all()
