"""`oncourse figure`: one figure of the results on paper, in every format, at the width asked for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from oncourse.cli.main import cli
from oncourse.errors import ConfigError


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two analyses with a figure each, one name twice."""
    from oncourse.plots.bars import count_bars

    folder = tmp_path_factory.mktemp("results")
    for name in ("landscape/classes", "burden/groups", "copy_number/groups"):
        path = folder / "figures" / f"{name}.svg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(count_bars({"missense": 3, "nonsense": 1}, xlabel="calls"))
    return folder


def run(*arguments):
    return CliRunner().invoke(cli, ["figure", *map(str, arguments)], catch_exceptions=False)


def test_svg_has_the_width_asked_for(results, tmp_path):
    made = run(results, "classes", "--width-mm", 85, "--out", tmp_path / "f.svg")
    text = (tmp_path / "f.svg").read_text()
    assert made.exit_code == 0 and 'width="85mm"' in text and "width:100%" not in text
    assert "smallest text" in made.output  # 85 mm of a drawing of 183 mm: told, not hidden


@pytest.mark.parametrize(("kind", "magic"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("tiff", b"II*")])
def test_pixels_follow_width_and_resolution(results, tmp_path, kind, magic):
    pytest.importorskip("weasyprint")
    pytest.importorskip("pypdfium2")
    out = tmp_path / f"f.{kind}"
    assert run(results, "landscape/classes", "--width-mm", 85, "--dpi", 300, "--out", out).exit_code == 0
    assert out.read_bytes().startswith(magic)
    if kind != "pdf":
        from PIL import Image

        with Image.open(out) as image:
            assert image.width == pytest.approx(85 / 25.4 * 300, abs=2)
            assert image.info["dpi"][0] == pytest.approx(300, abs=1)


@pytest.mark.parametrize(
    ("name", "words"), [("groups", "several figures"), ("clases", "Did you mean landscape/classes")]
)
def test_name_that_is_not_clear_is_refused_with_the_cure(results, name, words):
    with pytest.raises(ConfigError, match=words):
        run(results, name, "--format", "svg")


def test_a_file_is_not_written_over(results, tmp_path):
    (tmp_path / "f.svg").write_text("mine")
    with pytest.raises(ConfigError, match="already"):
        run(results, "classes", "--out", tmp_path / "f.svg")
    assert (tmp_path / "f.svg").read_text() == "mine"
