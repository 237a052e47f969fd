"""The steps of the workflow, each a process of its own: `python -m oncourse.reads.steps STEP PLAN [NAME]`.

Each writes its result in place only when it is whole. What stops a step for a reason of the input is written to
reads/log/STEP.NAME.error, which `oncourse reads` shows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from oncourse.errors import OncourseError
from oncourse.genome.fasta import Fasta
from oncourse.reads.bam import carries_umis, read_header
from oncourse.reads.callers import CALLERS, SITE_SCHEMA
from oncourse.reads.genotype import Counting, genotype
from oncourse.reads.judge import Rules
from oncourse.reads.places import read_places
from oncourse.reads.profile import (
    Bases,
    foreign_share,
    load_bases,
    profile,
    read_quality,
    read_regions,
    target_regions,
    whole_contigs,
    write_json,
)
from oncourse.reads.sheet import Plan, ReadsSample, load_plan
from oncourse.reads.sources import write_sources
from oncourse.reads.statistics import multiqc_step, statistics_step
from oncourse.reads.twice import check_own_reads, load_sketch

if TYPE_CHECKING:
    from oncourse.reads.copy_number import Copies, Tracks

#: A reference without targets is taken whole up to this size.
LARGEST_WHOLE = 30_000_000
#: Share of bases unlike the reference from which the reference is not the reads' own (people differ in 0.001; the
#: sequencer errs in up to 0.01). A choice.
_MOST_FOREIGN = 0.10
#: Share of the mapped pairs that face each other below which they are none, and pairs that must be there to say so. Of
#: real libraries more than 0.95 do, of damaged tissue 0.7; of mates that were mixed at most half. A choice.
_LEAST_FACING, _LEAST_PAIRS = 0.65, 200


def counting_of(sample: ReadsSample) -> Counting:
    """Return how a sample's reads are counted: families where it has identifiers, plasma with better bases."""
    if sample.counts_families:
        return Counting(umi=True, min_family=2, min_base_quality=20)
    return Counting(min_base_quality=30 if sample.role == "plasma" else 20)


def regions_of(plan: Plan, bam: Path) -> pl.DataFrame:
    """Return the target regions; without targets the whole of a small reference."""
    if plan.targets:
        return target_regions(Path(plan.targets), Fasta(plan.fasta))
    header = read_header(bam, reference=Path(plan.fasta))
    if sum(header.lengths) > LARGEST_WHOLE:
        raise OncourseError(
            "no targets: for a whole genome name the regions to look at (`targets: panel.bed` in reads.yaml, or "
            "--targets)."
        )
    return whole_contigs(header)


def align_step(plan: Plan, name: str, threads: str = "2") -> None:
    """FASTQ of a sample to BAM."""
    from oncourse.reads.align import align

    align(plan, plan.sample(name), int(threads))


def profile_step(plan: Plan, name: str) -> None:
    """Counts at every target base of a sample, and its quality figures."""
    sample, bam, reference = plan.sample(name), plan.bam(name), Path(plan.fasta)
    if sample.umi == "tag" and not carries_umis(bam, reference=reference):
        raise OncourseError(
            f"{bam.name}: none of its reads has a molecular identifier (tag RX, or the end of its name), which `umi: "
            f"tag` "
            "counts on. Leave umi empty where there are none, or put them into RX before duplicates are marked."
        )
    bases = profile(bam, regions_of(plan, bam), reference, counting=counting_of(sample))
    quality, pairs, reads = read_quality(bam, bases, reference=reference)
    _check_usable(bam, bases, quality, plan)
    _check_pairs(sample, bam, pairs)
    if plan.microsatellites:
        from oncourse.reads.msi import lengths

        found = lengths(bam, read_regions(Path(plan.microsatellites)), reference=reference)
        quality["run_lengths"] = found.tolist()
    bases.save(plan.place("sample", f"{name}.bases.npz"))
    write_json(plan.place("sample", f"{name}.quality.json"), quality)
    reads.save(plan.place("sample", f"{name}.reads.json"))


