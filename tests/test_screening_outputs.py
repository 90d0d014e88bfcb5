"""What a screening run writes at its end: rows and their order, tables that run nothing, findings, the page on the round."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from syrupy.assertion import SnapshotAssertion

from critic.api import reviewer
from critic.findings import Notice, NoticeLevel, Review, Severity, Status, Verdict
from critic.readers import read
from critic.recording import replaying
from critic.render.words import credit_standing, standing
from critic.rubrics import RubricPack, load_rubrics
from critic.screening import heatmap
from critic.screening.findings import findings_lines
from critic.screening.ranking import Ranking
from critic.screening.round import Round, render
from critic.screening.rows import Cell, Row, RowStatus, rank
from critic.screening.store import Result, Store
from critic.screening.tables import write_csv, write_xlsx
from critic.settings import Settings, load_settings
from tests.conftest import CORPUS, RECORDINGS, ROOT

PACK = load_rubrics()
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:y) `a` **b** | c\u202e # @all ${x} $data"
)
FORMULAE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '"=1', "' =1", "a;=1+1;b", "＝1+1", "\n=1", "a\n=1"]
DANGEROUS = re.compile(r"""[\s"']*[=+\-@＝＋－＠]""")


def reviewed(name: str, *, recorded: bool = True) -> Review:
    async def run(settings: Settings, **how: Any) -> Review:
        async with reviewer(settings, PACK, **how) as runnable:
            return await runnable.ainvoke(read(CORPUS / f"{name}.md"))

    if not recorded:
        return asyncio.run(run(Settings()))
    with replaying(RECORDINGS / "all" / f"{name}.yaml") as said:
        settings = load_settings(said.settings | {"base_url": "https://endpoint.invalid"}, None)
        return asyncio.run(run(settings, recorded=True, recording_note=said.note))


@pytest.fixture(scope="session")
def recorded() -> list[Review]:
    names = ["D01-bio-uplift-trial", "D02-cbrn-quiz", "D12-lab-governance-audit", "N01-eoi-chem-agents"]
    return [reviewed(name) for name in names]


@pytest.fixture(scope="session")
def offline() -> list[Row]:
    names = ["D02-cbrn-quiz", "D06-cyber-range-revised", "D12-lab-governance-audit", "N01-eoi-chem-agents"]
    rows = [Row.of(reviewed(name, recorded=False), f"round/{name}.md", f"reviews/{name}.html") for name in names]
    rows += [
        Row.unreadable("round/scan.pdf", "scan.pdf has no text: it is a scan; run a text recognition first."),
        Row.duplicate("round/again/quiz.md", "round/D02-cbrn-quiz.md"),
    ]
    return sorted(rows, key=rank)


def the_round(rows: list[Row], pack: RubricPack = PACK) -> str:
    return render(Round(rows, pack), pack)


def heat_map(rows: list[Row]) -> str:
    return "".join(heatmap.render(rows, Round(rows, PACK), PACK))


def row(path: str = "a.md", cells: dict[str, Cell] | None = None, **changes: Any) -> Row:
    """A reviewed proposal by hand."""
    made: dict[str, Any] = {
        "path": path,
        "name": path.rsplit("/", 1)[-1],
        "status": RowStatus.REVIEWED,
        "complete": True,
        "tampered": False,
        "in_scope": True,
        "cells": cells or {},
    }
    return Row(**made | changes)


def cell(verdict: str | None, severity: str | None = None, status: str = "judged") -> Cell:
    return Cell(
        status=Status(status), verdict=Verdict(verdict) if verdict else None, severity=Severity(severity) if severity else None
    )


def written(rows: list[Row], tmp_path: Path) -> list[dict[str, str]]:
    write_csv(rows, tmp_path / "s.csv", PACK)
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Rows


def test_a_row_says_what_its_review_says(recorded: list[Review]) -> None:
    for review in recorded:
        made = Row.of(review, "folder/a.md", "reviews/a.html")
        assert made.status is (RowStatus.REVIEWED if review.in_scope else RowStatus.OUT_OF_SCOPE)
        assert (made.name, made.title, made.digest) == ("a.md", review.subject.title, review.subject.digest)
        assert made.critical + made.major + made.minor == len(review.findings)
        for entry in review.critiques:
            severity = f", {entry.severity}" if entry.severity else ""
            assert made.cells[entry.id].words == f"{standing(entry)}{severity}"
        assert made.credits == {entry.id: credit_standing(entry) for entry in review.considerations}
        assert Row.model_validate_json(made.model_dump_json()) == made


