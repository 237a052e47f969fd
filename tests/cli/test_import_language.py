"""The intake page of `import` in the language that is asked for, which the study keeps for its reports."""

from __future__ import annotations

import yaml
from tests.typed import typed

REPORT = "样本编号\t基因\t氨基酸变化\t突变丰度\nS1\tKRAS\tp.G12D\t30%\nS1\tNRAS\t未检出\t\n"


def test_import_writes_its_page_in_the_language_asked_for(tmp_path):
    """The page was English whatever was asked: `import` had no --language."""
    (tmp_path / "report.txt").write_text(REPORT)
    made = typed("import", "auto", tmp_path / "report.txt", tmp_path / "study", "--language", "zh")
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "study" / "intake.html").read_text()
    assert 'lang="zh' in page
    assert "不是所用" in page or "未读取" in page or "读取" in page
    assert yaml.safe_load((tmp_path / "study" / "study.yaml").read_text())["language"] == "zh"
