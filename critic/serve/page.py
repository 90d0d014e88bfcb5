"""The start page: where proposals are dropped, and the list of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

import critic.render
from critic.models import chat_models
from critic.readers import MAX_BYTES
from critic.render import Format
from critic.render.html import policy
from critic.rubrics import RubricPack
from critic.settings import Settings

_PAGE = Path(__file__).with_name("page")
_LOOKS = Path(critic.render.__file__).with_name("page") / "review.css"  # the page looks as the reviews do


def destination(settings: Settings) -> str:
    """Where the text of a proposal goes, as a sentence.

    Raises InputError: a model is to be asked, and there is no key.
    """
    if not settings.online:
        return "Offline: proposals are screened by cues, and nothing leaves this machine."
    chats = chat_models(settings)
    names = dict.fromkeys(chat.model for chat in chats)
    return f"The text of each proposal goes to {chats[0].host} (model {', '.join(names)})."


def page(settings: Settings, pack: RubricPack, folder: Path, *, blind: bool = False) -> tuple[str, str]:
    """The page, and the content security policy that it is to be served with."""
    style = Markup(_LOOKS.read_text(encoding="utf-8") + (_PAGE / "serve.css").read_text(encoding="utf-8"))  # noqa: S704 - our own
    script = Markup((_PAGE / "serve.js").read_text(encoding="utf-8"))  # noqa: S704 - our own
    data = {
        "formats": [format.value for format in Format],
        "most": MAX_BYTES,
        "links": [link.id for link in pack.about.links],
    }
    text = _template().render(
        style=style,
        script=script,
        data=Markup(json.dumps(data).replace("<", "\\u003c")),  # noqa: S704 - no `<`, so it cannot end its element
        destination=destination(settings),
        online=settings.online,
        second_look=settings.online and settings.second_look,
        folder=folder,
        blind=blind,
        pack=pack,
        megabytes=f"{MAX_BYTES / 1e6:g}",
    )
    allowed = policy(style, script, connect="'self'", form="'self'")
    return text, f"{allowed}; img-src data:; frame-ancestors 'none'"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("serve.html")
