"""`index.html`: proposals by critiques as one self-contained page that asks nothing of any network."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from critic.findings import Severity, Status, Verdict
from critic.render.words import clean
from critic.rubrics import RubricPack
from critic.screening.round import Round
from critic.screening.rows import Cell, Row, RowStatus

_SYMBOLS = {Verdict.RAISED: "R", Verdict.PARTLY_ANSWERED: "P", Verdict.ANSWERED: "A", Verdict.NOT_APPLICABLE: "–"}


def write_heatmap(rows: Iterable[Row], told: Round, path: Path, pack: RubricPack) -> None:
    """Write the page; it shows rows in the order given until its reader sorts them, and links to each row's review."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(render(rows, told, pack))


def render(rows: Iterable[Row], told: Round, pack: RubricPack) -> Iterator[str]:
    """The page in HTML, piece by piece.

    The rows are data in JSON that a script turns into one screenful of table at a time, so that ten thousand open at once.
    The page's policy lets nothing run or load but its own style and script, by their hashes.
    """
    here = Path(__file__)
    style, script = (here.with_name(f"heatmap.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    parts = {
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
        "title": escape(f"{told.files}: {pack.about.title}"),
        "heading": told.files,
        "overview": escape(told.overview),
        "manner": escape(clean(" ".join(told.manner))),
        "source": escape(pack.about.source),
    }
    before, after = here.with_name("heatmap.html").read_text(encoding="utf-8").split("$data")
    yield Template(before).substitute(parts)
    yield from _data(rows, pack)
    yield Template(after).substitute(parts)


def _data(rows: Iterable[Row], pack: RubricPack) -> Iterator[str]:
    """All that the page shows, in JSON; rows are short arrays, since their names would outweigh them."""
    kinds: dict[Cell, int] = {}
    ids = [critique.id for critique in pack.critiques]
    comma = ""
    yield '{"rows":['
    for row in rows:
        cells = [kinds.setdefault(row.cells[id], len(kinds)) if id in row.cells else -1 for id in ids]
        yield comma + _json(
            [
                clean(row.path),
                row.title or "",
                row.link,
                row.status.rank,
                clean(f"Same text as {row.problem}" if row.status is RowStatus.DUPLICATE else row.problem),
                [row.critical, row.major, row.minor, row.unsupported + row.failed],
                cells,
            ]
        )
        comma = ","
    rest = {
        "statuses": [status.value for status in RowStatus],
        "links": [[link.title, sum(critique.link == link.id for critique in pack.critiques)] for link in pack.about.links],
        "critiques": [[critique.id, critique.title] for critique in pack.critiques],
        "kinds": [_kind(cell) for cell in kinds],
    }
    yield f"],{_json(rest)[1:]}"


def _kind(cell: Cell) -> dict[str, Any]:
    """How cells of a kind look, read, sort and are filtered."""
    if cell.status is not Status.JUDGED or cell.verdict is None:
        failed = cell.status is Status.FAILED or cell.verdict is None
        return {
            "symbol": "!" if failed else "?",
            "words": cell.words,
            "look": "F" if failed else "U",
            "groups": ["none"],
            "heat": 1,
        }
    level = len(Severity) - cell.severity.rank if cell.severity else 0
    look = "N" if cell.verdict is Verdict.NOT_APPLICABLE else f"{_SYMBOLS[cell.verdict]}{level or ''}"
    groups = [cell.verdict.value, *(["open", cell.severity.value] if cell.severity else [])]
    heat = 10 * level + list(Verdict)[::-1].index(cell.verdict)
    symbol = f"{_SYMBOLS[cell.verdict]}{level or ''}"
    return {"symbol": symbol, "words": cell.words, "look": look, "groups": groups, "heat": heat}


def _json(data: dict[str, Any] | list[Any]) -> str:
    """JSON that nothing in a proposal can end, or turn into markup."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"})


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
