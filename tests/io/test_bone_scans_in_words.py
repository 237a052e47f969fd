"""Sheets of bone scans whose finding is a sentence, and ages in years and months."""

from __future__ import annotations

import oncourse
from oncourse.io.detect import read_any


def _book(folder):
    folder.mkdir(exist_ok=True)
    texts = {
        "患者信息": "住院号,年龄,初诊日期,末次随访日期,生存状态\nA01,61岁3月,2018-05-01,2021-12-30,存活\n",
        "骨扫描": "住院号,检查日期,骨扫描结果\nA01,2020-01-01,多发骨转移（基线）\nA01,2020-04-01,新发病灶2处\n"
        "A01,2020-07-01,较前新增三处\nA01,2020-10-01,可疑新发1处\nA01,2021-01-01,未见新发病灶\n",
        "治疗": "住院号,治疗阶段,治疗方案,开始日期,结束日期\nA01,mCRPC一线,阿比特龙+泼尼松,2020-01-02,2020-12-25\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def test_what_bone_scans_say_is_new_is_counted(tmp_path):
    """The column was "not read": no man of such a sheet could progress in bone."""
    reading = read_any(_book(tmp_path))
    seen = reading.tables["assessments"].select("method", "new_bone_lesions").rows()
    assert [(m, None if n is None else int(n)) for m, n in seen] == [
        ("bone_scan", None),
        ("bone_scan", 2),
        ("bone_scan", 3),
        ("bone_scan", None),
        ("bone_scan", 0),
    ]
    assert not [p for p in reading.problems if p.severity == "error"]


def test_age_and_bone_progression_by_the_rule_of_two_and_two(tmp_path):
    """The scan 90 days after the start is past the flare: its two new lesions are persistent on the next."""
    study = oncourse.read(_book(tmp_path / "book"))
    assert study.tables.patients["age_years"].to_list() == [61.25]
    visits = study.cohort().bone_visits
    assert visits.select("new_lesions", "bone").rows()[:2] == [(2, "PD"), (3, "NON-PD")]
