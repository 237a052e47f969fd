"""What each patient could get: therapy rules matched to what was found, with level, source and what stands against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from oncourse.analyses._asked_statuses import STATUSES, asked_statuses, status_estimates, status_words
from oncourse.analyses._base import Estimate, Figure, OutputTable, Result, analysis, exclusions
from oncourse.analyses._headline import Headline, cannot, rated
from oncourse.analyses._people import counted, ledger
from oncourse.cohort import Cohort
from oncourse.derive.care.therapy_matches import Therapy, ras_table
from oncourse.disease import tumours as all_tumours
from oncourse.facts.markers import UNCLEAR
from oncourse.knowledge.approvals import to_confirm
from oncourse.knowledge.classified import Classified
from oncourse.knowledge.findings import PatientFindings
from oncourse.knowledge.matching import BENEFIT, Match
from oncourse.knowledge.pgx import GENES as PGX_GENES
from oncourse.knowledge.pgx import NOT_ASSESSABLE
from oncourse.knowledge.rules import DIRECTIONS, rules_version
from oncourse.study.schema import Column
from oncourse.study.settings import section, setting
from oncourse.words.catalogue import braceless, said

#: Marker values that could not be read, named in the note.
MOST_NAMED = 5
TEXT, INT, NUM, BOOL = pl.String, pl.Int64, pl.Float64, pl.Boolean
_PATIENT = Column("patient_id", TEXT, "the patient")
_RULE = Column("rule_id", TEXT, "the rule (`oncourse kb explain RULE`)")

MATCHES = OutputTable(
    "therapy/matches",
    "one row per patient and therapy rule that applies",
    (
        _PATIENT,
        _RULE,
        Column("status", TEXT, "matched; excluded = the label excludes this tumour"),
        Column("level", TEXT, "AMP/ASCO/CAP level in this tumour"),
        Column("direction", TEXT, "what the biomarker says of the therapy"),
        Column("therapy", TEXT, "the therapy; empty for prognosis"),
        Column("biomarker", TEXT, "the biomarker of the rule"),
        Column("rests_on", TEXT, "what was found in this patient"),
        Column("seen", TEXT, "samples, reads, lesions and clonality of the alterations"),
        Column("setting", TEXT, "setting the rule is written for"),
        Column("setting_now", TEXT, "fits / does_not_fit / not_known: whether the patient is in that setting"),
        Column("open_conditions", TEXT, "conditions beside the biomarker that could not be assessed"),
        Column("used_before", TEXT, "drugs of the line given before"),
        Column("trial", TEXT, "the trial"),
        Column("effect_size", TEXT, "effect in the trial"),
        Column("source", TEXT, "where the facts are from"),
        Column("certainty", TEXT, "how the facts were checked"),
        Column("to_confirm", TEXT, "parts not yet checked against a source; empty where none"),
    ),
)
NEAR = OutputTable(
    "therapy/nearly",
    "alterations that nearly matched a rule, and why they did not",
    (
        _PATIENT,
        Column("what", TEXT, "what was found, and the reason"),
        Column("rules", TEXT, "the rules it concerns"),
    ),
)
RULES = OutputTable(
    "therapy/rules",
    "every rule written for the tumours of the study: how many patients it says what of",
    (
        _RULE,
        Column("biomarker", TEXT, "the biomarker"),
        Column("therapy", TEXT, "the therapy"),
        Column("direction", TEXT, "what it says of the therapy"),
        Column("level", TEXT, "AMP/ASCO/CAP level"),
        Column("n_patients", INT, "patients with the tumour of the rule"),
        Column("n_matched", INT, "patients who have the biomarker"),
        Column("n_not_matched", INT, "patients who do not have it"),
        Column("n_not_assessable", INT, "patients of whom it cannot be said"),
        Column("n_excluded", INT, "patients whose tumour the label excludes"),
        Column("missing", TEXT, "most frequent reason why it cannot be said"),
    ),
)
LEVELS = OutputTable(
    "therapy/levels",
    "patients by the best level of a biomarker for a therapy",
    (
        Column("tumour", TEXT, "tumour"),
        Column("kind", TEXT, "any therapy, or therapies with benefit only"),
        Column("level", TEXT, "best level, or none"),
        Column("n", INT, "patients"),
        Column("n_patients", INT, "patients with this tumour"),
        Column("fraction", NUM, "share", unit="fraction"),
        Column("ci_low", NUM, "Clopper-Pearson 95 %", unit="fraction"),
        Column("ci_high", NUM, "Clopper-Pearson 95 %", unit="fraction"),
    ),
)
RAS = OutputTable(
    "therapy/ras",
    "RAS at the decision, one row per patient with a colorectal tumour",
    (
        _PATIENT,
        Column("state", TEXT, "mutated / wild_type (every codon measured) / assumed_wild_type / not_assessable"),
        Column("mutations", TEXT, "RAS mutations found in any sample"),
        Column("sample_id", TEXT, "sample nearest the decision"),
        Column("sample_reason", TEXT, "why this sample"),
        Column("failing", TEXT, "codons that stand against wild type"),
        Column("conflict", TEXT, "mutations the decision sample does not have"),
        Column("others", TEXT, "what the other samples and records say, where it differs"),
    ),
)
EVIDENCE = OutputTable(
    "therapy/evidence",
    "statements of the evidence table that fit a patient's own tumour",
    (
        _PATIENT,
        Column("evidence_id", TEXT, "the statement"),
        Column("profile", TEXT, "the biomarker as the source writes it"),
        Column("rests_on", TEXT, "what was found in this patient"),
        Column("disease", TEXT, "disease of the statement"),
        Column("therapies", TEXT, "therapies"),
        Column("effect", TEXT, "what it says of the therapy"),
        Column("level", TEXT, "evidence level of the source"),
        Column("is_opposed", BOOL, "another statement says the opposite"),
        Column("is_exact", BOOL, "whether a join of gene and protein change alone would have found it"),
        Column("citation", TEXT, "publication"),
    ),
)

#: Why a patient is in no share: nobody looked.
NEVER_LOOKED = "never looked at: no profiled tumour sample and no marker"
#: Directions that name no therapy of the tumour: prognosis, and what is to be done about the family.
NO_THERAPY = ("prognostic_poor", "action")
#: Evidence levels of CIViC that count in the comparison with an exact join: validated, clinical.
STRONG = ("A", "B")


@section("therapy")
@dataclass(frozen=True)
class TherapyParams:
    """Which levels count."""

    levels: tuple[str, ...] = setting(("I-A", "I-B"), "levels of the headline share")


@analysis(
    title="What could each patient get",
    question="Who has a biomarker for or against a therapy, at which level, and what could not be assessed?",
    needs=("calls|markers",),
    params=TherapyParams,
    tables=(LEVELS, STATUSES, MATCHES, RAS, RULES, NEAR, EVIDENCE),
    order=70,
)
def therapy(cohort: Cohort, params: TherapyParams) -> Result:
    """Match every patient against the therapy rules."""
    found, matched = cohort.findings, cohort.therapy
    tumours = {p: f.tumour for p, f in found.patients.items()}
    known = sorted({t for t in tumours.values() if t in all_tumours()})
    judged = _judged(cohort, matched)
    levels = LEVELS.frame(_levels(matched, judged, tumours, known))
    every_ras = RAS.frame(ras_table(found, cohort.patient_statuses))
    ras = every_ras.filter(pl.col("patient_id").is_in(sorted(judged)))
    estimates = [*_shares(matched, judged, found.patients, known, params.levels), *_ras_estimates(ras)]
    patients_of = {tumour: [p for p, t in tumours.items() if t == tumour and p in judged] for tumour in known}
    design = cohort.study.config.design
    statuses = STATUSES.frame(asked_statuses(cohort.patient_statuses, patients_of, design))
    estimates += status_estimates(statuses)
    evidence, more, notes = _evidence(cohort, tumours)
    estimates += more
    date, checksum = rules_version()
    untold = _untold(cohort, tumours)
    return Result(
        answer=_answer(known, estimates, untold) + status_words(statuses),
        headline=_headline(known, {e.name: e for e in estimates}, untold),
        estimates=tuple(estimates),
        tables={
            "therapy/levels": levels,
            STATUSES.name: statuses,
            "therapy/matches": _matches(matched),
            "therapy/ras": every_ras,
            "therapy/rules": _rules(cohort, tumours),
            "therapy/nearly": _near(matched),
            "therapy/evidence": evidence,
        },
        figures=_figures(levels, ras, _at_level(matched, judged, tumours)),
        people=_people(cohort, judged, every_ras),
        samples_used=exclusions(found.decision.select("patient_id", "sample_id", "reason").iter_rows()),
        notes=(
            "Decision support for research use: every line is to be confirmed by a clinician.",
            "A variant that is not classified never matches, nor a plasma variant that may be clonal haematopoiesis.",
            "Wild type is claimed only where every codon was measured with enough power; 'assumed' is counted apart.",
            *notes,
            *_not_read(cohort),
        ),
        methods=(
            f"Rules of oncourse of {date} (sha256 {checksum}): FDA, EMA, CIViC, trial reports; level by AMP/ASCO/CAP "
            "(Li et al. 2017) from what each rule rests on. Three-valued logic; intervals Clopper-Pearson.",
            *_classified_words(found.knowledge.classified),
        ),
    )


def _not_read(cohort: Cohort) -> tuple[str, ...]:
    """What was recorded of a marker and nobody could read: a result that is not there, never a negative one."""
    unclear = (pl.col("state") == UNCLEAR) & ~pl.col("value").str.contains(r"\d|^$")
    rows = cohort.marker_readings.filter(unclear & (pl.col("source") == "markers"))
    rows = rows.filter(~pl.col("marker").str.to_uppercase().str.contains(f"^(?:{'|'.join(PGX_GENES)})"))
    told = rows.group_by("marker", "value").len().sort(["len", "marker", "value"], descending=[True, False, False])
    words = [f"{m} '{braceless(v)}' ({n})" for m, v, n in told.head(MOST_NAMED).iter_rows()]
    kinds = [
        f"{patient}: {gene} {text}"
        for patient, facts in sorted(cohort.findings.patients.items())
        for gene, text in sorted(facts.phenotypes.items())
        if text.startswith(NOT_ASSESSABLE)
    ]
    named = [*words, *(braceless(k) for k in kinds[:MOST_NAMED])]
    if not named:
        return ()
    return (f"Recorded markers that could not be read, taken as not assessable: {'; '.join(named)}.",)


def _untold(cohort: Cohort, tumours: Mapping[str, str | None]) -> int:
    """In how many patients nothing says which tumour they have: a rule for it may well be written."""
    named = cohort.study["patients"].filter(pl.col("disease").is_not_null())["patient_id"]
    if cohort.study.config.disease:
        return 0
    return len({p for p, tumour in tumours.items() if tumour is None} - set(named))


def _headline(known: list[str], found: dict[str, Estimate], untold: int) -> Headline:
    """Who has a finding that speaks for a therapy; of two tumours the larger group."""
    if not known and untold:
        return cannot(said("headline.therapy.untold", n=untold), said("reason.not_recorded"))
    if not known:
        return cannot(said("headline.therapy.none"), said("reason.not_recorded"))
    share = max((found[f"benefit_1_{t}"] for t in known), key=lambda e: e.n or 0)
    n = share.n or 0
    now = found[share.name.replace("benefit_1", "benefit_now")]
    fits = round((now.value or 0) * n)
    text = said("headline.therapy.benefit", k=round((share.value or 0) * n), n=n, share=share, fits=fits)
    return rated(text, share, share.name)


def _answer(known: list[str], estimates: list[Estimate], untold: int) -> str:
    names = {e.name for e in estimates}
    parts = []
    for tumour in known:
        parts.append(
            f"Of {{n_{tumour}}} patients with a {tumour} tumour{_unjudged(tumour, estimates)}, {{level_1_{tumour}}} "
            f"have a "
            f"finding for or against a therapy at the highest levels of evidence; {{benefit_1_{tumour}}} have one that "
            f"speaks for a therapy. {{benefit_now_{tumour}}} are alive and in the setting that one is written for."
        )
    if "ras_mutated" in names:
        parts.append(
            "RAS is mutated in {ras_mutated}. It is wild type, every codon measured, in {ras_wild_type}; wild type is "
            "assumed in {ras_assumed_wild_type}. In {ras_not_assessable} it could not be judged."
        )
    none = "No patient has a tumour that a rule is written for."
    return " ".join(parts) or (said("headline.therapy.untold", n=untold).text("en") if untold else none)


def _unjudged(tumour: str, estimates: list[Estimate]) -> str:
    n = next(e.value for e in estimates if e.name == f"unjudged_{tumour}")
    return f" of whom anything was looked at ({{unjudged_{tumour}:value}} more were never)" if n else ""


def _interval(k: int, n: int) -> tuple[float, float] | tuple[None, None]:
    from oncourse.stats.proportions import clopper_pearson

    if n == 0:
        return None, None
    low, high = clopper_pearson(k, n)
    return float(low), float(high)


def _share(name: str, k: int, n: int, question: str = "") -> Estimate:
    low, high = _interval(k, n)
    return Estimate(name, k / n if n else None, low, high, n, "Clopper-Pearson", "fraction", question)


def _best(matches: tuple[Match, ...], benefit: bool) -> str | None:
    """The best level of a matched rule about a therapy; prognosis and counselling are no therapy."""
    from oncourse.knowledge.matching import LEVEL_ORDER

    wanted = [
        m.level
        for m in matches
        if m.status == "matched" and (m.rule.direction in BENEFIT if benefit else m.rule.direction not in NO_THERAPY)
    ]
    return min(wanted, key=LEVEL_ORDER.index, default=None)


_KINDS = {"any therapy": False, "benefit": True}


def _levels(
    matched: Therapy, judged: set[str], tumours: dict[str, str | None], known: list[str]
) -> Iterator[dict[str, Any]]:
    for tumour in known:
        patients = [p for p, t in tumours.items() if t == tumour and p in judged]
        for kind, benefit in _KINDS.items():
            best = [_best(matched.matches[p], benefit) or "none" for p in patients]
            for level in ("I-A", "I-B", "II-C", "II-D", "III", "none"):
                k = best.count(level)
                low, high = _interval(k, len(patients))
                yield {
                    "tumour": tumour,
                    "kind": kind,
                    "level": level,
                    "n": k,
                    "n_patients": len(patients),
                    "fraction": k / len(patients) if patients else None,
                    "ci_low": low,
                    "ci_high": high,
                }


def _shares(
    matched: Therapy, judged: set[str], facts: Mapping[str, PatientFindings], known: list[str], levels: tuple[str, ...]
) -> Iterator[Estimate]:
    for tumour in known:
        of_tumour = [p for p, f in facts.items() if f.tumour == tumour]
        patients = [p for p in of_tumour if p in judged]
        yield Estimate(f"n_{tumour}", len(patients), n=len(patients), unit="count", question=f"{tumour} tumour")
        yield Estimate(f"unjudged_{tumour}", len(of_tumour) - len(patients), unit="count")
        for name, benefit in (("level_1", False), ("benefit_1", True)):
            k = sum(_best(matched.matches[p], benefit) in levels for p in patients)
            yield _share(f"{name}_{tumour}", k, len(patients), f"{tumour} tumour")
        k = sum(_fits_now(matched.matches[p], levels) for p in patients if not facts[p].is_dead)
        yield _share(f"benefit_now_{tumour}", k, len(patients), f"{tumour} tumour")


def _fits_now(matches: tuple[Match, ...], levels: tuple[str, ...]) -> bool:
    """Whether a finding speaks for a therapy at `levels` in the setting the patient is in, as the patient's page says."""
    found = (m for m in matches if m.status == "matched" and m.rule.direction in BENEFIT and m.level in levels)
    return any(m.setting == "fits" for m in found)


