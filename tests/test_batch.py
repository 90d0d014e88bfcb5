"""Batch files out and back: the same reviews as the live path, and whatever fails goes into the next file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from critic.screening.batch import RequestFiles
from tests.conftest import SMALL, Endpoint, Run, completion, error, reply

Answering = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "round"
    folder.mkdir()
    for number in range(4):
        (folder / f"p{number}.md").write_text(SMALL.replace("Acme-7", f"Acme-{number}"))
    return folder


def fine(body: dict[str, Any]) -> dict[str, Any]:
    return {"response": {"status_code": 200, "request_id": "r", "body": completion(reply(body))}, "error": None}


def refused(problem: str) -> dict[str, Any]:
    return {"response": {"status_code": 400, "request_id": "r", "body": error(problem)}, "error": None}


def served(requests: Path, answering: Answering = fine) -> Path:
    """What a batch service, or vLLM's run-batch, makes of a request file; in an order of its own."""
    results = requests.with_name(requests.name.replace("requests", "results"))
    asked = [json.loads(line) for line in requests.read_text().splitlines()]
    assert all(line["method"] == "POST" and line["url"] == "/v1/chat/completions" for line in asked)
    lines = [{"id": "b", "custom_id": line["custom_id"], **answering(line["body"])} for line in reversed(asked)]
    results.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return results


def reviews(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in (out / "reviews").rglob("*.*")}


def test_the_same_reviews_as_live(folder: Path, tmp_path: Path, endpoint: Endpoint, run: Run) -> None:
    endpoint.answers = [lambda body: completion(reply(body))]
    live, out = tmp_path / "live", tmp_path / "out"
    run("screen", folder, "--out", live, "--model", "m", "--base-url", endpoint.url, "--grouping", "link")
    code, _, err = run("batch", "write", folder, "--out", out, "--model", "m", "--grouping", "link")
    assert code == 0
    assert f"16 requests are in {out / 'batch'}: requests-001.jsonl" in err
    code, text, err = run("batch", "read", served(out / "batch" / "requests-001.jsonl"), "--out", out)
    assert (code, text) == (0, "16 replies stored.\n")
    assert "4 files: 4 reviewed" in err
    assert [path.name for path in (out / "batch").glob("requests*")] == []
    sent = {name: data.replace(b'"host": "127.0.0.1"', b'"host": null') for name, data in reviews(live).items()}
    assert reviews(out) == {name: data.replace(b", at 127.0.0.1", b"") for name, data in sent.items()}
    code, _, err = run("screen", folder, "--out", out, "--model", "m", "--base-url", endpoint.url, "--grouping", "link")
    assert len(endpoint.requests) == 16, "the live path finds what the batch has brought"


def test_what_fails_and_what_follows_goes_into_the_next_file(folder: Path, tmp_path: Path, run: Run) -> None:
    """One expires, one comes cut off, the rest refuse a parameter, as a batch service would report it."""
    out = tmp_path / "out"
    run("batch", "write", folder, "--out", out, "--model", "m", "--second-look")

    def trouble(body: dict[str, Any]) -> dict[str, Any]:
        text = body["messages"][1]["content"]
        if "Acme-0" in text:
            return {"response": None, "error": {"code": "batch_expired", "message": "This request could not be executed."}}
        if "Acme-1" in text:
            cut = completion(reply(body)[:500], finish_reason="length")
            return {"response": {"status_code": 200, "request_id": "r", "body": cut}, "error": None}
        return refused("Unsupported value: 'temperature' does not support 0") if "temperature" in body else fine(body)

    code, text, err = run("batch", "read", served(out / "batch" / "requests-001.jsonl", trouble), "--out", out)
    assert code == 0
    assert "1 replies stored, 2 requests refused as they are." in text
    assert "1 without a reply: This request could not be executed." in text
    assert "4 files: 4 open" in err
    second = [json.loads(line) for line in (out / "batch" / "requests-001.jsonl").read_text().splitlines()]
    assert len(second) == 4
    assert ["temperature" in line["body"] for line in second].count(False) >= 2
    assert any("cut off" in line["body"]["messages"][-1]["content"] for line in second)
    for _ in range(3):  # the second looks follow
        if not (out / "batch" / "requests-001.jsonl").exists():
            break
        _, _, err = run("batch", "read", served(out / "batch" / "requests-001.jsonl"), "--out", out)
    assert "4 files: 4 reviewed" in err


