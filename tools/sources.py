"""Which files the checks look at: ringway's own, as git knows them; none that was fetched."""

import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIPPED_FOLDERS = ("subprojects", ".cache")


def own_files():
    """Paths relative to the top, sorted, tracked or new; without git, everything on disk."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard"],
        cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if listing.returncode == 0:
        names = [pathlib.PurePath(name) for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(TOP) for path in TOP.rglob("*") if path.is_file()]
    return sorted(
        name for name in set(names)
        if name.parts[0] not in SKIPPED_FOLDERS and not name.parts[0].startswith("build")
        and name.parts[0] != ".git" and (TOP / name).is_file())


def cxx_files():
    return [name for name in own_files() if name.suffix in (".h", ".cc")]


def read(name):
    return (TOP / name).read_text(encoding="utf-8")
