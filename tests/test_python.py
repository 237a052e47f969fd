"""`import oncourse`: every public name is there, documented, and the page about it runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import oncourse
from oncourse.errors import ConfigError, NotEnoughData
from oncourse.study.config import StudyConfig

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "python.md"


def test_dir_lists_the_public_names_and_each_is_documented():
    """`dir(oncourse)` was empty."""
    assert set(oncourse.__all__) <= set(dir(oncourse)) and len(oncourse.__all__) <= 25
    for name in oncourse.__all__:
        assert (getattr(oncourse, name).__doc__ or "").strip(), name
    for module in (oncourse.stats, oncourse.clones):
        for name in module.__all__:
            assert (getattr(module, name).__doc__ or "").strip(), name
    with pytest.raises(AttributeError, match="no_such"):
        _ = oncourse.no_such


def test_the_page_about_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.S)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert (tmp_path / "results" / "report.html").exists() and (tmp_path / "PRAD0002.html").exists()
    assert names["done"].failures == [] and "PRAD0002" in names["page"]._repr_html_()
    assert names["found"].n_cluster == 3


@pytest.mark.parametrize("name", ["bioinformatician", "statistician", "oncologist"])
def test_the_notebooks_run(name, tmp_path, monkeypatch):
    """Code cells, one after another, as written: copying them works. They hold no outputs."""
    monkeypatch.chdir(tmp_path)
    page = PAGE.parents[1] / "notebooks" / f"{name}.ipynb"
    names: dict[str, object] = {}
    for cell in json.loads(page.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), str(page), "exec"), names)
    assert "study" in names


@pytest.fixture(scope="module")
def result(simulated_study):
    return oncourse.run("survival", simulated_study("crc"))


def test_a_result_speaks_in_terminal_and_notebook(result, tmp_path):
    assert result.answer.split()[0] in str(result) and str(result).startswith(result.title)
    assert repr(result).startswith("<Result: ") and "\n" not in repr(result)
    html = result._repr_html_()
    assert "<svg" in html and "<details>" in html and result.title.split()[0] in html
    assert result.figures[0]._repr_svg_().lstrip().startswith("<svg")
    folder = result.save(tmp_path / "saved")
    name = next(iter(result.tables))
    assert (folder / "tables" / f"{name}.tsv").exists() and (folder / "answer.txt").read_text("utf-8") == f"{result}\n"


def test_a_table_is_found_by_its_short_name_and_a_wrong_one_names_the_nearest(result):
    name = next(iter(result.tables))
    assert result.table(name.partition("/")[2]).equals(result.tables[name])
    with pytest.raises(ConfigError, match="no such table"):
        result.table("mediann")


def test_study_attributes_are_its_tables_and_read_only(simulated_study):
    study = simulated_study("crc")
    assert study.tables.patients.equals(study["patients"])
    assert study.tables.fusions.is_empty()
    with pytest.raises(AttributeError, match="read-only"):
        study.tables.patients = None
    with pytest.raises(AttributeError, match="no such table"):
        _ = study.tables.patient


def test_run_says_what_is_wrong(simulated_study):
    with pytest.raises(ConfigError, match="Did you mean survival"):
        oncourse.run("survivall", simulated_study("crc"))
    with pytest.raises(NotEnoughData, match="needs the table"):
        oncourse.run("survival", oncourse.Study(StudyConfig(), {}))
    with pytest.raises(ConfigError, match="no such patient"):
        oncourse.patient(simulated_study("crc"), "CRC9999")


def test_settings_of_a_cohort_hold_in_run(simulated_study):
    cohort = simulated_study("crc").cohort(seed=5, survival={"endpoints": "OS"})
    assert cohort.seed == 5
    assert (
        oncourse.run("survival", cohort).tables.keys()
        == oncourse.run("survival", simulated_study("crc"), endpoints=("OS",)).tables.keys()
    )
