"""The heat map in a browser: it opens, sorts, filters, leads to the reviews, and everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from critic.findings import Severity, Status, Verdict
from critic.rubrics import load_rubrics
from critic.screening.heatmap import write_heatmap
from critic.screening.round import Round
from critic.screening.rows import Cell, Row, RowStatus, rank

PACK = load_rubrics()
IDS = [critique.id for critique in PACK.critiques]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>.md"
KINDS = [
    *(Cell(status=Status.JUDGED, verdict=v, severity=s) for v in (Verdict.RAISED, Verdict.PARTLY_ANSWERED) for s in Severity),
    Cell(status=Status.JUDGED, verdict=Verdict.ANSWERED),
    Cell(status=Status.JUDGED, verdict=Verdict.NOT_APPLICABLE),
    Cell(status=Status.UNSUPPORTED, verdict=Verdict.RAISED, severity=Severity.MAJOR),
    Cell(status=Status.FAILED),
]


def made(number: int, **changes: Any) -> Row:
    """A proposal whose cells go through all kinds, from a place of its own."""
    name = f"p{number:05}.md"
    cells = {id: KINDS[(number + place) % len(KINDS)] for place, id in enumerate(IDS)}
    findings = [one.severity for one in cells.values() if one.is_finding]
    fields: dict[str, Any] = {
        "path": f"in/{name}",
        "name": name,
        "status": RowStatus.REVIEWED,
        "title": f"Plan {number}",
        "link": f"./reviews/{name}.html",
        "complete": True,
        "in_scope": True,
        "cells": cells,
        **{severity.value: findings.count(severity) for severity in Severity},
    }
    return Row(**fields | changes)


ROWS = sorted(
    [
        *(made(number) for number in range(12)),
        made(12, path=HOSTILE, name=HOSTILE, title=HOSTILE, status=RowStatus.TAMPERED, problem=HOSTILE),
        Row.unreadable("scan.pdf", "It is a scan."),
        Row.duplicate("copy.md", "in/p00001.md"),
    ],
    key=rank,
)


@pytest.fixture(params=["light", "dark"])
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from opened(browser, tmp_path, ROWS, request.param)


def opened(browser: Any, folder: Path, rows: list[Row], scheme: str = "light") -> Iterator[Any]:
    """The page in a browser; afterwards nothing must have gone wrong or left the machine."""
    write_heatmap(rows, Round(rows, PACK), folder / "index.html", PACK)
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1300, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append("a dialog"))
    page.on("request", lambda sent: sent.url.startswith(folder.as_uri()) or wrong.append(sent.url))
    page.goto((folder / "index.html").as_uri())
    yield page
    assert wrong == []
    page.close()


def paths(page: Any) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("tbody th").all_inner_texts()]


def test_it_opens_in_the_order_of_the_ranking_and_leads_to_the_reviews(page: Any) -> None:
    assert paths(page) == [row.path for row in ROWS]
    assert page.locator("thead th[aria-sort]").all_inner_texts() == ["#\nRank"]
    hrefs = page.locator("tbody a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert hrefs == [row.link for row in ROWS if row.link]
    for line, row in zip(page.locator("tbody tr").all(), ROWS, strict=True):
        words = [one.text_content() for one in line.locator("td.cell .spoken").all()]
        assert words == [row.cells[id].words if row.cells else "no verdict" for id in IDS]
        if row.cells:  # and a symbol, for those who do not see colours
            assert all(one.text_content() for one in line.locator("td.cell [aria-hidden]").all())


def test_headings_sort_by_mouse_and_by_keyboard(page: Any) -> None:
    button = page.get_by_role("button", name="U4 Measurement-deployment gap")
    head = page.locator("thead th", has=button)
    order = [kind for pair in zip(KINDS[:3], KINDS[3:6], strict=True) for kind in pair] + KINDS[6:8]  # the gravest first
    by_path = {row.path: row.cells.get("U4") for row in ROWS}
    button.click()
    assert head.get_attribute("aria-sort") == "descending"
    found = [by_path[path] for path in paths(page)]
    assert list(dict.fromkeys(kind for kind in found if kind in order)) == order
    assert found[-2:] == [None, None]
    button.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    found = [by_path[path] for path in paths(page)]
    assert list(dict.fromkeys(kind for kind in found if kind in order)) == order[::-1]
    page.get_by_role("button", name="Proposal", exact=True).press("Space")
    assert paths(page) == sorted((row.path for row in ROWS), key=str.lower)
    assert page.locator("thead th[aria-sort]").count() == 1


def test_it_filters_and_counts_what_is_left(page: Any) -> None:
    page.locator("#critique").select_option(label="U4 Measurement-deployment gap")
    page.locator("#verdict").select_option(label="raised")
    raised = [row for row in ROWS if row.cells and row.cells["U4"].words.startswith("raised")]
    assert paths(page) == [row.path for row in raised]
    assert page.get_by_role("status").inner_text() == f"1 to {len(raised)} of {len(raised)} that match, of {len(ROWS)}"
    totals = page.locator("tfoot td.cell [aria-hidden]").all_inner_texts()
    assert totals == [str(sum(row.cells[id].is_finding for row in raised)) for id in IDS]
    assert page.locator("tfoot td.cell").nth(IDS.index("U4")).get_attribute("title") == (
        f"U4 Measurement-deployment gap: {len(raised)} raised or partly answered, {len(raised)} raised, 0 partly answered, "
        "0 answered, 0 not applicable, 0 unsupported or failed"
    )
    page.get_by_role("button", name="Show all").click()
    page.locator("tbody tr").nth(len(ROWS) - 1).wait_for()
    page.locator("#status").select_option(label="unreadable (1)")
    assert paths(page) == ["scan.pdf"]
    page.locator("#status").select_option(label="any")
    page.get_by_label("Name or title").fill("PLAN 7")
    assert paths(page) == ["in/p00007.md"]
    page.get_by_label("Name or title").fill("nowhere")
    assert page.get_by_role("status").inner_text() == "Nothing matches."


def test_hostile_names_stay_text(page: Any) -> None:
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert page.get_by_role("link", name=HOSTILE).count() == 1


def test_everybody_can_read_it(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.response["violations"] == []
    assert "color-contrast" in {rule["id"] for rule in found.response["passes"]}


def test_ten_thousand_open_at_once(browser: Any, tmp_path: Path) -> None:
    for page in opened(browser, tmp_path, [made(number) for number in range(10_000)]):
        assert page.locator("tbody tr").count() == 200
        assert page.evaluate("document.documentElement.scrollHeight") < 1500  # the table scrolls, and the page does not
        page.get_by_role("button", name="Next").click()
        assert page.get_by_role("status").inner_text() == "201 to 400 of 10,000"
        assert paths(page)[0] == "in/p00200.md"
        page.get_by_label("Name or title").fill("p09999")
        assert paths(page) == ["in/p09999.md"]
        page.get_by_label("Name or title").fill("p099")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("tbody tr").count() == 100
