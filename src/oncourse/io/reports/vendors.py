"""Reports of laboratories as they deliver them: Foundation Medicine XML, TSO 500 CombinedVariantOutput, Tempus JSON.

Each is turned into the same plain rows (`VendorReport`), then read as a panel report is (`panel_rows`). Layouts:
from memory of the makers' published schemas (Foundation's variant-report, Illumina's output description, Tempus' JSON
guide).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl

from oncourse.errors import InputError
from oncourse.genome.gene_models import models
from oncourse.genome.panels import panel_genes
from oncourse.io.reading import Reading
from oncourse.io.reports.mapping import complete
from oncourse.io.reports.panel_rows import panel_calls
from oncourse.io.tabular.json_document import OBJECT, OBJECTS, read_document
from oncourse.io.whose.sample_names import sample_of_file
from oncourse.study.config import StudyConfig
from oncourse.study.schema import Problem
from oncourse.study.words import meaning

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_MSI = {
    "mss": "MSS",
    "stable": "MSS",
    "msi-h": "MSI-H",
    "msi-high": "MSI-H",
    "high": "MSI-H",
    "ms-stable": "MSS",
    "msi-l": "MSI-L",
    "equivocal": "indeterminate",
    "ambiguous": "indeterminate",
    "unknown": "indeterminate",
    "undetermined": "indeterminate",
    "cannot be determined": "indeterminate",
}
#: A gene's copies as these reports word them -> call.
_COPIES = {
    "amplification": "2",
    "copy number gain": "2",
    "gain": "2",
    "loss": "-2",
    "copy number loss": "-2",
    "deletion": "-2",
    "partial amplification": "1",
    "partial loss": "-1",
}


@dataclass
class VendorReport:
    """One report: whose it is; rows of calls (`panel_rows.PANEL`), fusions, copies; facts of the sample."""

    sample: str
    patient: str | None = None
    build: str | None = None
    assay: str | None = None
    calls: list[dict[str, str | None]] = field(default_factory=list)
    fusions: list[tuple[str | None, ...]] = field(default_factory=list)
    copies: list[tuple[str, str]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[str, str, str, int]] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    material: str = "tissue"
    failed: str = ""
    not_covered: list[str] = field(default_factory=list)


#: Words of a test or specimen that say the DNA is of plasma: FoundationOne Liquid, TSO 500 ctDNA, Tempus xF.
_LIQUID = re.compile(r"liquid|ct-?dna|cf-?dna|plasma|peripheral (whole )?blood|(?<![a-z])xf(?![a-z])", re.I)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(1 << 16)


def _stem(path: Path) -> str:
    return sample_of_file(path.with_suffix(""))


def is_vendor(path: Path) -> bool:
    """Whether a file, or a file of a folder, is a report of one of these laboratories."""
    return bool(_files(path))


def _files(path: Path) -> list[tuple[Path, Callable[[Path], VendorReport]]]:
    paths = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else []
    ends = (".xml", ".tsv", ".txt", ".json", ".csv")
    heads = [(p, _head(p)) for p in paths if p.name.lower().endswith(ends)]
    return [(p, read) for p, head in heads for marks, read in _READERS if any(m in head for m in marks)]


def read_vendor(path: Path) -> Reading:
    """Read a report, or a folder of them, as one study.

    Raises
    ------
    InputError : a file is no whole XML or JSON, or no report is there
    """
    every = [(p, read(p)) for p, read in _files(path)]
    if not every:
        raise InputError(f"{path.name}: no report of Foundation Medicine, TSO 500 or Tempus.")
    for file, report in every:  # a test that is not named is this report's own
        report.assay = report.assay or f"test of {file.stem}"
    failed = [_failed(p, r) for p, r in every if r.failed]
    found = [(p, r) for p, r in every if not r.failed]
    if not found:
        raise InputError(failed)
    reading = Reading({}, StudyConfig(title=path.stem, sources=tuple(p.name for p, _ in found)), foreign=True)
    for problem in failed:
        reading.problems.append(replace(problem, severity="warning"))
        reading.ledger.file(problem.table, "laboratory report", "not read", why=problem.message)
    builds = {r.build for _, r in found if r.build}
    if len(builds) == 1:
        reading.config = StudyConfig(title=path.stem, sources=reading.config.sources, genome_build=builds.pop())
    rows = [
        {"sample_id": r.sample, "patient_id": r.patient, "assay_id": r.assay, **c} for _, r in found for c in r.calls
    ]
    columns = list(dict.fromkeys(k for row in rows for k in row)) or ["sample_id", "gene"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))
    reports = [r for _, r in found]
    schema = dict.fromkeys(("assay_id", "kind", "targets"), pl.String) | {"callable_mb": pl.Float64}
    assays = sorted({str(r.assay) for r in reports})
    of_tests = [_targets(a, [r for r in reports if r.assay == a], reading) for a in assays]
    reading.tables["assays"] = pl.DataFrame(of_tests, schema=schema, orient="row")
    panel_calls(frame, path, pl.int_range(1, frame.height + 1, dtype=pl.UInt32, eager=True), reading)
    reading.lines.pop("calls", None)
    _beside(found, reading)
    for file, report in found:
        if report.unsure:
            genes = ", ".join(report.unsure)
            message = (
                f"copies of {genes} are equivocal: taken as a gain or loss of one level, not as amplified or deleted."
            )
            cure = "Confirm them by another method."
            reading.problems.append(Problem(file.name, None, "gene_copy_number", genes, message, cure, "warning"))
        reading.ledger.file(file.name, "laboratory report", "used", n_rows=len(report.calls))
        for name, state, became, n in report.parts:
            reading.ledger.column(file.name, name, state, became=became, n=n)
    _not_covered(found, reading)
    complete(reading)
    return reading


def _failed(file: Path, report: VendorReport) -> Problem:
    """Say that a report is not read, as the laboratory's own quality control failed: it says of no gene what it is."""
    message = f"the quality control of the laboratory says {report.failed}: the report is not read."
    return Problem(file.name, None, None, report.sample, message, "Ask for a report of another sample.")


