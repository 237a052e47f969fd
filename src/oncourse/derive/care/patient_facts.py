"""What is known of a patient beside alterations: tumour, state, side, treatment so far, markers, MSI, TMB."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import polars as pl

from oncourse.derive.care.ctdna import UNKNOWN
from oncourse.derive.care.used_drugs import PROGRESSION
from oncourse.disease import Disease, disease, of_tumour, tumour_of
from oncourse.facts.markers import CTDNA, NEGATIVE, POSITIVE, UNCLEAR, her2_score
from oncourse.facts.material import is_tumour
from oncourse.facts.stage import stage_of
from oncourse.facts.surgery import DONE, operated, surgery_days
from oncourse.knowledge.drugs import drug_classes, unknown_drugs
from oncourse.knowledge.pgx import GENES as PGX_GENES
from oncourse.knowledge.pgx import phenotype
from oncourse.study.model import Study

#: Marker that rules of residual disease ask for: ctDNA in the window after surgery (`recurrence.ctdna_first_day`).
AFTER_SURGERY = "CTDNA AFTER SURGERY"
ADJUVANT = ("adjuvant", "neoadjuvant")
#: Settings whose lines are no lines of the disease that rules count (docetaxel for castration-sensitive disease).
EARLIER = (*ADJUVANT, "mCSPC")
#: Smallest assay on which a burden is counted: 0.8 Mb, the size of the FDA-approved test of TMB-H (FoundationOne CDx).
MIN_TMB_MB = 0.8


class Facts:
    """Everything of a patient that is no alteration: tumour, state, treatment, markers."""

    def __init__(
        self,
        study: Study,
        lines: pl.DataFrame,
        burden: pl.DataFrame,
        decision: Mapping[str, str],
        readings: pl.DataFrame,
        ctdna: pl.DataFrame,
        blood: pl.DataFrame,
        progressed: Collection[str] = (),
        decision_day: int | None = None,
    ):
        self.study = study
        self.patients = {r["patient_id"]: r for r in study["patients"].iter_rows(named=True)}
        self.markers = _latest_markers(readings)
        for name, states in ((CTDNA, _latest_ctdna(ctdna)), (AFTER_SURGERY, _after_surgery(blood))):
            for patient, state in states:
                self.markers.setdefault(patient, {})[name] = state
        first = study["lesions"].filter(pl.col("role") == "primary").drop_nulls("site")
        self.lesions = dict(first.select("patient_id", "site").iter_rows())
        samples = study["samples"].filter(is_tumour())
        self.msi, self.mmr = _any(readings, "MSI"), _any(readings, "MMR")
        self.denied = {"msi": _denied(readings, "MSI"), "mmr": _denied(readings, "MMR")}
        self.tmb = _tmb(samples, burden, decision)
        self.metastatic, self.operated = _metastatic(study), operated(study)
        self.dead = _dead(study, decision_day)
        self.since_surgery = _weeks_since_surgery(study, decision_day)
        self.classes, self.adjuvant, self.settings = _treatments(study)
        self.unknown_drugs = _unknown(study)
        self.progressed = _progressed(study) | set(progressed)
        lines = lines.filter(~pl.col("setting").is_in(EARLIER).fill_null(False)).filter(pl.col("line") > 0)
        self.lines = dict(lines.group_by("patient_id").agg(pl.col("line").n_unique()).iter_rows())

    def of(self, patient: str) -> dict[str, object]:
        """Return the fields of `PatientFindings` that are facts."""
        row = self.patients[patient]
        words = " ".join(str(row[c] or "") for c in ("disease", "primary_site"))
        config = self.study.config
        tumour = (
            tumour_of(words) or tumour_of(config.disease) or (disease(config.design).tumour if config.design else None)
        )
        known = of_tumour(tumour, config.design)
        markers = self.markers.get(patient, {})
        phenotypes = {g: phenotype(g, markers[g]) for g in PGX_GENES if g in markers}
        treated = patient in self.classes or patient in self.adjuvant
        return {
            "tumour": tumour,
            "state": self._state(patient, known, words),
            "markers": {k: v for k, v in markers.items() if k not in ("MMR", "MSI", *PGX_GENES)},
            "msi": {"positive": "high", "negative": "stable"}.get(self.msi.get(patient, "")),
            "mmr": {"positive": "deficient", "negative": "proficient"}.get(self.mmr.get(patient, "")),
            "repair_denied": {kind: said[patient] for kind, said in self.denied.items() if patient in said},
            "tmb_per_mb": self.tmb.get(patient),
            "stage": stage_of(row["stage"]),
            "age_years": row.get("age_years"),
            "surgery": DONE if patient in self.operated else None,
            "weeks_since_surgery": self.since_surgery.get(patient),
            "side": known.side(row["primary_site"]) if known else None,
            "primary": known.part(row["primary_site"], row["disease"], self.lesions.get(patient)) if known else None,
            "drug_classes": self.classes.get(patient, frozenset()) if treated else None,
            "adjuvant_classes": self.adjuvant.get(patient, frozenset()),
            "next_line": self.lines.get(patient, 0) + 1 if treated else None,
            "is_dead": patient in self.dead,
            "phenotypes": phenotypes,
            "unknown_drugs": self.unknown_drugs.get(patient, ()),
        }

    def _state(self, patient: str, known: Disease | None, words: str) -> str | None:
        if known is None:
            return None
        config = self.study.config
        return known.state(
            self.settings.get(patient),
            self.patients[patient]["stage"],
            f"{words} {config.disease}",
            has_metastasis=patient in self.metastatic,
            in_design=config.design == known.name,
            has_progressed=patient in self.progressed,
        )


def _latest_markers(readings: pl.DataFrame) -> dict[str, dict[str, str]]:
    """patient -> marker in capitals -> latest value that tells, else the latest; words of a result as positive or
    negative."""
    found: dict[str, dict[str, str]] = {}
    tells = (pl.col("state") != UNCLEAR) | pl.col("value").str.contains(r"\d")
    rows = readings.filter(pl.col("source") == "markers").with_columns(tells=tells)
    rows = rows.sort("tells", "patient_id", "day", "marker", "value", nulls_last=False)
    for patient, marker, value, state in rows.select("patient_id", "marker", "value", "state").iter_rows():
        name = marker.upper()
        name = name.split()[0] if name.split()[0] in PGX_GENES else name
        value = (her2_score(value) or value) if name == "HER2 IHC" else value
        said = state if state != UNCLEAR and not any(c.isdigit() for c in value) else value
        found.setdefault(patient, {})[name] = said
    return found


def _latest_ctdna(ctdna: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """(patient, state) of the latest blood that can be judged, else of the latest: as the one table of ctDNA says."""
    told = pl.col("state") != UNKNOWN
    rows = ctdna.sort(told, "day", "sample_id", nulls_last=False)
    last = rows.unique("patient_id", keep="last", maintain_order=True)
    yield from last.sort("patient_id").select("patient_id", "state").iter_rows()


def _after_surgery(blood: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """(patient, state) of the first blood in the window after surgery."""
    words = {True: POSITIVE, False: NEGATIVE, None: UNKNOWN}
    for patient, is_positive in blood.select("patient_id", "is_positive").iter_rows():
        yield patient, words[is_positive]


def _any(readings: pl.DataFrame, marker: str) -> dict[str, str]:
    """patient -> positive where any reading of the marker is, else negative where any is."""
    found: dict[str, str] = {}
    mine = readings.filter((pl.col("marker") == marker) & (pl.col("state") != UNCLEAR))
    for patient, state in mine.select("patient_id", "state").iter_rows():
        found[patient] = state if found.get(patient) != POSITIVE else POSITIVE
    return found


def _denied(readings: pl.DataFrame, marker: str) -> dict[str, str]:
    """patient -> the negative readings of a marker that another reading of it contradicts, with their samples."""
    mine = readings.filter((pl.col("marker") == marker) & (pl.col("state") != UNCLEAR))
    both = mine.filter((pl.col("state").n_unique() > 1).over("patient_id") & (pl.col("state") != POSITIVE))
    said: dict[str, list[str]] = {}
    for patient, value, sample in both.select("patient_id", "value", "sample_id").iter_rows():
        said.setdefault(patient, []).append(f"{value} recorded" if sample is None else f"{value} in {sample}")
    return {patient: " and ".join(dict.fromkeys(words)) for patient, words in said.items()}


def _tmb(samples: pl.DataFrame, burden: pl.DataFrame, decision: Mapping[str, str]) -> dict[str, float]:
    """patient -> mutations per megabase of the decision sample, else of the latest before it in which they are known: as
    the source reports it, else counted here."""
    large = burden.filter(pl.col("callable_mb") >= MIN_TMB_MB)
    counted = dict(large.select("sample_id", "tmb_per_mb").iter_rows())
    stated = dict(samples.select("sample_id", "tmb_per_mb").iter_rows())
    days = dict(samples.select("sample_id", "day").iter_rows())
    latest = samples.sort("day", "sample_id", descending=[True, False], nulls_last=True)
    others = dict(latest.group_by("patient_id", maintain_order=True).agg("sample_id").iter_rows())
    found = {}
    for patient, sample in decision.items():
        until = days.get(sample)
        before = [o for o in others.get(patient, ()) if None in (until, days[o]) or days[o] <= until]
        known = (stated.get(s) if stated.get(s) is not None else counted.get(s) for s in (sample, *before))
        value = next((v for v in known if v is not None), None)
        if value is not None:
            found[patient] = float(value)
    return found


def _dead(study: Study, decision_day: int | None) -> frozenset[str]:
    """The patients who are known to have died; with a day of decision, not those known to have lived until then."""
    told = study["follow_up"].filter(pl.col("is_dead").fill_null(False))
    if decision_day is not None:
        told = told.filter((pl.col("death_day") <= decision_day).fill_null(True))
    return frozenset(told["patient_id"])


def _weeks_since_surgery(study: Study, decision_day: int | None) -> dict[str, float]:
    """patient -> weeks from the operation to the decision: `decision_day`, else the last contact."""
    last = dict(study["follow_up"].drop_nulls("last_contact_day").select("patient_id", "last_contact_day").iter_rows())
    found = {}
    for patient, day in surgery_days(study).items():
        now = last.get(patient) if decision_day is None else decision_day
        if now is not None and now >= day:
            found[patient] = (now - day) / 7
    return found


def _metastatic(study: Study) -> set[str]:
    lesions = study["lesions"].filter(pl.col("role") == "metastasis")["patient_id"]
    recurred = study["follow_up"].filter(pl.col("recurrence_day").is_not_null())["patient_id"]
    return set(lesions) | set(recurred)


def _treatments(study: Study) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]], dict[str, str]]:
    """(patient -> classes given for metastatic disease, classes given before, latest setting)."""
    given: dict[str, frozenset[str]] = {}
    before: dict[str, frozenset[str]] = {}
    settings: dict[str, str] = {}
    rows = study["treatments"].sort("patient_id", "start_day", nulls_last=False)
    for patient, drugs, place in rows.select("patient_id", "drugs", "setting").iter_rows():
        target = before if place in ADJUVANT else given
        target[patient] = target.get(patient, frozenset()) | drug_classes(drugs)
        if place:
            settings[patient] = place
    return given, before, settings


def _progressed(study: Study) -> frozenset[str]:
    """The patients whose last treatment says that it ended with progression."""
    rows = study["treatments"].sort("patient_id", "start_day", nulls_last=False)
    last = rows.group_by("patient_id", maintain_order=True).agg(pl.col("stop_reason").last())
    return frozenset(last.filter(pl.col("stop_reason").str.contains(PROGRESSION).fill_null(False))["patient_id"])


def _unknown(study: Study) -> dict[str, tuple[str, ...]]:
    """patient -> what was given and is no drug of the dictionary."""
    found: dict[str, dict[str, None]] = {}
    for patient, drugs in study["treatments"].select("patient_id", "drugs").iter_rows():
        for name in unknown_drugs(drugs):
            found.setdefault(patient, {})[name] = None
    return {patient: tuple(sorted(names)) for patient, names in found.items()}
