"""Another's DNA in a sample: reads at sites that its patient does not have and a sample of another patient has."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.facts.called import is_called_expr
from oncourse.study.model import Study

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

#: Fewest reads of a site that is asked.
MIN_DEPTH = 10
#: Reads from which a sample has a variant, that nobody need have called; and of a called one.
CARRIED_VAF, CALLED_VAF = 0.2, 0.05
#: Reads from which a patient's other sample has it, and from which the sample itself does: below, its own copy, nearly
#: lost, looks like another's, and the likelihood allows for that (`OWN`).
OWN_VAF, OWN_IN_SAMPLE = 0.1, 0.25
#: Least share of a sample's asked sites that were looked at and not called (and `MIN_SITES` of them): a list of calls holds
#: no site without reads, and two hypermutated tumours meet in many.
LEAST_UNCALLED = 0.3
#: Fewest sites of the source that are asked, and fewest of them with reads.
MIN_SITES, MIN_SEEN = 10, 5
#: Least share that is told (what `oncourse reads` remarks on); most: more is a swap, which other evidence tells.
LEAST, MOST = 0.02, 0.4
#: Reads that a site of the source would show from which it is asked whether it does, and least share of such sites that
#: do: of another person's common alleles a source shows two thirds, of its own nearly all (our choice).
WOULD_SHOW, COMPLETE = 5.0, 0.8
#: log10 likelihood ratio of a source against none, beside one in so many pairs of samples as the study has.
EVIDENCE = 4.0
#: Errors at a site: those of the other patients who do not have it, from `PRIOR_READS` reads at `PRIOR_ERROR` on.
PRIOR_ERROR, PRIOR_READS = 1e-3, 1000.0
#: Squared coefficients of variation, between sites, of errors (a gamma of shape 2, as `presence`) and of foreign reads
#: (copies and capture of the source).
ERROR_SPREAD, FOREIGN_SPREAD = 0.5, 0.1
#: Errors of the sample against those of the others; shares of its sites that may show something of its own.
_TIMES = np.geomspace(0.1, 100, 10)
OWN = (0.002, 0.01, 0.05, 0.2, 0.5)
_SHARES = np.geomspace(LEAST / 4, MOST * 1.25, 16)
_FINER = np.geomspace(0.75, 4 / 3, 11)
#: What a sample's own nearly lost copies and minor clones show: Beta(1, 6).
_OWN_SHAPE = (1.0, 6.0)
#: Sources that are weighed of each sample, and from how many standard errors of their reads on.
CANDIDATES, CANDIDATE_Z = 4, 4.0
#: Samples whose possible sources are scored at a time: a table of all by all of a registry would not fit into memory.
BLOCK = 512
#: Most sites without the source's variant that are weighed beside those with it.
MOST_BESIDE = 3000
SCHEMA = {
    "sample_id": pl.String,
    "patient_id": pl.String,
    "finding": pl.String,
    "other_sample_id": pl.String,
    "other_patient_id": pl.String,
    "n_shared": pl.Int64,
    "n_rare": pl.Int64,
    "share": pl.Float64,
}


class Cells(NamedTuple):
    """Counts of samples at the sites that some sample has: one entry per cell, sorted by sample.

    sample, patient, site : numbers from 0; kind : 0 C>T or G>A (what fixation makes), 1 other bases, 2 lengths
    has : the sample has the variant; owned : it, or another sample of its patient, does
    """

    sample: Numbers
    patient: Numbers
    site: Numbers
    kind: Numbers
    alt: Floats
    depth: Floats
    has: NDArray[np.bool_]
    owned: NDArray[np.bool_]


class Source(NamedTuple):
    """What reads say of one source of foreign DNA: its share, log10 likelihood ratio, sites asked, and with reads.

    shown : of the sites that would show reads of it (`WOULD_SHOW`), the share that do; NaN where there are none
    """

    share: float
    evidence: float
    n_sites: int
    n_seen: int
    shown: float


def n_asked(study: Study) -> int:
    """Return the number of samples with `MIN_SITES` counted sites that another patient's sample has and they do not."""
    cells, samples = counted_elsewhere(study)
    return int((np.bincount(cells.sample[~cells.owned], minlength=samples.height) >= MIN_SITES).sum())


