"""Whose sample is it: a swap with its partner named, a duplicate, contamination with its share and source (issue 14,
9)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.studies import study

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.derive.concordance.identity import MIN_SHARED, _met, identity_notes, identity_table
from oncourse.derive.concordance.persons import person_pairs
from oncourse.stats.rng import generator


def made(swap=(), foreign=(), n=6, own=12):
    """Patients with 12 passengers each, in primary and metastasis alike at VAF .3, and KRAS G12D in all of them.

    swap : two patients whose metastases changed places; foreign : (sample, patient, VAF): that patient's variants in
    it; with a number behind it, only so many.
    """
    kras = "12:25398284:C:T"
    variants = [{"variant_id": kras, "gene": "KRAS", "hgvs_p": "p.G12D", "consequence": "missense"}]
    calls, samples, lesions = [], [], []
    of = {p: [f"{p % 20 + 1}:{1000 * p + 10 * k}:A:T" for k in range(own)] for p in range(n)}
    variants += [{"variant_id": v, "gene": "TTN", "consequence": "missense"} for p in of for v in of[p]]
    for p in range(n):
        for role in ("primary", "metastasis"):
            sample, tumour = f"X{p}-{role[0].upper()}", p
            if role == "metastasis" and p in swap:
                tumour = swap[1 - swap.index(p)]
            lesions.append({"lesion_id": f"{sample}-l", "patient_id": f"X{p}", "role": role, "site": "colon"})
            samples.append(
                {
                    "sample_id": sample,
                    "patient_id": f"X{p}",
                    "material": "tissue",
                    "lesion_id": f"{sample}-l",
                    "purity": 0.6,
                    "assay_id": "E",
                }
            )
            calls += [
                {"sample_id": sample, "variant_id": v, "alt_count": 60, "depth": 200} for v in [kras, *of[tumour]]
            ]
            calls += [
                {"sample_id": s, "variant_id": v, "alt_count": round(200 * vaf), "depth": 200}
                for s, source, vaf, *some in foreign
                if s == sample
                for v in of[source][slice(*some or (None,))]
            ]
    return study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": f"X{p}"} for p in range(n)],
        samples=samples,
        calls=calls,
        variants=variants,
        lesions=lesions,
        assays=[{"assay_id": "E", "kind": "wes", "callable_mb": 30.0}],
    )


def test_a_clean_study_has_no_findings_though_all_share_a_hotspot():
    assert identity_table(made()).is_empty()


def test_a_swap_is_found_with_its_partner():
    table = identity_table(made(swap=(3, 4)))
    fits = {
        (r["sample_id"], r["other_sample_id"]) for r in table.iter_rows(named=True) if r["finding"] == "same tumour"
    }
    assert fits == {("X3-M", "X4-P"), ("X4-P", "X3-M"), ("X4-M", "X3-P"), ("X3-P", "X4-M")}
    assert not table["fits_own"].any()
    notes = identity_notes(table)
    assert len(notes) == 2 and "X3-M (patient X3) fits X4-P (patient X4): 12 of its 12 rare variants" in " ".join(notes)


def unlike(swap=(), n=8, trunk=12, private=20, low=0.3):
    """Patients whose primary and metastasis share 12 of 32 passengers; metastases at a VAF of `low`, primaries at .3.

    swap : two patients whose metastases changed places.
    """
    calls, samples, lesions, variants = [], [], [], set()
    for p in range(n):
        for role in ("primary", "metastasis"):
            sample, met = f"X{p}-{role[0].upper()}", role == "metastasis"
            tumour = swap[1 - swap.index(p)] if met and p in swap else p
            own = range(100, 100 + private) if met else range(200, 200 + private)
            places = [f"{tumour % 20 + 1}:{10000 * tumour + 10 * k + 5000}:A:T" for k in (*range(trunk), *own)]
            variants |= set(places)
            lesions.append({"lesion_id": f"{sample}-l", "patient_id": f"X{p}", "role": role, "site": "colon"})
            samples.append(
                {"sample_id": sample, "patient_id": f"X{p}", "material": "tissue", "lesion_id": f"{sample}-l"}
            )
            alt = round(200 * (low if met else 0.3))
            calls += [{"sample_id": sample, "variant_id": v, "alt_count": alt, "depth": 200} for v in places]
    return study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": f"X{p}"} for p in range(n)],
        samples=samples,
        calls=calls,
        variants=[{"variant_id": v, "gene": "TTN", "consequence": "missense"} for v in sorted(variants)],
        lesions=lesions,
    )


@pytest.mark.parametrize(("trunk", "low"), [(12, 0.3), (12, 0.2), (25, 0.1)])
def test_a_swap_of_lesions_that_share_less_than_half_or_differ_in_purity_is_found(trunk, low):
    """Of 30 simulated studies with a swap 6 said nothing of it, or called it contamination: the trunk was less than
    half of what a lesion holds, or the purity of one a third of the other's. A sample without anything of its own
    patient's others is no contaminated one."""
    assert identity_table(unlike(trunk=trunk, low=low)).is_empty()
    table = identity_table(unlike(swap=(3, 4), trunk=trunk, low=low))
    told = {(r["sample_id"], r["finding"], r["other_sample_id"]) for r in table.iter_rows(named=True)}
    pairs = (("X3-M", "X4-P"), ("X4-M", "X3-P"))
    assert told == {(a, "same tumour", b) for one, two in pairs for a, b in ((one, two), (two, one))}
    assert not table["fits_own"].any()


