"""The README's table: every way of judging the corpus, measured with `critic bench` on the recordings."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from critic.cli.app import app
from critic.findings import Usage
from critic.pricing import price_of
from critic.settings import DEFAULT_MODEL

FIXTURES = Path(__file__).parent.parent / "fixtures"
CORPUS = FIXTURES / "corpus"
ROWS = {
    "model, all critiques in one request (default)": ["--replay", f"{FIXTURES}/recordings/all", "--repeat", "2"],
    "the same with a second look": ["--replay", f"{FIXTURES}/recordings/second-look"],
    "model, one request a link (natural texts)": ["--replay", f"{FIXTURES}/recordings/link"],
    "model, one request a critique (two natural texts)": ["--replay", f"{FIXTURES}/recordings/one"],
    "model asked as in a chat window": ["--replay", f"{FIXTURES}/recordings/chat", "--baseline", "chat"],
    "offline, by cues": ["--offline"],
    "always the commonest verdict": ["--baseline", "majority"],
}


def measured(options: list[str]) -> dict[str, Any]:
    """Run `critic bench` and read its report."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "report.json"
        app(["bench", str(CORPUS), *options, "--format", "json", "-o", str(output)], standalone_mode=False)
        return dict(json.loads(output.read_text()))


def told(estimate: dict[str, Any], *, interval: bool = False) -> str:
    """Write a figure to two places."""
    if estimate["value"] is None:
        return "-"
    given = interval and estimate["low"] is not None
    return f"{estimate['value']:.2f}" + (f" ({estimate['low']:.2f} to {estimate['high']:.2f})" if given else "")


def row(name: str, natural: dict[str, Any], whole: dict[str, Any], price: str) -> str:
    """Write one line of the table."""
    cells = [
        name,
        str(natural["proposals"]),
        told(natural["precision"]),
        told(natural["recall"]),
        told(natural["f1"], interval=True),
    ]
    cells += [told(natural["kappa"], interval=True), f"{told(whole['f1'])}, {told(whole['kappa'])}", price]
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """Measure everything and write the table in Markdown."""
    head = ["", "natural texts", "precision", "recall", "F1 of findings", "kappa of four verdicts"]
    head += ["all texts: F1, kappa", f"tokens and US cents a proposal, at {DEFAULT_MODEL}'s list price"]
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    notes: list[str] = []
    for name, options in ROWS.items():
        report = measured(options)
        usage, readings = report["cost"]["usage"], report["readings"]
        used = Usage.model_validate(usage)
        cents = (price_of(used, DEFAULT_MODEL, {}) or 0) * 100 / readings
        tokens = "none"
        if used.requests:
            tokens = f"{used.input_tokens // readings:,} + {used.output_tokens // readings:,}, {cents:.1f}"
        natural = next((group for group in report["groups"] if group["name"] == "natural"), report["overall"])
        lines.append(row(name, natural, report["overall"], tokens))
        if report["left_out"]:
            left = f"{told(report['left_out']['f1'])}, {told(report['left_out']['kappa'])}"
            lines.append(f"| the same, thresholds fitted without the text judged | | | | | | {left} | none |")
        if report["retest"]:
            shown, found = report["quotations"], report["quotations"] + report["dropped"]
            again = report["retest"]
            notes = [
                f"Default settings: {shown} of {found} quotations stood in the proposals; {report['contrast_right']} of "
                f"{report['contrast_items']} findings changed or stayed between versions of a proposal as they should; "
                f"considerations agreed in {told(report['considerations'])} and severities in "
                f"{told(report['overall']['severity'])} of cases; {again['proposals']} proposals read a second time got the "
                f"same verdict in {again['agreement']:.2f} of cases.",
            ]
            readers = [reader for reader in report["readers"] if reader["group"] == "natural"]
            for reader in readers:
                f1, kappa = reader["f1"], reader["kappa"]
                lines.append(
                    f"| single annotator ({reader['name']}) | {reader['proposals']} | | | {f1:.2f} | {kappa:.2f} | | |"
                )
    return "\n".join([*lines, "", *notes])


if __name__ == "__main__":
    print(table())
