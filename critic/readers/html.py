"""HTML -> Document: what a browser shows, and apart from it what the page's own styles or markup hide.

Nothing is loaded and no script is run: pictures and style sheets outside the file count as not there.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from critic.errors import InputError
from critic.readers.blocks import Document
from critic.readers.gathering import Gathering, blending, count_words

_MAX_BYTES, _MAX_DEPTH, _MAX_COST = 50_000_000, 200, 20_000_000
_BLOCKS = re.compile(
    r"address|article|aside|blockquote|body|caption|center|d[dlt]|details|dialog|div|fieldset|fig(caption|ure)|footer|form|h[1-6r]"
    r"|header|legend|li|main|nav|[ou]l|option|p|pre|section|summary|table|tbody|t[dhr]|tfoot|thead"
)
_NEVER = re.compile("audio|canvas|datalist|head|iframe|noembed|noframes|noscript|object|rp|template|video|annotation")
_UNSHOWN = re.compile(r"inset\([^)]*(?:[5-9]\d|\d{3})(?:\.\d+)?%|(?:circle|ellipse)\(\s*0|polygon\([\s0,px%]*\)")
_SIZES = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32}
_UNITS = {"": 1, "px": 1, "pt": 1.333, "pc": 16, "in": 96, "cm": 37.8, "mm": 3.78, "rem": 16, "vw": 12.8, "vh": 8}
_SHORT = {"background": "background-color", "background-image": "background-color", "font": "font-size"}
_SHORT |= {"overflow-x": "overflow", "overflow-y": "overflow", "-webkit-text-fill-color": "color", "max-width": "width"}
_SHORT |= {"max-height": "height", "-webkit-clip-path": "clip-path", "-webkit-background-clip": "background-clip"}
_KEYWORDS = ("inherit", "initial", "unset", "revert", "none")
_VALID = {
    "display": re.compile(
        "(none|block|inline|flow|flex|grid|table|contents|list-item|ruby|-webkit|inherit|initial|unset|revert)\\b"
    ),
    "visibility": re.compile("(visible|hidden|collapse|inherit|initial|unset|revert)$"),
    "position": re.compile("(static|relative|absolute|fixed|sticky|-webkit-sticky|inherit|initial|unset|revert)$"),
    "overflow": re.compile("(visible|hidden|clip|scroll|auto|overlay|inherit|initial|unset|revert)\\b"),
    **dict.fromkeys(
        ("opacity", "font-size", "text-indent", "left", "top", "width", "height"), re.compile(r"[-+.\d]|[a-z-]+(\(.*)?$")
    ),
}
_Colour = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Look:
    """How text at one place of the tree is shown."""

    kind: str = ""  # how an element around it is hidden
    shown: bool = True  # visibility
    opacity: float = 1.0
    colour: _Colour = (0, 0, 0, 1)
    behind: tuple[_Colour, ...] = ((1, 1, 1, 1),)  # what may lie behind: more than one for a gradient
    size: float = 16.0
    indent: float = 0.0
    custom: dict[str, str] = field(default_factory=dict)  # variables

    def hidden(self) -> str:
        """The kind of hiding, or nothing for text that can be seen."""
        same = [blending(_hex(_blend(self.colour, ground)), _hex(ground)) for ground in self.behind]
        reasons = {
            "not displayed": not self.shown,
            "transparent": self.opacity < 0.1 or self.colour[3] < 0.1,
            "tiny text": self.size < 4,
            "off the page": not -500 < self.indent < 5000,
            same[0]: all(same),
        }
        return self.kind or next((kind for kind, applies in reasons.items() if applies), "")


def read_html(data: bytes, name: str) -> Document:
    """Read a page's visible text in the order of its source, and what its markup and own styles hide.

    Raises:
        InputError: empty, not HTML, not in the encoding it names, or too large, deep or involved to read.
    """
    from lxml import etree

    text = _decode(data, name) if len(data) <= _MAX_BYTES else "\0"
    if not text.strip():
        raise InputError(f"{name} is empty: there is no text to review.")
    if "\0" in text or not re.search(r"<(?:[a-z][\w:-]*[\s/>]|!doctype)", text, re.I):
        raise InputError(f"{name} is not HTML of less than {_MAX_BYTES / 1e6:g} MB; save it as what it is, or split it.")
    try:
        parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
        root = etree.fromstring(text.encode("utf-8"), parser)
        found = Gathering() if root is None else _Page(root).found
    except (etree.LxmlError, RecursionError, SyntaxError, MemoryError, ValueError) as error:
        raise InputError(f"{name} is broken, nested too deeply or too involved; save it anew as simpler HTML.") from error
    return found.document(name)


def _decode(data: bytes, name: str) -> str:
    from webencodings import lookup  # type: ignore[import-untyped, unused-ignore]

    declared = re.search(
        rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w:-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w:-]+)", data[:2048], re.I
    )
    known = lookup((declared[1] or declared[2]).decode()) if declared else None
    encoding = "utf-8-sig" if known is None or known.name.startswith(("utf", "x-user")) else known.codec_info.name
    try:
        return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not in {encoding} (byte {error.start}); save it as UTF-8, or declare its charset."
        ) from error


class _Page:
    """Walks the tree once and gathers blocks and what is hidden. Raises ValueError for what would take too long."""

    def __init__(self, root: Any) -> None:
        from cssselect2 import ElementWrapper, Matcher
        from tinycss2 import parse_stylesheet

        self.found, self.matcher, self.buffer, self.prefix, self.level = Gathering(), Matcher(), list[str](), "", 0
        self.row: list[str] | None = None
        self.cost, self.depth, self.pairs, self.counts, level = 0, 0, 0, Counter[str](), [root]
        while level:
            for element in level:
                self.counts.update({"*", element.tag.lower(), "#" + element.get("id", ""), *element.get("class", "").split()})
            self.pairs, self.depth = self.pairs + sum(len(element) ** 2 for element in level), self.depth + 1
            level = [child for element in level for child in element if isinstance(child.tag, str)]
        if self.pairs > _MAX_COST or self.depth > _MAX_DEPTH:  # cssselect2 looks at all siblings of an element
            raise ValueError("too deep, or too many siblings")
        for sheet in root.iter("style"):
            if _media(sheet.get("media", "")):
                self.add_rules(parse_stylesheet(sheet.text or "", True, True))
        for node in (*root.itersiblings(preceding=True), *root.itersiblings()):
            self.comment(node)
        self.walk(ElementWrapper.from_html_root(root), _Look())
        self.flush()

    def walk(self, node: Any, above: _Look) -> None:
        """Read one element and all below it."""
        element, tag, outer, level = node.etree_element, node.etree_element.tag.lower(), self.row, self.level
        for key, kind in (("alt", "alt text"), ("title", "title attribute"), ("content", "metadata")):
            self.found.note(kind, element.get(key, ""))
        if tag == "title":
            self.found.note("metadata", element.text or "")
        if tag in ("script", "style", "title"):
            return
        look = _look(*_styles(node, self.matcher, above), above, tag)
        if _BLOCKS.fullmatch(tag):
            self.flush()
        if tag == "tr" and outer is None and not element.xpath("boolean(.//table|.//h1|.//h2|.//h3|.//h4)"):  # no layout
            self.row = []
        self.prefix = "- " if tag == "li" and outer is None else self.prefix
        self.level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else level
        self.say("\n" if tag == "br" else element.text or "", look, tag)
        children = iter(node.iter_children())
        for child in element:
            if isinstance(child.tag, str):
                inner = next(children)
                _ = inner.previous_siblings  # asked for in order, so that cssselect2 never recurses far
                self.walk(inner, look)
            else:
                self.comment(child)
            self.say(child.tail or "", look, tag)
        cell = " ".join("".join(self.buffer).split())
        if tag in ("td", "th") and outer is not None and (cell or not look.hidden()):
            outer.append(cell)
            self.buffer.clear()
        elif tag == "tr" and outer is None and self.row is not None:
            self.buffer, self.row = ([" | ".join(self.row)] if any(self.row) else []) + self.buffer, None
        if _BLOCKS.fullmatch(tag):
            self.flush()
        self.prefix, self.level = "" if tag == "li" else self.prefix, level

    def flush(self) -> None:
        """End the block under way; within a table row there is nothing but a space to add."""
        if self.row is not None:
            self.buffer.append(" ")
            return
        for part in re.split(r"\n\s*\n", "".join(self.buffer)):
            self.found.add(self.prefix + part if part.strip() else "", self.level)
            self.prefix = "" if part.strip() else self.prefix
        self.buffer.clear()

    def say(self, text: str, look: _Look, tag: str) -> None:
        """Take in one text node: as text, or as hidden."""
        text = text if tag in ("pre", "br") else re.sub(r"\s+", " ", text)
        self.buffer.append(self.found.show(text, look.hidden() if text.strip() else ""))

    def comment(self, node: Any) -> None:
        """Note a comment or processing instruction; one for old browsers only if a piece without markup is prose."""
        parts = re.split(r"(?i)<(/?)(?:script|style|xml)\b[^<>]*>", node.text or "")
        kept = [part for mark, part in zip(["/", *parts[1:-2:2], "/"], parts[::2], strict=False) if mark]
        pieces = re.split(r"<[^<>]*>", " ".join(kept))
        text = max(pieces, key=len) if pieces[0].startswith("[if") else " ".join(pieces)
        self.found.note("comment", text if count_words(text) >= 8 else "")

    def add_rules(self, rules: Sequence[Any], around: str = "") -> None:
        """Compile style rules, also nested ones and those in @media, within a bound on the work of matching them."""
        from cssselect2 import SelectorError, compile_selector_list
        from tinycss2 import parse_blocks_contents, serialize

        for rule in rules:
            prelude = serialize(rule.prelude).strip() if rule.type in ("at-rule", "qualified-rule") else ""
            applies = {"media": _media(prelude), "supports": True, "layer": True, "container": True}
            if rule.type == "at-rule" and rule.content and applies.get(rule.lower_at_keyword):
                self.add_rules(parse_blocks_contents(rule.content, True, True), around)
            if rule.type != "qualified-rule":
                continue
            payload = _declarations(rule.content)
            for part in prelude.split(",") if "(" not in prelude else [prelude]:  # an unknown one must not save the others
                if around:
                    part = part.replace("&", f":is({around})") if "&" in part else f":is({around}) {part}"
                deep, wide = len(re.findall(r"[^\s>+~]\s+(?=[^\s>+~])", part)), len(re.findall(r"~|:nth|:has|-of-", part))
                with suppress(SelectorError):
                    for one in compile_selector_list(part) if deep < 20 else ():
                        key = "#" + one.id if one.id else one.class_name or one.lower_local_name or "*"
                        self.cost += self.counts[key] * math.comb(self.depth, deep) + (self.pairs**wide if wide else 1)
                        self.matcher.add_selector(one, payload)
                if self.cost > _MAX_COST or deep >= 20:
                    raise ValueError("too many rules")
                self.add_rules(parse_blocks_contents(rule.content, True, True), part)


def _styles(node: Any, matcher: Any, above: _Look) -> tuple[dict[str, str], dict[str, str]]:
    """One element's cascaded values (markup, rules by specificity and order, inline, the important), and all variables."""
    get, body = node.etree_element.get, node.local_name == "body"
    style = {"display": "none"} if get("hidden") is not None or (node.local_name == "dialog" and get("open") is None) else {}
    for key, hint in (("background-color", get("bgcolor")), ("color", get("text" if body else "color"))):
        style |= {key: hint if _colours(hint) else f"#{hint}"} if hint else {}
    rules = [payload for *_, pseudo, payload in matcher.match(node) if pseudo is None]
    rules.append(_declarations(get("style", "")))
    style |= {name: value for now in (False, True) for rule in rules for name, value, forced in rule if forced == now}
    custom = above.custom | {name: value for name, value in style.items() if name.startswith("--")}
    for name, value in style.items() if custom else ():
        for _ in range(8):
            if "var(" in value and len(value) < 2000:
                value = re.sub(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)", lambda use: custom.get(use[1], use[2] or ""), value)
        style[name] = value
    return style, custom


