"""What is known of each patient that may predict outcome: altered, not altered or unknown, and since which day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.study.settings import section, setting

if TYPE_CHECKING:
    from oncourse.derive.cohort import Cohort

#: Genes of the signalling pathways of Sanchez-Vega, Cell 2018;173:321 (curated members), of homologous
#: recombination (PROfound gene list, NEJM 2020;382:2091) and of mismatch repair.
PATHWAYS: dict[str, tuple[str, ...]] = {
    "RTK-RAS": ("EGFR", "ERBB2", "ERBB3", "ERBB4", "MET", "FGFR1", "FGFR2", "FGFR3", "KIT", "PDGFRA", "KRAS", "NRAS",
                "HRAS", "BRAF", "RAF1", "MAP2K1", "NF1"),
    "PI3K": ("PIK3CA", "PIK3R1", "PTEN", "AKT1", "AKT2", "AKT3", "MTOR", "TSC1", "TSC2", "STK11"),
    "TP53": ("TP53", "MDM2", "MDM4", "ATM", "CHEK2"),
    "cell cycle": ("RB1", "CDKN2A", "CDKN2B", "CDKN1B", "CCND1", "CCNE1", "CDK4", "CDK6"),
    "WNT": ("APC", "CTNNB1", "RNF43", "AXIN1", "AXIN2", "TCF7L2", "AMER1"),
    "TGF-beta": ("SMAD2", "SMAD3", "SMAD4", "TGFBR1", "TGFBR2", "ACVR2A"),
    "MYC": ("MYC", "MYCN", "MYCL"),
    "NOTCH": ("NOTCH1", "NOTCH2", "NOTCH3", "FBXW7", "SPEN"),
    "HRR": ("BRCA1", "BRCA2", "ATM", "PALB2", "CHEK2", "CHEK1", "BARD1", "BRIP1", "CDK12", "FANCL", "RAD51B",
            "RAD51C", "RAD51D", "RAD54L"),
    "mismatch repair": ("MLH1", "MSH2", "MSH6", "PMS2"),
    "AR": ("AR", "FOXA1", "NCOR1", "NCOR2", "ZBTB16"),
}  # fmt: skip
POSITIVE = (
    "positive",
    "pos",
    "yes",
    "true",
    "present",
    "detected",
    "mutated",
    "altered",
    "+",
    "deficient",
    "lost",
)
NEGATIVE = ("negative", "neg", "no", "false", "absent", "not detected", "wild type", "wild-type", "-", "proficient",
            "retained", "intact")  # fmt: skip
#: Mutations per megabase from which burden counts as high (FDA approval of pembrolizumab, 2020).
TMB_HIGH = 10.0
SAMPLE_RULES = ("first", "primary", "metastasis", "tissue", "plasma")


@section("features")
@dataclass(frozen=True)
class FeatureParams:
    """Which sample speaks for the patient, and which features are made."""

    sample: str = setting(
        "first",
        "whose findings count: the first assessable tumour sample, or the first of a kind",
        choices=SAMPLE_RULES,
    )
    min_altered: int = setting(3, "features altered in fewer patients are not made", low=1)
    hotspots: bool = setting(True, "one feature per recurrent protein change")
    pathways: bool = setting(True, "one feature per pathway: any of its genes altered")
    by_lesion: bool = setting(
        True, "gene status in the metastasis and mutations new in it, where primaries were sampled too"
    )
    clones: bool = setting(
        True,
        "diversity within the sample and similarity of primary and metastasis, in studies where at least a tenth of the "
        "patients have several tumour samples",
    )
    seeding: bool = setting(
        True,
        "polyclonal and polyphyletic seeding of metastases, in the same studies (needs a tree of each patient)",
    )
    scores: tuple[str, ...] = setting(
        (),
        "numeric columns of samples that are features (score:NAME); columns called like a COSMIC signature (SBS3, ID6) "
        "always are (signature:SBS3)",
    )


@dataclass(frozen=True)
class FeatureBlock:
    """Features that became known on the same days.

    Attributes
    ----------
    names, kinds : per column; the name is that of the results (gene symbol, else ``kind:name``)
    values : (patients, columns): int8 1 altered, 0 not altered, -1 unknown; or float64 with NaN unknown
    day : (patients,), day of the sample or marker that speaks for the patient; NaN: no day recorded (or unknown)
    sample_id : per patient, that sample; None where there is none
    per : what a hazard ratio compares
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: NDArray[Any]
    day: NDArray[np.float64]
    sample_id: tuple[str | None, ...]
    per: str

    @property
    def is_binary(self) -> bool:
        """Whether values are altered / not altered / unknown."""
        return self.values.dtype == np.int8


