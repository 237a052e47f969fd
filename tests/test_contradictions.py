"""Whatever two analyses, tables, pages or exports state of one patient, sample and word is the same.

Each source is a function that reads what a user gets - a result table, a page, a derived table - and returns claims
(patient, sample or "", word, state). Sources that use the same word for the same person are compared with each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import unescape

import polars as pl
import pytest
from tests import claims
from tests.claims import Claim, page_of, result_of
from tests.studies import study

from oncourse.cohort import Cohort
from oncourse.facts.statuses import STATUSES
from oncourse.knowledge.evaluate import GERMLINE_TEXT, YES, evaluate
from oncourse.knowledge.expression import parse

RAS = "KRAS:12,13,59,61,117,146; NRAS:12,13,59,61,117,146"


def table_of(cohort: Cohort, analysis: str, name: str) -> pl.DataFrame | None:
    result = result_of(cohort, analysis)
    return result.tables[name] if result else None


def samples_of_statuses(cohort: Cohort) -> Iterator[Claim]:
    """ras_status/samples: sample by sample."""
    found = table_of(cohort, "ras_status", "ras_status/samples")
    for row in found.iter_rows(named=True) if found is not None else ():
        if row["sample_id"] is not None:
            yield row["patient_id"], row["sample_id"], row["status"], word(row["state"], row["basis"])


def flips(cohort: Cohort) -> Iterator[Claim]:
    """Both sides of concordance/flips."""
    for analysis in ("concordance", "ras_status"):
        found = table_of(cohort, analysis, f"{analysis}/flips")
        for row in found.iter_rows(named=True) if found is not None else ():
            for end in "ab":
                state = word(row[f"state_{end}"], row[f"basis_{end}"])
                yield row["patient_id"], row[f"sample_{end}"], row["status"], state


def codons_of_samples(cohort: Cohort) -> Iterator[Claim]:
    """The callability table behind therapy: a sample whose codons cannot be read is no measured negative."""
    codons = cohort.findings.callable_codons
    ras = codons.filter(pl.col("gene").is_in(["KRAS", "NRAS"]) & pl.col("codon").is_in([12, 13, 59, 61, 117, 146]))
    called = set()
    # a test of the hospital's speaks where the reads cannot, and against them
    against = (pl.col("basis") == "recorded") | pl.col("reason").str.starts_with("contradicted by")
    recorded = set(cohort.statuses.filter((pl.col("status") == "RAS") & against)["sample_id"])
    for patient, facts in cohort.findings.patients.items():
        outcome = evaluate(parse(f"mutation({RAS})"), facts)
        # a change that may be one of the codons, or of the blood, is no absence, whatever was read there, nor is what
        # another test found
        open_ = ("protein change not recorded", "another test found one", "possible clonal haematopoiesis")
        if outcome.found or any(words in text for text in outcome.missing for words in open_):
            called.add(patient)
    for (patient, sample), rows in ras.group_by("patient_id", "sample_id", maintain_order=True):
        states = set(rows["state"])
        if patient in called or sample in recorded:
            continue
        worst = (
            "not_assessable"
            if states - {"measured", "assumed"}
            else "negative assumed"
            if "assumed" in states
            else None
        )
        shown = cohort.findings.plasma.filter(pl.col("sample_id") == sample)
        dry = shown.height > 0 and not shown["has_tumour"][0]
        yield str(patient), str(sample), "RAS", "not_assessable" if dry else worst or "negative measured"


def ras_at_decision(cohort: Cohort) -> Iterator[Claim]:
    """therapy/ras: the patient."""
    words = {"mutated": "positive", "wild_type": "negative measured", "assumed_wild_type": "negative assumed"}
    found = table_of(cohort, "therapy", "therapy/ras")
    for row in found.iter_rows(named=True) if found is not None else ():
        yield row["patient_id"], "", "RAS", words.get(row["state"], "not_assessable")


def ras_by_rules(cohort: Cohort) -> Iterator[Claim]:
    """What the wild-type rules say of the patient."""
    for patient, facts in cohort.findings.patients.items():
        if facts.tumour != "colorectal":
            continue
        if evaluate(parse(f"mutation({RAS})"), facts).truth == YES:
            yield patient, "", "RAS", "positive"
        elif evaluate(parse(f"wild_type({RAS})"), facts).truth == YES:
            yield patient, "", "RAS", "negative measured"


def losses_by_rules(cohort: Cohort) -> Iterator[Claim]:
    """What the rules' question `loss(...)` says of the genes of BRCA and HRR: a reason they withhold "not altered"
    for germline's sake is one for the status too."""
    asked = {s.name: parse(f"loss({'; '.join(s.lost)})") for s in STATUSES if s.lost}
    own = pl.col("status").str.to_uppercase() + " "
    words = pl.coalesce("variants", "reason").str.to_uppercase().str.starts_with(own)
    told = cohort.patient_statuses.filter((pl.col("basis") == "recorded") & words)
    named = set(told.select("patient_id", "status").iter_rows())  # "HRR positive" names no gene that a rule could ask
    for patient, facts in cohort.findings.patients.items():
        for status, question in asked.items():
            outcome = evaluate(question, facts)
            if outcome.truth == YES:
                yield patient, "", status, "positive"
            elif any(GERMLINE_TEXT in text for text in outcome.missing) and (patient, status) not in named:
                yield patient, "", status, "not_assessable"


