"""How a browser shows the text of one element of a page, given its styles and those around it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from critic.readers.gathering import blending

BLOCKS = re.compile(
    r"address|article|aside|blockquote|body|caption|center|d[dlt]|details|dialog|div|fieldset|fig(caption|ure)|footer|form|h[1-6r]"
    r"|header|legend|li|main|nav|[ou]l|option|p|pre|section|summary|table|tbody|t[dhr]|tfoot|thead"
)
_NEVER = re.compile("audio|canvas|datalist|head|iframe|noembed|noframes|noscript|object|rp|template|video|annotation")
_UNSHOWN = re.compile(r"inset\([^)]*(?:[5-9]\d|\d{3})(?:\.\d+)?%|(?:circle|ellipse)\(\s*0|polygon\([\s0,px%]*\)")
_SIZES = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24, "xx-large": 32}
_UNITS = {"": 1, "px": 1, "pt": 1.333, "pc": 16, "in": 96, "cm": 37.8, "mm": 3.78, "rem": 16, "vw": 12.8, "vh": 8}
_Colour = tuple[float, float, float, float]


@dataclass(frozen=True)
class Look:
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


def look_of(style: dict[str, str], custom: dict[str, str], above: Look, tag: str) -> Look:
    """How an element is shown, given its own styles and what is around it."""
    get = style.get
    size = px(get("font-size", "1em"), above.size, above.size)
    colour = (colours(get("color", "#00e" if tag == "a" else "#000" if tag == "mark" else "")) or [above.colour])[0]
    behind = colours(get("background-color", "#ff0" if tag == "mark" else ""), colour)
    if get("background-clip") == "text":
        colour, behind = [*behind, colour][0], []
    grounds = tuple(_blend(ground, above.behind[0]) for ground in behind if ground[3]) or above.behind
    fixed = get("position") in ("absolute", "fixed")
    box = fixed or bool(BLOCKS.fullmatch(tag)) or get("display", "inline") != "inline" or "float" in style
    small = any(px(get(side, ""), size, 999) <= 1 for side in ("width", "height"))
    cut = fixed and re.fullmatch(r"rect\((?:[01](?:px)?[\s,]*){4}\)", get("clip", ""))
    scale = [
        float(n) for call in re.findall(r"scale\w*\(([^)]*)", get("transform", "")) for n in re.findall(r"\d*\.?\d+", call)
    ]
    moves = [part for call in re.findall(r"translate\w*\(([^)]*)", get("transform", "")) for part in call.split(",")]
    moves += [get(side, "") for side in ("left", "right", "top", "bottom") if get("position", "static") != "static"]
    away = [px(move.strip(), size, 400) for move in (*moves, get("margin-left", ""), get("margin-top", ""))]
    reasons = {
        "not displayed": bool(_NEVER.fullmatch(tag)) or get("display") == "none" or get("content-visibility") == "hidden",
        "clipped": (box and small and get("overflow", "visible") != "visible")
        or bool(cut or _UNSHOWN.search(get("clip-path", ""))),
        "tiny text": min(scale, default=1) < 0.1,
        "off the page": any(length < -900 or (fixed and length > 300_000) for length in away),
    }
    visible, faded = get("visibility", "inherit"), re.search(r"opacity\(\s*([^)]*?)\s*\)", get("filter", ""))
    return Look(
        above.kind or next((kind for kind, applies in reasons.items() if applies), ""),
        above.shown if visible == "inherit" else visible == "visible",
        above.opacity * min(1.0, *(abs(px(share, 1, 1)) for share in (get("opacity", "1"), faded[1] if faded else "1"))),
        colour,
        grounds,
        above.size if math.isnan(size) else size,
        px(style["text-indent"], size, 400) if "text-indent" in style else above.indent,
        custom,
    )


def px(value: str, em: float, whole: float) -> float:
    """A length in pixels, NaN if it is none; `whole` is what a percentage is of."""
    units = _UNITS | {"em": em, "ex": em / 2, "ch": em / 2, "%": whole / 100, "smaller": em * 0.8, "larger": em * 1.2}
    length = re.fullmatch(r"(?:calc\()?([-+]?\d*\.?\d+|(?=[sl]))([a-z]*|%)\)?", value)
    return float(_SIZES.get(value) or (float(length[1] or 1) * units.get(length[2], math.nan) if length else math.nan))


def colours(value: str | None, current: _Colour = (0, 0, 0, 1)) -> list[_Colour]:
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
            found += colours("".join(part.serialize() for part in token.arguments), current)
    return found


def _blend(over: _Colour, under: _Colour) -> _Colour:
    red, green, blue = (over[3] * top + (1 - over[3]) * bottom for top, bottom in zip(over[:3], under[:3], strict=True))
    return red, green, blue, 1.0


def _hex(colour: _Colour) -> str:
    return "".join(f"{round(255 * max(0.0, min(1.0, part))):02x}" for part in colour[:3])
