"""The real studies of the shared data that can be read as a study: whole, and the part of each that holds all that is
said of it.

`PART` names that part: the patients, and which of their variants. It is no sample: the slow test
of `test_real_studies_agree` finds that every status, state, basis and reason, and every end point, event and reason
that occurs in the whole study is met in its part.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import polars as pl
from tests.real_trials import OTHERS
from tests.studies import study as made
from tests.typed import typed

import oncourse
from oncourse.facts.statuses import STATUSES
from oncourse.study.model import Study

_TCGA = "tcga_crc_prad_maf"
#: Format, source, further arguments ("@" begins a path of the shared data), and how many patients besides, where slow.
STUDIES: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "conipher": ("conipher", "evo_conipher_toy/input_table.tsv", (), 1),
    "pyclone": ("pyclone", "evo-pyclonevi/tracerx.tsv", (), 1),
    "lichee": ("lichee", "evo-lichee/ccRCC/RK26.txt", ("--depth", "100"), 1),
    "phylogicndt": ("phylogicndt", "evo-phylogicndt/MySimulation_input.sif", (), 1),
    "pairtree": ("pairtree", "evo-pairtree-real/SJBALL022609_S1.ssm", (), 1),
    "treeomics": ("vcf", "evo_treeomics/example.vcf", (), 1),
    "mseq": ("counts", "crc_cross2018_mseq/SET6_mutations.tsv.gz", ("--build", "GRCh37"), 1),
    "cfdnaneo": ("counts", "tissue_plasma_cfdnaneo/test_full_variant_counts.tsv.gz", ("--build", "GRCh37"), 1),
    "seracare": ("maf", "reads_seracare_ctdna/SeraCare_0-5.annotated.maf", (), 1),
    "hu": ("maf", "crc_hu2019_multiregion/CRC_HZ.maf.gz", ("--clinical", "@crc_hu2019_multiregion/CRC_HZ.clin.txt"), 3),
    "laml": ("maf", "maftools_extdata/tcga_laml.maf.gz", ("--clinical", "@maftools_extdata/tcga_laml_annot.tsv"), 4),
    "apl": ("maf", "maftools_extdata/APL_primary.maf.gz", (), 3),
    "prad": ("maf", f"{_TCGA}/mc3_PRAD.maf.gz", ("--clinical", f"@{_TCGA}/mc3_PRAD_clinical.tsv.gz"), 4),
    "read": ("maf", f"{_TCGA}/mc3_READ.maf.gz", ("--clinical", f"@{_TCGA}/mc3_READ_clinical.tsv.gz"), 4),
    "read_fh": ("maf", f"{_TCGA}/fh_READ.maf.gz", ("--clinical", f"@{_TCGA}/fh_READ_clinical.tsv.gz"), 4),
    "coad": ("maf", f"{_TCGA}/fh_COAD.maf.gz", ("--clinical", f"@{_TCGA}/fh_COAD_clinical.tsv.gz"), 4),
    "crc_msk": ("cbioportal", "crc_msk_2017_clinical", (), 60),
    "msk_met": ("cbioportal", "msk_met_2021_crc_prostate", (), 12),
    "prostate_msk": ("cbioportal", "prostate_msk_2024", (), 12),
    "adam": ("adam", "endpoints-pharmaverse/adam", (), 60),
    "recist": ("sdtm", "endpoints-pharmaverse/sdtm", ("recist",), 30),
    "pcwg3": ("sdtm", "endpoints-pharmaverse/sdtm", ("pcwg3",), 30),
    "irecist": ("sdtm", "endpoints-pharmaverse/sdtm", ("irecist",), 30),
    "ascent2": ("psa", "psa_ascent2_docetaxel/psa_long.csv", ("name", "date", "size", "docetaxel"), 20),
    "ias": ("psa", "psa_ias_bruchovsky2006/PatientData.csv", ("Patient", "Day", "PSA", "leuprolide"), 12),
    "ffcd": ("ffcd", "recist_ffcd2000_mcrc", (), 30),
    "autopsy": ("autopsy", "tissue_plasma_breast_autopsy/Patient_8", (), 1),
    "colon": ("colon", "survival_colon/colon.csv", (), 30),
    "aspecct": ("curve", "km_ipd_phase3/ipd_colorectal_prostate.csv.gz", ("ASPECCT_2A",), 30),
    "trials_prostate": ("trials", "psa_survival_17trials/prostate.csv", ("PATID", "SURVTIME"), 30),
    "trials_crc": ("trials", "psa_survival_17trials/colorectal_response_survival.csv", ("patientid", "surv"), 30),
    "wcdt": ("wcdt", "wcdt_mcrpc", (), 12),
}

#: Folders that are no study, and why: nobody can say what was read where.
NO_STUDY = {
    "evo_tracerx_nejm2017": "cancer cell fractions by region; no reads, no changed base, no day and no end point",
    "crc_peritoneal_c157": "PyClone-VI's result, prevalences by gene and protein change: no reads and no places",
    "mets_machina": "clone trees and migration histories without reads",
}

#: Formats of one patient, whose name is that of the file or in no line.
READ_WHOLE = ("conipher", "pyclone", "lichee", "phylogicndt", "vcf", "counts", "autopsy", "pairtree")

#: Study -> its patients who hold all that is said of it, and that of their variants every so-many-th is taken besides
#: those of genes of a status.
PART: dict[str, tuple[tuple[str, ...], int]] = {
    "conipher": (("CRUKTOY001",), 10),
    "pyclone": (("tracerx",), 40),
    "lichee": (("RK26",), 5),
    "phylogicndt": (("MySimulation_input",), 2),
    "pairtree": (("SJBALL022609_S1",), 4),
    "treeomics": (("example",), 4),
    "mseq": (("Set6",), 1000),
    "cfdnaneo": (("test",), 400),
    "seracare": (("SeraCare_0-5",), 4),
    "hu": (("V402", "V824", "V930"), 100),
    "laml": (("TCGA-AB-2802", "TCGA-AB-2808", "TCGA-AB-2811"), 1),
    "apl": (("100D", "144D", "148D", "33D", "80D"), 1),
    "prad": (("5764", "A6IN", "A8CY", "A8FP", "A8SH", "A9OH", "A9WJ", "A9WY"), 1),
    "read": (("2692", "3594", "3896", "3911", "3913", "4008", "5265", "6547", "6903"), 1),
    "read_fh": (("3913", "5265", "6507", "6681", "A00C", "A1DG"), 10),
    "coad": (("3562", "4105", "5797", "6315", "6703", "A00D", "A0XF"), 10),
    "crc_msk": (("P-0000119", "P-0000241", "P-0000493", "P-0001913"), 1),
    "msk_met": (("P-0000526", "P-0007997", "P-0024566", "P-0028891", "P-0037127", "P-0037966"), 1),
    "prostate_msk": (
        ("P-0000655", "P-0001021", "P-0001071", "P-0002304", "P-0009399", "P-0013030", "P-0019199", "P-0020218"),
        1,
    ),
    "adam": (("01-701-1028", "01-701-1118", "01-701-1211", "01-705-1018"), 1),
    "recist": (("01-701-1028", "01-701-1118", "01-701-1211", "01-704-1233"), 1),
    "pcwg3": (("01-701-1015", "01-701-1028", "01-701-1034", "01-701-1115", "01-701-1211", "01-704-1233"), 1),
    "irecist": (("01-701-1015", "01-701-1130", "01-701-1211", "01-704-1233"), 1),
    "ascent2": (("10004", "10013", "140003"), 1),
    "ias": (("1", "10", "21"), 1),
    "ffcd": (("107", "109", "28", "55"), 1),
    "autopsy": (("Patient_8",), 40),
    "colon": (("1", "10", "110"), 1),
    "aspecct": (("0000", "0002"), 1),
    "trials_prostate": (("1-223", "1-225"), 1),
    "trials_crc": (("1-1", "1-102"), 1),
    "wcdt": (("DTB-011", "DTB-055", "DTB-061"), 1),
}


def whole_study(name: str, shared_data, folder: Path) -> Study:
    """The study as the command imports it."""
    return _study(name, shared_data, folder, None)


def part_of_study(name: str, shared_data, folder: Path) -> Study:
    """The part of the study that `PART` names; of its files only the lines of these patients are read."""
    patients, every = PART[name]
    of_files = None if STUDIES[name][0] in READ_WHOLE else patients
    study = _study(name, shared_data, folder, of_files).select(patients=patients)
    return study if every == 1 else _some_variants(study, every)


def _study(name: str, shared_data, folder: Path, patients: Collection[str] | None) -> Study:
    kind, place, more, _ = STUDIES[name]
    source = shared_data(*place.split("/"))
    if kind in ("psa", "ffcd"):
        return _psa(source, *more) if kind == "psa" else _ffcd(source)
    if kind in OTHERS:
        return OTHERS[kind](source, *more)
    if kind == "autopsy":
        source, more = _autopsy(source, folder), ("--clinical", str(folder / "samples.tsv"), "--build", "GRCh38")
        kind = "counts"
    if kind == "sdtm":
        source, more = _sdtm(source, more[0], folder / "sdtm"), ()
    given = [shared_data(*word[1:].split("/")) if word.startswith("@") else word for word in more]
    if patients is not None:
        source, *given = [
            _lines_of(patients, p, folder / "part") if isinstance(p, Path) else p for p in (source, *given)
        ]
    done = typed("import", kind, str(source), str(folder / "study"), *map(str, given))
    assert done.returncode == 0, done.stderr
    return oncourse.read(folder / "study")


def _lines_of(patients: Collection[str], source: Path, to: Path) -> Path:
    """Copy a file or a folder of text with the lines (of a matrix: the columns) of these patients alone."""
    if source.is_dir():
        for file in source.iterdir():
            _lines_of(patients, file, to / source.name)
        return to / source.name
    to.mkdir(parents=True, exist_ok=True)
    raw = source.read_bytes()
    text = (gzip.decompress(raw) if source.suffix == ".gz" else raw).decode()
    kept = to / source.name.removesuffix(".gz")
    kept.write_text("".join(_kept(text.splitlines(keepends=True), patients)))
    return kept


def _kept(lines: list[str], patients: Collection[str]) -> Iterator[str]:
    """The header (comments and the line below them) and the lines that name a patient, in whatever column; where the
    header names them, their columns."""
    head = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    columns = lines[head].rstrip("\n").split("\t") if lines else []
    named = [i for i, c in enumerate(columns) if any(p in c for p in patients)]
    if named:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            yield "\t".join(cells[i] for i in (0, *named)) + "\n"
        return
    yield from lines[: head + 1]
    yield from (line for line in lines[head + 1 :] if any(p in line for p in patients))


def _some_variants(study: Study, every: int) -> Study:
    """The study with the variants of genes of a status, and every so-many-th other one."""
    genes = {gene for status in STATUSES for gene in status.genes}
    variants = study["variants"]
    nth = [crc32(v.encode()) % every == 0 for v in variants["variant_id"]]
    of_status = variants["gene"].is_in(list(genes)).fill_null(False) if "gene" in variants.columns else False
    kept = variants.filter(pl.Series(nth) | of_status)["variant_id"].implode()
    tables = {
        name: frame.filter(pl.col("variant_id").is_in(kept)) if "variant_id" in frame.columns else frame
        for name, frame in study.tables.items()
    }
    return replace(study, tables=tables)


def _autopsy(folder: Path, to: Path) -> Path:
    """The called tables of one patient, and a table of whose samples they are: lesions and plasma."""
    (to / "calls").mkdir(parents=True)
    rows = ["SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE"]
    for file in sorted(folder.glob("*_mutect_filtered_*")):
        (to / "calls" / file.name).write_bytes(file.read_bytes())
        sample = file.name.split("exon_only")[0]
        rows.append(f"{sample}\t{folder.name}\t{'cfDNA' if 'plasma' in sample else 'Metastasis'}")
    (to / "samples.tsv").write_text("\n".join(rows) + "\n")
    return to / "calls"


def _sdtm(folder: Path, kind: str, to: Path) -> Path:
    """The trial's people and treatments with the findings of one kind: two files of a domain are no folder."""
    to.mkdir(parents=True)
    for file in folder.iterdir():
        if file.stem in ("dm", "ds", "ex") or file.stem.endswith(f"_{kind}"):
            (to / file.name).write_bytes(file.read_bytes())
    return to


