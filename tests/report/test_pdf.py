"""A PDF is the same bytes whenever it is made (reproducible-builds.org: no time of day in what is built)."""

import importlib.util
import os
import re

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("weasyprint") is None, reason="the extra [pdf] is not installed"
)


@pytest.mark.parametrize("told", [None, "1"])
def test_the_time_of_writing_changes_no_byte(monkeypatch, told):
    from oncourse.report.pdf import pdf_of

    clock = importlib.import_module("fontTools.misc.timeTools")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if told:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", told)
    page = "<p>KRAS p.G12D</p>"
    first = pdf_of(page)
    monkeypatch.setattr(clock.time, "time", lambda: 4_000_000_000.0)
    assert pdf_of(page) == first
    assert os.environ.get("SOURCE_DATE_EPOCH") == told
    assert re.findall(rb"/(?:Creation|Mod)Date ?\((.*?)\)", first) in ([], [b"D:20000101000000Z"] * 2)
