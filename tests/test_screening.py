"""Many proposals: nothing paid for is lost, nothing is paid for twice, and no bad file stops a run."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import critic
from critic.errors import InputError, StoppedError
from critic.pricing import Price
from critic.screening.folder import Found, Skipped, find
from critic.screening.pace import Pace, seconds
from critic.screening.screen import ascreen
from critic.screening.store import Store
from critic.settings import Settings
from tests.conftest import SMALL, Endpoint, Run, completion, error, reply


def answer(body: dict[str, Any]) -> Any:
    return completion(reply(body))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve proposals that differ."""
    folder = tmp_path / "round"
    (folder / "b").mkdir(parents=True)
    for number in range(12):
        path = folder / ("b" if number % 3 else ".") / f"p{number:02}.md"
        path.write_text(SMALL.replace("Acme-7", f"Acme-{number}"))
    return folder


@pytest.fixture
def live(endpoint: Endpoint) -> list[str]:
    endpoint.answers = [answer]
    return ["--model", "test-model", "--base-url", endpoint.url]


def written(out: Path) -> dict[str, bytes]:
    """All that a person is given, without the times of the run."""
    files = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith((".", "critic.sqlite"))
    }
    run = json.loads(files["run.json"])
    del run["times"]
    return files | {"run.json": json.dumps(run).encode()}


# --- files ------------------------------------------------------------------------------------------------------------------


