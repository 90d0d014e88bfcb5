"""LaTeX -> Document: what would be typeset, and apart from it what the source hides. Nothing is run or compiled."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from critic.errors import InputError
from critic.readers.blocks import Document
from critic.readers.gathering import Gathering, blending
from critic.readers.latex_colours import colour
from critic.readers.latex_macros import SECTIONS, expand
from critic.readers.latex_source import Source, read_source, words

_SIZES = re.compile("tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge")
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
    source = expand(read_source(data, name, folder, found), name)
    if source.text.strip() and "\\" not in source.text:
        raise InputError(f"{name} is no LaTeX: it holds no command; give it the ending of what it is, such as .txt or .md.")
    head, begun, _ = source.text.partition("\\begin{document}")
    start = len(head + begun) if begun else 0
    end = start + len(source.text[start:].partition("\\end{document}")[0])
    try:
        _Reader(found, source[: start and len(head)], source[start:end])
    except (LatexWalkerError, RecursionError, IndexError, AttributeError):  # pylatexenc lets them out for broken sources
        raise InputError(f"{name} is nested too deeply or broken; compile it to find where.") from None
    end += len("\\end{document}")
    found.show(words(source.text[end:]), "not displayed", source.line(end))
    return found.document(name)


class _Reader:
    """Walks what pylatexenc makes of the source."""

    def __init__(self, found: Gathering, head: Source, body: Source) -> None:
        from pylatexenc import latex2text, latexwalker, macrospec

        logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
        context = latexwalker.get_default_latex_context_db()
        macros = [macrospec.std_macro(name, spec) for spec, names in _ARGUMENTS.items() for name in names.split()]
        tables = [macrospec.std_environment(name, spec) for name, spec in _ENVIRONMENTS.items()]
        context.add_context_category("critic", prepend=True, macros=macros, environments=tables)
        self.found, self.buffer, self.prefix, self.notes = found, list[str](), "", list[tuple[str, int | None]]()
        self.symbols, self.colours = latex2text.LatexNodes2Text(), dict[str, str]()
        self.top = 1 if re.search(r"\\chapter\b", body.text) else 2
        self.line = 1  # of the node under way
        self.start: int | None = None  # the line of the first text of the block under way
        self.cells: list[str] | None = None
        look, heard = _Look(), ("title", "author", "definecolor", "pdfinfo", "hypersetup", "usepackage", "pagecolor", "color")
        for self.source in (head, body):
            walker = latexwalker.LatexWalker(self.source.text, latex_context=context, tolerant_parsing=True)
            nodes = walker.get_latex_nodes()[0]
            if self.source is head:
                nodes = [node for node in nodes if getattr(node, "macroname", "") in heard]
            look = self.walk(nodes, look)
        self.flush()

    def flush(self, level: int = 0) -> None:
        """End the block under way, and put its footnotes after it; within a table row there is nothing but a space to add."""
        if self.cells is not None:
            self.buffer.append(" ")
            return
        text, self.buffer = "".join(self.buffer), []
        self.found.add(self.prefix + text if text.strip() else "", level, self.start)
        self.prefix, self.start = "" if text.strip() else self.prefix, None
        while self.notes:
            note, line = self.notes.pop(0)
            self.found.add(note, line=line)

    def say(self, text: str, look: _Look) -> None:
        """Take in a piece of text, as shown or as hidden."""
        why = look.kind or blending(look.colour, look.ground) if text.strip() else ""
        self.buffer.append(self.found.show(text, why, self.line))
        self.start = self.start or (self.line if self.buffer[-1].strip() else None)

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

    def walk(self, nodes: Any, look: _Look) -> _Look:
        """Read nodes; what changes colour or size holds to the end of the group or cell. Returns how what follows is set."""
        outer = look
        for node in nodes or ():
            self.line = self.source.line(node.pos)
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
        return look

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
                    inked = re.search(r"(?:text|color)\s*=\s*([\w!]+)", options)
                    clear = re.search(r"opacity\s*=\s*(?:0?\.0\d*|0)(?![.\d])", options)
                    seen = replace(look, colour=colour("", inked[1], self.colours)) if inked else look
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
        elif name in (*SECTIONS, "title", "author", "caption", "captionof"):
            self.flush()
            self.walk(last, look)
            self.flush(max(2, SECTIONS.index(name) - self.top + 2) if name in SECTIONS else int(name == "title"))
        elif name in ("footnote", "footnotetext", "thanks"):
            (outer, start), (self.buffer, self.start) = (self.buffer, self.start), ([], None)
            self.walk(last, look)
            self.notes.append(("".join(self.buffer), self.start))
            self.buffer, self.start = outer, start
        elif "cite" in name or name.lower() in ("ref", "eqref", "autoref", "cref", "pageref"):
            self.say(f"[{final}]" if name != "nocite" else "", look)
        elif name in ("color", "textcolor"):
            coloured = replace(look, colour=colour(model, final if name == "color" else second, self.colours))
            if name == "color":
                return coloured
            self.walk(last, coloured)
        elif name in ("pagecolor", "rowcolor", "cellcolor"):
            return replace(look, ground=colour(model, final, self.colours))
        elif name in ("colorbox", "fcolorbox"):
            self.walk(last, replace(look, ground=colour(model, second, self.colours)))
        elif name == "definecolor":
            self.colours[third] = colour(second, final, self.colours)
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
                self.found.note("metadata", value, self.line)
        elif re.fullmatch("[hv]?phantom|hidden|invisible|sbox", name):
            self.walk(last, replace(look, kind=look.kind or "not displayed"))
        elif name == "pdftooltip":
            self.walk(braced[:1], look)
            self.found.note("title attribute", final, self.line)
        elif name in ("url", "verb"):
            self.say(getattr(node.nodeargd, "verbatim_text", raw[0].replace("\\%", "%")), look)
        elif len(name) == 1 or "{" not in (getattr(node.nodeargd, "argspec", "") or ""):  # accents and symbols
            self.say(self.symbol(node), look)
        elif not _SILENT.fullmatch(name):
            self.walk(last if name in ("href", "multicolumn", "multirow") else braced, look)
        return look
