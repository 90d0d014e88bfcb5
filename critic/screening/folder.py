"""Which files a screening run is about."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from critic.errors import InputError
from critic.screening.store import STORE

# What people keep beside proposals, and what the tool itself writes there.
_NEVER = (".*", "*.labels.json", "*.critic.toml", "*.adjudication.json", "Thumbs.db", "desktop.ini")
_READ = (".md", ".markdown", ".txt", ".text", ".html", ".htm", ".xhtml", ".tex", ".latex", ".pdf", ".docx", ".odt", ".rtf")


@dataclass(frozen=True)
class Found:
    """A file, and what the run calls it: its path from the folder that was named, or that all have in common."""

    path: Path
    name: str


@dataclass(frozen=True)
class Skipped:
    """A file that is not read, and why."""

    name: str
    why: str


def find(
    paths: Sequence[Path], include: Sequence[str] = (), exclude: Sequence[str] = (), apart: Path | None = None
) -> Iterator[Found | Skipped]:
    """Every file under the paths, in the order of their names.

    Args:
        paths: files and folders.
        include: patterns such as `*.pdf` or `round-2/*`, of names or file names; empty for what has a known ending.
        exclude: the same, for what is left out without a word.
        apart: a folder that is left out, because the run writes there.

    Raises:
        InputError: a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file or folder {path}.")
    roots = [path.resolve() for path in paths]
    base = Path(os.path.commonpath([root if root.is_dir() else root.parent for root in roots])) if roots else Path()
    for root in roots:
        if root.is_file():
            yield Found(root, root.relative_to(base).as_posix())
            continue
        shut: list[OSError] = []
        for path in _files(root, apart.resolve() if apart else None, shut):
            name = path.relative_to(base).as_posix()
            if any(fnmatch(path.name, pattern) for pattern in _NEVER) or _matches(name, exclude):
                continue
            if not include or _matches(name, include):
                yield _checked(path, name, root, any_ending=bool(include))
        for error in shut:
            yield Skipped(Path(error.filename).relative_to(base).as_posix(), f"a folder that cannot be read: {error.strerror}")


def _files(root: Path, apart: Path | None, shut: list[OSError]) -> Iterator[Path]:
    """The files below: each folder once however links lead there, none outside the root, and no results of a run."""
    seen: set[Path] = set()
    for place, folders, files in os.walk(root, followlinks=True, onerror=shut.append):
        here = Path(place).resolve()
        if here in seen or here == apart or STORE in files or not here.is_relative_to(root):
            folders.clear()
            continue
        seen.add(here)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files))


def _checked(path: Path, name: str, root: Path, *, any_ending: bool) -> Found | Skipped:
    if not path.resolve().is_relative_to(root):  # an applicant's archive must not lead to other people's files
        return Skipped(name, "a link that leads out of the folder; it is not followed")
    if not path.is_file():
        return Skipped(name, "no regular file")
    if not any_ending and path.suffix.lower() not in _READ:
        return Skipped(name, f"not one of {' '.join(_READ)}; name it with --include if it is a proposal")
    return Found(path, name)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) or fnmatch(name.rpartition("/")[2], pattern) for pattern in patterns)