@dataclass(frozen=True)
class FeatureTable:
    """Patient x feature, in blocks; ``left_out`` counts features altered in too few patients, by kind."""

    patients: tuple[str, ...]
    blocks: tuple[FeatureBlock, ...]
    left_out: dict[str, int]

    def column(self, name: str) -> tuple[FeatureBlock, int] | None:
        """Return the block and column of a feature, or None."""
        for block in self.blocks:
            if name in block.names:
                return block, block.names.index(name)
        return None


@dataclass(frozen=True)
class _Samples:
    """Tumour samples in the order in which they speak for their patient."""

    patients: tuple[str, ...]
    ids: tuple[str, ...]
    patient: NDArray[np.int64]
    day: NDArray[np.float64]
    role: tuple[str, ...]
    assay: tuple[str | None, ...]
    index: dict[str, int]

    def first(self, looked: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return per patient the first sample that looked; -1 where none did."""
        out = np.full(len(self.patients), -1, np.int64)
        rows = np.flatnonzero(looked)[::-1]
        out[self.patient[rows]] = rows  # the last write is the first sample
        return out


def _samples(cohort: Cohort) -> _Samples:
    study = cohort.study
    patients = tuple(sorted(study["patients"]["patient_id"].to_list()))
    frame = (
        cohort.panels.samples.join(
            study["samples"].select("sample_id", "day", "lesion_id"), on="sample_id", how="left"
        )
        .join(study["lesions"].select("lesion_id", "role"), on="lesion_id", how="left")
        .filter(pl.col("patient_id").is_in(list(patients)))
        .with_columns(
            role=pl.when(pl.col("material") == "plasma")
            .then(pl.lit("plasma"))
            .otherwise(pl.col("role").fill_null("tissue"))
        )
        .sort(
            "patient_id",
            "day",
            "material",
            "sample_id",
            nulls_last=False,
            descending=[False, False, True, False],
        )
    )
    number = {p: i for i, p in enumerate(patients)}
    ids = tuple(frame["sample_id"].to_list())
    return _Samples(
        patients,
        ids,
        np.array([number[p] for p in frame["patient_id"].to_list()], np.int64),
        frame["day"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        tuple(frame["role"].to_list()),
        tuple(frame["mutation"].to_list()),
        {s: i for i, s in enumerate(ids)},
    )


@dataclass(frozen=True)
class _Wanted:
    name: str
    kind: str
    looked: NDArray[np.bool_]
    hits: NDArray[np.bool_]


def feature_table(cohort: Cohort, params: FeatureParams) -> FeatureTable:
    """Return every feature of the cohort's patients.

    A finding of a sample holds from that sample's day; before it the patient's state is unknown, never "not altered".
    The sample that speaks for a patient is, feature by feature, the first that looked (`FeatureParams.sample`); what a
    later sample shows is another feature (``metastasis:GENE``, ``new:GENE``), known from that later day.
    """
    samples = _samples(cohort)
    chosen = _chosen(samples, params.sample)
    left_out: dict[str, int] = {}
    wanted = list(_gene_findings(cohort, samples, params))
    made = _by_day(samples, wanted, chosen, params.min_altered, left_out)
    if params.by_lesion:
        made += _by_lesion(samples, wanted, chosen, made, params.min_altered)
        made += _new_in_metastasis(cohort, samples, params.min_altered)
    made += _by_day(samples, list(_statuses(cohort, samples)), chosen, params.min_altered, left_out)
    made += _numbers(cohort, samples, chosen, params)
    if params.clones:
        made += _diversity(cohort, samples, chosen)
    if params.seeding and _has_clones(cohort, samples):
        from oncourse.derive.outcomes.feature_scores import seeding_blocks

        made += seeding_blocks(cohort, samples.patients, params.min_altered, left_out)
    made += _markers(cohort, samples.patients, params.min_altered, left_out)
    return FeatureTable(samples.patients, tuple(made), left_out)


def _chosen(samples: _Samples, rule: str) -> NDArray[np.bool_]:
    roles = np.array(samples.role)
    if rule == "first":
        return np.ones(roles.size, bool)
    if rule == "tissue":
        return roles != "plasma"
    if rule == "metastasis":
        return np.isin(roles, ("metastasis", "local_recurrence"))
    return roles == rule


def _by_day(
    samples: _Samples,
    wanted: list[_Wanted],
    chosen: NDArray[np.bool_],
    min_altered: int,
    left_out: dict[str, int],
    rename: Callable[[_Wanted], tuple[str, str]] = lambda w: (w.name, w.kind),
) -> list[FeatureBlock]:
    """Group features by the samples that looked at them: one block per such set."""
    groups: dict[bytes, list[_Wanted]] = {}
    for item in wanted:
        groups.setdefault((item.looked & chosen).tobytes(), []).append(item)
    out = []
    for items in groups.values():
        speaks = samples.first(items[0].looked & chosen)
        known = speaks >= 0
        values = np.full((len(samples.patients), len(items)), -1, np.int8)
        for j, item in enumerate(items):
            values[known, j] = item.hits[speaks[known]]
        altered = (values == 1).sum(0)
        kept = np.flatnonzero(altered >= min_altered)
        for item, n in zip(items, altered, strict=True):
            if 0 < n < min_altered:
                left_out[item.kind] = left_out.get(item.kind, 0) + 1
        if kept.size:
            names = [rename(items[j]) for j in kept]
            out.append(_block(samples, names, values[:, kept], speaks, "altered v not altered"))
    return out


def _block(
    samples: _Samples, names: list[tuple[str, str]], values: NDArray[Any], speaks: NDArray[np.int64], per: str
) -> FeatureBlock:
    day = np.where(speaks >= 0, samples.day[speaks], np.nan) if samples.ids else np.full(speaks.size, np.nan)
    ids = tuple(samples.ids[s] if s >= 0 else None for s in speaks)
    return FeatureBlock(tuple(n for n, _ in names), tuple(k for _, k in names), values, day, ids, per)


def _mask(samples: _Samples, ids: Iterable[str]) -> NDArray[np.bool_]:
    out = np.zeros(len(samples.ids), bool)
    out[[samples.index[s] for s in ids if s in samples.index]] = True
    return out


def _gene_findings(cohort: Cohort, samples: _Samples, params: FeatureParams) -> Iterable[_Wanted]:
    panels = cohort.panels
    found = cohort.gene_status.altered.filter("is_altered").select("gene", "sample_id", "patient_id")
    counts = found.group_by("gene").agg(pl.col("patient_id").n_unique().alias("n"))
    genes = sorted(counts.filter(pl.col("n") >= params.min_altered)["gene"].to_list())
    hits = {key[0]: frame["sample_id"].to_list() for key, frame in found.group_by("gene")}
    assays = sorted({a for a in samples.assay if a is not None})
    on: dict[str, NDArray[np.bool_]] = {a: np.array([s == a for s in samples.assay], bool) for a in assays}
    cache: dict[tuple[str, ...], NDArray[np.bool_]] = {}

    def looked(members: tuple[str, ...]) -> NDArray[np.bool_]:
        covering = tuple(a for a in assays if _covers(panels.genes.get(a), members))
        if covering not in cache:
            nobody = np.zeros(len(samples.ids), bool)
            cache[covering] = np.logical_or.reduce([nobody, *(on[a] for a in covering)])
        return cache[covering]

    for gene in genes:
        yield _Wanted(gene, "gene", looked((gene,)), _mask(samples, hits[gene]))
    if params.pathways:
        everything = any(panels.genes.get(a) is None for a in assays)
        covered = set().union(*(panels.genes.get(a) or () for a in assays)) if assays else set()
        for name, members in PATHWAYS.items():
            listed = tuple(m for m in members if everything or m in covered)
            union = {s for m in listed for s in hits.get(m, ())}
            if listed and union:
                yield _Wanted(f"pathway:{name}", "pathway", looked(listed), _mask(samples, union))
    if params.hotspots:
        calls = cohort.annotated_calls.filter(pl.col("is_altering")).drop_nulls(["gene", "hgvs_p"])
        changes = (
            calls.group_by("gene", "hgvs_p")
            .agg(pl.col("sample_id").unique().sort(), pl.col("patient_id").n_unique().alias("n"))
            .filter(pl.col("n") >= params.min_altered)
            .sort("gene", "hgvs_p")
        )
        for gene, change, ids, _ in changes.iter_rows():
            yield _Wanted(
                f"hotspot:{gene} {change.removeprefix('p.')}", "hotspot", looked((gene,)), _mask(samples, ids)
            )


def _covers(panel: frozenset[str] | None, genes: tuple[str, ...]) -> bool:
    return panel is None or all(g in panel for g in genes)


def _by_lesion(
    samples: _Samples,
    wanted: list[_Wanted],
    chosen: NDArray[np.bool_],
    made: list[FeatureBlock],
    min_altered: int,
) -> list[FeatureBlock]:
    """Gene status in the metastasis, where that is not the sample that already speaks for the patient."""
    spread = _chosen(samples, "metastasis")
    genes = [w for w in wanted if w.kind == "gene"]
    later = [
        w for w in genes
        if (samples.first(w.looked & spread)[samples.first(w.looked & spread) >= 0]
            != samples.first(w.looked & chosen)[samples.first(w.looked & spread) >= 0]).sum() >= min_altered
    ]  # fmt: skip
    present = {n for block in made for n in block.names}

    def rename(item: _Wanted) -> tuple[str, str]:
        # a gene never (or too rarely) altered in the first samples is known by its status in the metastasis
        return (f"metastasis:{item.name}", "metastasis") if item.name in present else (item.name, "gene")

    return _by_day(samples, later, spread, min_altered, {}, rename)


def _new_in_metastasis(cohort: Cohort, samples: _Samples, min_altered: int) -> list[FeatureBlock]:
    """Altering mutations seen in the metastasis and called absent in the primary, gene by gene; and the shared share."""
    if len(set(samples.patient.tolist())) == len(samples.ids) or "primary" not in samples.role:
        return []
    table = cohort.pairs
    pairs = table.pairs.filter((pl.col("comparison") == "primary v metastasis") & pl.col("is_main"))
    if pairs.is_empty():
        return []
    cells = cohort.presence.cells.with_row_index("cell_b").select(
        pl.col("cell_b").cast(pl.Int64), "variant_id", "consequence"
    )
    genes = cohort.study["variants"].select("variant_id", "gene")
    from oncourse.genome.effect import PROTEIN_CHANGING, consequences

    rows = (
        table.variants.filter(pl.col("pair").is_in(pairs["pair"].implode()))
        .with_columns(pl.col("cell_b").cast(pl.Int64))
        .join(cells, on="cell_b", how="left")
        .join(genes, on="variant_id", how="left")
        .join(pairs.select("pair", "patient_id", "sample_a", "sample_b"), on="pair", how="left")
    )
    number = {p: i for i, p in enumerate(samples.patients)}
    n = len(samples.patients)
    speaks = np.full(n, -1, np.int64)
    primary = np.full(n, -1, np.int64)
    for patient, a, b in pairs.select("patient_id", "sample_a", "sample_b").iter_rows():
        if patient in number and a in samples.index and b in samples.index:
            speaks[number[patient]], primary[number[patient]] = samples.index[b], samples.index[a]
    out = _shared_share(samples, rows, number, speaks)
    effect = consequences(rows["consequence"]) if rows.height else rows["consequence"]
    rows = rows.filter(effect.is_in([*PROTEIN_CHANGING, "splice_site"]).fill_null(False)).drop_nulls("gene")
    panels = cohort.panels
    for (gene,), frame in rows.group_by("gene", maintain_order=False):
        gains = frame.filter(pl.col("state") == "private_b")["patient_id"].unique().to_list()
        if len(gains) < min_altered:
            continue
        unsure = frame.filter(pl.col("state") == "not_assessable")["patient_id"].unique().to_list()
        values = np.full((n, 1), -1, np.int8)
        for i in range(n):
            if speaks[i] >= 0 and all(
                (assay := samples.assay[s]) is not None and _covers(panels.genes.get(assay), (str(gene),))
                for s in (speaks[i], primary[i])
            ):
                values[i, 0] = 0
        for patient in unsure:
            values[number[patient], 0] = -1
        for patient in gains:
            values[number[patient], 0] = 1
        if (values == 1).sum() >= min_altered:
            known = np.where(values[:, 0] >= 0, speaks, -1)
            out.append(
                _block(samples, [(f"new:{gene}", "new")], values, known, "new in the metastasis v not")
            )
    return sorted(out, key=lambda b: b.names)


def _shared_share(
    samples: _Samples, rows: pl.DataFrame, number: dict[str, int], speaks: NDArray[np.int64]
) -> list[FeatureBlock]:
    """Share of the assessable mutations of primary and metastasis that both have, in tenths."""
    counts = (
        rows.filter(pl.col("state").is_in(["shared", "private_a", "private_b"]))
        .group_by("patient_id")
        .agg((pl.col("state") == "shared").mean().alias("share"))
    )
    values = np.full((len(samples.patients), 1), np.nan)
    for patient, share in counts.iter_rows():
        if patient in number:
            values[number[patient], 0] = 10 * share
    if np.unique(values[~np.isnan(values)]).size < 2:
        return []
    known = np.where(np.isnan(values[:, 0]), -1, speaks)
    name = ("concordance:shared_fraction", "concordance")
    return [_block(samples, [name], values, known, "per 10 percentage points")]


def _statuses(cohort: Cohort, samples: _Samples) -> Iterable[_Wanted]:
    """MSI-H, and burden from the cut-off (study.yaml cutoffs: TMB)."""
    burden = cohort.burden
    known = burden.filter(pl.col("msi_status").is_in(["MSI-H", "MSI-L", "MSS"]))
    if known.height:
        high = known.filter(pl.col("msi_status") == "MSI-H")["sample_id"]
        yield _Wanted("msi:MSI-H", "msi", _mask(samples, known["sample_id"]), _mask(samples, high))
    cut = float(cohort.study.config.cutoffs.get("TMB", TMB_HIGH))
    sized = burden.drop_nulls("tmb_per_mb")
    if sized.height:
        high = sized.filter(pl.col("tmb_per_mb") >= cut)["sample_id"]
        yield _Wanted("burden:TMB-high", "burden", _mask(samples, sized["sample_id"]), _mask(samples, high))


def _numbers(
    cohort: Cohort, samples: _Samples, chosen: NDArray[np.bool_], params: FeatureParams
) -> list[FeatureBlock]:
    """Burden (per doubling), the tumour fraction of plasma (per 10 percentage points), signatures and scores as given."""
    from oncourse.derive.outcomes.feature_scores import score_columns, score_scale

    out = []
    burden = cohort.burden.drop_nulls("tmb_per_mb").select("sample_id", pl.col("tmb_per_mb").alias("value"))
    plasma = (
        cohort.study["samples"]
        .filter(pl.col("material") == "plasma")
        .drop_nulls("tumor_fraction")
        .select("sample_id", pl.col("tumor_fraction").alias("value"))
    )
    every = np.ones(len(samples.ids), bool)
    given: list[tuple[Any, ...]] = []
    for column, feature, is_signature in score_columns(cohort.study["samples"], params.scores):
        frame = cohort.study["samples"].select("sample_id", pl.col(column).cast(pl.Float64).alias("value"))
        frame = frame.filter(pl.col("value").is_finite().fill_null(False))
        rescale, step = score_scale(frame["value"].to_numpy(), is_signature)
        given.append((feature, feature.split(":")[0], frame, rescale, chosen, step))
    for name, kind, frame, scale, mask, per in (
        *given,
        ("burden:TMB", "burden", burden, lambda v: np.log2(v + 1.0), chosen, "per doubling of 1 + TMB"),
        ("ctdna:tumor_fraction", "ctdna", plasma, lambda v: 10.0 * v, every, "per 10 percentage points"),
    ):
        number = dict(frame.iter_rows())
        looked = _mask(samples, number)
        speaks = samples.first(looked & mask)
        values = np.array([number[samples.ids[s]] if s >= 0 else np.nan for s in speaks], float)
        values = scale(values)  # type: ignore[no-untyped-call]
        if np.unique(values[~np.isnan(values)]).size > 1:
            out.append(_block(samples, [(name, kind)], values[:, None], speaks, per))
    return out


#: Clones are told across samples: with fewer patients of several samples than this the measures say little.
MANY_SAMPLES = 0.1
#: Measures of `oncourse.derive.clones.heterogeneity` that are features: (measure, of a pair, scale, what a step is).
DIVERSITY = (
    ("shannon", False, 1.0, "per unit of Shannon's index of the clones"),
    ("subclonal_share", False, 10.0, "per 10 percentage points of subclonal mutations"),
    ("jsi", True, 10.0, "per 0.1 of the Jaccard similarity of primary and metastasis"),
)


def _has_clones(cohort: Cohort, samples: _Samples) -> bool:
    """Whether there are read counts, and enough patients with several tumour samples, to tell clones."""
    calls = cohort.study["calls"]
    if calls.is_empty() or calls["alt_count"].null_count() == calls.height:
        return False
    several = np.bincount(samples.patient, minlength=len(samples.patients)) > 1
    return bool(several.mean() >= MANY_SAMPLES)


def _diversity(cohort: Cohort, samples: _Samples, chosen: NDArray[np.bool_]) -> list[FeatureBlock]:
    """Diversity of the clones in the sample that speaks for the patient, and likeness of primary and metastasis."""
    if not _has_clones(cohort, samples):
        return []
    rows = cohort.heterogeneity.rows.drop_nulls("value")
    every = np.ones(len(samples.ids), bool)
    out = []
    for measure, of_pair, scale, per in DIVERSITY:
        mine = rows.filter(pl.col("measure") == measure)
        if of_pair:
            mine = mine.filter((pl.col("role_a") == "primary") & (pl.col("role_b") == "metastasis"))
            number = dict(mine.sort("sample_a").select("sample_b", "value").iter_rows())
        else:
            number = dict(mine.select("sample_a", "value").iter_rows())
        speaks = samples.first(_mask(samples, number) & (every if of_pair else chosen))
        values = np.array([scale * number[samples.ids[s]] if s >= 0 else np.nan for s in speaks], float)
        if np.unique(values[~np.isnan(values)]).size > 1:
            out.append(_block(samples, [(f"clones:{measure}", "clones")], values[:, None], speaks, per))
    return out


def _markers(
    cohort: Cohort, patients: tuple[str, ...], min_altered: int, left_out: dict[str, int]
) -> list[FeatureBlock]:
    """The first assessable value of each marker: positive / negative, from its cut-off, or a number."""
    study = cohort.study
    if not study.has("markers"):
        return []
    days = study["samples"].select("sample_id", pl.col("day").alias("sample_day"))
    rows = (
        study["markers"]
        .join(days, on="sample_id", how="left")
        .with_columns(day=pl.coalesce("day", "sample_day").cast(pl.Float64))
        .with_columns(
            text=pl.col("value").cast(pl.String).str.strip_chars().str.to_lowercase(),
            number=pl.col("value").cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False),
        )
        .with_columns(
            state=pl.when(pl.col("text").is_in(POSITIVE))
            .then(1.0)
            .when(pl.col("text").is_in(NEGATIVE))
            .then(0.0)
        )
        .sort("marker", "patient_id", "day", "text", nulls_last=False)
    )
    number = {p: i for i, p in enumerate(patients)}
    out = []
    for (marker,), frame in rows.group_by("marker", maintain_order=True):
        cut = study.config.cutoffs.get(str(marker))
        as_state = frame["state"].is_not_null().any()
        if as_state:
            frame = frame.with_columns(x=pl.col("state"))
        elif cut is not None:
            frame = frame.with_columns(x=(pl.col("number") >= float(cut)).cast(pl.Float64))
        else:
            frame = frame.with_columns(x=pl.col("number"))
        first = frame.drop_nulls("x").unique("patient_id", keep="first", maintain_order=True)
        day, x = np.full(len(patients), np.nan), np.full(len(patients), np.nan)
        ids: list[str | None] = [None] * len(patients)
        for patient, when, value, sample in first.select("patient_id", "day", "x", "sample_id").iter_rows():
            if patient in number:
                i = number[patient]
                day[i], x[i], ids[i] = np.nan if when is None else when, value, sample
        binary = as_state or cut is not None
        if binary and (x == 1).sum() < min_altered:
            left_out["marker"] = left_out.get("marker", 0) + 1
            continue
        if np.unique(x[~np.isnan(x)]).size < 2:
            continue
        values: NDArray[Any] = np.where(np.isnan(x), -1, x).astype(np.int8) if binary else x
        per = (
            "positive v negative" if as_state else "per unit" if cut is None else f"at least {cut:g} v below"
        )
        out.append(FeatureBlock((f"marker:{marker}",), ("marker",), values[:, None], day, tuple(ids), per))
    return out
