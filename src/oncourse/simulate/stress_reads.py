"""Stresses of counts and samples: what sequencing, files and the bench get wrong. Each changes `tables` in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from oncourse.simulate.genomes import MIN_ALT, MIN_VAF

if TYPE_CHECKING:
    from oncourse.simulate.stress import Faults, Tables

Ints = NDArray[np.int64]
#: Bases between an artefact and a mutation of its gene, at most.
MOST_BASES = 20
#: A blood clone: common genes and one that tumours have too.
CLONES = (
    ("2:25240313:G:A", "DNMT3A", "p.R736H", "missense"),
    ("4:105234042:C:T", "TET2", "p.Q1034*", "nonsense"),
    ("17:7675088:C:T", "TP53", "p.R175H", "missense"),
)


def _tumour(tables: Tables) -> pl.DataFrame:
    samples = tables["samples"].filter(pl.col("material").is_in(["tissue", "plasma"]))
    return samples.sort("patient_id", "sample_id")


def _counts(tables: Tables) -> tuple[pl.DataFrame, Ints, Ints]:
    calls = tables["calls"].join(
        tables["samples"].select("sample_id", "material", "patient_id", "assay_id"),
        on="sample_id",
        how="left",
        maintain_order="left",
    )
    return calls, calls["alt_count"].fill_null(0).to_numpy().copy(), calls["depth"].fill_null(0).to_numpy().copy()


def _recount(tables: Tables, alt: NDArray[Any], depth: NDArray[Any]) -> None:
    """Put counts back; the simulated caller calls again."""
    calls, _, _ = _counts(tables)
    least = calls["material"].replace_strict(MIN_VAF, return_dtype=pl.Float64).to_numpy()
    called = (alt >= MIN_ALT) & (alt >= least * depth)
    tables["calls"] = tables["calls"].with_columns(
        alt_count=pl.Series(alt.astype(np.int64)), depth=pl.Series(depth.astype(np.int64)), is_called=pl.Series(called)
    )


def _add_calls(tables: Tables, rows: list[dict[str, Any]]) -> None:
    if rows:
        schema = tables["calls"].schema
        more = pl.DataFrame(rows, schema_overrides={k: v for k, v in schema.items() if k in rows[0]})
        both = pl.concat([tables["calls"], more], how="diagonal_relaxed").select(list(schema)).cast(schema)
        tables["calls"] = both.unique(["sample_id", "variant_id"], keep="first", maintain_order=True)


def _add_variants(tables: Tables, rows: list[dict[str, Any]]) -> None:
    if rows:
        schema = tables["variants"].schema
        both = pl.concat([tables["variants"], pl.DataFrame(rows)], how="diagonal_relaxed").select(list(schema))
        tables["variants"] = both.cast(schema).unique("variant_id", keep="first", maintain_order=True)


def _call(sample: dict[str, Any], variant: str, alt: int, depth: int) -> dict[str, Any]:
    called = alt >= MIN_ALT and alt >= MIN_VAF[sample["material"]] * depth
    return {
        "sample_id": sample["sample_id"],
        "variant_id": variant,
        "alt_count": alt,
        "depth": depth,
        "is_called": called,
        "origin": "somatic",
    }


def noise(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Further errors at every counted site: `value` times the stated rate in all, uneven between sites (gamma, shape
    2)."""
    calls, alt, depth = _counts(tables)
    stated = dict(tables["assays"].select("assay_id", "error_rate").iter_rows())
    told = calls["assay_id"].replace_strict(stated, default=1e-3, return_dtype=pl.Float64).fill_null(1e-3).to_numpy()
    more = rng.binomial(np.maximum(depth - alt, 0), np.minimum(told * (value - 1) * rng.gamma(2.0, 0.5, len(alt)), 0.5))
    _recount(tables, alt + more, depth)
    for assay, rate in sorted(stated.items()):
        faults.add(f"error rate of assay {assay}", true=(rate or 1e-3) * value, recorded=rate)