#: Label on the page -> status.
LABELS = {
    "RAS (KRAS, NRAS)": "RAS",
    "BRAF V600E": "BRAF V600E",
    "MSI / MMR": "MSI-H/dMMR",
    "HRR gene loss": "HRR",
    "BRCA1 / BRCA2 loss": "BRCA",
    "AR-V7": "AR-V7",
    "PIK3CA hotspot": "PIK3CA",
}


def page(cohort: Cohort) -> Iterator[Claim]:
    """The biomarkers of the patient page, as they stand in its HTML."""
    for patient in cohort.study["patients"]["patient_id"].to_list():
        text = page_of(cohort, patient)
        marks = re.search(r'<ul class="marks">(.*?)</ul>', text, re.S)
        for state, label, rest in re.findall(
            r'<li class="(\w+)"><b>(.*?)</b>(.*?)</li>', marks[1] if marks else "", re.S
        ):
            status, words = LABELS.get(unescape(label)), unescape(rest)
            if status is None:
                continue
            assumed = "assumed" in words.split("<small>")[0]  # what stands behind it is said of other samples
            claim = {"found": "positive", "none": "negative"}.get(state, "not_assessable")
            if claim != "positive" and assumed and "not assessable" not in words.split("<small>")[0]:
                claim = "negative assumed"
            elif claim == "not_assessable" and "recorded wild type" in words:
                claim = "negative"
            yield patient, "", status, claim


def patients_of_statuses(cohort: Cohort) -> Iterator[Claim]:
    for row in cohort.patient_statuses.iter_rows(named=True):
        yield row["patient_id"], "", row["status"], word(row["state"], row["basis"])


def treatment_markers(cohort: Cohort) -> Iterator[Claim]:
    """The marker values of the treatment comparisons, sample by sample where a day tells it."""
    days = cohort.study["samples"].select("patient_id", "sample_id", "day", "material").drop_nulls("day")
    days = days.filter(pl.col("material").is_in(["tissue", "plasma"]))
    days = days.filter(pl.len().over("patient_id", "day") == 1)
    alone = cohort.statuses.filter(pl.col("sample_id").is_null()).select("patient_id", "day")
    days = days.join(alone, on=["patient_id", "day"], how="anti")  # a record of that day without a sample speaks too
    values = cohort.treatment_markers.filter(pl.col("marker").is_in(["RAS", "HRR", "MSI-H/dMMR"]))
    rows = values.join(days, on=["patient_id", "day"], how="inner")
    for patient, marker, value, sample in rows.select("patient_id", "marker", "value", "sample_id").iter_rows():
        yield patient, sample, marker, "positive" if value else "negative"


def features(cohort: Cohort) -> Iterator[Claim]:
    """MSI-H and HRR as features: the sample that speaks for the patient."""
    table = cohort.features
    names = {"msi:MSI-H": "MSI-H", "pathway:HRR": "HRR"}
    for block in getattr(table, "blocks", ()):
        for column, name in enumerate(block.names):
            if name not in names:
                continue
            for place, patient in enumerate(table.patients):
                sample, value = block.sample_id[place], block.values[place, column]
                if sample is not None and value in (0, 1):
                    yield patient, sample, names[name], "positive" if value == 1 else "negative"


