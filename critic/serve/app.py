"""The addresses of the server, and what is behind each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from critic.adjudication import SUFFIX
from critic.comparison import compare
from critic.errors import CriticError
from critic.readers import MAX_BYTES
from critic.render import Format, html, renderer
from critic.render.comparison import render_html
from critic.rubrics import RubricPack
from critic.screening.results import Results
from critic.screening.run import manner
from critic.screening.store import Store
from critic.serve.desk import Desk
from critic.serve.guard import Guard
from critic.serve.page import page
from critic.serve.shelf import Shelf
from critic.settings import Settings

_MOST_MARKS = 1_000_000  # bytes
_ENDINGS = {
    Format.TERMINAL: ("txt", "text/plain"),
    Format.JSON: ("json", "application/json"),
    Format.MARKDOWN: ("md", "text/markdown"),
    Format.HTML: ("html", "text/html"),
    Format.SARIF: ("sarif", "application/json"),
    Format.GITHUB: ("github.txt", "text/plain"),
    Format.QUESTIONS: ("questions.md", "text/markdown"),
}


def application(
    settings: Settings,
    pack: RubricPack,
    store: Store,
    folder: Path,
    *,
    token: str,
    host: str = "127.0.0.1",
    blind: bool = False,
    ending: Callable[[], bool] = lambda: False,
    hurried: Callable[[], bool] = lambda: False,
) -> Guard:
    """The server as an ASGI application; proposals and reviews are kept in the folder, whose store is open.

    Args:
        settings: which model is asked; without one, proposals are screened offline.
        pack: the rubrics.
        store: of the folder; used in the thread that calls, and in no other.
        folder: private, since the proposals are.
        token: the first part of every path.
        host: that the server listens on.
        blind: whether nobody is shown a verdict before he has given his own.
        ending: whether the server is about to end, so that what streams has to.
        hurried: whether it is to leave the requests that are under way.

    Raises:
        InputError: the folder cannot be used, or a model is to be asked and there is no key.
    """
    desk = Desk(settings, pack, Shelf(folder, Results(store, folder, manner(settings, pack))), store, blind=blind)
    addresses = _Addresses(desk, *page(settings, pack, folder, blind=blind), ending)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.stop(hurried)

    inside = Starlette(
        routes=[
            Route("/", addresses.start),
            Route("/events", addresses.events),
            Route("/proposals", addresses.drop, methods=["POST"]),
            Route("/proposals/{key}", addresses.delete, methods=["DELETE"]),
            Route("/proposals/{key}/review", addresses.again, methods=["POST"]),
            Route("/reviews/{key}/", addresses.review),
            Route("/reviews/{key}/marks", addresses.marks),
            Route("/reviews/{key}/marks", addresses.keep_marks, methods=["PUT"]),
            Route("/reviews/{key}/{format}", addresses.download),
            Route("/compare", addresses.compare),
        ],
        lifespan=lifespan,
        exception_handlers=dict.fromkeys((CriticError, HTTPException, Exception), _refused),
    )
    return Guard(inside, token, host)


class _Addresses:
    """What is behind each address."""

    def __init__(self, desk: Desk, page: str, policy: str, ending: Callable[[], bool]) -> None:
        self._desk, self._page, self._policy, self._ending = desk, page, policy, ending

    async def start(self, request: Request) -> Response:
        return HTMLResponse(self._page, headers={"content-security-policy": self._policy})

    async def events(self, request: Request) -> Response:
        """Server-sent events: first everything, then each file that changes."""

        async def told() -> AsyncIterator[str]:
            event = "event: all\n"
            async for rows in self._desk.changes(self._ending):
                yield f"{event}data: {json.dumps(rows)}\n\n" if rows or event else ":\n\n"
                event = ""

        return StreamingResponse(told(), media_type="text/event-stream")

    async def drop(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        key = self._desk.drop(await _body(request, MAX_BYTES, f"{name} is", "split it, or leave out annexes"), name)
        return PlainTextResponse(key, 201)

    async def delete(self, request: Request) -> Response:
        await self._desk.delete(self._key(request.path_params["key"]))
        return Response(status_code=204)

    async def again(self, request: Request) -> Response:
        self._desk.review(self._key(request.path_params["key"]))
        return Response(status_code=202)

    async def review(self, request: Request) -> Response:
        """The page of a review, which may speak to nobody but the address that keeps its marks."""
        key = self._reviewed(request.path_params["key"])
        shelf, blind = self._desk.shelf, self._desk.blind
        text = await asyncio.to_thread(
            lambda: html.render(shelf.review(key), blind=blind, keep="marks", marks=shelf.marks(key))
        )
        policy = f"connect-src {request.url.replace(query='', fragment='')}marks; frame-ancestors 'none'"
        return HTMLResponse(text, headers={"content-security-policy": policy})

    async def marks(self, request: Request) -> Response:
        key = self._reviewed(request.path_params["key"])
        marks = self._desk.shelf.marks(key)
        if marks is None:
            raise HTTPException(404, "Nothing is marked in this review yet.")
        return self._file(marks.model_dump_json(indent=2) + "\n", key, SUFFIX[1:], "application/json")

    async def keep_marks(self, request: Request) -> Response:
        key = self._reviewed(request.path_params["key"])
        self._desk.shelf.keep_marks(key, await _body(request, _MOST_MARKS, "That is", "shorten the reasons"))
        return Response(status_code=204)

    async def download(self, request: Request) -> Response:
        key = self._reviewed(request.path_params["key"])
        try:
            format = Format(request.path_params["format"])
        except ValueError:
            raise HTTPException(404, f"There is no such format; there are {', '.join(Format)}.") from None
        text = await asyncio.to_thread(lambda: renderer(format)(self._desk.shelf.marked(key)))
        return self._file(text, key, *_ENDINGS[format])

    async def compare(self, request: Request) -> Response:
        old, new = (self._reviewed(request.query_params.get(side, "")) for side in ("old", "new"))
        shelf = self._desk.shelf
        text = await asyncio.to_thread(lambda: render_html(compare(shelf.review(old), shelf.review(new))))
        return HTMLResponse(text, headers={"content-security-policy": "frame-ancestors 'none'"})

    def _key(self, given: str) -> str:
        if given not in self._desk.shelf.kept:
            raise HTTPException(404, "There is no such proposal here; it may have been deleted.")
        return given

    def _reviewed(self, given: str) -> str:
        if not self._desk.reviewed(self._key(given)):
            raise HTTPException(404, "There is no review of it yet.")
        return given

    def _file(self, text: str, key: str, ending: str, type: str) -> Response:
        name = f"{PurePosixPath(self._desk.shelf.kept[key].name).stem}.{ending}"
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return Response(text, media_type=type, headers={"content-disposition": disposition})


async def _body(request: Request, most: int, what: str, remedy: str) -> bytes:
    """What is sent, and no more than this of it."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise HTTPException(413, f"{what} larger than {most / 1e6:g} MB, the limit for one file; {remedy}.")
    return bytes(data)


def _refused(_: Request, error: Exception) -> Response:
    """One sentence, and no traceback."""
    match error:
        case HTTPException():
            return PlainTextResponse(f"{error.detail}\n", error.status_code)
        case CriticError():
            return PlainTextResponse(f"{error}\n", 422)
    return PlainTextResponse("critic failed on that, please report; the terminal that it runs in says more.\n", 500)
