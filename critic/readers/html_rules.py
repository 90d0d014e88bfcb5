"""The styles of a page's elements, as its own style sheets and attributes give them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from critic.readers.html_look import colours, px

_Declarations = list[tuple[str, str, bool]]  # property, value, importance
_MAX_DEPTH, _MAX_COST = 200, 20_000_000
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


class Rules:
    """The rules of a page's style sheets. Raises ValueError where matching them would take too long."""

    def __init__(self, root: Any) -> None:
        from cssselect2 import Matcher
        from tinycss2 import parse_stylesheet

        self._matcher, self._counts, self._cost, self._depth, self._pairs, level = Matcher(), Counter[str](), 0, 0, 0, [root]
        while level:
            for element in level:
                self._counts.update({"*", element.tag.lower(), "#" + element.get("id", ""), *element.get("class", "").split()})
            self._pairs, self._depth = self._pairs + sum(len(element) ** 2 for element in level), self._depth + 1
            level = [child for element in level for child in element if isinstance(child.tag, str)]
        if self._pairs > _MAX_COST or self._depth > _MAX_DEPTH:  # cssselect2 looks at all siblings of an element
            raise ValueError("too deep, or too many siblings")
        for sheet in root.iter("style"):
            if _media(sheet.get("media", "")):
                self._add(parse_stylesheet(sheet.text or "", True, True))

    def _add(self, rules: Sequence[Any], around: str = "") -> None:
        """Compile style rules, also nested ones and those in @media, within a bound on the work of matching them."""
        from cssselect2 import SelectorError, compile_selector_list
        from tinycss2 import parse_blocks_contents, serialize

        for rule in rules:
            prelude = serialize(rule.prelude).strip() if rule.type in ("at-rule", "qualified-rule") else ""
            applies = {"media": _media(prelude), "supports": True, "layer": True, "container": True}
            if rule.type == "at-rule" and rule.content and applies.get(rule.lower_at_keyword):
                self._add(parse_blocks_contents(rule.content, True, True), around)
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
                        self._cost += self._counts[key] * math.comb(self._depth, deep) + (self._pairs**wide if wide else 1)
                        self._matcher.add_selector(one, payload)
                if self._cost > _MAX_COST or deep >= 20:
                    raise ValueError("too many rules")
                self._add(parse_blocks_contents(rule.content, True, True), part)

    def styles(self, node: Any, inherited: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """One element's cascaded values, and all variables."""
        rules = [payload for *_, pseudo, payload in self._matcher.match(node) if pseudo is None]
        return cascade(node.local_name, node.etree_element.get, rules, inherited)


def cascade(
    tag: str, get: Callable[[str], str | None], rules: Sequence[_Declarations], inherited: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """An element's values (markup, rules by specificity and order, inline, the important), and all variables.

    Args:
        tag: its name.
        get: gives its attributes.
        rules: what style sheets declare for it, the least specific first.
        inherited: the variables around it.
    """
    style = {"display": "none"} if get("hidden") is not None or (tag == "dialog" and get("open") is None) else {}
    for key, hint in (("background-color", get("bgcolor")), ("color", get("text" if tag == "body" else "color"))):
        style |= {key: hint if colours(hint) else f"#{hint}"} if hint else {}
    rules = [*rules, _declarations(get("style") or "")]
    style |= {name: value for now in (False, True) for rule in rules for name, value, forced in rule if forced == now}
    custom = dict(inherited) | {name: value for name, value in style.items() if name.startswith("--")}
    for name, value in style.items() if custom else ():
        for _ in range(8):
            if "var(" in value and len(value) < 2000:
                value = re.sub(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)", lambda use: custom.get(use[1], use[2] or ""), value)
        style[name] = value
    return style, custom


def _declarations(content: Any) -> _Declarations:
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
                _VALID.get(name, re.compile("")).match(value) and (value in _KEYWORDS or "color" not in name or colours(value))
            ):
                found.append((name, value, item.important))  # what is not valid leaves an earlier declaration in force
    return found


def _media(query: str) -> bool:
    """Whether a media query holds for a wide screen."""
    for part in query.lower().split(","):
        limits = [(low, px(length, 16, 0)) for low, length in re.findall(r"(min|max)-width:\s*([\w.]+)", part)]
        wrong = "print" in part or "speech" in part or "dark" in part
        if wrong == part.strip().startswith("not") and all((width <= 1280) == (low == "min") for low, width in limits):
            return True
    return False