def ctdna_tables(cohort: Cohort) -> Iterator[Claim]:
    found = table_of(cohort, "monitoring", "monitoring/ctdna")
    for row in found.iter_rows(named=True) if found is not None else ():
        at = row["sample_id"] or f"recorded on day {row['day']}"
        yield row["patient_id"], at, "tumour DNA in plasma", row["state"]


def plasma_of_decision(cohort: Cohort) -> Iterator[Claim]:
    """What statuses and rules take as plasma with tumour DNA; the rest is not positive."""
    for row in cohort.findings.plasma.iter_rows(named=True):
        yield row["patient_id"], row["sample_id"], "ctDNA-positive", "positive" if row["has_tumour"] else "not positive"


def positive_or_not(cohort: Cohort) -> Iterator[Claim]:
    for row in cohort.ctdna.drop_nulls("sample_id").iter_rows(named=True):
        state = "positive" if row["state"] == "positive" else "not positive"
        yield row["patient_id"], row["sample_id"], "ctDNA-positive", state


def blood_after_surgery(cohort: Cohort) -> Iterator[Claim]:
    words = {True: "positive", False: "negative", None: "not_assessable"}
    for row in cohort.recurrence_blood.iter_rows(named=True):
        at = row["sample_id"] or f"recorded on day {row['day']}"
        yield row["patient_id"], at, "tumour DNA in plasma", words[row["is_positive"]]


def informative_plasma_samples(cohort: Cohort) -> Iterator[Claim]:
    """tissue_blood: plasma whose negatives count is ctDNA-positive."""
    found = table_of(cohort, "tissue_blood", "tissue_blood/plasma")
    for row in found.iter_rows(named=True) if found is not None else ():
        if row["is_informative"]:
            yield row["patient_id"], row["sample_id"], "ctDNA-positive", "positive"


def rule_marker(cohort: Cohort) -> Iterator[Claim]:
    """The result that rules read, beside the latest blood that tells, where any of it was recorded."""
    dated = cohort.ctdna.filter(pl.col("state") != "not_assessable").drop_nulls("day").sort("day")
    for patient, facts in cohort.findings.patients.items():
        said, rows = facts.markers.get("CTDNA"), dated.filter(pl.col("patient_id") == patient)
        if said in ("positive", "negative") and rows["witnesses"].str.contains("recorded result").any():
            yield patient, "latest", "tumour DNA in plasma", said
            for state in rows.filter(pl.col("day") == rows["day"][-1])["state"]:
                yield patient, "latest", "tumour DNA in plasma", state


SOURCES: tuple[Callable[[Cohort], Iterator[Claim]], ...] = (
    samples_of_statuses,
    flips,
    codons_of_samples,
    ras_at_decision,
    ras_by_rules,
    losses_by_rules,
    page,
    patients_of_statuses,
    treatment_markers,
    features,
    ctdna_tables,
    plasma_of_decision,
    positive_or_not,
    blood_after_surgery,
    informative_plasma_samples,
    rule_marker,
    *claims.SOURCES,
)


def word(state: str, basis: str | None) -> str:
    """State and, of a negative, what it rests on."""
    if state == "negative" and basis in ("measured", "assumed"):
        return f"negative {basis}"
    return state


def differ(one: str, two: str) -> bool:
    """Whether two states cannot both be right; a source that does not say what a negative rests on says less, not
    other."""
    if "negative" in (one, two):
        return one.split()[0] != two.split()[0]
    return one != two


def contradictions(cohort: Cohort, sources: Iterable[Callable[[Cohort], Iterator[Claim]]] = SOURCES) -> list[str]:
    return _compared((source.__name__, claim) for source in sources for claim in source(cohort))


def _compared(claimed: Iterable[tuple[str, Claim]]) -> list[str]:
    said: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
    for name, (patient, sample, status, state) in claimed:
        said.setdefault((patient, sample, status), set()).add((name, state))
    found = []
    for key, claims_of in sorted(said.items()):
        pairs = {(a, b) for a in claims_of for b in claims_of if a < b and differ(a[1], b[1])}
        found += [f"{' '.join(key)}: {a[0]} says {a[1]}, {b[0]} says {b[1]}" for a, b in sorted(pairs)]
    return found