def overdispersion(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Variant reads drawn again around what was counted, beta-binomial."""
    _, alt, depth = _counts(tables)
    p = np.clip(alt / np.maximum(depth, 1), 1e-9, 1 - 1e-9)
    drawn = rng.binomial(depth, rng.beta(p * value, (1 - p) * value))
    _recount(tables, np.where((alt > 0) & (alt < depth), drawn, alt), depth)
    faults.add("beta-binomial concentration of the further spread", true=value)


def reference_bias(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Variant reads that do not align are lost."""
    _, alt, depth = _counts(tables)
    lost = rng.binomial(alt, value)
    _recount(tables, alt - lost, depth - lost)
    faults.add("share of variant reads lost", true=value, recorded=0.0)


def contamination(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """A share of each tumour sample's reads is that of another patient's sample of the same material."""
    samples = _tumour(tables)
    _, alt, depth = _counts(tables)
    is_tumour = tables["calls"]["sample_id"].is_in(samples["sample_id"].implode()).to_numpy()
    _recount(tables, np.where(is_tumour, rng.binomial(alt, 1 - value), alt), depth)
    calls = tables["calls"].filter(pl.col("depth") > 0)
    by_sample = {s: rows for (s,), rows in calls.group_by("sample_id", maintain_order=True)}
    rows = []
    for sample in samples.iter_rows(named=True):
        others = samples.filter(
            (pl.col("material") == sample["material"]) & (pl.col("patient_id") != sample["patient_id"])
        )["sample_id"].to_list()
        if not others:
            continue
        donor = others[int(rng.integers(len(others)))]
        faults.add(
            "contaminated", sample_id=sample["sample_id"], patient_id=sample["patient_id"], true=value, recorded=0.0
        )
        for row in by_sample.get(donor, calls.clear()).filter("is_called").iter_rows(named=True):
            share = value * row["alt_count"] / row["depth"]
            rows.append(_call(sample, row["variant_id"], int(rng.binomial(row["depth"], share)), row["depth"]))
    _add_calls(tables, rows)


def swaps(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Pairs of samples of one material and two patients whose data stand under each other's name."""
    samples = _tumour(tables)
    names: dict[str, str] = {}
    for material in ("tissue", "plasma"):
        part = samples.filter(pl.col("material") == material)
        order = rng.permutation(part.height)
        ids, people = part["sample_id"].to_list(), part["patient_id"].to_list()
        wanted = round(value * part.height / 2) or int(value > 0 and material == "tissue")
        for a, b in zip(order[: 2 * wanted : 2], order[1 : 2 * wanted : 2], strict=False):
            if people[a] != people[b]:
                names |= {ids[a]: ids[b], ids[b]: ids[a]}
                for own, other in ((a, b), (b, a)):
                    faults.add(f"holds the data of {ids[other]}", sample_id=ids[own], patient_id=people[own])
    for table in ("calls", "segments", "coverage", "gene_copy_number"):
        if table in tables:
            tables[table] = tables[table].with_columns(pl.col("sample_id").replace(names))


def artefacts(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Sites that show one fraction in every sample of a patient, at one and a half times the depth.

    Each lies in a gene of the study, a few bases from a mutation, and in the samples whose assay looks there: a place
    outside of its gene or panel would tell of itself.
    """
    calls, _, _ = _counts(tables)
    per = (
        calls.filter(pl.col("is_called"))
        .group_by("patient_id", maintain_order=True)
        .agg(pl.col("variant_id").n_unique().alias("n"))
    )
    depth = dict(tables["calls"].group_by("sample_id").agg(pl.col("depth").mean()).iter_rows())
    near = _places(tables["variants"])
    looked = _genes_of(tables["assays"])
    samples = {p: rows for (p,), rows in _tumour(tables).group_by("patient_id", maintain_order=True)}
    rows, variants = [], []
    for patient, n in per.sort("patient_id").iter_rows():
        for _ in range(int(rng.poisson(value * n))):
            gene, chrom, position = near[int(rng.integers(len(near)))]
            variant = f"{chrom}:{position + int(rng.integers(-MOST_BASES, MOST_BASES + 1))}:C:T"
            fraction = float(rng.uniform(0.05, 0.35))
            variants.append({"variant_id": variant, "gene": gene, "consequence": "missense"})
            faults.add("artefact", patient_id=patient, variant_id=variant, true=0.0, recorded=fraction)
            for sample in samples.get(patient, samples[next(iter(samples))].clear()).iter_rows(named=True):
                covered = looked.get(sample["assay_id"])
                if covered is not None and gene not in covered:
                    continue
                reads = int(rng.poisson(1.5 * (depth.get(sample["sample_id"]) or 100.0)))
                rows.append(_call(sample, variant, int(rng.binomial(reads, fraction)), reads))
    _add_variants(tables, variants)
    _add_calls(tables, rows)


def _places(variants: pl.DataFrame) -> list[tuple[str, str, int]]:
    """Return gene, chromosome and position of every variant of a gene."""
    parts = pl.col("variant_id").str.split(":")
    placed = variants.drop_nulls("gene").select(
        "gene", chrom=parts.list.get(0), position=parts.list.get(1).cast(pl.Int64, strict=False)
    )
    return placed.drop_nulls().unique().sort("gene", "chrom", "position").rows()


def _genes_of(assays: pl.DataFrame) -> dict[str, set[str] | None]:
    """Return the genes each assay looks at; None where it names none, or a file."""
    return {
        assay: set(targets.split(";")) if targets and ";" in targets else None
        for assay, targets in assays.select("assay_id", "targets").iter_rows()
    }


def blood_clones(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """A blood clone in plasma, and a tenth of it in tissue, that no white cells tell of."""
    depth = dict(tables["calls"].group_by("sample_id").agg(pl.col("depth").mean()).iter_rows())
    rows, variants = [], []
    for (patient,), samples in _tumour(tables).group_by("patient_id", maintain_order=True):
        if rng.random() >= value:
            continue
        variant, gene, change, effect = CLONES[int(rng.integers(len(CLONES)))]
        fraction = float(np.exp(rng.uniform(np.log(0.004), np.log(0.06))))
        variants.append({"variant_id": variant, "gene": gene, "hgvs_p": change, "consequence": effect})
        faults.add("blood clone", patient_id=str(patient), variant_id=variant, true=fraction)
        for sample in samples.iter_rows(named=True):
            reads = int(rng.poisson(depth.get(sample["sample_id"]) or 100.0))
            share = fraction if sample["material"] == "plasma" else 0.1 * fraction
            rows.append(_call(sample, variant, int(rng.binomial(reads, share)), reads))
    _add_variants(tables, variants)
    _add_calls(tables, rows)


def assay_change(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """The last patients were sequenced at half the depth with three times the errors, under the same name of the
    assay."""
    people = tables["patients"]["patient_id"].sort().to_list()
    later = people[len(people) - round(value * len(people)) :]
    calls, alt, depth = _counts(tables)
    hit = calls["patient_id"].is_in(later).to_numpy()
    stated = dict(tables["assays"].select("assay_id", "error_rate").iter_rows())
    told = calls["assay_id"].replace_strict(stated, default=1e-3, return_dtype=pl.Float64).fill_null(1e-3).to_numpy()
    kept, rest = rng.binomial(alt, 0.5), rng.binomial(np.maximum(depth - alt, 0), 0.5)
    errors = rng.binomial(rest, np.minimum(2 * told, 0.5))
    _recount(tables, np.where(hit, kept + errors, alt), np.where(hit, kept + rest, depth))
    halved = pl.when(pl.col("patient_id").is_in(later)).then(pl.col("mean_depth") / 2).otherwise("mean_depth")
    if "mean_depth" in tables["samples"].columns:
        tables["samples"] = tables["samples"].with_columns(halved.alias("mean_depth"))
    for patient in later:
        faults.add("sequenced by the other assay", patient_id=patient)


def wrong_purity(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Recorded purity and tumour fraction off by a log-normal factor."""
    samples = tables["samples"]
    factor = np.exp(rng.normal(0, value, samples.height))
    for column in ("purity", "tumor_fraction"):
        if column not in samples.columns:
            continue
        true = samples[column]
        recorded = (true * pl.Series(factor)).clip(0.01, 1.0).round(4)
        for sample, a, b in zip(samples["sample_id"], true, recorded, strict=True):
            if a is not None:
                faults.add(column, sample_id=sample, true=a, recorded=b)
        tables["samples"] = tables["samples"].with_columns(recorded.alias(column))


def wrong_copies(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """Segments recorded with one copy more or fewer."""
    if "segments" not in tables:
        return
    segments = tables["segments"]
    n = segments.height
    total = segments["total_cn"].to_numpy().astype(float)
    wrong = np.where(rng.random(n) < value, np.where(rng.random(n) < 0.5, 1.0, -1.0), 0.0)
    told = np.maximum(total + wrong, 0.0)
    minor = np.minimum(segments["minor_cn"].fill_null(0).to_numpy(), told // 2)
    tables["segments"] = segments.with_columns(
        total_cn=pl.Series(told).cast(segments.schema["total_cn"]),
        minor_cn=pl.Series(minor).cast(segments.schema["minor_cn"]),
    )
    places = segments.select("sample_id", "chrom", "start")
    for i in np.flatnonzero(told != total):
        sample, chrom, start = places.row(int(i))
        faults.add(f"copies of {chrom}:{start}", sample_id=sample, true=total[i], recorded=told[i])


def subclonal_copies(tables: Tables, rng: np.random.Generator, value: float, faults: Faults) -> None:
    """In half of the tumour cells one of two copies is lost on some segments; two are recorded, the reads know
    better."""
    if "segments" not in tables:
        return
    two = tables["segments"].filter(pl.col("total_cn") == 2).sort("sample_id", "chrom", "start")
    chosen = two.filter(pl.Series(rng.random(two.height) < value, dtype=pl.Boolean))
    purity = dict(tables["samples"].select("sample_id", "purity").iter_rows())
    calls, alt, depth = _counts(tables)
    at = calls.select(
        "sample_id",
        pl.col("variant_id").str.split(":").list.get(0).alias("chrom"),
        pl.col("variant_id").str.split(":").list.get(1).cast(pl.Int64, strict=False).alias("pos"),
    )
    at = at.with_row_index("row")
    for sample, chrom, start, end in chosen.select("sample_id", "chrom", "start", "end").iter_rows():
        p = purity.get(sample) or 0.5
        here = at.filter(
            (pl.col("sample_id") == sample) & (pl.col("chrom") == chrom) & pl.col("pos").is_between(start, end)
        )
        faults.add(f"copies of {chrom}:{start}", sample_id=sample, true=1.5, recorded=2.0)
        for row in here["row"]:
            kept = rng.random() < 0.5  # the variant's copy stays, or goes in half of the cells
            factor = (1.0 if kept else 0.5) * 2 / (1.5 * p + 2 * (1 - p))
            alt[row] = rng.binomial(depth[row], min(factor * alt[row] / max(depth[row], 1), 1.0))
    _recount(tables, alt, depth)
