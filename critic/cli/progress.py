"""What a person sees while a model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from critic.settings import Settings

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler


@contextmanager
def progress(settings: Settings, what: str) -> Iterator[BaseCallbackHandler]:
    """Name the host before the text goes there, then keep a line about the requests; all of it on standard error.

    Args:
        settings: which models are asked, and where.
        what: is sent.

    Yields:
        A LangChain callback that keeps the line up to date.
    """
    from langchain_core.callbacks import AsyncCallbackHandler
    from rich.console import Console

    from critic.models import chat_models

    chats = chat_models(settings)
    console = Console(stderr=True)
    names = ", ".join(dict.fromkeys(chat.model for chat in chats))
    console.print(f"Sending {what} to {chats[0].host} (model {names}).", highlight=False, markup=False, soft_wrap=True)
    sent = answered = 0
    with console.status("Waiting for the first reply") as status:

        def show() -> None:
            status.update(f"{answered} of {sent} requests answered")

        class Progress(AsyncCallbackHandler):
            async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
                nonlocal sent
                sent += 1
                show()

            async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
                nonlocal answered
                answered += 1
                show()

        yield Progress()
