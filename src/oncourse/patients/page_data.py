"""One patient's page: what a tumour board reads in two minutes, and what it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from oncourse.cohort import Cohort
from oncourse.errors import ConfigError, NotEnoughData
from oncourse.facts.absence import absent_by_calls
from oncourse.facts.material import TUMOUR
from oncourse.facts.surgery import DONE
from oncourse.knowledge.alterations import data_rows, loss_reason
from oncourse.knowledge.approvals import AGENCIES, own_first, to_confirm
from oncourse.knowledge.drugs import treatment_name
from oncourse.knowledge.evidence import EvidenceMatch
from oncourse.knowledge.findings import PatientFindings, VariantFinding
from oncourse.knowledge.matching import BENEFIT, Match
from oncourse.knowledge.rules import rules_version
from oncourse.patients.biomarkers import key_biomarkers, watch_rows
from oncourse.patients.course import course_rows, monitoring_lines
from oncourse.patients.front import next_steps, status_card, unseen
from oncourse.patients.timeline import of_patient, patient_timeline
from oncourse.plots.timeline import PatientTimeline
from oncourse.study.castrate import CASTRATE_NG_DL, not_castrate
from oncourse.words.catalogue import catalogue, write
from oncourse.words.phrases import translator

if TYPE_CHECKING:
    from oncourse.derive.clones.evolution import PatientEvolution

#: Lines on the front page.
FRONT_LINES = 3
#: Rules named in one front line before "and more below".
RULES_PER_LINE = 4
GRID_ROWS, GRID_COLUMNS = 30, 14
EVIDENCE_ROWS = 40
AGAINST = ("resistant", "no_benefit", "caution")
_DIRECTION_CLASS = {**dict.fromkeys(BENEFIT, "for"), **dict.fromkeys(AGAINST, "against")}


@dataclass(frozen=True)
class FrontLine:
    """One finding with the therapies it speaks for or against."""

    finding: str
    seen: str
    kind: str
    matches: tuple[Match, ...]
    n_more: int

    @property
    def fits(self) -> bool:
        """Whether any of its rules is for a setting that the patient may be in."""
        return any(m.setting != "does_not_fit" for m in self.matches)


def page_data(cohort: Cohort, patient_id: str, *, clones: bool | None = None) -> dict[str, Any]:
    """Return what the page and `oncourse.patients.plain` show of one patient; arguments as of `patient_page`."""
    import oncourse
    from oncourse.plots.timeline import timeline_svg

    whole, cohort = cohort, cohort.cleared  # what may be another's tells nothing of this patient
    found = cohort.findings
    tree = _evolution(cohort, patient_id) if (shows_clones(cohort) if clones is None else clones) else None
    if patient_id not in found.patients:
        raise ConfigError([f"{patient_id}: no such patient in this study."])
    facts = found.patients[patient_id]
    matches = cohort.therapy.matches[patient_id]
    matched = [m for m in matches if m.status == "matched"]
    date, checksum = rules_version()
    base = found.knowledge.evidence
    timeline = _timeline(cohort, patient_id, tree)
    language, noise = cohort.study.config.language, _noise(cohort, patient_id)
    samples = [s | {"noise": noise.get(s["sample_id"])} for s in _samples(whole, patient_id)]
    return dict(  # noqa: C408 - the names are those of the template
        patient_id=patient_id,
        study=cohort.study.config,
        facts=facts,
        person=_person(cohort, facts),
        decision=of_patient(found.decision, patient_id).to_dicts(),
        samples=samples,
        language=language,
        card=status_card(cohort, patient_id, samples, language),
        unseen=unseen(matches),
        steps=[] if facts.is_dead else next_steps(matches, language),
        front=front_lines(matched),
        biomarkers=key_biomarkers(cohort, facts),
        chip=_chip(facts),
        germline=germline_findings(facts),
        germline_open=germline_not_judged(facts),
        course=[r | {"drugs": treatment_name(r["drugs"])} for r in course_rows(cohort, patient_id)],
        monitoring=monitoring_lines(cohort, patient_id),
        timeline=timeline_svg(timeline),
        tracks=timeline,
        grid=_grid(cohort, facts, matched),
        rests=list(dict.fromkeys(v for m in matched for v in m.found)),
        benefit=[m for m in matched if m.rule.direction in BENEFIT],
        against=[m for m in matched if m.rule.direction in AGAINST],
        other=[m for m in matched if m.rule.direction not in BENEFIT + AGAINST],
        excluded=[m for m in matches if m.status == "excluded"],
        unassessed=_unassessed(matches),
        nearly=_nearly(matches),
        evidence=_evidence(cohort.therapy.evidence[patient_id]),
        n_evidence=len(cohort.therapy.evidence[patient_id]),
        watch=watch_rows(cohort, facts),
        clones=_clones(tree),
        known_name=_is_named,
        rules_date=date,
        rules_checksum=checksum,
        own_rules=len(found.knowledge.rules),
        approved_words=lambda m: approved_words(m, cohort.study.config.country, language),
        confirm_words=lambda m: to_confirm(m.rule.certainty),
        open_conditions=open_conditions,
        base=base,
        classified=found.knowledge.classified,
        version=oncourse.__version__,
        direction_class=_DIRECTION_CLASS,
    )


def approved_words(match: Match, country: str | None, language: str) -> str:
    """Return where the therapy is approved, the study's own country first; there it is said where none is known."""
    words, is_own = own_first(match.rule.regulatory, country)
    if match.left_out is not None:
        agency, why = match.left_out
        not_here = write("patient.left_out", language, agency=agency, why=list(why))
        words = [f"{not_here} ({said})" if said.startswith(agency) else said for said in words]
    if country and match.rule.basis == "approved" and match.rule.direction in BENEFIT and not is_own:
        words.insert(0, write("patient.no_approval", language, agency=AGENCIES[country]))
    said = translator(language)
    return "; ".join(text if text.startswith(tuple(AGENCIES.values())) else said(text) for text in words)


