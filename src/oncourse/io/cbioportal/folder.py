"""What the files of a cBioPortal folder are: by their meta files, else by their names; its case lists."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from oncourse.disk.unpack import head_lines
from oncourse.io.assays.genie_panels import NO_REGIONS, panel_regions

#: What a file is, by its meta file: (genetic_alteration_type, datatype) -> kind.
_META_KINDS = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patient",
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): "sample",
    ("CLINICAL", "MIXED_ATTRIBUTES"): "mixed",
    ("CLINICAL", "TIMELINE"): "timeline",
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "cna",
    ("COPY_NUMBER_ALTERATION", "DISCRETE_LONG"): "cna",
    ("COPY_NUMBER_ALTERATION", "SEG"): "seg",
    # ratios, whatever the file is called
    ("COPY_NUMBER_ALTERATION", "LOG2-VALUE"): "ratios",
    ("COPY_NUMBER_ALTERATION", "CONTINUOUS"): "ratios",
    ("STRUCTURAL_VARIANT", "SV"): "sv",
    ("FUSION", "FUSION"): "fusions",
    ("MUTATION_UNCALLED", "MAF"): "uncalled",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panel_matrix",
}

#: What a file is, by its name (lower case, without .gz and .txt/.tsv).
_NAME_KINDS = (
    ("patient", r"data_(bcr_)?clinical(_data)?_patients?(_.*)?"),
    ("sample", r"data_(bcr_)?clinical(_data)?_samples?(_.*)?"),
    ("mixed", r"data_(bcr_)?clinical(_data)?"),
    ("timeline", r"data_(clinical_)?timeline.*"),
    ("mutations", r"data_mutations(_(extended|mskcc|mskcc_.*|somatic|merged|impact.*|tcga))?(\.maf)?"),
    ("uncalled", r"data_mutations_uncalled(_.*)?(\.maf)?"),
    ("unsigned", r"data_(mutations_)?non_?signed_?out(_.*)?(\.maf)?"),
    ("germline", r"data_(mutations_germline|germline_mutations)(_.*)?(\.maf)?"),
    ("cna", r"data_(cna|discrete_cna|cna_discrete|gistic|cna_gistic|cna_tcga)"),
    ("gistic", r"(.*[._])?all_thresholded\.by_genes"),
    ("seg", r".*(cna_hg\d+\.seg|_segments|_hg\d+\.seg|data_cna_seg|\.seg)"),
    ("sv", r"data_(sv|structural_variants?)"),
    ("fusions", r"data_fusions?"),
    ("panel_matrix", r"data_gene_(panel_)?matrix"),
    ("panel", r"data_gene_panel_.+|gene_panel_.+"),
    ("panel_regions", r"genomic_information(_.*)?"),
)


def is_cbioportal(folder: Path) -> bool:
    """Whether a folder holds files as cBioPortal names them."""
    names = [p.name.lower() for p in folder.iterdir()]
    return any(n.startswith(("meta_study", "data_clinical", "data_mutations", "data_bcr_clinical")) for n in names)


@dataclass
class Folder:
    """The data files of a folder by kind, its meta_study and its case lists."""

    files: dict[str, list[Path]] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    lists: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def regions(self) -> pl.DataFrame:
        """Regions of the panels that the folder lists (`oncourse.io.assays.genie_panels`)."""
        return pl.concat([panel_regions(path) for path in self.files.get("panel_regions", [])] or [NO_REGIONS])

    def one(self, kind: str) -> Path | None:
        return next(iter(self.files.get(kind, [])), None)


def plain(path: Path) -> str:
    """Return the name of a file in lower case, without its ending and GENIE's release."""
    name = path.name.lower().removesuffix(".gz")
    name = re.sub(r"\.(txt|tsv)$", "", name)
    return re.sub(r"[_-]\d+(\.\d+)*-(public|consortium)$", "", name)  # GENIE's release behind the name


def look(folder: Path) -> Folder:
    """Return what a folder holds: files by their kind, as meta files say, else by their names."""
    out = Folder()
    paths = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".")]
    by_name = {p.name.lower().removesuffix(".gz"): p for p in paths}
    kinds: dict[Path, str] = {}
    for path in paths:
        if not plain(path).startswith("meta_"):
            continue
        meta = colon_file(path)
        if "cancer_study_identifier" in meta and "data_filename" not in meta:
            out.meta = meta
        data = by_name.get(meta.get("data_filename", "").lower().removesuffix(".gz"))
        pair = (meta.get("genetic_alteration_type", "").upper(), meta.get("datatype", "").upper())
        if data is not None and pair in _META_KINDS:
            kinds[data] = _META_KINDS[pair]
    for path in paths:
        name = plain(path)
        kind = kinds.get(path) or next((k for k, pattern in _NAME_KINDS if re.fullmatch(pattern, name)), None)
        if kind:
            out.files.setdefault(kind, []).append(path)
    if "cna" not in out.files and "gistic" in out.files:  # GISTIC's own name of the discrete matrix
        out.files["cna"] = out.files["gistic"]
    for path in sorted(folder.glob("case_lists/*")) + sorted(folder.glob("case_lists*.txt")):
        if path.is_file():
            listed = colon_file(path)
            ids = listed.get("case_list_ids", "").split()
            kind = listed.get("stable_id", plain(path)).lower()
            listed_as = next((n for n in ("sequenced", "cna", "sv", "all") if kind.endswith(f"_{n}")), None)
            if listed_as and ids:
                out.lists[listed_as] = frozenset(ids)
    for path in out.files.get("mutations", []):
        if "sequenced" not in out.lists and (sequenced := _sequenced_samples(path)):
            out.lists["sequenced"] = sequenced
    return out


def _sequenced_samples(path: Path) -> frozenset[str]:
    """Return the samples of the comment ``#sequenced_samples:`` above a mutation table (MSK); empty without one."""
    try:
        for line in head_lines(path):
            if not line.startswith(b"#"):
                break
            if line.lower().startswith(b"#sequenced_samples:"):
                return frozenset(line.decode("utf-8", errors="replace").partition(":")[2].split())
    except (OSError, EOFError, zlib.error):
        pass  # who reads the file says so
    return frozenset()


def colon_file(path: Path) -> dict[str, str]:
    """Return the keys (lower case) and values of a file of ``key: value`` lines; none where it cannot be read."""
    from oncourse.io.tabular.text import read_lines

    try:
        text = read_lines(path).decode("utf-8-sig", errors="replace")
    except ValueError:
        return {}
    pairs = [line.partition(":") for line in text.splitlines() if ":" in line]
    return {key.strip().lower(): value.strip() for key, _, value in pairs}
