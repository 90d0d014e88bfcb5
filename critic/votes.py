"""Several readings of one proposal, by one model or a panel of them: the verdict by vote, the confidence by agreement."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import add
from typing import TypeVar

from critic.judgement import Assessor, Reading
from critic.proposal import Proposal
from critic.rubrics import RubricPack

_V = TypeVar("_V")


def by_vote(assessors: Mapping[str, Assessor]) -> Assessor:
    """Ask every assessor and let the majority decide.

    Args:
        assessors: by the name that their votes go under. In a tie the one named first among those tied decides.

    Returns:
        An assessor whose judgements are those of a member of the majority, with `confidence` the share that agrees and `votes`
        the verdict of each.
    """

    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        readings = dict(zip(assessors, await asyncio.gather(*(one(proposal, pack) for one in assessors.values())), strict=True))
        in_scope = _winner(reading.in_scope for reading in readings.values() if reading.in_scope is not None)
        voting = {name: reading for name, reading in readings.items() if in_scope is None or reading.in_scope is in_scope}
        merged = reduce(add, reversed(readings.values()))
        critiques = {}
        for id in dict.fromkeys(id for reading in voting.values() for id in reading.critiques):
            judgements = {name: reading.critiques[id] for name, reading in voting.items() if id in reading.critiques}
            verdict = _winner(judgement.verdict for judgement in judgements.values())
            chosen = next(judgement for judgement in judgements.values() if judgement.verdict is verdict)
            votes = {name: judgement.verdict for name, judgement in judgements.items()}
            share = list(votes.values()).count(chosen.verdict) / len(votes)
            critiques[id] = chosen.model_copy(update={"confidence": round(share, 3), "votes": votes})
        considerations = {}
        for id in dict.fromkeys(id for reading in voting.values() for id in reading.considerations):
            credits = [reading.considerations[id] for reading in voting.values() if id in reading.considerations]
            value = _winner(credit.value for credit in credits)
            considerations[id] = next(credit for credit in credits if credit.value is value)
        first = next(iter(voting.values()))
        models = dict.fromkeys(reading.model for reading in readings.values() if reading.model)
        return merged.model_copy(
            update={
                "in_scope": in_scope,
                "scope_reason": first.scope_reason,
                "outline": first.outline,
                "critiques": critiques,
                "considerations": considerations,
                "model": " + ".join(models) or None,
            }
        )

    return assess


def _winner(votes: Iterable[_V]) -> _V | None:
    counted = Counter(votes)
    return counted.most_common(1)[0][0] if counted else None
