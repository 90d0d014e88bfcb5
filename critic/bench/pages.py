"""A bench report for people: as terminal text and Markdown from the same tables, and as a page with plots."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from string import Template

from critic.bench.report import BenchReport, Calibration, Estimate, Figures

Table = tuple[str, list[str], list[list[str]]]  # title, head, rows

CAVEAT = (
    "All labels of the corpus that comes with critic are readings by language models that followed one codebook, blind to each "
    "other; no people labelled anything. Figures say how well a model agrees with those readings."
)


def tables(report: BenchReport) -> list[Table]:
    """Everything in the report, as text."""
    usage, each = report.cost.usage, max(report.readings, 1)
    sets = [report.overall, *report.groups]
    found: list[Table] = [
        ("Findings and verdicts", ["", *(figures.name for figures in sets)], _measured(sets)),
        ("By link", _HEAD, [_row(figures) for figures in report.links]),
        ("By critique", _HEAD, [_row(figures) for figures in report.critiques]),
    ]
    if report.left_out:
        title = "Each proposal judged with thresholds fitted on the others: what to expect of one not seen before"
        found.append((title, ["", report.left_out.name], _measured([report.left_out])))
    if marked := [figures for figures in (report.blind, report.anchored) if figures]:
        title = "Readers of the HTML page; those who had seen a tool's verdict favour it, so believe the blind ones"
        found.append((title, ["", *(figures.name for figures in marked)], _measured(marked)))
    rows = [
        ["scope judged right", f"{report.scope_right} of {report.proposals}"],
        ["considerations: same value", _told(report.considerations)],
        ["considerations: kappa", _number(report.considerations_kappa)],
        ["verdicts whose quotations meet the label's", _told(report.evidence)],
        ["quotations that stand in the proposals", f"{report.quotations} of {report.quotations + report.dropped}"],
        ["unsupported entries", str(report.unsupported)],
        ["failed entries", str(report.failed)],
        ["contrast pairs: changes as intended", f"{report.contrast_right} of {report.contrast_items}"],
        ["tokens in and out, a proposal", f"{usage.input_tokens // each:,} + {usage.output_tokens // each:,}"],
        ["requests, a proposal", f"{usage.requests / each:.1f}"],
        ["price, a proposal", "not known" if report.cost.price_usd is None else f"{report.cost.price_usd / each:.4f} USD"],
    ]
    if report.cost.seconds is not None:
        rows.append(["seconds", f"{report.cost.seconds:g}"])
    if report.calibration:
        rows.append(["Brier score of confidence", _number(report.calibration.brier)])
    if report.retest:
        again = report.retest
        rows += [
            [f"retest on {again.proposals} proposals: same verdict", _number(again.agreement)],
            ["retest: kappa", _number(again.kappa)],
            ["retest: both or neither find", _number(again.finding_agreement)],
        ]
    found.append(("Besides", ["", "all"], rows))
    if report.readers:
        head = ["annotator", "group", "proposals", "F1 (labels)", "kappa (labels)", "F1 (each other)", "kappa (each other)"]
        readers = [
            [one.name, one.group, str(one.proposals), *map(_number, (one.f1, one.kappa, one.f1_others, one.kappa_others))]
            for one in report.readers
        ]
        found.append(("What single annotators achieve", head, readers))
        alphas = [[group, _number(alpha)] for group, alpha in report.alpha.items()]
        found.append(("Krippendorff's alpha of the annotators", ["group", "alpha"], alphas))
    return found


def render_markdown(report: BenchReport) -> str:
    """Markdown with every table."""
    lines = [f"# {report.system} on {report.corpus}", "", CAVEAT]
    for title, head, rows in tables(report):
        lines += ["", f"## {title}", "", _line(head), _line(["---"] * len(head)), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def render_terminal(report: BenchReport, width: int = 140) -> str:
    """The same tables for a terminal."""
    from rich.console import Console
    from rich.table import Table as Rich

    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(f"{report.system} on {report.corpus}\n{CAVEAT}\n", markup=False)
    for title, head, rows in tables(report):
        table = Rich(*head, title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        for row in rows:
            table.add_row(*row)
        console.print(table, "")
    lines = str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def render_html(report: BenchReport) -> str:
    """One self-contained page with the tables and two plots."""
    parts = [_figure(_by_critique(report.critiques), "F1 of findings by critique, with 95% intervals")]
    if report.calibration:
        caption = "Confidence, and the share of verdicts that the labels confirm"
        parts.append(_figure(_reliability(report.calibration), caption))
    for title, head, rows in tables(report):
        cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f"<h2>{escape(title)}</h2>")
        parts.append(f'<div tabindex="0"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>')
    shell = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    return shell.substitute(title=escape(f"{report.system} on {report.corpus}"), caveat=CAVEAT, body="\n".join(parts))


_HEAD = ["", "items", "findings", "precision", "recall", "F1", "agreement", "kappa", "severity"]


def _row(figures: Figures) -> list[str]:
    return [
        figures.name,
        str(figures.items),
        str(figures.findings),
        *(_number(estimate.value) for estimate in (figures.precision, figures.recall)),
        _told(figures.f1),
        *(_number(estimate.value) for estimate in (figures.agreement, figures.kappa, figures.severity)),
    ]


def _measured(sets: Sequence[Figures]) -> list[list[str]]:
    """One row a figure, one column a set of items."""
    return [
        ["proposals, items", *(f"{figures.proposals}, {figures.items}" for figures in sets)],
        ["findings: precision", *(_told(figures.precision) for figures in sets)],
        ["findings: recall", *(_told(figures.recall) for figures in sets)],
        ["findings: F1", *(_told(figures.f1) for figures in sets)],
        ["findings: macro F1 over critiques", *(_told(figures.macro_f1) for figures in sets)],
        ["verdicts: agreement", *(_told(figures.agreement) for figures in sets)],
        ["verdicts: Cohen's kappa", *(_told(figures.kappa) for figures in sets)],
        ["verdicts: quadratic weighted kappa", *(_told(figures.weighted_kappa) for figures in sets)],
        ["severity: agreement", *(_told(figures.severity) for figures in sets)],
    ]


def _told(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    interval = "" if estimate.low is None or estimate.high is None else f" ({estimate.low:.2f} to {estimate.high:.2f})"
    return f"{estimate.value:.2f}{interval}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(image: bytes, caption: str) -> str:
    source = f"data:image/svg+xml;base64,{b64encode(image).decode()}"
    alt = f"{caption}; the numbers stand in the tables below"
    return f'<figure><img alt="{escape(alt)}" src="{source}"><figcaption>{escape(caption)}</figcaption></figure>'


def _by_critique(critiques: Sequence[Figures]) -> bytes:
    from matplotlib.figure import Figure

    shown = [figures for figures in critiques if figures.f1.value is not None][::-1]
    figure = Figure(figsize=(9, 0.32 * len(shown) + 1), layout="constrained")
    axes = figure.subplots()
    for height, figures in enumerate(shown):
        estimate = figures.f1
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [height, height], color="#7a93b8", linewidth=3)
        axes.plot([estimate.value or 0.0], [height], "o", color="#1f3d6d")
    axes.set_yticks(range(len(shown)), [figures.name for figures in shown])
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", color="#ddd")
    return _svg(figure)


def _reliability(calibration: Calibration) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#bbb", linestyle="--")
    axes.plot([bin.confidence for bin in calibration.bins], [bin.right for bin in calibration.bins], "o-", color="#1f3d6d")
    axes.set(xlabel="confidence", ylabel="share confirmed", xlim=(0, 1), ylim=(0, 1.02))
    return _svg(figure)


def _svg(figure: object) -> bytes:
    from matplotlib import rc_context

    file = BytesIO()
    # Names and dates that change from run to run would change the bytes.
    with rc_context({"svg.hashsalt": "critic"}):
        figure.savefig(file, format="svg", metadata={"Date": None})  # type: ignore[attr-defined]
    return file.getvalue()
