"""Build step: the loops of `oncourse.compiled.ROOMS` become extension modules; all else stands in pyproject.toml."""

import json
import os
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "src")]

from oncourse.compiled import ROOMS, digest, modules_of  # noqa: E402


def extension(room: str) -> Extension:
    files = [f"src/oncourse/{module.replace('.', '/')}.py" for module in modules_of(room)]
    return Extension(f"oncourse._loops_{room}", sources=[], depends=[*files, "src/oncourse/compiled.py", "build_loops.py"])


class BuildLoops(build_ext):
    """Machine code of each room by `build_loops.py`, in a process of its own, linked with what it needs of C."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or min(len(ROOMS), os.cpu_count() or 1)

    def run(self) -> None:
        super().run()
        folder = HERE / "src" if self.inplace or self.editable_mode else Path(self.build_lib)
        known = {room: digest(room) for room in ROOMS}
        (folder / "oncourse" / "_loops.json").write_text(json.dumps(known, indent=1) + "\n")

    def build_extension(self, ext: Extension) -> None:
        from build_loops import sources_of

        room = ext.name.rsplit("_", 1)[1]
        target = Path(self.get_ext_fullpath(ext.name))
        if not self.force and (ready := built_in_place(room, target.name)) is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(ready), str(target))
            return
        folder = Path(self.build_temp).absolute() / room
        target = folder / f"{room}.o"
        if self.force or not target.exists() or target.stat().st_mtime < newest(ext.depends):
            folder.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, str(HERE / "build_loops.py"), room, str(target)]
            subprocess.run(command, check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "0"})
        ext.extra_objects = [str(target)]
        ext.sources, ext.define_macros, ext.include_dirs = sources_of(room)
        if sys.platform.startswith("linux"):
            ext.extra_link_args = ["-pthread", "-s"]
        super().build_extension(ext)


def built_in_place(room: str, name: str) -> Path | None:
    """Return the extension module in the source folder if it is the machine code of these very sources."""
    folder = HERE / "src" / "oncourse"
    known = folder / "_loops.json"
    digests = json.loads(known.read_text()) if known.is_file() else {}
    return folder / name if (folder / name).is_file() and digests.get(room) == digest(room) else None


def newest(files: list[str]) -> float:
    return max((HERE / file).stat().st_mtime for file in files)


setup(ext_modules=[extension(room) for room in ROOMS], cmdclass={"build_ext": BuildLoops})
