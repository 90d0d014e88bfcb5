"""Word documents (.docx): what the printed page shows, and apart from it what is hidden in the file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from critic.errors import InputError
from critic.readers.archive import Archive, Node
from critic.readers.blocks import Block, Document
from critic.readers.docx_drawing import NAMES, Place, boxes, content, descriptions, whole, within
from critic.readers.docx_styles import Look, Styles, hiding, is_on
from critic.readers.gathering import Gathering, count_words

_SPACES = {"w:tab": " ", "w:br": " ", "w:cr": " ", "w:ptab": " ", "w:noBreakHyphen": "-"}
_LONG = 12  # words, from which a header is no mere running title


def read_docx(data: bytes, name: str) -> Document:
    """Read a Word document. Headers and footers are left out, unless they hold prose.

    Raises:
        InputError: no Word document, damaged, protected by a password, too large, too deeply nested, or nothing to see in it.
    """
    return _Reader(Archive(data, name, "a Word document"), name).document()


class _Reader:
    def __init__(self, archive: Archive, name: str) -> None:
        self._archive, self._name, self._gather = archive, name, Gathering()
        main = next((target for kind, _, target in self._relations("") if kind == "officeDocument"), "")
        self._root = self._parse(main)
        if self._root.tag != "w:document":
            raise InputError(f"{name} is not a Word document: its main part is something else.")
        self._targets = self._relations(main)
        self._parts = {kind: self._parse(target) for kind, _, target in self._targets if kind not in ("header", "footer")}
        self._styles = Styles(*(self._parts.get(kind, Node("", {})) for kind in ("styles", "theme", "settings")))
        self._fields: list[list[str] | None] = []  # of each open field its code, or None once its result has begun
        self._later = list[tuple[str, Node, Place]]()  # notes and text boxes, which stand after the paragraph or row
        self._ends = list[tuple[str, Node, Place]]()
        self._marks: dict[str, int] = {"footnote": 0, "endnote": 0}
        notes = {kind: self._parts.get(f"{kind}s", Node("", {})).nodes for kind in self._marks}
        self._notes = {kind: {note.attrs.get("w:id", ""): note for note in notes[kind]} for kind in notes}
        self._used: set[int] = set()
        self._inside = 0  # how many tables, notes and text boxes are open
        size = next(self._root.all("w:pgSz"), Node("", {})).attrs
        self._page = [635 * whole(size.get(key, ""), 16_840) for key in ("w:w", "w:h")]  # EMU

    def document(self) -> Document:
        paper = self._styles.word_colour(self._root.find("w:background"), "w:color")
        place = Place(paper if paper and self._styles.shows_background else "FFFFFF")
        self._blocks(self._root.find("w:body"), place)
        self._flush(self._later)
        self._flush(self._ends)
        for open_code in self._fields:  # of fields that never end
            self._code("".join(open_code or []))
        for kind in self._marks:
            for note in self._notes[kind].values():
                if id(note) not in self._used and "w:type" not in note.attrs:
                    self._blocks(note, replace(place, why="not displayed"))
        self._headers(place)
        for comment in self._parts.get("comments", Node("", {})).nodes:
            lines = ("".join(piece.text() for piece in line.all("w:t")) for line in comment.all("w:p"))
            self._gather.note("comment", " ".join(lines))
        self._metadata()
        return self._gather.document(self._name)

    def _parse(self, part: str) -> Node:
        return self._archive.parse(part, NAMES) or Node("", {})

    def _relations(self, part: str) -> list[tuple[str, str, str]]:
        folder, base = posixpath.split(part)
        root = self._parse(posixpath.join(folder, "_rels", f"{base}.rels"))
        wanted = (
            "officeDocument styles theme settings footnotes endnotes comments header footer core-properties custom-properties"
        )
        return [
            (kind, node.attrs.get("Id", ""), posixpath.normpath(posixpath.join("/", folder, node.attrs.get("Target", "")))[1:])
            for node in root.nodes
            if (kind := node.attrs.get("Type", "").rpartition("/")[2]) in wanted.split()
            and node.attrs.get("TargetMode") != "External"
        ]

    def _headers(self, place: Place) -> None:
        shown = {"default"} | ({"even"} if self._styles.even_headers else set())
        identities = {
            reference.attrs.get("r:id")
            for section in self._root.all("w:sectPr")
            for reference in section.nodes
            if reference.attrs.get("w:type") in (shown | {"first"} if is_on(section.find("w:titlePg")) else shown)
        }
        found = dict[str, None]()
        for kind, identity, target in self._targets:
            if kind in ("header", "footer") and identity in identities:
                with self._gather.aside() as blocks:
                    self._blocks(self._parse(target), place)
                    self._flush(self._later)
                found |= dict.fromkeys(block.text for block in blocks if count_words(block.text) > _LONG)
        for text in found:
            self._gather.add(text)

    def _metadata(self) -> None:
        kinds = ("core-properties", "custom-properties")
        for node in [node for kind, _, part in self._relations("") if kind in kinds for node in self._parse(part).nodes]:
            if not node.attrs.get("name", "").startswith(("Mendeley", "ZOTERO")):
                self._gather.note("metadata", node.text())
        for variable in self._parts.get("settings", Node("", {})).find("w:docVars").nodes:
            self._gather.note("metadata", variable.attrs.get("w:val", ""))

    def _blocks(self, node: Node, place: Place) -> None:
        for child in content(node):
            match child.tag:
                case "w:p":
                    self._paragraph(child, place)
                case "w:tbl":
                    self._table(child, place)
                case "w:del" | "w:moveFrom":
                    self._blocks(child, replace(place, why="tracked deletion"))
                case _:  # a w:altChunk among them, which has nothing in it and is not opened
                    self._blocks(child, place)

    def _paragraph(self, node: Node, place: Place) -> None:
        properties = node.find("w:pPr")
        runs, inherited = self._styles.style(properties.find("w:pStyle").attrs.get("w:val", ""), "paragraph")
        look = {**inherited, **self._styles.paragraph(properties)}
        away = "off the page" if look.get("w:framePr") or look.get("w:ind") else "clipped" if look.get("clipped") else ""
        place = replace(place, ground=look.get("shade") or place.ground, why=place.why or away)
        text = self._inline(node, {**self._styles.base, **place.run, **runs}, place)
        outline = look.get("outline", "")
        level = 1 if outline == "title" else int(outline) + 2 if outline in [*"012345678"] else 0
        self._gather.add(f"- {text}" if look.get("list") and not level else text, level)
        if not self._inside:
            self._flush(self._later)

    def _table(self, node: Node, place: Place) -> None:
        for kind in ("w:tblCaption", "w:tblDescription"):
            self._gather.note("alt text", node.find("w:tblPr", kind).attrs.get("w:val", ""))
        self._inside += 1
        rows = list(within(node, "w:tr"))
        for number, row in enumerate(rows):
            properties = row.find("w:trPr")
            height = properties.find("w:trHeight").attrs
            low = height.get("w:hRule") == "exact" and whole(height.get("w:val", ""), 999) < 80
            gone = "tracked deletion" if properties.find("w:del").tag else "clipped" if low else ""
            why = place.why or ("hidden row" if is_on(properties.find("w:hidden")) else gone)
            texts = list(self._cells(node, row, number, len(rows), replace(place, why=why)))
            if any(texts) and len(texts) > 1:
                self._gather.add(" | ".join(texts))
            if self._inside == 1:
                self._flush(self._later)
        self._inside -= 1

    def _cells(self, table: Node, row: Node, number: int, rows: int, place: Place) -> Iterator[str]:
        cells = list(within(row, "w:tc"))
        spans = [min(whole(cell.find("w:tcPr", "w:gridSpan").attrs.get("w:val", ""), 1), 100) for cell in cells]
        for cell, column in zip(cells, accumulate(spans, initial=0), strict=False):
            properties = cell.find("w:tcPr")
            look = self._styles.cell(table, number, column, rows, sum(spans))
            shade = properties.find("w:shd")
            fill = self._styles.shade(shade) if shade.tag else look.get("fill", "")
            merge = properties.find("w:vMerge")
            covered = "covered" if merge.tag and merge.attrs.get("w:val") != "restart" and number else ""
            why = place.why or ("tracked deletion" if properties.find("w:cellDel").tag else covered)
            with self._gather.aside() as blocks:
                self._blocks(cell, Place(fill or place.ground, look, why))
            if len(cells) == 1:  # a frame around text, as in forms
                self._gather.blocks.extend(blocks)
            yield " ".join(block.text for block in blocks)

    def _inline(self, node: Node, base: Look, place: Place) -> str:
        found: list[str] = []
        for child in content(node):
            match child.tag:
                case "w:r" | "m:r":
                    properties = child.find("w:rPr")
                    direct = self._styles.run(properties)
                    styled = self._styles.style(properties.find("w:rStyle").attrs.get("w:val", ""), "character")[0]
                    look = {**base, **styled, **direct}
                    if "w:vanish" not in direct:  # in styles it toggles
                        look["w:vanish"] = "on" if bool(base.get("w:vanish")) != bool(styled.get("w:vanish")) else ""
                    found.append(self._pieces(child, base, replace(place, why=place.why or hiding(look, place.ground))))
                case "w:del" | "w:moveFrom":
                    found.append(self._inline(child, base, replace(place, why="tracked deletion")))
                case _:
                    self._gather.note("title attribute", child.attrs.get("w:tooltip", ""))
                    self._code(child.attrs.get("w:instr", ""))
                    found.append(self._inline(child, base, place))
        return "".join(found)

    def _pieces(self, run: Node, base: Look, place: Place) -> str:
        found: list[str] = []
        for child in content(run):
            codes = [code for code in self._fields if code is not None]
            kind = child.tag.removeprefix("w:").removesuffix("Reference")
            if child.tag in ("w:t", "m:t", "w:delText", *_SPACES):
                why = "tracked deletion" if child.tag == "w:delText" else ""
                text = _SPACES.get(child.tag) or child.text()
                if codes:
                    codes[-1].append(text)
                else:
                    found.append(self._gather.show(text, place.why or why))
            elif child.tag in ("w:instrText", "w:delInstrText"):
                (codes[-1].append if codes else self._code)(child.text())
            elif child.tag == "w:fldChar":
                self._field(child.attrs.get("w:fldCharType", ""))
            elif kind in self._marks:
                found.append(self._mark(kind, child, place))
            elif child.tag in ("w:drawing", "w:pict", "w:object"):
                for text in descriptions(child):
                    self._gather.note("alt text", text)
                self._later += [("", box, where) for box, where in boxes(child, place, self._styles, self._page)]
            elif child.tag == "w:ruby":
                found.append(self._inline(child, base, place))
        return "".join(found)

    def _field(self, step: str) -> None:
        if step == "begin" and len(self._fields) < 100:
            self._fields.append([])
        elif step in ("separate", "end") and self._fields:
            self._code("".join(self._fields.pop() or []))
            if step == "separate":
                self._fields.append(None)

    def _code(self, code: str) -> None:
        if not code.strip().startswith("ADDIN"):  # reference managers keep titles and abstracts there
            self._gather.note("field code", code)

    def _mark(self, kind: str, reference: Node, place: Place) -> str:
        note = self._notes[kind].get(reference.attrs.get("w:id", ""))
        if note is None or id(note) in self._used:
            return ""
        self._used.add(id(note))
        if place.why:
            self._later.append(("", note, Place(why=place.why)))
            return ""
        self._marks[kind] += 1
        mark = f"[{self._marks[kind]}]" if kind == "footnote" else f"[e{self._marks[kind]}]"
        (self._later if kind == "footnote" else self._ends).append((mark, note, Place()))
        return self._gather.show(mark)

    def _flush(self, waiting: list[tuple[str, Node, Place]]) -> None:
        self._inside += 1
        while waiting:
            mark, node, place = waiting.pop(0)
            with self._gather.aside() as blocks:
                self._blocks(node, place)
            self._gather.blocks += [Block(f"{mark} {' '.join(block.text for block in blocks)}")] if mark else blocks
        self._inside -= 1
