"""Bytes of a file or of standard input -> Proposal, within limits."""

from __future__ import annotations

import sys
from pathlib import Path

from critic.errors import InputError
from critic.proposal import Proposal
from critic.readers.text import read_text

MAX_BYTES = 2_000_000  # some 300,000 words: more than any proposal, and more than any model takes in one request


def read(source: str | Path) -> Proposal:
    """Read a proposal from a file, or from standard input where `source` is "-".

    Raises:
        InputError: there is no such file, it is no text in UTF-8, is empty or larger than MAX_BYTES.
    """
    if str(source) == "-":
        return read_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    path = Path(source)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one file in it.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return read_bytes(data, path.name)


def read_bytes(data: bytes, name: str) -> Proposal:
    """Read a proposal from bytes; `name` is what reports call it. Raises InputError as `read` does."""
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_BYTES / 1e6:g} MB, the limit for one proposal; split it, or leave out annexes."
        )
    return read_text(data, name)
