"""What the macros and environments that a LaTeX source defines stand for, put in where they are used."""

from __future__ import annotations

import re
from array import array

from critic.errors import InputError
from critic.readers.latex_source import MAX_CHARS, Draft, Source

_MAX_EXPANSION = 20
SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|((?:re)?newenvironment))\*?\s*\{?\s*\\?([a-zA-Z]+\*?)\s*\}?\s*"
    r"(?:\[(\d)\])?\s*(\[[^\]]*\])?\s*(?=\{)|\\[egx]?def\s*\\([a-zA-Z]+)\s*((?:#\d)*)(?=\{)"
)


def expand(source: Source, name: str) -> Source:
    """Take out definitions of macros and environments and put in what they stand for, to a depth of 20.

    Raises:
        InputError: they use each other deeper than that, or grow too large.
    """
    macros, draft, last = dict[str, tuple[int, str, str]](), Draft(), 0
    lets = re.compile(r"\\let\s*(\\[a-zA-Z]+)\s*=?\s*(\\[a-zA-Z]+)")
    source = source.sub(lets, lambda let: rf"\def{let[1]}{{{let[2]}}}")
    text = source.text
    for match in _DEFINED.finditer(text):
        if match.start() >= last:
            macro, end = match[2] or match[5], _group(text, match.end())
            body, count = text[match.end() + 1 : end - 1], int(match[3] or len(match[6] or "") // 2)
            macros[f"begin{{{macro}}}" if match[1] else macro] = (count, match[4] or "", "{" * bool(match[1]) + body)
            if match[1]:
                start, end = end, _group(text, end)
                macros[f"end{{{macro}}}"] = (0, "", text[start + 1 : end - 1] + "}")
            draft.keep(source, last, match.start())
            last = end
    draft.keep(source, last)
    source = draft.source()
    for macro, (count, default, body) in list(macros.items()):
        if (
            f"\\{macro}" in macros.get(body[1:], (0, "", ""))[2]
        ):  # the old meaning of one with a new one: out of reach behind "@"
            macros[macro] = (count, default, body + "@")
        elif macro in SECTIONS and "@" in body:
            del macros[macro]
    return _used(source, macros, name) if macros else source


def _used(source: Source, macros: dict[str, tuple[int, str, str]], name: str) -> Source:
    """Put in macros (number of arguments, default of the first, body) until none is left; their lines are those of the uses."""
    names = "|".join(re.escape(macro) for macro in sorted(macros, key=len, reverse=True))
    use = re.compile(rf"\\({names})(?<=[a-zA-Z*}}])(?![a-zA-Z@])[ \t]*")
    bodies = {macro: re.split("#([1-9])", body) for macro, (_, _, body) in macros.items()}
    for _ in range(_MAX_EXPANSION):
        draft, last, size, text = Draft(), 0, len(source.text), source.text
        for match in use.finditer(text):
            if match.start() < last:
                continue
            (count, default, _), values, end = macros[match[1]], list[Source](), match.end()
            line, put = source.lines[match.start()], ""
            if default:
                close = _group(text, end, "[]") if text[end : end + 1] == "[" else end
                values.append(source[end + 1 : close - 1] if close > end else Source(default[1:-1], array("l")))
                end = close
            while len(values) < count:
                close = _group(text, end) if end < len(text) else end
                braced = text[end : end + 1] == "{" and text[close - 1] == "}" and close > end + 1
                values.append(source[end + 1 : close - 1] if braced else source[end:close])
                end = close
            draft.keep(source, last, match.start())
            for at, part in enumerate(bodies[match[1]]):
                value = values[int(part) - 1] if at % 2 and int(part) <= len(values) else None
                piece = part if not at % 2 else value.text if value else ""
                if value and value.lines:
                    draft.keep(value, 0)
                else:
                    draft.put(piece, line)
                put += piece
            size += len(put)
            draft.put(" " * bool(re.search(r"\\[a-zA-Z]+$", put)), line)
            last = end
            if size > 2 * MAX_CHARS:
                break
        draft.keep(source, last)
        source = draft.source()
        if size > 2 * MAX_CHARS or len(source.text) > MAX_CHARS:
            raise InputError(f"{name} has macros that grow beyond {MAX_CHARS:,} characters; write out what they stand for.")
        if not last:
            return source.sub(re.compile(r"(\\[a-zA-Z]+)@(?=[^a-zA-Z]|$)"), lambda kept: kept[1])
    raise InputError(f"{name} has macros that use each other more than {_MAX_EXPANSION} deep; write out what they stand for.")


def _group(text: str, start: int, marks: str = "{}") -> int:
    """The end of the group that begins at `start`, or the place after one character if none does."""
    depth = 0
    for match in re.compile(rf"\\.|[{re.escape(marks)}]", re.DOTALL).finditer(text, start):
        depth += (match[0] == marks[0]) - (match[0] == marks[1])
        if depth <= 0:
            return match.end() if text[start] == marks[0] else start + 1
    return len(text)