def _declarations(content: Any) -> list[tuple[str, str, bool]]:
    """Property, value and importance of each declaration; of a shorthand the one value that matters here."""
    from tinycss2 import parse_blocks_contents, serialize

    found = []
    for item in parse_blocks_contents(content, True, True):
        if item.type == "declaration":
            name, value = _SHORT.get(item.lower_name, item.lower_name), serialize(item.value).strip().lower()
            if item.lower_name == "font":
                value = next((part.split("/")[0] for part in value.split() if re.match(r"0(/|$)|[\d.]+[a-z%]", part)), "16px")
            if name in ("margin", "inset"):
                top, right, _, left = (value.split() * 4)[:4] if len(value.split()) != 3 else [*value.split(), value.split()[1]]
                sides = (
                    {"margin-top": top, "margin-left": left} if name == "margin" else {"top": top, "right": right, "left": left}
                )
                found += [(side, length, item.important) for side, length in (sides if value else {}).items()]
            if "var(" in value or (
                _VALID.get(name, re.compile("")).match(value) and (value in _KEYWORDS or "color" not in name or _colours(value))
            ):
                found.append((name, value, item.important))  # what is not valid leaves an earlier declaration in force
    return found


def _look(style: dict[str, str], custom: dict[str, str], above: _Look, tag: str) -> _Look:
    """How an element is shown, given its own styles and what is around it."""
    get = style.get
    size = _px(get("font-size", "1em"), above.size, above.size)
    colour = (_colours(get("color", "#00e" if tag == "a" else "#000" if tag == "mark" else "")) or [above.colour])[0]
    behind = _colours(get("background-color", "#ff0" if tag == "mark" else ""), colour)
    if get("background-clip") == "text":
        colour, behind = [*behind, colour][0], []
    grounds = tuple(_blend(ground, above.behind[0]) for ground in behind if ground[3]) or above.behind
    fixed = get("position") in ("absolute", "fixed")
    box = fixed or bool(_BLOCKS.fullmatch(tag)) or get("display", "inline") != "inline" or "float" in style
    small = any(_px(get(side, ""), size, 999) <= 1 for side in ("width", "height"))
    cut = fixed and re.fullmatch(r"rect\((?:[01](?:px)?[\s,]*){4}\)", get("clip", ""))
    scale = [
        float(n) for call in re.findall(r"scale\w*\(([^)]*)", get("transform", "")) for n in re.findall(r"\d*\.?\d+", call)
    ]
    moves = [part for call in re.findall(r"translate\w*\(([^)]*)", get("transform", "")) for part in call.split(",")]
    moves += [get(side, "") for side in ("left", "right", "top", "bottom") if get("position", "static") != "static"]
    away = [_px(move.strip(), size, 400) for move in (*moves, get("margin-left", ""), get("margin-top", ""))]
    reasons = {
        "not displayed": bool(_NEVER.fullmatch(tag)) or get("display") == "none" or get("content-visibility") == "hidden",
        "clipped": (box and small and get("overflow", "visible") != "visible")
        or bool(cut or _UNSHOWN.search(get("clip-path", ""))),
        "tiny text": min(scale, default=1) < 0.1,
        "off the page": any(length < -900 or (fixed and length > 300_000) for length in away),
    }
    visible, faded = get("visibility", "inherit"), re.search(r"opacity\(\s*([^)]*?)\s*\)", get("filter", ""))
    return _Look(
        above.kind or next((kind for kind, applies in reasons.items() if applies), ""),
        above.shown if visible == "inherit" else visible == "visible",
        above.opacity * min(1.0, *(abs(_px(share, 1, 1)) for share in (get("opacity", "1"), faded[1] if faded else "1"))),
        colour,
        grounds,
        above.size if math.isnan(size) else size,
        _px(style["text-indent"], size, 400) if "text-indent" in style else above.indent,
        custom,
    )


