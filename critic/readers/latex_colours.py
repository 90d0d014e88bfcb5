"""Colours as LaTeX packages name and mix them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_COLOURS = {"gray": "808080", "darkgray": "404040", "lightgray": "bfbfbf", "green": "00ff00"}  # not what CSS says


def colour(model: str, spec: str, defined: Mapping[str, str]) -> str:
    """A colour of xcolor as RRGGBB, empty if it is not known; `defined` are those that the document names."""
    numbers = [float(number) for number in re.findall(r"\d*\.?\d+", spec)[:4]]
    if model == "HTML":
        return spec
    if model == "cmyk" and len(numbers) == 4:
        numbers = [(1 - part) * (1 - numbers[3]) for part in numbers[:3]]
    if model:
        whole = 1 if model == "RGB" else 255
        return "".join(f"{round(min(255.0, part * whole)):02x}" for part in numbers * (3 if len(numbers) == 1 else 1))
    first, *others = spec.strip().split("!")
    mixed = _named(first, defined)
    for share, other in zip(others[::2], [*others[1::2], "white"], strict=False):
        part = min(100.0, float(share)) / 100 if re.fullmatch(r"\d+\.?\d*", share) else 1.0
        known = _named(other, defined)
        if re.fullmatch("[0-9a-fA-F]{6}", mixed) and re.fullmatch("[0-9a-fA-F]{6}", known):
            pairs = zip(bytes.fromhex(mixed), bytes.fromhex(known), strict=True)
            mixed = "".join(f"{round(one * part + two * (1 - part)):02x}" for one, two in pairs)
    return mixed


def _named(name: str, defined: Mapping[str, str]) -> str:
    from tinycss2.color4 import parse_color

    known = getattr(parse_color(name.lower()), "coordinates", ())
    return defined.get(name) or _COLOURS.get(name) or "".join(f"{round(255 * (part or 0)):02x}" for part in known)
