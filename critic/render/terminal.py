"""The review for a terminal, through rich; wraps to its width, and is plain text when piped."""

from __future__ import annotations

from io import StringIO

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from critic.findings import Assessment, Credit, Quotation, Review, Severity, Status, Verdict
from critic.render.words import (
    GRAVE,
    VERDICT,
    afterthoughts,
    clean,
    credit_standing,
    disputed,
    doubts,
    made,
    notices,
    place,
    standing,
    summary,
    tampering,
)

_VERDICT_STYLE = {
    Verdict.RAISED: "bold red",
    Verdict.PARTLY_ANSWERED: "yellow",
    Verdict.ANSWERED: "green",
    Verdict.NOT_APPLICABLE: "dim",
}
_SEVERITY_STYLE = {Severity.CRITICAL: "bold red", Severity.MAJOR: "red", Severity.MINOR: "yellow"}
_DOUBT = "bold magenta"
_CREDIT_STYLE = {Credit.PRESENT: "green", Credit.PARTIAL: "yellow", Credit.ABSENT: "dim"}


_NARROW = 72  # columns; below this, what stands side by side stands one under the other


def render(review: Review, *, width: int = 100, color: bool = False) -> str:
    """The whole review.

    Args:
        review: what to show.
        width: columns to wrap to.
        color: whether to use ANSI colours.
    """
    width = max(width, 40)
    console = Console(
        file=StringIO(), width=width, force_terminal=color, no_color=not color, highlight=False, legacy_windows=False
    )
    for part in _parts(review, narrow=width < _NARROW):
        console.print(part)
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _parts(review: Review, *, narrow: bool) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Panel(Text(notice), border_style="bold red" if notice.startswith(GRAVE) else "yellow") for notice in notices(review)
    ]
    parts += [
        Text(clean(review.subject.title or review.subject.name), style="bold"),
        Text(clean(review.subject.name), style="dim"),
    ]
    if rows := [("", Text(kind), Text(f"{text}\n{level}")) for level, kind, text in tampering(review)]:
        parts += ["", _rule("Text meant for the reviewer"), _table(rows, narrow), ""]
    if review.critiques:
        parts += [Text(summary(review), style="bold"), ""]
        if any(step.text for step in review.outline):
            parts += [_rule("The proposal's own argument"), _table(_outline(review), narrow), ""]
        parts += _verdicts(review, narrow)
        parts += [part for finding in review.findings for part in _finding(finding)]
        if rows := [(e.id, Text(label), Text(text)) for e in disputed(review) for label, text in afterthoughts(e)]:
            parts += [_rule("No findings, yet looked at again"), _table(rows, narrow), ""]
        if rows := _doubtful(review):
            parts += [_rule("Not to be relied on"), _table(rows, narrow), ""]
        if review.considerations:
            parts += [_rule("Credits"), _table(_credits(review), narrow), ""]
        if review.recommendations:
            parts += [_rule("Recommendations"), _table(_recommendations(review), narrow), ""]
    made_rows = [("", Text(label, style="dim"), Text(value)) for label, value in made(review)]
    return [*parts, _rule("How this was made"), _table(made_rows, narrow)]


def _rule(title: str) -> Rule:
    return Rule(Text(title, style="bold"), align="left", style="dim")


_Row = tuple[str, Text, Text]  # what it is about, what is said of it, and more


def _table(rows: list[_Row], narrow: bool) -> Table:
    """Rows in three columns, or in two where the third would be too narrow to read."""
    table = Table.grid(padding=(0, 2, 0, 0))
    if any(id for id, _, _ in rows):
        table.add_column(width=4)
    table.add_column(width=None if narrow else max(cell_len(label.plain) for _, label, _ in rows))
    if not narrow:
        table.add_column(ratio=1)
    for id, label, text in rows:
        cells = [Text("\n").join([label, text]) if text else label] if narrow else [label, text]
        table.add_row(*([id, *cells] if len(table.columns) > len(cells) else cells))
    return table


def _outline(review: Review) -> list[_Row]:
    return [
        (
            "->" if number else "",
            Text(step.title, style="bold"),
            Text(clean(step.text)) if step.text else Text("the text is silent", style="bold red"),
        )
        for number, step in enumerate(review.outline)
    ]


def _verdicts(review: Review, narrow: bool) -> list[RenderableType]:
    parts: list[RenderableType] = []
    longest = max(len(entry.title) for entry in review.critiques)
    for link in review.links:
        rows: list[_Row] = []
        for entry in (entry for entry in review.critiques if entry.link == link.id):
            said = Text(VERDICT[entry.verdict], style=_VERDICT_STYLE[entry.verdict]) if entry.verdict else Text()
            if entry.status is not Status.JUDGED:
                said = Text(entry.status.value, style=_DOUBT)
            elif entry.severity:
                said.append(", ", style="default").append(entry.severity.value, style=_SEVERITY_STYLE[entry.severity])
            rows.append((entry.id, Text(entry.title if narrow else entry.title.ljust(longest)), said))
        if rows:
            parts += [_rule(link.title), _table(rows, narrow), ""]
    return parts


def _finding(finding: Assessment) -> list[RenderableType]:
    severity = finding.severity or Severity.MINOR
    head = Text.assemble(
        (f"{finding.id} {finding.title}", "bold"),
        ": ",
        standing(finding),
        ", ",
        (severity.value, _SEVERITY_STYLE[severity]),
        (f"  (section {finding.section}; confidence {finding.confidence or 0:.2f})", "dim"),
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=8)
    grid.add_column(ratio=1)
    for label, text in (
        ("why", finding.reasoning),
        ("missing", finding.absent),
        ("change", finding.change),
        ("ask", finding.question),
        ("see", ", ".join(finding.recommendations)),
        *afterthoughts(finding),
    ):
        if text:
            grid.add_row(Text(label, style="dim"), Text(clean(text)))
    quotations = [Padding(_quotation(quotation), (0, 0, 0, 2)) for quotation in finding.quotations]
    return [head, *quotations, Padding(grid, (0, 0, 0, 2)), ""]


def _quotation(quotation: Quotation) -> Text:
    label = "claims" if quotation.role == "claim" else "answers"
    return Text.assemble((f"{label}: ", "dim"), (f"“{clean(quotation.text)}”", "italic"), (f"  {place(quotation)}", "cyan"))


def _doubtful(review: Review) -> list[_Row]:
    return [
        (
            entry.id,
            Text(standing(entry) if isinstance(entry, Assessment) else entry.status.value, style=_DOUBT),
            Text(doubts(entry)),
        )
        for entry in [*review.critiques, *review.considerations]
        if entry.status is not Status.JUDGED
    ]


def _credits(review: Review) -> list[_Row]:
    rows: list[_Row] = []
    for credit in review.considerations:
        style = _CREDIT_STYLE[credit.value] if credit.value and credit.status is Status.JUDGED else _DOUBT
        text = Text(credit.title)
        for quotation in credit.quotations[:1]:
            text.append(f"\n“{clean(quotation.text)}”", style="italic").append(f"  {place(quotation)}", style="cyan")
        rows.append((credit.id, Text(credit_standing(credit), style=style), text))
    return rows


def _recommendations(review: Review) -> list[_Row]:
    return [
        (
            recommendation.id,
            Text(recommendation.actor),
            Text(f"{recommendation.title} ({recommendation.section}). {recommendation.text}"),
        )
        for recommendation in review.recommendations
    ]
