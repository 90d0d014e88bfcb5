"""Two bench reports of the same corpus: which assessor is better, paired by proposal."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from critic.bench import measures
from critic.bench.report import BenchReport
from critic.errors import InputError


def load_report(path: Path) -> BenchReport:
    """Read what `critic bench --format json` wrote. Raises InputError if it is something else."""
    try:
        return BenchReport.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} is no bench report; make one with: critic bench CORPUS --format json -o {path.name}."
        ) from error


def compare(a: BenchReport, b: BenchReport) -> str:
    """A table of differences, with 95% intervals from a bootstrap over the proposals that both reports have.

    Raises InputError if they have none in common.
    """
    common = {item.proposal for item in a.items} & {item.proposal for item in b.items}
    if not common:
        raise InputError("The two reports have no proposal in common.")
    first, second = ([item for item in report.items if item.proposal in common] for report in (a, b))
    lines = [f"{b.system} (B) against {a.system} (A), {len(common)} proposals in common", ""]
    for name, measure in (
        ("precision", measures.precision),
        ("recall", measures.recall),
        ("F1", measures.f1),
        ("kappa", measures.kappa),
    ):
        before, after = (measures.value(measure, [(item.label, item.verdict) for item in items]) for items in (first, second))
        change = measures.difference(measure, first, second)
        if before is None or after is None or change.low is None or change.high is None:
            lines.append(f"{name:<10} cannot be compared")
            continue
        judged = "B is better" if change.low > 0 else "A is better" if change.high < 0 else "no difference can be told"
        interval = f"{change.low:+.3f} to {change.high:+.3f}"
        lines.append(f"{name:<10} A {before:.3f}   B {after:.3f}   B - A {change.value:+.3f} ({interval})   {judged}")
    return "\n".join(lines) + "\n"
