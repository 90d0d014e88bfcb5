"""Reviews of a whole corpus, set beside its labels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from critic.bench import measures
from critic.bench.labels import Case
from critic.bench.report import BenchReport, Cost, CreditItem, Figures, Item, Retest
from critic.errors import UnusableModelError
from critic.evidence import locate
from critic.findings import Assessment, Entry, Review, Status, Usage
from critic.judgement import Reading
from critic.pipeline import Manner, build_review
from critic.proposal import Proposal
from critic.rubrics import RubricPack

Reviewing = Callable[[Case, int], Awaitable[Review]]
"""Reviews a case's proposal for the n-th time, n from 0."""


@dataclass(frozen=True)
class Run:
    """All readings of one proposal."""

    case: Case
    reviews: tuple[Review, ...]


async def review_all(
    cases: Sequence[Case], pack: RubricPack, reviewing: Reviewing, repeats: Callable[[Case], int], concurrency: int
) -> tuple[list[Run], float]:
    """Review every case as many times as `repeats` says.

    Returns:
        The runs in the order of the cases, and the seconds that it took.

    Raises:
        UnusableModelError: no request succeeded. One that fails after others have succeeded costs only its own review, in
            which everything has failed.
    """
    slots = asyncio.Semaphore(concurrency)
    succeeded = False

    async def once(case: Case, number: int) -> Review:
        nonlocal succeeded
        try:
            review = await reviewing(case, number)
        except UnusableModelError as error:
            if not succeeded:
                raise
            ids = [critique.id for critique in pack.critiques] + [consideration.id for consideration in pack.considerations]
            failed = Reading(failures=dict.fromkeys(ids, str(error)), scope_reason=str(error))
            return build_review(failed, case.proposal, pack, Manner())
        succeeded = True
        return review

    async def one(case: Case) -> Run:
        async with slots:
            return Run(case, tuple([await once(case, number) for number in range(repeats(case))]))

    started = time.monotonic()
    return list(await asyncio.gather(*map(one, cases))), time.monotonic() - started


def report(
    system: str, corpus: str, runs: Sequence[Run], pack: RubricPack, seconds: float | None, left_out: Figures | None = None
) -> BenchReport:
    """Everything that can be said of these runs; repeats but the first count for the retest and the cost alone."""
    cases = [run.case for run in runs]
    links = {critique.id: critique.link for critique in pack.critiques}
    items = [item for run in runs for item in _items(run, runs, links)]
    credits = [credit for run in runs for credit in _credits(run, pack)]
    reviews = [review for run in runs for review in run.reviews]
    entries: list[Entry] = [entry for run in runs for entry in (*run.reviews[0].critiques, *run.reviews[0].considerations)]
    prices = [review.provenance.price_usd for review in reviews]
    groups = dict.fromkeys(case.labels.group for case in cases)
    touched = [(item.proposal, item.touched) for item in items if item.touched is not None]
    valued = [(credit.label.value, credit.value.value if credit.value else "none") for credit in credits]
    changes = [item for item in items if item.change]
    return BenchReport(
        system=system,
        corpus=corpus,
        proposals=len(runs),
        readings=len(reviews),
        scope_right=sum(run.reviews[0].in_scope is run.case.labels.in_scope for run in runs),
        overall=measures.figures("all", items, macro=True),
        groups=[
            measures.figures(group, [i for i in items if i.group == group], macro=True) for group in groups if len(groups) > 1
        ],
        links=[measures.figures(link.title, [i for i in items if i.link == link.id]) for link in pack.about.links],
        critiques=[measures.figures(f"{c.id} {c.title}", [i for i in items if i.critique == c.id]) for c in pack.critiques],
        considerations=measures.share([(credit.proposal, credit.value is credit.label) for credit in credits]),
        considerations_kappa=measures.kappa_of_names(valued),
        evidence=measures.share(touched),
        quotations=sum(len(entry.quotations) for entry in entries),
        dropped=sum(entry.dropped for entry in entries),
        unsupported=sum(entry.status is Status.UNSUPPORTED for entry in entries),
        failed=sum(entry.status is Status.FAILED for entry in entries),
        contrast_right=sum((item.change == "keep") == bool(item.verdict and item.verdict.is_finding) for item in changes),
        contrast_items=len(changes),
        calibration=measures.calibration(items),
        retest=_retest(runs),
        readers=measures.reader_figures(cases),
        alpha={
            group: value
            for group in groups
            if (value := measures.alpha([c for c in cases if c.labels.group == group])) is not None
        },
        blind=_marked(runs, links, blind=True),
        anchored=_marked(runs, links, blind=False),
        left_out=left_out,
        cost=Cost(
            usage=sum((review.provenance.usage for review in reviews), Usage()),
            price_usd=None if None in prices else round(sum(price or 0 for price in prices), 4),
            seconds=None if seconds is None else round(seconds, 1),
        ),
        items=items,
        credits=credits,
    )