def _check_usable(bam: Path, bases: Bases, quality: dict[str, float | int | None], plan: Plan) -> None:
    """OncourseError where the reads cannot be those of this reference or of these targets."""
    if not quality["reads"]:
        raise OncourseError(f"{bam.name}: holds no reads. Copy it again, or align the sample again.")
    if not bases.depth.any():
        raise OncourseError(
            f"{bam.name}: none of its {quality['reads']:,} reads lies on the targets "
            f"({Path(plan.targets).name or 'all'}). "
            "Give the targets of this assay and genome build."
        )
    if (share := foreign_share(bases)) > _MOST_FOREIGN and bases.bases.sum() >= 1_000:
        raise OncourseError(
            f"{bam.name}: {share:.0%} of its bases differ from {Path(plan.fasta).name}: they were aligned to another "
            "reference. Give that reference, or the FASTQ files."
        )


def _check_pairs(sample: ReadsSample, bam: Path, pairs: dict[str, tuple[int, int]]) -> None:
    """OncourseError where the mates of a read group (of our own BAM files: a lane) are not of the same fragments.

    Names tell it before, unless the lanes count their reads alike; mates that were mixed lie anywhere.
    """
    for group, (n, facing) in sorted(pairs.items()):
        if n >= _LEAST_PAIRS and facing < _LEAST_FACING * n:
            lane = group.rpartition(".")[2]
            files = [Path(f).name for f in sample.fastq[int(lane)]] if sample.fastq and lane.isdecimal() else [bam.name]
            where = f"{' and '.join(files)}{f', read group {group}' if group and not sample.fastq else ''}"
            raise OncourseError(
                f"{where}: only {facing / n:.0%} of {n:,} pairs lie on opposite strands of one contig: the first and second "
                "reads are not of the same fragments. Files of two lanes or samples were mixed, or one was sorted; pair "
                "them as the sequencer wrote them."
            )


def discover_step(plan: Plan, patient: str) -> None:
    """Candidate sites of a patient."""
    from oncourse.reads.discover import beside_each_other, by_freebayes, from_counts, hotspots, indels_of, union
    from oncourse.reads.tools import version

    reference = Path(plan.fasta)
    fasta, places = Fasta(reference), read_places(reference)
    samples = plan.of_patient(patient)
    regions = regions_of(plan, plan.bam(samples[0].sample))
    found = {"hotspot": hotspots(_build(plan), regions, fasta, places)}
    for sample in samples:
        bases = load_bases(plan.place("sample", f"{sample.sample}.bases.npz"))
        deep = sample.counts_families
        singles = from_counts(bases, min_count=2 if deep else 3, min_share=5e-4 if deep else 0.015)
        found[f"counts:{sample.sample}"] = pl.concat([singles, beside_each_other(singles)], how="vertical_relaxed")
        found[f"indels:{sample.sample}"] = indels_of(plan.bam(sample.sample), regions, fasta, reference=reference)
    plain = [plan.bam(s.sample) for s in samples if not s.counts_families]
    if plain and version("freebayes") is not None:
        work = plan.place("patient", f"{patient}.freebayes")
        work.mkdir(parents=True, exist_ok=True)
        found["freebayes"] = by_freebayes(plain, regions, reference, work)
    for name in plan.callers:
        found[name] = pl.read_csv(plan.place("patient", f"{patient}.{name}.tsv"), separator="\t", schema=SITE_SCHEMA)
    _write(union(found, fasta), plan.place("patient", f"{patient}.sites.tsv"))


def candidates_step(plan: Plan, patient: str, caller: str) -> None:
    """Candidates of another program in the tissue (and plasma without identifiers) of a patient."""
    from oncourse.reads.callers import CALLERS, Job, candidates

    out = plan.place("patient", f"{patient}.{caller}.tsv")
    samples = [s for s in plan.of_patient(patient) if not s.counts_families]
    tumours = {s.sample: plan.bam(s.sample) for s in samples if not s.is_germline}
    if not tumours:
        return _write(pl.DataFrame(schema=SITE_SCHEMA), out)
    normal = next((s.sample for s in samples if s.is_germline), "")
    folder = plan.place("patient", f"{patient}.{caller}")
    folder.mkdir(parents=True, exist_ok=True)
    bed = folder / "targets.bed"
    regions = regions_of(plan, plan.bam(samples[0].sample))
    regions.select("chrom", "start", "end").write_csv(bed, separator="\t", include_header=False)
    bam = plan.bam(normal) if normal else None
    _write(candidates(CALLERS[caller], Job(tumours, normal, bam, Path(plan.fasta), bed, folder)), out)


