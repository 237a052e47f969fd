"""Every write of oncourse, stopped before its 1st, 2nd, 3rd ... call that changes the disk (issue 17, part 1).

Python tells an audit hook of every call that opens for writing, renames, links, removes, makes a folder or changes
rights, before it is done. A forked process dies there, without a clean-up, as under `kill -9`. What stands then must be
the old or the new thing, whole; the user's notes must be there; and the next run must leave nothing of the dead one.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from oncourse.disk import folder as disk_folder
from oncourse.disk.file import replaced_file
from oncourse.disk.folder import replaced_folder
from oncourse.disk.new import new_folder
from oncourse.disk.store import Store, entries

sys.path.insert(0, str(Path(__file__).parent))
from test_results_folder import fill, names, whole, write

CHANGES = {
    *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.utime"),
    "exchange",  # of two folders in one step: a system call that Python does not tell of
}
DIED = 9


def changes_the_disk(event, arguments):
    if event == "open":
        return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) and arguments[0] != os.devnull
    return event in CHANGES


def dies(work, number):
    """Do `work` in a process that dies before its `number`-th change of the disk; whether it died."""
    child = os.fork()
    if child == 0:
        left = number

        def hook(event, arguments):
            nonlocal left
            if changes_the_disk(event, arguments):
                left -= 1
                if left == 0:
                    os._exit(DIED)

        try:
            sys.addaudithook(hook)
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DIED)
    return code == DIED


def each_stop(tmp_path, begin, work):
    """Give a fresh place, as it is after a death before each change of the disk in turn; fail where there are few."""
    number = 0
    while True:
        number += 1
        place = tmp_path / str(number)
        place.mkdir()
        begin(place / "res")
        if not dies(lambda place=place: work(place / "res"), number):
            break
        yield place, place / "res"
        shutil.rmtree(place)
    assert number > 8


@pytest.fixture(params=["one step", "two renames"])
def one_step(request, monkeypatch):
    """Whether two folders change places in one call of the system, told to the hook; elsewhere by renames."""
    real = disk_folder._exchange

    def exchange(one, other):
        sys.audit("exchange")
        return real(one, other)

    monkeypatch.setattr(disk_folder, "_exchange", exchange if request.param == "one step" else lambda *_: False)
    return request.param == "one step"


def test_results_that_replace_others_are_whole_at_every_instant(tmp_path, one_step):
    def begin(out):
        write(out, "one")
        (out / "note.txt").write_text("mine")

    for place, out in each_stop(tmp_path, begin, lambda out: write(out, "two", **{"tables/b.tsv": "new"})):
        if out.exists():
            assert whole(out) in ("one", "two")
        else:  # with two renames there is an instant at which it stands beside
            assert not one_step
        write(out, "three")
        assert whole(out) == "three" and (out / "note.txt").read_text() == "mine"
        assert names(place) == ["res"]


def test_the_first_results_are_whole_or_absent(tmp_path):
    for place, out in each_stop(tmp_path, lambda out: None, lambda out: write(out, "one")):
        assert not out.exists() or whole(out) == "one"
        write(out, "two")
        assert names(place) == ["res"]


def test_a_new_folder_is_whole_or_absent_and_its_draft_goes_with_the_next_run(tmp_path):
    """A killed `import`, `export` or `simulate` left its hidden draft for ever."""

    def work(out):
        with new_folder(out) as draft:
            fill(draft, "one")

    for place, out in each_stop(tmp_path, lambda out: None, work):
        if out.exists():
            assert whole(out) == "one"
            with replaced_folder(out) as draft:
                fill(draft, "two")
        else:
            work(out)
        assert names(place) == ["res"]


def test_a_file_is_the_old_or_the_new_one_and_its_draft_goes_with_the_next(tmp_path):
    def put(out, text):
        with replaced_file(out, force=True) as draft:
            draft.write_text(text)

    for place, out in each_stop(tmp_path, lambda out: put(out, "one"), lambda out: put(out, "two")):
        assert out.read_text() in ("one", "two")
        put(out, "three")
        assert out.read_text() == "three" and names(place) == ["res"]


def test_an_entry_of_the_store_is_whole_or_made_again(tmp_path):
    """Polars starts no threads in a forked process: there the bytes of an entry made before stand for its writer."""
    import polars as pl

    def kept(name):
        store = Store(tmp_path / name)
        return store, store.remember("kind", [1, 2], (), lambda: [3.5, None, "x"])

    kept("before")
    (ready,) = (file.read_bytes() for file in entries(tmp_path / "before"))

    class Frame:
        def __init__(self, *_, **__):
            pass

        def write_parquet(self, file):
            file.write_bytes(ready)

    def work():
        pl.DataFrame = Frame
        kept("cache")

    number = 1
    while dies(work, number):
        store, value = kept("cache")
        assert value == [3.5, None, "x"] and not store.notes
        shutil.rmtree(tmp_path / "cache")
        number += 1
    assert number > 3 and [f.read_bytes() for f in entries(tmp_path / "cache")] == [ready]
