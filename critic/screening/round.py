"""`round.md`: the whole round on one page, for the programme that wants to mend its call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from critic.findings import Severity, Status, Usage, Verdict
from critic.render.escape import markdown as escaped
from critic.render.words import VERDICT
from critic.rubrics import Critique, RubricPack
from critic.screening.rows import Row, RowStatus

_HEADINGS = {
    RowStatus.UNREADABLE: "Not read",
    RowStatus.INCOMPLETE: "Incomplete: no all-clear",
    RowStatus.UNTRUSTWORTHY: "Not to be trusted",
    RowStatus.TAMPERED: "Tampered with",
    RowStatus.OUT_OF_SCOPE: "Out of scope",
    RowStatus.DUPLICATE: "Duplicates: the same text as",
}


@dataclass(frozen=True)
class Tally:
    """How the proposals that count stand to one critique; every proposal is in exactly one of the five numbers."""

    critique: Critique
    verdicts: Counter[Verdict]
    severities: Counter[Severity]  # of the open ones
    none: int  # unsupported or failed

    @property
    def open(self) -> int:
        """Raised or partly answered."""
        return self.verdicts[Verdict.RAISED] + self.verdicts[Verdict.PARTLY_ANSWERED]

    @property
    def concerned(self) -> int:
        """To how many the critique applies."""
        return self.open + self.verdicts[Verdict.ANSWERED]

    @property
    def share(self) -> float:
        """The open ones among those concerned; 0 where it concerns none."""
        return self.open / self.concerned if self.concerned else 0.0


def tallies(rows: Iterable[Row], pack: RubricPack) -> list[Tally]:
    """Count the verdicts on each critique, over the rows that are relied on; what most leave open comes first."""
    counted = [row.cells for row in rows if row.relied_on]
    found: list[Tally] = []
    for critique in pack.critiques:
        cells = [cells[critique.id] for cells in counted if critique.id in cells]
        judged = [cell for cell in cells if cell.status is Status.JUDGED]
        found.append(
            Tally(
                critique=critique,
                verdicts=Counter(cell.verdict for cell in judged if cell.verdict),
                severities=Counter(cell.severity for cell in judged if cell.severity),
                none=len(cells) - len(judged),
            )
        )
    return sorted(found, key=lambda tally: (-tally.share, -tally.open, -tally.concerned))


def overview(rows: Iterable[Row]) -> str:
    """How many proposals have which status, such as `20 reviewed, 1 tampered, 1 duplicate`."""
    counts = Counter(row.status for row in rows)
    first = (RowStatus.REVIEWED, *(status for status in RowStatus if status is not RowStatus.REVIEWED))
    return ", ".join(f"{counts[status]:,} {status.value}" for status in first if counts[status]) or "none"


def manner(rows: Iterable[Row]) -> list[str]:
    """How the verdicts came about, in sentences."""
    models = Counter((row.mode, row.model) for row in rows if row.mode)
    words = {"live": "{1:,} judged by {0}.", "recorded": "{1:,} from recordings of {0}."}
    offline = "OFFLINE SCREEN: {1:,} judged by the cues in the rubrics, not by a model's reading."
    return [
        words.get(mode or "", offline).format(model or "a model without a name", count)
        for (mode, model), count in sorted(models.items(), key=lambda item: -item[1])
    ]


def write_round(rows: Iterable[Row], path: Path, pack: RubricPack) -> None:
    """Write the page in Markdown; lists keep the order of the rows."""
    path.write_text(render(list(rows), pack), encoding="utf-8")


def render(rows: Sequence[Row], pack: RubricPack) -> str:
    """The page in Markdown; nothing in a proposal or its name can add markup to it."""
    lines = [f"# The round: {len(rows):,} file{'' if len(rows) == 1 else 's'}", "", f"**{overview(rows)}**", ""]
    lines += [f"> {escaped(sentence)}\n" for sentence in manner(rows)]
    found = tallies(rows, pack)
    lines += ["## What proposals leave open", "", *_counted(rows), "", *_table(found), ""]
    lines += _questions(found, pack)
    for status, heading in _HEADINGS.items():
        listed = [row for row in rows if row.status is status]
        if listed:
            lines += [f"## {heading} ({len(listed):,})", ""]
            lines += [f"- {escaped(row.path)}: {escaped(row.problem) or 'no reason is known'}" for row in listed]
            lines += [""]
    return "\n".join([*lines, "## What the reviews cost", "", *_cost(rows)]) + "\n"


def _counted(rows: Sequence[Row]) -> list[str]:
    counted = sum(row.relied_on for row in rows)
    return [
        f"Counted are the {counted:,} proposals whose verdicts are relied on: in scope, not tampered with, not under a failed "
        "probe; of an incomplete review, the verdicts that there are. Open is what is raised or partly answered; its share is "
        "of the proposals that the critique concerns; those where it is not applicable and those without a verdict "
        "(unsupported or failed) are left out of it."
    ]


def _table(found: Iterable[Tally]) -> list[str]:
    names = [VERDICT[verdict] for verdict in Verdict]
    lines = [f"| | critique | open | {' | '.join([*names, 'no verdict'])} | open: critical, major, minor |"]
    lines.append(f"| --- | --- |{' ---: |' * (len(names) + 2)} --- |")
    for tally in found:
        counts = [f"{tally.verdicts[verdict]:,}" for verdict in Verdict]
        severities = ", ".join(f"{tally.severities[severity]:,}" for severity in Severity)
        name = f"{tally.critique.id} | {escaped(tally.critique.title)}"
        lines.append(f"| {name} | {_share(tally)} | {' | '.join(counts)} | {tally.none:,} | {severities} |")
    return lines


def _share(tally: Tally) -> str:
    return f"{tally.open:,} of {tally.concerned:,}" + (f" ({tally.share:.0%})" if tally.concerned else "")


def _questions(found: Iterable[Tally], pack: RubricPack) -> list[str]:
    common = [tally for tally in found if tally.concerned and tally.share >= 0.5]
    lines = ["## What the call could ask", ""]
    if not common:
        return [*lines, "No critique is left open by half of the proposals that it concerns.", ""]
    lines += ["At least half of the proposals concerned leave these open. Of few proposals, a share says little.", ""]
    for tally in common:
        critique = tally.critique
        lines += [f"### {critique.id} {escaped(critique.title)}: open in {_share(tally)}", ""]
        lines += [f"- **Ask:** {escaped(critique.ask)}", f"- **What answers it:** {escaped(critique.remedy)}"]
        lines += [f"- **See:** {', '.join(critique.recommendations)}"] if critique.recommendations else []
        lines += [""]
    wanted = {id for tally in common for id in tally.critique.recommendations}
    if listed := [recommendation for recommendation in pack.recommendations if recommendation.id in wanted]:
        lines += ["## Recommendations that these lead to", ""]
        lines += [
            f"- **{r.id} {escaped(r.title)}** ({escaped(r.actor)}, {escaped(r.section)}): {escaped(r.text)}" for r in listed
        ]
        lines += [""]
    return lines


def _cost(rows: Sequence[Row]) -> list[str]:
    usage = sum((row.usage for row in rows), Usage())
    if not usage.requests:
        return ["No request was sent."]
    prices = [row.price_usd for row in rows if row.price_usd is not None]
    asked = sum(row.usage.requests > 0 for row in rows)
    known = "" if len(prices) == asked else f", for the {len(prices):,} of {asked:,} proposals whose price is known"
    return [
        f"- requests: {usage.requests:,}",
        f"- tokens: {usage.input_tokens:,} in ({usage.cached_tokens:,} cached), {usage.output_tokens:,} out "
        f"({usage.reasoning_tokens:,} for reasoning)",
        f"- price: {sum(prices):.2f} USD{known}" if prices else "- price: not known",
    ]
