"""The results folder: whole or not at all, the same bytes again, nothing from a user's file runs in the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from oncourse.errors import ConfigError, InputError
from oncourse.io import load_study
from oncourse.io.native import write_study
from oncourse.report.study import report_study

EVIL = '<script>alert("x")</script>'


def write(study, out: Path, **options):
    return report_study(study, out, source=Path(__file__), only=["overview", "landscape"], patients="none", **options)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "provenance.json"
    }


@pytest.fixture(scope="module")
def results(simulated_study, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "results"
    write(simulated_study("crc"), out)
    return out


def test_same_input_same_bytes_whatever_the_jobs(results, simulated_study, tmp_path):
    write(simulated_study("crc"), tmp_path / "again", jobs=3)
    first, second = files(results), files(tmp_path / "again")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_contract_of_the_folder(results):
    data = json.loads((results / "results.json").read_text("utf-8"))
    assert data["schema_version"]
    for name in ("overview", "landscape"):
        assert {"title", "question", "answer", "estimates", "excluded", "notes", "params"} <= set(data[name])
    flow = pl.read_csv(results / "tables/overview/flow.tsv", separator="\t")
    assert flow.columns == ["step", "n_patients", "n_samples", "reason"]
    assert "analysis: landscape, patients profiled" in flow["step"].to_list()
    used = pl.read_csv(results / "tables/overview/samples_used.tsv", separator="\t")
    assert used.columns == ["analysis", "patient_id", "sample_id", "reason"] and used.height
    assert (results / "tables/all_tables.xlsx").stat().st_size > 1000
    assert {p.stem for p in (results / "figures/landscape").iterdir()} >= {"oncoprint", "gene_frequency"}


def test_page_asks_nothing_of_the_network(results):
    page = (results / "report.html").read_text("utf-8")
    outside = re.findall(r'(?:src|href|action|data)\s*=\s*"(?!#|data:)([^"]*)"', page)
    assert [u for u in outside if not u.startswith("#")] == []  # no patient pages here, which are links to neighbours
    assert "days count from: resection of the primary" in page, "a data manager asks first what day 0 is"
    assert "@import" not in page and "url(http" not in page and "fetch(" not in page


def test_every_number_of_a_sentence_is_in_results_json(results):
    data = json.loads((results / "results.json").read_text("utf-8"))
    page = re.sub('<span class="nw">([^<]*)</span>', r"\1", (results / "report.html").read_text("utf-8"))
    for name in ("overview", "landscape"):
        assert data[name]["headline"]["text"] in page.replace("\u00a0", " ")
        assert data[name]["headline"]["estimate"] in {e["name"] for e in data[name]["estimates"]}


def test_user_text_is_escaped(make_study, tmp_path):
    study = make_study(
        config={"title": EVIL, "disease": "{{ 7 * 7 }}"},
        patients=[{"patient_id": "P1"}],
        samples=[{"sample_id": "S1", "patient_id": "P1", "material": "tissue"}],
        variants=[
            {"variant_id": "1:100:A:C", "gene": EVIL, "consequence": "missense"},
            {"variant_id": "1:200:A:C", "gene": "{x}$y$", "consequence": "missense"},
        ],
        calls=[{"sample_id": "S1", "variant_id": v, "is_called": True} for v in ("1:100:A:C", "1:200:A:C")],
    )
    write(study, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "alert(" in page  # it is shown ...
    assert EVIL not in page  # ... as text
    assert "{{ 7 * 7 }}" in page


def test_a_folder_that_is_no_results_folder_is_not_touched(simulated_study, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/data.txt").write_text("mine")
    with pytest.raises(InputError, match="not a results folder"):
        write(simulated_study("crc"), tmp_path / "precious")
    assert [p.name for p in tmp_path.rglob("*")] == ["precious", "data.txt"]


def test_nothing_is_written_when_a_setting_is_wrong(simulated_study, tmp_path):
    with pytest.raises(ConfigError, match=r"Did you mean landscape.unit"):
        write(simulated_study("crc"), tmp_path / "out", settings={"landscape": {"unitt": "sample"}})
    with pytest.raises(ConfigError, match="no such analysis"):
        report_study(simulated_study("crc"), tmp_path / "out", source=Path(__file__), only=["landscap"])
    assert list(tmp_path.iterdir()) == []


def test_withdrawn_patients_are_left_out_and_listed(simulated_study, tmp_path):
    study = simulated_study("crc")
    gone = study["patients"]["patient_id"][0]
    write_study(tmp_path / "study", study.tables, study.config)
    (tmp_path / "gone.tsv").write_text(f"patient_id\treason\n{gone}\tconsent withdrawn\n")
    write(load_study(tmp_path / "study", exclude=tmp_path / "gone.tsv"), tmp_path / "out")
    flow = pl.read_csv(tmp_path / "out/tables/overview/flow.tsv", separator="\t")
    assert flow["n_patients"].to_list()[:2] == [8, 7]
    assert "consent withdrawn" in flow["reason"][1]
    for name in ("landscape/samples", "overview/patients"):
        table = pl.read_csv(tmp_path / f"out/tables/{name}.tsv", separator="\t")
        assert gone not in table["patient_id"].to_list()
    excluded = pl.read_csv(tmp_path / "out/tables/overview/excluded.tsv", separator="\t")
    assert excluded.filter(pl.col("patient_id") == gone)["reason"].to_list() == ["consent withdrawn"]


def test_the_policy_of_a_page_allows_its_own_scripts_and_styles_only(reported):
    """Every executable script and style sheet of the pages is named by its hash; a foreign one would not run."""
    import base64
    import hashlib
    import re

    out, _ = reported("en")
    pages = [out / "report.html", *sorted((out / "patients").glob("*.html"))[:2]]
    assert len(pages) == 3
    for page in pages:
        html = page.read_text("utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
        assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
        blocks = re.findall(r"<(?:script|style(?: type=\"text/css\")?)>(.*?)</(?:script|style)>", html, re.S)
        assert len(blocks) >= 2
        for block in blocks:
            digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy, block[:60]


def test_text_that_a_spreadsheet_would_run_is_defused_and_read_back(tmp_path):
    import polars as pl

    from oncourse.disk.tables import as_written, write_tables

    given = pl.DataFrame(
        {
            "note": ["=cmd|'/c calc'!A1", "@SUM(1)", "+1", "-", "-2.5", "-x", "plain"],
            "n": [1, 2, 3, 4, 5, 6, 7],
        }
    )
    write_tables({"t/x": given}, tmp_path)
    text = (tmp_path / "t" / "x.tsv").read_text()
    assert "\n=" not in text and "\n@" not in text and "\n-x" not in text
    back = pl.read_csv(tmp_path / "t" / "x.tsv", separator="\t", quote_char=None, infer_schema=False)
    assert as_written(back)["note"].to_list() == given["note"].to_list()


def test_workbook_is_left_out_where_it_would_take_longer_than_the_report():
    from oncourse.report.results import WORKBOOK_ROWS, wants_workbook

    said = []
    many = {"a/b": pl.DataFrame({"x": range(WORKBOOK_ROWS + 1)})}
    assert not wants_workbook(many, "auto", said.append) and "--workbook yes" in said[0]
    assert wants_workbook(many, "yes") and not wants_workbook({}, "no") and wants_workbook({}, "auto")


def test_reasons_are_summed_by_kind_with_the_first_names_in_the_order_of_the_rows():
    """A sample's name, else the patient's; reasons that differ in the samples or days they name are one kind."""
    from oncourse.report.page import ALL_NAMES, NAMES_SHOWN, _excluded

    n = ALL_NAMES + 1
    rows = [(f"P{i}", f"S{i}" if i % 2 else None, f"not called in S{i}") for i in range(1, n + 1)]
    rows += [(None, None, "ended on day 3"), ("P7", "", "ended on day -4")]
    schema = {"patient_id": pl.String, "sample_id": pl.String, "reason": pl.String}
    samples = {f"S{i}" for i in range(n + 1)}
    first, second = _excluded(pl.DataFrame(rows, schema=schema, orient="row"), samples)
    assert first[:2] == ("not called", n) and first[3] == n - NAMES_SHOWN
    assert first[2].split(", ") == ["S1", "P2", "S3", "P4", "S5", "P6", "S7", "P8", "S9", "P10", "S11", "P12"]
    assert second == ("ended on day ...", 2, ", P7", 0)
    [(_, few, names, more)] = _excluded(pl.DataFrame(rows[1:n], schema=schema, orient="row"), samples)
    assert (few, len(names.split(", ")), more) == (ALL_NAMES, ALL_NAMES, 0), "two of fourteen patients were not named"
    assert _excluded(pl.DataFrame(schema=schema), set()) == []