def _not_covered(found: list[tuple[Path, VendorReport]], reading: Reading) -> None:
    """Write the genes of low coverage as not covered: nothing found there is no wild type."""
    rows = [(r.sample, gene, 0) for _, r in found for gene in dict.fromkeys(r.not_covered)]
    if not rows:
        return
    schema = {"sample_id": pl.String, "gene": pl.String, "min_depth": pl.Int64}
    reading.tables["coverage"] = pl.DataFrame(rows, schema=schema, orient="row")
    genes = ", ".join(sorted({gene for _, gene, _ in rows})[:8])
    message = f"the report names genes of low coverage ({genes}): taken as not covered, never as wild type."
    reading.problems.append(Problem("coverage", None, "gene", rows[0][1], message, "Test them again.", "warning"))


def _beside(found: list[tuple[Path, VendorReport]], reading: Reading) -> None:
    """Add samples with their facts, fusions and gene copies."""
    reports = [r for _, r in found]
    facts = sorted({k for r in reports for k in r.facts})
    rows = [(r.sample, r.patient or r.sample, r.material, r.assay, *[r.facts.get(k) for k in facts]) for r in reports]
    names = ["sample_id", "patient_id", "material", "assay_id", *facts]
    samples = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    twice = samples.filter(pl.col("sample_id").is_duplicated())["sample_id"].unique().sort().to_list()
    if twice:
        message, cure = (
            f"{', '.join(twice[:3])}: several reports name this sample.",
            "Their calls are joined; check them.",
        )
        reading.problems.append(Problem("samples", None, "sample_id", twice[0], message, cure, "warning"))
    reading.tables["samples"] = samples.unique("sample_id", keep="first", maintain_order=True)
    fusions = [(r.sample, *f, None)[:5] for r in reports for f in r.fusions]
    copies = [(r.sample, *c) for r in reports for c in r.copies]
    if fusions:
        schema = dict.fromkeys(("sample_id", "gene_5p", "gene_3p", "support", "frame"), pl.String)
        reading.tables["fusions"] = pl.DataFrame(fusions, schema=schema, orient="row").unique(maintain_order=True)
    if copies:
        schema = dict.fromkeys(("sample_id", "gene", "call"), pl.String)
        frame = pl.DataFrame(copies, schema=schema, orient="row")
        reading.tables["gene_copy_number"] = frame.unique(["sample_id", "gene"], keep="first", maintain_order=True)


