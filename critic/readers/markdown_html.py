"""The HTML in a Markdown file: what of it a browser does not show."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from critic.readers.gathering import count_words
from critic.readers.html_look import Look, look_of
from critic.readers.html_rules import cascade

PROSE = 8  # words from which on an attribute is prose

_HTML = re.compile(
    r"<!--(?:-?>|(?P<comment>.*?)(?:--!?>|\Z))|<(?P<bogus>[!?][^>]*)(?:>|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>\x00]*)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*+)>",
    re.DOTALL,
)
_ATTRIBUTES = re.compile(r"([^\s\"'<>/=\x00]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`\x00]+)))?")
_TOOLS = re.compile(  # comments that only steer a tool
    r"\s*(?:/?toc|more|(?:page|new)-?break|new-?page|omit (?:in|from) toc|(?:begin|start|end)[ _-]?toc|toc[ _-]?(?:begin|end)"
    r"|(?:prettier|markdownlint|textlint|eslint|lint|vale|remark-lint)[\w-]*"
    r"(?: (?:on|off|enable|disable|MD\d+|[A-Z]+\.[A-Za-z]+|[\w@/]+(?:-[\w/]+)+))*)\s*",
    re.IGNORECASE,
)
_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
_BLOCK = re.compile(
    "address|article|aside|blockquote|center|d(?:etails|ialog|iv|l)|f(?:ieldset|igure|ooter|orm)|h[1-6]|header|main|nav|ol|pre|section"
    "|table|template|ul"
)
_NEVER = re.compile("script|style|textarea|title")  # beside what is never shown in a page
_NO_PROSE = re.compile("style|class|href|src|srcset|sizes|d|points|id|rel")
_NESTING = 100


class Cut(NamedTuple):
    """A part of the text that its page does not show."""

    start: int
    end: int
    kind: str
    text: str  # what it says


class Region(NamedTuple):
    """A block, a cell, or a line outside of both."""

    start: int
    end: int
    html: bool  # a block of HTML, where there is no Markdown
    limit: int  # where the list item or quotation around it ends


def cuts_of_html(text: str, raw: str, regions: list[Region]) -> Iterator[Cut]:
    """Find comments, elements that are not shown, and prose in attributes.

    Args:
        text: a Markdown document.
        raw: the same with a NUL for each character that does not reach the browser as HTML.
        regions: of the document, in order.
    """
    edges = [region.start for region in regions]
    opened = [("", Look())]  # elements, and how what is in them is shown
    at = 0
    while match := _HTML.search(raw, at):
        at = match.end()
        if match["name"] is None:
            group = "comment" if match["bogus"] is None else "bogus"
            said = text[match.start(group) : match.end(group)]
            if not re.match(r"!doctype|\?xml", match["bogus"] or "", re.IGNORECASE):
                yield Cut(*match.span(), "comment", "" if _TOOLS.fullmatch(said) else said.strip("!?[]"))
            continue
        name = match["name"].lower()
        if match["end"]:
            del opened[next((i for i in range(len(opened) - 1, 0, -1) if opened[i][0] == name), len(opened)) :]
            continue
        attributes: dict[str, str] = {}
        for one in _ATTRIBUTES.finditer(raw, *match.span("rest")):
            key, (start, end) = one[1].lower(), one.span(one.lastindex or 1)
            value = "" if one.lastindex == 1 else unescape(text[start:end])
            attributes.setdefault(key, value)
            if not _NO_PROSE.fullmatch(key) and count_words(value) >= PROSE:
                yield Cut(start, end, "alt text" if key == "alt" else "title attribute", value)
        look = look_of(*cascade(name, attributes.get, (), opened[-1][1].custom), opened[-1][1], name)
        kind = "not displayed" if _NEVER.fullmatch(name) else look.hidden()
        if _VOID.fullmatch(name):
            continue
        if kind:
            region = regions[bisect_right(edges, match.start()) - 1]
            flows = (region.html and name != "p") or _BLOCK.fullmatch(name)  # or else the paragraph's end ends it
            end = _end(raw, name, at, region.limit if flows else region.end)
            yield Cut(match.start(), end, kind, re.sub(r"<[^<>]*>", " ", text[at:end]))
            at = end
        elif len(opened) < _NESTING:
            opened.append((name, look))


def _end(raw: str, name: str, at: int, limit: int) -> int:
    depth = 1
    for match in _HTML.finditer(raw, at, limit):
        if match["name"] and match["name"].lower() == name:
            depth += -1 if match["end"] else 1
            if not depth:
                return match.end()
    return limit
