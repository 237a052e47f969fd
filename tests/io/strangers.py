"""Small files as strangers hand them over, written for a test, and what became of their calls and statuses."""

from __future__ import annotations

import polars as pl
import xlsxwriter

from oncourse.cohort import Cohort
from oncourse.io.aside import checked
from oncourse.study.model import Study

#: KRAS G12D on GRCh37.
KRAS = "12:25398284:C:T"
_HEAD = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t")
#: The line with which VEP declares its annotation.
CSQ = '##INFO=<ID=CSQ,Number=.,Type=String,Description="x Format: Allele|SYMBOL|Consequence|HGVSp|gnomADe_AF">'
#: Header and a row of a MAF.
MAF = (
    "Hugo_Symbol Chromosome Start_Position End_Position Reference_Allele Tumor_Seq_Allele2 Tumor_Sample_Barcode "
    "Variant_Classification HGVSp_Short NCBI_Build"
).replace(" ", "\t")
KRAS_ROW = "KRAS 12 25398284 25398284 C T S1 Missense_Mutation p.G12D GRCh37".replace(" ", "\t")


def write_vcf(path, columns, rows, *head, reference="GRCh37"):
    """Write a VCF of `rows` (cells parted by blanks) with the lines of `head` above its columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = [f"##reference={reference}"] if reference else []
    lines = ["##fileformat=VCFv4.2", *named, *head, "\t".join((_HEAD, *columns))]
    path.write_text("\n".join([*lines, *("\t".join(r.split()) for r in rows)]) + "\n")
    return path


def write_table(path, text, by="\t"):
    """Write a table whose cells are parted by ``|`` in `text`, by `by` in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.strip("\n").replace("|", by) + "\n")
    return path


def calls_of(reading, *columns):
    """Return sample, variant and `columns` of every call."""
    return reading.tables["calls"].select("sample_id", "variant_id", *columns).sort("variant_id", "sample_id").rows()


def states_of(reading, status):
    """Return sample -> state of a status."""
    tables, _ = checked(reading)
    found = Cohort(Study(reading.config, tables)).statuses.filter(pl.col("status") == status)
    return dict(found.select("sample_id", "state").iter_rows())


def write_book(path, **sheets):
    """Write a workbook of sheets: name -> rows."""
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    return path