def test_contamination_has_its_share_and_source():
    """21 foreign variants at 8 % were counted as private to a metastasis, and nothing was said."""
    table = identity_table(made(foreign=[("X1-M", 2, 0.03)]))
    rows = table.filter(sample_id="X1-M", finding="contaminated")
    assert set(rows["other_patient_id"]) == {"X2"} and rows["n_shared"].to_list() == [12, 12]
    assert rows["share"].to_list() == [0.1, 0.1]  # 3 % of reads where the source has 30 %
    assert table.filter(pl.col("sample_id") != "X1-M").is_empty()
    assert "X1-M (patient X1) holds 12 rare variants of X2-" in identity_notes(table)[0]
    assert "at 10 % of their level there: contamination" in identity_notes(table)[0]


def test_a_few_of_many_variants_at_half_their_level_are_no_contamination():
    """crc_hu2019: 6 rare variants of V402_BM_4 are among the 100 of V953_BM_4, at .46 of their level; had it held so
    much of that sample, nearly all would stand there. It was set apart of every answer."""
    assert identity_table(made(foreign=[("X1-M", 2, 0.14, 6)], n=40, own=60)).is_empty()
    assert not identity_table(made(foreign=[("X1-M", 2, 0.14)], n=40, own=60)).is_empty()


def of_persons(swap=(), n=8, sites=60, seed=2, least=0, other="normal", origin=None):
    """A normal and a tumour per patient, counted at 60 germline sites; tumours have lost an allele at a tenth.

    swap : two patients whose tumours changed places; least : rows with fewer reads of the variant are not there; other,
    origin : material of the first sample, and what calls say of theirs.
    """
    random = generator(seed, "persons")
    frequency = random.uniform(0.1, 0.5, sites)
    person = random.binomial(2, frequency, (n, sites))
    samples, calls = [], []
    for p in range(n):
        for first, material in ((True, other), (False, "tissue")):
            who = swap[1 - swap.index(p)] if not first and p in swap else p
            copies = person[who] / 2
            if not first:
                lost = random.random(sites) < 0.1
                copies = np.where(lost & (person[who] == 1), 0.95, copies)
            sample = f"X{p}-{'n' if first else 't'}"
            samples.append({"sample_id": sample, "patient_id": f"X{p}", "material": material})
            alt = random.binomial(80, copies * 0.98 + 0.005)
            calls += [
                {
                    "sample_id": sample,
                    "variant_id": f"1:{1000 * k + 1}:A:G",
                    "alt_count": int(a),
                    "depth": 80,
                    "origin": origin,
                }
                for k, a in enumerate(alt)
                if a >= least
            ]
    return study(
        {"genome_build": "GRCh37"},
        patients=[{"patient_id": f"X{p}"} for p in range(n)],
        samples=samples,
        calls=calls,
        variants=[{"variant_id": f"1:{1000 * k + 1}:A:G", "gene": "TTN"} for k in range(sites)],
    )


def test_germline_sites_tell_a_swap_and_its_partner():
    """Tumours that share no passenger with anybody were never asked whose they are."""
    assert person_pairs(of_persons()).is_empty()
    table = identity_table(of_persons(swap=(1, 2)))
    found = {(r["sample_id"], r["other_sample_id"], r["finding"]) for r in table.iter_rows(named=True)}
    assert found == {
        (a, b, word)
        for pair, word in (
            (("X1-n", "X1-t"), "another person"),
            (("X2-n", "X2-t"), "another person"),
            (("X1-t", "X2-n"), "same person"),
            (("X2-t", "X1-n"), "same person"),
        )
        for a, b in (pair, pair[::-1])
    }
    notes = " ".join(identity_notes(table))
    assert "X1-n and X1-t (both patient X1) are of two persons" in notes
    assert "(patient X2) are of one person" in notes


