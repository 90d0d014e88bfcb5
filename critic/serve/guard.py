"""Who may speak to the server: only those who know the token, under a name that cannot be rebound, from our own page."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """An ASGI application around another, which finds the token as its `root_path`."""

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        """Args:
        app: sees nothing of what is refused.
        token: the first part of every path.
        host: that the server was told to listen on.
        """
        self.inside, self._token, self._host = app, token, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inside(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refused := self._refused(scope["method"], scope["path"], Headers(scope=scope)):
            await PlainTextResponse(refused, 403)(scope, receive, sent)
        else:
            await self.inside({**scope, "root_path": f"/{self._token}"}, receive, sent)

    def _refused(self, method: str, path: str, headers: Headers) -> str:
        """Why a request is refused; empty if it is not."""
        host = headers.get("host", "")
        if not self._own(host):
            return "This server answers to its own address only; open the one that it printed.\n"
        given, slash, _ = path.removeprefix("/").partition("/")
        if not compare_digest(given.encode(), self._token.encode()) or not slash:
            return "The address lacks the token; open the one that the server printed, to its end.\n"
        if method not in ("GET", "HEAD") and headers.get("origin") not in (f"http://{host}", f"https://{host}"):
            return "Only this server's own page may change anything.\n"
        return ""

    def _own(self, host: str) -> bool:
        """Whether it is an address, or a name that we gave. Whoever rebinds a name to this machine needs one of his own."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self._host.lower()):
            return True
        try:
            return bool(ip_address(name))
        except ValueError:
            return False