def _no_contradiction(cohort: Cohort) -> None:
    claimed = [(source.__name__, claim) for source in SOURCES for claim in source(cohort)]
    assert len({claim[2] for _, claim in claimed}) >= 12 and len(claimed) > 100 * cohort.study["patients"].height
    assert _compared(claimed) == []


@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_no_two_outputs_of_a_simulated_study_disagree(answered, design: str):
    cohort, outcomes = answered(design)
    claims.ANSWERED |= {(cohort, name): outcome.result for name, outcome in outcomes.items()}
    _no_contradiction(cohort)


def test_no_two_outputs_disagree_where_samples_are_set_apart():
    """Analyses answer without swapped samples, and the page of the patient does not use them either."""
    from tests.derive.test_identity import made

    cohort = Cohort(made(swap=(1, 2), n=4))
    assert cohort.apart["patient_id"].unique().sort().to_list() == ["X1", "X2"]
    claimed = [(s.__name__, c) for s in (samples_of_statuses, flips, page, ras_at_decision) for c in s(cohort)]
    claimed += [("statuses", c) for c in patients_of_statuses(cohort.cleared)]
    assert {("X1", "RAS"), ("X0", "RAS")} <= {(c[0], c[2]) for _, c in claimed}
    assert _compared(claimed) == []


@pytest.mark.slow
@pytest.mark.parametrize("design", ["crc", "mcrpc"])
def test_no_two_outputs_of_forty_simulated_patients_disagree(simulated_study, design: str):
    _no_contradiction(Cohort(simulated_study(design, 40, 3)))


def _plasma_study():
    """Five patients after surgery: reads against a recorded negative; a blood clone alone; a called variant alone; a
    recorded negative without reads; nothing at all."""
    people = ["reads", "clone", "called", "told", "nothing"]
    variants = [
        {
            "variant_id": f"5:{112_839_000 + k}:C:T",
            "gene": "APC",
            "hgvs_p": f"p.R{1450 + k}*",
            "consequence": "nonsense",
        }
        for k in range(3)
    ]
    variants.append({"variant_id": "2:25234373:C:T", "gene": "DNMT3A", "hgvs_p": "p.R882H", "consequence": "missense"})
    samples = [
        {"sample_id": f"{p}-B", "patient_id": p, "material": "plasma", "day": 30, "assay_id": "p"} for p in people
    ]
    samples.append({"sample_id": "reads-T", "patient_id": "reads", "material": "tissue", "day": 0, "assay_id": "p"})
    calls = [
        {"sample_id": f"reads-{s}", "variant_id": v["variant_id"], "alt_count": n, "depth": 3000}
        for s, n in (("T", 900), ("B", 60))
        for v in variants[:3]
    ]
    calls.append({"sample_id": "clone-B", "variant_id": "2:25234373:C:T", "alt_count": 90, "depth": 3000})
    calls.append({"sample_id": "called-B", "variant_id": variants[0]["variant_id"], "alt_count": 90, "depth": 3000})
    markers = [
        {"patient_id": p, "sample_id": f"{p}-B", "day": 30, "marker": "MRD", "value": "not detected"}
        for p in ("reads", "told")
    ]
    return study(
        {"title": "t", "genome_build": "GRCh38", "disease": "colorectal cancer", "design": "crc"},
        patients=[{"patient_id": p, "disease": "colon adenocarcinoma", "stage": "III"} for p in people],
        procedures=[{"patient_id": p, "day": 0, "kind": "primary_resection"} for p in people],
        follow_up=[
            {
                "patient_id": p,
                "last_contact_day": 600,
                "is_dead": False,
                "recurrence_day": 400 if p == "called" else None,
            }
            for p in people
        ],
        samples=samples,
        variants=variants,
        calls=calls,
        markers=markers,
        assays=[{"assay_id": "p", "kind": "panel", "targets": "APC;DNMT3A;KRAS", "error_rate": 1e-5}],
    )


