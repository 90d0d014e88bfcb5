"""A LaTeX source without what it leaves out: files that it inputs put in, comments and dead branches taken out and reported.

Each character keeps the line of the file that it came from; those of a file that is input, the line that inputs it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from critic.errors import InputError
from critic.readers.gathering import Gathering, count_words

MAX_CHARS = 1_000_000

_MAX_FILES = 50
_VERBATIM = r"""\\verb\*?([^\sa-zA-Z*])[^\n]{0,500}?\1|\\(?:url|path|href)\{[^{}\n]*\}
|\\begin\{(verbatim\*?|lstlisting|minted)\}[^\\]*+(?:\\(?!end\{\2\}|begin\{(?:verb|lst|mint))[^\\]*+)*+\\end\{\2\}"""
_COMMENT = re.compile(rf"(?x:{_VERBATIM})|\\[^\n]|((?:(?<=\n)[ \t]*+%[^\n]*+\n?|%[^\n]*+\n?[ \t]*+)+)")
_LEFT_OUT = re.compile(r"\\(if(?!f\b|thenelse)[a-zA-Z]*|else|fi)(?![a-zA-Z])|\\(begin|end)\{comment\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)(?:\s*\{([^{}]*)\}|\s+([^\s\\{}]+))")
_RULES = re.compile(r"\\c(?:mid)?(?:rule|line)\*?(?:\[[^\]]*\])?(?:\([^)]*\))?\{[^{}]*\}")


@dataclass(frozen=True)
class Source:
    """A text, and for each of its characters the line of the file that it came from, from 1."""

    text: str
    lines: array[int]

    def __getitem__(self, part: slice) -> Source:
        return Source(self.text[part], self.lines[part])

    def line(self, at: int) -> int:
        """The line of the first character from `at` on that is no space."""
        space = re.compile(r"\s*").match(self.text, at)
        at = min(space.end() if space else at, len(self.text) - 1)
        return self.lines[at] if at >= 0 else 1

    def sub(self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> Source:
        """As `re.sub`; what is put in has the line of what it stands for."""
        draft, last = Draft(), 0
        for match in pattern.finditer(self.text):
            draft.keep(self, last, match.start())
            draft.put(replacement(match), self.line(match.start()))
            last = match.end()
        draft.keep(self, last)
        return draft.source()


class Draft:
    """A source in the making."""

    def __init__(self) -> None:
        self._texts, self._lines = list[str](), array("l")

    def keep(self, source: Source, start: int, end: int | None = None) -> None:
        """Go on with a part of another source."""
        self._texts.append(source.text[start:end])
        self._lines += source.lines[start:end]

    def put(self, text: str, line: int) -> None:
        """Go on with a text whose characters are all on one line."""
        self._texts.append(text)
        self._lines += array("l", [line]) * len(text)

    def source(self) -> Source:
        """What has come of it."""
        return Source("".join(self._texts), self._lines)


def read_source(data: bytes, name: str, folder: Path | None, found: Gathering) -> Source:
    """Decode a source, put in what it inputs from its folder, and report in `found` what it leaves out.

    Raises:
        InputError: not text, too large, or it inputs what it may not.
    """
    return _prune(_with_inputs(_decode(data, name), name, folder, []), found)


def _decode(data: bytes, name: str) -> str:
    latin = re.search(rb"\\usepackage\s*\[(latin[19]|ansinew|cp1252)\]\s*\{inputenc\}", data)
    try:
        text = data.decode("cp1252" if latin else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    if "\0" in text or len(text) > MAX_CHARS:
        raise InputError(
            f"{name} is no LaTeX source of less than {MAX_CHARS:,} characters; save it as what it is, or split it."
        )
    return re.sub(r"\r\n?", "\n", text)


def words(source: str) -> str:
    """What of a piece of source is neither command nor comment sign, on one line."""
    return " ".join(re.sub(r"\\[a-zA-Z]+|(?m:^[ \t]*%+)|[{}%]", " ", source).split())


def _with_inputs(text: str, name: str, folder: Path | None, read: list[str]) -> Source:
    """Put in the files that are input; `read` lists them. A comment that names one stays a comment."""

    def put_in(match: re.Match[str]) -> str:
        if re.search(r"(?<!\\)(?:\\\\)*%", text[text.rfind("\n", 0, match.start()) + 1 : match.start()]):
            return match[0]
        wanted = (match[1] or match[2] or "").strip()
        read.append(wanted)
        if folder is None or len(read) > _MAX_FILES:
            raise InputError(
                f"{name} inputs {wanted}; at most {_MAX_FILES} files beside a file on disk are read: make it one file."
            )
        try:
            path = next(
                (path for end in (".tex", "") if (path := folder / (wanted + end)).is_file()), folder / wanted
            ).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise InputError(f"{name} inputs {wanted}, which lies outside its folder; put it into the folder.")
            if not path.is_file():  # what is no file might never end
                raise FileNotFoundError
            with path.open("rb") as file:
                return _with_inputs(_decode(file.read(4 * MAX_CHARS + 1), wanted), wanted, folder, read).text
        except (OSError, ValueError):
            raise InputError(f"{name} inputs {wanted}, which cannot be read; put it beside {name}.") from None

    draft = Draft()
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+$", text), 1):
        draft.put(line, number)
    source = draft.source().sub(_INPUT, put_in)
    if len(source.text) > MAX_CHARS:
        raise InputError(f"{name} with all that it inputs is larger than {MAX_CHARS:,} characters; split it.")
    return source


def _prune(source: Source, found: Gathering) -> Source:
    r"""Take out and report comments and what \iffalse or the comment environment leave out."""

    def comment(match: re.Match[str]) -> str:
        if match[3] is not None:
            said = words(match[3])
            found.note("comment", said if count_words(said) >= 8 else "", source.line(match.start(3)))
            return ""
        return match[0].replace("%", "\\%") if match[0].startswith("\\url") else match[0]

    source, draft, opened, since, start = source.sub(_COMMENT, comment), Draft(), list[str](), 0, 0
    for mark in _LEFT_OUT.finditer(source.text):
        step, (outer, last) = mark[1] or f"{mark[2]} comment", (opened[since - 1] if since else "", (opened or [""])[-1])
        if outer == "begin comment" and step != "end comment":
            continue
        if step.startswith("if") or step == "begin comment":
            opened.append(step)
        begins = not since and (step in ("iffalse", "begin comment") or (step == "else" and last == "iftrue"))
        ends = since == len(opened) > 0 and step in ("fi", "end comment", "else")
        if begins:
            draft.keep(source, start, mark.start())
            since = len(opened)
            start = mark.end()
        elif ends:
            said, kind = words(source.text[start : mark.start()]), "comment" if "comment" in step else "not displayed"
            found.note(kind, said, source.line(start))
            since, start = 0, mark.end()
        if step in ("fi", "end comment") and opened:
            opened.pop()
    if since:
        found.note("not displayed", words(source.text[start:]), source.line(start))
    else:
        draft.keep(source, start)
    source = draft.source().sub(_RULES, lambda _: "")
    source = source.sub(re.compile(r"\\(begin|end|[be])group(?![a-zA-Z])"), lambda group: "{" if group[1][0] == "b" else "}")
    return source.sub(re.compile(r"\n[ \t]*\n\s*"), lambda _: "\n\\par\n")
