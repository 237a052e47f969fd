"""Whose sample is it: rare variants that samples of different patients have in common - swaps, duplicates,
contamination - with what germline sites tell of persons, and reads at uncalled sites of foreign DNA."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from oncourse.derive.concordance.foreign import foreign_reads
from oncourse.derive.concordance.persons import person_pairs
from oncourse.derive.concordance.relatedness import HOTSPOT_FREQUENCY, change_expr
from oncourse.derive.genes.calls import NUMBERS, numbered_calls
from oncourse.study.model import Study

#: Fewest rare variants in common from which two samples are looked at.
MIN_SHARED = 3
#: Share of the rare variants of both from which two samples are of one tumour: at like levels, and whatever the levels.
SAME_TUMOUR, SAME_AT_ANY_LEVEL = 0.5, 0.8
#: Share of the rare variants of both from which a sample that has nothing of its own patient's other samples is of the
#: other tumour, at like levels: the lesions of one tumour may share less than half (our choice).
SAME_WITHOUT_OWN = 0.2
#: Foreign variants at most this fraction of their level in the source are contamination, not a tumour of its own.
CONTAMINATION = 0.5
#: Chance, over all pairs of samples of the study, that two tumours share so many by recurrence alone, from which on it
#: is no contamination: two hypermutated tumours meet at dozens of sites (our choice).
BY_CHANCE = 0.001
#: Least share of the source's variants that a sample must show of those its contamination would lift to the level at
#: which the shared ones stand: foreign DNA brings all of them, recurrence a few (our choice).
COMPLETE = 0.5
#: Places of a first guess at recurrence: the bases of an exome.
EXOME_BASES = 3e7
IDENTITY_COLUMNS: tuple[tuple[str, Any, str], ...] = (
    ("sample_id", pl.String, "the sample"),
    ("patient_id", pl.String, "the patient it is said to be of"),
    (
        "finding",
        pl.String,
        "same tumour: it and the other sample are of one; contaminated: it holds some of the other, by called variants; "
        "foreign reads: it does by reads at sites that its patient does not have; by germline sites: "
        "same person, or another person than the other sample of its patient",
    ),
    (
        "other_sample_id",
        pl.String,
        "a sample of another patient (another person: of the same); null: foreign reads that fit none of the study",
    ),
    ("other_patient_id", pl.String, "that patient"),
    (
        "n_shared",
        pl.Int64,
        "rare variants in both: carried by no third patient, and no hotspots; of persons: germline sites that agree; of "
        "foreign reads: sites with more reads than errors explain",
    ),
    (
        "n_rare",
        pl.Int64,
        "rare variants of the sample; of persons: germline sites judged in both; of foreign reads: sites of the other "
        "sample, germline or not, that its own patient does not have",
    ),
    (
        "fits_own",
        pl.Boolean,
        "whether it also has rare variants of its own patient's other samples; null = there are none",
    ),
    (
        "share",
        pl.Float64,
        "contaminated, foreign reads: share of the other sample in it, from the levels of the variants",
    ),
)
#: What is said of two samples by their germline sites.
PERSONS = {
    "same person": "{sample_id} (patient {patient_id}) and {other_sample_id} (patient {other_patient_id}) are of one "
    "person: {n_shared} of {n_rare} germline sites agree. A swap, or one person under two names.",
    "another person": "{sample_id} and {other_sample_id} (both patient {patient_id}) are of two persons: {n_shared} of "
    "{n_rare} germline sites agree.",
}
SCHEMA = {name: dtype for name, dtype, _ in IDENTITY_COLUMNS}
#: Findings of a sample that holds some of another.
HOLDS = ("contaminated", "foreign reads")
_PAIR = ["sample_id", "other_sample_id"]


def identity_table(study: Study, calls: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `IDENTITY_COLUMNS`: what private passengers tell of tumours, germline sites of persons, and reads at sites
    that a patient does not have of foreign DNA (where the other two do not tell of the pair of patients already).

    calls : the called somatic variants (`oncourse.derive.genes.calls.numbered_calls`) where they are derived already
    """
    tables = [_by_tumour(study, numbered_calls(study) if calls is None else calls), person_pairs(study)]
    told = pl.concat([table.select("sample_id", "other_patient_id") for table in tables])
    tables.append(foreign_reads(study).join(told, on=["sample_id", "other_patient_id"], how="anti"))
    return (
        pl.concat(tables, how="diagonal")
        .select(pl.col(n).cast(t) for n, t in SCHEMA.items())
        .sort("sample_id", "n_shared", "other_sample_id", descending=[False, True, False])
    )


