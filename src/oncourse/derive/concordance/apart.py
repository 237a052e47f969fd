"""Samples that may be another's: what identity and relatedness tell, brought to one list of who leaves the answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from oncourse.derive.concordance.identity import HOLDS

#: Why a sample is set apart; the first that holds is said.
REASONS = {
    "swap": "fits another patient",
    "person": "of another person than the patient's others",
    "contaminated": "holds another patient's DNA",
    "double": "one person under two names",
    "stranger": "of no tumour of the patient's others",
}
SCHEMA = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}
_RELATED = dict.fromkeys(("patient_id", "sample_a", "sample_b", "verdict"), pl.String)
_CROSS = ("same tumour", "same person")


def samples_apart(identity: pl.DataFrame, related: pl.DataFrame | None) -> pl.DataFrame:
    """Return patient_id, sample_id, reason (`REASONS`) of the samples that leave the answers, one row each.

    identity : `oncourse.derive.concordance.identity`; related : `oncourse.derive.concordance.relatedness`, None
    where no patient has two tumour samples

    Of two patients' samples of one tumour or person, those leave that do not fit their own patient's others; where both
    do, it is one person under two names, counted once (the first id stays); where neither is known to, both leave.
    Within a patient the sample leaves that most others contradict by germline sites, both of two. Tumours without
    common origin are another matter: a sample leaves where it is the stranger among others that are related; of two
    samples which it is cannot be told, and a second primary is the patient's own: such pairs leave comparisons alone
    (`oncourse.derive.concordance.relatedness.NOT_RELATED`).
    """
    if related is None:
        related = pl.DataFrame(schema=_RELATED)
    patient = dict(identity.select("sample_id", "patient_id").rows())
    patient |= dict(
        identity.filter(pl.col("finding").is_in(_CROSS)).select("other_sample_id", "other_patient_id").rows()
    )
    two = identity.filter(finding="another person")  # of the same patient
    patient |= dict(two.select("other_sample_id", "patient_id").rows())
    patient |= {row[s]: row["patient_id"] for row in related.iter_rows(named=True) for s in ("sample_a", "sample_b")}
    why: dict[str, str] = {}
    for sample in _contradicted(identity, related, patient):
        why[sample] = "person"
    for sample in _strangers(related):
        why.setdefault(sample, "stranger")
    for sample, reason in _across(identity, patient, why):
        why[sample] = "swap" if reason == "swap" else why.get(sample, reason)
    holds = identity.filter(pl.col("finding").is_in(HOLDS)).select("sample_id", "other_sample_id")
    # what a sample has in common with one that is itself another's may be its own
    sound = [sample for sample, source in holds.rows() if why.get(source, "double") == "double"]
    for sample in sound:
        why.setdefault(sample, "contaminated")
    rows = [(patient[sample], sample, REASONS[reason]) for sample, reason in why.items()]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("patient_id", "sample_id")


def _contradicted(identity: pl.DataFrame, related: pl.DataFrame, patient: Mapping[str, str]) -> list[str]:
    """The samples that most others of their patient contradict by germline sites; of equals all."""
    against: dict[str, set[str]] = defaultdict(set)
    two = identity.filter(finding="another person").select("sample_id", "other_sample_id").rows()
    two += related.filter(verdict="swap").select("sample_a", "sample_b").rows()
    for a, b in two:
        against[a].add(b)
        against[b].add(a)
    most: dict[str, int] = defaultdict(int)
    for sample, others in against.items():
        most[patient[sample]] = max(most[patient[sample]], len(others))
    return sorted(s for s, others in against.items() if len(others) == most[patient[s]])


def _strangers(related: pl.DataFrame) -> list[str]:
    """The samples without common origin with others of their patient that are of one tumour themselves."""
    kin = {s for row in related.filter(verdict="related").select("sample_a", "sample_b").rows() for s in row}
    apart = related.filter(verdict="unrelated").select("sample_a", "sample_b").rows()
    both = apart + [(b, a) for a, b in apart]
    return sorted({a for a, b in both if a not in kin and b in kin})


def _across(identity: pl.DataFrame, patient: Mapping[str, str], why: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sample and reason, of the samples of two patients that are of one tumour or one person."""
    rows = identity.filter(pl.col("finding").is_in(_CROSS))
    own = {s: fits for s, fits in rows.select("sample_id", "fits_own").rows() if fits is not None}
    found = rows.filter(finding="same person").select(s="sample_id", p="patient_id").unique()
    several = set(found.filter(pl.col("s").n_unique().over("p") > 1)["s"])  # judged together, and not contradicted
    decided = {patient[s] for s, reason in why.items() if reason == "person"}

    def fits_own(sample: str) -> bool | None:
        if sample in why:
            return False
        if sample in several and patient[sample] in decided:  # germline sites tell which one it is: not this
            return True
        return own.get(sample, True if sample in several else None)

    out = []
    for pair in sorted({(a, b) for a, b in rows.select("sample_id", "other_sample_id").rows() if (b, a) > (a, b)}):
        fits = {s: fits_own(s) for s in pair}
        odd = [s for s in pair if fits[s] is False] or [s for s in pair if fits[s] is None]
        if odd:
            out += [(s, "swap") for s in odd]
        else:
            out.append((max(pair, key=lambda s: patient[s]), "double"))
    return out
