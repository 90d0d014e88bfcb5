"""What a Markdown file says and its page does not show: comments, undisplayed elements, alt texts, titles, front matter."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from critic.proposal import Hidden
from critic.readers.gathering import count_words
from critic.readers.markdown_html import PROSE, Cut, Region, cuts_of_html

_ROUNDS = 20  # taking one thing out can make another of what is around it, but not for ever
_NESTING = 32  # of brackets

_FRONT = re.compile(
    r"\A(?:---[ \t]*\n(?![ \t]*\n)(?:(?:[\w\"'][^\n:]{0,40}:|[ \t#-])[^\n]*\n|\n)*?(?:---|\.\.\.)"
    r"|\+\+\+[ \t]*\n(?:[^\n]*\n)*?\+\+\+)[ \t]*$",
    re.MULTILINE,
)
_FIELD = re.compile(r"^(?:([\w\"'][^\n:=]*)[:=]|#)[^\n]*(?:\n(?:[ \t-][^\n]*)?(?=\n))*", re.MULTILINE)
_SHOWN_FIELDS = frozenset({"title", "subtitle", "abstract", "author", "authors"})
_LISTS = frozenset({"keywords", "tags", "categories"})

_NEXT = re.compile(r"\\[!-/:-@\[-`{-~]|`+|!?\[|\]|<")
_ATTRIBUTE = r"[^\s\"'<>/=\x00]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?"
_TAG = re.compile(rf"<(?:[A-Za-z][A-Za-z0-9-]*(?:\s+{_ATTRIBUTE})*+\s*/?|/[A-Za-z][A-Za-z0-9-]*\s*|(?:\?|![A-Za-z\[])[^<>]*)>")
_AUTOLINK = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>|<[^\s<>@]+@[^\s<>@]+>")
_TITLE = r"\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+'|\((?:\\.|[^()\\])*+\)"
_TARGET = re.compile(rf"\(\s*+(?:<[^<>\n]*>|[^\s()<]*+(?:\([^\s()]*+\)[^\s()]*+)*+)(\s++(?:{_TITLE}))?\s*+\)", re.DOTALL)
_DEFINED_TITLE = re.compile(r"\]:\s*(?:<[^<>\n]*>|\S+)(\s+\S.*)", re.DOTALL)
_LABEL = re.compile(r"\[([^\[\]]{1,999})\]")
_USE = re.compile(r"\[([^\[\]]{1,999})\](?!:)")
_TICKS = re.compile(r"`+")
_PIPE = re.compile(r"(?<!\\)\|")


def strip_hidden_markdown(text: str) -> tuple[str, list[Hidden]]:
    """Take out what the page does not show. Code is shown, with the comments in it.

    Returns:
        The text, each line where it was, and the very same where nothing is hidden; and what was hidden and says something.
    """
    hidden: list[Hidden] = []
    for _ in range(_ROUNDS):
        starts, parts, last, said = _starts(text), list[str](), 0, ""
        for cut in sorted(_cuts(text), key=lambda one: (one.start, -one.end)):
            if cut.start < last:
                continue
            between, breaks = text[last : cut.start], "\n" * text.count("\n", cut.start, cut.end)
            meet = not breaks and cut.start and text[cut.start - 1] in "<!-]`"  # the halves of a comment around this one
            parts += [between, breaks or (" " if meet else "")]
            last = cut.end
            words = " ".join(cut.text.split())
            if not re.search(r"\w", words):
                continue
            if said == cut.kind and not between.strip():
                before = hidden.pop()
                hidden.append(before.model_copy(update={"text": f"{before.text} {words}"}))
            else:
                first = cut.end - len(text[cut.start : cut.end].lstrip())
                hidden.append(Hidden(kind=cut.kind, text=words, line=bisect_right(starts, first)))
            said = cut.kind
        if not parts:
            break
        text = "".join([*parts, text[last:]])
    return text, sorted(hidden, key=lambda one: one.line or 0)


def _starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer(r"\r\n?|\n", text))]


def _prose(text: str) -> bool:
    return count_words(text) >= PROSE


def _cuts(text: str) -> list[Cut]:
    front = _FRONT.match(text)
    cuts = list(_of_fields(front[0])) if front else []
    if not re.search(r"<[A-Za-z!?/]|\]\(|\]:|```|~~~", text):
        return cuts
    body = re.sub(r"[^\r\n]", " ", front[0]) + text[front.end() :] if front else text
    env: dict[str, Any] = {}
    blocks = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("inline")  # which takes time squared
    tokens = blocks.parse(body, env)
    starts = [*_starts(body), len(body)]
    defined: dict[str, Any] = env.get("references", {})
    definitions = [*defined.items(), *((one["label"], one) for one in env.get("duplicate_refs", []))]
    seen = [one["map"] for _, one in definitions]
    used = {normalizeReference(match[1]) for match in _USE.finditer(body)} if seen else set[str]()
    for label, one in definitions:
        cuts += _of_definition(body, starts[one["map"][0]], starts[one["map"][1]], one, label.startswith("^"), label in used)
    raw = ["\0"] * len(body)
    regions = _regions(tokens, body, starts, seen)
    for region in regions:
        if region.html:
            raw[region.start : region.end] = body[region.start : region.end]
        else:
            cuts += _of_inline(body, region, raw, defined)
    cuts += [cut for token in tokens if token.type == "fence" for cut in _of_fence(body, starts, token)]
    return [*cuts, *cuts_of_html(body, "".join(raw), regions)]


def _of_fields(front: str) -> Iterator[Cut]:
    for field in _FIELD.finditer(front):
        name = (field[1] or "").strip(" \"'").lower()
        terms = name in _LISTS and max(map(count_words, re.split(r"[,;\n]", field[0]))) < 5
        if name not in _SHOWN_FIELDS and not terms and _prose(field[0]):
            yield Cut(*field.span(), "metadata", field[0])


def _of_fence(text: str, starts: list[int], token: Token) -> Iterator[Cut]:
    """Prose after the fence of a block of code, where the language is named."""
    if token.map and _prose(token.info):
        start, end = starts[token.map[0]], starts[token.map[0] + 1]
        fence = text.find(token.markup, start, end) + len(token.markup)
        yield Cut(fence, fence + len(text[fence:end].rstrip()), "not displayed", token.info)


def _of_definition(text: str, start: int, end: int, one: dict[str, Any], footnote: bool, used: bool) -> Iterator[Cut]:
    """What the definition of a link hides: all of it, if it leads nowhere or is an unused sentence, or else its title."""
    at = text.find("[", start, end)
    comment = one["title"] and one["href"] in ("#", "")
    if at < 0 or (footnote and not comment):
        return
    stop = at + len(text[at:end].rstrip())
    label = text[at + 1 : max(at + 1, text.find("]:", at, stop))]
    if comment or (_prose(label) and not used):
        yield Cut(at, stop, "comment", one["title"] if comment else f"{label} {one['title']}")
    elif _prose(one["title"]) and (title := _DEFINED_TITLE.search(text, at, stop)):
        yield Cut(*title.span(1), "title attribute", one["title"])


def _regions(tokens: list[Token], text: str, starts: list[int], seen: list[list[int]]) -> list[Region]:
    """Where Markdown and HTML stand, in order. What is in none of them is code or has been `seen`."""
    free = [True] * (len(starts) - 1)
    for first, last in seen:
        free[first:last] = [False] * (last - first)
    limits, regions, before = [len(text)], list[Region](), ""
    for token in tokens:
        cell, before = before in ("td_open", "th_open"), token.type
        if token.type in ("blockquote_open", "list_item_open"):
            limits.append(starts[token.map[1]] if token.map else limits[-1])
        elif token.type in ("blockquote_close", "list_item_close"):
            limits.pop()
        if not token.map or token.type not in ("fence", "code_block", "html_block", "inline"):
            continue
        first, last = token.map
        start, end = starts[first], starts[last]
        if cell and free[first]:
            edges = [start, *(match.end() for match in _PIPE.finditer(text, start, end)), end]
            regions += [Region(a, b - (b < end), False, limits[-1]) for a, b in pairwise(edges)]
        elif not cell and token.type in ("html_block", "inline"):
            regions.append(Region(start, end, token.type == "html_block", limits[-1]))
        free[first:last] = [False] * (last - first)
    regions += [Region(starts[i], starts[i + 1], False, len(text)) for i, one in enumerate(free) if one]
    return sorted(region for region in regions if region.start < region.end)


def _of_inline(text: str, region: Region, raw: list[str], defined: dict[str, Any]) -> Iterator[Cut]:
    """Alt texts and titles of images and links. Writes the tags and comments that it passes into `raw`."""
    ticks: dict[int, list[int]] = {}
    for run in _TICKS.finditer(text, region.start, region.end):
        ticks.setdefault(len(run[0]), []).append(run.start())
    brackets = deque[int](maxlen=_NESTING)
    at, closed = region.start, True
    while match := _NEXT.search(text, at, region.end):
        at, mark = match.end(), match[0]
        if mark[0] == "`":
            same = ticks.get(len(mark), [])
            later = bisect_right(same, match.start())
            at = same[later] + len(mark) if later < len(same) else at
        elif mark == "<":
            tag = _TAG.match(text, at - 1, region.end)
            stop = tag.end() if tag else -1
            if text.startswith("!--", at):
                found = text.find("-->", at + 1, region.end) if closed else -1
                closed, stop = found >= 0, found + 3 if found >= 0 else -1
            if stop > at:
                raw[at - 1 : stop] = text[at - 1 : stop]
                at = stop
            elif link := _AUTOLINK.match(text, at - 1, region.end):
                at = link.end()
        elif mark[-1] == "[":
            brackets.append(match.start())
        elif mark == "]" and brackets:
            start = brackets.pop()
            label = text[start + 2 : at - 1] if text[start] == "!" else ""
            target = _TARGET.match(text, at, region.end)
            if target and target[1] and _prose(target[1].strip()[1:-1]):
                yield Cut(*target.span(1), "title attribute", target[1].strip()[1:-1])
            if _prose(label):
                named = _LABEL.match(text, at, region.end)
                if target or normalizeReference(named[1] if named else label) in defined:
                    yield Cut(start + 2, at - 1, "alt text", label)
            at = target.end() if target else at