def _is_named(name: str) -> bool:
    """Return whether the words know the name of a fact of the person."""
    return "patient.person." + "".join(c if c.isalnum() else "_" for c in name) in catalogue("en")


def front_lines(matched: Sequence[Match]) -> list[FrontLine]:
    """Return the most important findings: matches that rest on the same finding are one line.

    Order: the patient is in the setting, level, no drug of the class was tried; prognosis and actions come last.
    """
    groups: dict[tuple[str, ...], list[Match]] = {}
    for match in matched:
        groups.setdefault(match.reasons, []).append(match)
    ordered = sorted(
        (sorted(rules, key=_front_key) for rules in groups.values()), key=lambda rules: _front_key(rules[0])
    )
    lines = []
    for rules in ordered[:FRONT_LINES]:
        seen = "; ".join(dict.fromkeys(filter(None, (v.where for m in rules for v in m.found))))
        kind = _DIRECTION_CLASS.get(rules[0].rule.direction, "other")
        more = max(len(rules) - RULES_PER_LINE, 0)
        lines.append(FrontLine(", ".join(rules[0].reasons), seen, kind, tuple(rules[:RULES_PER_LINE]), more))
    return lines


def _front_key(match: Match) -> tuple[Any, ...]:
    """In the setting before out of it, what comes after others last, level, not tried before tried; prognosis and
    actions at the end."""
    setting, late, level = match.sort_key[1:4]
    word = _DIRECTION_CLASS.get(match.rule.direction, "other")
    return (word == "other", setting == 2, late, level, bool(match.used_before) and word == "for", match.sort_key)


_STATE_WORDS = {
    "mCRPC": "metastatic, castration-resistant",
    "mCSPC": "metastatic, castration-sensitive",
    "metastatic": "metastatic",
    "resected": "resected",
}


def _state(facts: PatientFindings) -> str:
    """The state in words: that the primary is out is said only where it is known to be."""
    if facts.state == "resected" and facts.surgery != DONE:
        return "no metastasis recorded; operation not recorded"
    return _STATE_WORDS.get(facts.state or "") or "not recorded"


def _against_castration(cohort: Cohort, patient: str) -> str:
    """What testosterone says against the castration-resistant disease of the patient's lines; empty where nothing does."""
    tables = (of_patient(cohort.study[name], patient) for name in ("labs", "treatments"))
    high = not_castrate(*tables)
    if high.is_empty():
        return ""
    _, _, day, value = high.row(-1)
    return f"; testosterone {value:.0f} ng/dL on day {day} is not castrate (PCWG3: below {CASTRATE_NG_DL:.0f} ng/dL)"


def _life(cohort: Cohort, patient: str) -> str | None:
    """Dead, alive or not known, and since when; null of who has no follow-up."""
    told = of_patient(cohort.people, patient)
    if told.is_empty():
        return None
    row = told.row(0, named=True)
    if row["dead_day"] is not None:
        return f"dead, day {row['dead_day']}"
    last = row["last_contact_day"]
    words = "alive at last contact" if row["is_status_known"] else row["status_word"]
    if last is None:
        return str(words)
    return f"{words}, day {last}" if row["is_status_known"] else f"{words}; last contact on day {last}"