def annotate_step(plan: Plan, patient: str) -> None:
    """Genes and effects of the variants of a patient that are kept; ids of the genome, not of slices of it."""
    from oncourse.reads.collect import worth_keeping
    from oncourse.reads.names import PROGRAMS, names_by, names_of, with_program

    reference = Path(plan.fasta)
    judged = worth_keeping(pl.read_parquet(plan.place("patient", f"{patient}.calls.parquet")))
    ids = judged["variant_id"].unique(maintain_order=True)
    named = names_of(ids, reference, Path(plan.gff) if plan.gff else None, _build(plan))
    if plan.annotation:
        folder = plan.place("patient", f"{patient}.{plan.annotation}")
        program = PROGRAMS[plan.annotation]
        named = with_program(named, names_by(program, ids, reference, plan.annotation_data, folder))
    genome = read_places(reference).genome_ids(named["variant_id"])
    _write(named.with_columns(genome.alias("variant_id")), plan.place("patient", f"{patient}.names.tsv"))


def genotype_step(plan: Plan, name: str) -> None:
    """Counts of a sample at all sites of its patient."""
    sample = plan.sample(name)
    sites = pl.read_csv(plan.place("patient", f"{sample.patient}.sites.tsv"), separator="\t", infer_schema_length=0)
    counts = genotype(plan.bam(name), sites["variant_id"], reference=Path(plan.fasta), counting=counting_of(sample))
    out = plan.place("sample", f"{name}.counts.parquet")
    draft = out.with_name(f".{out.name}.draft")
    counts.write_parquet(draft)
    draft.replace(out)


def identity_step(plan: Plan, _: str) -> None:
    """Whose DNA each sample is, and foreign DNA in it; over all samples of the study."""
    import numpy as np

    from oncourse.reads.identity import (
        at_places,
        contamination,
        genotypes,
        pairs,
        sex_of,
        swapped_patients,
        variable_places,
    )

    check_own_reads({s.sample: load_sketch(plan.place("sample", f"{s.sample}.reads.json")) for s in plan.samples})
    bases = {s.sample: load_bases(plan.place("sample", f"{s.sample}.bases.npz")) for s in plan.samples}
    patients = {s.sample: s.patient for s in plan.samples}
    normals = {p: s.sample for p in plan.patients if (s := plan.germline(p)) is not None}
    compared = pairs(bases, patients, normals)
    stopped = swapped_patients(compared, patients)
    places = variable_places(bases)
    types = {name: genotypes(*at_places(one, places)) for name, one in bases.items()}
    people = {p: types[(plan.germline(p) or plan.of_patient(p)[0]).sample] for p in plan.patients}
    known = (
        np.stack([np.where(t >= 0, t, np.nan) for t in map(np.asarray, people.values())])
        if people
        else np.zeros((0, 0))
    )
    rows = {}
    for s in plan.samples:
        own = people[s.patient]
        rest = [t for p, t in people.items() if p != s.patient]
        others = (
            np.array([[x if x >= 0 else np.nan for x in t] for t in rest]) if rest else np.full((1, len(own)), np.nan)
        )
        carried, of = np.nansum(others, 0), 2 * (~np.isnan(others)).sum(0)
        frequency = (carried + 0.5) / (of + 2.0)
        alt, depth = at_places(bases[s.sample], places)
        usable = np.where(carried > 0, own, -1) if rest else np.full(len(own), -1)
        usable = np.where((own == 2) & (carried < of), own, usable)
        share, low, high, n = contamination(alt, depth, usable, frequency)
        rows[s.sample] = {
            "contamination": share,
            "contamination_low": low,
            "contamination_high": high,
            "contamination_sites": n,
            "sex": sex_of(bases[s.sample]),
        }
    _write(compared, plan.place("study", "pairs.tsv"))
    write_json(plan.place("study", "identity.json"), {"stopped": stopped, "samples": rows, "n_people": len(known)})


