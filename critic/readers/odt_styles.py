"""What the styles of an OpenDocument text make of its text and of the backgrounds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from critic.readers.archive import Node
from critic.readers.gathering import SMALLEST, blending

Look = Mapping[str, str]  # property -> value, as far as it bears on what can be seen

_UNITS = {"pt": 1.0, "in": 72.0, "cm": 28.35, "mm": 2.835, "pc": 12.0, "px": 0.75}
_FILLS = ("draw:fill", "draw:fill-color", "draw:fill-gradient-name", "draw:opacity")


class Styles:
    """The styles that one part of the document can use."""

    def __init__(self, *parts: Node) -> None:
        groups = [part.find(kind) for part in parts for kind in ("office:styles", "office:automatic-styles")]
        every = [node for group in groups for node in group.nodes]
        self._nodes = {(node.attrs.get("style:family"), node.attrs.get("style:name")): node for node in every}
        self._gradients = {node.attrs.get("draw:name"): node for node in every if node.tag == "draw:gradient"}
        self._known = dict[tuple[str, str], dict[str, str]]()

    def look(self, family: str, name: str) -> dict[str, str]:
        """What a style and its parents set."""
        if (family, name) not in self._known:
            chain = list[Node]()
            step: str | None = name
            while (node := self._nodes.get((family, step))) and not any(node is one for one in chain) and len(chain) < 50:
                chain.append(node)
                step = node.attrs.get("style:parent-style-name")
            if default := self._nodes.get((family, None)):
                chain.append(default)
            look = self._known[family, name] = {}
            for node in reversed(chain):
                self._set(node, look)
        return self._known[family, name]

    def _set(self, node: Node, look: dict[str, str]) -> None:
        if node.attrs.get("style:name") == "Title":
            look["title"] = "on"
        text = node.find("style:text-properties").attrs
        for key in ("text:display", "loext:opacity", "style:text-scale"):
            look |= {key: text[key]} if key in text else {}
        if "fo:color" in text or text.get("style:use-window-font-color") == "true":
            look["ink"] = "" if text.get("style:use-window-font-color") == "true" else hex_colour(text["fo:color"])
        if size := text.get("fo:font-size"):
            share = number(size) / 100 if size.endswith("%") else 0
            look["size"] = f"{number(look.get('size', '12')) * share if share else points(size)}"
        if "fo:background-color" in text:
            look["highlight"] = hex_colour(text["fo:background-color"])
        for kind in ("paragraph", "table-cell", "table-row", "table", "section", "graphic"):
            attrs = node.find(f"style:{kind}-properties").attrs
            if "fo:background-color" in attrs:
                look["ground"] = hex_colour(attrs["fo:background-color"])
            if "fo:line-height" in attrs and not attrs["fo:line-height"].endswith("%"):
                look["line"] = attrs["fo:line-height"]
            look |= {key: attrs[key] for key in _FILLS if key in attrs}

    def fill(self, shape: Node, under: str) -> str:
        """The background that a shape gives to its text."""
        look = self.look("graphic", shape.attrs.get("draw:style-name", ""))
        kind = look.get("draw:fill", "")
        if kind == "gradient":
            return hex_colour(
                self._gradients.get(look.get("draw:fill-gradient-name"), Node("", {})).attrs.get("draw:start-color", "")
            )
        if kind == "bitmap":
            return ""
        if number(look.get("draw:opacity", "100")) < 30:
            return under
        return (hex_colour(look.get("draw:fill-color", "")) if kind == "solid" else look.get("ground")) or under


def hiding(look: Look, ground: str) -> str:
    """How text of this look is hidden on this background; "" if it is not."""
    if look.get("text:display") == "none":
        return "hidden run"
    if number(look.get("loext:opacity", "100")) < 10:
        return "transparent"
    if number(look.get("size", "12")) < SMALLEST or number(look.get("style:text-scale", "100")) < 10:
        return "tiny text"
    return blending(look.get("ink", ""), look.get("highlight") or ground)


def hex_colour(colour: str) -> str:
    """A colour such as #ffffff as RRGGBB; "" for every other value, such as transparent."""
    return colour[1:].upper() if re.fullmatch("#[0-9a-fA-F]{6}", colour) else ""


def number(value: str) -> float:
    """The number that a value begins with, 0 if it begins with none."""
    found = re.match(r"\s*-?\d{1,9}(\.\d{1,9})?", value)
    return float(found[0]) if found else 0.0


def points(length: str) -> float:
    """A length in points."""
    return number(length) * _UNITS.get(length.strip()[-2:], 1.0)
