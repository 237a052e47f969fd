"""The numbers of copy number on real exomes beside a plain count, written anew from the definitions of the papers.

57 samples of six patients with metastatic colorectal cancer (Hu 2019, Nat Genet 51:1113; TitanCNA segments).
"""

from __future__ import annotations

import polars as pl
import pytest

from oncourse.derive.genes.copy_profile import arm_table, profile_table, segment_states
from oncourse.derive.genes.copy_states import CopyNumberParams
from oncourse.genome.cytobands import arms, cytobands

MB = 1e6


def _joined(pieces):
    out = []
    for start, end, kind in pieces:
        if out and out[-1][2] == kind:
            out[-1][1] = end
        else:
            out.append([start, end, kind])
    return out


def _coarse(pieces, least):
    """Without pieces below so many bases: the smallest goes first, its neighbours are joined where they are alike."""
    runs = _joined(pieces)
    while small := [r for r in runs if r[1] - r[0] + 1 < least]:
        gone = min(small, key=lambda r: r[1] - r[0])
        runs = _joined([tuple(r) for r in runs if r is not gone])
    return runs


def _transitions(pieces):
    """Popova 2012: pieces below 3 Mb left out; then breaks between neighbours of 10 Mb and more."""
    runs = _coarse(pieces, 3 * MB)
    long = [r[1] - r[0] + 1 >= 10 * MB for r in runs]
    return sum(long[i] and long[i + 1] and runs[i + 1][0] - runs[i][1] < 3 * MB for i in range(len(runs) - 1))


def _scars(segments, centromere):
    """LOH above 15 Mb but not of a whole chromosome; regions of equal copies (1 Mb and more) with imbalance from a
    telomere, not over the centromere and not the whole chromosome; transitions."""
    lost = _joined([(s, e, minor == 0 and total > 0) for s, e, total, minor in segments])
    loh = 0 if len(lost) == 1 else sum(kind and e - s + 1 > 15 * MB for s, e, kind in lost)
    regions = _coarse([(s, e, (t, m)) for s, e, t, m in segments], MB)
    (first, last), uneven = (regions[0], regions[-1]), lambda r: r[2][0] != 2 * r[2][1]
    tai = len(regions) > 1 and (uneven(first) and first[1] < centromere) + (uneven(last) and last[0] >= centromere)
    left = [(s, min(e, centromere - 1), (t, m)) for s, e, t, m in segments if s < centromere]
    right = [(max(s, centromere), e, (t, m)) for s, e, t, m in segments if e >= centromere]
    return loh, tai, _transitions(left) + _transitions(right)


@pytest.fixture(scope="module")
def hu(shared_data, make_study):
    """The segments as read, and the study made of them."""
    raw = pl.read_csv(shared_data("crc_hu2019_multiregion", "CRC_HZ.seg.txt.gz"), separator="\t", infer_schema_length=0)
    rows = raw.select(
        "Patient_ID",
        sample_id="Tumor_Sample_Barcode",
        chrom="Chromosome",
        start=pl.col("Start_Position").cast(pl.Float64).cast(pl.Int64),
        end=pl.col("End_Position").cast(pl.Float64).cast(pl.Int64),
        total_cn=pl.col("CopyNumber").cast(pl.Float64),
        minor_cn=pl.col("Minor_CN").cast(pl.Float64, strict=False),
    ).filter(pl.col("chrom").is_in([str(n) for n in range(1, 23)]))
    owners = rows.select("sample_id", patient_id="Patient_ID").unique().sort("sample_id")
    study = make_study(
        config={"genome_build": "GRCh37"},
        patients=[{"patient_id": p} for p in owners["patient_id"].unique().sort()],
        samples=[row | {"material": "tissue"} for row in owners.to_dicts()],
        segments=rows.drop("Patient_ID").to_dicts(),
        calls=[],
    )
    return rows, study


def test_altered_share_loh_doubling_and_scars_of_real_exomes_equal_a_plain_count(hu):
    rows, study = hu
    ours = profile_table(segment_states(study, CopyNumberParams()), "GRCh37")
    long_arm = cytobands("GRCh37").filter(pl.col("arm").str.ends_with("q")).group_by("chrom").agg(pl.col("start").min())
    centromere = dict(long_arm.iter_rows())
    assert ours.height == 57
    for row in ours.iter_rows(named=True):
        mine = rows.filter(sample_id=row["sample_id"]).sort("chrom", "start")
        size, total, minor = mine["end"] - mine["start"] + 1, mine["total_cn"], mine["minor_cn"]
        ploidy = (size * total).sum() / size.sum()
        assert row["ploidy"] == pytest.approx(ploidy)
        assert row["fga"] == pytest.approx(size.filter(total != round(ploidy)).sum() / size.sum())
        assert row["loh_share"] == pytest.approx(size.filter((minor == 0) & (total > 0)).sum() / size.sum())
        assert row["is_doubled"] == (size.filter(total - minor >= 2).sum() > 0.5 * size.sum())
        scars = [
            _scars(list(part.select("start", "end", "total_cn", "minor_cn").iter_rows()), centromere[str(chrom)])
            for (chrom,), part in mine.group_by(["chrom"], maintain_order=True)
        ]
        assert (row["hrd_loh"], row["hrd_tai"], row["hrd_lst"]) == tuple(map(sum, zip(*scars, strict=True)))


def test_arms_of_real_exomes_equal_a_plain_count(hu):
    """Gain or loss: 80 % of the measured bases of the arm; ends of the arms: UCSC hg19 centromere bands."""
    rows, study = hu
    states, params = segment_states(study, CopyNumberParams()), CopyNumberParams()
    found = arm_table(states, "GRCh37", params)
    ends = {(c, a): (f, e) for c, a, f, e in arms("GRCh37").iter_rows()}
    ploidy = dict(profile_table(states, "GRCh37").select("sample_id", "ploidy").iter_rows())
    told = {(r["sample_id"], r["arm"]): r["call"] for r in found.iter_rows(named=True)}
    assert not {arm for _, arm in told} & {"13p", "14p", "15p", "21p", "22p"}
    for sample in sorted(ploidy)[::6]:
        mine = list(rows.filter(sample_id=sample).select("chrom", "start", "end", "total_cn").iter_rows())
        for (chrom, arm), (first, last) in ends.items():
            pieces = [
                (min(e, last) - max(s, first) + 1, t) for c, s, e, t in mine if c == chrom and s <= last and e >= first
            ]
            whole = sum(size for size, _ in pieces)
            if arm in ("13p", "14p", "15p", "21p", "22p") or 2 * whole < last - first + 1:
                assert (sample, arm) not in told
                continue
            gain = sum(size for size, t in pieces if t > round(ploidy[sample])) / whole
            loss = sum(size for size, t in pieces if t < round(ploidy[sample])) / whole
            rest = "neutral" if gain + loss <= 0.2 else "partial"
            assert told[sample, arm] == ("gain" if gain >= 0.8 else "loss" if loss >= 0.8 else rest)