def _by_tumour(study: Study, calls: pl.DataFrame) -> pl.DataFrame:
    """Return `IDENTITY_COLUMNS`, a row per sample and sample of another patient that share what only they have.

    Private passengers are as good as a fingerprint: the chance that two tumours meet in three of them is nil, so a pair
    that does is one tumour under two names (a swap, a duplicate), or one sample holds some of the other.
    """
    seen = _rare_calls(study, calls)
    if seen.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    own = seen.group_by("sample").agg(pl.col("sample_id").first(), n_rare=pl.len().cast(pl.Int64)).drop("sample")
    both, met = _met(seen)
    keys = ["sample_id", "patient_id", "other_sample_id", "other_patient_id"]
    pairs = both.group_by(keys).agg(
        n_shared=pl.len().cast(pl.Int64), share=(pl.col("vaf") / pl.col("other_vaf")).median()
    )
    pairs = pairs.join(own, on="sample_id").join(
        own.rename({"sample_id": "other_sample_id", "n_rare": "other_rare"}), on="other_sample_id"
    )
    pairs = pairs.with_columns(by_chance=_by_chance(pairs, own, met)).join(_kin(seen), on="sample_id", how="left")
    alone = pairs.select(_PAIR[0], is_alone=pl.col("fits_own").eq(False).fill_null(False)).unique()
    other_alone = alone.rename({"sample_id": "other_sample_id", "is_alone": "is_other_alone"})
    pairs = pairs.join(alone, on="sample_id").join(other_alone, on="other_sample_id")
    of_each = pl.col("n_shared") / pl.max_horizontal("n_rare", "other_rare")
    alike = pl.col("share").is_between(CONTAMINATION, 1 / CONTAMINATION) | pl.col("share").is_null()
    of_both = ((of_each >= SAME_TUMOUR) & alike) | (of_each >= SAME_AT_ANY_LEVEL)
    unlike_own = (pl.col("is_alone") | pl.col("is_other_alone")) & (pl.col("by_chance") < BY_CHANCE)
    # purities set the levels apart, as contamination does; but that leaves a sample its own tumour
    of_both |= unlike_own & (((of_each >= SAME_WITHOUT_OWN) & alike) | (of_each >= SAME_TUMOUR))
    holds = ~of_both & (pl.col("share") <= CONTAMINATION) & (pl.col("by_chance") < BY_CHANCE)
    finding = pl.when(of_both).then(pl.lit("same tumour")).when(holds).then(pl.lit("contaminated"))
    told = pairs.with_columns(finding=finding).drop_nulls("finding")
    held = told.filter(finding="contaminated").join(_shown(told, both, seen), on=_PAIR, how="left")
    partial = held.filter(pl.col("shown") < COMPLETE)
    told = told.join(partial, on=_PAIR, how="anti")
    return told.with_columns(share=pl.when(pl.col("finding") == "contaminated").then("share")).select(
        pl.col(n).cast(t) for n, t in SCHEMA.items()
    )