def _judged(cohort: Cohort, matched: Therapy) -> set[str]:
    """Patients of whom anything is known that a rule asks for: a profiled tumour sample, a marker, or a matched rule.

    Nobody looked at the others: they have no biomarker "none", and lower no share.
    """
    panels = cohort.panels.samples
    looked = panels.filter(pl.any_horizontal(pl.col("mutation", "cna", "sv").is_not_null()))["patient_id"]
    told = {p for p, matches in matched.matches.items() if any(m.status == "matched" for m in matches)}
    return {*looked, *cohort.marker_readings["patient_id"], *told}


def _people(cohort: Cohort, judged: set[str], ras: pl.DataFrame) -> pl.DataFrame:
    """Per tumour who could be judged, and whose RAS is told."""
    tumours = {p: f.tumour for p, f in cohort.findings.patients.items()}
    everyone, parts = cohort.study["patients"]["patient_id"], []
    no_rule = f"tumour is none of {', '.join(all_tumours())}, or not recorded: no rule applies"
    for tumour in sorted({t for t in tumours.values() if t in all_tumours()}):
        out = [(p, "another tumour" if t in all_tumours() else no_rule) for p, t in tumours.items() if t != tumour]
        out += [(p, NEVER_LOOKED) for p, t in tumours.items() if t == tumour and p not in judged]
        inside = [p for p, t in tumours.items() if t == tumour and p in judged]
        parts.append(counted(f"{tumour} tumour", everyone, inside, out))
    if ras.height:
        unseen = [(p, NEVER_LOOKED) for p in ras["patient_id"] if p not in judged]
        looked = ras.filter(pl.col("patient_id").is_in(sorted(judged)))
        parts.append(counted("RAS", everyone, looked, unseen, rest="no colorectal tumour"))
    if not parts:
        parts.append(counted("therapy", everyone, [], rest=no_rule))
    return ledger(parts)