def judge_step(plan: Plan, patient: str) -> None:
    """Calls, tags and origins of a patient."""
    from oncourse.reads.patient import Counted, judge

    samples = plan.of_patient(patient)
    out = plan.place("patient", f"{patient}.calls.parquet")
    others = {
        s.sample: load_bases(plan.place("sample", f"{s.sample}.bases.npz"))
        for s in plan.samples
        if s.is_germline and s.patient != patient
    }
    counted = [
        Counted(
            s,
            pl.read_parquet(plan.place("sample", f"{s.sample}.counts.parquet")),
            load_bases(plan.place("sample", f"{s.sample}.bases.npz")),
        )
        for s in samples
    ]
    found = pl.read_csv(plan.place("patient", f"{patient}.sites.tsv"), separator="\t", infer_schema_length=0)
    fasta, common = Fasta(plan.fasta), frozenset[str]()
    if plan.known_sites:
        from oncourse.reads.discover import common_variants

        regions = regions_of(plan, plan.bam(samples[0].sample))
        common = common_variants(Path(plan.known_sites), regions, fasta)
    judged = judge(counted, found, fasta, others=others, common=common)
    draft = out.with_name(f".{out.name}.draft")
    judged.write_parquet(draft)
    draft.replace(out)


def copy_step(plan: Plan, patient: str) -> None:
    """Segments, purity and ploidy of a patient's tissue and plasma, against its normal."""
    from oncourse.reads import copy_number as c
    from oncourse.reads.identity import sex_of

    normal = plan.germline(patient)
    samples = [s for s in plan.of_patient(patient) if not s.is_germline]
    out, fits = (
        plan.place("patient", f"{patient}.segments.tsv"),
        plan.place("patient", f"{patient}.copies.json"),
    )
    if normal is None or not samples:
        _write(pl.DataFrame(schema=c.SEGMENT_SCHEMA), out)
        return write_json(fits, {})
    bases = {s.sample: load_bases(plan.place("sample", f"{s.sample}.bases.npz")) for s in (normal, *samples)}
    tracks = c.tracks_of(bases[normal.sample], [bases[s.sample] for s in samples])
    judged = pl.read_parquet(plan.place("patient", f"{patient}.calls.parquet"))
    calls = judged.filter(pl.col("is_called") & (pl.col("origin") == "somatic"))
    found = c.fit_copies(tracks, [c.mutations_of(tracks, calls.filter(sample_id=s.sample)) for s in samples])
    sex = sex_of(bases[normal.sample])
    rows = c.segment_rows(tracks, found, [s.sample for s in samples], [sex] * len(samples))
    _write(read_places(Path(plan.fasta)).to_genome(rows, "start", "end"), out)
    said: dict[str, dict[str, object]] = {
        s.sample: dict(c.told(fit)) for s, fit in zip(samples, found.fits, strict=True)
    }
    for name, plasma in _plasma(samples, judged, tracks, found).items():
        said[name] |= plasma
    write_json(fits, said)


def _plasma(
    samples: list[ReadsSample], judged: pl.DataFrame, tracks: Tracks, found: Copies
) -> dict[str, dict[str, object]]:
    """Return what the mutations of the tissue say of each plasma sample of a patient."""
    from dataclasses import asdict

    from oncourse.reads.copy_number import total_at
    from oncourse.reads.plasma import tracked, tumour_fraction

    tissue = [s.sample for s in samples if s.role != "plasma"]
    if not tissue:
        return {}
    sites = judged.filter(sample_id=tissue[0])
    copies = {s.sample: total_at(tracks, found, k, sites) for k, s in enumerate(samples) if s.sample in tissue}
    out = {}
    for s in samples:
        if s.role == "plasma":
            got = asdict(tumour_fraction(tracked(judged, s.sample, tissue, copies)))
            out[s.sample] = {f"tracked_{name}": value for name, value in got.items()}
            if got["fraction"] is not None:
                out[s.sample] |= {
                    "purity": round(got["fraction"], 6),
                    "purity_low": got["low"],
                    "purity_high": got["high"],
                    "purity_status": "tracked mutations",
                }
    return out


