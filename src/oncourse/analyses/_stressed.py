"""What wrongness of the data the claims of an analysis were measured to bear, and where a study shows signs of it.

Measured by ``benchmarks/bench_stress.py``; the figures stand in docs/explanation/stress.md.
"""

from __future__ import annotations

from typing import NamedTuple


class Stressed(NamedTuple):
    """Faults of the data under which the claims hold, under which they do not (a sentence each), and where signs of
    them are listed."""

    holds: tuple[str, ...]
    fails: tuple[str, ...]
    signs: str


STRESSED: dict[str, Stressed] = {
    "concordance": Stressed(
        (
            "background errors ten times those told",
            "damage of one kind of change (C>T of formalin, C>A of oxidation) in all or some of the samples",
            "1-3 % of the reads from the patient's other lesion",
            "reads that spread more than assumed, for present, absent and discordance beyond noise",
        ),
        (
            "errors ten times those told that differ between sites by far more than tenfold: 4-10 % of the absent seem "
            "present, in samples that are mostly named",
            "errors thirty times those told in few places: up to 17 % of the absent seem present, shared fractions are up "
            "to .17 too high; the samples are named",
            "mapping artefacts at one fraction in every sample: they are present in each",
            "nine of ten mutations in every sample and errors ten times those told: up to one in six absent mutations seem "
            "present, in samples mostly not named",
        ),
        "concordance/samples (noise), overview/identity",
    ),
    "evolution": Stressed(
        (
            "5 % mapping artefacts",
            "doubled genomes",
            "alleles of chromosomes or arms lost in all or some cells, told or missed",
            "purities off by .1",
        ),
        (
            "founders that left no cells in the sample, or are in no other lesion: they are not seen",
            "events of few variants",
            "samples swapped or mixed",
        ),
        "evolution/set_aside, evolution/wrong_copies, evolution/clusters (p_no_clone)",
    ),
    "monitoring": Stressed(
        (
            "a background up to five times the stated one",
            "tracked variants with fractions of their own",
            "samples that vary by .25 without a change",
            "plasma that ends at progression",
        ),
        (
            "variation of .4 where .25 is assumed: up to one patient in ten progresses falsely",
            "a background more than three times the stated one of which fewer than eight patients tell",
        ),
        "monitoring/ctdna (background, error_ratio)",
    ),
    "prediction": Stressed(
        ("loss to follow-up at random",),
        ("loss that hangs on the predicted risk: the AUC is off by up to .07",),
        "the note on loss to follow-up",
    ),
    "ras_status": Stressed(
        ("background errors ten times those told", "uneven reads", "purity and copies that are off"),
        ("5 % of another patient's reads: one RAS state in twenty is wrong", "an artefact at a hotspot"),
        "concordance/samples (noise), overview/identity",
    ),
    "tissue_blood": Stressed(
        ("patients who differ from each other, from six on",),
        ("blood clones that no white cells mark, in genes outside the list or above a tenth of plasma",),
        "concordance/states (blood), overview/identity",
    ),
}


def stressed(analysis: str) -> tuple[str, ...]:
    """Return the line of an analysis; none of one whose claims were not put under stress.

    >>> stressed("prediction")[0][:72]
    'Its claims were tested on data with known errors. They hold with loss to follow-up'
    """
    line = STRESSED.get(analysis)
    if line is None:
        return ()
    parts = [f"They hold with {x}." for x in line.holds] + [f"They do not hold with {x}." for x in line.fails]
    return (f"Its claims were tested on data with known errors. {' '.join(parts)} Signs in this study: {line.signs}.",)
