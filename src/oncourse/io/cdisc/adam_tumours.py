"""ADaM responses (ADRS), lesions (ADTR), laboratory values (ADLB, ADPSA) and adverse events (ADAE) -> our tables.

Standard: ADaM Implementation Guide 1.3 (Basic Data Structure: PARAMCD, AVAL, AVALC, ADT, ADTF, DTYPE, PARAMTYP).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from oncourse.io.clinical.gather import Gather, Row, Source
from oncourse.study.lab_values import analyte_of
from oncourse.study.schema import Problem

Dates = Callable[[str | None], str | None]
Follow = Mapping[str, dict[str, str | None]]

#: Parameters of ADRS that are a visit's own: pattern of PARAMCD, of PARAM, our column. A derived or best one is neither.
VISIT = (
    ("overall", r"OVR(LRESP|INV\w*|IRC|BICR|IRR|LRSP\w*)?\d*$", r"^(overall|time ?point) (tumou?r )?response\b"),
    ("non_target", r"NTRG?RESP\w*$|NTRESP\w*$", r"non[- ]?target.*response"),
    ("new_lesions", r"NEWL(IND|PROG|ES)\w*$", r"new lesion"),
)
_DERIVED = re.compile(r"derived|best|confirmed|adjusted|benefit", re.I)
#: The source's own best responses -> columns of patients they are kept in.
BEST = {"BOR": "bor_published", "CBOR": "confirmed_bor_published"}
_LESION = re.compile(r"^(?:LDIAM|DIAM|TLDIAM)(\d+)$")
_NEW = {"Y": "yes", "N": "no", "UNEQUIVOCAL": "yes", "EQUIVOCAL": "equivocal"}


def responses(source: Source, out: Gather, follow: Follow, date_of: Dates) -> None:
    """Read the visits' responses of ADRS, its best responses (kept with the patient) and its progression.

    Progression and the last disease assessment fill follow_up only where ADTTE gave neither.
    """
    visits: dict[tuple[str, str, str | None], dict[str, str]] = {}
    best: dict[str, dict[str, str]] = {}
    imputed = 0
    for row in source.rows:
        patient, code = source.get(row, "usubjid"), (source.get(row, "paramcd") or "").upper()
        date, word = date_of(source.get(row, "adt")), source.get(row, "avalc")
        if patient is None or patient not in follow:
            out.skip(source.name, "assessments", "the subject is not in ADSL, or left out there", patient)
        elif column := _visit_column(row, code, source):
            if date is None or word is None:
                out.skip(source.name, "assessments", "no date or response", patient)
                continue
            reader = _reader(row, code, source)
            cells = visits.setdefault((patient, date, reader.lower() if reader else None), {})
            cells.setdefault(column, _NEW.get(word.upper(), word) if column == "new_lesions" else word)
            imputed += source.get(row, "adtf") is not None
        elif code in BEST and word:
            best.setdefault(patient, {})[BEST[code]] = word
        elif code in ("PD", "LSTA") and date:
            _progression(code, word, date, follow[patient])
        else:
            out.skip(source.name, "assessments", "a derived parameter, not a visit's response", patient)
    for (patient, date, reader), cells in visits.items():
        out.add("assessments", patient_id=patient, date=date, **cells, evaluator=reader)
    for person in out.rows.get("patients", []):
        person.update(best.get(person["patient_id"], {}))
    _told_imputed(source, imputed, out)


#: Who judged, by words of PARAM and PARCAT or letters of PARAMCD.
_READERS = (
    ("independent", re.compile(r"bicr|\birc\b|\birr\b|independent|central|blinded", re.I), re.compile(r"BICR|IRC|IRR")),
    ("investigator", re.compile(r"investigator|\binv\b", re.I), re.compile(r"INV")),
)


def _reader(row: Row, code: str, source: Source) -> str | None:
    """Who judged a response: RSEVAL, PARQUAL or PARCAT2 as written, else what PARCAT1, PARAM or PARAMCD names."""
    if said := source.get(row, "rseval", "parqual", "parcat2"):
        return said
    words = " ".join(filter(None, (source.get(row, "parcat1"), source.get(row, "param"))))
    named = (who for who, text, letters in _READERS if text.search(words) or letters.search(code))
    return next(named, None)


def _visit_column(row: Row, code: str, source: Source) -> str | None:
    """The column of assessments that a parameter is; None for what is derived."""
    words = source.get(row, "param") or ""
    if _DERIVED.search(words) or source.get(row, "dtype") or (source.get(row, "paramtyp") or "").upper() == "DERIVED":
        return None
    named = (c for c, pattern, text in VISIT if re.match(pattern, code) or re.search(text, words, re.I))
    return next(named, None)


def _progression(code: str, word: str | None, date: str, cells: dict[str, str | None]) -> None:
    if cells.get("progression_date") or cells.get("_timed"):
        return
    if code == "PD" and word == "Y":
        cells["progression_date"] = date
        cells.pop("progression_free_date", None)
    elif code == "LSTA":
        cells.setdefault("progression_free_date", date)


def _told_imputed(source: Source, imputed: int, out: Gather) -> None:
    if imputed:
        message = f"{imputed:,} dates are imputed by the source (ADTF): used as it gives them."
        cure = "Give SDTM beside it, or the visit's day, where a response rests on them."
        out.problems.append(Problem(source.name, None, "adtf", None, message, cure, "warning"))


def lesions(source: Source, out: Gather, follow: Follow, date_of: Dates) -> None:
    """Read the diameters of single target lesions of ADTR: the analysis diameter, of a node the short axis.

    Sums, smallest sums and changes are derived here, not read.
    """
    seen: set[tuple[str, str, str, str | None]] = set()
    imputed = 0
    for row in source.rows:
        get = source.get
        patient, code = get(row, "usubjid"), (get(row, "paramcd") or "").upper()
        test, date = get(row, "trtestcd"), date_of(get(row, "adt"))
        number = _LESION.match(code)
        lesion = get(row, "trlnkid", "lsexp") or (f"T{number[1]}" if number else None)
        where, organ = (get(row, "tulocgr1") or "").upper(), (get(row, "tuloc") or "").upper()
        is_node = where == "NODAL" or (not where and "LYMPH NODE" in organ)
        wanted = number is not None or (
            test in (("LPERP", "SAXIS") if is_node else ("LDIAM", "DIAMETER")) and code == test
        )
        group = (get(row, "trgrpid", "parcat1") or "target").lower()
        if patient is None or patient not in follow:
            out.skip(source.name, "target_lesions", "the subject is not in ADSL, or left out there", patient)
        elif not wanted or re.search("non-?target|new", group):
            out.skip(source.name, "target_lesions", "a sum, or no diameter of a target lesion", patient)
        elif lesion is None or date is None:
            out.skip(source.name, "target_lesions", "no lesion or no date", patient)
        else:
            reader = get(row, "treval", "parqual", "parcat2")
            key = (patient, date, lesion, reader)
            if key in seen:
                out.skip(source.name, "target_lesions", "the lesion a second time on one day", patient)
                continue
            seen.add(key)
            imputed += get(row, "adtf") is not None
            out.add("target_lesions", **_diameter(row, source, lesion, is_node), patient_id=patient, date=date)
            out.rows["target_lesions"][-1]["evaluator"] = reader.lower() if reader else None
    _told_imputed(source, imputed, out)


def _diameter(row: Row, source: Source, lesion: str, is_node: bool) -> dict[str, str | None]:
    size, words = source.number(row, "aval"), (source.get(row, "trstresc", "trorres", "avalc") or "").upper()
    unit = source.get(row, "avalu", "trstresu")
    small = "TOO SMALL" in words
    status = "too_small" if small else "not_evaluable" if size is None else "absent" if size == 0 else "measured"
    return {
        "lesion_id": lesion,
        "diameter": None if size is None else f"{size:g}",
        "unit": unit.lower() if unit else "mm",
        "is_node": str(is_node).lower(),
        "status": status,
    }


def laboratory(source: Source, out: Gather, follow: Follow, date_of: Dates) -> None:
    """Read the laboratory values of ADLB or ADPSA: AVALC where it holds a bound (<0.1), else AVAL; unit from PARAM."""
    for row in source.rows:
        get = source.get
        patient, date = get(row, "usubjid"), date_of(get(row, "adt"))
        words = get(row, "param") or ""
        unit = re.search(r"\(([^()]*/[^()]*)\)\s*$", words)
        name = analyte_of(get(row, "paramcd")) or analyte_of(re.sub(r"\s*\([^()]*\)\s*$", "", words)) or words
        text = get(row, "avalc", "lbstresc")
        value = text if text and re.match(r"\s*[<>]", text) else get(row, "aval", "avalc", "lbstresc")
        if get(row, "dtype") or patient not in follow:
            out.skip(source.name, "labs", "a derived record, or the subject is not in ADSL", patient)
        elif date is None or value is None or not name:
            out.skip(source.name, "labs", "no date, parameter or value", patient)
        else:
            given = get(row, "avalu", "lbstresu") or (unit[1] if unit else None)
            out.add("labs", patient_id=patient, date=date, analyte=name, value=value, unit=given)


def adverse_events(source: Source, out: Gather, follow: Follow, date_of: Dates) -> None:
    """Read the adverse events of ADAE with their toxicity grade; a partial date is the one of AESTDTC."""
    for row in source.rows:
        get = source.get
        patient, term = get(row, "usubjid"), get(row, "aedecod", "aeterm")
        start, stop = (
            get(row, text) or date_of(get(row, day)) for text, day in (("aestdtc", "astdt"), ("aeendtc", "aendt"))
        )
        if patient not in follow or term is None or start is None:
            out.skip(source.name, "adverse_events", "no term or date, or the subject is not in ADSL", patient)
            continue
        grade, serious = get(row, "atoxgr", "aetoxgr", "atoxgrn"), get(row, "aeser")
        dates = {"start_date": start[:10], "stop_date": stop[:10] if stop else None}
        out.add("adverse_events", patient_id=patient, term=term.lower(), grade=grade, serious=serious, **dates)