def _person(cohort: Cohort, facts: PatientFindings) -> list[tuple[str, str]]:
    row = of_patient(cohort.study["patients"], facts.patient_id).row(0, named=True)
    disease = row["disease"] or cohort.study.config.disease or facts.tumour
    age = f"{row['age_years']:.0f} years at index" if row["age_years"] is not None else None
    lines = of_patient(cohort.lines, facts.patient_id)
    current = lines.row(-1, named=True) if lines.height else None
    pairs = [
        ("Disease", disease),
        ("State", _state(facts) + _against_castration(cohort, facts.patient_id)),
        ("Primary site", row["primary_site"]),
        ("Stage", row["stage"]),
        ("Age, sex", ", ".join(filter(None, (age, row["sex"])))),
        (
            "Last line",
            f"{treatment_name(current['drugs'])} from day {current['start_day']}" if current else None,
        ),
        ("Follow-up", _life(cohort, facts.patient_id)),
    ]
    return [(name, str(value)) for name, value in pairs if value]


def _samples(cohort: Cohort, patient: str) -> list[dict[str, Any]]:
    lesions = cohort.study["lesions"].select("lesion_id", "role", "site")
    rows = of_patient(cohort.study["samples"], patient).join(lesions, on="lesion_id", how="left")
    rows = rows.join(cohort.apart.select("sample_id", set_apart="reason"), on="sample_id", how="left")
    return rows.sort("day", "sample_id", nulls_last=True).to_dicts()


def _noise(cohort: Cohort, patient: str) -> dict[str, str]:
    """In what the reads of a patient's samples are, or may be, noisier than told, by sample (concordance/samples)."""
    if cohort.presence_or_none is None:
        return {}
    named = of_patient(cohort.presence.samples, patient).drop_nulls("noise")
    return dict(named.select("sample_id", "noise").iter_rows())


def _chip(facts: PatientFindings) -> list[VariantFinding]:
    return [v for v in facts.variants if v.is_from_blood]


#: Genes of a recessive condition: reported with two variants only (ACMG SF).
RECESSIVE = ("MUTYH",)


def germline_findings(facts: PatientFindings) -> list[tuple[VariantFinding, str]] | None:
    """Return pathogenic germline variants of predisposition genes with the reason; None unless study.yaml asks for
    them.

    Pathogenic is what loss rules take as a loss (truncating, canonical splice, start-loss, listed), in a gene of
    predisposition_genes.tsv; one that is not classified is no finding. Without a matched normal none is known.
    """
    if not facts.reports_germline or not facts.has_normal:
        return None
    genes = {row["gene"] for row in data_rows("predisposition_genes.tsv")}
    found: dict[str, list[tuple[VariantFinding, str]]] = {}
    for v in facts.variants:
        is_loss, reason = loss_reason(v)
        if v.origin == "germline" and v.gene in genes and is_loss:
            found.setdefault(v.gene, []).append((v, reason))
    return [row for gene in sorted(found) for row in found[gene] if gene not in RECESSIVE or len(found[gene]) > 1]


def germline_not_judged(facts: PatientFindings) -> list[str]:
    """Return the predisposition genes in which something stands that is not understood, or that a filter sets aside."""
    genes = {row["gene"] for row in data_rows("predisposition_genes.tsv")}
    return sorted({gene for (_, gene, codon), state in facts.sites.items() if state == "unread" and not codon} & genes)


@dataclass(frozen=True)
class Unassessed:
    """What could not be judged for one reason: the things, and the rules that ask for them."""

    why: str
    subjects: tuple[str, ...]
    rules: tuple[Match, ...]


def _unassessed(matches: Sequence[Match]) -> list[Unassessed]:
    """Rules of which it cannot be said, by why: what was missing for the same reason is one line."""
    groups: dict[str, dict[str, None]] = {}
    rules: dict[str, list[Match]] = {}
    for m in sorted((m for m in matches if m.status == "not_assessable"), key=lambda m: m.sort_key):
        for text in m.missing[:2] or ("not assessed",):
            subject, why = _split_reason(text)
            groups.setdefault(why, {})[subject] = None
            if m not in (of := rules.setdefault(why, [])):
                of.append(m)
    return [Unassessed(why, _names_of(list(subjects)), tuple(rules[why])) for why, subjects in groups.items()]


