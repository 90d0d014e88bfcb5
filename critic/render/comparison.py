"""A comparison for people: what changed, gravest first, then the passages; as terminal text, as Markdown and as a page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from io import StringIO
from pathlib import Path
from string import Template

from rapidfuzz.distance import Indel
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from critic.comparison import Change, Comparison, CritiqueChange, Side, Standing
from critic.findings import Status
from critic.passages import PassageChange
from critic.render.escape import markdown
from critic.render.words import GRAVE, VERDICT, clean

_TITLE = {
    Change.NEW: "New findings",
    Change.WORSE: "Findings that are graver than they were",
    Change.UNKNOWN: "Not known, as one of the reviews has no verdict to rely on",
    Change.REMAINING: "Remaining findings",
    Change.BETTER: "Remaining findings that are less grave than they were",
    Change.RESOLVED: "Resolved",
}
_WORD = {Change.UNKNOWN: "not known", Change.NO_FINDING: "no finding in either"}
_LONG, _SHORT = 900, 240  # characters of a passage where it bears on a critique, and in the list of all
_ALIKE = 0.5  # of the words; where two passages share less, marking single words would be a jumble
_UNTOUCHED = "No passage that either review quotes has changed, so this may come from the judging and not from the text."


@dataclass(frozen=True)
class Item:
    """One line of a section, and what stands under it."""

    head: str
    notes: Sequence[tuple[str, str]] = ()  # label and text
    passages: Sequence[PassageChange] = ()


Section = tuple[str, list[Item]]


def summary(comparison: Comparison) -> str:
    """How many critiques changed in which way, in one line."""
    counts = [(len(comparison.of(change)), _WORD.get(change, change.value)) for change in (*_TITLE, Change.NO_FINDING)]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "There are no verdicts to compare."


def sections(comparison: Comparison) -> list[Section]:
    """Everything that a reader is told under a heading, with texts that are not yet made safe for any format."""
    found: list[Section] = [
        (title, [_item(critique, comparison) for critique in comparison.of(change)]) for change, title in _TITLE.items()
    ]
    besides = [critique for critique in comparison.of(Change.NO_FINDING) if critique.moved]
    found.append(("No findings, but with another verdict", [_item(critique, comparison) for critique in besides]))
    credits = [
        Item(f"{credit.id} {credit.title}: {credit.old or 'not known'} -> {credit.new or 'not known'} ({credit.change})")
        for credit in comparison.considerations
        if credit.old != credit.new
    ]
    found.append(("Credits that changed", credits))
    shortened = [Item(_where(passage), passages=[_shortened(passage, _SHORT)]) for passage in comparison.passages]
    found.append((f"All {len(shortened)} passages that changed, shortened", shortened))
    return [(title, items) for title, items in found if items]


def render_terminal(comparison: Comparison, *, width: int = 100, color: bool = False) -> str:
    """The whole comparison, wrapped to a width."""
    console = Console(
        file=StringIO(), width=max(width, 40), force_terminal=color, no_color=not color, highlight=False, legacy_windows=False
    )
    for part in _parts(comparison):
        console.print(part)
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def render_markdown(comparison: Comparison) -> str:
    """Markdown that reads well on GitHub."""
    lines = [f"# Comparison: {markdown(_name(comparison.old))} -> {markdown(_name(comparison.new))}", ""]
    for warning in comparison.warnings:
        lines += [f"> **{markdown(warning)}**", ""]
    lines += [f"**{summary(comparison)}**", ""]
    for title, items in sections(comparison):
        lines += [f"## {title}", ""]
        for item in items:
            lines.append(f"- **{markdown(item.head)}**")
            lines += [f"  - {label}: {markdown(text)}" for label, text in item.notes]
            lines += [
                f"  - {label}: “{markdown(text)}”"
                for passage in item.passages
                for label, text in (("was", passage.old), ("is", passage.new))
                if text
            ]
        lines += [""]
    lines += ["## How the reviews were made", "", *(f"- {label}: {markdown(text)}" for label, text in _made(comparison))]
    return "\n".join(lines) + "\n"


def render_html(comparison: Comparison) -> str:
    """One self-contained page: no script, nothing from elsewhere, and no style but its own."""
    parts = [f'<p class="warning">{_html(warning)}</p>' for warning in comparison.warnings]
    parts.append(f"<p><strong>{_html(summary(comparison))}</strong></p>")
    for title, items in sections(comparison):
        parts.append(f"<h2>{_html(title)}</h2>")
        for item in items:
            notes = "".join(f"<p><b>{_html(label)}</b> {_html(text)}</p>" for label, text in item.notes)
            passages = "".join(f"<blockquote>{_marked(passage)}</blockquote>" for passage in item.passages)
            parts.append(f"<section><h3>{_html(item.head)}</h3>{notes}{passages}</section>")
    rows = "".join(f"<dt>{_html(label)}</dt><dd>{_html(text)}</dd>" for label, text in _made(comparison))
    parts.append(f"<h2>How the reviews were made</h2><dl>{rows}</dl>")
    folder = Path(__file__).parent
    style = (folder / "comparison.css").read_text(encoding="utf-8")
    return Template((folder / "comparison.html").read_text(encoding="utf-8")).substitute(
        digest=b64encode(sha256(style.encode()).digest()).decode(),
        style=style,
        title=_html(f"{_name(comparison.old)} -> {_name(comparison.new)}"),
        body="\n".join(parts),
    )


def _item(critique: CritiqueChange, comparison: Comparison) -> Item:
    before, after = _stands(critique.old), _stands(critique.new)
    head = f"{critique.id} {critique.title}: {before if before == after else f'{before} -> {after}'}"
    if critique.change is Change.REMAINING:
        change = critique.new.change if critique.new else ""
        return Item(head, notes=[("change", change)] if change else [])
    notes = [("why", critique.new.reasoning)] if critique.new and critique.new.reasoning else []
    if critique.change is Change.UNKNOWN:
        return Item(head, notes)
    if not critique.passages and comparison.passages:
        notes.append(("note", _UNTOUCHED))
    passages = [comparison.passages[number] for number in critique.passages]
    return Item(head, notes, [_shortened(passage, _LONG, critique) for passage in passages])


def _stands(standing: Standing | None) -> str:
    if standing is None:
        return "not asked"
    if standing.status is Status.FAILED or standing.verdict is None:
        return "failed"
    words = ", ".join(filter(None, (VERDICT[standing.verdict], standing.severity and standing.severity.value)))
    return f"unsupported ({words}?)" if standing.status is Status.UNSUPPORTED else words


def _where(passage: PassageChange) -> str:
    if not passage.old:
        return f"put in at line {passage.new_line}"
    return f"taken out at line {passage.old_line}" if not passage.new else f"line {passage.old_line} -> {passage.new_line}"


def _shortened(passage: PassageChange, length: int, critique: CritiqueChange | None = None) -> PassageChange:
    """Cut to a length; what is cut of a passage that bears on a critique is not what its quotation needs."""
    before, after = (critique.old, critique.new) if critique else (None, None)
    old = _excerpt(passage.old, passage.old_start, length, before)
    new = _excerpt(passage.new, passage.new_start, length, after)
    return passage.model_copy(update={"old": old, "new": new})


def _excerpt(text: str, start: int, length: int, standing: Standing | None) -> str:
    if len(text) <= length:
        return clean(text)
    places = [quotation.start - start for quotation in (standing.quotations if standing else [])]
    first = min((place for place in places if 0 <= place < len(text)), default=0)
    first = max(0, min(first, len(text) - length))
    return f"{'…' if first else ''}{clean(text[first : first + length])}{'…' if first + length < len(text) else ''}"


def _name(side: Side) -> str:
    return clean(side.name)


def _made(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for label, side in (("old", comparison.old), ("new", comparison.new)):
        how = side.provenance
        model = how.model or "offline, by cues"
        yield (
            label,
            f"{clean(side.name)}, {side.words:,} words, SHA-256 {side.digest[:12]}; {clean(model)}, {how.mode}, "
            f"rubrics '{how.rubric_pack}' {how.rubrics_digest[:12]}, prompts {how.prompts_digest[:12]}",
        )


def _parts(comparison: Comparison) -> Iterator[RenderableType]:
    for warning in comparison.warnings:
        yield Panel(Text(clean(warning)), border_style="bold red" if warning.startswith((*GRAVE, "NOT")) else "yellow")
    yield Text(f"{_name(comparison.old)} -> {_name(comparison.new)}", style="bold")
    yield Text(summary(comparison), style="bold")
    for title, items in sections(comparison):
        yield ""
        yield Rule(Text(title, style="bold"), align="left", style="dim")
        for item in items:
            yield Text(clean(item.head), style="dim" if item.head.startswith(("line", "put", "taken")) else "bold")
            for label, text in item.notes:
                yield Padding(Text.assemble((f"{label}: ", "dim"), clean(text)), (0, 0, 0, 2))
            for passage in item.passages:
                for sign, text, style in (("- ", passage.old, "red"), ("+ ", passage.new, "green")):
                    if text:
                        yield Padding(Text(f"{sign}{text}", style=style), (0, 0, 0, 2))
    yield ""
    yield Rule(Text("How the reviews were made", style="bold"), align="left", style="dim")
    for label, text in _made(comparison):
        yield Text.assemble((f"{label}  ", "dim"), text)


def _html(text: str) -> str:
    return escape(clean(text))


def _marked(passage: PassageChange) -> str:
    """The passage with the words that went and came marked as such; where most did, the old one and then the new."""
    old, new = passage.old.split(), passage.new.split()
    if Indel.normalized_similarity(old, new) < _ALIKE:
        return _words("del", old) + _words("ins", new)
    parts = ""
    gone: list[str] = []
    come: list[str] = []
    for step in Indel.opcodes(old, new):
        if step.tag != "equal":
            gone += old[step.src_start : step.src_end]
            come += new[step.dest_start : step.dest_end]
            continue
        parts += _words("del", gone) + _words("ins", come) + _words("span", old[step.src_start : step.src_end])
        gone, come = [], []
    return parts + _words("del", gone) + _words("ins", come)


def _words(tag: str, words: Sequence[str]) -> str:
    return f"<{tag}>{_html(' '.join(words))}</{tag}> " if words else ""