def collect_step(plan: Plan, _: str) -> None:
    """The tables of the study folder."""
    from oncourse.reads import collect as c
    from oncourse.reads import quality as q
    from oncourse.reads.beside import build_of
    from oncourse.reads.vcf import filter_words, write_vcf

    folder, places, rules = Path(plan.folder), read_places(Path(plan.fasta)), Rules()
    for name in c.WRITTEN:
        c.draft_of(folder / name).unlink(missing_ok=True)
    identity = json.loads(plan.place("study", "identity.json").read_text())
    stopped = identity["stopped"]
    bases = {s.sample: load_bases(plan.place("sample", f"{s.sample}.bases.npz")) for s in plan.samples}
    quality = {}
    for s in plan.samples:
        own = json.loads(plan.place("sample", f"{s.sample}.quality.json").read_text())
        quality[s.sample] = (
            own
            | identity["samples"][s.sample]
            | {"detection_limit": c.limit_of(bases[s.sample], rules, families=s.counts_families)}
        )
    q.add_instability(plan, quality)
    q.add_tumour_in_normal(plan, quality)
    segments = q.add_copies(plan, quality, stopped)
    frames = []
    for patient, judged in _without_foreign(plan, identity).items():
        if judged.height:
            judged = c.worth_keeping(judged)
            names = [s.sample for s in plan.of_patient(patient)]
            write_vcf(plan.place("vcf", f"{patient}.vcf.gz"), judged, names, Fasta(plan.fasta), places)
            frames.append(judged.with_columns(places.genome_ids(judged["variant_id"]).alias("variant_id")))
    calls = pl.concat(frames) if frames else pl.DataFrame(schema=c.EMPTY_CALLS)
    samples = c.sample_rows(plan, quality, stopped)
    kept = set(samples["sample_id"])
    ours = pl.col("sample_id").is_in(sorted({s.sample for s in plan.samples} | c.written_before(plan)))
    gone = ours & ~pl.col("sample_id").is_in(sorted(kept))  # of a stopped patient, or no more in reads.tsv
    people = pl.DataFrame({"patient_id": plan.patients})
    c.merge_table(folder / "patients.tsv", people, ["patient_id"])
    c.merge_table(folder / "lesions.tsv", c.lesion_rows(plan), ["lesion_id"])
    c.merge_table(folder / "assays.tsv", c.assay_rows(plan, bases, rules), ["assay_id"])
    c.merge_table(folder / "error_rates.tsv", c.error_rows(plan, bases), ["assay_id", "substitution"])
    c.merge_table(folder / "samples.tsv", samples, ["sample_id"], drop=gone)
    rows = calls.select("sample_id", "variant_id", "alt_count", "depth", "is_called", filter_words(), "origin")
    c.merge_table(folder / "variants.tsv", _named(plan, calls), ["variant_id"])
    c.merge_table(folder / "calls.tsv", rows, ["sample_id", "variant_id"], drop=ours)
    none = pl.DataFrame(schema=c.COVERAGE)
    coverage = pl.concat([none, *(c.coverage_rows(s, bases[s], places) for s in bases if s in kept)])
    c.merge_table(folder / "coverage.tsv", coverage, ["sample_id", "chrom", "start", "end"], drop=ours)
    c.merge_table(folder / "segments.tsv", segments, ["sample_id", "chrom", "start", "end"], drop=ours)
    _write(calls.select(c.EVIDENCE), plan.place("tables", "evidence.tsv"))
    markers = [{"patient_id": p, "marker": "sample identity", "value": reason} for p, reason in sorted(stopped.items())]
    if markers or (folder / "markers.tsv").is_file():
        schema = {"patient_id": pl.String, "marker": pl.String, "value": pl.String}
        mine = (pl.col("marker") == "sample identity") & pl.col("patient_id").is_in(plan.patients)
        frame = pl.DataFrame(markers, schema=schema)
        c.merge_table(folder / "markers.tsv", frame, ["patient_id", "marker"], drop=mine)
    regions = regions_of(plan, plan.bam(plan.samples[0].sample))
    target_rows = places.to_genome(regions, "start", "end").select("chrom", "start", "end")
    target_rows.write_csv(c.draft_of(folder / "reads_targets.bed"), separator="\t", include_header=False)
    c.put_in_place(folder, c.WRITTEN)
    write_sources(plan, calls, stopped)
    c.write_config(plan, build_of(plan))
    c.write_beside_vcf(plan, plan.place("vcf"))
    _write_quality(plan, quality, stopped)
    write_json(plan.place("done.json"), {"samples": len(plan.samples), "stopped": stopped})


