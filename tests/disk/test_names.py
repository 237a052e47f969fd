"""Names of files made from ids, against a plain reading of the rules of Windows and of disks that know no capitals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oncourse.disk.names import MOST_BYTES, file_names, marked

DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{d}{n}" for d in ("COM", "LPT") for n in "0123456789¹²³"
}
IDS = [
    "P1",
    "p1",
    "a:b",
    "a|b",
    "a*b",
    "CON",
    "con",
    "NUL.txt",
    "COM¹",
    "P2.",
    "P2 ",
    "P2",
    "a_b",
    "é",
    "e\u0301",
    "张" * 90,
]


def held_by_windows(name: str) -> bool:
    return (
        0 < len(name.encode()) <= MOST_BYTES
        and not any(c in '<>:"/\\|?*' or ord(c) < 32 for c in name)
        and name[-1] not in ". "
        and name.split(".")[0].rstrip().upper() not in DEVICES
    )


@given(st.lists(st.sampled_from(IDS) | st.text(st.characters(codec="utf-8"), max_size=12), max_size=12))
def test_every_name_is_held_by_windows_and_none_is_another(ids):
    names = file_names(ids)
    assert names.keys() == set(ids)
    assert all(held_by_windows(n) for n in names.values())
    assert len({n.lower() for n in names.values()}) == len(names)
    assert names == file_names(reversed(ids))
    assert all(names[i] in (i, marked(i), marked(i, 64)) for i in names)


def test_an_id_that_is_spelt_as_the_name_of_another_is_no_collision():
    names = file_names(["a:b", marked("a:b"), marked("a:b").upper()])
    assert len({n.lower() for n in names.values()}) == 3
