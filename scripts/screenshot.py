"""Draw docs/review.png: the HTML review of a sample proposal, from its recording, as it opens in Chromium."""

import shutil
import sys
from io import BytesIO
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
NAME = "N01-eoi-chem-agents"

with TemporaryDirectory() as folder, sync_playwright() as playwright:
    page_file = Path(folder) / "review.html"
    replayed = ["--replay", f"fixtures/recordings/all/{NAME}.yaml", "--format", "html", "-o", page_file]
    run([sys.executable, "-m", "critic", "review", f"fixtures/corpus/{NAME}.md", *replayed], cwd=ROOT, check=True)  # noqa: S603 - our own
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    page.goto(page_file.as_uri())
    page.locator(".finding .jump").first.click()
    page.mouse.move(0, 0)
    drawn = Image.open(BytesIO(page.screenshot()))
    browser.close()
# 128 colours are all that it has, and a third of the bytes.
drawn.convert("RGB").quantize(128).save(ROOT / "docs" / "review.png", optimize=True)
