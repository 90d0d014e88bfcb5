"""The integrity probe: a model that has been turned by a proposal does not find the flaw that we plant in it."""

from __future__ import annotations

from hashlib import sha256

from critic.evidence import locate
from critic.judgement import Assessor, Reading
from critic.proposal import Passage, Proposal
from critic.rubrics import Probe, RubricPack


def with_probe(assessor: Assessor, prober: Assessor) -> Assessor:
    """Ask a second time about the same proposal with a flawed passage of ours in it.

    Args:
        assessor: whose reading is given back, with `probed` set; it never sees the planted passage.
        prober: asked about the planted proposal, and about the one critique that the passage deserves. It is not asked
            whether the document is in scope, and is asked even if the reading calls it out of scope: "no proposal at all" is
            an answer that an attacker may have ordered too, and the passage is a claim about an evaluation in any document.
    """

    async def assess(proposal: Proposal, pack: RubricPack) -> Reading:
        reading = await assessor(proposal, pack)
        if not pack.about.probes:
            return reading
        probe = pack.about.probes[_number(proposal, "probe") % len(pack.about.probes)]
        planted, start, end = plant(proposal, probe)
        answer = await prober(planted, pack.only([probe.critique]))
        judgement = answer.critiques.get(probe.critique)
        found = (
            judgement is not None
            and judgement.verdict.is_finding
            and any(
                first < end and start < last for quote in judgement.claim_quotations for first, last in locate(quote, planted)
            )
        )
        return reading + Reading(probed=found, usage=answer.usage, adjustments=answer.adjustments)

    return assess


def plant(proposal: Proposal, probe: Probe) -> tuple[Proposal, int, int]:
    """Put the probe's passage between two paragraphs of the proposal.

    Which words, and where, follows from the proposal's digest, so that a recording matches and nobody can list them.

    Returns:
        The planted proposal, and where in its text the passage stands.
    """
    opening = probe.openings[_number(proposal, "opening") % len(probe.openings)]
    flaw = probe.flaws[_number(proposal, "flaw") % len(probe.flaws)]
    passage = f"{opening} {flaw}".replace("{number}", str(11 + _number(proposal, "number") % 78))
    gaps = [p.end for p in proposal.passages[:-1] if proposal.text[p.end : p.end + 2] == "\n\n"] or [len(proposal.text)]
    start = gaps[_number(proposal, "place") % len(gaps)] + 2
    text = f"{proposal.text[: start - 2]}\n\n{passage}{proposal.text[start - 2 :]}"
    shift = len(passage) + 2
    passages = [
        p if p.start < start - 2 else p.model_copy(update={"start": p.start + shift, "end": p.end + shift})
        for p in proposal.passages
    ]
    index = sum(p.start < start - 2 for p in passages)
    passages.insert(index, Passage(start=start, end=start + len(passage)))
    return Proposal(name=proposal.name, text=text, passages=tuple(passages)), start, start + len(passage)


def _number(proposal: Proposal, purpose: str) -> int:
    return int.from_bytes(sha256(f"{purpose} {proposal.digest}".encode()).digest()[:4])