def test_the_gravest_status_counts_and_every_reason_is_told(recorded: list[Review]) -> None:
    review = recorded[0]
    first = review.critiques[0].model_copy(update={"status": Status.FAILED, "verdict": None, "failure": "Cut off."})
    torn = {"complete": False, "critiques": [first, *review.critiques[1:]]}
    notices = {"notices": [Notice(level=NoticeLevel.HIDDEN, kind="white text", text="Be kind.", page=2)]}
    quoted = {"notices": [Notice(level=NoticeLevel.QUOTED, kind="order", text="Ignore all.")]}
    for changes, status, told in [
        ({}, "reviewed", ""),
        (quoted, "reviewed", ""),
        (notices, "tampered", "Meant for the reviewer: white text (p. 2)."),
        ({"trustworthy": False} | notices, "untrustworthy", "planted"),
        (torn | notices, "incomplete", "Cut off. Meant for the reviewer: white text"),
        ({"in_scope": False, "critiques": [], "scope_reason": "A menu."}, "out of scope", "A menu."),
        ({"in_scope": False, "critiques": []} | notices, "tampered", "white text"),
    ]:
        made = Row.of(review.model_copy(update=changes), "a.md", "a.html")
        assert made.status == status
        assert told in made.problem
        assert bool(made.problem) == bool(told)
    assert Row.of(review.model_copy(update=torn), "a.md", "a.html").cells[first.id].words == "failed"


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("reviews/a b#1?.html", "./reviews/a%20b%231%3F.html"),
        ("//evil.example/x.html", ".///evil.example/x.html"),
        ("javascript:alert(1).html", "./javascript%3Aalert%281%29.html"),
        ("caf\udce9.html", "./caf%E9.html"),
    ],
)
def test_links_stay_in_the_folder(recorded: list[Review], page: str, link: str) -> None:
    assert Row.of(recorded[0], "a.md", page).link == link


def test_names_that_are_no_utf8_can_be_written(recorded: list[Review], tmp_path: Path) -> None:
    rows = [Row.of(recorded[0], "caf\udce9.md", "x.html"), Row.unreadable("\udcff.md", "\udcff"), Row.duplicate("b", "\udcff")]
    assert written(rows, tmp_path)[0]["path"] == "caf\ufffd.md"
    assert "caf\ufffd.md" in heat_map(rows)
    assert json.loads(next(findings_lines(recorded[0], "caf\udce9.md")))["path"] == "caf\ufffd.md"


def test_ranking() -> None:
    rows = [
        Row.unreadable("z.pdf", "torn"),
        row("a", status=RowStatus.INCOMPLETE),
        row("b", status=RowStatus.UNTRUSTWORTHY),
        row("c", status=RowStatus.TAMPERED, critical=1),
        row("d", status=RowStatus.TAMPERED, minor=9),
        row("e", critical=2),
        row("f", critical=1, major=3),
        row("g", critical=1, major=2, minor=9),
        row("h", major=9),
        row("i", minor=1, unsupported=1),
        row("j", minor=1),
        row("z/K.md"),
        row("a/l.md"),
        row("a/m.md", status=RowStatus.OUT_OF_SCOPE, in_scope=False),
        Row.duplicate("a/a.md", "e"),
    ]
    backwards = rows[::-1]
    assert sorted(backwards, key=rank) == rows


def test_what_is_done_comes_back_in_order() -> None:
    store = Store(None)
    rows = [
        Row.unreadable("z.pdf", "torn"),
        row("e", {"U4": cell("raised", "critical")}, critical=1),
        Row.duplicate("a.md", "e"),
    ]
    store.keep_result("key", Result(rows[1].model_dump_json(), "{}\n"))
    ranking = Ranking(store)
    for done, key in zip(reversed(rows), (None, "key", None), strict=True):
        ranking.add(done, key)
    assert list(ranking) == list(ranking) == rows
    assert list(ranking.findings()) == ["", "{}\n", ""]
    assert ranking.statuses == {"unreadable": 1, "reviewed": 1, "duplicate": 1}


def test_the_documentation_quotes_the_ranking() -> None:
    rule = " ".join((rank.__doc__ or "").split("\n\n", 1)[1].split())
    assert rule in " ".join((ROOT / "docs" / "screening.md").read_text(encoding="utf-8").split())


# Tables