def _targets(assay: str, reports: list[VendorReport], reading: Reading) -> tuple[str, str, str, float | None]:
    """Return an assay, its kind, its genes - those of a panel that is known, else those that any report of it names - and
    its size, 0 (no burden is worked out) in the second case.

    A report names what was found. A gene that it does not name was looked at only where the test's list says so, or
    another report of the same test names it.
    """
    if genes := panel_genes(assay):
        return assay, "panel", ";".join(sorted(genes)), None
    named = {c["gene"] for r in reports for c in r.calls if c.get("gene")} | {g for r in reports for g, _ in r.copies}
    message = (
        f"the gene list of the test {assay} is not known, and a report names only what was found: the {len(named)} genes "
        "that any report of it names count as looked at, no other."
    )
    cure = "Fill in assays.targets with the genes of the test."
    reading.problems.append(Problem("assays", None, "targets", assay, message, cure, "warning"))
    return assay, "panel", ";".join(sorted(str(g) for g in named)) or ";", 0.0


# Foundation Medicine


def read_foundation(path: Path) -> VendorReport:
    """Read a Foundation Medicine XML (GRCh37; coding change and strand give the alleles of a substitution)."""
    data = path.read_bytes()
    if b"<!ENTITY" in data:
        raise InputError(f"{path.name}: the XML defines entities: not read.")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise InputError(f"{path.name}: is no whole XML file ({error}).") from None
    each: dict[str, list[Mapping[str, str]]] = {}
    texts: dict[str, str] = {}
    for node in root.iter():
        tag = node.tag.rsplit("}", 1)[-1]
        if node.attrib or not len(node):  # one that only holds others says nothing of its own
            each.setdefault(tag, []).append(node.attrib)
        if node.text and node.text.strip() and tag not in texts:
            texts[tag] = node.text.strip()
    top = each.get("variant-report", [{}])[0]
    sample = texts.get("ReportId") or top.get("specimen") or texts.get("SampleId") or _stem(path)
    out = VendorReport(
        sample, texts.get("MRN"), "GRCh37", _foundation_assay(top.get("test-type") or texts.get("TestType"))
    )
    about = [
        top.get("test-type", ""),
        *(texts.get(t, "") for t in ("TestType", "SpecFormat", "SpecSite", "SpecimenType")),
    ]
    out.material = "plasma" if any(map(_LIQUID.search, about)) else "tissue"
    quality = next((q.get("status", "") for q in each.get("quality-control", [])), "")
    out.failed = quality if re.match(r"(?i)fail", quality) else ""
    out.calls = [_foundation_call(v) for v in each.get("short-variant", [])]
    for cna in each.get("copy-number-alteration", []):
        if call := _COPIES.get(cna.get("type", "").lower()):
            # some evidence, not enough of it: no amplification and no deep deletion
            unsure = cna.get("equivocal", "").lower() == "true"
            out.copies.append((cna.get("gene", ""), {"2": "1", "-2": "-1"}.get(call, call) if unsure else call))
            out.unsure += [cna.get("gene", "")] * unsure
    for event in each.get("rearrangement", []):
        out.fusions.append(_foundation_fusion(event))
    for msi in each.get("microsatellite-instability", []):
        _add_msi(out, msi.get("status"))
    for tmb in each.get("tumor-mutation-burden", []):
        if re.fullmatch(r"[\d.]+", tmb.get("score", "")):
            out.facts["tmb_per_mb"] = tmb["score"]
    used = {
        "short-variant": "calls",
        "copy-number-alteration": "gene_copy_number",
        "rearrangement": "fusions",
        "microsatellite-instability": "samples.msi_status",
        "tumor-mutation-burden": "samples.tmb_per_mb",
        "variant-report": "samples",
        "ReportId": "samples.sample_id",
        "MRN": "samples.patient_id",
        "quality-control": "whether the report is read",
    }
    out.parts = [(t, "used" if t in used else "not read", used.get(t, ""), len(a)) for t, a in sorted(each.items())]
    return out


