"""The review for a terminal, through rich; wraps to its width, and is plain text when piped."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from critic.findings import Assessment, Credit, Quotation, Review, Severity, Status, Verdict
from critic.render.words import clean, credit_standing, doubts, made, notices, place, standing, summary

_VERDICT_STYLE = {
    Verdict.RAISED: "bold red",
    Verdict.PARTLY_ANSWERED: "yellow",
    Verdict.ANSWERED: "green",
    Verdict.NOT_APPLICABLE: "dim",
}
_SEVERITY_STYLE = {Severity.CRITICAL: "bold red", Severity.MAJOR: "red", Severity.MINOR: "yellow"}
_CREDIT_STYLE = {Credit.PRESENT: "green", Credit.PARTIAL: "yellow", Credit.ABSENT: "dim"}


def render(review: Review, *, width: int = 100, color: bool = False) -> str:
    """The whole review.

    Args:
        width: columns to wrap to.
        color: whether to use ANSI colours.
    """
    console = Console(
        file=StringIO(), width=max(width, 40), force_terminal=color, no_color=not color, highlight=False, legacy_windows=False
    )
    for part in _parts(review):
        console.print(part)
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _parts(review: Review) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Panel(Text(notice), border_style="bold red" if notice.startswith("INCOMPLETE") else "yellow")
        for notice in notices(review)
    ]
    parts += [
        Text(clean(review.subject.title or review.subject.name), style="bold"),
        Text(clean(review.subject.name), style="dim"),
    ]
    if review.critiques:
        parts += [Text(summary(review), style="bold"), ""]
        if any(step.text for step in review.outline):
            parts += [_outline(review), ""]
        parts += [_verdicts(review)]
        parts += [part for finding in review.findings for part in _finding(finding)]
        parts += _doubtful(review)
        if review.considerations:
            parts += ["", Rule("Credits", align="left", style="dim"), _credits(review)]
        if review.recommendations:
            parts += ["", Rule("Recommendations", align="left", style="dim"), _recommendations(review)]
    parts += ["", Rule("How this was made", align="left", style="dim"), _made(review)]
    return parts


def _grid(*widths: int | None) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in widths:
        grid.add_column(width=width, overflow="fold", ratio=None if width else 1)
    return grid


def _outline(review: Review) -> RenderableType:
    grid = _grid(24, None)
    for number, step in enumerate(review.outline):
        arrow = "-> " if number else "   "
        said = Text(clean(step.text)) if step.text else Text("the text is silent", style="bold red")
        grid.add_row(Text(f"{arrow}{step.title}", style="bold"), said)
    return Group(Rule("The proposal's own argument", align="left", style="dim"), grid)


def _verdicts(review: Review) -> RenderableType:
    parts: list[RenderableType] = []
    for link in review.links:
        entries = [entry for entry in review.critiques if entry.link == link.id]
        if not entries:
            continue
        grid = _grid(4, None, 17, 8)
        for entry in entries:
            style = _VERDICT_STYLE[entry.verdict] if entry.verdict and entry.status is Status.JUDGED else "bold magenta"
            severity = (
                Text(entry.severity.value, style=_SEVERITY_STYLE[entry.severity])
                if entry.severity and entry.is_finding
                else Text("")
            )
            grid.add_row(entry.id, Text(entry.title), Text(standing(entry), style=style), severity)
        parts += [Rule(link.title, align="left", style="dim"), grid, ""]
    return Group(*parts)


def _finding(finding: Assessment) -> list[RenderableType]:
    severity = finding.severity or Severity.MINOR
    head = Text.assemble(
        (f"{finding.id} {finding.title}  ", "bold"),
        (severity.value, _SEVERITY_STYLE[severity]),
        ", ",
        standing(finding),
        (f"  (section {finding.section}; confidence {finding.confidence or 0:.2f})", "dim"),
    )
    grid = _grid(8, None)
    for label, text in (
        ("why", finding.reasoning),
        ("missing", finding.absent),
        ("change", finding.change),
        ("ask", finding.question),
        ("see", ", ".join(finding.recommendations)),
    ):
        if text:
            grid.add_row(Text(label, style="dim"), Text(clean(text)))
    quotations = [Padding(_quotation(quotation), (0, 0, 0, 2)) for quotation in finding.quotations]
    return [Rule(head, align="left", style="dim"), *quotations, Padding(grid, (0, 0, 0, 2)), ""]


def _quotation(quotation: Quotation) -> Text:
    label = "says" if quotation.role == "claim" else "answers"
    return Text.assemble((f"{label}: ", "dim"), (f"“{clean(quotation.text)}”", "italic"), (f"  {place(quotation)}", "cyan"))


def _doubtful(review: Review) -> list[RenderableType]:
    entries = [entry for entry in [*review.critiques, *review.considerations] if entry.status is not Status.JUDGED]
    if not entries:
        return []
    grid = _grid(4, 26, None)
    for entry in entries:
        said = standing(entry) if isinstance(entry, Assessment) else entry.status.value
        grid.add_row(entry.id, Text(said, style="bold magenta"), Text(doubts(entry)))
    return [Rule("Not to be relied on", align="left", style="bold magenta"), grid]


def _credits(review: Review) -> RenderableType:
    grid = _grid(4, 20, None)
    for credit in review.considerations:
        style = _CREDIT_STYLE[credit.value] if credit.value and credit.status is Status.JUDGED else "bold magenta"
        text = Text(credit.title)
        for quotation in credit.quotations[:1]:
            text.append(f"\n“{clean(quotation.text)}”", style="italic").append(f"  {place(quotation)}", style="cyan")
        grid.add_row(credit.id, Text(credit_standing(credit), style=style), text)
    return grid


def _recommendations(review: Review) -> RenderableType:
    grid = _grid(4, 12, None)
    for recommendation in review.recommendations:
        grid.add_row(
            recommendation.id,
            recommendation.actor,
            Text(f"{recommendation.title} ({recommendation.section}). {recommendation.text}"),
        )
    return grid


def _made(review: Review) -> RenderableType:
    grid = _grid(10, None)
    for label, value in made(review):
        grid.add_row(Text(label, style="dim"), Text(value))
    return grid
