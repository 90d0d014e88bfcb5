"""LaTeX -> Document: what would be typeset, and apart from it what the source hides. Nothing is run or compiled."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from critic.errors import InputError
from critic.readers.blocks import Document
from critic.readers.gathering import Gathering, blending, count_words

_MAX_CHARS, _MAX_FILES, _MAX_EXPANSION = 1_000_000, 50, 20
_VERBATIM = r"""\\verb\*?([^\sa-zA-Z*])[^\n]{0,500}?\1|\\(?:url|path|href)\{[^{}\n]*\}
|\\begin\{(verbatim\*?|lstlisting|minted)\}[^\\]*+(?:\\(?!end\{\2\}|begin\{(?:verb|lst|mint))[^\\]*+)*+\\end\{\2\}"""
_COMMENT = re.compile(rf"(?x:{_VERBATIM})|\\[^\n]|((?:(?<=\n)[ \t]*+%[^\n]*+\n?|%[^\n]*+\n?[ \t]*+)+)")
_LEFT_OUT = re.compile(r"\\(if(?!f\b|thenelse)[a-zA-Z]*|else|fi)(?![a-zA-Z])|\\(begin|end)\{comment\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)(?:\s*\{([^{}]*)\}|\s+([^\s\\{}]+))")
_DEFINED = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|((?:re)?newenvironment))\*?\s*\{?\s*\\?([a-zA-Z]+\*?)\s*\}?\s*"
    r"(?:\[(\d)\])?\s*(\[[^\]]*\])?\s*(?=\{)|\\[egx]?def\s*\\([a-zA-Z]+)\s*((?:#\d)*)(?=\{)"
)
_RULES = re.compile(r"\\c(?:mid)?(?:rule|line)\*?(?:\[[^\]]*\])?(?:\([^)]*\))?\{[^{}]*\}")
_SIZES = re.compile("tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge")
_SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_SILENT = re.compile(
    r"label|[hv]space|(set|addto)(length|counter)|bibliography(style)?|(this)?pagestyle|usepackage|include(graphics)?|input|today"
    r"|selectlanguage|pagecolor|(row|cell)color|nocite|renewenvironment|newenvironment|documentclass|special|pdfliteral"
    r"|(re)?newcommand|providecommand|newtheorem|pagenumbering|addcontentsline|thispagestyle"
)
_ARGUMENTS = {
    "[{": "color pagecolor cellcolor rowcolor caption footnote footnotetext title author thanks paragraph bibitem captionof",
    "[[{": "cite citep citet citealp citeauthor citeyear parencite textcite autocite footcite",
    "[{{": "textcolor colorbox",
    "[{{{": "definecolor",
    "{": "phantom hphantom vphantom hidden invisible transparent pdfinfo url pageref nocite pdfliteral special hypersetup",
    "{{": "href fontsize texttransparent pdftooltip sbox",
    "{{{": "fcolorbox multicolumn multirow",
}
_ENVIRONMENTS = {"tabular": "[{", "tabular*": "{[{", "tabularx": "{[{", "longtable": "[{", "minipage": "[[[{", "multicols": "{"}
_ENVIRONMENTS |= {"wrapfigure": "[{[{", "thebibliography": "{", "adjustwidth": "{{"}
_COLOURS = {"gray": "808080", "darkgray": "404040", "lightgray": "bfbfbf", "green": "00ff00"}  # not what CSS says


@dataclass(frozen=True)
class _Look:
    """How text at one place is set."""

    kind: str = ""
    colour: str = "000000"
    ground: str = "ffffff"


def read_latex(data: bytes, name: str, folder: Path | None = None) -> Document:
    """Read what a LaTeX source would typeset, and what it hides.

    Args:
        data: the source.
        name: what reports call it.
        folder: where it lies; files that it inputs are read from there and from nowhere else. None to read none.

    Raises:
        InputError: empty, not LaTeX, too large or nested too deeply, or it inputs what it may not.
    """
    from pylatexenc.latexwalker import LatexWalkerError

    found = Gathering()
    source = _expand(_prune(_with_inputs(_decode(data, name), name, folder, []), found), name)
    if source.strip() and "\\" not in source:
        raise InputError(f"{name} is no LaTeX: it holds no command; give it the ending of what it is, such as .txt or .md.")
    head, begun, body = source.partition("\\begin{document}")
    body, _, rest = (body if begun else head).partition("\\end{document}")
    try:
        _Reader(found, head if begun else "", body)
    except (LatexWalkerError, RecursionError, IndexError, AttributeError):  # pylatexenc lets them out for broken sources
        raise InputError(f"{name} is nested too deeply or broken; compile it to find where.") from None
    found.show(_words(rest), "not displayed")
    return found.document(name)


def _decode(data: bytes, name: str) -> str:
    latin = re.search(rb"\\usepackage\s*\[(latin[19]|ansinew|cp1252)\]\s*\{inputenc\}", data)
    try:
        text = data.decode("cp1252" if latin else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    if "\0" in text or len(text) > _MAX_CHARS:
        raise InputError(
            f"{name} is no LaTeX source of less than {_MAX_CHARS:,} characters; save it as what it is, or split it."
        )
    return re.sub(r"\r\n?", "\n", text)


def _words(source: str) -> str:
    return " ".join(re.sub(r"\\[a-zA-Z]+|(?m:^[ \t]*%+)|[{}%]", " ", source).split())


def _with_inputs(text: str, name: str, folder: Path | None, read: list[str]) -> str:
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
                return _with_inputs(_decode(file.read(4 * _MAX_CHARS + 1), wanted), wanted, folder, read)
        except (OSError, ValueError):
            raise InputError(f"{name} inputs {wanted}, which cannot be read; put it beside {name}.") from None

    text = _INPUT.sub(put_in, text)
    if len(text) > _MAX_CHARS:
        raise InputError(f"{name} with all that it inputs is larger than {_MAX_CHARS:,} characters; split it.")
    return text


def _prune(source: str, found: Gathering) -> str:
    r"""Take out and report comments and what \iffalse or the comment environment leave out."""

    def comment(match: re.Match[str]) -> str:
        if match[3] is not None:
            found.note("comment", _words(match[3]) if count_words(_words(match[3])) >= 8 else "")
        return (match[0].replace("%", "\\%") if match[0].startswith("\\url") else match[0]) if match[3] is None else ""

    source, parts, opened, since, start = _COMMENT.sub(comment, source), list[str](), list[str](), 0, 0
    for mark in _LEFT_OUT.finditer(source):
        step, (outer, last) = mark[1] or f"{mark[2]} comment", (opened[since - 1] if since else "", (opened or [""])[-1])
        if outer == "begin comment" and step != "end comment":
            continue
        if step.startswith("if") or step == "begin comment":
            opened.append(step)
        begins = not since and (step in ("iffalse", "begin comment") or (step == "else" and last == "iftrue"))
        ends = since == len(opened) > 0 and step in ("fi", "end comment", "else")
        if begins:
            parts.append(source[start : mark.start()])
            since = len(opened)
            start = mark.end()
        elif ends:
            found.note("comment" if "comment" in step else "not displayed", _words(source[start : mark.start()]))
            since, start = 0, mark.end()
        if step in ("fi", "end comment") and opened:
            opened.pop()
    if since:
        found.note("not displayed", _words(source[start:]))
    source = _RULES.sub("", "".join([*parts, "" if since else source[start:]]))
    for brace, group in (("{", "begingroup|bgroup"), ("}", "endgroup|egroup")):
        source = re.sub(rf"\\(?:{group})(?![a-zA-Z])", brace, source)
    return re.sub(r"\n[ \t]*\n\s*", "\n\\\\par\n", source)


def _group(text: str, start: int, marks: str = "{}") -> int:
    """The end of the group that begins at `start`, or the place after one character if none does."""
    depth = 0
    for match in re.compile(rf"\\.|[{re.escape(marks)}]", re.DOTALL).finditer(text, start):
        depth += (match[0] == marks[0]) - (match[0] == marks[1])
        if depth <= 0:
            return match.end() if text[start] == marks[0] else start + 1
    return len(text)


def _expand(source: str, name: str) -> str:
    """Take out definitions of macros and environments and put in what they stand for, to a depth of 20."""
    macros, parts, last = dict[str, tuple[int, str, str]](), list[str](), 0
    source = re.sub(r"\\let\s*(\\[a-zA-Z]+)\s*=?\s*(\\[a-zA-Z]+)", r"\\def\1{\2}", source)
    for match in _DEFINED.finditer(source):
        if match.start() >= last:
            macro, end = match[2] or match[5], _group(source, match.end())
            body, count = source[match.end() + 1 : end - 1], int(match[3] or len(match[6] or "") // 2)
            macros[f"begin{{{macro}}}" if match[1] else macro] = (count, match[4] or "", "{" * bool(match[1]) + body)
            if match[1]:
                start, end = end, _group(source, end)
                macros[f"end{{{macro}}}"] = (0, "", source[start + 1 : end - 1] + "}")
            parts.append(source[last : match.start()])
            last = end
    source = "".join([*parts, source[last:]])
    for macro, (count, default, body) in list(macros.items()):
        if (
            f"\\{macro}" in macros.get(body[1:], (0, "", ""))[2]
        ):  # the old meaning of one with a new one: out of reach behind "@"
            macros[macro] = (count, default, body + "@")
        elif macro in _SECTIONS and "@" in body:
            del macros[macro]
    names = "|".join(re.escape(macro) for macro in sorted(macros, key=len, reverse=True))
    use = re.compile(rf"\\({names})(?<=[a-zA-Z*}}])(?![a-zA-Z@])[ \t]*")
    for _ in range(_MAX_EXPANSION if macros else 0):
        parts, last, size = [], 0, len(source)
        for match in use.finditer(source):
            if match.start() < last:
                continue
            (count, default, body), values, end = macros[match[1]], list[str](), match.end()
            if default:
                close = _group(source, end, "[]") if source[end : end + 1] == "[" else end
                values, end = [source[end + 1 : close - 1] or default[1:-1]], close
            while len(values) < count:
                close = _group(source, end) if end < len(source) else end
                values.append(re.sub(r"(?s)^\{(.*)\}$", r"\1", source[end:close]))
                end = close
            body = "".join(
                (values[int(part) - 1 : int(part)] or [""])[0] if at % 2 else part
                for at, part in enumerate(re.split("#([1-9])", body))
            )
            parts += [source[last : match.start()], body + " " * bool(re.search(r"\\[a-zA-Z]+$", body))]
            last, size = end, size + len(body)
            if size > 2 * _MAX_CHARS:
                break
        source = "".join([*parts, source[last:]])
        if size > 2 * _MAX_CHARS or len(source) > _MAX_CHARS:
            raise InputError(f"{name} has macros that grow beyond {_MAX_CHARS:,} characters; write out what they stand for.")
        if not last:
            return re.sub(r"(\\[a-zA-Z]+)@(?=[^a-zA-Z]|$)", r"\1", source)
    if macros:
        raise InputError(
            f"{name} has macros that use each other more than {_MAX_EXPANSION} deep; write out what they stand for."
        )
    return source


class _Reader:
    """Walks what pylatexenc makes of the source."""

    def __init__(self, found: Gathering, head: str, body: str) -> None:
        from pylatexenc import latex2text, latexwalker, macrospec

        logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
        context = latexwalker.get_default_latex_context_db()
        macros = [macrospec.std_macro(name, spec) for spec, names in _ARGUMENTS.items() for name in names.split()]
        tables = [macrospec.std_environment(name, spec) for name, spec in _ENVIRONMENTS.items()]
        context.add_context_category("critic", prepend=True, macros=macros, environments=tables)
        self.found, self.buffer, self.prefix, self.notes = found, list[str](), "", list[str]()
        self.symbols, self.colours = latex2text.LatexNodes2Text(), dict(_COLOURS)
        self.top = 1 if re.search(r"\\chapter\b", body) else 2
        self.cells: list[str] | None = None
        look, heard = _Look(), ("title", "author", "definecolor", "pdfinfo", "hypersetup", "usepackage", "pagecolor", "color")
        for node in latexwalker.LatexWalker(head, latex_context=context, tolerant_parsing=True).get_latex_nodes()[0]:
            look = self.macro(node, look) if getattr(node, "macroname", "") in heard else look
        self.walk(latexwalker.LatexWalker(body, latex_context=context, tolerant_parsing=True).get_latex_nodes()[0], look)
        self.flush()

    def flush(self, level: int = 0) -> None:
        """End the block under way, and put its footnotes after it; within a table row there is nothing but a space to add."""
        if self.cells is not None:
            self.buffer.append(" ")
            return
        text, self.buffer = "".join(self.buffer), []
        self.found.add(self.prefix + text if text.strip() else "", level)
        self.prefix = "" if text.strip() else self.prefix
        while self.notes:
            self.found.add(self.notes.pop(0))

    def say(self, text: str, look: _Look) -> None:
        """Take in a piece of text, as shown or as hidden."""
        self.buffer.append(self.found.show(text, look.kind or blending(look.colour, look.ground) if text.strip() else ""))

    def symbol(self, node: Any) -> str:
        """What a macro for a symbol or an accent prints; nothing for one that is not known or lacks its letter."""
        try:
            return str(self.symbols.node_to_text(node))
        except (AttributeError, IndexError, KeyError, ValueError):
            return ""

    def row(self, end: bool) -> None:
        """End a cell, and perhaps its row."""
        cells = [*(self.cells or ()), " ".join("".join(self.buffer).split())]
        self.buffer, self.cells = [" | ".join(cells)] if end and any(cells) else [], None if end else cells
        if end:
            self.flush()
            self.cells = []

    def walk(self, nodes: Any, look: _Look) -> None:
        """Read nodes; what changes colour or size holds to the end of the group or cell."""
        outer = look
        for node in nodes or ():
            kind, name = type(node).__name__, getattr(node, "macroname", getattr(node, "specials_chars", ""))
            if self.cells is not None and name in ("&", "\\", "tabularnewline"):
                self.row(name != "&")
                look = outer
            elif kind == "LatexMacroNode":
                look = self.macro(node, look)
            elif kind == "LatexEnvironmentNode":
                self.environment(node, look)
            elif kind == "LatexGroupNode" or re.search(r"^(?:\$|\\[(\[]).*(?:color|phantom)", node.latex_verbatim(), re.DOTALL):
                self.walk(node.nodelist, look)
            else:
                math = kind == "LatexMathNode"
                self.say(node.latex_verbatim() if math else getattr(node, "chars", "") or self.symbol(node), look)

    def environment(self, node: Any, look: _Look) -> None:
        """Read one environment."""
        name, outer, options = node.environmentname, self.cells, ""
        if "equation" in name or re.match("align|gather|multline|eqnarray|flalign|math|displaymath", name):
            return self.say(node.latex_verbatim(), look)
        if outer is None:
            self.flush()
        if name.startswith(("tabular", "longtable")):
            self.cells = [] if outer is None else outer
            self.walk(node.nodelist, look)
            if outer is None:
                self.row(True)
        elif name.startswith("tikz"):
            for inner in node.nodelist:
                options = options * (";" not in getattr(inner, "chars", "")) + getattr(inner, "chars", "")
                if hasattr(inner, "delimiters"):
                    colour = re.search(r"(?:text|color)\s*=\s*([\w!]+)", options)
                    clear = re.search(r"opacity\s*=\s*(?:0?\.0\d*|0)(?![.\d])", options)
                    seen = replace(look, colour=self.colour("", colour[1])) if colour else look
                    self.walk(inner.nodelist, replace(seen, kind=look.kind or "transparent" * bool(clear)))
                    self.flush()
        else:
            self.walk(node.nodelist or [], look)
            self.say(getattr(node.nodeargd, "verbatim_text", ""), look)
        self.cells = outer
        if outer is None:
            self.flush()
        return None

    def macro(self, node: Any, look: _Look) -> _Look:
        """Read one macro; returns how what follows it is set."""
        name, nodes = node.macroname, [one for one in getattr(node.nodeargd, "argnlist", None) or () if one is not None]
        raw = [one.latex_verbatim().strip("{}[]* ") for one in nodes] or [""]
        *_, third, second, final = "", "", *raw
        braced = [one for one in nodes if getattr(one, "delimiters", "{")[0] == "{" and one.latex_verbatim() != "*"]
        last, model = braced[-1:], raw[0] if len(braced) < len(nodes) else ""
        if name in ("par", "maketitle", "newpage", "clearpage", "item", "bibitem"):
            self.flush()
            self.prefix = "- " if name == "item" else self.prefix
            self.say(f"[{final}] " if name == "bibitem" else raw[0] + " " * (name == "item"), look)
        elif name in (*_SECTIONS, "title", "author", "caption", "captionof"):
            self.flush()
            self.walk(last, look)
            self.flush(max(2, _SECTIONS.index(name) - self.top + 2) if name in _SECTIONS else int(name == "title"))
        elif name in ("footnote", "footnotetext", "thanks"):
            outer, self.buffer = self.buffer, []
            self.walk(last, look)
            self.notes, self.buffer = [*self.notes, "".join(self.buffer)], outer
        elif "cite" in name or name.lower() in ("ref", "eqref", "autoref", "cref", "pageref"):
            self.say(f"[{final}]" if name != "nocite" else "", look)
        elif name in ("color", "textcolor"):
            coloured = replace(look, colour=self.colour(model, final if name == "color" else second))
            if name == "color":
                return coloured
            self.walk(last, coloured)
        elif name in ("pagecolor", "rowcolor", "cellcolor"):
            return replace(look, ground=self.colour(model, final))
        elif name in ("colorbox", "fcolorbox"):
            self.walk(last, replace(look, ground=self.colour(model, second)))
        elif name == "definecolor":
            self.colours[third] = self.colour(second, final)
        elif name == "fontsize":
            size = re.match(r"[\d.]+", raw[0])
            return replace(look, kind="tiny text" if size and float(size[0]) < 4 else look.kind.replace("tiny text", ""))
        elif _SIZES.fullmatch(name):
            return replace(look, kind=look.kind.replace("tiny text", ""))
        elif name in ("transparent", "texttransparent"):
            clear = replace(look, kind="transparent" if re.match(r"0?\.?0", raw[0]) else look.kind)
            if name == "transparent":
                return clear
            self.walk(last, clear)
        elif name in ("pdfliteral", "special") and (mode := re.search(r"\b([0-7]) Tr\b", raw[0])):
            return replace(look, kind="invisible render mode" if mode[1] == "3" else "")
        elif name in ("pdfinfo", "hypersetup", "usepackage"):
            for value in re.findall(r"[{(]([^{}()]*)[)}]", nodes[0].latex_verbatim()[1:-1]):
                self.found.note("metadata", value)
        elif re.fullmatch("[hv]?phantom|hidden|invisible|sbox", name):
            self.walk(last, replace(look, kind=look.kind or "not displayed"))
        elif name == "pdftooltip":
            self.walk(braced[:1], look)
            self.found.note("title attribute", final)
        elif name in ("url", "verb"):
            self.say(getattr(node.nodeargd, "verbatim_text", raw[0].replace("\\%", "%")), look)
        elif len(name) == 1 or "{" not in (getattr(node.nodeargd, "argspec", "") or ""):  # accents and symbols
            self.say(self.symbol(node), look)
        elif not _SILENT.fullmatch(name):
            self.walk(last if name in ("href", "multicolumn", "multirow") else braced, look)
        return look

    def colour(self, model: str, spec: str) -> str:
        """A colour of xcolor as RRGGBB, empty if it is not known."""
        from tinycss2.color4 import parse_color

        numbers = [float(number) for number in re.findall(r"\d*\.?\d+", spec)[:4]]
        if model == "HTML":
            return spec
        if model == "cmyk" and len(numbers) == 4:
            numbers = [(1 - part) * (1 - numbers[3]) for part in numbers[:3]]
        if model:
            whole = 1 if model == "RGB" else 255
            return "".join(f"{round(min(255.0, part * whole)):02x}" for part in numbers * (3 if len(numbers) == 1 else 1))
        first, *others = spec.strip().split("!")
        known = parse_color(first.lower())
        mixed = self.colours.get(first) or "".join(
            f"{round(255 * (part or 0)):02x}" for part in getattr(known, "coordinates", ())
        )
        for share, other in zip(others[::2], [*others[1::2], "white"], strict=False):
            part = min(100.0, float(share)) / 100 if re.fullmatch(r"\d+\.?\d*", share) else 1.0
            known = self.colours.get(other) or "".join(
                f"{round(255 * p):02x}" for p in getattr(parse_color(other), "coordinates", ())
            )
            if re.fullmatch("[0-9a-fA-F]{6}", mixed) and re.fullmatch("[0-9a-fA-F]{6}", known):
                pairs = zip(bytes.fromhex(mixed), bytes.fromhex(known), strict=True)
                mixed = "".join(f"{round(one * part + two * (1 - part)):02x}" for one, two in pairs)
        return mixed
