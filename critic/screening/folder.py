"""Which files a screening run is about."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from critic.errors import InputError

# What people keep beside proposals, and what the tool itself writes there.
_NEVER = (".*", "*.labels.json", "*.critic.toml", "*.adjudication.json", "Thumbs.db", "desktop.ini")
_READ = (".md", ".markdown", ".txt", ".text", ".html", ".htm", ".xhtml", ".tex", ".latex", ".pdf", ".docx", ".odt", ".rtf")


@dataclass(frozen=True)
class Found:
    """A file, and what the run calls it: its path from the folder that was named, with forward slashes."""

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
    several = len(paths) > 1
    for root in paths:
        if root.is_file():
            yield Found(root, root.name if not several else root.as_posix().lstrip("/"))
        elif root.is_dir():
            prefix = f"{root.name}/" if several else ""
            for path in _files(root, root.resolve(), apart.resolve() if apart else None):
                name = prefix + path.relative_to(root).as_posix()
                if any(fnmatch(path.name, pattern) for pattern in _NEVER) or _matches(name, exclude):
                    continue
                if include and not _matches(name, include):
                    continue
                yield _checked(path, name, root.resolve(), any_ending=bool(include))
        else:
            raise InputError(f"There is no file or folder {root}.")


def _files(folder: Path, root: Path, apart: Path | None) -> Iterator[Path]:
    """The files below, each folder once however links lead there, and none outside the root."""
    seen: set[Path] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        here = Path(place).resolve()
        if here in seen or here == apart or not here.is_relative_to(root):
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
