"""OpenDocument texts (.odt): what the printed page shows, and apart from it what is hidden in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from critic.errors import InputError
from critic.readers.archive import Archive, Node
from critic.readers.blocks import Block, Document
from critic.readers.gathering import SMALLEST, Gathering, count_words
from critic.readers.odt_styles import Look, Styles, hex_colour, hiding, number, points

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = {f"{_OASIS}{name}:1.0": name for name in ("office", "style", "text", "table", "meta")}
_NAMES |= {f"{_OASIS}{name}:1.0": short for name, short in (("drawing", "draw"), ("xsl-fo-compatible", "fo"))}
_NAMES |= {f"{_OASIS}svg-compatible:1.0": "svg", "http://purl.org/dc/elements/1.1/": "dc"}
_NAMES |= {"urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0": "loext"}
_NAMES |= {"http://www.w3.org/1999/xlink": "xlink"}
_LONG = 12  # words, from which a header is no mere running title
_SPACES = ("text:s", "text:tab", "text:line-break")
_SKIPPED: tuple[str, ...] = (
    "text:sequence-decls",
    "text:variable-decls",
    "text:user-field-decls",
    "office:forms",
    "office:change-info",
)
_SKIPPED += ("text:script", "draw:object", "draw:object-ole", "draw:plugin", "draw:applet", "svg:title", "svg:desc")


def read_odt(data: bytes, name: str) -> Document:
    """Read an OpenDocument text. Headers and footers are left out, unless they hold prose.

    Raises:
        InputError: no OpenDocument text, damaged, protected by a password, too large, too deeply nested, or nothing to see.
    """
    archive = Archive(data, name, "an OpenDocument text")
    if not (archive.read("mimetype") or b"").startswith(b"application/vnd.oasis.opendocument.text"):
        raise InputError(f"{name} is not an OpenDocument text: its mimetype is something else.")
    if b"encryption-data" in (archive.read("META-INF/manifest.xml") or b""):
        raise InputError(f"{name} is protected by a password; save it without one.")
    content, common, meta = (archive.parse(f"{part}.xml", _NAMES) or Node("", {}) for part in ("content", "styles", "meta"))
    body = content.find("office:body", "office:text")
    if not body.tag:
        raise InputError(f"{name} is not an OpenDocument text: there is no text in it.")
    gather = Gathering()
    paper = next((one.attrs["fo:background-color"] for one in _layouts(common) if "fo:background-color" in one.attrs), "")
    place = _Place(hex_colour(paper) or "FFFFFF")
    story = _Story(gather, common, content)
    story.blocks(body, place)
    story.flush(story.ends)
    found = dict[str, None]()
    for header in common.find("office:master-styles").all("style:header", "style:footer", "style:header-first"):
        if header.attrs.get("style:display") != "false":
            with gather.aside() as blocks:
                _Story(gather, common, common).blocks(header, place)
            found |= dict.fromkeys(block.text for block in blocks if count_words(block.text) > _LONG)
    for text in found:
        gather.add(text)
    for node in meta.find("office:meta").nodes:
        if node.tag != "meta:generator" and not node.attrs.get("meta:name", "").startswith(("Mendeley", "ZOTERO")):
            gather.note("metadata", node.text())
    return gather.document(name)


@dataclass(frozen=True)
class _Place:
    """Where text stands, as far as that bears on whether it can be seen."""

    ground: str  # RRGGBB, "" for a picture
    why: str = ""  # how everything here is hidden
    bullet: str = ""  # what the next paragraph begins with


class _Story:
    """A body, a header or a footer."""

    def __init__(self, gather: Gathering, common: Node, own: Node) -> None:
        self._gather, self._styles = gather, Styles(common) if common is own else Styles(common, own)
        self._later = list[tuple[str, Node, _Place]]()  # notes and text boxes, which stand after the paragraph or row
        self.ends = list[tuple[str, Node, _Place]]()
        self._inside = 0  # how many tables, notes and text boxes are open

    def blocks(self, node: Node, place: _Place) -> None:
        for child in node.nodes:
            tag = child.tag
            if tag in ("text:p", "text:h"):
                self._paragraph(child, place)
                place = replace(place, bullet="")
            elif tag in ("text:list-item", "text:list-header"):
                self.blocks(child, replace(place, bullet="- " if tag == "text:list-item" else ""))
            elif tag == "table:table":
                self._table(child, place)
            elif tag == "text:tracked-changes":
                for deletion in child.all("text:deletion"):
                    lines = [part.text() for one in deletion.nodes for part in one.all("text:p", "text:h")]
                    self._gather.note("tracked deletion", " ".join(lines))
            elif tag == "text:section":
                gone = child.attrs.get("text:display") == "none" or child.attrs.get("text:is-hidden") == "true"
                look = self._styles.look("section", child.attrs.get("text:style-name", ""))
                why = place.why or ("hidden section" if gone else "")
                self.blocks(child, replace(place, why=why, ground=look.get("ground") or place.ground))
            elif tag.startswith("draw:"):
                self._shape(child, place)
                self._after()
            elif tag not in _SKIPPED and not tag.endswith("-source") and not tag.startswith("?"):
                self.blocks(child, place)

    def _paragraph(self, node: Node, place: _Place) -> None:
        look = self._styles.look("paragraph", node.attrs.get("text:style-name", ""))
        gone = any(one.attrs.get("text:is-hidden") == "true" for one in node.nodes if one.tag == "text:hidden-paragraph")
        low = 0 < points(look.get("line", "")) < SMALLEST
        why = place.why or ("hidden paragraph" if gone else "clipped" if low else "")
        text = self._inline(node, look, replace(place, why=why, ground=look.get("ground") or place.ground))
        outline = int(number(node.attrs.get("text:outline-level", "1"))) + 1 if node.tag == "text:h" else 0
        level = 1 if look.get("title") else min(outline, 7)
        self._gather.add(text if level else place.bullet + text, level)
        self._after()

    def _table(self, table: Node, place: _Place) -> None:
        self._inside += 1
        for node in table.nodes:
            if node.tag in ("table:title", "table:desc"):
                self._gather.note("alt text", node.text())
        ground = self._ground("table", table) or place.ground
        for row in _within(table, "table:table-row"):
            gone = "hidden row" if row.attrs.get("table:visibility", "visible") != "visible" else ""
            under = self._ground("table-row", row) or ground
            cells = list(_within(row, "table:table-cell", "table:covered-table-cell"))
            texts = list[str]()
            for cell in cells:
                why = place.why or gone or ("covered" if cell.tag == "table:covered-table-cell" else "")
                with self._gather.aside() as blocks:
                    self.blocks(cell, _Place(self._ground("table-cell", cell) or under, why))
                texts.append(" ".join(block.text for block in blocks))
                self._gather.blocks += blocks if len(cells) == 1 else []  # a frame around text, as in forms
            if any(texts) and len(texts) > 1:
                self._gather.add(" | ".join(texts))
            if self._inside == 1:
                self.flush(self._later)
        self._inside -= 1

    def _ground(self, family: str, node: Node) -> str:
        return self._styles.look(family, node.attrs.get("table:style-name", "")).get("ground", "")

    def _inline(self, node: Node, look: Look, place: _Place) -> str:
        found = list[str]()
        for child in node.children:
            if isinstance(child, str):
                found.append(self._gather.show(child, place.why or hiding(look, place.ground)))
            elif child.tag in _SPACES:
                found.append(self._gather.show(" ", place.why))
            elif child.tag == "text:note":
                found.append(self._mark(child, replace(place, why=place.why or hiding(look, place.ground))))
            elif child.tag == "office:annotation":
                self._gather.note("comment", " ".join(one.text() for one in child.all("text:p")))
            elif child.tag.startswith("draw:"):
                self._shape(child, place)
            elif child.tag not in _SKIPPED:
                mine = child.attrs.get("text:string-value", "")
                if child.tag == "text:hidden-text" and mine not in child.text():
                    self._gather.show(mine, "hidden run")
                elif child.tag.endswith("-mark") or child.tag == "text:conditional-text":
                    parts = [mine, *(child.attrs.get(f"text:string-value-if-{case}", "") for case in ("true", "false"))]
                    self._gather.note("field code", " ".join(parts))
                self._gather.note("title attribute", child.attrs.get("office:title", ""))
                styled = self._styles.look("text", child.attrs.get("text:style-name", ""))
                gone = "not displayed" if child.attrs.get("text:display") == "none" else ""
                found.append(self._inline(child, {**look, **styled}, replace(place, why=place.why or gone)))
        return "".join(found)

    def _mark(self, note: Node, place: _Place) -> str:
        body = note.find("text:note-body")
        if place.why:
            self._later.append(("", body, place))
            return ""
        mark = f"[{note.find('text:note-citation').text().strip()}]"
        place = _Place("FFFFFF")
        (self.ends if note.attrs.get("text:note-class") == "endnote" else self._later).append((mark, body, place))
        return self._gather.show(mark)

    def _shape(self, shape: Node, place: _Place, under: str = "") -> None:
        for part in shape.nodes:
            if part.tag in ("svg:title", "svg:desc"):
                self._gather.note("alt text", part.text())
        start, size = (
            [points(shape.attrs.get(f"svg:{key}", "")) for key in keys] for keys in (("x", "y"), ("width", "height"))
        )
        away = any(at > 2000 or at + length < -100 for at, length in zip(start, size, strict=True) if shape.tag != "draw:g")
        ground = self._styles.fill(shape, under or place.ground)
        place = replace(place, ground=ground, why=place.why or ("off the page" if away else ""), bullet="")
        if any(part.tag in ("text:p", "text:h", "text:list", "table:table") for part in shape.nodes):
            self._later.append(("", shape, place))
            return
        behind = list[tuple[Node, str]]()  # filled shapes of this group, from the bottom up
        for part in shape.nodes:
            if part.tag.startswith("draw:") and part.tag not in _SKIPPED:
                covering = [fill for other, fill in behind[-500:] if shape.tag == "draw:g" and _covers(other, part)]
                self._shape(part, place, covering[-1] if covering else "")
                fill = self._styles.fill(part, "")
                behind += [(part, fill)] if fill else []

    def _after(self) -> None:
        if not self._inside:
            self.flush(self._later)

    def flush(self, waiting: list[tuple[str, Node, _Place]]) -> None:
        """Put notes and text boxes here."""
        self._inside += 1
        while waiting:
            mark, node, place = waiting.pop(0)
            with self._gather.aside() as blocks:
                self.blocks(node, place)
            self._gather.blocks += [Block(f"{mark} {' '.join(block.text for block in blocks)}")] if mark else blocks
        self._inside -= 1


def _covers(other: Node, shape: Node) -> bool:
    def span(node: Node, start: str, size: str) -> tuple[float, float]:
        first = points(node.attrs.get(f"svg:{start}", ""))
        return first, first + points(node.attrs.get(f"svg:{size}", ""))

    spans = [(span(other, *keys), span(shape, *keys)) for keys in (("x", "width"), ("y", "height"))]
    return all(low <= (start + end) / 2 <= high for (low, high), (start, end) in spans)


def _layouts(common: Node) -> Iterator[Node]:
    used = {page.attrs.get("style:page-layout-name") for page in common.find("office:master-styles").nodes[:1]}
    for layout in common.find("office:automatic-styles").nodes:
        if layout.attrs.get("style:name") in used:
            yield from layout.all("style:page-layout-properties")


def _within(node: Node, *tags: str) -> Iterator[Node]:
    for child in node.nodes:
        if child.tag in tags:
            yield child
        elif child.tag.startswith("table:table-") and "cell" not in child.tag:
            yield from _within(child, *tags)