def _psa(file: Path, patient: str, day: str, value: str, drug: str) -> Study:
    """A trial of which the PSA values alone are given: each patient's treatment starts with the first."""
    rows = pl.read_csv(file, infer_schema=False)
    rows = rows.rename({c: c.strip() for c in rows.columns})
    number = pl.col(day, value).cast(pl.Float64, strict=False)
    rows = rows.select(pl.col(patient).alias("p"), number).drop_nulls().sort("p", day)
    first = dict(rows.group_by("p").agg(pl.col(day).min().round().cast(pl.Int64)).iter_rows())
    return made(
        {"design": "mcrpc"},
        patients=[{"patient_id": p} for p in sorted(first)],
        treatments=[{"patient_id": p, "drugs": drug, "start_day": first[p]} for p in sorted(first)],
        labs=[
            {"patient_id": p, "day": round(d), "analyte": "PSA", "value": str(v), "unit": "ng/mL"}
            for p, d, v in rows.iter_rows()
        ],
    )


def _ffcd(folder: Path) -> Study:
    """FFCD 2000-05: sums of diameters (cm), new lesions and deaths; times in years; arms S and C."""
    sums = pl.read_csv(folder / "colorectal_sld_longitudinal.csv").sort("id", "year")
    events = pl.read_csv(folder / "colorectal_events.csv").sort("id", "time1")
    arm = dict(events.select("id", "treatment").iter_rows())

    def days(years: float) -> int:
        return round(years * 365.25)

    drugs = {"S": "fluorouracil", "C": "fluorouracil;oxaliplatin"}  # LV5FU2, and FOLFOX6, first
    return made(
        {"design": "crc"},
        patients=[{"patient_id": str(i), "arm": a} for i, a in arm.items()],
        treatments=[{"patient_id": str(i), "drugs": drugs[a], "start_day": 0} for i, a in arm.items()],
        follow_up=[
            {"patient_id": str(i), "last_contact_day": days(t), "is_dead": dead == 1}
            | ({"death_day": days(t)} if dead == 1 else {})
            for i, t, dead in events.unique("id", keep="last").sort("id").select("id", "time1", "state").iter_rows()
        ],
        target_lesions=[
            {"patient_id": str(i), "day": days(y), "lesion_id": "sum", "diameter": round(s, 6), "unit": "cm"}
            for i, y, s in sums.select("id", "year", "sld").iter_rows()
        ],
        assessments=[
            {"patient_id": str(i), "day": days(t), "new_lesions": "yes"}
            for i, t, new in events.select("id", "time1", "new.lesions").iter_rows()
            if new == 1
        ],
    )
