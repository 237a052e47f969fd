"""A results folder is replaced whole, and takes nothing of the user's with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oncourse.disk import folder as disk_folder
from oncourse.disk import manifest
from oncourse.disk.folder import replaced_folder
from oncourse.errors import InputError


def write(out: Path, text: str, **files: str) -> None:
    with replaced_folder(out) as draft:
        fill(draft, text, **files)


def fill(draft: Path, text: str, **files: str) -> None:
    (draft / "tables").mkdir()
    for name, body in {"report.html": text, "tables/a.tsv": f"x\n{text}\n", **files}.items():
        (draft / name).write_text(body)
    (draft / manifest.CARRIER).write_text(manifest.text_of(manifest.sealed(draft, {"seed": 1})))


def whole(out: Path) -> str:
    """The text of the one whole result that stands in `out`."""
    text = (out / "report.html").read_text()
    assert (out / "tables/a.tsv").read_text() == f"x\n{text}\n"
    assert manifest.contents(out).changed == ()
    return text


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_second_run_replaces_the_first_and_leaves_nothing_beside(tmp_path):
    out = tmp_path / "res"
    write(out, "one", **{"tables/b.tsv": "old"})
    write(out, "two")
    assert whole(out) == "two"
    assert not (out / "tables/b.tsv").exists()
    assert names(tmp_path) == ["res"]


def test_notes_of_the_user_stay_and_are_named(tmp_path):
    out = tmp_path / "res"
    write(out, "one")
    (out / "my notes.txt").write_text("mine")
    (out / "tables" / "deep").mkdir()
    (out / "tables" / "deep" / "x.xlsx").write_text("mine too")
    os.symlink("/etc/hostname", out / "link")
    said = []
    with replaced_folder(out, tell=said.append) as draft:
        fill(draft, "two", **{"my notes.txt": "ours now"})
    assert whole(out) == "two"
    assert (out / "my notes.kept1.txt").read_text() == "mine"
    assert (out / "tables/deep/x.xlsx").read_text() == "mine too"
    assert os.readlink(out / "link") == "/etc/hostname"
    assert "my notes.kept1.txt" in said[0] and "x.xlsx" in said[0]
    assert names(tmp_path) == ["res"]


def test_results_changed_by_hand_are_not_replaced(tmp_path):
    out = tmp_path / "res"
    write(out, "one")
    (out / "report.html").write_text("one, with my remarks")
    with pytest.raises(InputError, match=r"changed by hand.*report\.html"):
        write(out, "two")
    assert (out / "report.html").read_text() == "one, with my remarks"
    assert names(tmp_path) == ["res"]


def test_a_changed_provenance_is_seen(tmp_path):
    out = tmp_path / "res"
    write(out, "one")
    data = json.loads((out / manifest.CARRIER).read_text())
    (out / manifest.CARRIER).write_text(json.dumps({**data, "seed": 2}))
    assert manifest.contents(out).changed == (manifest.CARRIER,)


def test_a_folder_that_merely_holds_a_file_named_results_json_is_not_touched(tmp_path):
    """`--out` on any folder that held a file of this name deleted it all (reported November 2026)."""
    out = tmp_path / "mine"
    out.mkdir()
    (out / "results.json").write_text("{}")
    (out / "thesis.docx").write_text("years of work")
    with pytest.raises(InputError, match="not a results folder"):
        write(out, "one")
    assert names(out) == ["results.json", "thesis.docx"]


@pytest.mark.parametrize("where", ["study", ".", "study/..", "link", "link/.."])
def test_an_output_that_is_or_holds_the_input_is_refused(tmp_path, where):
    """`run res/study --out res` deleted the study (reported November 2026); through links too."""
    study = tmp_path / "res" / "study"
    study.mkdir(parents=True)
    (study / "patients.tsv").write_text("patient_id\n")
    os.symlink(study, tmp_path / "res" / "link")
    with (
        pytest.raises(InputError, match="the input study"),
        replaced_folder(tmp_path / "res" / where, [study]),
    ):
        pass
    assert (study / "patients.tsv").exists()


def test_an_output_above_an_input_that_is_reached_through_a_link_is_refused(tmp_path):
    real = tmp_path / "real"
    (real / "study").mkdir(parents=True)
    os.symlink(real / "study", tmp_path / "s")
    with pytest.raises(InputError, match="holds the input"), replaced_folder(real, [tmp_path / "s"]):
        pass


def test_results_inside_the_study_folder_are_fine(tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    with replaced_folder(study / "results", [study]) as draft:
        fill(draft, "one")
    assert whole(study / "results") == "one"


def test_an_error_while_writing_leaves_the_old_result(tmp_path):
    out = tmp_path / "res"
    write(out, "one")
    with pytest.raises(OSError, match="full"), replaced_folder(out) as draft:
        (draft / "report.html").write_text("half")
        raise OSError("full")
    assert whole(out) == "one"
    assert names(tmp_path) == ["res"]


def test_a_run_that_is_writing_there_is_named(tmp_path):
    out = tmp_path / "res"
    with replaced_folder(out), pytest.raises(InputError, match=f"process {os.getpid()} on "):
        write(out, "two")


def test_the_lock_of_a_dead_run_is_taken_over(tmp_path):
    out = tmp_path / "res"
    done = subprocess.Popen([sys.executable, "-c", "pass"])
    done.wait()
    import socket

    lock = tmp_path / ".res.oncourse-lock"
    lock.write_text(json.dumps({"host": socket.gethostname(), "pid": done.pid, "born": "1"}))
    write(out, "one")
    assert names(tmp_path) == ["res"]
    lock.write_text(json.dumps({"host": "another-machine", "pid": done.pid, "born": "1"}))
    with pytest.raises(InputError, match="another-machine"):
        write(out, "two")


def test_a_note_of_the_user_is_in_the_folder_at_every_instant(tmp_path, monkeypatch):
    """Killed after the change of folders, a run left the note in a hidden folder until the next one (November 2026)."""
    write(tmp_path / "res", "one")
    (tmp_path / "res" / "tables" / "note.txt").write_text("mine")
    (tmp_path / "res" / "link").symlink_to("tables/note.txt")
    real, seen = disk_folder._exchange, []

    def exchange(one, other):
        done = real(one, other)
        seen.append(((other / "tables" / "note.txt").read_text(), (other / "link").is_symlink()))
        return done

    monkeypatch.setattr(disk_folder, "_exchange", exchange)
    write(tmp_path / "res", "two")
    assert seen == [("mine", True)]
    assert whole(tmp_path / "res") == "two" and names(tmp_path) == ["res"]
    assert (tmp_path / "res" / "tables" / "note.txt").read_text() == "mine"
    assert not list((tmp_path / "res").rglob("*.kept*"))


def test_without_hard_links_the_users_files_move_over_after_the_change(tmp_path, monkeypatch):
    write(tmp_path / "res", "one")
    (tmp_path / "res" / "note.txt").write_text("mine")

    def refused(*_, **__):
        raise OSError("no hard links here")

    monkeypatch.setattr(disk_folder.os, "link", refused)
    write(tmp_path / "res", "two")
    assert whole(tmp_path / "res") == "two" and (tmp_path / "res" / "note.txt").read_text() == "mine"
    assert names(tmp_path) == ["res"]


@pytest.mark.parametrize("inside", ["r", "a/b/r"])
def test_a_place_below_a_file_is_refused_before_the_work(tmp_path, inside):
    from oncourse.disk.guard import refuse_unwritable

    (tmp_path / "notes").write_text("mine")
    with pytest.raises(InputError, match="notes is a file, not a folder"):
        refuse_unwritable(tmp_path / "notes" / inside)
    refuse_unwritable(tmp_path / "new" / inside)
    assert (tmp_path / "notes").read_text() == "mine" and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("holder", "says"),
    [
        ('{"host": "HERE", "pid": 1e999}', "an unknown host"),
        ("[" * 100_000, "an unknown host"),
        ("", "an unknown host"),
    ],
)
def test_a_lock_that_cannot_be_read_is_somebody_elses(tmp_path, holder, says):
    (tmp_path / ".res.oncourse-lock").write_text(holder)
    with pytest.raises(InputError, match=says):
        write(tmp_path / "res", "one")


def test_a_lock_of_a_process_that_cannot_be_is_taken_over(tmp_path):
    """A number of thirty digits was a fault of oncourse."""
    import socket

    (tmp_path / ".res.oncourse-lock").write_text(json.dumps({"host": socket.gethostname(), "pid": 10**30}))
    write(tmp_path / "res", "one")
    assert names(tmp_path) == ["res"]