def _add_msi(report: VendorReport, word: Any) -> None:
    """Write the MSI status where the word is known."""
    if status := _MSI.get(str(word).strip().lower()):
        report.facts["msi_status"] = status


def _foundation_assay(name: str | None) -> str | None:
    return None if not name else "FoundationOne" if re.fullmatch(r"(?i)foundation\s*one(\s*(cdx|dx))?", name) else name


def _foundation_call(v: Mapping[str, str]) -> dict[str, str | None]:
    chrom, _, pos = v.get("position", "").partition(":")
    cds = re.fullmatch(r"(?:c\.)?-?\d+([ACGT])>([ACGT])", v.get("cds-effect", ""))
    gene = v.get("gene", "")
    model = models("GRCh37").get(gene)
    strand = v.get("strand") or ("+" if model is None or model.forward else "-")
    ref, alt = cds.groups() if cds else (None, None)
    if ref and alt and strand == "-":
        ref, alt = ref.translate(_COMPLEMENT), alt.translate(_COMPLEMENT)
    change, percent = v.get("protein-effect"), v.get("percent-reads")
    if percent is None and (fraction := v.get("allele-fraction")):
        percent = str(round(100 * float(fraction), 6)) if re.fullmatch(r"[\d.]+", fraction) else None
    return {
        "gene": gene,
        "chrom": chrom,
        "pos": pos,
        "ref": ref,
        "alt": alt,
        "depth": v.get("depth"),
        "hgvs_p": f"p.{change}" if change and not change.startswith("p.") else change,
        "hgvs_c": f"c.{v['cds-effect']}" if v.get("cds-effect") else None,
        "vaf": f"{percent}%" if percent else None,
        "consequence": v.get("functional-effect"),
    }


def _foundation_fusion(event: Mapping[str, str]) -> tuple[str | None, ...]:
    """Two genes of a fusion; what is no fusion, or has one gene, is a change within the targeted gene."""
    one, two = event.get("targeted-gene"), event.get("other-gene")
    two = None if not two or two.upper() in ("N/A", "NA", "NONE") else two
    reads = event.get("supporting-read-pairs")
    if event.get("type", "fusion").lower() != "fusion" or two is None:
        return one, one, reads
    frame = meaning("frame", event.get("in-frame"))
    named = re.search(r"\b([A-Z0-9]+)[-:]{1,2}([A-Z0-9]+)\b", event.get("description", ""))
    if named and {named.group(1), named.group(2)} == {one, two}:
        return named.group(1), named.group(2), reads, frame
    return one, two, reads, frame


# TSO 500


