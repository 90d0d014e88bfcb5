"""How long a review of a 100-page proposal takes to open in Chromium. Required: under 2,000 ms.

    python benchmarks/html_review.py

Prints the milliseconds to draw the page (Python), its size, and the median milliseconds until a reader can use it: parsed, laid
out, its script run and one frame shown, from pressing Enter on the address of the file.
"""

import asyncio
import shutil
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from critic.findings import Review
from critic.offline import assess_offline
from critic.pipeline import pipeline
from critic.readers import read_bytes
from critic.render import html
from critic.rubrics import load_rubrics

CORPUS = Path(__file__).parent.parent / "fixtures" / "corpus"
WORDS = 50_000  # of a hundred pages


def review() -> Review:
    """Of all texts of the corpus, one after the other and again until there are enough words; judged by cues."""
    texts = [path.read_text() for path in sorted(CORPUS.glob("*.md"))]
    whole = "\n\n".join(texts)
    while len(whole.split()) < WORDS:
        whole += "\n\n" + "\n\n".join(texts)
    text = whole[: round(len(whole) * WORDS / len(whole.split()))]
    return asyncio.run(pipeline(assess_offline, load_rubrics()).ainvoke(read_bytes(text.encode(), "long.md")))


def main() -> None:
    """Measure and print."""
    made = review()
    started = time.perf_counter()
    text = html.render(made)
    print(f"render: {(time.perf_counter() - started) * 1000:.0f} ms, {made.subject.words:,} words, {len(text) / 1000:,.0f} kB")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "long.html"
        path.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        taken = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            started = time.perf_counter()
            page.goto(path.as_uri())
            page.evaluate("new Promise(shown => requestAnimationFrame(() => requestAnimationFrame(shown)))")
            page.locator(".fold").first.click()
            taken.append((time.perf_counter() - started) * 1000)
            page.close()
        browser.close()
    print(f"open: {statistics.median(taken):.0f} ms (median of {len(taken)}; {min(taken):.0f} to {max(taken):.0f})")


if __name__ == "__main__":
    main()
