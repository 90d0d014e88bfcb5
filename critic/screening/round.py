"""`round.md`: the whole round on one page, for the programme that wants to mend its call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from critic.findings import Severity, Status, Usage, Verdict
from critic.render.escape import markdown as escaped
from critic.render.words import VERDICT
from critic.rubrics import Critique, RubricPack
from critic.screening.rows import Cell, Row, RowStatus

_HEADINGS = {
    RowStatus.UNREADABLE: "Not read",
    RowStatus.INCOMPLETE: "Incomplete: no all-clear",
    RowStatus.UNTRUSTWORTHY: "Not to be trusted",
    RowStatus.TAMPERED: "Tampered with",
    RowStatus.OUT_OF_SCOPE: "Out of scope",
    RowStatus.DUPLICATE: "Duplicates: the same text as",
}


@dataclass
class Tally:
    """How the proposals that count stand to one critique; every proposal is in exactly one of the five numbers."""

    critique: Critique
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    severities: Counter[Severity] = field(default_factory=Counter)  # of the open ones
    none: int = 0  # unsupported or failed

    def add(self, cell: Cell) -> None:
        """Count how one proposal stands to it."""
        if cell.status is not Status.JUDGED or cell.verdict is None:
            self.none += 1
            return
        self.verdicts[cell.verdict] += 1
        if cell.severity:
            self.severities[cell.severity] += 1

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


class Round:
    """A whole round in numbers, counted in one go through its rows."""

    def __init__(self, rows: Iterable[Row], pack: RubricPack) -> None:
        """Args:
        rows: in the order in which lists of them are shown.
        pack: the rubrics; of its critiques, what most proposals leave open comes first.
        """
        self.statuses: Counter[RowStatus] = Counter()
        self.listed: dict[RowStatus, list[str]] = {status: [] for status in _HEADINGS}  # lines of Markdown
        self.relied_on = self.asked = 0  # proposals whose verdicts count, and those that a model was asked about
        self.usage = Usage()
        self.prices: list[float] = []  # US dollars, of the proposals whose price is known
        self._models: Counter[tuple[str, str | None]] = Counter()
        tallies = {critique.id: Tally(critique) for critique in pack.critiques}
        for row in rows:
            self._add(row)
            for id, cell in row.cells.items() if row.relied_on else ():
                if id in tallies:
                    tallies[id].add(cell)
        self.tallies = sorted(tallies.values(), key=lambda tally: (-tally.share, -tally.open, -tally.concerned))

    def _add(self, row: Row) -> None:
        self.statuses[row.status] += 1
        if row.status in self.listed:
            self.listed[row.status].append(f"- {escaped(row.path)}: {escaped(row.problem) or 'no reason is known'}")
        self.relied_on += row.relied_on
        self.asked += row.usage.requests > 0
        self.usage += row.usage
        if row.price_usd is not None:
            self.prices.append(row.price_usd)
        if row.mode:
            self._models[row.mode, row.model] += 1

    @property
    def files(self) -> str:
        """How many there are, such as `1,204 files`."""
        count = self.statuses.total()
        return f"{count:,} file{'' if count == 1 else 's'}"

    @property
    def overview(self) -> str:
        """How many have which status, such as `20 reviewed, 1 tampered, 1 duplicate`."""
        first = (RowStatus.REVIEWED, *(status for status in RowStatus if status is not RowStatus.REVIEWED))
        return ", ".join(f"{self.statuses[status]:,} {status.value}" for status in first if self.statuses[status]) or "none"

    @property
    def manner(self) -> list[str]:
        """How the verdicts came about, in sentences."""
        words = {"live": "{1:,} judged by {0}.", "recorded": "{1:,} from recordings of {0}."}
        offline = "OFFLINE SCREEN: {1:,} judged by the cues in the rubrics, not by a model's reading."
        return [
            words.get(mode, offline).format(model or "a model without a name", count)
            for (mode, model), count in sorted(self._models.items(), key=lambda item: -item[1])
        ]


def write_round(told: Round, path: Path, pack: RubricPack) -> None:
    """Write the page in Markdown."""
    path.write_text(render(told, pack), encoding="utf-8")


def render(told: Round, pack: RubricPack) -> str:
    """The page in Markdown; nothing in a proposal or its name can add markup to it."""
    lines = [f"# The round: {told.files}", "", f"**{told.overview}**", ""]
    lines += [f"> {escaped(sentence)}\n" for sentence in told.manner]
    lines += ["## What proposals leave open", "", *_counted(told), "", *_table(told.tallies), ""]
    lines += _questions(told.tallies, pack)
    for status, heading in _HEADINGS.items():
        if listed := told.listed[status]:
            lines += [f"## {heading} ({len(listed):,})", "", *listed, ""]
    return "\n".join([*lines, "## What the reviews cost", "", *_cost(told)]) + "\n"


def _counted(told: Round) -> list[str]:
    return [
        f"Counted are the {told.relied_on:,} proposals whose verdicts are relied on: in scope, not tampered with, not under a "
        "failed probe; of an incomplete review, the verdicts that there are. Open is what is raised or partly answered; its "
        "share is of the proposals that the critique concerns; those where it is not applicable and those without a verdict "
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


def _cost(told: Round) -> list[str]:
    usage, priced = told.usage, len(told.prices)
    if not usage.requests:
        return ["No request was sent."]
    known = "" if priced == told.asked else f", for the {priced:,} of {told.asked:,} proposals whose price is known"
    return [
        f"- requests: {usage.requests:,}",
        f"- tokens: {usage.input_tokens:,} in ({usage.cached_tokens:,} cached), {usage.output_tokens:,} out "
        f"({usage.reasoning_tokens:,} for reasoning)",
        f"- price: {sum(told.prices):.2f} USD{known}" if told.prices else "- price: not known",
    ]
