"""Review -> text. One file a format; each has `render(review) -> str`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import cast

from critic.findings import Review


class Format(StrEnum):
    """What a review can be written as; each is a module beside this file."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SARIF = "sarif"
    GITHUB = "github"
    QUESTIONS = "questions"


def renderer(format: Format) -> Callable[[Review], str]:
    """The function that writes a review in this format, ending in a newline."""
    return cast("Callable[[Review], str]", import_module(f"critic.render.{format.value}").render)