def test_links_lead_nowhere_else_and_never_in_circles(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("Somebody else's.")
    (folder / "round").symlink_to(folder)
    (folder / "stolen.md").symlink_to(tmp_path / "secret.md")
    (folder / "away").symlink_to(tmp_path)
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.md").write_text("x")
    (folder / "last time").mkdir()
    (folder / "last time" / "critic.sqlite").write_text("x")
    (folder / "last time" / "a.md").write_text("x")
    found = list(find([folder]))
    assert [file.name for file in found if isinstance(file, Found)] == sorted(
        (path.relative_to(folder).as_posix() for path in [*folder.glob("p*.md"), *folder.glob("b/p*.md")]),
        key=lambda name: ("/" in name, name),
    )
    why = {file.name: file.why for file in found if isinstance(file, Skipped)}
    assert why["stolen.md"] == "a link that leads out of the folder; it is not followed"
    assert why["picture.png"].endswith("name it with --include if it is a proposal")
    assert len(why) == 2


def test_patterns_choose_files(folder: Path) -> None:
    names = [file.name for file in find([folder], include=["b/*"], exclude=["p0[0-9].md"])]
    assert names == ["b/p10.md", "b/p11.md"]
    with pytest.raises(InputError, match="no file or folder"):
        list(find([folder / "nowhere"]))


def test_a_run_over_all_sorts_of_files(folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run) -> None:
    (folder / "copy.txt").write_text(SMALL.replace("Acme-7", "Acme-3"))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    (folder / "-cmd|' calc'!A0.md").write_text("=1+1 is our plan.\n")
    out = folder / "results"
    code, _, err = run("screen", folder, "--out", out, *live)
    assert code == 0
    assert "15 files: 1 unreadable, 13 reviewed, 1 duplicate" in err
    assert "0.00 USD at list prices, without what test-model took, whose price is not known." in err
    assert "broken.pdf" in err
    assert len(endpoint.requests) == 13
    files = written(out)
    assert {"summary.csv", "summary.xlsx", "findings.jsonl", "index.html", "round.md", "run.json"} < files.keys()
    review = json.loads(files["reviews/b/p01.md.json"])
    assert review["subject"]["name"] == "p01.md"
    assert sum(line.count(b"\n") for line in [files["findings.jsonl"]]) == 13 * 15 - 15  # nothing to quote in one of them
    code, _, err = run("screen", folder, "--out", out, *live)
    assert (code, len(endpoint.requests)) == (0, 13)
    assert written(out) == files


def test_odd_names_are_no_trouble(folder: Path, tmp_path: Path, run: Run) -> None:
    (folder / ("n" * 250 + ".md")).write_text(SMALL + "One.")
    (folder / "caf\udce9 <b>%2F#?.md").write_text(SMALL + "Two.")
    (folder / "shut").mkdir()
    code, _, err = run("screen", folder, "--out", tmp_path / "out", "--offline")
    assert (code, "14 files: 14 reviewed" in err) == (0, True)
    assert len(list((tmp_path / "out" / "reviews").rglob("*.html"))) == 14
    assert run("screen", folder, "--out", tmp_path / "out", "--offline")[2] == err


def test_two_folders_of_one_name_are_kept_apart(tmp_path: Path, run: Run) -> None:
    for place in ("x", "y"):
        (tmp_path / place / "round").mkdir(parents=True)
        (tmp_path / place / "round" / "a.md").write_text(SMALL + place)
    run("screen", tmp_path / "x" / "round", tmp_path / "y" / "round", "--out", tmp_path / "out", "--offline")
    assert (tmp_path / "out" / "reviews" / "x" / "round" / "a.md.html").exists()
    assert (tmp_path / "out" / "reviews" / "y" / "round" / "a.md.html").exists()


def test_a_folder_without_proposals_is_said(tmp_path: Path, run: Run) -> None:
    code, _, err = run("screen", tmp_path, "--out", tmp_path / "out", "--offline")
    assert code == 2
    assert "There are no proposals in " in err


def test_a_file_is_no_folder_for_results(folder: Path, run: Run) -> None:
    code, _, err = run("screen", folder, "--out", folder / "p00.md", "--offline")
    assert code == 2
    assert "p00.md is a file; name a folder for the results with --out." in err


def test_a_changed_rubric_asks_again_for_itself_alone(
    folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run
) -> None:
    import shutil

    pack = tmp_path / "pack"
    shutil.copytree(Path(critic.__file__).parent.parent / "rubrics", pack)
    alone = [folder / "p00.md", "--out", tmp_path / "out", "--rubrics", pack, "--grouping", "one", *live]
    run("screen", *alone)
    before = len(endpoint.requests)
    changed = pack / "critiques" / "U4-measurement-deployment-gap.yaml"
    changed.write_text(changed.read_text().replace("title: Measurement-deployment gap", "title: Measured is not deployed"))
    run("screen", *alone)
    assert before == 16
    assert ["U4" in json.dumps(body["response_format"]) for body in endpoint.requests[before:]] == [True]


# --- nothing is lost --------------------------------------------------------------------------------------------------------


def screening(folder: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "critic", "screen", str(folder), "--out", str(out), *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def test_killed_again_and_again(folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run) -> None:
    run("screen", folder, "--out", tmp_path / "calm", *live, "--grouping", "link")
    ideal = len(endpoint.requests)
    endpoint.requests.clear()
    endpoint.answers = [lambda body: time.sleep(0.05) or answer(body)]
    moments = random.Random(1)
    kills = 0
    while True:
        process = screening(folder, tmp_path / "killed", *live, "--grouping", "link", "--concurrency", "3")
        asked = len(endpoint.requests)
        wait = moments.randint(10, 20)
        while process.poll() is None and len(endpoint.requests) < asked + wait:
            time.sleep(0.005)
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
    process.communicate()
    assert process.returncode == 0
    assert kills > 1
    assert len(endpoint.requests) <= ideal + 3 * kills, "it may pay twice for what was under way, and for nothing else"
    assert written(tmp_path / "killed") == written(tmp_path / "calm")


def test_interrupted_it_finishes_what_is_under_way(folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint) -> None:
    endpoint.answers = [lambda body: time.sleep(0.3) or answer(body)]
    process = screening(folder, tmp_path / "out", *live, "--concurrency", "2")
    while len(endpoint.requests) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 5
    assert b"Interrupted. Run the same command to go on." in err
    assert b"Traceback" not in err
    assert len(endpoint.requests) == len(list((tmp_path / "out" / "reviews").rglob("*.json")))
    assert json.loads((tmp_path / "out" / "run.json").read_text())["files"] == {"reviewed": 2, "open": 10}


def test_faults_delay_and_lose_nothing(folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run) -> None:
    """A server that answers 30% 429 with Retry-After, 10% 500, 5% cut-off JSON, and breaks off 2%."""
    tries: Counter[str] = Counter()
    closed_until: dict[str, float] = {}
    early: list[str] = []

    def faulty(body: dict[str, Any]) -> Any:
        key = json.dumps(body)
        tries[key] += 1
        if time.monotonic() < closed_until.get(key, 0):
            early.append(key)
        dice = random.Random(f"{tries[key]} {key}").random()  # the same whatever comes first
        if dice < 0.30:
            closed_until[key] = time.monotonic() + 0.1
            return 429, error("slow down"), {"retry-after-ms": "100"}
        if dice < 0.40:
            return 500, error("oops"), {"retry-after-ms": "1"}
        if dice < 0.42:
            return 200, None, {}
        return completion(reply(body)[:300] if dice < 0.47 else reply(body))

    endpoint.answers = [answer, faulty]
    code, _, err = run("screen", folder, "--out", tmp_path / "out", *live, "--grouping", "link")
    assert (code, early) == (0, []), err
    assert "12 files: 12 reviewed" in err


def test_a_model_that_cannot_be_used_ends_the_run_and_it_goes_on_later(
    folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run
) -> None:
    endpoint.answers = [answer] * 5 + [(401, error("Key revoked"), {})]
    code, _, err = run("screen", folder, "--out", tmp_path / "out", *live, "--concurrency", "1")
    assert code == 3
    assert "12 files: 5 reviewed, 7 open" in err
    assert "refused the key (401)" in err
    assert len(endpoint.requests) == 6
    endpoint.answers = [answer]
    assert run("screen", folder, "--out", tmp_path / "out", *live)[0] == 0
    assert len(endpoint.requests) == 13


def test_what_was_answered_unusably_is_asked_again_when_told(
    folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run
) -> None:
    endpoint.answers = [completion(None, refusal="No.")] + [answer]
    command = ("screen", folder, "--out", tmp_path / "out", *live, "--concurrency", "1")
    code, _, err = run(*command)
    assert (code, len(endpoint.requests)) == (3, 12)
    assert "1 incomplete, 11 reviewed" in err
    assert run(*command)[0] == 3
    assert len(endpoint.requests) == 12, "a stored reply is not paid for twice"
    assert run(*command, "--ask-again")[0] == 0
    assert len(endpoint.requests) == 13


def test_a_second_process_is_told_who_works_there(
    folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run
) -> None:
    endpoint.answers = [lambda body: time.sleep(3) or answer(body)]
    process = screening(folder, tmp_path / "out", *live)
    while not endpoint.requests and process.poll() is None:
        time.sleep(0.01)
    code, _, err = run("screen", folder, "--out", tmp_path / "out", *live)
    assert code == 2
    assert f"is in use by process {process.pid} on " in err
    process.kill()
    process.communicate()


def test_a_file_that_is_no_store_is_left_alone(folder: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "critic.sqlite").write_text("my own data, and long enough not to be taken for an empty file " * 40)
    code, _, err = run("screen", folder, "--out", tmp_path, "--offline")
    assert code == 2
    assert "cannot be used as the store" in err
    newer = tmp_path / "newer"
    newer.mkdir()
    with sqlite3.connect(newer / "critic.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    code, _, err = run("screen", folder, "--out", newer, "--offline")
    assert code == 2
    assert "written by a newer critic" in err


# --- money ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def priced(tmp_path: Path) -> list[object]:
    config = tmp_path / "config.toml"
    config.write_text('[prices."test-model"]\ninput = 1000\noutput = 2000\n')  # 0.2 USD for a reply as here
    return ["--config", config, "--max-tokens", "50"]


def test_a_budget_is_not_passed_and_can_be_raised(
    folder: Path, tmp_path: Path, live: list[str], priced: list[object], endpoint: Endpoint, run: Run
) -> None:
    command = ("screen", folder, "--out", tmp_path / "out", *live, *priced, "--budget")
    code, _, err = run(*command, 1)
    assert (code, endpoint.requests) == (5, [])
    (most,) = re.findall(r"0.0000 of 1.00 USD are spent, and the next request may cost ([\d.]+): run the", err)
    code, _, err = run(*command, float(most) + 0.5)
    asked = len(endpoint.requests)
    assert (code, 0 < asked < 12) == (5, True)
    assert f"{0.2 * asked:.4f} of {float(most) + 0.5:.2f} USD are spent" in err
    code, _, err = run(*command, 100)
    assert (code, len(endpoint.requests)) == (0, 12)
    assert "12 replies took 1,200 tokens in (0 cached) and 600 out (0 for reasoning): 2.40 USD at list prices." in err


def test_a_budget_needs_a_price(folder: Path, tmp_path: Path, live: list[str], run: Run) -> None:
    code, _, err = run("screen", folder, "--out", tmp_path / "out", *live, "--budget", "5")
    assert code == 2
    assert "--budget needs the price of 'test-model'" in err


def test_a_dry_run_sends_nothing_and_counts_what_is_left(
    folder: Path, tmp_path: Path, live: list[str], endpoint: Endpoint, run: Run
) -> None:
    command = ("screen", folder, "--out", tmp_path / "out", *live, "--dry-run")
    _, out, _ = run(*command, "--grouping", "one")
    assert "12 files: 12 to review" in out
    assert "192 requests" in out
    assert 'test-model               price not known; add [prices."test-model"]' in out
    assert not endpoint.requests
    assert not (tmp_path / "out").exists()
    run("screen", folder, "--out", tmp_path / "out", "--exclude", "b/*", *live)
    _, out, _ = run(*command)
    assert "12 files: 8 to review, 4 reviewed" in out
    assert "8 requests" in out


# --- pace -------------------------------------------------------------------------------------------------------------------


async def test_there_is_room_for_so_many_at_once() -> None:
    pace = Pace(3)
    inside = most = 0

    async def one() -> None:
        nonlocal inside, most
        async with pace.turn(1):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(20)))
    assert (inside, most) == (0, 3)


async def test_a_429_makes_less_room_and_successes_make_it_again() -> None:
    pace = Pace(10)
    pace._slowed = -100

    async def fits() -> int:
        turns = [pace.turn(0) for _ in range(12)]
        tasks = [asyncio.create_task(turn.__aenter__()) for turn in turns]
        await asyncio.sleep(0.01)
        inside = [task.done() for task in tasks].count(True)
        for task in tasks:
            task.cancel()
        for turn, task in zip(turns, tasks, strict=True):
            if task.done() and not task.cancelled():
                await turn.__aexit__(None, None, None)
        return inside

    assert await fits() == 10
    pace.told(429, {})
    pace.told(429, {})  # in the same second: of the same crowd
    assert await fits() == 7
    for _ in range(30):
        pace.told(200, {})
    assert await fits() == 10


async def test_so_many_requests_and_tokens_a_minute() -> None:
    async def took(pace: Pace, tokens: int) -> float:
        began = time.monotonic()
        for _ in range(4):
            async with pace.turn(tokens):
                pass
        return time.monotonic() - began

    assert 0.14 < await took(Pace(8, requests_per_minute=1200), 1) < 2
    assert 0.14 < await took(Pace(8, tokens_per_minute=60_000), 50) < 2


async def test_a_limit_that_is_used_up_is_waited_for() -> None:
    pace = Pace(8)
    pace.told(200, {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"})
    began = time.monotonic()
    async with pace.turn(1):
        assert 0.11 < time.monotonic() - began < 2
    assert [seconds(text) for text in ("1s", "6m0s", "20ms", "", "soon")] == [1, 60, 0.02, 0, 0]


# --- from Python ------------------------------------------------------------------------------------------------------------


def test_reviews_come_as_they_are_done(folder: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.answers = [answer]
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    settings = Settings(model="test-model", base_url=endpoint.url)
    with pytest.warns(UserWarning, match=r"broken.pdf: "):
        reviews = list(critic.screen([folder], out=tmp_path / "out", settings=settings))
    assert len(reviews) == 12
    assert all(review.complete for review in reviews)
    with pytest.warns(UserWarning, match=r"broken.pdf: "):
        again = list(critic.screen([folder], out=tmp_path / "out", settings=settings))
    assert len(endpoint.requests) == 12
    assert sorted(map(str, again)) == sorted(map(str, reviews))


def test_a_loop_that_is_left_keeps_what_is_under_way(folder: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    endpoint.answers = [answer]
    settings = Settings(model="test-model", base_url=endpoint.url, concurrency=2)
    for _ in critic.screen([folder], out=tmp_path / "out", settings=settings):
        break
    store = Store(tmp_path / "out" / "critic.sqlite")
    assert store.usage()["test-model"].requests == len(endpoint.requests) < 12
    store.close()


async def test_without_a_folder_nothing_is_written(folder: Path, endpoint: Endpoint, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    reviews = [review async for review in ascreen([folder], settings=Settings())]
    assert len(reviews) == 12
    assert sorted(tmp_path.rglob("*")) == before


async def test_the_budget_stops_it_from_python_too(folder: Path, endpoint: Endpoint) -> None:
    prices = {"test-model": Price(input=1000, output=2000)}
    settings = Settings(model="test-model", base_url=endpoint.url, prices=prices)
    with pytest.raises(StoppedError):
        _ = [review async for review in ascreen([folder], settings=settings, budget=1)]
    assert not endpoint.requests


def test_a_name_that_is_no_text_is_found_again_from_python(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.md").write_text(SMALL)
    for _ in range(2):
        (review,) = critic.screen([tmp_path / "caf\udce9.md"], out=tmp_path / "out", settings=Settings())
        assert review.subject.name == "caf\ufffd.md"