def test_files_stay_within_the_limits_and_ask_one_model_each(tmp_path: Path) -> None:
    files = RequestFiles(tmp_path, first=3, most_requests=2, most_bytes=400)
    for number in range(5):
        files.add(f"k{number}", {"model": "a", "messages": []})
    files.add("b", {"model": "b", "messages": []})
    files.add("long", {"model": "a", "messages": ["x" * 390]})
    held = {path.name: [json.loads(line)["custom_id"] for line in path.read_text().splitlines()] for path in files.paths}
    assert held == {
        "requests-003.jsonl": ["k0", "k1"],
        "requests-004.jsonl": ["k2", "k3"],
        "requests-005.jsonl": ["k4"],
        "requests-006.jsonl": ["b"],
        "requests-007.jsonl": ["long"],
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "line 2 is no result in the Batch format"),
        ('{"id": 1}', "line 2 is no result in the Batch format"),
        ('["custom_id"]', "line 2 is no result in the Batch format"),
        ('{"custom_id": "x", "response": "y"}', "line 2 is no result in the Batch format"),
    ],
)
def test_a_wrong_result_file_is_one_sentence_and_costs_nothing_before_it(
    line: str, says: str, folder: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "out"
    run("batch", "write", folder, "--out", out, "--model", "m")
    results = served(out / "batch" / "requests-001.jsonl")
    first, *_ = results.read_text().splitlines()
    results.write_text(f"{first}\n{line}\n")
    code, _, err = run("batch", "read", results, "--out", out)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    _, _, err = run("batch", "write", folder, "--out", out, "--model", "m")
    assert "3 requests are in" in err


def test_reading_before_writing_says_what_to_do(tmp_path: Path, run: Run) -> None:
    code, _, err = run("batch", "read", tmp_path / "x.jsonl", "--out", tmp_path)
    assert code == 2
    assert "write them first, with critic batch write FOLDER" in err


# --- a service --------------------------------------------------------------------------------------------------------------


class Service:
    """A local server that plays the files and batches endpoints of OpenAI's API."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.answering: Answering = fine
        self.status = "in_progress"
        self.url = ""

    def upload(self, form: bytes) -> dict[str, Any]:
        content = form.split(b"application/octet-stream\r\n\r\n")[-1].rsplit(b"\r\n--", 1)[0]
        id = f"file-{len(self.files)}"
        self.files[id] = content[content.index(b"{") :] if b"{" in content else content
        return {"id": id, "object": "file", "bytes": len(content), "created_at": 1, "filename": "f", "purpose": "batch"}

    def create(self, given: dict[str, Any]) -> dict[str, Any]:
        assert given["completion_window"] == "24h"
        id = f"batch-{len(self.batches)}"
        self.batches[id] = {
            "id": id,
            "object": "batch",
            "endpoint": given["endpoint"],
            "input_file_id": given["input_file_id"],
            "completion_window": "24h",
            "created_at": 1,
            "status": "in_progress",
            "metadata": given["metadata"],
        }
        return self.batches[id]

    def batch(self, id: str) -> dict[str, Any]:
        batch = self.batches[id]
        if self.status in ("completed", "expired") and "output_file_id" not in batch:
            asked = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
            lines = [{"id": "b", "custom_id": line["custom_id"], **self.answering(line["body"])} for line in asked]
            good = [line for line in lines if not line["error"]]
            batch |= {"request_counts": {"total": len(lines), "completed": len(good), "failed": len(lines) - len(good)}}
            for kind, some in (("output", good), ("error", [line for line in lines if line["error"]])):
                self.files[f"{id}-{kind}"] = "".join(f"{json.dumps(line)}\n" for line in some).encode()
                batch[f"{kind}_file_id"] = f"{id}-{kind}" if some else None
        return batch | {"status": self.status}


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.answer(service.upload(body) if self.path.endswith("/files") else service.create(json.loads(body)))

        def do_GET(self) -> None:
            if self.path.endswith("/content"):
                self.answer(service.files[self.path.split("/")[-2]])
            elif "/batches/" in self.path:
                self.answer(service.batch(self.path.rsplit("/", 1)[1]))
            else:
                self.answer({"object": "list", "data": list(service.batches.values()), "has_more": False})

        def answer(self, what: Any) -> None:
            data = what if isinstance(what, bytes) else json.dumps(what).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


def test_through_the_service_and_back(
    folder: Path, tmp_path: Path, service: Service, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", service.url)
    out = tmp_path / "out"
    run("batch", "write", folder, "--out", out, "--model", "m")
    assert run("batch", "submit", "--out", out)[1] == "requests-001.jsonl: batch-0\n"
    assert run("batch", "submit", "--out", out)[1] == "There is nothing to submit.\n"
    assert len(service.batches) == 1
    assert run("batch", "status", "--out", out)[1] == "requests-001.jsonl: batch-0 in_progress\n"
    assert run("batch", "collect", "--out", out)[1] == "No batch has ended since the last time.\n"
    _, _, err = run("batch", "write", folder, "--out", out, "--model", "m")
    assert "4 requests were submitted and have no answer yet" in err
    assert "requests are in" not in err, "what is with the service is not asked for a second time"

    def expired(body: dict[str, Any]) -> dict[str, Any]:
        late = "Acme-3" in body["messages"][1]["content"]
        return {"response": None, "error": {"code": "batch_expired", "message": "Too late."}} if late else fine(body)

    service.answering, service.status = expired, "expired"
    code, text, err = run("batch", "collect", "--out", out)
    assert code == 0
    assert text == "requests-001.jsonl: batch-0 expired\n3 replies stored.\n1 without a reply: Too late.\n"
    assert "4 files: 3 reviewed, 1 open" in err
    assert "1 requests are in" in err
    run("batch", "submit", "--out", out)
    service.answering, service.status = fine, "completed"
    _, text, err = run("batch", "collect", "--out", out)
    assert text == "requests-002.jsonl: batch-1 completed\n1 replies stored.\n"
    assert "4 files: 4 reviewed" in err


def test_a_submission_that_was_not_noted_is_found_again(
    folder: Path, tmp_path: Path, service: Service, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setenv("OPENAI_BASE_URL", service.url)
    out = tmp_path / "out"
    run("batch", "write", folder, "--out", out, "--model", "m")
    run("batch", "submit", "--out", out)
    with sqlite3.connect(out / "critic.sqlite") as db:
        db.execute("DELETE FROM batches")  # as if killed between the two
    db.close()
    assert run("batch", "submit", "--out", out)[1] == "requests-001.jsonl: batch-0\n"
    assert len(service.batches) == 1


def test_a_service_that_cannot_be_reached_is_one_sentence(
    folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    run("batch", "write", folder, "--out", tmp_path / "out", "--model", "m")
    code, _, err = run("batch", "submit", "--out", tmp_path / "out")
    assert code == 3
    assert "critic: The batch service failed: Connection error. What it did so far is noted; try again." in err