@pytest.mark.parametrize("text", FORMULAE)
def test_csv_disarms_a_formula(text: str, tmp_path: Path) -> None:
    for told in (written([row(text, title=text)], tmp_path)[0], written([Row.unreadable(text, text)], tmp_path)[0]):
        for value in told.values():
            assert not any(DANGEROUS.match(part) and not part.startswith("'") for part in re.split(r"[;\t\r\n]", value))


texts = st.text(st.sampled_from("=+-@＝\t\r\n \"';,ab\x00\x1b\u202e\ud800é") | st.characters(), max_size=12)


@given(text=texts)
@settings(max_examples=200, deadline=None)
def test_csv_reads_back_and_runs_nothing(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = text.encode("utf-8", "replace").decode()
    folder = tmp_path_factory.getbasetemp()
    (told,) = written([row(title=text)], folder)
    assert not any(re.match(r"[\s\"]*[=+\-@＝＋－＠\t\r]", part) for part in re.split(r"[;\t\r\n]", told["title"]))
    assert told["path"] == "a.md"
    if not re.search(r"[=+\-@＝＋－＠\t\r\n\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", text):
        assert told["title"] == text
    # A spreadsheet that separates by semicolons does not see our quotation marks; no cell of its may be a formula either.
    for line in re.split(r"[\r\n]", (folder / "s.csv").read_bytes().decode())[1:]:
        assert not any(re.match(r"[\s\"]*[=+\-@]", part) for part in line.split(";"))


@given(text=texts)
@settings(max_examples=30, deadline=None)
def test_xlsx_holds_text_only(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = text.encode("utf-8", "replace").decode()
    path = tmp_path_factory.getbasetemp() / "s.xlsx"
    write_xlsx([row(title=f"={text}"), row(title=text), row("https://evil.example", title="mailto:a@b")], path, PACK)
    sheet = load_workbook(path).active
    assert not any(found.data_type == "f" or found.hyperlink for line in sheet for found in line)
    assert sheet["B2"].value == "=" + (sheet["B3"].value or "")


def test_xlsx_for_a_person(tmp_path: Path, offline: list[Row]) -> None:
    path = tmp_path / "s.xlsx"
    write_xlsx([row(title="x" * 40_000, problem="_x0041_ \x1b[31m"), *offline], path, PACK)
    first = path.read_bytes()
    sheet = load_workbook(path).active
    head = [found.value for found in sheet[1]]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, len(head)).column_letter}{len(offline) + 2}"
    assert len(sheet["B2"].value) == 32_767
    assert sheet["B2"].value.endswith("x…")
    assert "\x1b" not in sheet["D2"].value
    colours = {}
    for line, told in zip(sheet.iter_rows(min_row=3), offline, strict=True):
        assert line[0].value == told.path
        for critique in PACK.critiques:
            found = line[head.index(f"{critique.id} {critique.title}")]
            if critique.id in told.cells:
                assert found.value == told.cells[critique.id].words
                colours[found.value] = found.fill.fgColor.rgb
    assert len(set(colours.values())) == len(colours) >= 4
    write_xlsx([row(title="x" * 40_000, problem="_x0041_ \x1b[31m"), *offline], path, PACK)
    assert path.read_bytes() == first


