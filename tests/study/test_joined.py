"""One change of two bases, written as one record or as two: compared as one, and told."""

from __future__ import annotations

import polars as pl

from oncourse.study.config import config_from_mapping
from oncourse.study.validate import validate

E, M, K = "7:140453136:A:T", "7:140453137:C:T", "7:140453136:AC:TT"


def _calls(*rows: tuple[str, str, int | None], build: str | None = "GRCh37"):
    frames = {
        "patients": pl.DataFrame({"patient_id": ["P1"]}),
        "samples": pl.DataFrame({"sample_id": ["PRI", "MET"], "patient_id": "P1", "material": "tissue"}),
        "calls": pl.DataFrame(
            [(s, v, n, None if n is None else 100, None if n is None else n > 0) for s, v, n in rows],
            schema={
                "sample_id": pl.String,
                "variant_id": pl.String,
                "alt_count": pl.Int64,
                "depth": pl.Int64,
                "is_called": pl.Boolean,
            },
            orient="row",
        ),
    }
    typed, problems = validate(frames, config_from_mapping({"genome_build": build} if build else {}))
    found = typed["calls"].select("sample_id", "variant_id", "alt_count").sort("sample_id", "variant_id").rows()
    return found, typed, [str(p) for p in problems if "are one" in p.message]


def test_v600e_and_v600m_of_the_same_reads_are_v600k() -> None:
    """cBioPortal/datahub#1149: none of three shared, V600E in the primary only."""
    found, typed, told = _calls(("PRI", E, 40), ("PRI", M, 41), ("MET", K, 50))
    assert found == [("MET", K, 50), ("PRI", K, 40)]
    assert len(told) == 1 and K in told[0]
    changes = dict(typed["variants"].select("variant_id", "hgvs_p").rows())
    assert changes[K] == "p.V600K"


def test_one_codon_is_enough_without_the_record_elsewhere() -> None:
    found, _, told = _calls(("PRI", E, 40), ("PRI", M, 40), ("MET", E, 0), ("MET", M, 0))
    assert found == [("MET", K, 0), ("PRI", K, 40)] and told


def test_other_reads_are_other_changes() -> None:
    found, _, told = _calls(("PRI", E, 40), ("PRI", M, 12), ("MET", K, 50))
    assert len(found) == 3 and not told


def test_without_a_build_only_the_record_elsewhere_joins() -> None:
    assert len(_calls(("PRI", E, 40), ("PRI", M, 40), build=None)[0]) == 2
    assert len(_calls(("PRI", E, 40), ("PRI", M, 40), ("MET", K, 9), build=None)[0]) == 2
    assert len(_calls(("PRI", E, None), ("PRI", M, None), ("MET", K, 9), build=None)[0]) == 2


def test_neighbours_of_two_codons_stay_apart() -> None:
    """KRAS 12:25398282 and 12:25398283 lie in codons 13 and 12."""
    assert len(_calls(("PRI", "12:25398282:C:A", 40), ("PRI", "12:25398283:A:T", 40))[0]) == 2
