"""What a reader of the concordance must know beside its numbers: noise, withheld shares, guesses, swaps."""

from __future__ import annotations

import polars as pl

from oncourse.analyses._base import Estimate
from oncourse.analyses._concordance_tables import comparison_key
from oncourse.derive.concordance.concordance_summary import hidden_by_errors
from oncourse.derive.concordance.pairs import PairTable
from oncourse.derive.concordance.presence import PresenceTable

#: Samples named in a note; the others are in the table it names.
MANY = 12

#: Share of the compared samples with errors above those told from which no answer is sure. A choice: with uneven errors
#: ten times those told the shared fraction was too high by .03-.11, thirty times by .06-.17, the interval as narrow as ever.
MOST_NOISY = 0.5

#: What is set apart, as a reader says it.
_BLOOD = {
    "germline": "germline",
    "possible_germline": "possible germline",
    "chip": "clonal haematopoiesis",
    "possible_chip": "possible clonal haematopoiesis",
}


def mostly_noisy(presence: PresenceTable, pairs: PairTable) -> tuple[str, ...]:
    """The comparisons of whose samples `MOST_NOISY` or more are named for errors (`NOISE_COLUMNS`), not for spread alone."""
    named = presence.samples.filter(pl.col("noise").str.contains("errors"))["sample_id"].implode()
    main = pairs.pairs.filter("is_main")
    compared = pl.concat([main.select("comparison", sample_id=f"sample_{s}") for s in "ab"]).unique()
    noisy = compared.group_by("comparison").agg(share=pl.col("sample_id").is_in(named).mean())
    return tuple(noisy.filter(pl.col("share") >= MOST_NOISY)["comparison"].sort())


def too_high(noisy: tuple[str, ...], estimates: tuple[Estimate, ...]) -> tuple[str, ...]:
    """A note per comparison of mostly noisy samples whose shared fraction is given all the same."""
    given = {e.name for e in estimates if e.value is not None}
    return tuple(
        f"{comparison}: most samples have, or may have, more errors than told. Errors at one place of both samples look "
        "like a mutation that both have: the shared fraction may be too high, by more than its interval says."
        for comparison in noisy
        if f"shared_fraction_assessable.{comparison_key(comparison)}" in given
    )


#: The comparisons without a shared fraction: rows of the summary.
_WITHOUT = (
    (pl.col("set") == "all")
    & (pl.col("chip") == "without")
    & (pl.col("n_variants") > 0)
    & (pl.col("estimand") == "shared_fraction_assessable")
    & pl.col("estimate").is_null()
)


def hidden_comparisons(
    summary: pl.DataFrame, presence: PresenceTable, pairs: PairTable, min_power: float
) -> dict[str, tuple[int, int]]:
    """The comparisons without a shared fraction because errors hide small clones: at how many sites, of how many."""
    found = {}
    for comparison in summary.filter(_WITHOUT)["comparison"]:
        main = pairs.pairs.filter("is_main", pl.col("comparison") == comparison)
        here = pairs.variants.join(main.select("pair"), on="pair", how="semi")
        found[comparison] = hidden_by_errors(presence, here, min_power)
    return {comparison: sites for comparison, sites in found.items() if sites is not None}


def withheld_notes(summary: pl.DataFrame, hidden: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    """A note per comparison without a shared fraction: errors hide small clones (`hidden_comparisons`), or its
    mutations could only be judged where both samples have them."""
    notes = []
    for comparison, n in summary.filter(_WITHOUT).select("comparison", "n_variants").iter_rows():
        if comparison in hidden:
            undecided, sites = hidden[comparison]
            notes.append(
                f"{comparison}: at {undecided} of {sites} sites where a clone would have been seen the reads are as "
                "likely errors as a small clone; what can be decided is mostly there, and no shared fraction is given."
            )
            continue
        notes.append(
            f"{comparison}: {n} mutations were found in both samples, and in no sample could one have been judged absent: "
            "no shared fraction is given."
        )
    return tuple(notes)


def concordance_notes(presence: PresenceTable, counts: pl.DataFrame, related: pl.DataFrame) -> tuple[str, ...]:
    cells, notes = presence.cells, []
    assumed = cells.filter(pl.col("basis") == "assumed").height
    if assumed:
        notes.append(
            f"{assumed:,} of {cells.height:,} judgements (variant in a sample) rest on an assumed depth or a bare "
            f"call: the "
            "reads were not counted there. Counting every variant in every sample of its patient would settle them."
        )
    guessed = presence.samples.filter(pl.col("purity_basis") == "estimated")
    if guessed.height:
        n_open = guessed["purity"].null_count()
        notes.append(
            f"Purity or tumour fraction of {guessed.height} samples was not given and was estimated from their "
            "variants." + (f" Of {n_open} the reads set no lower limit: it is not known." if n_open else "")
        )
    noisy = presence.samples.drop_nulls("noise")
    if noisy.height:
        named = [f"{s} ({word})" for s, word in noisy.select("sample_id", "noise").head(MANY).iter_rows()]
        notes.append(
            f"The reads of {noisy.height} of {presence.samples.height} samples are, or may be, noisier than told, as "
            "FFPE, oxidation or contamination make them. They are judged at their own noise (concordance/samples, noise). "
            + " ".join(f"{text}." for text in named)
            + (" And more." if noisy.height > MANY else "")
        )
    if presence.kernel is not None and presence.kernel.background.told_apart < 1:
        notes.append(
            "Whether errors exceed those told could not be learned, or not in full: nearly all mutations are in nearly all "
            "samples. Where errors are ten times as many, up to one in five mutations that a sample lacks would be "
            "called present. Samples whose few reads the errors that are possible would show are named, and their "
            "sites (concordance/states, reason few_reads)."
        )
    blood = cells.filter(pl.col("blood").is_not_null())
    if blood.height:
        kinds = blood.select("site", "blood").unique().group_by("blood").len().sort("blood")
        words = ", ".join(f"{_BLOOD.get(kind, kind)} {n}" for kind, n in kinds.iter_rows())
        notes.append(f"Variants set apart or shown both ways as not of the tumour: {words}.")
    doubtful = related.filter(pl.col("is_main") & pl.col("verdict").is_in(["unrelated", "swap", "second_primary"]))
    for row in doubtful.iter_rows(named=True):
        notes.append(
            f"Patient {row['patient_id']}: {row['sample_a']} and {row['sample_b']} show no common origin "
            f"({row['verdict'].replace('_', ' ')}); check for a swap or a second primary."
        )
    merged = cells.filter(pl.col("written_as").is_not_null() & (pl.col("written_as") != pl.col("variant_id")))
    if merged.height:
        notes.append(f"{merged.height} calls of indels written at another place were taken as the same variant.")
    return tuple(notes)
