"""What the styles and the theme of a Word document make of a run, a paragraph and a table cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from critic.readers.archive import Node
from critic.readers.gathering import SMALLEST, blending

Look = Mapping[str, str]  # property -> value, as far as it bears on what can be seen

_THEME = {"background1": "bg1", "text1": "tx1", "background2": "bg2", "text2": "tx2"}
_MAPPED = {"bg1": "light1", "tx1": "dark1", "bg2": "light2", "tx2": "dark2"}
_SLOTS = {
    "light1": "lt1",
    "dark1": "dk1",
    "light2": "lt2",
    "dark2": "dk2",
    "hyperlink": "hlink",
    "followedHyperlink": "folHlink",
}
_NAMED = {
    "black": "000000", "white": "FFFFFF", "blue": "0000FF", "cyan": "00FFFF", "green": "00FF00", "magenta": "FF00FF",
    "red": "FF0000", "yellow": "FFFF00", "darkblue": "00008B", "darkcyan": "008B8B", "darkgreen": "006400", "navy": "000080",
    "darkmagenta": "800080", "darkred": "8B0000", "darkyellow": "808000", "darkgray": "808080", "lightgray": "C0C0C0",
    "gray": "808080", "maroon": "800000", "teal": "008080", "purple": "800080", "silver": "C0C0C0", "olive": "808000",
}  # fmt: skip
_BITS = {"firstRow": 0x20, "lastRow": 0x40, "firstColumn": 0x80, "lastColumn": 0x100, "noHBand": 0x200, "noVBand": 0x400}
_OFF = ("0", "false", "off")


def is_on(node: Node) -> bool:
    """Whether a switch such as w:vanish is there and on."""
    return bool(node.tag) and node.attrs.get("w:val", "1") not in _OFF


class Styles:
    """The styles, the theme and the settings of one document."""

    def __init__(self, styles: Node, theme: Node, settings: Node) -> None:
        self._nodes = {node.attrs.get("w:styleId", ""): node for node in styles.nodes if node.tag == "w:style"}
        self._default = {
            node.attrs.get("w:type", ""): node.attrs.get("w:styleId", "")
            for node in self._nodes.values()
            if node.attrs.get("w:default", "0") not in _OFF
        }
        self._scheme = {
            slot.tag[2:]: colour.attrs.get("lastClr") or colour.attrs.get("val", "")
            for slot in theme.find("a:themeElements", "a:clrScheme").nodes
            for colour in slot.nodes[:1]
        }
        self._mapping = {key[2:]: value for key, value in settings.find("w:clrSchemeMapping").attrs.items()}
        self._known: dict[str, tuple[Look, Look]] = {}
        self._cells: dict[tuple[int, tuple[str, ...]], Look] = {}
        self.shows_background = is_on(settings.find("w:displayBackgroundShape"))
        self.even_headers = is_on(settings.find("w:evenAndOddHeaders"))
        defaults = styles.find("w:docDefaults")
        self.base = self.run(defaults.find("w:rPrDefault", "w:rPr"))

    def run(self, properties: Node) -> Look:
        """The look that a w:rPr gives; what it does not set is not in it."""
        look: dict[str, str] = {}
        for node in properties.nodes:
            value = node.attrs.get("w:val", "")
            match node.tag:
                case "w:vanish" | "w:webHidden":
                    look[node.tag] = "on" if is_on(node) else ""
                case "w:sz" | "w:w":
                    look[node.tag] = value.rstrip("%")
                case "w:color":
                    look["ink"] = self.word_colour(node)
                case "w:shd":
                    look["shade"] = self.shade(node)
                case "w:highlight":
                    look["highlight"] = _NAMED.get(value.lower(), "")
                case "w14:textFill":
                    alphas = [
                        int(one.attrs.get("w14:val", "0") or 0) for one in node.all("w14:alpha") if _whole(one, "w14:val")
                    ]
                    clear = node.find("w14:noFill").tag or min(alphas, default=0) >= 90_000  # here alpha is transparency
                    look["clear"] = "on" if clear else ""
                    if fill := self.drawn_colour(node):
                        look["ink"] = fill
                case _:
                    pass
        return look

    def paragraph(self, properties: Node) -> Look:
        """The look that a w:pPr gives, without its style."""
        look: dict[str, str] = {}
        for node in properties.nodes:
            match node.tag:
                case "w:shd":
                    look["shade"] = self.shade(node)
                case "w:outlineLvl":
                    look["outline"] = node.attrs.get("w:val", "")
                case "w:numPr":
                    look["list"] = node.find("w:numId").attrs.get("w:val", "1").strip("0")
                case "w:spacing" if "w:line" in node.attrs:
                    exact = node.attrs.get("w:lineRule") == "exact" and _whole(node, "w:line")
                    look["clipped"] = "on" if exact and int(node.attrs["w:line"]) < 20 * SMALLEST else ""
                case "w:framePr" | "w:ind":
                    places = [int(node.attrs[key]) for key in ("w:x", "w:y", "w:left", "w:start") if _whole(node, key)]
                    look[node.tag] = "on" if any(abs(place) > 15_000 for place in places) else ""  # twips: 26 cm
                case _:
                    pass
        return look

    def style(self, identity: str, kind: str) -> tuple[Look, Look]:
        """The looks (of runs, of the paragraph) that a style and those it is based on give; `kind` is its type."""
        identity = identity or self._default.get(kind, "")
        if identity not in self._known:
            runs: dict[str, str] = {}
            paragraphs: dict[str, str] = {}
            for node in reversed(self._chain(identity)):
                runs |= self.run(node.find("w:rPr"))
                paragraphs |= self.paragraph(node.find("w:pPr"))
                name = node.find("w:name").attrs.get("w:val", "").lower()
                if heading := re.fullmatch(r"heading ([1-9])", name):
                    paragraphs["outline"] = str(int(heading[1]) - 1)
                elif name == "title":
                    paragraphs["outline"] = "title"
            self._known[identity] = (runs, paragraphs)
        return self._known[identity]

    def cell(self, table: Node, row: int, column: int, rows: int, columns: int) -> Look:
        """The look that a table's style gives to one of its cells, by where the cell stands; its fill is "fill"."""
        properties = table.find("w:tblPr")
        chain = self._chain(properties.find("w:tblStyle").attrs.get("w:val", "") or self._default.get("table", ""))
        wanted = tuple(_regions(properties.find("w:tblLook"), row, column, rows, columns))
        key = (id(chain[0]) if chain else 0, wanted)
        if key in self._cells:
            return self._cells[key]
        look = self._cells[key] = dict[str, str]()
        for region in ("", *wanted):
            for style in reversed(chain):
                parts = [one for one in style.nodes if one.tag == "w:tblStylePr" and one.attrs.get("w:type") == region]
                for part in parts if region else [style]:
                    fill = part.find("w:tcPr", "w:shd")
                    fill = fill if fill.tag else part.find("w:tblPr", "w:shd")
                    look |= {**self.run(part.find("w:rPr")), **({"fill": self.shade(fill)} if fill.tag else {})}
        return look

    def _chain(self, identity: str) -> list[Node]:
        chain: list[Node] = []
        while (node := self._nodes.get(identity)) and not any(node is one for one in chain) and len(chain) < 50:
            chain.append(node)
            identity = node.find("w:basedOn").attrs.get("w:val", "")
        return chain

    def word_colour(self, node: Node, key: str = "w:val") -> str:
        """A colour of WordprocessingML as RRGGBB; "" if it is automatic."""
        suffix = "Fill" if key == "w:fill" else ""
        colour = self._slot(node.attrs.get(f"w:theme{suffix or 'Color'}", ""))
        if not colour:
            return node.attrs.get(key, "").replace("auto", "").upper()
        tint, shade = (node.attrs.get(f"w:theme{suffix}{name}", "FF") for name in ("Tint", "Shade"))
        if re.fullmatch("[0-9A-Fa-f]{1,2}", tint) and re.fullmatch("[0-9A-Fa-f]{1,2}", shade):
            colour = _mixed(colour, int(shade, 16) / 255, 0)
            colour = _mixed(colour, int(tint, 16) / 255, 1 - int(tint, 16) / 255)
        return colour

    def shade(self, node: Node) -> str:
        """The background that a w:shd gives; "" for none."""
        pattern = node.attrs.get("w:val", "")
        fill, ink = self.word_colour(node, "w:fill"), self.word_colour(node, "w:color")
        if pattern == "solid":
            return ink or "000000"
        if percent := re.fullmatch(r"pct(\d+)", pattern):
            share = int(percent[1]) / 100
            return _mixed(fill or "FFFFFF", 1 - share, 0, _mixed(ink or "000000", share, 0))
        return "" if pattern == "nil" else fill

    def drawn_colour(self, node: Node) -> str:
        """The first colour of DrawingML in an element as RRGGBB; "" if there is none."""
        for colour in node.all("a:srgbClr", "a:schemeClr", "a:sysClr", "a:prstClr", "w14:srgbClr", "w14:schemeClr"):
            value = colour.attrs.get("lastClr") or colour.attrs.get("val") or colour.attrs.get("w14:val", "")
            found = self._slot(value) if colour.tag.endswith("schemeClr") else _NAMED.get(value.lower(), value.upper())
            changes = {one.tag.partition(":")[2]: one for one in colour.nodes}
            scale = {
                name: int(one.attrs[key]) / 100_000
                for name, one in changes.items()
                for key in ("val", "w14:val")
                if _whole(one, key)
            }
            return _mixed(found, scale.get("lumMod", 1) * scale.get("shade", 1), scale.get("lumOff", 0))
        return ""

    def named(self, colour: str) -> str:
        """A colour as RRGGBB that may be given by its name."""
        return _NAMED.get(colour.lower(), colour.upper())

    def _slot(self, name: str) -> str:
        name = _THEME.get(name, name)
        name = self._mapping.get(name, _MAPPED.get(name, name))
        return self._scheme.get(_SLOTS.get(name, name), "").upper()


