"""Ids that Windows cannot hold as names: the study runs, every page is linked and there, and the map says which is whose."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import polars as pl
import pytest
from tests import browser
from tests.disk.test_names import held_by_windows
from tests.studies import study

from oncourse.analyses._base import Figure, Result
from oncourse.cli.figure import find_figure
from oncourse.cohort import Cohort
from oncourse.derive.status.variants import called_rows
from oncourse.io.export.phenopackets import write_phenopackets
from oncourse.io.export.vcf import export_vcf
from oncourse.io.whose.columns import assign
from oncourse.io.whose.start import vcf_start
from oncourse.report.execute import AnalysisRun, admitted
from oncourse.report.pages import renamed_files
from oncourse.report.study import report_study

IDS = ["P1", "p1", "a:b", "CON", "NUL.txt", "P2.", 'x<y>"|?*', "P 3", "P_3"]


def named():
    """A study of these patients, a tissue of each."""
    patients = [{"patient_id": i} for i in IDS]
    samples = [{"sample_id": f"S{n}", "patient_id": i, "material": "tissue"} for n, i in enumerate(IDS)]
    return study(patients=patients, samples=samples, variants=[], calls=[])


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("names") / "res"
    return report_study(named(), out, source=None, only=["overview"], patients="all", workbook="no")


@pytest.fixture(scope="module")
def results(report):
    return report.folder


def test_every_page_is_linked_and_opens(report, results):
    page = (results / "report.html").read_text("utf-8")
    links = {
        unescape(told): unquote(unescape(file))
        for file, told in re.findall(r'<a href="(patients/[^"]+)">([^<]+)</a>', page)
    }
    assert links.keys() == set(IDS) and not report.failed_pages
    for patient, file in links.items():
        title = re.search("<title>(.*?)</title>", (results / file).read_text("utf-8"))[1]
        assert unescape(title).startswith(patient)
    everything = list(results.rglob("*"))
    assert all(held_by_windows(p.name) for p in everything)
    assert len({str(p).lower() for p in everything}) == len(everything)
    said = pl.read_csv(results / "tables/overview/file_names.tsv", separator="\t")
    renamed = dict(said.select("patient_id", "file").iter_rows())
    kept = {"P 3", "P_3"}
    assert renamed == {i: f for i, f in links.items() if i not in kept}
    assert all(links[i] == f"patients/{i}.html" for i in kept)
    assert any("overview/file_names" in line for line in report.notes)


@pytest.mark.browser
@pytest.mark.parametrize("patient", ["a:b", "p1", 'x<y>"|?*'])
def test_what_is_searched_opens_the_page_of_the_patient(results, patient):
    if browser.found() is None:
        pytest.skip("no Chromium here: what the page does cannot be tried")
    with browser.Page(results / "report.html") as page:
        page.run("document.getElementById('q').focus()")
        page.type(patient)
        said = f"[...document.querySelectorAll('#found li')].find(l => l.textContent.startsWith({patient!r}))"
        page.until(f"{said} !== undefined")
        page.run(f"{said}.dispatchEvent(new MouseEvent('mousedown', {{bubbles: true}}))")
        page.until(f"document.title.startsWith({patient!r})")


def test_figures_of_such_patients_have_a_file_and_are_found_by_their_name(tmp_path):
    of = named()
    result = Result("", figures=tuple(Figure(f"tree_{i}", i, "", "<svg/>") for i in IDS))
    saved = result.save(tmp_path / "res")
    assert len(list((saved / "figures").iterdir())) == len(IDS)
    (saved / "figures").rename(saved / "of")
    (saved / "figures").mkdir()
    (saved / "of").rename(saved / "figures/evolution")
    for i in IDS:
        assert find_figure(saved, f"evolution/tree_{i}").stem == result.figure_files[f"tree_{i}"]
    cohort = Cohort(of)
    run = AnalysisRun(replace(admitted(cohort, ["overview"])[0], name="evolution"), "done", result)
    rows = renamed_files(cohort, [run], "none")["overview/file_names"].rows()
    assert ("a:b", "tree_a:b", f"figures/evolution/{result.figure_files['tree_a:b']}.svg") in rows
    assert {p for p, _, _ in rows} == {"P1", "p1", "a:b", 'x<y>"|?*', "P2."}


def test_an_exported_vcf_names_its_patient(tmp_path):
    """Of ``x<y>`` the header said x<y, of ``a,b`` it said a: another patient."""
    ids = [*IDS, "a,b", "a"]
    of = study(
        patients=[{"patient_id": i} for i in ids],
        samples=[{"sample_id": f"S{n}", "patient_id": i, "material": "tissue"} for n, i in enumerate(ids)],
        variants=[{"variant_id": "12:25398284:C:T", "gene": "KRAS"}],
        calls=[{"sample_id": f"S{n}", "variant_id": "12:25398284:C:T", "is_called": True} for n in range(len(ids))],
    )
    files, _ = export_vcf(of, tmp_path / "v", called_rows(of))
    assert len(files) == len(ids) and all(held_by_windows(name) for name in files)
    read = [whose for name in files for whose in assign([vcf_start(tmp_path / "v" / name)])]
    assert {(w.sample_id, w.patient_id) for w in read} == {(f"S{n}", i) for n, i in enumerate(ids)}


def test_no_phenopacket_is_written_over_another(tmp_path):
    of = named()
    assert (
        write_phenopackets(of, tmp_path / "p", called_rows(of)) == len(list(Path(tmp_path / "p").iterdir())) == len(IDS)
    )
