"""Plain text and Markdown. Lines stay the file's lines, so that an editor finds what a review cites."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import pairwise

from markdown_it import MarkdownIt

from critic.errors import InputError
from critic.proposal import Passage, Proposal
from critic.readers.disguise import undisguise
from critic.readers.invisible import strip_invisible
from critic.readers.markdown_hiding import strip_hidden_markdown

_READ = "PDF, Word, OpenDocument, RTF, HTML, LaTeX, Markdown and plain text are read."
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def read_text(data: bytes, name: str, *, markdown: bool = True) -> Proposal:
    """Decode, normalise (line ends, NFC, no control characters) and find headings, paragraphs, table rows and pages.

    A form feed, as `pdftotext` writes it, begins a new page.

    Args:
        data: the file.
        name: what reports call it.
        markdown: whether its reader sees it rendered, so that comments and the like are hidden from him.

    Raises:
        InputError: not UTF-8 (or UTF-16 with a byte-order mark), not text, or nothing in it.
    """
    decoded = _decode(data, name)
    text = re.sub(r"\r\n?|\u2028|\u2029|\x85", "\n", unicodedata.normalize("NFC", decoded))
    text, hidden = strip_invisible(_CONTROLS.sub("", text))
    text = unicodedata.normalize("NFC", text)
    if markdown:
        text, more = strip_hidden_markdown(text)
        hidden = [*hidden, *more]
    text, more = undisguise(text)
    hidden = [*hidden, *more]
    pages = [match.start() for match in re.finditer("\f", text)]
    text = text.replace("\f", " ")
    if not text.strip():
        raise InputError(f"{name} is empty: there is no text to review.")
    verbatim = text == re.sub(r"\r\n?", "\n", decoded)
    return Proposal(name=name, text=text, passages=tuple(_passages(text, pages)), hidden=tuple(hidden), verbatim=verbatim)


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data:
        raise InputError(f"{name} is no text: it has a NUL byte at offset {data.index(0)}. {_READ}")
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name} is not UTF-8 text (line {line}, byte 0x{data[error.start]:02x}); save it as UTF-8, "
            f"for example with: iconv -f WINDOWS-1252 -t UTF-8."
        ) from error
    if "\0" in text or len(_CONTROLS.findall(text)) > max(8, len(text) // 100):
        raise InputError(f"{name} is no text: it is full of control characters. {_READ}")
    return text


def _passages(text: str, pages: list[int]) -> list[Passage]:
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    heading: list[tuple[int, str]] = []
    found: list[Passage] = []

    def add(first: int, last: int) -> None:
        cuts = [starts[first], *(page for page in pages if starts[first] < page < starts[last] - 1), starts[last] - 1]
        for start, end in pairwise(cuts):
            number = bisect_right(pages, start) + 1 if pages else None
            found.append(
                Passage(
                    start=start,
                    end=end,
                    heading=tuple(title for _, title in heading),
                    page=number,
                    file_line=bisect_right(starts, start),
                )
            )

    tokens = MarkdownIt("commonmark").enable("table").disable("inline").parse(text)
    covered = 0
    for token, content in zip(tokens, [*tokens[1:], None], strict=True):
        if token.map is None or token.type == "inline":
            continue
        first, last = token.map
        if token.type == "heading_open" and content is not None:
            level = int(token.tag[1])
            heading = [above for above in heading if above[0] < level] + [(level, _plain(content.content))]
        if (
            token.type in ("heading_open", "paragraph_open", "tr_open", "fence", "code_block", "html_block")
            and first >= covered
        ):
            add(first, last)
            covered = last
    return found or [Passage(start=0, end=len(text), file_line=1)]


def _plain(title: str) -> str:
    return re.sub(r"[*_`]+", "", title).strip()
