"""What is said of published patients with several lesions, through the importer and the analyses that a user runs.

    python benchmarks/bench_published_lesions.py ../shared/data [hoadley sanborn mcpherson hu2019 cfdna autopsy]

Read counts alone, no purity and no copy number, where not said otherwise; the first role of each is the primary.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from bench_concordance_hu2019 import hu_study
from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.evolution.seeding.migration import parsimonious_histories
from oncourse.io.aside import checked
from oncourse.io.files import read_files
from oncourse.study.model import Study

LONG = ["SAMPLE", "CHR", "POS", "REF", "ALT", "REF_COUNT", "VAR_COUNT"]
#: Clonal mutations of the primary alone and of the metastasis alone (statistics S4 and S8: in all regions together a
#: fraction of .3 or more, none in the other). Hu et al. Nat Genet 2019;51:1113, as in
#: github.com/cancersysbio/SCIMET, ABC_inference/mCRC_9_summary_statistics.txt (read 2026-11-30, no licence stated).
HU_2019 = {
    "V402_BM": (6, 20),
    "V750_BM": (2, 17),
    "V824_BM": (2, 25),
    "V930_BM": (2, 47),
    "V930_LU": (2, 33),
    "V953_BM": (33, 21),
    "V974_BM": (45, 30),
}


def study_of(counts: pl.DataFrame, people: list[tuple[str, str, str]]) -> Study:
    """Import counts (long) of samples (sample, patient, role) as a user would: two files, `oncourse import counts`."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "counts.tsv"), Path(folder, "samples.tsv")
        counts.select(LONG).write_csv(files[0], separator="\t")
        rows = pl.DataFrame(people, schema=["sample_id", "patient_id", "role"], orient="row")
        rows = rows.with_columns(lesion_id="sample_id", material=pl.lit("tissue"))
        rows.write_csv(files[1], separator="\t")
        reading = read_files([files[0]], clinical=[files[1]], kind="counts")
        return Study(reading.config, checked(reading)[0])


def long_counts(frame: pl.DataFrame, columns: dict[str, tuple[str, str]], place: list[str]) -> pl.DataFrame:
    """Return the counts of `columns` (sample -> columns of reads without and with), one row per site and sample."""
    site = [pl.col(c).cast(pl.String).alias(n) for c, n in zip(place, LONG[1:5], strict=True)]
    return pl.concat(
        frame.select(
            pl.lit(s).alias("SAMPLE"),
            *site,
            pl.col(ref).cast(pl.Int64).alias("REF_COUNT"),
            pl.col(alt).cast(pl.Int64).alias("VAR_COUNT"),
        )
        for s, (ref, alt) in columns.items()
    ).unique(LONG[:5], maintain_order=True)


def told(study: Study) -> None:
    """Print where each lesion came from, and whether of several clones."""
    start = time.process_time()
    found = registry()["evolution"].run(Cohort(study))
    table = found.tables["evolution/seeding"]
    columns = ["patient_id", "lesion_id", "role", "clonality", "probability", "source", "p_source", "other_sources"]
    with pl.Config(tbl_rows=100, tbl_cols=20, fmt_str_lengths=60, tbl_width_chars=160):
        print(table.select(c for c in columns if c in table.columns))
    print(f"{time.process_time() - start:.0f} CPU s", flush=True)


def hoadley(data: Path) -> None:
    """A1: four metastases of the breast. A7: breast to brain, liver; liver to kidney, brain to lung as published."""
    for patient in ("A1", "A7"):
        frame = pl.read_csv(
            data / f"mets_machina/hoadley_2016/{patient}/raw/{patient}.tsv", separator="\t", infer_schema_length=None
        )
        names = [c.removesuffix(".rcnt.llr3_ref") for c in frame.columns if c.endswith("_ref")]
        columns = {f"{patient}-{n}": (f"{n}.rcnt.llr3_ref", f"{n}.rcnt.llr3_var") for n in names}
        counts = long_counts(frame, columns, ["chromosome_name", "start", "reference", "variant"])
        people = [(s, patient, "primary" if s.endswith("-tumor") else "metastasis") for s in columns]
        print(f"Hoadley 2016, {patient}")
        told(study_of(counts, people))


def sanborn(data: Path) -> None:
    """Melanomas A-E and G: a primary and two to four metastases."""
    for patient in "ABCDEG":
        path = next((data / "mets_machina/sanborn_2015/raw").glob(f"patient_{patient}.csv*"))
        frame = pl.read_csv(path, infer_schema_length=None)
        names = [c.removeprefix("tot_") for c in frame.columns if c.startswith("tot_") and c != "tot_normal"]
        frame = frame.with_columns((pl.col(f"tot_{n}") - pl.col(f"alt_{n}")).alias(f"ref_{n}") for n in names)
        columns = {f"{patient}-{n}": (f"ref_{n}", f"alt_{n}") for n in names}
        counts = long_counts(frame, columns, ["chromosome", "start", "reference_base", "alternate_base"])
        people = [(s, patient, "primary" if s.endswith("-primary") else "metastasis") for s in columns]
        print(f"Sanborn 2015, {patient}")
        told(study_of(counts, people))


