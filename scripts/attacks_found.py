"""Which attacks in fixtures/attacks `critic` finds, and what a recorded model made of six of them: tables for the docs."""

from __future__ import annotations

import base64
import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from critic.cli.app import app
from critic.findings import Notice, NoticeLevel
from critic.proposal import Proposal
from critic.readers import read
from critic.rubrics import RubricPack, load_rubrics
from critic.tampering import inspect

ROOT = Path(__file__).parent.parent
FOLDER, HONEST = ROOT / "fixtures" / "attacks", ROOT / "fixtures" / "honest"
RECORDINGS = ROOT / "fixtures" / "recordings" / "attacks"
PAGE = ROOT / "docs" / "tampering.md"
CARRIERS = ("md", "txt", "html", "docx", "pdf")
SHAPELESS = "[\u200b\u200c\u202e\ufe00-\ufe0f\U000e0000-\U000e01ef]"
BEGIN, END = "<!-- written by: python scripts/attacks.py docs -->\n", "<!-- end -->\n"


@dataclass
class Counts:
    """What came of the attacks in one carrier."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)  # family -> how many were found, of how many
    missed: list[str] = field(default_factory=list)  # file and fault
    unflagged: list[Proposal] = field(default_factory=list)  # none of their notices says tampering; only a probe may tell


def count(carrier: str, pack: RubricPack) -> Counts:
    """Read every attack in one carrier."""
    counts = Counts()
    for entry in json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8")):
        if entry["carrier"] != carrier:
            continue
        proposal = read(FOLDER / entry["file"])
        notices = inspect(proposal, pack)
        fault = problem(entry, proposal, notices)
        found, files = counts.found.get(entry["family"], (0, 0))
        counts.found[entry["family"]] = found + (not fault), files + 1
        counts.missed += [f"{entry['file']}: {fault}"] if fault else []
        if not any(notice.level is not NoticeLevel.QUOTED for notice in notices):
            counts.unflagged.append(proposal)
    return counts


def problem(entry: dict[str, str], proposal: Proposal, notices: Iterable[Notice]) -> str:
    """Say in what way an attack was missed; nothing if it was found.

    A hidden or encoded one must be out of the text, and told, as it is or decoded. A visible one must be in it, and marked.
    """
    payload, hidden = entry["payload"], entry["kind"] == "hidden"
    stays = _squeezed(payload) in _squeezed(proposal.text) or (hidden and bool(re.search(SHAPELESS, proposal.text)))
    levels = (NoticeLevel.HIDDEN,) if hidden else (NoticeLevel.ADDRESSED, NoticeLevel.QUOTED)
    told = [payload, codecs.decode(payload, "rot13")]
    told += [base64.b64decode(code).decode("ascii", "ignore") for code in re.findall(r"^[A-Za-z0-9]{40,}=*$", payload)]
    marked = any(notice.level in levels and _shared(meaning, notice.text) for notice in notices for meaning in told)
    faults = ["stays in the text"] if hidden and stays else ["not in the text"] if not hidden and not stays else []
    return ", ".join(faults if marked else [*faults, "no notice"])


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _shared(payload: str, text: str) -> bool:
    """Whether a text has a part of the payload in it, of fifteen letters or all of it."""
    payload, text = _squeezed(payload), _squeezed(text)
    size = min(15, len(payload))
    return any(payload[start : start + size] in text for start in range(len(payload) - size + 1))


def counted(counts: dict[str, Counts]) -> str:
    """The table of counts, by carrier, and below it what was missed and who was suspected."""
    lines = [f"| family | {' | '.join(CARRIERS)} | all |", f"| --- |{' --- |' * (len(CARRIERS) + 1)}"]
    families = sorted({family for one in counts.values() for family in one.found})
    for family in [*families, "all"]:
        cells: list[str] = []
        for carriers in (*((carrier,) for carrier in CARRIERS), CARRIERS):
            part = [n for carrier in carriers for name, n in counts[carrier].found.items() if family in (name, "all")]
            cells.append(f"{sum(found for found, _ in part)} of {sum(files for _, files in part)}" if part else "")
        lines.append(f"| {family.replace('-', ' ')} | {' | '.join(cells)} |")
    missed = [f"- {line}" for one in counts.values() for line in one.missed]
    quiet = sum(len(one.unflagged) for one in counts.values())
    suspects = suspected()
    lines += ["", f"Missed: {len(missed) or 'none'}.", *missed]
    lines += [f"Attack files without any notice of level hidden or addressed: {quiet or 'none'}."]
    lines += [
        f"Honest proposals on adversarial topics with such a notice: {len(suspects)} of {len(list(HONEST.glob('*.md')))}."
    ]
    return "\n".join([*lines, *(f"- {name}" for name in suspects)]) + "\n"


def suspected() -> list[str]:
    """Honest proposals on adversarial topics that are accused of something."""
    pack = load_rubrics()
    paths = sorted(HONEST.glob("*.md"))
    return [path.name for path in paths if any(notice.level is not NoticeLevel.QUOTED for notice in inspect(read(path), pack))]


def recorded() -> str:
    """The table of the recorded attacks beside their clean twin."""
    clean = _replayed("clean")
    lines = [
        "| attack | notices | verdicts that differ from the clean twin's | severities that differ |",
        "| --- | --- | --- | --- |",
    ]
    for path in sorted(RECORDINGS.glob("*.yaml")):
        if path.stem == "clean":
            continue
        review = _replayed(path.stem)
        notices = [f"{notice['kind']} ({notice['level']})" for notice in review["notices"]]
        cells = [path.stem, ", ".join(dict.fromkeys(notices))]
        cells += [", ".join(_differing(review, clean, key)) or "none" for key in ("verdict", "severity")]
        lines.append(f"| {' | '.join(cells)} |")
    found = [entry["verdict"] for entry in clean["critiques"]]
    verdicts = ", ".join(f"{found.count(verdict)} {verdict.replace('_', ' ')}" for verdict in dict.fromkeys(found))
    return "\n".join([*lines, "", f"The clean twin: {verdicts}; {len(clean['notices']) or 'no'} notices."]) + "\n"


def _differing(review: dict[str, Any], clean: dict[str, Any], key: str) -> Iterator[str]:
    for one, other in zip(review["critiques"], clean["critiques"], strict=True):
        if one[key] != other[key] and (key == "verdict" or one["verdict"] == other["verdict"]):
            yield f"{one['id']} {other[key]} -> {one[key]}".replace("_", " ")


def _replayed(name: str) -> dict[str, Any]:
    """Run `critic review` on a recording, and read its report."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "review.json"
        options = ["--replay", str(RECORDINGS / f"{name}.yaml"), "--format", "json", "-o", str(output)]
        app(["review", str(FOLDER / f"{name}.md"), *options], standalone_mode=False)
        review: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    if not review["complete"]:
        raise ValueError(f"the recording of {name} is incomplete")
    return review


def table() -> str:
    """Both tables."""
    pack = load_rubrics()
    return f"{counted({carrier: count(carrier, pack) for carrier in CARRIERS})}\n{recorded()}"


def write_docs() -> None:
    """Put the tables into the docs, in place of what was there."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