def _px(value: str, em: float, whole: float) -> float:
    """A length in pixels, NaN if it is none; `whole` is what a percentage is of."""
    units = _UNITS | {"em": em, "ex": em / 2, "ch": em / 2, "%": whole / 100, "smaller": em * 0.8, "larger": em * 1.2}
    length = re.fullmatch(r"(?:calc\()?([-+]?\d*\.?\d+|(?=[sl]))([a-z]*|%)\)?", value)
    return float(_SIZES.get(value) or (float(length[1] or 1) * units.get(length[2], math.nan) if length else math.nan))


def _colours(value: str | None, current: _Colour = (0, 0, 0, 1)) -> list[_Colour]:
    """Every colour in a value, also those of a gradient."""
    from tinycss2 import parse_component_value_list
    from tinycss2.color4 import parse_color

    found: list[_Colour] = []
    for token in parse_component_value_list(value or ""):
        colour = parse_color(token) if token.type in ("ident", "hash", "function") else None
        if isinstance(colour, str):
            found.append(current)
        elif colour is not None:
            light = (colour[0] or 0) / (1 if colour.space.startswith("ok") else 100)  # of Lab: enough to tell white from black
            srgb = colour.to("srgb") if colour.space in ("hsl", "hwb") else [light] * 3 if "l" in colour.space[:3] else colour
            found.append((srgb[0] or 0, srgb[1] or 0, srgb[2] or 0, colour.alpha))
        elif token.type == "function":
            found += _colours("".join(part.serialize() for part in token.arguments), current)
    return found


def _blend(over: _Colour, under: _Colour) -> _Colour:
    red, green, blue = (over[3] * top + (1 - over[3]) * bottom for top, bottom in zip(over[:3], under[:3], strict=True))
    return red, green, blue, 1.0


def _media(query: str) -> bool:
    """Whether a media query holds for a wide screen."""
    for part in query.lower().split(","):
        limits = [(low, _px(length, 16, 0)) for low, length in re.findall(r"(min|max)-width:\s*([\w.]+)", part)]
        wrong = "print" in part or "speech" in part or "dark" in part
        if wrong == part.strip().startswith("not") and all((width <= 1280) == (low == "min") for low, width in limits):
            return True
    return False


def _hex(colour: _Colour) -> str:
    return "".join(f"{round(255 * max(0.0, min(1.0, part))):02x}" for part in colour[:3])
