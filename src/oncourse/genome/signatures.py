"""Tables of reference signatures: from the SigProfilerAssignment package where it is installed, or a user's file."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.errors import InputError

#: Where the package keeps COSMIC's tables, newest first; they are read there and not shipped with this package.
_FOLDER = "data/Reference_Signatures"
_VERSIONS = ("3.5", "3.4", "3.3", "3.2", "3.1", "3")
#: Signatures COSMIC names as possible sequencing artefacts (v3.4, from general knowledge of its pages; check before
#: use).
ARTEFACTS = frozenset({f"SBS{i}" for i in (27, 43, *range(45, 61), 95)})
#: What a signature is known for (COSMIC v3.4; from general knowledge, check before use).
AETIOLOGY = {
    "SBS1": "ageing (clock-like)",
    "SBS2": "APOBEC",
    "SBS13": "APOBEC",
    "SBS3": "defect of homologous recombination",
    "SBS4": "tobacco",
    "SBS5": "ageing (clock-like)",
    "SBS6": "mismatch repair deficiency",
    "SBS7a": "ultraviolet light",
    "SBS7b": "ultraviolet light",
    "SBS10a": "POLE exonuclease",
    "SBS10b": "POLE exonuclease",
    "SBS10c": "POLD1 proofreading",
    "SBS10d": "POLD1 proofreading",
    "SBS11": "temozolomide",
    "SBS14": "POLE with mismatch repair deficiency",
    "SBS15": "mismatch repair deficiency",
    "SBS17a": "unknown (with SBS17b)",
    "SBS17b": "fluorouracil, or oxidised guanine",
    "SBS18": "reactive oxygen",
    "SBS20": "POLD1 with mismatch repair deficiency",
    "SBS21": "mismatch repair deficiency",
    "SBS25": "chemotherapy",
    "SBS26": "mismatch repair deficiency",
    "SBS30": "NTHL1",
    "SBS31": "platinum",
    "SBS35": "platinum",
    "SBS36": "MUTYH",
    "SBS44": "mismatch repair deficiency",
    "SBS86": "chemotherapy",
    "SBS87": "thiopurine",
    "SBS88": "colibactin",
    "SBS90": "duocarmycin",
    "SBS97": "unknown",
    "SBS99": "melphalan",
    "ID1": "replication slippage",
    "ID2": "replication slippage",
    "ID6": "defect of homologous recombination",
    "ID7": "mismatch repair deficiency",
    "ID8": "end joining",
    "ID18": "colibactin",
}


@dataclass(frozen=True)
class Signatures:
    """Signatures ``matrix`` (n_signature, n_class), each with sum 1; ``source`` says which table."""

    names: tuple[str, ...]
    classes: tuple[str, ...]
    matrix: NDArray[np.float64]
    source: str


def read_signatures(path: Path) -> Signatures:
    """Read a table of signatures: a column of classes (``A[C>A]A``, ``1:Del:C:0``), one column per signature.

    Raises
    ------
    InputError : not such a table
    """
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path.name}: cannot be read as a table of signatures ({error}).") from None
    names = frame.columns[1:]
    wrong = [n for n in names if not frame[n].dtype.is_numeric()]
    if not names or wrong or frame.height not in (96, 83):
        raise InputError(
            f"{path.name}: a table of signatures has 96 (SBS) or 83 (ID) rows, first the class, then a column of "
            f"numbers per signature; found {frame.height} rows and {len(names)} columns."
        )
    matrix = frame.select(names).to_numpy().T.astype(float)
    return Signatures(tuple(names), tuple(frame[frame.columns[0]]), matrix / matrix.sum(1, keepdims=True), path.name)


def installed_table(kind: str, build: str, *, exome: bool) -> Path | None:
    """Return the newest table of SigProfilerAssignment for SBS or ID in this build; None where it is not installed."""
    spec = importlib.util.find_spec("SigProfilerAssignment")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for version in _VERSIONS:
            names = [f"COSMIC_v{version}_{kind}_{build}_exome.txt"] if exome and kind == "SBS" else []
            names.append(f"COSMIC_v{version}_{kind}_{build if kind == 'SBS' else 'GRCh37'}.txt")
            for name in names:
                found = sorted((Path(root) / _FOLDER).rglob(name))
                if found:
                    return found[0]
    return None