def foreign_reads(study: Study) -> pl.DataFrame:
    """Return `SCHEMA`, a row per sample and the likeliest source of foreign DNA in it (finding ``foreign reads``).

    Reads at a site that the patient does not have are errors, or another's. Errors are those of the other patients who
    do not have it, times a factor of the sample and kind of change; foreign reads stand at ``share`` times the fraction
    of the source, at its sites and at no others. Both hypotheses allow for a share of sites with something of the
    sample's own, at any low fraction. Sites of germline and tumour alike; nobody need have called any of them in the
    sample. ``n_rare``: sites of the source that were asked; ``n_shared``: those with more reads than errors explain. Source
    and share are null where it lacks too many of the likeliest's alleles (`COMPLETE`): it is of somebody who is not in
    the study, of whom some alleles are here; that is found where enough of them are.
    """
    cells, samples = counted_elsewhere(study)
    if not len(cells.sample):
        return pl.DataFrame(schema=SCHEMA)
    errors = _errors(cells)
    of, patient = samples["sample_id"], samples["patient_id"]
    least = EVIDENCE + np.log10(max(samples.height, 1)) * 2
    rows: list[dict[str, Any]] = []
    for sample, sources in _candidates(cells, errors, samples["person"].to_numpy()).items():
        found = {source: weigh(cells, errors, sample, source) for source in sources}
        told = {s: w for s, w in found.items() if w is not None and w.evidence >= least and w.n_seen >= MIN_SEEN}
        if not told:
            continue
        best = max(w.evidence for w in told.values())
        # what holds some of the source itself fits as well, at a larger share
        source = min((s for s, w in told.items() if w.evidence >= best - 1), key=lambda s: (told[s].share, s))
        likeliest = told[source]
        if not LEAST <= likeliest.share <= MOST:
            continue
        row = {
            "sample_id": of[sample],
            "patient_id": patient[sample],
            "finding": "foreign reads",
            "n_shared": likeliest.n_seen,
            "n_rare": likeliest.n_sites,
        }
        if not likeliest.shown < COMPLETE:
            row |= {"other_sample_id": of[source], "other_patient_id": patient[source], "share": likeliest.share}
        rows.append(row)
    return pl.DataFrame(rows, schema=SCHEMA)


def counted_elsewhere(study: Study) -> tuple[Cells, pl.DataFrame]:
    """Return the cells at sites counted in samples of two patients, of which one has the variant; and sample_id,
    patient_id, person (its number) of the samples by number."""
    samples = study["samples"].select("sample_id", "patient_id", "assay_id").sort("sample_id")
    samples = samples.with_columns(person=(pl.col("patient_id").rank("dense") - 1).cast(pl.Int64)).with_row_index("s")
    names = samples.select("sample_id", "patient_id", "person")
    rules = study["assays"].select("assay_id", "min_alt_count", "min_vaf")
    numbered = samples.select("s", "sample_id", "person", "assay_id").join(rules, on="assay_id", how="left")
    rows = study["calls"].filter((pl.col("depth") >= MIN_DEPTH) & pl.col("alt_count").is_not_null())
    if rows.height <= rows["variant_id"].n_unique() or samples["person"].n_unique() < 2:
        return _no_cells(), names
    rows = rows.select("sample_id", "variant_id", "alt_count", "depth", "is_called", "origin")
    rows = rows.join(numbered, on="sample_id")
    uncalled = (
        rows.filter(~is_called_expr()).group_by("s").len()
    )  # a sample is asked where it was looked at and not called
    if not (uncalled["len"] >= MIN_SITES).any():
        return _no_cells(), names
    person = pl.col("person")  # all that follows is of variants of two patients: few of a study's
    of_two = rows.group_by("variant_id").agg(n=person.max() - person.min()).filter(pl.col("n") > 0)
    rows = rows.join(of_two.select("variant_id"), on="variant_id", how="semi")
    rows = rows.with_columns(vaf=pl.col("alt_count") / pl.col("depth"))
    carried = (pl.col("vaf") >= CARRIED_VAF) & (pl.col("alt_count") >= 4)
    rows = rows.with_columns(has=carried | (is_called_expr() & (pl.col("vaf") >= CALLED_VAF)))
    rows = rows.with_columns(
        elsewhere=pl.col("has").sum().over("variant_id") > pl.col("has").sum().over("variant_id", "person"),
        # whether another sample of the patient has it: what this one has of itself is a matter of its own level
        beside=((pl.col("vaf") >= OWN_VAF) | pl.col("has")).sum().over("variant_id", "person")
        > ((pl.col("vaf") >= OWN_VAF) | pl.col("has")),
    )
    asked = pl.col("elsewhere") & ~pl.col("beside") & (pl.col("vaf") < OWN_IN_SAMPLE)
    rows = rows.with_columns(asked=asked, looked=asked & ~is_called_expr())
    looked = pl.col("looked").sum().over("s")
    counted = (looked >= MIN_SITES) & (looked >= LEAST_UNCALLED * pl.col("asked").sum().over("s"))
    rows = rows.with_columns(asked=pl.col("asked") & counted)
    rows = rows.filter(pl.col("asked").any().over("variant_id")).with_columns(
        owned=~pl.col("asked"),
        site=(pl.col("variant_id").rank("dense") - 1).cast(pl.Int64),
        kind=_kind(),
    )
    rows = rows.unique(["s", "site"], keep="first", maintain_order=True).sort("s", "site")
    sample, patient, site, kind = (rows[c].to_numpy().astype(np.int64) for c in ("s", "person", "site", "kind"))
    alt, depth = (rows[c].to_numpy().astype(float) for c in ("alt_count", "depth"))
    return Cells(sample, patient, site, kind, alt, depth, rows["has"].to_numpy(), rows["owned"].to_numpy()), names


