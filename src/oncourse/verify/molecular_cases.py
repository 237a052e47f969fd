"""Presence and clones against simulated truth, with the bands that the truth must lie in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from oncourse.verify.registry import Comparison, case

if TYPE_CHECKING:
    from oncourse.cohort import Cohort

SEED, PATIENTS = 20, 24
#: Cancer cell fraction from which a variant is there, as the rule for "absent" means it.
SIZEABLE = 0.3


@cache
def _simulated(design: str) -> tuple[Cohort, pl.DataFrame]:
    """The Cohort of a simulated study, and patient_id, sample_id, variant_id, ccf as they truly are."""
    from oncourse.cohort import Cohort
    from oncourse.simulate.study import simulate_study
    from oncourse.study.model import Study
    from oncourse.study.validate import validate

    made = simulate_study(design, PATIENTS, SEED)
    tables, _ = validate(made.tables, made.config)
    fractions = made.truth["fractions"].select("patient_id", "sample_id", "clone_id", "ccf")
    clones = made.truth["variants"].filter(pl.col("kind") == "clone")
    truth = clones.join(fractions, on=["patient_id", "clone_id"]).unique(["sample_id", "variant_id"])
    return Cohort(Study(made.config, tables)), truth.select("patient_id", "sample_id", "variant_id", "ccf")


def _judged(design: str) -> pl.DataFrame:
    """The judged cells of a simulated study with the true fraction `ccf`."""
    cohort, truth = _simulated(design)
    cells = cohort.presence.cells
    named = (
        cells
        if "sample_id" in cells.columns
        else cells.join(cohort.presence.samples.select("sample", "sample_id"), on="sample")
    )
    columns = ["sample_id", "variant_id", "state"]
    return named.select(columns).join(truth, on=["sample_id", "variant_id"])


@case(
    requirement="'Absent' is said only where the variant is truly not in a sizeable part of the tumour",
    method="presence model over all samples of two simulated studies; share of 'absent' with a true fraction >= .3",
    source=f"simulated truth, {PATIENTS} patients a design, seed {SEED}; band 0 to 5 %, the setting max_sizeable",
    tests=(
        "tests/evolution/test_presence.py",
        "tests/evolution/test_background.py",
        "tests/derive/test_concordance.py",
    ),
)
def absent_is_absent() -> Iterator[Comparison]:
    for design in ("crc", "mcrpc"):
        absent = _judged(design).filter(pl.col("state") == "absent")
        wrong = absent.filter(pl.col("ccf") >= SIZEABLE).height
        yield f"{design}: 'absent' was said often enough to judge", (50, 10**9), absent.height
        yield f"{design}: truly there", (0.0, 0.05), wrong / max(absent.height, 1)


@case(
    requirement="'Present' is said only where the variant truly is",
    method="presence model over all samples of two simulated studies; share of 'present' with a true fraction of 0",
    source=f"simulated truth, {PATIENTS} patients a design, seed {SEED}; band 0 to 2 %",
    tests=(
        "tests/evolution/test_presence.py",
        "tests/derive/test_too_little_tumour.py",
    ),
)
def present_is_present() -> Iterator[Comparison]:
    for design in ("crc", "mcrpc"):
        present = _judged(design).filter(pl.col("state") == "present")
        wrong = present.filter(pl.col("ccf") <= 0).height
        yield f"{design}: 'present' was said often enough to judge", (50, 10**9), present.height
        yield f"{design}: truly absent", (0.0, 0.02), wrong / max(present.height, 1)


@case(
    requirement="The chance to see a mutation follows depth, purity and copies",
    method="expected allele fraction of a clonal mutation",
    source="worked by hand: purity x mutated copies / (purity x copies + 2 x (1 - purity)); Dentro 2017",
    tolerance=1e-12,
    tests=(
        "tests/evolution/test_presence.py",
        "tests/derive/test_copy_states.py",
    ),
)
def expected_allele_fraction() -> Iterator[Comparison]:
    from oncourse.evolution.vaf import expected_vaf

    for purity, copies, mutated, expected in (
        (1.0, 2, 1, 0.5),
        (0.6, 2, 1, 0.3),
        (0.5, 4, 2, 1 / 3),
        (0.8, 1, 1, 0.8 / 1.2),
        (0.2, 3, 2, 0.4 / 2.2),
    ):
        obtained = float(expected_vaf(purity, copies, multiplicity=mutated))
        yield f"purity {purity}, {copies} copies, {mutated} mutated", expected, obtained


@case(
    requirement="One variant has one name, however an insertion or deletion is written",
    method="normalisation of VCF, MAF and padded spellings",
    source="worked by hand from VCF 4.3 and the MAF specification",
    tests=(
        "tests/genome",
        "tests/io/test_vcf_reading.py",
        "tests/io/test_maf_reading.py",
    ),
)
def one_variant_one_name() -> Iterator[Comparison]:
    from oncourse.genome.variant import normalise

    spellings = (
        ("7", 55174771, "AGGAATTAAGAGAAGC", "A"),
        ("7", 55174772, "GGAATTAAGAGAAGC", "-"),
        ("chr7", 55174770, "AAGGAATTAAGAGAAGC", "AA"),
    )
    frame = pl.DataFrame(spellings, schema=["chrom", "pos", "ref", "alt"], orient="row")
    names = normalise(frame)["variant_id"].to_list()
    for spelling, name in zip(spellings, names, strict=True):
        yield " ".join(map(str, spelling)), "7:55174772:GGAATTAAGAGAAGC:-", name


@case(
    requirement="The same study and seed give the same numbers",
    method="clusters of a patient derived twice from scratch",
    source="equality with itself",
    tests=(
        "tests/analyses/test_registry.py",
        "tests/disk/test_store.py",
    ),
)
def same_input_same_numbers() -> Iterator[Comparison]:
    from oncourse.cohort import Cohort

    cohort, _ = _simulated("crc")
    patient = cohort.study["patients"]["patient_id"][0]
    study = cohort.study.select(patients=[patient])
    first, second = Cohort(study).presence.cells, Cohort(study).presence.cells
    yield f"presence of {patient}", True, first.equals(second)
