"""`summary.csv` and `summary.xlsx`: a row a proposal, a column a critique; no spreadsheet runs anything that stands in them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from critic.findings import Severity, Status, Verdict
from critic.rubrics import RubricPack
from critic.screening.rows import Cell, Row, RowStatus

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook

Value = str | int | float | None

_BEFORE = {
    "path": 40,
    "title": 40,
    "status": 13,
    "problem": 30,
    "critical": 8,
    "major": 8,
    "minor": 8,
    "unsupported": 11,
    "failed": 8,
}
_AFTER = {
    "complete": 10,
    "trustworthy": 11,
    "tampered": 10,
    "in scope": 10,
    "words": 8,
    "requests": 9,
    "input tokens": 10,
    "cached tokens": 10,
    "output tokens": 10,
    "reasoning tokens": 10,
    "price USD": 10,
    "mode": 9,
    "model": 18,
    "review": 40,
    "SHA-256": 20,
}
_LONGEST = 32_767  # characters in a cell, in Excel
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
# What may start a formula, also behind blanks and quotation marks, and behind a semicolon, tab or line end: there a cell starts
# where the spreadsheet's language separates by semicolons and so does not see our quotation marks.
_FORMULA = re.compile(r"""(^|[;\t\r\n])(?=[\s\x00-\x20"'“”‘’«»]*[=+\-@＝＋－＠]|[\t\r\n])""")
_COLOURS = {  # font and background
    (Verdict.RAISED, Severity.CRITICAL): ("#FFFFFF", "#8F1D14"),
    (Verdict.RAISED, Severity.MAJOR): ("#FFFFFF", "#C2410C"),
    (Verdict.RAISED, Severity.MINOR): ("#1A1A1A", "#F3B04B"),
    (Verdict.PARTLY_ANSWERED, Severity.CRITICAL): ("#5C120C", "#F3C1BB"),
    (Verdict.PARTLY_ANSWERED, Severity.MAJOR): ("#5A2606", "#F9D9BF"),
    (Verdict.PARTLY_ANSWERED, Severity.MINOR): ("#4A3A08", "#FBF0D0"),
    (Verdict.ANSWERED, None): ("#1C4527", "#DCEBDE"),
    (Verdict.NOT_APPLICABLE, None): ("#666666", "#FFFFFF"),
}
_DOUBTFUL = ("#3F2F75", "#E8E3F5")


def write_csv(rows: Iterable[Row], path: Path, pack: RubricPack) -> None:
    """Write rows as comma-separated values in UTF-8, in the order given.

    A text that a spreadsheet could take for a formula gets an apostrophe in front, as OWASP recommends.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow([_csv(name) for name in _widths(pack)])
        writer.writerows([_csv(_legal(value)) for value in _values(row, pack)] for row in rows)


def write_xlsx(rows: Iterable[Row], path: Path, pack: RubricPack) -> None:
    """Write rows as an Excel workbook, in the order given; every text is a string, never a formula or a link."""
    from xlsxwriter import Workbook

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),  # proposals may be confidential: nothing is left in a folder that others read
    }
    with Workbook(str(path), options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # today's date would change the bytes
        sheet = book.add_worksheet("Proposals")
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        grave = book.add_format({"bold": True, "font_color": "#8F1D14"})
        formats: dict[Cell, Format] = {}
        widths = _widths(pack)
        sheet.freeze_panes(1, 2)
        sheet.set_row(0, 62)
        for column, (name, width) in enumerate(widths.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, _xlsx(name), head)
        number = 0
        for number, row in enumerate(rows, 1):
            coloured = {len(_BEFORE) + place: row.cells.get(critique.id) for place, critique in enumerate(pack.critiques)}
            for column, value in enumerate(_values(row, pack)):
                style = None
                if cell := coloured.get(column):
                    style = formats.get(cell) or formats.setdefault(cell, _format(book, cell))
                elif column == _STATUS and row.status.rank < RowStatus.REVIEWED.rank:
                    style = grave
                if isinstance(value, str):
                    sheet.write_string(number, column, _xlsx(value), style)
                elif value is not None:
                    sheet.write_number(number, column, value, style)
        sheet.autofilter(0, 0, number, len(widths) - 1)


_STATUS = list(_BEFORE).index("status")


def _widths(pack: RubricPack) -> dict[str, int]:
    """The names of the columns, and how many characters wide each is."""
    rubrics = [*pack.critiques, *pack.considerations]
    return _BEFORE | {f"{rubric.id} {rubric.title}": 17 for rubric in rubrics} | _AFTER


def _values(row: Row, pack: RubricPack) -> list[Value]:
    """What stands in the columns."""
    cells = [row.cells.get(critique.id) for critique in pack.critiques]
    judged = row.complete is not None
    before: list[Value] = [row.path, row.title, row.status.value, row.problem]
    counts: list[Value] = [row.critical, row.major, row.minor, row.unsupported, row.failed]
    usage = row.usage
    tokens = [usage.requests, usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens]
    return [
        *before,
        *(counts if judged else [None] * len(counts)),
        *(cell and cell.words for cell in cells),
        *(row.credits.get(consideration.id) for consideration in pack.considerations),
        *(_yes(value) for value in (row.complete, row.trustworthy, row.tampered, row.in_scope)),
        row.words,
        *(tokens if judged else [None] * len(tokens)),
        row.price_usd,
        row.mode,
        row.model,
        row.link,
        row.digest,
    ]


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _legal(value: Value) -> Value:
    return _ILLEGAL.sub("", value) if isinstance(value, str) else value


def _csv(value: Value) -> Value:
    return _FORMULA.sub(r"\1'", value) if isinstance(value, str) else value


def _xlsx(text: str) -> str:
    text = _ILLEGAL.sub("", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _format(book: Workbook, cell: Cell) -> Format:
    judged = cell.status is Status.JUDGED and cell.verdict
    font, background = _COLOURS.get((cell.verdict, cell.severity), _DOUBTFUL) if judged and cell.verdict else _DOUBTFUL
    return book.add_format({"font_color": font, "bg_color": background, "border": 1, "border_color": "#DDDDDD"})