def _ras_estimates(ras: pl.DataFrame) -> Iterator[Estimate]:
    if ras.is_empty():
        return
    for state in ("mutated", "wild_type", "assumed_wild_type", "not_assessable"):
        yield _share(f"ras_{state}", int((ras["state"] == state).sum()), ras.height, "RAS")
    yield Estimate(
        "ras_conflict",
        int(ras["conflict"].is_not_null().sum()),
        n=ras.height,
        unit="count",
    )


def _matches(matched: Therapy) -> pl.DataFrame:
    rows = []
    for patient in sorted(matched.matches):
        for m in matched.matches[patient]:
            if m.status not in ("matched", "excluded"):
                continue
            rows.append(
                {
                    "patient_id": patient,
                    "rule_id": m.rule.rule_id,
                    "status": m.status,
                    "level": m.level,
                    "direction": DIRECTIONS[m.rule.direction],
                    "therapy": m.rule.therapy or None,
                    "biomarker": m.rule.biomarker,
                    "rests_on": "; ".join(m.reasons),
                    "seen": "; ".join(f"{v.name}: {v.seen}{', ' + v.where if v.where else ''}" for v in m.found)
                    or None,
                    "setting": m.rule.setting or None,
                    "setting_now": m.setting,
                    "open_conditions": "; ".join(m.conditions) or None,
                    "used_before": "; ".join(m.used_before) or None,
                    "trial": m.rule.trial or None,
                    "effect_size": m.rule.effect_size or None,
                    "source": m.rule.sources,
                    "certainty": m.rule.certainty,
                    "to_confirm": to_confirm(m.rule.certainty) or None,
                }
            )
    return MATCHES.frame(rows)