def mcpherson(data: Path) -> None:
    """Ovarian cancers on the reported trees: is the reported home of every clone among the shortest histories?"""
    for path in sorted((data / "mets_machina/mcpherson_2016").glob("patient*.tree")):
        edges = [line.split() for line in path.read_text().splitlines() if line.strip()]
        site = dict(x.split() for x in path.with_suffix(".labeling").read_text().splitlines() if x.strip())
        reported = dict(x.split() for x in path.with_suffix(".reported.labeling").read_text().splitlines() if x.strip())
        clones = sorted({a for a, _ in edges})
        sites = sorted(set(site.values()))
        up = {b: a for a, b in edges if b in clones}
        tree = np.array([clones.index(up[c]) if c in up else -1 for c in clones])
        present = np.zeros((len(clones), len(sites)), bool)
        for a, b in edges:
            if b in site:
                present[clones.index(a), sites.index(site[b])] = True
        root = reported[clones[int(np.flatnonzero(tree < 0)[0])]]
        found = parsimonious_histories(tree, present, root_site=sites.index(root), n_root_samples=2)
        homes = [{c: sites[h] for c, h in zip(clones, x.home, strict=True)} for x in found.histories]
        right = sum(all(h[c] == reported[c] for c in clones) for h in homes)
        moves = sum(reported[a] != reported[b] for a, b in edges)
        print(
            f"McPherson 2016, {path.stem}: reported homes {'are' if right else 'are not'} among {len(homes)} histories; "
            f"migrations {min(len(x.migrations) for x in found.histories)}, reported {moves}"
        )


def hu2019(data: Path) -> None:
    """Clonal mutations of one lesion alone, with copy number, beside the published ones."""
    start = time.process_time()
    found = registry()["evolution"].run(Cohort(hu_study(data / "crc_hu2019_multiregion")))
    rows = {r["lesion_id"]: r for r in found.tables["evolution/seeding"].iter_rows(named=True)}
    near = 0
    print("| pair | primary alone, published | here | metastasis alone, published | here |\n|---|---|---|---|---|")
    for pair, (primary, metastasis) in HU_2019.items():
        here = rows[pair]["n_missing_clonal"], rows[pair]["n_private_clonal"]
        near += sum(abs(a - b) <= max(5, 0.25 * a) for a, b in zip((primary, metastasis), here, strict=True))
        print(f"| {pair} | {primary} | {here[0]} | {metastasis} | {here[1]} |")
    print(f"within 5 or a quarter: {near} of {2 * len(HU_2019)}; {time.process_time() - start:.0f} CPU s", flush=True)


def agreement(study: Study) -> None:
    """Print shared fractions, decided shares and what plasma finds."""
    cohort = Cohort(study)
    found = {name: registry()[name].run(cohort) for name in ("concordance", "tissue_blood")}
    summary = (
        found["concordance"]
        .tables["concordance/summary"]
        .filter(pl.col("set") == "all", pl.col("chip") == "without", pl.col("estimand").str.contains("shared|assess"))
    )
    with pl.Config(tbl_rows=60, tbl_cols=12, fmt_str_lengths=50, tbl_width_chars=150):
        print(summary.select("comparison", "estimand", "estimate", "ci_low", "ci_high"))
        print(cohort.presence.cells.group_by("state", "basis").len().sort("state", "basis"))
        print(cohort.presence.samples.select("sample_id", "material", "purity", "n_present", "noise"))
    for result in found.values():
        print(result.answer, flush=True)


def cfdna(data: Path) -> None:
    """Tissue and cfDNA of one patient, 11,744 sites counted in both and in the normal."""
    folder = data / "tissue_plasma_cfdnaneo"
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary, "samples.tsv")
        table.write_text("sample_id\tpatient_id\tmaterial\nFrTu\tT\ttissue\ncfDNA\tT\tplasma\nNormal\tT\tnormal\n")
        reading = read_files([folder / "test_full_variant_counts.tsv.gz"], clinical=[table], kind="counts")
        agreement(Study(reading.config, checked(reading)[0]))


def autopsy(data: Path) -> None:
    """Lesions and plasma of five breast cancers at autopsy: calls of each sample alone."""
    files = sorted((data / "tissue_plasma_breast_autopsy").glob("Patient_*/*mutect_filtered*.tsv.gz"))
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary, "samples.tsv")
        names = {f.name.split("_exon_only")[0] + "_": f.parent.name for f in files}
        rows = [f"{s}\t{p}\t{'plasma' if 'plasma' in s else 'tissue'}\t{s}" for s, p in names.items()]
        table.write_text("\n".join(["sample_id\tpatient_id\tmaterial\tlesion_id", *rows]) + "\n")
        reading = read_files(files, clinical=[table], kind="counts")
        agreement(Study(reading.config, checked(reading)[0]))


ALL = {
    "hoadley": hoadley,
    "sanborn": sanborn,
    "mcpherson": mcpherson,
    "hu2019": hu2019,
    "cfdna": cfdna,
    "autopsy": autopsy,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("what", nargs="*", default=list(ALL))
    options = parser.parse_args()
    for name in options.what:
        ALL[name](options.data)


if __name__ == "__main__":
    main()
