"""How many cues the offline assessor should ask for, fitted on labelled proposals, and what that is worth on unseen ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from critic.bench.labels import Case
from critic.bench.report import Item
from critic.errors import InputError
from critic.findings import Verdict
from critic.offline import count_cues, sentences_of, verdict_of
from critic.rubrics import Cues, RubricPack

Counts = dict[tuple[str, str], tuple[int, int]]  # matching claim and answer cues, by proposal and critique

_NEVER = 99
# Rows of applies, helps, whole.
_GRID = np.array(
    [(applies, helps, whole) for applies in range(1, 9) for helps in range(9) for whole in [*range(max(1, helps), 17), _NEVER]]
)


def fit(cases: Sequence[Case], pack: RubricPack) -> dict[str, Cues]:
    """The thresholds that agree best with the labels, by critique id; their cue lists are empty."""
    scores = _scores(cases, pack, _counts(cases, pack))
    return {id: _cues(int(table.sum(axis=1).argmax())) for id, table in scores.items()}


def left_out_items(cases: Sequence[Case], pack: RubricPack) -> list[Item]:
    """Judge each proposal with thresholds that were fitted on all the others."""
    counts = _counts(cases, pack)
    links = {critique.id: critique.link for critique in pack.critiques}
    items: list[Item] = []
    for id, scores in _scores(cases, pack, counts).items():
        total = scores.sum(axis=1)
        for column, case in enumerate(_labelled(cases, id)):
            chosen = _cues(int((total - scores[:, column]).argmax()))
            label, verdict = case.labels.verdicts[id].verdict, verdict_of(*counts[case.name, id], chosen)
            items.append(
                Item(proposal=case.name, group=case.labels.group, critique=id, link=links[id], label=label, verdict=verdict)
            )
    return items


def write(thresholds: dict[str, Cues], folder: Path) -> None:
    """Put thresholds into the rubric files of a pack, and leave every other line as it is.

    Raises:
        InputError: a file has no `cues:` to put them under.
    """
    for path in sorted((folder / "critiques").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        id = (re.search(r"^id:\s*(\S+)", text, re.MULTILINE) or [None, ""])[1]
        if id not in thresholds:
            continue
        cues = thresholds[id]
        text = re.sub(r"^  (applies|helps|whole): .*\n", "", text, flags=re.MULTILINE)
        lines = f"cues:\n  applies: {cues.applies}\n  helps: {cues.helps}\n  whole: {cues.whole}\n"
        text, replaced = re.subn(r"^cues:\n", lines, text, count=1, flags=re.MULTILINE)
        if not replaced:
            raise InputError(f"{path} has no line 'cues:' to put the thresholds under.")
        path.write_text(text, encoding="utf-8")


def _labelled(cases: Sequence[Case], id: str) -> list[Case]:
    return [case for case in cases if id in case.labels.verdicts]


def _counts(cases: Sequence[Case], pack: RubricPack) -> Counts:
    found: Counts = {}
    for case in cases:
        sentences = sentences_of(case.proposal)
        for critique in pack.critiques:
            found[case.name, critique.id] = count_cues(critique, sentences)
    return found


def _cues(row: int) -> Cues:
    applies, helps, whole = (int(threshold) for threshold in _GRID[row])
    return Cues(applies=applies, helps=helps, whole=whole)


def _scores(cases: Sequence[Case], pack: RubricPack, counts: Counts) -> dict[str, NDArray[np.float64]]:
    """For each critique, how well each row of the grid does on each labelled case (columns): findings count most."""
    codes = {verdict: code for code, verdict in enumerate(Verdict)}
    applies, helps, whole = _GRID.T
    # The plainer of two thresholds that do equally well is the likelier to hold.
    plain = abs(applies - 1) + abs(helps - 1) + abs(np.minimum(whole, 12) - 2)
    scores: dict[str, NDArray[np.float64]] = {}
    for critique in pack.critiques:
        columns = []
        for case in _labelled(cases, critique.id):
            claims, answers = counts[case.name, critique.id]
            verdicts = np.select(
                [claims < applies, answers >= whole, answers >= helps],
                [codes[Verdict.NOT_APPLICABLE], codes[Verdict.ANSWERED], codes[Verdict.PARTLY_ANSWERED]],
                codes[Verdict.RAISED],
            )
            label = codes[case.labels.verdicts[critique.id].verdict]
            columns.append(((verdicts < 2) == (label < 2)) + 0.3 * (verdicts == label))
        if columns:
            scores[critique.id] = np.array(columns).T - 0.001 * plain[:, None] / len(columns)
    return scores