def test_ctdna_positive_means_one_thing():
    """Monitoring, recurrence, statuses and rules had three meanings: a blood clone was residual disease in one of
    them, a panel without a call "negative" in another."""
    cohort = Cohort(_plasma_study())
    states = dict(cohort.ctdna.select("patient_id", "state").iter_rows())
    assert states == {
        "reads": "positive",
        "clone": "not_assessable",
        "called": "positive",
        "told": "negative",
        "nothing": "not_assessable",
    }
    assert contradictions(cohort) == []
    for name in ("CTDNA", "CTDNA AFTER SURGERY"):  # day 30 after the resection
        assert {p: f.markers.get(name) for p, f in cohort.findings.patients.items()} == states


def _outcome_study():
    """Patients after surgery on day 0: a lesion before the recorded recurrence; a lesion alone; neither; a lesion after
    the recorded day; metastasis from the start; death of the cancer. MSI of each is recorded in another way."""
    rows = {  # recurrence_day, day of a metastasis, samples.msi_status, markers.MSI, markers.MMR, is_dead
        "early": (300, 200, "MSI-H", None, None, False),
        "lesion": (None, 250, None, "MSI-H", None, True),
        "free": (None, None, None, "MSS", "pMMR", False),
        "late": (150, 400, "MSS", None, "pMMR", False),
        "before": (None, -5, "MSS", "MSI-H", None, True),
        "died": (None, None, "indeterminate", None, "dMMR", True),
        "never": (None, None, None, None, None, False),
    }
    marks = [
        {"patient_id": p, "sample_id": f"{p}-T", "marker": m, "value": r[k]}
        for p, r in rows.items()
        for m, k in (("MSI", 3), ("MMR", 4))
        if r[k]
    ]
    return study(
        {"title": "t", "genome_build": "GRCh38", "disease": "colorectal cancer", "design": "crc"},
        patients=[{"patient_id": p, "disease": "colon adenocarcinoma", "stage": "III"} for p in rows],
        procedures=[{"patient_id": p, "day": 0, "kind": "primary_resection"} for p in rows],
        follow_up=[
            {
                "patient_id": p,
                "last_contact_day": 900,
                "is_dead": r[5],
                "recurrence_day": r[0],
                "cause_of_death": "cancer" if r[5] else None,
            }
            for p, r in rows.items()
        ],
        lesions=[
            {"lesion_id": f"{p}-L", "patient_id": p, "role": "metastasis", "site": "liver", "found_day": r[1]}
            for p, r in rows.items()
            if r[1] is not None
        ],
        samples=[
            {
                "sample_id": f"{p}-T",
                "patient_id": p,
                "material": "tissue",
                "day": 0,
                "assay_id": "p",
                "msi_status": r[2],
            }
            for p, r in rows.items()
        ],
        variants=[{"variant_id": "5:112839000:C:T", "gene": "APC", "hgvs_p": "p.R1450*", "consequence": "nonsense"}],
        calls=[{"sample_id": f"{p}-T", "variant_id": "5:112839000:C:T", "alt_count": 90, "depth": 300} for p in rows],
        assays=[{"assay_id": "p", "kind": "panel", "targets": "APC;DNMT3A;KRAS"}],
        markers=marks,
        published_endpoints=[
            {"patient_id": p, "endpoint": "DFI", "anchor": "index", "time_days": 200, "is_event": True} for p in rows
        ],
    )


def test_recurrence_and_msi_mean_one_thing_however_they_were_recorded():
    """The page's timeline drew the recorded day of a recurrence that a lesion contradicts, and none where only a lesion
    tells it; the landscape called MSI "not assessed" where it was recorded as a marker."""
    cohort = Cohort(_outcome_study())
    days = {c[0]: c[3] for c in claims.recurrence_on_page(cohort)}
    assert days == {
        "early": "day 200",
        "lesion": "day 250",
        "late": "day 150",
        "free": "none seen",
        "died": "none seen",
        "never": "none seen",
    }
    assert {c[0]: c[3] for c in claims.msi_of_landscape(cohort)} == {
        "early": "positive",
        "lesion": "positive",
        "free": "negative",
        "late": "negative",
        "before": "positive",
        "died": "not_assessable",
        "never": "not_assessable",
    }
    assert len(list(claims.recurrence_beside_published(cohort))) == 6
    assert contradictions(cohort) == []


