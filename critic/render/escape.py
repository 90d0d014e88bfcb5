"""Text from a proposal or a reply, made safe for a format in which some of its characters would mean something."""

from __future__ import annotations

import re
from html import escape

from critic.render.words import clean


def markdown(text: str) -> str:
    """Text that stays text: every character that Markdown or HTML could take for markup is escaped."""
    return re.sub(r"([\\`*_{}\[\]#|~!$])", r"\\\1", escape(clean(text), quote=False)).replace("@", "&#64;")


def letter(text: str) -> str:
    """Text for a letter, which reads well as it stands and renders as the same words; for the middle of a line.

    Emphasis is dropped, as it does not count in a quotation; only what would be live markup is escaped.
    """
    text = re.sub(r"\*{2,}|_{2,}|~{2,}|`", "", clean(text))
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])|[*~\[\]]|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|&(?=#?\w+;)", r"\\\g<0>", text)


def command(text: str) -> str:
    """The message of a GitHub workflow command."""
    return clean(text).replace("%", "%25")


def command_property(text: str) -> str:
    """The value of a property of a GitHub workflow command."""
    return command(text).replace(":", "%3A").replace(",", "%2C")


def sarif(text: str) -> str:
    """The text of a SARIF message, in which `[a](b)` would be a link and `{0}` a placeholder (SARIF 2.1.0, 3.11.5, 3.11.6)."""
    return clean(text).replace("](", "] (").replace("{", "{{").replace("}", "}}")
