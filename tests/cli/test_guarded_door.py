"""Files from outside that are broken or hostile: one clear line, no traceback, no endless work."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.typed import typed

from oncourse import cli
from oncourse.cli._errors import say
from oncourse.cli.main import refuse_devices
from oncourse.derive.care.therapy import KnowledgeParams, load_knowledge
from oncourse.disk import manifest
from oncourse.errors import InputError
from oncourse.models.card import load_card, read_card


def oncourse(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from oncourse.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "patients.tsv").write_text("patient_id\nP1\n")
    (folder / "samples.tsv").write_text("sample_id\tpatient_id\tmaterial\nS1\tP1\ttissue\n")
    (folder / "calls.tsv").write_text("sample_id\tvariant_id\nS1\t12:25398284:C:T\n")
    (folder / "variants.tsv").write_text("variant_id\tgene\n12:25398284:C:T\tKRAS\n")
    return folder


def test_a_yaml_alias_bomb_is_refused_at_once(study):
    """Nine lines that unfold to 10^9 entries (the billion laughs)."""
    lines = ['a: &a ["x","x","x","x","x","x","x","x","x","x"]']
    lines += [f"{n}: &{n} [{','.join(['*' + b] * 10)}]" for b, n in zip("abcdefgh", "bcdefghi", strict=True)]
    (study / "study.yaml").write_text("\n".join(lines) + "\n")
    done = oncourse("check", study)
    assert done.returncode == 2
    assert "alias" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["folder", "dangling", "pipe"])
def test_a_table_that_is_no_file_is_not_read_as_absent(study, kind):
    """A dangling link or a folder in place of a table read as absent, "no problem found" (November 2026)."""
    path = study / "treatments.tsv"
    {"folder": path.mkdir, "dangling": lambda: path.symlink_to("gone"), "pipe": lambda: os.mkfifo(path)}[kind]()
    # a pipe that is opened is waited for without end: in a process that can be ended
    done = oncourse("check", study) if kind == "pipe" else typed("check", study)
    assert done.returncode == 2
    assert "treatments" in done.stdout
    assert "not a file" in done.stdout


def test_a_link_that_leads_out_of_the_folder_is_told(study, tmp_path):
    (tmp_path / "elsewhere.tsv").write_text("patient_id\tdrugs\tstart_day\nP1\tcapecitabine\t0\n")
    (study / "treatments.tsv").symlink_to(tmp_path / "elsewhere.tsv")
    done = typed("check", study)
    assert "leads out of the study folder" in done.stdout


def test_no_file_can_steer_the_terminal(study):
    (study / "patients.tsv").write_text("patient_id\tsex\nP1\t\x1b[2J\x1b]0;owned\x07\n")
    done = typed("check", study)
    assert "\x1b" not in done.stdout + done.stderr


def test_no_line_of_a_command_is_without_end():
    """The note on 15,000 normals of one file named them all, in a line of 200 KB."""

    @click.command()
    def speak() -> None:
        say("note: " + "P1_blood, " * 1_000 + "\nsecond \x1b[2J")

    first, second = CliRunner().invoke(speak).output.splitlines()
    assert len(first) < 2_100 and first.endswith(" ...") and second == "second \\x1b[2J"


def test_every_command_speaks_through_one_door():
    """A name with an escape in a note could steer the terminal. (`predict` writes its table there, for other programs.)"""
    found = {f.name: f.read_text("utf-8").count("click.echo(") for f in Path(cli.__file__).parent.glob("*.py")}
    assert {name: n for name, n in found.items() if n} == {"_errors.py": 1, "_shared.py": 2, "predict.py": 1}


def test_many_errors_of_one_cause_are_ten_lines_and_a_count(study):
    rows = "".join(f"P{i}\tsex{i}\n" for i in range(500))
    (study / "patients.tsv").write_text("patient_id\tsex\n" + rows)
    done = typed("run", study, "--out", study.parent / "res", XDG_STATE_HOME=str(study.parent / "state"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) < 40
    whole = study.parent / "state" / "oncourse" / "problems.txt"
    assert f"problems are listed in {whole}" in done.stderr.splitlines()[-1]
    told = [line for line in done.stderr.splitlines() if "... and " not in line][:-1]
    lines = whole.read_text().splitlines()
    assert len(lines) > len(told) and {line.removeprefix("error: ") for line in told} < set(lines)


def test_a_fault_of_ours_is_one_line_and_a_log(study, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr("oncourse.io.examined", broken)
    done = typed("check", study, XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == 1
    assert "fault of oncourse" in done.stderr and "Traceback" not in done.stderr
    assert "boom" in (tmp_path / "state" / "oncourse" / "error.log").read_text()


CARD = json.loads((Path(__file__).parents[1] / "models" / "card.json").read_text("utf-8"))


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(path, new):
    card = json.loads(json.dumps(CARD))
    if not path:
        return None if new is changed else new
    inner = card
    for key in path[:-1]:
        inner = inner[key]
    if new is changed:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return card


def test_no_mutated_model_card_gives_a_traceback():
    """23 of 90 mutated cards did (November 2026). Either it is refused in words, or it can be applied."""
    import numpy as np

    good = read_card(json.dumps(CARD))
    x = np.array([[60.0, 1.0], [np.nan, np.nan]])
    assert 0 < good.predict(x)[0][0] < 1
    wrong = [
        changed,
        None,
        True,
        -1,
        3,
        1e308,
        10**400,
        "x",
        "",
        [],
        {},
        [[]],
        [None],
        {"a": None},
        [1, 2, 3],
    ]
    refused = 0
    for path in places(CARD):
        for new in wrong:
            try:
                card = read_card(json.dumps(changed(path, new)))
            except InputError:
                refused += 1
                continue
            card.predict(x)
            [f[key] for f in card.features if f["kind"] != "gene" for key in ("covariate", "level", "kept")]
            card.drivers(x)
            card.shift(x)
    assert refused > 200


def test_a_device_in_place_of_a_file_is_refused(tmp_path, study):
    """A model card that was a link to /dev/zero was read until the system ended the process, at 23 GB."""
    (tmp_path / "model.json").symlink_to("/dev/zero")
    (tmp_path / "res").mkdir()
    (tmp_path / "res" / "provenance.json").symlink_to("/dev/zero")
    assert manifest.read(tmp_path / "res") is None
    with pytest.raises(InputError, match="device"):
        load_card(tmp_path / "model.json")
    for words in (
        ["predict", tmp_path / "model.json", study],
        ["kb", "import", "civic", f"--out={tmp_path}/model.json"],
    ):
        done = typed(*map(str, words))
        assert done.returncode == 2 and "model.json: is a device, not a file" in done.stdout + done.stderr


def test_a_pipe_in_place_of_a_file_is_refused(tmp_path, study):
    """A named pipe that nobody writes into was waited for without end; the pipe of a shell is read."""
    os.mkfifo(tmp_path / "model.json")
    for words in (
        ["predict", tmp_path / "model.json", study],
        ["check", tmp_path / "model.json"],
        ["run", study, "--set", f"therapy.rules={tmp_path}/model.json"],
    ):
        done = typed(*map(str, words))
        assert done.returncode == 2 and "model.json: is a pipe or a socket, not a file" in done.stdout + done.stderr
    with pytest.raises(InputError, match=r"model\.json is a device or pipe"):
        load_knowledge(KnowledgeParams(rules=str(tmp_path / "model.json")))  # as study.yaml may name it
    end, other = os.pipe()
    refuse_devices(["predict", f"/dev/fd/{end}"])
    os.close(end)
    os.close(other)


def test_random_bytes_are_no_model_card():
    rng = random.Random(3)
    text = json.dumps(CARD)
    for _ in range(300):
        at = rng.randrange(len(text))
        broken = text[:at] + rng.choice('{}[]",:0e-\x00é') + text[at + rng.randrange(3) :]
        try:
            read_card(broken)
        except InputError:
            continue
    for hostile in ("[" * 100_000, '{"a": NaN}', "1e999", '"\ud800"'):
        with pytest.raises(InputError):
            read_card(hostile)