def read_tso500(path: Path) -> VendorReport:
    """Read TSO 500's CombinedVariantOutput: sections in brackets, of pairs or of a table."""
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in path.read_text("utf-8-sig", errors="replace").splitlines():
        cells = [c.strip() for c in line.rstrip("\r\n").split("\t")]
        if found := re.fullmatch(r"\[(.+)\]", cells[0]):
            current = sections.setdefault(found.group(1), [])
        elif any(cells):
            current.append(cells)
    pairs = {row[0].lower(): row[1] for rows in sections.values() for row in rows if len(row) > 1 and row[1]}
    ids = [pairs.get(k, "NA") for k in ("pair id", "dna sample id", "sample id", "rna sample id")]
    sample = next((i for i in ids if i != "NA"), _stem(path))
    out = VendorReport(
        sample, build="GRCh38" if "grch38" in pairs.get("genome", "").lower() else "GRCh37", assay="TSO500"
    )
    named = [
        cell
        for name in ("Analysis Details", "Sequencing Run Details")
        for row in sections.get(name, [])
        for cell in row
    ]
    out.material = "plasma" if any(map(_LIQUID.search, [*named, path.name])) else "tissue"
    for row in _rows_of(sections.get("Small Variants", [])):
        change = re.search(r"p\..+", row.get("p-dot notation", ""))
        coding = re.search(r"c\..+", row.get("c-dot notation", ""))
        out.calls.append(
            {
                "gene": row.get("gene"),
                "chrom": row.get("chromosome"),
                "pos": row.get("genomic position"),
                "ref": row.get("reference call"),
                "alt": row.get("alternative call"),
                "vaf": row.get("allele frequency"),
                "depth": row.get("depth"),
                "hgvs_p": change.group() if change else None,
                "hgvs_c": coding.group() if coding else None,
                "consequence": re.split("[&,:;]", row.get("consequence(s)", ""))[0] or None,
            }
        )
    for row in _rows_of(sections.get("Gene Amplifications", []) + sections.get("Copy Number Variants", [])):
        out.copies.append((row.get("gene", ""), "-2" if "del" in row.get("copy number variant", "").lower() else "2"))
    for name in ("Fusions", "DNA Fusions"):
        for row in _rows_of(sections.get(name, [])):
            genes = re.split(r"[-/;]+", row.get("gene pair", row.get("gene fusion", "")))
            if len(genes) == 2:
                out.fusions.append((genes[0], genes[1], row.get("fusion supporting reads")))
    for row in _rows_of(sections.get("Splice Variants", [])):
        out.fusions.append((row.get("gene"), row.get("gene"), row.get("splice supporting reads")))
    for key, ours in (
        ("total tmb", "tmb_per_mb"),
        ("percent unstable msi sites", "msi_score"),
        ("percent unstable sites", "msi_score"),
    ):
        if re.fullmatch(r"[\d.]+", pairs.get(key, "")):
            out.facts[ours] = pairs[key]
    used = {
        "Analysis Details": "samples",
        "TMB": "samples.tmb_per_mb",
        "MSI": "samples.msi_score",
        "Gene Amplifications": "gene_copy_number",
        "Copy Number Variants": "gene_copy_number",
        "Fusions": "fusions",
        "DNA Fusions": "fusions",
        "Splice Variants": "fusions",
        "Small Variants": "calls",
    }
    out.parts = [(s, "used" if s in used else "not read", used.get(s, ""), len(r)) for s, r in sections.items()]
    return out


def _rows_of(rows: list[list[str]]) -> Iterator[dict[str, str]]:
    """Yield the rows of a section's table, names in lower case; NA alone means none."""
    if len(rows) > 1:
        header = [c.lower() for c in rows[0]]
        for row in rows[1:]:
            cells = {k: v for k, v in zip(header, row, strict=False) if v not in ("", "NA")}
            if cells.get("gene") or cells.get("gene pair") or cells.get("gene fusion"):
                yield cells


# Tempus


_TEMPUS = {"specimens": OBJECTS, "report": OBJECT, "patient": OBJECT, "results": OBJECT}


def read_tempus(path: Path) -> VendorReport:
    """Read a Tempus JSON report: every object of its results that names a gene and a change."""
    content, problems = read_document(path, _TEMPUS)
    if problems or not isinstance(content, dict):
        raise InputError(problems or f"{path.name}: holds a list, no Tempus report.")
    listed = content.get("specimens") or []
    tumour = [s for s in listed if not re.search(r"(?i)normal|germline", str(s.get("sampleCategory") or ""))] or listed
    ids = [s.get("tempusSampleId") for s in tumour]
    report = content.get("report") or {}
    sample = next((str(i) for i in [*ids, report.get("reportId"), content.get("reportId")] if i), _stem(path))
    patient = content.get("patient") or {}
    who = next((str(patient[k]) for k in ("tempusId", "emrId", "mrn") if patient.get(k)), None)
    out = VendorReport(sample, who, "GRCh37")
    order = content.get("order") or {}
    test = order.get("test") if isinstance(order, dict) else None
    about = [
        *(test.values() if isinstance(test, dict) else [test]),
        *(v for s in tumour for k, v in s.items() if "Type" in k),
    ]
    out.material = "plasma" if any(_LIQUID.search(str(word)) for word in about if word) else "tissue"
    code = next((str(test[k]) for k in ("code", "name") if test.get(k)), None) if isinstance(test, dict) else test
    out.assay = f"Tempus {code}" if code else None
    results = content.get("results") or {}
    for section, value in results.items():
        n = _tempus_section(section, value, out)
        state = "used" if n else "not read" if value else "empty"
        became = "coverage" if section.lower().startswith("lowcoverage") else "calls, fusions, copies"
        out.parts.append((section, state, became if n else "", n))
    return out


