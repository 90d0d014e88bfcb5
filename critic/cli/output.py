"""Where a command's output goes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from critic.errors import InputError


def write(text: str, output: Path | None) -> None:
    """Write to a file, whole or not at all, or to standard output.

    Raises InputError if the file cannot be written; then the text, which may have been paid for, goes to standard output.
    """
    if output is None:
        _print(text)
        return
    # Written beside and renamed, so that a reader never finds half of it and a full disk costs no older one.
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(output)
    except OSError as error:
        draft.unlink(missing_ok=True)
        _print(text)
        raise InputError(f"{output} cannot be written ({error.strerror}); the text went to standard output.") from error


def check(output: Path | None) -> None:
    """Say before any work is done that a file cannot be written. Raises InputError."""
    if output and output.is_dir():
        raise InputError(f"{output} is a folder; name a file to write to.")
    if output and not output.parent.is_dir():
        raise InputError(f"There is no folder {output.parent} to write {output.name} into.")


def on_screen(output: Path | None) -> bool:
    """Whether a person sees it in a terminal, in colour."""
    return sys.stdout.isatty() and output is None and not os.environ.get("NO_COLOR")


def width() -> int:
    """The columns of the terminal, also where a pager stands between; 100 where there is none."""
    try:
        beside = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        beside = 100
    return shutil.get_terminal_size((beside, 24)).columns


def _print(text: str) -> None:
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()