def _split_reason(text: str) -> tuple[str, str]:
    """What is missing, and why.

    >>> _split_reason("BRCA1, ATM: germline not reported"), _split_reason("TMB not assessed"), _split_reason("odd")
    (('BRCA1, ATM', 'germline not reported'), ('TMB', 'not assessed'), ('odd', ''))
    """
    subject, _, why = text.rpartition(": ")
    if subject:
        return subject, why
    found = re.fullmatch(r"(.+?) (not (?:assessed|known|recorded|looked for))", text)
    return (found[1], found[2]) if found else (text, "")


def open_conditions(conditions: Sequence[str]) -> list[str]:
    """Return the open conditions of a rule, those of one reason together.

    >>> open_conditions(["BRCA1: too few reads", "BRCA2: too few reads", "TMB not assessed"])
    ['too few reads: BRCA1, BRCA2', 'not assessed: TMB']
    """
    groups: dict[str, list[str]] = {}
    for text in conditions:
        subject, why = _split_reason(text)
        groups.setdefault(why, []).append(subject)
    return [f"{why}: {', '.join(_names_of(names))}" if why else ", ".join(names) for why, names in groups.items()]


def _names_of(subjects: Sequence[str]) -> tuple[str, ...]:
    """Several things missing for one reason: genes once, the codons of a gene together.

    >>> _names_of(["AR codon 878", "AR codon 702, 878", "KIT"])
    ('KIT', 'AR codon 702, 878')
    """
    codons: dict[str, set[int]] = {}
    names: dict[str, None] = {}
    for part in ", ".join(subjects).split(", "):
        head, found, number = part.partition(" codon ")
        if found and number.isdigit():
            codons.setdefault(head, set()).add(int(number))
        elif part.isdigit() and codons:
            codons[next(reversed(codons))].add(int(part))
        else:
            names[part] = None
    told = [f"{gene} codon {', '.join(map(str, sorted(numbers)))}" for gene, numbers in codons.items()]
    return (*names, *told)


_NOT_ONE = ": not one of "


def _nearly(matches: Sequence[Match]) -> list[tuple[str, str]]:
    """What nearly matched with its reason -> therapies it concerns; changes that another rule names are left out.

    Rules for the same therapies that name different residues of a gene are one miss (POLE: two rules).
    """
    named = {v.name for m in matches if m.status == "matched" for v in m.found}
    groups: dict[str, dict[str, None]] = {}
    for m in matches:
        for text in m.near if m.status != "matched" else ():
            what = text.partition(_NOT_ONE)
            if what[1] and what[0] in named:
                continue
            groups.setdefault(text, {})[m.rule.therapy or m.rule.biomarker] = None
    joined: dict[tuple[str, str], list[str]] = {}
    for text, therapies in groups.items():
        change, not_one, residues = text.partition(_NOT_ONE)
        joined.setdefault((change if not_one else text, "; ".join(therapies)), []).append(residues)
    return [
        (f"{what}{_NOT_ONE}{'; '.join(residues)}" if residues[0] else what, therapies)
        for (what, therapies), residues in joined.items()
    ]


def _evidence(matches: Sequence[EvidenceMatch]) -> list[EvidenceMatch]:
    wanted = [m for m in matches if m.same_tumour and m.evidence.kind == "Predictive"]
    return wanted[:EVIDENCE_ROWS]


@dataclass(frozen=True)
class Cell:
    """One variant in one sample."""

    state: str
    text: str
    title: str


