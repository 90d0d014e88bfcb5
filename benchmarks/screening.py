"""What screening costs beside a bare `openai.AsyncOpenAI` loop that sends the same requests.

python benchmarks/screening.py compare [--grouping all|link|one] [--short]   200 proposals at concurrency 32; each grouping
python benchmarks/screening.py memory                                        1,000 to 10,000 short proposals
python benchmarks/screening.py kills                                         20 kills at random moments
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
from langchain_core.messages import convert_to_openai_messages

from critic import Settings, load_rubrics, read, screen
from critic.prompts import Grouping, requests
from critic.replies import reply_schema

CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
PORT = 8217
URL = f"http://127.0.0.1:{PORT}/v1"
SHORT = (
    "# A plan\n\nWe ask model {n} four hundred questions about pathogens. A score below 20% means that it is safe to release.\n"
)


@contextmanager
def endpoint(milliseconds: int) -> Iterator[None]:
    """A local endpoint in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("endpoint.py")), str(PORT), str(milliseconds)]
    process = subprocess.Popen(command)  # noqa: S603
    try:
        for _ in range(100):
            try:
                answered()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def answered() -> int:
    """Requests that the endpoint has answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/answered") as said:
        return int(said.read())


def proposals(folder: Path, count: int, *, short: bool) -> list[Path]:
    """So many proposals that differ: short ones, or the corpus again and again."""
    texts = [SHORT] if short else [path.read_text(encoding="utf-8") + "\nCopy {n}.\n" for path in sorted(CORPUS.glob("*.md"))]
    paths = [folder / f"p{number:05}.md" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(texts[number % len(texts)].replace("{n}", str(number)), encoding="utf-8")
    return paths


async def bare(bodies: list[dict[str, object]], concurrency: int) -> None:
    """The same requests, with nothing around them."""
    slots = asyncio.Semaphore(concurrency)
    async with openai.AsyncOpenAI(api_key="none", base_url=URL, max_retries=0) as client:

        async def one(body: dict[str, object]) -> None:
            async with slots:
                await client.chat.completions.create(**body)  # type: ignore[call-overload]

        await asyncio.gather(*map(one, bodies))


def compare(grouping: str, *, short: bool) -> None:
    """Print wall and processor time of both, three times in turns, and the ratios of the fastest."""
    gc.set_threshold(100_000, 50, 50)  # for both, as the command does for itself
    settings = Settings(model="benchmark", base_url=URL, concurrency=32, grouping=grouping)
    pack = load_rubrics()
    with tempfile.TemporaryDirectory() as name, endpoint(200):
        folder = Path(name) / "round"
        folder.mkdir()
        paths = proposals(folder, 200, short=short)
        bodies = []
        for path in paths:
            for request in requests(read(path), pack, Grouping(grouping)):
                form = {"name": "reply", "strict": True, "schema": reply_schema(request)}
                bodies.append(
                    {
                        "model": "benchmark",
                        "messages": convert_to_openai_messages(request.messages),
                        "temperature": 0,
                        "seed": 7,
                        "response_format": {"type": "json_schema", "json_schema": form},
                    }
                )
        figures: dict[str, list[tuple[float, float]]] = {"bare loop": [], "critic": []}
        for turn in range(3):
            for what, times in figures.items():
                wall, cpu = time.monotonic(), time.process_time()
                if what == "critic":
                    done = sum(1 for _ in screen([folder], out=Path(name) / f"out-{turn}", settings=settings, rubrics=pack))
                    if done != len(paths):
                        raise SystemExit(f"only {done} reviews")
                else:
                    asyncio.run(bare(bodies, 32))
                times.append((time.monotonic() - wall, time.process_time() - cpu))
    best = {what: [min(column) for column in zip(*times, strict=True)] for what, times in figures.items()}
    for what, (wall, cpu) in best.items():
        print(f"{what:10} {wall:6.2f} s  {1000 * cpu / len(bodies):6.2f} ms of processor time a request")
    ratios = [mine / other for mine, other in zip(best["critic"], best["bare loop"], strict=True)]
    print(f"{len(bodies)} requests, ratios: wall {ratios[0]:.2f}, processor {ratios[1]:.2f}")


def memory() -> None:
    """Print seconds and peak memory for more and more short proposals, each in a process of its own."""
    with endpoint(0):
        for count in (1000, 2000, 5000, 10000):
            with tempfile.TemporaryDirectory() as name:
                proposals(Path(name), count, short=True)
                command = [sys.executable, "-m", "critic", "screen", name, "--out", f"{name}/out", "--base-url", URL]
                began = time.monotonic()
                subprocess.run([*command, "--model", "benchmark", "--concurrency", "32"], check=True, capture_output=True)  # noqa: S603
                took = time.monotonic() - began
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest child so far
            print(f"{count:6} proposals: {took:6.1f} s, {1000 * took / count:5.1f} ms each, at most {peak:4.0f} MB", flush=True)


def kills() -> None:
    """Print whether a run that is killed 20 times gives what an undisturbed one gives, and how often it asked."""
    moments = random.Random(7)  # noqa: S311
    with tempfile.TemporaryDirectory() as name, endpoint(100):
        folder = Path(name) / "round"
        folder.mkdir()
        proposals(folder, 200, short=False)
        options = ["--base-url", URL, "--model", "benchmark", "--concurrency", "8"]
        command = [sys.executable, "-m", "critic", "screen", str(folder), *options, "--out"]
        subprocess.run([*command, f"{name}/calm"], check=True, capture_output=True)  # noqa: S603
        ideal = answered()
        count = 0
        while count < 20:
            process = subprocess.Popen([*command, f"{name}/killed"], stderr=subprocess.DEVNULL)  # noqa: S603
            try:
                process.wait(moments.uniform(1.2, 2.2))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                count += 1
        subprocess.run([*command, f"{name}/killed"], check=True, capture_output=True)  # noqa: S603
        same = _written(Path(name) / "calm") == _written(Path(name) / "killed")
        print(f"{count} kills; the same results: {same}; {answered() - ideal} requests answered where {ideal} would do")


def _written(out: Path) -> dict[str, bytes]:
    files = {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith((".", "critic.sqlite"))
    }
    run = json.loads(files["run.json"])
    del run["times"]
    return files | {"run.json": json.dumps(run).encode()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["compare", "memory", "kills"])
    parser.add_argument("--grouping", choices=["one", "link", "all"])
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    if given.what == "compare":
        for grouping in [given.grouping] if given.grouping else ["one", "link", "all"]:
            print(f"--grouping {grouping}")
            compare(grouping, short=given.short)
    else:
        {"memory": memory, "kills": kills}[given.what]()
