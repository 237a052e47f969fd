"""A study the size of a registry: 200,000 samples, 2 million mutation rows, 500 genes; import and landscape.

Run: python benchmarks/bench_registry.py [--samples 200000] [--rows 2000000] [--keep DIR]

The study is simulated in the shape of a registry (a cBioPortal folder with several panels). Three things are timed,
each in a process of its own: polars reading the mutation file and no more; `oncourse run --only landscape` straight
from the folder; `oncourse import` followed by `oncourse run` on the native folder.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from oncourse.stats.rng import generator

N_GENES, N_PANELS = 500, 4
EFFECTS = (
    "Missense_Mutation",
    "Nonsense_Mutation",
    "Frame_Shift_Del",
    "Frame_Shift_Ins",
    "Splice_Site",
    "Silent",
    "In_Frame_Del",
)
SHARES = (0.62, 0.09, 0.09, 0.04, 0.04, 0.10, 0.02)


def write_registry(folder: Path, n_samples: int, n_rows: int, seed: int = 1) -> None:
    """Write the simulated cBioPortal folder."""
    rng = generator(seed, "registry")
    genes = np.array([f"GENE{i:03d}" for i in range(N_GENES)])
    n_patients = int(n_samples * 0.95)
    patients = np.array([f"P-{i:07d}" for i in range(n_patients)])
    owner = np.concatenate([np.arange(n_patients), rng.integers(0, n_patients, n_samples - n_patients)])
    samples = np.array([f"{patients[p]}-S{i:06d}" for i, p in enumerate(owner)])
    panel = rng.integers(0, N_PANELS, n_samples)
    sizes = (350, 400, 450, N_GENES)
    folder.mkdir(parents=True)
    for number, size in enumerate(sizes):
        (folder / f"data_gene_panel_PANEL{number}.txt").write_text(
            f"stable_id: PANEL{number}\ndescription: panel {number}\ngene_list:\t" + "\t".join(genes[:size]) + "\n"
        )
    (folder / "meta_study.txt").write_text(
        "cancer_study_identifier: registry\ntype_of_cancer: coadread\nname: a simulated registry\n"
    )
    months = rng.exponential(30, n_patients)
    pl.DataFrame(
        {
            "PATIENT_ID": patients,
            "SEX": np.where(rng.random(n_patients) < 0.5, "Male", "Female"),
            "OS_MONTHS": months.round(2),
            "OS_STATUS": np.where(rng.random(n_patients) < 0.5, "1:DECEASED", "0:LIVING"),
        }
    ).write_csv(folder / "data_clinical_patient.txt", separator="\t")
    pl.DataFrame(
        {
            "SAMPLE_ID": samples,
            "PATIENT_ID": patients[owner],
            "SAMPLE_TYPE": np.where(rng.random(n_samples) < 0.6, "Primary", "Metastasis"),
            "GENE_PANEL": np.char.add("PANEL", panel.astype(str)),
            "TUMOR_PURITY": rng.integers(10, 90, n_samples),
        }
    ).write_csv(folder / "data_clinical_sample.txt", separator="\t")
    # a few genes are mutated often, the others seldom; a tenth of the rows falls on 2,000 hotspots
    weight = 1 / np.arange(1, N_GENES + 1) ** 0.7
    who = rng.integers(0, n_samples, n_rows)
    gene = np.minimum(rng.choice(N_GENES, n_rows, p=weight / weight.sum()), np.array(sizes)[panel[who]] - 1)
    hot = rng.random(n_rows) < 0.1
    offset = np.where(hot, rng.integers(0, 4, n_rows) * 300, rng.integers(0, 3000, n_rows))
    chrom, pos = gene % 22 + 1, 1_000_000 + gene * 50_000 + offset
    bases = np.array(list("ACGT"))
    kind = rng.choice(len(EFFECTS), n_rows, p=SHARES)
    ref = bases[pos % 4]
    alt = np.where(hot, bases[(pos + 1) % 4], bases[(pos + rng.integers(1, 4, n_rows)) % 4])
    is_del, is_ins = (kind == 2) | (kind == 6), kind == 3
    depth = rng.poisson(500, n_rows) + 20
    count = rng.binomial(depth, rng.uniform(0.03, 0.6, n_rows))
    codon = (offset // 3 + 1).astype(str)
    letters = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    pl.DataFrame(
        {
            "Hugo_Symbol": genes[gene],
            "Entrez_Gene_Id": gene,
            "Center": "SIM",
            "NCBI_Build": "GRCh37",
            "Chromosome": chrom.astype(str),
            "Start_Position": pos,
            "End_Position": pos + 1,
            "Strand": "+",
            "Variant_Classification": np.array(EFFECTS)[kind],
            "Variant_Type": np.where(is_del, "DEL", np.where(is_ins, "INS", "SNP")),
            "Reference_Allele": np.where(is_ins, "-", ref),
            "Tumor_Seq_Allele1": np.where(is_ins, "-", ref),
            "Tumor_Seq_Allele2": np.where(is_del, "-", alt),
            "Tumor_Sample_Barcode": samples[who],
            "Mutation_Status": "SOMATIC",
            "t_ref_count": depth - count,
            "t_alt_count": count,
            "HGVSp_Short": np.char.add(
                np.char.add(np.char.add("p.", letters[pos % 20]), codon), letters[(pos + 7) % 20]
            ),
            "Transcript_ID": "ENST00000000000",
            "Exon_Number": "3/10",
        }
    ).write_csv(folder / "data_mutations.txt", separator="\t")


def timed(*command: str) -> tuple[float, float, float]:
    """Run a command; return wall seconds, CPU seconds and peak memory in GiB of its process."""
    environment = {**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"}
    start = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--keep", type=Path, help="keep the simulated study here and use it again")
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="registry."))
    folder = args.keep or scratch / "registry"
    if not folder.exists():
        write_registry(folder, args.samples, args.rows)
    maf = folder / "data_mutations.txt"
    print(f"{args.samples:,} samples, {args.rows:,} mutation rows, {maf.stat().st_size / 2**20:.0f} MiB of mutations")
    oncourse = str(Path(sys.executable).parent / "oncourse")
    reading = f"import polars as pl; pl.read_csv({str(maf)!r}, separator='\\t', infer_schema=False)"
    only = ("--only", "landscape", "--patients", "none")
    steps = {
        "polars.read_csv of the mutation file alone": [sys.executable, "-c", reading],
        "oncourse run --only landscape, from the folder": [
            oncourse,
            "run",
            str(folder),
            "--out",
            str(scratch / "a"),
            *only,
        ],
        "oncourse import cbioportal": [oncourse, "import", "cbioportal", str(folder), str(scratch / "native")],
        "oncourse run --only landscape, native folder": [
            oncourse,
            "run",
            str(scratch / "native"),
            "--out",
            str(scratch / "b"),
            *only,
        ],
    }
    print(f"{'step':50s} {'wall s':>8s} {'CPU s':>8s} {'peak GiB':>9s}")
    for name, command in steps.items():
        wall, cpu, memory = timed(*command)
        print(f"{name:50s} {wall:8.1f} {cpu:8.1f} {memory:9.2f}", flush=True)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    # `resource` is imported for its side: it is absent on Windows, where this benchmark cannot measure
    assert resource
    main()
