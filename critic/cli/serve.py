"""`critic serve`: from options to a server that says where it is, what it keeps and where it sends."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import sys
import webbrowser
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from critic.errors import InputError
from critic.rubrics import load_rubrics
from critic.screening.results import opened
from critic.settings import Settings, load_settings


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    out: Path | None
    host: str
    port: int
    token: str | None
    open: bool
    blind: bool
    rubrics: Path | None
    offline: bool
    config: Path | None
    flags: dict[str, Any]


def run(options: Options) -> int:
    """Serve until somebody interrupts it; returns the exit code.

    Raises:
        InputError: the extra is missing, an option cannot be used, or another process works in the folder.
    """
    try:
        import uvicorn

        from critic.serve.app import application
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise InputError("The page needs a server: install critic with its extra, critic[serve].") from None
    from critic.serve.page import destination

    token = options.token or secrets.token_urlsafe(32)
    if not re.fullmatch(r"[\w-]{16,128}", token, re.ASCII):
        raise InputError("--token must be 16 to 128 letters, digits, - and _, that nobody can guess.")
    pack = load_rubrics(options.rubrics)
    settings = Settings() if options.offline else load_settings(options.flags, options.config)
    where = destination(settings)
    os.umask(0o077)  # proposals are confidential
    folder = options.out or _own_folder()
    with _listening(options.host, options.port) as listening, opened(folder) as store:
        server: uvicorn.Server
        app = application(
            settings,
            pack,
            store,
            folder,
            token=token,
            host=options.host,
            blind=options.blind,
            ending=lambda: server.should_exit,
            hurried=lambda: server.force_exit,
        )
        quiet: dict[str, Any] = {"access_log": False, "log_level": "error", "server_header": False, "date_header": False}
        server = uvicorn.Server(uvicorn.Config(app, loop="asyncio", http="h11", ws="none", **quiet))
        host, port = listening.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/{token}/"
        if not ip_address(host).is_loopback:
            _say(f"WARNING: whoever reaches {host}, port {port}, and has the address below can read every proposal here, and")
            _say("change what is kept. The connection is not encrypted, so whoever listens on the way can do so too.")
        _say(f"Proposals, reviews and marks are kept in {folder}.")
        _say(where)
        _say(f"Open {url}")
        _say("Press Ctrl-C to end it once the requests under way are answered, and again to end it at once.")
        if options.open:
            webbrowser.open(url)
        try:
            asyncio.run(server.serve(sockets=[listening]))
        except KeyboardInterrupt:
            return 0
    return 0


def _own_folder() -> Path:
    """Of this user, and closed to others."""
    folder = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "critic"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise InputError(f"{folder} cannot be used ({error.strerror}): name another folder with --out.") from error
    return folder


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise InputError(
            f"The server cannot listen on {host}, port {port} ({error.strerror or error}); --port 0 takes a free one."
        ) from error


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
