"""The page about a rubric pack's critiques, for `docs/critiques.md`."""

from __future__ import annotations

from critic.findings import Verdict
from critic.render.words import VERDICT
from critic.rubrics import Critique, RubricPack


def render_critiques(pack: RubricPack) -> str:
    """Markdown with one section a critique: what it asks, a raised and an answered example, what to do."""
    lines = [
        f"# {pack.about.title}: the critiques",
        "",
        f"Source: {pack.about.source}. Made from the rubrics by `critic rubrics docs`; edit those, not this page.",
    ]
    titles = {recommendation.id: recommendation for recommendation in pack.recommendations}
    for link in pack.about.links:
        lines += ["", f"## {link.title}"]
        for critique in (critique for critique in pack.critiques if critique.link == link.id):
            lines += ["", f"### {critique.id} {critique.title}", "", f"`{critique.slug}`, section {critique.section}", ""]
            lines += [f"**The claim under attack.** {critique.claim}", "", f"**What it asks.** {critique.ask}", ""]
            lines += [
                f"**It applies when:** {critique.applies_when}",
                "",
                *_example(critique, Verdict.RAISED),
                *_example(critique, Verdict.ANSWERED),
            ]
            lines += [f"**What to do.** {critique.remedy}"]
            if critique.recommendations:
                named = [f"{titles[id].id} ({titles[id].actor}: {titles[id].title.lower()})" for id in critique.recommendations]
                lines += ["", f"It leads to {', '.join(named)}."]
    return "\n".join(lines) + "\n"


def _example(critique: Critique, verdict: Verdict) -> list[str]:
    example = next(example for example in critique.examples if example.verdict is verdict)
    return [f"**{VERDICT[verdict].capitalize()}:**", "", f"> {example.text}", "", example.why, ""]
