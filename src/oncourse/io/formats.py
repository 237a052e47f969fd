"""The clinical formats: how each is known and read. A new format is one file and one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oncourse.io.reading import Reading


@dataclass(frozen=True)
class Format:
    """One format: words for the help, its module, and the names of its two functions there."""

    words: str
    module: str
    knows: str
    reads: str

    def is_one(self, path: Path) -> bool:
        """Whether a path is in this format."""
        known: Callable[[Path], bool] = getattr(import_module(self.module), self.knows)
        return known(path)

    def read(self, path: Path) -> Reading:
        """Read it."""
        read: Callable[[Path], Reading] = getattr(import_module(self.module), self.reads)
        reading = read(path)
        self._tell_calls(path, reading)
        return reading

    def _tell_calls(self, folder: Path, reading: Reading) -> None:
        """Say which files of calls lie in the folder of a clinical format, and were not read."""
        if not folder.is_dir():
            return
        read = {str(name) for name, *_ in reading.ledger.files}
        for path in sorted(p for p in folder.iterdir() if p.is_file() and p.name not in read):
            if path.name.lower().removesuffix(".gz").endswith((".vcf", ".maf", ".bcf", ".bgz")):
                why = f"it holds calls, and the {self.words} beside it was read: import it alone (maf, vcf), with --clinical"
                reading.ledger.file(path.name, "unknown", "not read", why=why)


def _format(name: str, words: str, module: str) -> Format:
    return Format(words, f"oncourse.io.{module}", f"is_{name}", f"read_{name}")


#: In the order they are tried: what is told from file names first.
CLINICAL: dict[str, Format] = {
    "sdtm": _format("sdtm", "folder of SDTM domains", "cdisc.sdtm"),
    "adam": _format("adam", "folder of ADaM data sets (ADSL, ADTTE, ADRS)", "cdisc.adam"),
    "genie_bpc": _format("genie_bpc", "folder of GENIE BPC files", "clinical.genie_bpc"),
    "omop": _format("omop", "folder of OMOP CDM tables", "clinical.omop"),
    "phenopackets": _format("phenopackets", "Phenopackets, a file or a folder of them", "clinical.phenopackets"),
    "fhir": _format("fhir", "FHIR bundle (mCODE), a file or a folder of them", "clinical.fhir"),
    "gdc": _format("gdc", "clinical data of the GDC (TSV or JSON)", "clinical.gdc"),
    "redcap": _format("redcap", "REDCap export with its data dictionary", "clinical.redcap"),
    "vendor": _format("vendor", "report of Foundation Medicine (XML), TSO 500 or Tempus (JSON)", "reports.vendors"),
    "panel": _format(
        "panel", "panel report with Chinese headers, a file or a folder of them", "hospital.report_folder"
    ),
    "workbook": _format("workbook", "workbook (.xlsx, .xls, .ods) with a sheet per table", "hospital.workbook"),
}


def known(path: Path) -> str | None:
    """Return the clinical format of a path, None where it is none of them."""
    return next((name for name, one in CLINICAL.items() if one.is_one(path)), None)
