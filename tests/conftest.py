"""A small proposal, the shipped pack, and a local endpoint that answers as a test tells it to."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from critic.cli import main
from critic.models import OpenAIChat
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.rubrics import RubricPack, load_rubrics

# The same examples every time: a test that fails by chance tells nothing to whoever changed something else.
settings.register_profile("the same", derandomize=True)
settings.load_profile("the same")

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "fixtures" / "corpus"
RECORDINGS = ROOT / "fixtures" / "recordings"

SMALL = """# A plan to test Acme-7

## Aim

We measure whether the model can plan a cyber attack. A score below 20% means that it is safe to release.

## Method

Four hundred questions are put to the public chat interface. Results go to the board, which may ignore them.
"""


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CRITIC_CONFIG", "CRITIC_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-configuration"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def pack() -> RubricPack:
    return load_rubrics()


@pytest.fixture
def proposal() -> Proposal:
    return read_bytes(SMALL.encode(), "small.md")


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["critic", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.md"
    path.write_text(SMALL)
    return path


class Endpoint:
    """A loopback server for chat completions. `answers` are given in order, the last one again and again.

    None breaks the connection off.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Any] = []
        self.url = ""

    def answer(self, body: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        self.requests.append(body)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        answer = answer(body) if callable(answer) else answer
        return answer if isinstance(answer, tuple) else (200, answer, {})


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            endpoint.headers.append(dict(self.headers))
            status, answer, headers = endpoint.answer(body)
            if answer is None:  # gone, in the middle of it
                self.close_connection = True
                return
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a client that was killed

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


def completion(content: str | None, finish_reason: str = "stop", refusal: str | None = None, **more: Any) -> dict[str, Any]:
    """A chat completion as OpenAI's API sends it."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1764028800,
        "model": "test-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        **more,
    }


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


def judged(verdict: str = "raised", **more: Any) -> dict[str, Any]:
    """An entry on a critique as a model would send it about SMALL."""
    finding = verdict in ("raised", "partly_answered")
    return {
        "claim_quotations": ["A score below 20% means that it is safe to release."] if verdict != "not_applicable" else [],
        "answer_quotations": ["Results go to the board, which may ignore them."]
        if verdict in ("answered", "partly_answered")
        else [],
        "reasoning": "Release rests on one score.",
        "verdict": verdict,
        "severity": "major" if finding else None,
        "absent": "An elicitation protocol." if finding else "",
        "change": "Say how hard you tried." if finding else "",
        "question": "How hard did you try?" if finding else "",
        "recommendations": ["R2"] if finding else [],
        "confidence": 0.8,
        **more,
    }


def reply(body: dict[str, Any], **changes: Any) -> str:
    """A complete and well-formed reply to a request, made from its schema."""
    schema = body["response_format"]["json_schema"]["schema"]
    given: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        part = part["anyOf"][0] if "anyOf" in part else part
        if name == "critiques":
            given[name] = {id: judged() for id in part["properties"]}
        elif name == "considerations":
            given[name] = {id: {"quotations": [], "reasoning": "Nothing.", "value": "absent"} for id in part["properties"]}
        elif name == "outline":
            given[name] = dict.fromkeys(part["properties"], "It says so.")
        else:
            given[name] = True if name == "in_scope" else "It tests a model."
    return json.dumps(given | changes)


def chat(endpoint: Endpoint, **options: Any) -> OpenAIChat:
    return OpenAIChat(**{"model": "test-model", "base_url": endpoint.url, "retries": 2, "timeout": 10, **options})


@contextmanager
def no_network() -> Iterator[None]:
    """Any attempt to open a connection inside fails the test."""
    import socket

    def refuse(*args: Any) -> None:
        raise AssertionError(f"a connection was attempted: {args[1:]}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


# Of a module and no longer: while Playwright runs in a thread, no other test there can start an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The Chromium of this machine, as a Playwright browser; skips where either is missing."""
    playwright = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not executable:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()