def _no_cells() -> Cells:
    none, read, no = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    return Cells(none, none, none, none, read, read, no, no)


def _kind() -> pl.Expr:
    """0 C>T or G>A, 1 another base, 2 an insertion or deletion."""
    ref, alt = (pl.col("variant_id").str.split(":").list.get(i, null_on_oob=True) for i in (2, 3))
    change = pl.concat_str(ref, alt)
    return pl.when(change.is_in(["CT", "GA"])).then(0).when(change.str.len_chars() == 2).then(1).otherwise(2)


def _errors(cells: Cells) -> Floats:
    """Return, per cell, the error rate of its site among the other patients who do not have the variant."""
    n_site, n_person = cells.site.max() + 1, cells.patient.max() + 1
    key = cells.site * n_person + cells.patient
    owner = np.zeros(n_site * n_person, bool)
    owner[key[cells.has | (cells.alt >= OWN_VAF * cells.depth)]] = True
    clean = ~owner[key]
    alt, depth = (np.where(clean, x, 0.0) for x in (cells.alt, cells.depth))
    of_site = [np.bincount(cells.site, x, n_site)[cells.site] for x in (alt, depth)]
    of_own = [np.bincount(key, x, n_site * n_person)[key] for x in (alt, depth)]
    return np.asarray((of_site[0] - of_own[0] + PRIOR_ERROR * PRIOR_READS) / (of_site[1] - of_own[1] + PRIOR_READS))


def _candidates(cells: Cells, errors: Floats, person: Numbers) -> dict[int, list[int]]:
    """Return sample -> the samples of others whose variants it shows more of than of the rest, by a score of all at
    once."""
    from scipy.sparse import csr_matrix

    n, n_site = len(person), int(cells.site.max()) + 1
    asked = ~cells.owned
    expected = errors * cells.depth
    group = cells.sample * 3 + cells.kind
    total = [np.bincount(group[asked], x[asked], 3 * n) for x in (np.minimum(cells.alt, 3 * expected + 3), expected)]
    times = (total[0] + 1) / (total[1] + 1)
    mean = expected * times[group]
    over = np.where(asked, (cells.alt - mean) / (mean * (1 + ERROR_SPREAD * mean) + 0.25), 0.0)
    spread = np.where(asked, 1 / (mean * (1 + ERROR_SPREAD * mean) + 0.25), 0.0)
    at = (cells.sample, cells.site)
    has = cells.has
    level = csr_matrix((cells.alt[has] / cells.depth[has], (cells.sample[has], cells.site[has])), (n, n_site))
    weight = csr_matrix((spread * cells.depth, at), (n, n_site))
    seen = csr_matrix((over * cells.depth, at), (n, n_site))
    counted = csr_matrix((asked.astype(float), at), (n, n_site))
    squared = weight.multiply(csr_matrix((cells.depth, at), (n, n_site))).tocsr()
    is_there, level_square = (level > 0).astype(float).T.tocsc(), level.multiply(level).T.tocsc()
    of_source, found = level.T.tocsc(), {}
    for first in range(0, n, BLOCK):
        rows = slice(first, min(first + BLOCK, n))
        number = (counted[rows] @ is_there).toarray()
        score = (seen[rows] @ of_source).toarray()
        noise = np.sqrt((squared[rows] @ level_square).toarray())
        z = np.where((number >= MIN_SITES) & (person[rows, None] != person), score / np.maximum(noise, 1e-9), 0.0)
        order = np.argsort(-z, axis=1, kind="stable")[:, :CANDIDATES]
        for s in range(len(z)):
            if some := [int(t) for t in order[s] if z[s, t] >= CANDIDATE_Z]:
                found[first + s] = some
    return found