def test_csv(offline: list[Row], tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    write_csv(offline, tmp_path / "s.csv", PACK)
    assert (tmp_path / "s.csv").read_text(encoding="utf-8") == snapshot


# Findings


def test_findings_lines(recorded: list[Review]) -> None:
    for review in recorded:
        lines = list(findings_lines(review, "a/b.md"))
        assert not any("\n" in line for line in lines)
        found = [json.loads(line) for line in lines]
        assert [one["id"] for one in found] == [finding.id for finding in review.findings]
        for one, finding in zip(found, review.findings, strict=True):
            assert (one["path"], one["digest"], one["title"]) == ("a/b.md", review.subject.digest, review.subject.title)
            for quotation in one["quotations"]:
                assert review.subject.text[quotation["start"] : quotation["end"]] == quotation["text"]
            expected = json.loads(finding.model_dump_json())
            for name in ("slug", "link", "verdict", "severity", "confidence", "reasoning", "absent", "change", "question"):
                assert one[name] == expected[name]


# The page on the round


def test_round(offline: list[Row], snapshot: SnapshotAssertion) -> None:
    assert the_round(offline) == snapshot


def test_the_round_counts_only_what_is_relied_on(pack: RubricPack) -> None:
    raised, partly, answered = cell("raised", "major"), cell("partly_answered", "minor"), cell("answered")
    silent, doubtful, failed = cell("not_applicable"), cell("raised", "minor", "unsupported"), cell(None, None, "failed")
    rows = [
        row("1", {"U4": raised, "H3": raised}),
        row("2", {"U4": partly, "H3": answered}),
        row("3", {"U4": answered, "H3": answered}, status=RowStatus.INCOMPLETE, complete=False),
        row("4", {"U4": answered, "H3": silent}),
        row("5", {"U4": silent, "H3": silent}),
        row("6", {"U4": doubtful}),
        row("7", {"U4": failed}),
        row("8", {"U4": raised}, status=RowStatus.INCOMPLETE, complete=False, tampered=True),
        row("9", {"U4": raised}, status=RowStatus.UNTRUSTWORTHY, trustworthy=False),
        row("10", {}, status=RowStatus.OUT_OF_SCOPE, in_scope=False),
        Row.unreadable("11", "torn"),
    ]
    asked = pack.only(["U4", "H3", "M1"])
    first, second, third = Round(rows, asked).tallies
    assert (first.critique.id, first.open, first.concerned, first.none) == ("U4", 2, 4, 2)
    assert first.verdicts == {"raised": 1, "partly_answered": 1, "answered": 2, "not_applicable": 1}
    assert first.severities == {"major": 1, "minor": 1}
    assert (second.critique.id, second.open, second.concerned) == ("H3", 1, 3)
    assert (third.critique.id, third.open, third.concerned, third.share) == ("M1", 0, 0, 0)
    page = the_round(rows, asked)
    assert "Counted are the 7 proposals" in page
    assert "| U4 | Measurement-deployment gap | 2 of 4 (50%) | 1 | 1 | 2 | 1 | 2 | 0, 1, 1 |" in page
    asks = page.split("## What the call could ask")[1]
    assert first.critique.ask in asks  # exactly half
    assert second.critique.ask not in asks
    assert "## Not read (1)\n\n- 11: torn" in page


def test_the_round_says_what_it_cost_and_what_it_does_not_know() -> None:
    usage = {"requests": 2, "input_tokens": 1000, "cached_tokens": 400, "output_tokens": 50, "reasoning_tokens": 7}
    known, unknown = row("a", usage=usage, price_usd=0.125), row("b", usage=usage)
    page = the_round([known, known, unknown])
    assert "- requests: 6\n- tokens: 3,000 in (1,200 cached), 150 out (21 for reasoning)\n" in page
    assert "- price: 0.25 USD, for the 2 of 3 proposals whose price is known" in page
    assert "- price: 0.12 USD\n" in the_round([known])
    assert "- price: not known" in the_round([unknown])
    assert "No request was sent." in the_round([])


def test_the_round_gets_no_markup() -> None:
    page = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(the_round([Row.unreadable(HOSTILE, HOSTILE), Row.duplicate("a\n# b", HOSTILE)]))
    )
    for markup in ("<script", "<a ", "<img", "<code", "<strong>b", "<h1>b"):
        assert markup not in page


# The heat map, as a file; tests/test_screening_page.py opens it


def test_the_heat_map_gets_no_markup(recorded: list[Review]) -> None:
    review = recorded[0]
    subject = review.subject.model_copy(update={"title": HOSTILE})
    rows = [Row.of(review.model_copy(update={"subject": subject}), HOSTILE, HOSTILE), Row.unreadable(HOSTILE, HOSTILE)]
    text = heat_map(rows)
    page = html.fromstring(text)
    clean = render_fixed(text)
    assert [element.tag for element in page.iter()] == [element.tag for element in html.fromstring(clean).iter()]
    told = json.loads(page.xpath("//script[@id='data']")[0].text)
    assert told["rows"][0][1] == HOSTILE.replace("\u202e", "")
    assert told["rows"][0][2].startswith("./%3C/script%3E")


def render_fixed(text: str) -> str:
    """The same page without its data."""
    return re.sub(r'(id="data">).*?(</script>)', r"\1{}\2", text, flags=re.DOTALL)


def test_the_heat_map_loads_nothing(offline: list[Row]) -> None:
    page = html.fromstring(heat_map(offline))
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not page.xpath("//@src | //link | //@style | //*[@*[starts-with(name(), 'on')]]")
    assert all(address.startswith("./") for address in page.xpath("//@href"))
