"""The names of the columns of a clinical table as the rest of the house writes them, and which of them hold the ids."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from oncourse.io.reading import Reading
from oncourse.study.config import StudyConfig
from oncourse.study.headers import bare
from oncourse.study.words import meaning, our_columns

#: Attribute -> the names exports use for the ids (upper case, blanks as _).
_IDS = {
    "PATIENT_ID": (
        *("PATIENT_ID", "PATIENT_IDENTIFIER", "PATIENT", "CASE_ID", "SUBJECT_ID", "PATIENTID"),
        *("CASE_SUBMITTER_ID", "CASES.SUBMITTER_ID", "BCR_PATIENT_BARCODE"),  # GDC, and TCGA before it
    ),
    "SAMPLE_ID": (
        "SAMPLE_ID",
        "SAMPLE_IDENTIFIER",
        "TUMOR_SAMPLE_BARCODE",
        "TUMOR_SAMPLE_ID",
        "SAMPLE",
        "SAMPLEID",
        "SAMPLE_NAME",
    ),
}
#: Words between which a name in camel case is parted: ``SampleType``, not ``cfDNA`` or ``pTstage``.
_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z][A-Za-z])")
#: What a column that some call by a word of people holds where it is no id of them (``Donor``: yes, ``Case``: control).
_NO_ID = re.compile(
    r"(?i)(yes|no|y|n|true|false|case|control|self|related|unrelated|male|female|autologous|allogeneic)"
)


def named(frame: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """Names in capitals with _; ids under the names the rest of this module uses."""
    names: dict[str, str] = {}
    ours_of, taken = our_columns(frame.columns), set()
    for column in frame.columns:
        ours = ours_of.get(column)
        # a status keeps its name: it tells whether 1 may mean alive
        name = (ours if ours != "is_dead" else None) or bare(column) or column
        name = re.sub(r"[^A-Z0-9.]+", "_", _CAMEL.sub("_", name.strip()).upper()).strip("_") or column
        while name in taken:
            name += "_2"
        taken.add(name)
        names[column] = name
    frame = frame.rename(names)
    for ours, theirs in _IDS.items():
        if ours not in frame.columns and (found := next((t for t in theirs if t in frame.columns), None)):
            frame = frame.rename({found: ours})
    if "PATIENT_ID" not in frame.columns and (
        person := next((c for c in frame.columns if _are_people(frame, c)), None)
    ):
        frame = frame.rename({person: "PATIENT_ID"})
        called = next(theirs for theirs, name in names.items() if name == person)
        reading.notes.append(f"{called} is the patient's id: it ties the sheets together")
    return frame


def _are_people(frame: pl.DataFrame, column: str) -> bool:
    """Whether a column is the patient's id by a name that the vocabulary knows as such and by what it holds.

    >>> sheet = pl.DataFrame({"SUBJECT": ["S1", "S2"], "DONOR": ["yes", "no"], "TISSUE": ["WBC", "liver"]})
    >>> [_are_people(sheet, c) for c in sheet.columns]
    [True, False, False]
    """
    if meaning("header", column.replace("_", " ")) != "patient_id":
        return False
    cells = frame[column].cast(pl.String).drop_nulls().str.strip_chars().unique()
    cells = cells.filter(cells != "")
    return bool(len(cells) or not frame.height) and not any(_NO_ID.fullmatch(cell) for cell in cells)


def ids_among(header: Sequence[str]) -> dict[str, str]:
    """Return which columns of a header hold the ids of samples and of patients, as clinical exports or tables of ours name
    them.

    >>> [ids_among(["age", c]) for c in ("Tumor_Sample_Barcode", "样本编号", "sample_type")]
    [{'Tumor_Sample_Barcode': 'sample_id'}, {'样本编号': 'sample_id'}, {}]
    """
    columns = list(dict.fromkeys(c for c in header if c))
    ours = named(pl.DataFrame(schema=dict.fromkeys(columns, pl.String)), Reading({}, StudyConfig())).columns
    return {c: n.lower() for c, n in zip(columns, ours, strict=True) if n in _IDS}
