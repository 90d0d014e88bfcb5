"""Bytes of a file or of standard input -> Proposal, within limits. The format follows from the content, then from the name."""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from pathlib import Path

from critic.errors import InputError
from critic.proposal import Proposal
from critic.readers.blocks import assemble

MAX_BYTES = 30_000_000  # of any file
MAX_TEXT_BYTES = 2_000_000  # of a text: some 300,000 words, more than any proposal, and more than a model takes in one request


class Format(StrEnum):
    """What can be read."""

    MARKDOWN = "markdown"
    TEXT = "text"
    HTML = "html"
    LATEX = "latex"
    PDF = "pdf"
    DOCX = "docx"
    ODT = "odt"
    RTF = "rtf"


def read(source: str | Path, format: Format | None = None) -> Proposal:
    """Read a proposal from a file, or from standard input where `source` is "-".

    Args:
        source: a path or "-".
        format: None to tell it from the content.

    Raises:
        InputError: there is no such file, or it cannot be read as a proposal; the message says why and what to do.
    """
    if str(source) == "-":
        return read_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input", format)
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
    proposal = read_bytes(data, _legible(path.name), format, path.parent)
    return proposal.model_copy(update={"path": _from_here(path)})


def _from_here(path: Path) -> str | None:
    """The path from the working folder on; None where it lies outside, as an absolute path would tell of this machine."""
    path, here = path.absolute(), Path.cwd()
    inside = path.is_relative_to(here) and ".." not in path.parts
    return _legible(path.relative_to(here).as_posix()) if inside else None


def _legible(name: str) -> str:
    """A file's name as text; what is no UTF-8 in it becomes U+FFFD."""
    return os.fsencode(name).decode("utf-8", "replace")


def read_bytes(data: bytes, name: str, format: Format | None = None, folder: Path | None = None) -> Proposal:
    """Read a proposal from bytes.

    Args:
        data: the content of a file.
        name: what reports call it; its ending helps where the content does not tell the format.
        format: None to tell it from the content.
        folder: where files that a LaTeX document includes may lie; None to include none.

    Raises:
        InputError: as `read`.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_BYTES / 1e6:g} MB, the limit for one file; split it, or leave out annexes."
        )
    format = format or format_of(data, name)
    if format not in (Format.PDF, Format.DOCX, Format.ODT, Format.RTF) and len(data) > MAX_TEXT_BYTES:
        raise InputError(
            f"{name} is larger than {MAX_TEXT_BYTES / 1e6:g} MB, the limit for one text; split it, or leave out annexes."
        )
    if format in (Format.MARKDOWN, Format.TEXT):
        from critic.readers.text import read_text

        return read_text(data, name, markdown=format is Format.MARKDOWN)
    match format:
        case Format.PDF:
            from critic.readers.pdf import read_pdf as reader
        case Format.DOCX:
            from critic.readers.docx import read_docx as reader
        case Format.ODT:
            from critic.readers.odt import read_odt as reader
        case Format.RTF:
            from critic.readers.rtf import read_rtf as reader
        case Format.HTML:
            from critic.readers.html import read_html as reader
        case Format.LATEX:
            from critic.readers.latex import read_latex

            return assemble(read_latex(data, name, folder), name)
    return assemble(reader(data, name), name)


def format_of(data: bytes, name: str) -> Format:
    """Tell the format of a file.

    Raises:
        InputError: it is a container of something that cannot be read.
    """
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    lower = start.lower()
    ending = Path(name).suffix.lower()
    if b"%PDF-" in data[:1024]:
        return Format.PDF
    if start.startswith(b"{\\rtf"):
        return Format.RTF
    if data.startswith(b"PK\x03\x04"):
        if b"application/vnd.oasis.opendocument.text" in data[:200]:
            return Format.ODT
        if b"word/" in data or ending == ".docx":
            return Format.DOCX
        raise InputError(f"{name} is a ZIP archive, and no Word or OpenDocument text; unpack it and name one file.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(
            f"{name} is an old or a password-protected Office file; save it as DOCX without a password, or as PDF."
        )
    if re.match(rb"<!doctype html|<html|<\?xml[^>]*>\s*(?:<!doctype html|<html)", lower):
        return Format.HTML
    if re.search(rb"^[ \t]*\\(?:documentclass|begin\{document\})", data[:50_000], re.MULTILINE):
        return Format.LATEX
    by_ending = {".html": Format.HTML, ".htm": Format.HTML, ".xhtml": Format.HTML, ".tex": Format.LATEX, ".txt": Format.TEXT}
    return by_ending.get(ending, Format.MARKDOWN)