def _named(plan: Plan, calls: pl.DataFrame) -> pl.DataFrame:
    """Return a row per variant of the tables with its names, those of the first patient that has it."""
    from oncourse.reads.names import SCHEMA

    found = [pl.read_csv(plan.place("patient", f"{p}.names.tsv"), separator="\t", schema=SCHEMA) for p in plan.patients]
    names = pl.concat(found).unique("variant_id", keep="first", maintain_order=True)
    ids = calls.select("variant_id").unique(maintain_order=True)
    return ids.join(names, on="variant_id", how="left", maintain_order="left")


def _without_foreign(plan: Plan, identity: dict) -> dict[str, pl.DataFrame]:  # type: ignore[type-arg]
    """Return the judged sites of the patients that go on, those that another person's DNA explains tagged."""
    from oncourse.reads.identity import explained_by_others

    judged = {
        p: pl.read_parquet(plan.place("patient", f"{p}.calls.parquet"))
        for p in plan.patients
        if p not in identity["stopped"]
    }
    shares = {
        name: row["contamination_high"]
        for name, row in identity["samples"].items()
        if (row["contamination_low"] or 0) > 0
    }
    foreign = explained_by_others(judged, shares, {s.sample: s.patient for s in plan.samples})
    rows = [(sample, name) for sample, names in foreign.items() for name in sorted(names)]
    table = pl.DataFrame(rows, schema={"sample_id": pl.String, "variant_id": pl.String}, orient="row").with_columns(
        pl.lit("contamination").alias("_foreign")
    )
    return {
        p: _tagged(frame.join(table, on=["sample_id", "variant_id"], how="left", maintain_order="left"))
        for p, frame in judged.items()
    }


def _tagged(frame: pl.DataFrame) -> pl.DataFrame:
    tags = pl.concat_str([pl.col("tags"), pl.col("_foreign")], separator=";", ignore_nulls=True).replace("", None)
    return frame.with_columns(tags.alias("tags"), is_called=pl.col("is_called") & pl.col("_foreign").is_null()).drop(
        "_foreign"
    )


def _write_quality(plan: Plan, quality: dict, stopped: dict[str, str]) -> None:  # type: ignore[type-arg]
    rows = [{"sample_id": s.sample, "patient_id": s.patient, "role": s.role, **quality[s.sample]} for s in plan.samples]
    _write(pl.DataFrame(rows, infer_schema_length=None), plan.place("tables", "quality.tsv"))
    _write(pl.read_csv(plan.place("study", "pairs.tsv"), separator="\t"), plan.place("tables", "pairs.tsv"))
    schema = {"patient_id": pl.String, "reason": pl.String}
    _write(
        pl.DataFrame(sorted(stopped.items()), schema=schema, orient="row"),
        plan.place("tables", "stopped.tsv"),
    )


def _build(plan: Plan) -> str | None:
    from oncourse.reads.beside import build_of
    from oncourse.study.config import read_config

    path = Path(plan.folder, "study.yaml")
    return (read_config(path).genome_build if path.is_file() else None) or build_of(plan)


def _write(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    frame.write_csv(draft, separator="\t", null_value="")
    draft.replace(path)


STEPS: dict[str, Callable[..., None]] = {
    "align": align_step,
    "profile": profile_step,
    "discover": discover_step,
    "genotype": genotype_step,
    "identity": identity_step,
    "judge": judge_step,
    "copy": copy_step,
    "annotate": annotate_step,
    "collect": collect_step,
    "statistics": statistics_step,
    "multiqc": multiqc_step,
    **{f"candidates:{name}": partial(candidates_step, caller=name) for name in CALLERS},
}


def main(step: str, plan_path: str, name: str = "study", *more: str) -> int:
    """Run one step; return 0, or 1 with the reason written down. `more`: the threads of the alignment."""
    plan = load_plan(Path(plan_path))
    error = plan.place("log", f"{step}.{name}.error")
    error.parent.mkdir(parents=True, exist_ok=True)
    error.unlink(missing_ok=True)
    for part in ("sample", "patient", "study", "tables", "bam"):
        plan.place(part).mkdir(parents=True, exist_ok=True)
    try:
        STEPS[step](plan, name, *more)
    except (OncourseError, OSError) as reason:
        text = getattr(reason, "strerror", None) or str(reason)
        try:
            error.write_text(f"{name}: {text}\n" if name != "study" else f"{text}\n")
        except OSError:  # the disk is full: `oncourse.reads.run.failure` looks at it
            error.unlink(missing_ok=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
