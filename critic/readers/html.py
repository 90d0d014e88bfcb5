"""HTML -> Document: what a browser shows, and apart from it what the page's own styles or markup hide.

Nothing is loaded and no script is run: pictures and style sheets outside the file count as not there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Any

from critic.errors import InputError
from critic.readers.blocks import Document
from critic.readers.gathering import Gathering, count_words
from critic.readers.html_look import BLOCKS, Look, look_of
from critic.readers.html_rules import Rules

_MAX_BYTES = 50_000_000
_MAX_LINE = 65535  # libxml2 counts no further
_NOTES = {"alt": "alt text", "title": "title attribute", "aria-label": "ARIA label", "content": "metadata"}


def read_html(data: bytes, name: str) -> Document:
    """Read a page's visible text in the order of its source, and what its markup and own styles hide.

    Raises:
        InputError: empty, not HTML, not in the encoding it names, or too large, deep or involved to read.
    """
    from lxml import etree

    text = _decode(data, name) if len(data) <= _MAX_BYTES else "\0"
    if not text.strip():
        raise InputError(f"{name} is empty: there is no text to review.")
    if "\0" in text or not re.search(r"<(?:[a-z][\w:-]*[\s/>]|!doctype)", text, re.I):
        raise InputError(f"{name} is not HTML of less than {_MAX_BYTES / 1e6:g} MB; save it as what it is, or split it.")
    try:
        parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
        root = etree.fromstring(text.encode("utf-8"), parser)
        found = Gathering() if root is None else _Page(root).found
    except (etree.LxmlError, RecursionError, SyntaxError, MemoryError, ValueError) as error:
        raise InputError(f"{name} is broken, nested too deeply or too involved; save it anew as simpler HTML.") from error
    return found.document(name)


def _decode(data: bytes, name: str) -> str:
    from webencodings import lookup  # type: ignore[import-untyped, unused-ignore]

    declared = re.search(
        rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w:-]+)", data[:2048], re.I
    )
    known = lookup((declared[1] or declared[2]).decode()) if declared else None
    encoding = "utf-8-sig" if known is None or known.name.startswith(("utf", "x-user")) else known.codec_info.name
    try:
        return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not in {encoding} (byte {error.start}); save it as UTF-8, or declare its charset."
        ) from error


class _Page:
    """Walks the tree once and gathers blocks and what is hidden. Raises ValueError for what would take too long."""

    def __init__(self, root: Any) -> None:
        from cssselect2 import ElementWrapper

        self.found, self.rules, self.prefix, self.level = Gathering(), Rules(root), "", 0
        self.buffer: list[tuple[str, int]] = []  # pieces of the block under way, and the line of each
        self.row: list[str] | None = None
        self.line = 1  # of the file
        for node in (*root.itersiblings(preceding=True), *root.itersiblings()):
            self.comment(node)
        self.walk(ElementWrapper.from_html_root(root), Look())
        self.flush()

    def walk(self, node: Any, above: Look) -> None:
        """Read one element and all below it."""
        element, tag, outer, level = node.etree_element, node.etree_element.tag.lower(), self.row, self.level
        self.line = start = element.sourceline if element.sourceline < _MAX_LINE else self.line
        for key, kind in _NOTES.items():
            self.found.note(kind, element.get(key, ""), start)
        if tag == "title":
            self.found.note("metadata", element.text or "", start)
        if tag == "input" and element.get("type", "").lower() == "hidden":
            self.found.note("hidden field", element.get("value", ""), start)
        if tag in ("script", "style", "title"):
            self.line += (element.text or "").count("\n")
            return
        look = look_of(*self.rules.styles(node, above.custom), above, tag)
        if BLOCKS.fullmatch(tag):
            self.flush()
        if tag == "tr" and outer is None and not element.xpath("boolean(.//table|.//h1|.//h2|.//h3|.//h4)"):  # no layout
            self.row = []
        self.prefix = "- " if tag == "li" and outer is None else self.prefix
        self.level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else level
        self.say("\n" if tag == "br" else element.text or "", look, tag)
        children = iter(node.iter_children())
        for child in element:
            if isinstance(child.tag, str):
                inner = next(children)
                _ = inner.previous_siblings  # asked for in order, so that cssselect2 never recurses far
                self.walk(inner, look)
            else:
                self.comment(child)
            self.say(child.tail or "", look, tag)
        cell = " ".join("".join(text for text, _ in self.buffer).split())
        if tag in ("td", "th") and outer is not None and (cell or not look.hidden()):
            outer.append(cell)
            self.buffer.clear()
        elif tag == "tr" and outer is None and self.row is not None:
            self.buffer, self.row = ([(" | ".join(self.row), start)] if any(self.row) else []) + self.buffer, None
        if BLOCKS.fullmatch(tag):
            self.flush()
        self.prefix, self.level = "" if tag == "li" else self.prefix, level

    def flush(self) -> None:
        """End the block under way; within a table row there is nothing but a space to add."""
        if self.row is not None:
            self.buffer.append((" ", self.line))
            return
        text, at = "".join(piece for piece, _ in self.buffer), 0
        starts = list(accumulate((len(piece) for piece, _ in self.buffer), initial=0))
        for part in re.split(r"(\n\s*\n)", text):
            if part.strip():
                first = at + len(part) - len(part.lstrip())
                piece = bisect_right(starts, first) - 1
                line = self.buffer[piece][1] + text.count("\n", starts[piece], first)
                self.found.add(self.prefix + part, self.level, line)
                self.prefix = ""
            else:
                self.found.add("")
            at += len(part)
        self.buffer.clear()

    def say(self, text: str, look: Look, tag: str) -> None:
        """Take in one text node: as text, or as hidden."""
        line = self.line
        self.line += text.count("\n") if tag != "br" else 0
        if tag not in ("pre", "br"):
            line += text.count("\n", 0, len(text) - len(text.lstrip()))
            text = re.sub(r"\s+", " ", text)
        self.buffer.append((self.found.show(text, look.hidden() if text.strip() else "", line), line))

    def comment(self, node: Any) -> None:
        """Note a comment or processing instruction; one for old browsers only if a piece without markup is prose."""
        said = node.text or ""
        parts = re.split(r"(?i)<(/?)(?:script|style|xml)\b[^<>]*>", said)
        kept = [part for mark, part in zip(["/", *parts[1:-2:2], "/"], parts[::2], strict=False) if mark]
        pieces = re.split(r"<[^<>]*>", " ".join(kept))
        text = max(pieces, key=len) if pieces[0].startswith("[if") else " ".join(pieces)
        self.line = node.sourceline if node.sourceline < _MAX_LINE else self.line + said.count("\n")
        self.found.note("comment", text if count_words(text) >= 8 else "", self.line - said.count("\n"))
