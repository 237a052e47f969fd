"""What is known of an assay beyond one number: its regions, and its errors by kind of change and by site."""

from __future__ import annotations

import pytest

from oncourse.analyses._base import registry
from oncourse.cohort import Cohort
from oncourse.io import load_study


def write(folder, **tables):
    folder.mkdir(exist_ok=True)
    (folder / "study.yaml").write_text("title: assays\ngenome_build: GRCh37\n")
    for name, text in tables.items():
        (folder / f"{name}.tsv").write_text(
            "\n".join("\t".join(row.split()) for row in text.strip().splitlines()) + "\n"
        )
    return folder


TRUNK = [f"1:{1000 + 100 * i}:C:T" for i in range(10)]


def folder(path, calls="", **more):
    """Ten clonal mutations at 60 of 200 reads in P1 and M1 (purity 0.6), and further rows."""
    rows = [f"{s} {v} 60 200" for v in TRUNK for s in ("P1", "M1")]
    return write(
        path,
        patients="patient_id\nA",
        lesions="lesion_id patient_id role\nP A primary\nM A metastasis",
        samples="sample_id patient_id material lesion_id purity assay_id\nP1 A tissue P 0.6 wes\nM1 A tissue M 0.6 "
        "panel",
        calls="sample_id variant_id alt_count depth\n" + "\n".join(rows) + "\n" + calls,
        **more,
    )


def fates(study):
    rows = registry()["concordance"].run(Cohort(study)).tables["concordance/variants"]
    return {r["variant_id"]: (r["state"], r["reason_b"], r["basis"]) for r in rows.iter_rows(named=True)}


def test_a_bed_file_says_which_sites_were_looked_at(tmp_path):
    """BED is 0-based and half-open: 2 0 100 covers bases 1 to 100. Counted sites are looked at wherever they lie."""
    made = folder(
        tmp_path / "s",
        "P1 2:100:C:T 60 200\nP1 2:101:C:T 60 200\nP1 2:500:C:T 60 200\nM1 2:500:C:T 0 200\nP1 2:150:C:T 60 200",
        assays="assay_id kind targets\nwes wes wes.bed\npanel panel panel.bed",
    )
    (made / "panel.bed").write_text("track x\nchr2\t0\t100\nchr2\t0\t40\nchr2\t140\t160\nchr1\t900\t5000\n")
    (made / "wes.bed").write_text("1\t0\t100000000\n2\t0\t100000000\n")
    found = fates(load_study(made))
    assert found["2:100:C:T"] == ("private_a", "not_called", "assumed")
    assert found["2:101:C:T"][:2] == ("not_assessable", "not_covered")
    assert found["2:150:C:T"][:2] == ("private_a", "not_called")
    assert found["2:500:C:T"] == ("private_a", "no_reads", "counted")


def test_a_bed_file_that_is_not_there_is_an_error(tmp_path):
    from oncourse.errors import InputError

    made = folder(tmp_path / "s", assays="assay_id kind targets\nwes wes wes.bed\npanel panel panel.bed")
    (made / "wes.bed").write_text("not a bed\n")
    with pytest.raises(InputError) as caught:
        load_study(made)
    text = str(caught.value)
    assert "'panel.bed' is not in the study folder" in text and "'wes.bed' is no BED file" in text


def test_an_error_rate_of_the_kind_of_change_and_of_the_site(tmp_path):
    """Six of 200 reads, called: real at an error of 1e-4; noise as likely where C>T (G>A) errs at 2 %, or the site."""
    calls = "\n".join(f"M1 {v} 6 200\nP1 {v} 0 200" for v in ("3:10:C:T", "3:20:G:A", "3:30:T:G", "3:40:T:G"))
    assays = "assay_id kind error_rate\nwes wes 0.0001\npanel panel 0.0001"
    plain = fates(load_study(folder(tmp_path / "plain", calls, assays=assays)))
    assert {plain[v][0] for v in ("3:10:C:T", "3:20:G:A", "3:30:T:G", "3:40:T:G")} == {"private_b"}
    known = folder(tmp_path / "known", calls, assays=assays)
    text = "assay_id\tsubstitution\tvariant_id\terror_rate\npanel\tC>T\t\t0.02\npanel\t\t3:40:T:G\t0.02\n"
    (known / "error_rates.tsv").write_text(text)
    found = fates(load_study(known))
    assert found["3:30:T:G"][0] == "private_b"
    assert {found[v][:2] for v in ("3:10:C:T", "3:20:G:A", "3:40:T:G")} == {("not_assessable", "weak_call")}