@dataclass(frozen=True)
class Grid:
    """Lesions x variants with states."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    n_more: int
    is_judged: bool


def _grid(cohort: Cohort, facts: PatientFindings, matched: Sequence[Match]) -> Grid | None:
    shown = [v for v in facts.variants if v.origin != "germline" or facts.reports_germline]
    if not shown:
        return None
    presence = cohort.presence_or_none
    samples = [s for s in _samples(cohort, facts.patient_id) if s["material"] in TUMOUR][:GRID_COLUMNS]
    columns = tuple(
        (
            s["sample_id"],
            ", ".join(
                filter(
                    None, (s["role"] or s["material"], s["site"], f"day {s['day']}" if s["day"] is not None else None)
                )
            ),
        )
        for s in samples
    )
    cells: dict[tuple[str, str], dict[str, Any]] = {}
    if presence is not None:
        mine = of_patient(presence.cells, facts.patient_id)
        wanted = [v.variant_id for v in shown]
        mine = mine.filter(pl.col("variant_id").is_in(wanted)).with_columns(is_by_calls=absent_by_calls())
        for row in mine.iter_rows(named=True):
            cells[(row["variant_id"], row["sample_id"])] = row
    counted = _counts(cohort, facts, [s["sample_id"] for s in samples]) if not cells else {}
    important = {v.variant_id for m in matched for v in m.found}
    order = sorted(facts.variants, key=lambda v: (v.variant_id not in important, -len(v.materials), v.gene, v.change))
    rows = []
    for v in order[:GRID_ROWS]:
        line = tuple(_cell(cells.get((v.variant_id, s)), counted.get((v.variant_id, s))) for s, _ in columns)
        rows.append((v.name, _origin_word(v), line))
    return Grid(columns, tuple(rows), max(len(order) - GRID_ROWS, 0), bool(cells))


def _counts(cohort: Cohort, facts: PatientFindings, samples: list[str]) -> dict[tuple[str, str], tuple[int, int]]:
    wanted = [v.variant_id for v in facts.variants]
    rows = cohort.study["calls"].filter(pl.col("sample_id").is_in(samples) & pl.col("variant_id").is_in(wanted))
    return {(v, s): (a, d) for v, s, a, d in rows.select("variant_id", "sample_id", "alt_count", "depth").iter_rows()}


def _origin_word(v: VariantFinding) -> str:
    words = {
        "chip": "blood clone",
        "possible_chip": "possible blood clone",
        "germline": "germline",
        "possible_germline": "possible germline: confirm",
    }.get(v.origin, "")
    return ", ".join(filter(None, (words, "restores reading frame" if v.is_reversion else "")))


def _cell(row: dict[str, Any] | None, counts: tuple[int, int] | None) -> Cell:
    if row is not None:
        alt, depth = row["alt_count"], row["depth"]
        covered = row["covered_depth"]
        unread = "reads not recorded" if covered is None else f"not called in {covered} reads"
        reads = f"{alt or 0} of {depth} reads" if depth is not None else unread
        power = f", power {row['power']:.2f}" if row["power"] is not None else ""
        if row["state"] == "present" and alt == 0:
            return Cell("unclear", "?", f"no read of it, likely there by the other variants: {reads}{power}")
        if row["state"] == "present":
            text = f"{100 * (alt or 0) / depth:.2g} %" if depth else "present"
            return Cell("present", text, f"present: {reads}")
        if row["is_by_calls"]:
            return Cell("assumed", "not called", f"not called and not counted: absent by assumption only{power}")
        if row["state"] == "absent":
            return Cell("absent", "absent", f"absent: {reads}{power}, {row['basis']}")
        return Cell("unclear", "?", f"not assessable ({row['reason'].replace('_', ' ')}): {reads}{power}")
    if counts is not None:
        alt, depth = counts
        if depth and alt is not None:
            return Cell("present", f"{100 * alt / depth:.2g} %", f"{alt} of {depth} reads")
        return Cell("present", "present", "reads not recorded")
    return Cell("unclear", "?", "not judged")


def _timeline(cohort: Cohort, patient: str, tree: PatientEvolution | None) -> PatientTimeline:
    """The timeline, with clones through time where there is a tree."""
    timeline = patient_timeline(cohort, patient)
    if tree is None:
        return timeline
    from oncourse.patients.clone_course import clone_track

    track = clone_track(tree)
    return timeline if track is None else replace(timeline, tracks=(*timeline.tracks, track))


def _clones(tree: PatientEvolution | None) -> dict[str, Any] | None:
    if tree is None:
        return None
    from oncourse.patients.clone_course import clone_growth
    from oncourse.patients.clones import clone_view

    return {**clone_view(tree), "growth": clone_growth(tree)}


def shows_clones(cohort: Cohort) -> bool:
    """Return whether the study asks for its clones: `evolution` is among what a run of it answers."""
    from oncourse.analyses._base import choose

    asked = {entry.name: entry for entry in choose((), cohort.study.config.objectives)}
    return "evolution" in asked and not asked["evolution"].missing(cohort)


def _evolution(cohort: Cohort, patient: str) -> PatientEvolution | None:
    """Tree of the patient; None where there is none."""
    if cohort.presence_or_none is None:
        return None
    try:
        return next((e for e in cohort.evolution if e.clones.patient_id == patient), None)
    except NotEnoughData:
        return None