def hiding(look: Look, ground: str) -> str:
    """How a run with this look is hidden on this background; "" if it is not."""
    if look.get("w:vanish"):
        return "hidden run"
    if look.get("w:webHidden"):
        return "hidden in web view"
    if look.get("clear"):
        return "transparent"
    for key, least in (("w:sz", 2 * SMALLEST), ("w:w", 10)):
        if re.fullmatch(r"\d+(\.\d+)?", look.get(key, "")) and float(look[key]) < least:
            return "tiny text"
    return blending(look.get("ink", ""), look.get("highlight") or look.get("shade") or ground)


def _regions(look: Node, row: int, column: int, rows: int, columns: int) -> Iterator[str]:
    bits = look.attrs.get("w:val", "")
    flags = int(bits, 16) if re.fullmatch("[0-9A-Fa-f]{1,4}", bits) else 0x4A0

    def on(name: str) -> bool:
        return look.attrs[f"w:{name}"] not in _OFF if f"w:{name}" in look.attrs else bool(flags & _BITS[name])

    if not on("noVBand"):
        yield "band1Vert" if (column - on("firstColumn")) % 2 == 0 else "band2Vert"
    if not on("noHBand"):
        yield "band1Horz" if (row - on("firstRow")) % 2 == 0 else "band2Horz"
    first, last = on("firstColumn") and column == 0, on("lastColumn") and column == columns - 1
    top, bottom = on("firstRow") and row == 0, on("lastRow") and row == rows - 1
    names = {"firstCol": first, "lastCol": last, "firstRow": top, "lastRow": bottom}
    names |= {"nwCell": top and first, "neCell": top and last, "swCell": bottom and first, "seCell": bottom and last}
    yield from (name for name, holds in names.items() if holds)


def _mixed(colour: str, scale: float, plus: float, onto: str = "000000") -> str:
    if not all(re.fullmatch("[0-9A-Fa-f]{6}", value) for value in (colour, onto)):
        return colour
    parts = zip(bytes.fromhex(colour), bytes.fromhex(onto), strict=True)
    return "".join(f"{max(0, min(255, round(part * scale + 255 * plus + other))):02X}" for part, other in parts)


def _whole(node: Node, key: str) -> bool:
    return bool(re.fullmatch(r"-?\d{1,9}", node.attrs.get(key, "")))
