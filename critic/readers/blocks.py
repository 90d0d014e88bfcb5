"""What every reader of a structured format makes, and how that becomes a Proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from critic.proposal import Hidden, Passage, Proposal
from critic.readers.disguise import LOOKS, undisguise
from critic.readers.invisible import strip_invisible


@dataclass(frozen=True)
class Block:
    """One piece of a document, in reading order."""

    text: str  # what a reader of the page sees, on one line
    level: int = 0  # of a heading, from 1; 0 for everything else
    page: int | None = None  # from 1
    line: int | None = None  # of the file, from 1


@dataclass(frozen=True)
class Document:
    """A document's visible blocks, and apart from them what cannot be seen."""

    blocks: Sequence[Block]
    hidden: Sequence[Hidden] = field(default=())
    unread: Sequence[int] = field(default=())  # pages, from 1, that are pictures without text


def assemble(document: Document, name: str) -> Proposal:
    """Put the blocks one under the other, headings marked as in Markdown, and note where each stands."""
    heading: list[tuple[int, str]] = []
    hidden = list(document.hidden)
    passages: list[Passage] = []
    parts: list[str] = []
    offset, looks = 0, iter(range(LOOKS))
    for block in document.blocks:
        text, invisible = strip_invisible(block.text)
        text, disguised = undisguise(text, parts[-1] if parts else "", looks)
        hidden += [found.model_copy(update={"page": block.page, "line": block.line}) for found in (*invisible, *disguised)]
        text = " ".join(text.split())
        if not text:
            continue
        if block.level:
            heading = [above for above in heading if above[0] < block.level] + [(block.level, text)]
            text = f"{'#' * block.level} {text}"
        passages.append(
            Passage(
                start=offset,
                end=offset + len(text),
                heading=tuple(title for _, title in heading),
                page=block.page,
                file_line=block.line,
            )
        )
        parts.append(text)
        offset += len(text) + 2
    return Proposal(
        name=name, text="\n\n".join(parts) + "\n", passages=tuple(passages), hidden=tuple(hidden), unread=tuple(document.unread)
    )