def _near(matched: Therapy) -> pl.DataFrame:
    rows = []
    for patient in sorted(matched.matches):
        said: dict[str, list[str]] = {}
        for m in matched.matches[patient]:
            for text in m.near if m.status != "matched" else ():
                said.setdefault(text, []).append(m.rule.rule_id)
        rows += [
            {"patient_id": patient, "what": text, "rules": ", ".join(sorted(rules))}
            for text, rules in sorted(said.items())
        ]
    return NEAR.frame(rows)


def _classified_words(classified: Classified | None) -> tuple[str, ...]:
    """Say which classified changes were used, if any."""
    if classified is None:
        return ()
    return (
        f"Classified changes: {classified.name} of {classified.date} ({classified.licence}, {classified.n:,} changes, "
        f"sha256 {classified.checksum}); a listing decides from several submitters in agreement or an expert panel, a "
        "conflicting one never.",
    )


def _rules(cohort: Cohort, tumours: dict[str, str | None]) -> pl.DataFrame:
    from collections import Counter

    counts: dict[str, Counter[str]] = {}
    missing: dict[str, Counter[str]] = {}
    rules = {r.rule_id: r for r in cohort.findings.knowledge.rules}
    for matches in cohort.therapy.matches.values():
        for m in matches:
            counts.setdefault(m.rule.rule_id, Counter())[m.status] += 1
            missing.setdefault(m.rule.rule_id, Counter()).update(m.missing[:1] if m.status == "not_assessable" else ())
    rows = []
    for rule_id in sorted(counts):
        rule, n = rules[rule_id], counts[rule_id]
        reason = min(missing[rule_id].items(), key=lambda item: (-item[1], item[0]), default=(None, 0))[0]
        rows.append(
            {
                "rule_id": rule_id,
                "biomarker": rule.biomarker,
                "therapy": rule.therapy or None,
                "direction": DIRECTIONS[rule.direction],
                "level": rule.level(),
                "n_patients": sum(n.values()),
                "n_matched": n["matched"],
                "n_not_matched": n["not_matched"],
                "n_not_assessable": n["not_assessable"],
                "n_excluded": n["excluded"],
                "missing": reason,
            }
        )
    return RULES.frame(rows)