def _met(seen: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rare variants that two samples of different patients have in common, a row each, of the pairs with at least
    `MIN_SHARED`; and how many there are of all pairs.

    Samples and variants are numbers while pairs are counted: the tumours of a registry meet millions of times.
    """
    number = seen["variant"].to_numpy()
    shared = seen.filter(pl.Series(np.bincount(number)[number] > 1)).rename({"sample": "one"})
    samples = shared.select("one", "sample_id", "patient_id").unique("one")
    shared = shared.join(samples.select("one", person=pl.col("patient_id").rank("dense")), on="one")
    variants = shared.select("variant", "variant_id").unique("variant")
    held = shared.select("variant", "one", "person", "vaf")
    met = held.join(held.rename({"one": "other", "vaf": "other_vaf"}), on="variant", suffix="_2")
    met = met.filter(pl.col("person") != pl.col("person_2")).drop("person", "person_2")
    often = met.group_by("one", "other").len().filter(pl.col("len") >= MIN_SHARED).select("one", "other")
    names = samples.select("one", "sample_id", "patient_id")
    named = met.join(often, on=["one", "other"], how="semi").join(names, on="one")
    named = named.join(names.rename({"one": "other"} | {c: f"other_{c}" for c in names.columns[1:]}), on="other")
    return named.join(variants, on="variant").drop("variant", "one", "other"), met.height


def _shown(pairs: pl.DataFrame, both: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """sample_id, other_sample_id, shown: of the source's variants that would stand at or above the median level of the
    shared ones, if the sample held `share` of the source, the share that it does show."""
    level = both.group_by(_PAIR).agg(level=pl.col("vaf").median())
    source = seen.select("variant_id", other_sample_id="sample_id", other_vaf="vaf")
    lifted = pairs.select(*_PAIR, "share").join(level, on=_PAIR).join(source, on="other_sample_id")
    lifted = lifted.filter(pl.col("share") * pl.col("other_vaf") >= pl.col("level"))
    shown = both.select(*_PAIR, "variant_id", is_shown=True)
    return (
        lifted.join(shown, on=[*_PAIR, "variant_id"], how="left")
        .group_by(_PAIR)
        .agg(shown=pl.col("is_shown").fill_null(False).mean())
    )


def _by_chance(pairs: pl.DataFrame, own: pl.DataFrame, met: int) -> pl.Series:
    """Chance that some pair of the study shares so many variants by recurrence alone (Poisson, Bonferroni).

    Tumours of a and b rare variants meet in a b r places; r is learned from all pairs of the study (which meet in
    ``met`` places in all), beside one meeting of a whole exome as a first guess.
    """
    from scipy.special import pdtrc

    n = own["n_rare"].cast(pl.Float64)
    rate = (float(met) + 1) / (float(n.sum()) ** 2 - float((n**2).sum()) + EXOME_BASES)
    expected = rate * pairs["n_rare"].to_numpy() * pairs["other_rare"].to_numpy()
    tail = pdtrc(pairs["n_shared"].to_numpy() - 1.0, expected)
    return pl.Series(tail * max(own.height**2 / 2, 1.0))


def _rare_calls(study: Study, calls: pl.DataFrame) -> pl.DataFrame:
    """sample_id, patient_id, variant_id, vaf, and the numbers of sample and variant, of called somatic variants of at
    most two patients, hotspots left out."""
    hot = study["variants"].filter(pl.col("gene").is_in(sorted({change.split()[0] for change in HOTSPOT_FREQUENCY})))
    hot = hot.select("variant_id", change_expr()).filter(pl.col("change").is_in(list(HOTSPOT_FREQUENCY)))
    vaf = (pl.col("alt_count") / pl.col("depth")).alias("vaf")
    if calls["variant"].null_count():  # variants that the table of variants does not have
        calls = calls.with_columns(pl.col("variant_id").rank("dense").alias("variant"))
    seen = calls.select("sample_id", "patient_id", "variant_id", vaf, *NUMBERS)
    seen = seen.join(hot, on="variant_id", how="anti") if hot.height else seen
    # patients are counted where more than two samples have it: most variants of a registry stand in one
    number = seen["variant"].to_numpy()
    of = seen.filter(pl.Series(np.bincount(number)[number] > 2)).select("variant", "patient_id").unique()
    common = of.group_by("variant").len().filter(pl.col("len") > 2)["variant"].to_numpy()
    return seen.filter(pl.Series(~np.isin(number, common))) if len(common) else seen


def _kin(seen: pl.DataFrame) -> pl.DataFrame:
    """sample_id, fits_own: whether a sample shares rare variants with another of its patient; null where there is
    none."""
    owner = seen.group_by("sample").agg(pl.col("patient_id").first())
    beside = owner.filter(pl.col("patient_id").is_duplicated())["sample"]
    several = seen.filter(pl.col("sample").is_in(beside.implode()))
    held = several.filter(pl.col("sample_id").n_unique().over("patient_id", "variant_id") > 1)
    n = held.group_by("sample_id").agg(n=pl.len())
    samples = several.select("sample_id").unique().join(n, on="sample_id", how="left")
    return samples.select("sample_id", fits_own=pl.col("n").fill_null(0) >= MIN_SHARED)


def identity_notes(table: pl.DataFrame, most: int = 8) -> list[str]:
    """Return one sentence per finding: which sample fits whom, or holds how much of whom; each pair once."""
    notes, told = [], set()
    for row in table.iter_rows(named=True):
        a, b = row["sample_id"], row["other_sample_id"]
        key = (a, b, "in") if row["finding"] in HOLDS else (*sorted((a, b)), row["finding"])
        if key in told:
            continue
        told.add(key)
        if row["finding"] in PERSONS:
            notes.append(PERSONS[row["finding"]].format(**row))
        elif row["finding"] == "same tumour":
            alone = ", and nothing of its own patient's other samples" if row["fits_own"] is False else ""
            notes.append(
                f"{a} (patient {row['patient_id']}) fits {b} (patient {row['other_patient_id']}): {row['n_shared']} "
                f"of its "
                f"{row['n_rare']} rare variants are there{alone}. One tumour under two names: a swap or a duplicate."
            )
        elif row["finding"] == "foreign reads" and b is None:
            notes.append(
                f"{a} (patient {row['patient_id']}) holds DNA of somebody who is not in the study, or of several: at "
                f"{row['n_shared']} of {row['n_rare']} sites that its patient does not have and another has, it has more "
                "reads than errors explain, and no sample of the study has them all: contamination."
            )
        elif row["finding"] == "foreign reads":
            notes.append(
                f"{a} (patient {row['patient_id']}) holds {100 * row['share']:.0f} % of another's DNA, most like {b} "
                f"(patient {row['other_patient_id']}): at {row['n_shared']} of {row['n_rare']} sites that its own "
                f"patient does not have and {b} has, it has more reads than errors explain: contamination."
            )
        else:
            share = "" if row["share"] is None else f" at {100 * row['share']:.0f} % of their level there"
            notes.append(
                f"{a} (patient {row['patient_id']}) holds {row['n_shared']} rare variants of {b} (patient "
                f"{row['other_patient_id']}){share}: contamination; they are no variants of this tumour."
            )
    return notes[:most] + ([f"{len(notes) - most} more such pairs (overview/identity)."] if len(notes) > most else [])
