"""Where a command's output goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from critic.errors import InputError


def write(text: str, output: Path | None) -> None:
    """Write to a file, whole or not at all, or to standard output.

    Raises InputError if the file cannot be written.
    """
    if output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    # Written beside and renamed, so that a reader never finds half of it and a full disk costs no older one.
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(output)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"{output} cannot be written: {error.strerror}.") from error