def _evidence(cohort: Cohort, tumours: dict[str, str | None]) -> tuple[pl.DataFrame, list[Estimate], tuple[str, ...]]:
    """The evidence table's matches in the own tumour, beside a join of gene and protein change alone."""
    base = cohort.findings.knowledge.evidence
    if base is None:
        return EVIDENCE.frame(), [], ()
    rows, estimates = [], []
    strong: dict[str, bool] = {}
    exact: dict[str, bool] = {}
    for patient in sorted(cohort.therapy.evidence):
        changes = {f"{v.gene} {v.change}" for v in cohort.findings.patients[patient].variants if v.change}
        for m in cohort.therapy.evidence[patient]:
            e = m.evidence
            if not m.same_tumour or e.kind != "Predictive":
                continue
            own = e.tumour == tumours[patient]
            is_exact = e.profile in changes
            if own:
                strong[patient] = strong.get(patient, False) or e.level in STRONG
                exact[patient] = exact.get(patient, False) or (is_exact and e.level in STRONG)
            rows.append(
                {
                    "patient_id": patient,
                    "evidence_id": e.evidence_id,
                    "profile": e.profile,
                    "rests_on": "; ".join([*(v.name for v in m.found), *m.facts]),
                    "disease": e.disease,
                    "therapies": e.therapies or None,
                    "effect": e.effect.replace("_", " "),
                    "level": e.level,
                    "is_opposed": m.is_opposed,
                    "is_exact": is_exact,
                    "citation": e.citation,
                }
            )
    for tumour in sorted({t for t in tumours.values() if t in all_tumours()}):
        patients = [p for p, t in tumours.items() if t == tumour]
        estimates.append(_share(f"evidence_{tumour}", sum(strong.get(p, False) for p in patients), len(patients)))
        estimates.append(_share(f"evidence_exact_{tumour}", sum(exact.get(p, False) for p in patients), len(patients)))
    name = f"{base.name or 'evidence table'} {base.date} ({base.licence}; sha256 {base.checksum})"
    return EVIDENCE.frame(rows), estimates, (f"Evidence: {name}, {len(base.items):,} statements.",)


