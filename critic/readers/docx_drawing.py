"""Drawings in a Word document: the text boxes in them, on what they stand, and the descriptions of pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from critic.readers.archive import Node
from critic.readers.docx_styles import Look, Styles

_SCHEMAS, _STRICT = "http://schemas.openxmlformats.org/", "http://purl.oclc.org/ooxml/"
_MICROSOFT = "http://schemas.microsoft.com/office/"
NAMES = {
    f"{_SCHEMAS}package/2006/relationships": "rel",
    f"{_SCHEMAS}package/2006/metadata/core-properties": "cp",
    f"{_SCHEMAS}markup-compatibility/2006": "mc",
    f"{_SCHEMAS}drawingml/2006/picture": "pic",
    f"{_MICROSOFT}word/2010/wordprocessingShape": "wps",
    f"{_MICROSOFT}word/2010/wordprocessingGroup": "wpg",
    f"{_MICROSOFT}word/2010/wordprocessingCanvas": "wpc",
    f"{_MICROSOFT}word/2010/wordml": "w14",
    "urn:schemas-microsoft-com:vml": "v",
    "http://purl.org/dc/elements/1.1/": "dc",
}
for _short, _new, _old in (
    ("w", "wordprocessingml/main", "wordprocessingml/2006/main"),
    ("r", "officeDocument/relationships", "officeDocument/2006/relationships"),
    ("m", "officeDocument/math", "officeDocument/2006/math"),
    ("a", "drawingml/main", "drawingml/2006/main"),
    ("wp", "drawingml/wordprocessingDrawing", "drawingml/2006/wordprocessingDrawing"),
):
    NAMES |= {_STRICT + _new: _short, _SCHEMAS + _old: _short}
_TINY = 50_800  # EMU: 4 points
_MARGIN = 1_800_000  # EMU: what lies further left than this of a margin is off the page
_KNOWN = ("http://schemas.microsoft.com/office/", "http://schemas.openxmlformats.org/")
_FILLS = ("a:solidFill", "a:gradFill", "a:pattFill", "a:blipFill", "a:noFill")


@dataclass(frozen=True)
class Place:
    """Where text stands, as far as that bears on whether it can be seen."""

    ground: str = "FFFFFF"  # "" for a picture
    run: Look = field(default_factory=dict)  # what a table's style or a shape gives to its text
    why: str = ""  # how everything here is hidden


def content(node: Node) -> Iterator[Node]:
    """The elements in a node that Word lays out: no properties, nothing that it does not know, one of alternatives."""
    for child in node.nodes:
        if child.tag == "mc:AlternateContent":
            choices = [one for one in child.nodes if one.tag == "mc:Choice"]
            fits = (one for one in choices if all(uri.startswith(_KNOWN) for uri in one.attrs.get("Requires", "?").split()))
            yield from content(next(fits, child.find("mc:Fallback")))
        elif not child.tag.endswith("Pr") and not child.tag.startswith("?"):
            yield child


def within(node: Node, tag: str) -> Iterator[Node]:
    """The rows of a table or the cells of a row, without those of tables inside."""
    for child in content(node):
        if child.tag == tag:
            yield child
        elif child.tag not in ("w:p", "w:tbl"):
            yield from within(child, tag)


def descriptions(node: Node) -> Iterator[str]:
    """The alternative texts and the titles in a drawing."""
    for part in node.all("wp:docPr", "pic:cNvPr", "wps:cNvPr", "wpg:cNvPr", "v:shape", "v:rect", "v:roundrect", "v:group"):
        yield from (part.attrs[key] for key in ("descr", "title", "alt") if key in part.attrs)


def boxes(node: Node, place: Place, styles: Styles, page: Sequence[int]) -> Iterator[tuple[Node, Place]]:
    """The text boxes in a drawing, each with its place; `page` is the page's width and height in EMU."""
    behind: list[tuple[tuple[int, int, int, int], str]] = []  # filled shapes of this group, from the bottom up
    for child in content(node):
        here = place
        match child.tag:
            case "w:txbxContent":
                yield child, place
                continue
            case "wp:anchor" | "wp:inline":
                hidden = child.find("wp:docPr").attrs.get("hidden") in ("1", "true")
                here = replace(place, why=place.why or ("not displayed" if hidden else _away(child, page)))
            case "wps:wsp":
                area = _area(child.find("wps:spPr", "a:xfrm"))
                middle = (area[0] + area[2] // 2, area[1] + area[3] // 2)
                under = [fill for (x, y, w, h), fill in behind[-500:] if x <= middle[0] <= x + w and y <= middle[1] <= y + h]
                fill = _fill(child, styles)
                behind += [(area, fill)] if fill is not None else []
                ink = styles.drawn_colour(child.find("wps:style", "a:fontRef"))
                ground = fill if fill is not None else [place.ground, *under][-1]
                here = replace(place, ground=ground, run={"ink": ink} if ink else {})
            case "v:shape" | "v:rect" | "v:roundrect" | "v:oval":
                colour = child.attrs.get("fillcolor", "white").split(" ")[0].lstrip("#")
                filled = child.attrs.get("filled", "t") not in ("f", "false")
                colour = "".join(2 * digit for digit in colour) if re.fullmatch("[0-9a-fA-F]{3}", colour) else colour
                picture = child.find("v:fill").attrs.get("type", "solid") != "solid"
                ground = "" if picture else styles.named(colour) if filled else place.ground
                unseen = "visibility:hidden" in child.attrs.get("style", "").replace(" ", "")
                here = replace(place, ground=ground, why=place.why or ("not displayed" if unseen else ""))
            case _:
                pass
        yield from boxes(child, here, styles, page)


def _fill(shape: Node, styles: Styles) -> str | None:
    """The fill of a shape as RRGGBB, "" if it is a picture, None if there is none."""
    fill = next((one for one in shape.find("wps:spPr").nodes if one.tag in _FILLS), Node("", {}))
    if not fill.tag:
        theme = shape.find("wps:style", "a:fillRef")
        return styles.drawn_colour(theme) if theme.attrs.get("idx", "0") != "0" else None
    faint = any(whole(alpha.attrs.get("val", ""), 100_000) < 30_000 for alpha in fill.all("a:alpha"))
    return None if fill.tag == "a:noFill" or faint else styles.drawn_colour(fill)


def _away(anchor: Node, page: Sequence[int]) -> str:
    extent = anchor.find("wp:extent").attrs
    for axis, key, length in (("wp:positionH", "cx", page[0]), ("wp:positionV", "cy", page[1])):
        size = whole(extent.get(key, ""), _TINY)
        if size < _TINY:
            return "clipped"
        start = whole(anchor.find(axis, "wp:posOffset").text(), 0)
        on_page = anchor.find(axis).attrs.get("relativeFrom") == "page"
        if start >= length or start + size < (0 if on_page else -_MARGIN):
            return "off the page"
    return ""


def _area(frame: Node) -> tuple[int, int, int, int]:
    start, size = frame.find("a:off").attrs, frame.find("a:ext").attrs
    keys = ("x", "y", "cx", "cy")
    x, y, width, height = (whole(one.get(key, ""), 0) for one, key in zip([start, start, size, size], keys, strict=True))
    return x, y, width, height


def whole(value: str, other: int) -> int:
    """A whole number, or the other one if the text is none."""
    return int(value) if re.fullmatch(r"\s*-?\d{1,12}\s*", value) else other