def test_without_a_normal_a_site_is_germline_where_a_call_says_so():
    """Two tumours of each patient, those of X3 and X4 exchanged; where no call says so, nothing is known of any site."""
    told = person_pairs(of_persons((3, 4), other="tissue", origin="germline"))
    assert set(told["sample_id"]) == {"X3-n", "X3-t", "X4-n", "X4-t"}
    assert person_pairs(of_persons((3, 4), other="tissue")).is_empty()


def test_every_germline_site_counted_in_both_samples_is_told_with_those_alike():
    """All samples are counted at all sites: those some normal has in a quarter of its reads are judged in each pair."""
    made = of_persons(swap=(1, 2))
    calls = made["calls"].filter(pl.col("depth") == 80)
    carried = calls.filter(pl.col("sample_id").str.ends_with("n") & (pl.col("alt_count") >= 20))
    pairs = person_pairs(made)
    assert pairs.height and set(pairs["n_rare"]) == {carried["variant_id"].n_unique()}
    same = (pl.col("n_shared") / pl.col("n_rare")).alias("alike")
    alike = dict(pairs.group_by("finding").agg(same.mean()).rows())
    assert alike["same person"] > 0.85 > 0.65 > alike["another person"] > 0.2


def test_lists_of_called_germline_variants_prove_no_person():
    """Where nobody looked at what a sample does not have, two lists agree wherever both have a call."""
    assert person_pairs(of_persons(swap=(1, 2), least=16)).is_empty()


def test_the_overview_names_them_and_swapped_pairs_leave_the_headline_with_the_answer_beside():
    cohort = Cohort(made(swap=(3, 4)))
    overview = registry()["overview"].run(cohort)
    assert any("One tumour under two names" in note for note in overview.notes)
    assert overview.estimate("samples_in_doubt").value == 4
    assert overview.headline.light == "uncertain"
    assert "4 may be another patient's or hold another's DNA: they are left out of the answers" in overview.answer
    assert "left out" not in registry()["overview"].run(Cohort(made())).answer
    foreign = registry()["overview"].run(Cohort(made(foreign=[("X1-M", 2, 0.03)])))
    assert foreign.estimate("samples_in_doubt").value == 1
    assert overview.table("identity").height == 4
    result = registry()["concordance"].run(cohort)
    clean = registry()["concordance"].run(Cohort(made()))
    key = "shared_fraction_assessable.primary_v_metastasis"
    assert result.estimate(f"{key}_kept").value == clean.estimate(key).value == 1.0
    assert result.estimate(key).value < 0.9
    assert "Left out: 2 patients whose two samples are of two tumours" in result.answer
    assert "with them it would be" in result.answer and "Left out" not in clean.answer
    out = result.people.filter(question="primary v metastasis: of one tumour", is_in=False)
    assert dict(out.select("patient_id", "reason").rows()) == dict.fromkeys(
        ["X3", "X4"], "the two samples are of two tumours"
    )


def test_meetings_of_samples_are_those_counted_one_by_one():
    """Plain slow definition beside the one by numbers: common variants of two samples of different patients."""
    rng = generator(5, "meetings")
    owner = {f"S{i}": f"P{i // 2}" for i in range(12)}
    held = {s: sorted({f"1:{v}:A:T" for v in rng.integers(1, 30, 8)}) for s in owner}
    rows = [{"sample_id": s, "patient_id": owner[s], "variant_id": v, "vaf": 0.1} for s in owner for v in held[s]]
    numbers = [pl.col(c + "_id").rank("dense").alias(c) for c in ("sample", "variant")]
    both, met = _met(pl.DataFrame(rows).with_columns(numbers))
    common = {(a, b): set(held[a]) & set(held[b]) for a in owner for b in owner if owner[a] != owner[b]}
    assert met == sum(map(len, common.values()))
    found = {(a, b, v) for a, b, v in both.select("sample_id", "other_sample_id", "variant_id").iter_rows()}
    assert found == {(a, b, v) for (a, b), vs in common.items() if len(vs) >= MIN_SHARED for v in vs}
    assert {(owner[a], owner[b]) for a, b, _ in found} == set(both.select("patient_id", "other_patient_id").rows())