def _at_level(
    matched: Therapy, judged: set[str], tumours: dict[str, str | None]
) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Tumour and kind of therapy -> best level -> its patients, as counted in `therapy/levels`."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for patient, tumour in tumours.items():
        for kind, benefit in _KINDS.items() if patient in judged and tumour is not None else ():
            level = _best(matched.matches[patient], benefit) or "none"
            found.setdefault((tumour or "", kind), {}).setdefault(level, []).append(patient)
    return found


def _figures(
    levels: pl.DataFrame, ras: pl.DataFrame, people: dict[tuple[str, str], dict[str, list[str]]]
) -> tuple[Figure, ...]:
    if levels.is_empty():
        return ()
    from oncourse.plots.levels import level_bars

    parts = {(str(t), str(k)): group for (t, k), group in levels.group_by("tumour", "kind", maintain_order=True)}
    rows = [(f"{t}, {k}", dict(zip(group["level"], group["n"], strict=True))) for (t, k), group in parts.items()]
    drawing = partial(level_bars, rows, [people.get(part, {}) for part in parts])
    caption = (
        "Share of patients by the best level of a matched biomarker (AMP/ASCO/CAP); 'any therapy' counts resistance "
        "and "
        "cautions too, 'benefit' only therapies it speaks for."
    )
    return (Figure("levels", "Best level of a matched biomarker", caption, drawing),)