def test_prediction_counts_the_deaths_of_the_end_points():
    """Deaths of day 730 are deaths by 24 months: the model counted 20 where there are 60."""
    from oncourse.derive.outcomes.prediction_data import prediction_frame

    n = 120
    days = [730 if i < 40 else 200 + 10 * i if i < 60 else 1100 for i in range(n)]
    ids = [f"P{i:03d}" for i in range(n)]
    cohort = Cohort(
        study(
            {"design": "crc", "covariates": {"age_years": "number"}, "title": "t"},
            patients=[{"patient_id": p, "age_years": 50.0 + i % 31} for i, p in enumerate(ids)],
            follow_up=[
                {"patient_id": p, "last_contact_day": d, "is_dead": i < 60}
                for i, (p, d) in enumerate(zip(ids, days, strict=True))
            ],
            samples=[{"sample_id": f"{p}-T", "patient_id": p, "material": "tissue", "day": 0} for p in ids],
            variants=[{"variant_id": "17:7578406:C:T", "gene": "TP53", "consequence": "missense_variant"}],
            calls=[{"sample_id": f"{p}-T", "variant_id": "17:7578406:C:T"} for p in ids[::3]],
        )
    )
    asked = {"endpoint": "OS", "origin": "index", "line": 1, "covariates": (), "min_carriers": 5, "max_genes": 5}
    rows = prediction_frame(cohort.prediction_tables, **asked).patients
    told = {
        patient: claims.by_two_years(time, dead)
        for patient, time, dead in rows.select("patient_id", "time_days", "is_event").iter_rows()
    }
    assert told == {c[0]: c[3] for c in claims.outcome_by_two_years(cohort)}
    assert sum(word == "dead" for word in told.values()) == sum(d <= 730 for d in days[:60])


#: Real studies, and how many of their patients: of each every output is compared with every other.
#: Slow: the default tests compare those of every real study that are chosen by what they hold (`test_real_studies_agree`).
REAL = [("tcga_crc_prad_maf/mc3_READ.maf.gz", 3), ("crc_hu2019_multiregion", 2), ("msk_met_2021_crc_prostate", 6)]


def _real(path):
    """Read a real study; Hu 2019 needs its clinical table, which says whose the 57 regions are (one of each lesion)."""
    import oncourse
    from oncourse.io.aside import checked
    from oncourse.io.files import read_files
    from oncourse.study.model import Study

    if not (path / "CRC_HZ.clin.txt").is_file():
        return oncourse.read(path)
    reading = read_files([path / "CRC_HZ.maf.gz"], clinical=[path / "CRC_HZ.clin.txt"])
    tables = checked(reading)[0]
    kept = tables["samples"].unique("lesion_id", keep="first", maintain_order=True)["sample_id"].implode()
    few = {n: t.filter(pl.col("sample_id").is_in(kept)) if "sample_id" in t.columns else t for n, t in tables.items()}
    return Study(reading.config, few)


@pytest.mark.slow
@pytest.mark.parametrize(("place", "n"), REAL, ids=[place.split("/")[-1] for place, _ in REAL])
def test_no_two_outputs_of_a_few_real_patients_disagree(shared_data, place, n):
    whole = _real(shared_data(*place.split("/")))
    names = whole["samples"]["patient_id"].unique().sort().to_list()
    cohort = Cohort(whole.select(patients=names[:: max(len(names) // n, 1)][:n]))
    sources = [s for s in SOURCES if s.__name__ not in ("exported",)]
    claimed = [(s.__name__, claim) for s in sources for claim in s(cohort)]
    assert len({name for name, _ in claimed}) >= 5
    assert _compared(claimed) == []


@pytest.mark.slow
def test_no_two_outputs_of_a_real_study_disagree(shared_data):
    """Sixteen patients of prostate_msk_2024, half of them MSI-H or indeterminate: MSI, HRR, vital status, exports."""
    import oncourse

    whole = oncourse.read(shared_data("prostate_msk_2024"))
    rare = whole["samples"].filter(pl.col("msi_status").is_in(["MSI-H", "indeterminate"]))["patient_id"]
    first = (names.unique().sort().to_list()[:8] for names in (rare, whole["patients"]["patient_id"]))
    cohort = Cohort(whole.select(patients=sorted({p for names in first for p in names})))
    assert {claim[3] for claim in claims.msi_of_landscape(cohort)} == {"positive", "negative", "not_assessable"}
    assert contradictions(cohort) == []