def _tempus_section(section: str, value: Any, out: VendorReport) -> int:
    """Add what one section of the results holds; return how many rows."""
    if section.lower() in ("tumormutationalburden", "tmb") and re.fullmatch(r"[\d.]+", str(value)):
        out.facts["tmb_per_mb"] = str(value)
        return 1
    if section.lower() in ("msistatus", "msi"):
        word = value.get("status") if isinstance(value, dict) else value
        _add_msi(out, word)
        return int("msi_status" in out.facts)
    if section.lower() in ("lowcoveragegenes", "lowcoverage"):
        named = [g.get("gene") if isinstance(g, dict) else g for g in (value if isinstance(value, list) else [value])]
        out.not_covered += [str(g) for g in named if g]
        return len(out.not_covered)
    n = 0
    germline = "inherited" in section.lower() or "germline" in section.lower()
    for row in _tempus_rows(value, {}):
        genes = row.get("gene5") or row.get("fivePrimeGene"), row.get("gene3") or row.get("threePrimeGene")
        if any(genes):
            out.fusions.append((*genes, None))
        elif call := _COPIES.get(str(row.get("copyNumber") or row.get("variantDescription") or "").lower()):
            out.copies.append((row["gene"], call))
        elif row.get("gene"):
            out.calls.append(_tempus_call(row, germline))
        else:
            continue
        n += 1
    return n


def _tempus_rows(value: Any, outer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the innermost objects, with the gene of the object around them."""
    if isinstance(value, list):
        for inner in value:
            yield from _tempus_rows(inner, outer)
    elif isinstance(value, dict):
        here = {**outer, **{k: v for k, v in value.items() if not isinstance(v, list | dict)}}
        inner = [v for k, v in value.items() if isinstance(v, list) and k in ("variants", "values", "fusions")]
        if inner:
            for part in inner:
                yield from _tempus_rows(part, here)
        elif here.get("gene") or here.get("gene5") or here.get("gene3") or here.get("fivePrimeGene"):
            yield here


def _tempus_call(row: Mapping[str, Any], germline: bool) -> dict[str, str | None]:
    def text(*keys: str) -> str | None:
        return next((str(row[k]) for k in keys if row.get(k) not in (None, "")), None)

    percent = text("allelicFraction", "variantAlleleFraction", "vaf")
    place = re.fullmatch(
        r"(?:chr)?(\w+):(\d+):([ACGT-]+):([ACGT-]+)", text("nucleotideAlteration", "genomicPosition") or ""
    )
    chrom, pos, ref, alt = place.groups() if place else (None, None, None, None)
    return {
        "gene": text("gene"),
        "hgvs_p": text("HGVS.p", "hgvsP", "mutationEffect", "proteinChange"),
        "hgvs_c": text("HGVS.c", "hgvsC"),
        "vaf": percent and (percent if "%" in percent else f"{percent}%"),
        "depth": text("coverage", "depth"),
        "chrom": chrom,
        "pos": pos,
        "ref": ref,
        "alt": alt,
        "consequence": text("variantDescription", "molecularConsequence"),
        "origin": "germline" if germline else "somatic",
    }


_READERS: tuple[tuple[tuple[bytes, ...], Callable[[Path], VendorReport]], ...] = (
    ((b"foundationmedicine.com", b"<variant-report"), read_foundation),
    ((b"[Analysis Details]",), read_tso500),
    ((b"somaticPotentiallyActionable", b"tempusId"), read_tempus),
)