def _items(run: Run, runs: Sequence[Run], links: dict[str, str]) -> list[Item]:
    labels, review = run.case.labels, run.reviews[0]
    got = {entry.id: entry for entry in review.critiques}
    items: list[Item] = []
    for id, label in labels.verdicts.items():
        if id not in links:
            continue
        entry = got.get(id)
        sure = entry if entry and entry.status is Status.JUDGED else None
        items.append(
            Item(
                proposal=run.case.name,
                group=labels.group,
                critique=id,
                link=links[id],
                label=label.verdict,
                verdict=sure.verdict if sure else None,
                label_severity=label.severity,
                severity=sure.severity if sure else None,
                confidence=sure.confidence if sure else None,
                touched=_touched(sure, label.quotes, run.case.proposal) if sure else None,
                change=_intended(run.case, id, runs),
            )
        )
    return items


def _touched(entry: Assessment, quotes: Sequence[str], proposal: Proposal) -> bool | None:
    spans = [span for quote in quotes for span in locate(quote, proposal)]
    if not spans or not entry.quotations:
        return None
    return any(quotation.start < end and start < quotation.end for quotation in entry.quotations for start, end in spans)


def _intended(case: Case, id: str, runs: Sequence[Run]) -> str | None:
    """What a contrast version should do to a finding of the version before it."""
    contrast = case.labels.contrast
    before = next((run.case.labels for run in runs if contrast and run.case.name == contrast.of), None)
    if contrast is None or before is None or id not in before.verdicts or not before.verdicts[id].verdict.is_finding:
        return None
    lost = contrast.kind == "revision" and not case.labels.verdicts[id].verdict.is_finding
    return "lose" if lost else "keep"


def _credits(run: Run, pack: RubricPack) -> list[CreditItem]:
    got = {entry.id: entry for entry in run.reviews[0].considerations}
    known = {consideration.id for consideration in pack.considerations}
    return [
        CreditItem(
            proposal=run.case.name,
            consideration=id,
            label=label.value,
            value=got[id].value if id in got and got[id].status is Status.JUDGED else None,
        )
        for id, label in run.case.labels.considerations.items()
        if id in known
    ]


def _marked(runs: Sequence[Run], links: dict[str, str], *, blind: bool) -> Figures | None:
    """Agreement with each reader of the HTML page by himself; None where nobody marked anything there in this way."""
    items: list[Item] = []
    for run in runs:
        for reader in run.case.marked:
            labels = run.case.labels.readers[reader]
            verdicts = {id: label for id, label in labels.verdicts.items() if label.blind is blind}
            one = Case(run.case.name, run.case.proposal, run.case.labels.model_copy(update={"verdicts": verdicts}))
            items += _items(Run(one, run.reviews), [], links)
    return measures.figures("readers, blind" if blind else "readers, not blind", items) if items else None


def _retest(runs: Sequence[Run]) -> Retest | None:
    """The first reading against each later one."""
    pairs = []
    twice = [run for run in runs if len(run.reviews) > 1]
    for run in twice:
        first = {entry.id: entry.verdict for entry in run.reviews[0].critiques}
        pairs += [(first.get(entry.id), entry.verdict) for review in run.reviews[1:] for entry in review.critiques]
    whole = [(a, b) for a, b in pairs if a and b]
    if not whole:
        return None
    return Retest(
        proposals=len(twice),
        agreement=measures.value(measures.agreement, whole) or 0,
        kappa=measures.kappa_of_names([(a.value, b.value) for a, b in whole]),
        finding_agreement=round(sum(a.is_finding == b.is_finding for a, b in whole) / len(whole), 4),
    )