def weigh(cells: Cells, errors: Floats, sample: int, source: int) -> Source | None:
    """Return what the reads of `sample` say of DNA of `source` in it; None where too few sites are asked.

    The likelihood of all sites the sample's patient does not have is greatest over the share, a factor of the errors and
    the share of sites with something of the sample's own; without foreign DNA over the latter two.
    """
    level = np.zeros(int(cells.site.max()) + 1)
    of_source = (cells.sample == source) & cells.has
    level[cells.site[of_source]] = cells.alt[of_source] / cells.depth[of_source]
    asked = np.flatnonzero((cells.sample == sample) & ~cells.owned)
    there = level[cells.site[asked]] > 0
    n = int(there.sum())
    if n < MIN_SITES:
        return None
    beside = asked[~there]
    at = np.concatenate([asked[there], beside[:: len(beside) // MOST_BESIDE + 1]])
    alt, depth, foreign = cells.alt[at], cells.depth[at], level[cells.site[at][:n]]
    mean = errors[at] * _of_kinds(cells, errors, beside)[cells.kind[at]]
    own = _beta_binomial(alt, depth, *(np.full(len(at), x) for x in _OWN_SHAPE))
    none = np.array([_either(_reads(alt, depth, mean * times, 0.0), own) for times in _TIMES])
    rest = none[:, :, n:].sum(axis=2)

    def at_share(share: float, times: float) -> Floats:
        here = _reads(alt[:n], depth[:n], mean[:n] * times, share * foreign)
        return np.asarray(_either(here, own[:n]).sum(axis=1))

    value = {(i, c): (at_share(c, x) + rest[i]).max() for i, x in enumerate(_TIMES) for c in _SHARES}
    i, near = max(value, key=lambda cell: value[cell])
    value |= {(i, c): (at_share(c, _TIMES[i]) + rest[i]).max() for c in near * _FINER}
    i, share = max(value, key=lambda cell: value[cell])
    best, usual = float(value[i, share]), mean[:n] * _TIMES[i]
    evidence = (best - float(none.sum(axis=2).max())) / np.log(10)
    expected = usual * depth[:n]
    seen = alt[:n] > expected + 2 * np.sqrt(expected)
    would = share * foreign * depth[:n] >= WOULD_SHOW
    return Source(float(share), evidence, n, int(seen.sum()), float(seen[would].mean()) if would.any() else np.nan)


def _of_kinds(cells: Cells, errors: Floats, at: Numbers) -> Floats:
    """Return the factor of each kind of change: reads of a sample at sites `at` over those its errors would give."""
    expected = errors[at] * cells.depth[at]
    reads = np.minimum(cells.alt[at], 3 * expected + 3)
    seen, usual = (np.bincount(cells.kind[at], x, 3) for x in (reads, expected))
    return np.asarray((seen + 1) / (usual + 1))


def _reads(alt: Floats, depth: Floats, error: Floats, foreign: Floats | float) -> Floats:
    """Log-likelihood of `alt` of `depth` reads: errors and foreign reads, each with its spread between sites."""
    mean = np.clip(error + foreign, 1e-7, 0.9)
    spread = ERROR_SPREAD * error**2 + FOREIGN_SPREAD * np.square(foreign)
    a = mean * np.maximum(mean * (1 - mean) / np.maximum(spread, 1e-15) - 1, 0.05)
    return _beta_binomial(alt, depth, a, a * (1 - mean) / mean)


def _beta_binomial(alt: Floats, depth: Floats, a: Floats, b: Floats) -> Floats:
    """Log-likelihood of `alt` of `depth` reads whose fraction is Beta(a, b), without the number of ways."""
    from scipy.special import betaln

    return np.asarray(betaln(alt + a, depth - alt + b) - betaln(a, b))


def _either(judged: Floats, own: Floats) -> Floats:
    """Log-likelihood per share of own sites (`OWN`) and site: as judged, or something of the sample's own."""
    o = np.array(OWN)[:, None]
    return np.logaddexp(np.log1p(-o) + judged, np.log(o) + own)
