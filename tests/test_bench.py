"""The bench's figures are what scikit-learn says, its scores of hard cases are right, and its table is reproducible."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, precision_score, recall_score

from critic.bench import measures
from critic.bench.compare import compare
from critic.bench.labels import Case, load_corpus
from critic.bench.pages import render_html, render_markdown
from critic.bench.report import BenchReport, Item
from critic.bench.run import Run, report, review_all
from critic.bench.thresholds import fit, left_out_items, write
from critic.cli import main
from critic.errors import InputError, UnusableModelError
from critic.findings import Review, Verdict
from critic.judgement import Judgement, Reading
from critic.offline import assess_offline
from critic.pipeline import Manner, build_review, pipeline
from critic.rubrics import RubricPack, load_rubrics
from tests.conftest import CORPUS, ROOT, SMALL, Endpoint, completion, judged, no_network, reply


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return load_corpus(CORPUS)


def told_by(
    cases: Sequence[Case], pack: RubricPack, change: Callable[[Case, str, str], str] = lambda case, id, verdict: verdict
) -> BenchReport:
    """A report on an assessor that knows the labels, but for what `change` says."""
    runs = []
    for case in cases:
        entries = {
            id: Judgement.model_validate(
                judged(change(case, id, label.verdict.value), claim_quotations=label.quotes, answer_quotations=label.quotes)
            )
            for id, label in case.labels.verdicts.items()
        }
        reading = Reading(in_scope=case.labels.in_scope, critiques=entries)
        runs.append(Run(case, (build_review(reading, case.proposal, pack, Manner()),)))
    return report("told", "corpus", runs, pack, None)


def test_figures_are_scikit_learns() -> None:
    generator = np.random.default_rng(1)
    labels, verdicts = ([list(Verdict)[code] for code in generator.integers(0, 4, 200)] for _ in range(2))
    pairs = list(zip(labels, verdicts, strict=True))
    found = [[verdict.is_finding for verdict in side] for side in (labels, verdicts)]
    ordered = [(a, b) for a, b in pairs if Verdict.NOT_APPLICABLE not in (a, b)]
    codes = [[list(Verdict).index(pair[side]) for pair in ordered] for side in (0, 1)]
    expected = {
        measures.precision: precision_score(*found),
        measures.recall: recall_score(*found),
        measures.f1: f1_score(*found),
        measures.agreement: accuracy_score(labels, verdicts),
        measures.kappa: cohen_kappa_score(labels, verdicts),
        measures.weighted_kappa: cohen_kappa_score(*codes, weights="quadratic"),
    }
    for measure, value in expected.items():
        assert measures.value(measure, pairs) == pytest.approx(value, abs=1e-4)


def test_an_assessor_that_knows_the_labels_is_perfect(cases: list[Case], pack: RubricPack) -> None:
    made = told_by(cases, pack)
    assert (made.overall.f1.value, made.overall.kappa.value, made.evidence.value) == (1, 1, 1)
    assert (made.scope_right, made.contrast_right) == (22, made.contrast_items)
    assert made.contrast_items > 10
    assert [group.name for group in made.groups] == ["written for the corpus", "natural"]


def test_assurances_that_convince_and_revisions_that_do_not_are_counted(cases: list[Case], pack: RubricPack) -> None:
    def gullible(case: Case, id: str, verdict: str) -> str:
        contrast = case.labels.contrast
        return "answered" if contrast and contrast.kind == "assurances" else verdict

    convinced = told_by(cases, pack, gullible)
    assurances = [item for item in convinced.items if item.change and item.proposal == "D02-cbrn-quiz-lipservice"]
    assert convinced.contrast_right == convinced.contrast_items - len(assurances) < convinced.contrast_items
    stubborn = told_by(cases, pack, lambda case, id, verdict: "raised" if case.labels.contrast else verdict)
    lost = [item for item in stubborn.items if item.change == "lose"]
    assert stubborn.contrast_right == stubborn.contrast_items - len(lost) < stubborn.contrast_items


def test_unsupported_and_failed_verdicts_find_nothing(cases: list[Case], pack: RubricPack) -> None:
    some = [case for case in cases if case.name.startswith("N")]
    runs = []
    for case in some:
        invented = {
            id: Judgement.model_validate(judged(claim_quotations=["Nowhere to be found in it."])) for id in ("U1", "U2")
        }
        runs.append(Run(case, (build_review(Reading(in_scope=True, critiques=invented), case.proposal, pack, Manner()),)))
    made = report("silent", "corpus", runs, pack, None)
    assert (made.overall.recall.value, made.unsupported, made.failed) == (0, 16, 8 * (13 + 6))


def test_annotators_are_scored_against_each_other(cases: list[Case]) -> None:
    found = {(one.group, one.name): one for one in measures.reader_figures(cases)}
    assert found["natural", "reader-3"].f1 == pytest.approx(0.96, abs=0.01)
    assert found["natural", "reader-2"].kappa == pytest.approx(0.68, abs=0.01)
    assert measures.alpha([case for case in cases if case.labels.group == "natural"]) == pytest.approx(0.74, abs=0.01)


def test_a_comparison_is_paired_and_says_when_it_cannot_tell(cases: list[Case], pack: RubricPack) -> None:
    good = told_by(cases, pack)
    bad = told_by(cases, pack, lambda case, id, verdict: "raised")
    text = compare(bad, good)
    assert "22 proposals in common" not in text
    assert "21 proposals in common" in text
    assert text.count("B is better") == 3  # nothing is missed by raising everything
    assert compare(good, good).count("no difference can be told") == 4


def test_pages_show_the_figures_and_load_nothing(cases: list[Case], pack: RubricPack) -> None:
    made = told_by(cases, pack)
    page = render_html(made)
    assert page.count("<img") == 1
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    assert render_html(made) == page
    assert "| findings: F1 | 1.00 (1.00 to 1.00) |" in render_markdown(made)
    assert "language models" in page


def test_thresholds_do_better_where_fitted_than_left_out_and_are_written(
    cases: list[Case], pack: RubricPack, tmp_path: Path
) -> None:
    def score(items: Sequence[Item]) -> float:
        return measures.value(measures.f1, [(item.label, item.verdict) for item in items]) or 0

    natural = [case for case in cases if case.labels.in_scope]
    folder = Path(shutil.copytree(ROOT / "rubrics", tmp_path / "rubrics"))
    thresholds = fit(natural, pack)
    write(thresholds, folder)
    written = load_rubrics(folder)
    for before, after in zip(pack.critiques, written.critiques, strict=True):
        assert after.cues.applies == thresholds[after.id].applies
        assert after.model_copy(update={"cues": before.cues}) == before
    left_out = left_out_items(natural, pack)
    assert len(left_out) == 15 * len(natural)
    assert 0.5 < score(left_out) < 0.7


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "There are no labels"),
        ({"a.labels.json": "{}"}, "needs exactly one proposal a.* beside it, and there are 0"),
        ({"a.labels.json": "{}", "a.md": "x", "a.txt": "x"}, "and there are 2"),
        ({"a.labels.json": "{}", "a.md": "text"}, "a.labels.json, proposal: Field required"),
        (
            {"a.labels.json": '{"proposal": "a", "verdicts": {"U1": {"verdict": "bad"}}}', "a.md": "text"},
            "verdicts.U1.verdict: Input",
        ),
    ],
)
def test_what_is_no_corpus(files: dict[str, str], says: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        load_corpus(tmp_path)
    assert says in str(error.value)


async def test_a_programmes_own_labels_need_only_verdicts(tmp_path: Path, pack: RubricPack) -> None:
    (tmp_path / "mine.md").write_text("# A benchmark\n\nWe test the model. A pass means that it is safe to deploy.\n")
    (tmp_path / "mine.labels.json").write_text(json.dumps({"proposal": "mine", "verdicts": {"H3": {"verdict": "raised"}}}))
    cases = load_corpus(tmp_path)
    review = await pipeline(assess_offline, pack).ainvoke(cases[0].proposal)
    made = report("offline", "mine", [Run(cases[0], (review,))], pack, 1.0)
    assert made.overall.items == 1
    assert "mine" in render_markdown(made)


def test_the_readmes_table_comes_from_the_recordings() -> None:
    with no_network():
        table = subprocess.run(
            [sys.executable, "scripts/accuracy.py"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
    assert table.strip() in (ROOT / "README.md").read_text(), "README's table is stale: scripts/accuracy"


def test_a_bench_from_recordings_is_the_same_every_time(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "critic",
        "bench",
        "fixtures/corpus",
        "--replay",
        "fixtures/recordings/one",
        "--format",
        "json",
    ]
    first, second = (subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout for _ in range(2))
    assert first == second
    assert BenchReport.model_validate_json(first).proposals == 2


async def test_a_connection_that_breaks_costs_only_what_it_breaks(cases: list[Case], pack: RubricPack) -> None:
    async def breaking(case: Case, number: int) -> Review:
        if case.name != cases[0].name:
            raise UnusableModelError("The endpoint cannot be reached.")
        return await pipeline(assess_offline, pack).ainvoke(case.proposal)

    runs, _ = await review_all(cases[:3], pack, breaking, lambda case: 1, 1)
    made = report("breaking", "corpus", runs, pack, 1.0)
    assert made.failed == 2 * 21
    with pytest.raises(UnusableModelError):
        await review_all(cases[1:3], pack, breaking, lambda case: 1, 1)


def test_a_live_bench_names_the_host_and_can_be_recorded(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "mine"
    corpus.mkdir()
    for name in ("a", "b"):
        (corpus / f"{name}.md").write_text(SMALL + name)
        (corpus / f"{name}.labels.json").write_text(json.dumps({"proposal": name, "verdicts": {"U4": {"verdict": "raised"}}}))
    endpoint.answers = [lambda body: completion(reply(body))]
    options = ["bench", str(corpus), "--format", "json"]
    live = ["--model", "m", "--base-url", endpoint.url, "--record", str(tmp_path / "replies")]

    def bench(*more: str) -> BenchReport:
        monkeypatch.setattr(sys, "argv", ["critic", *options, *more])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code in (0, None)
        assert ("Sending 2 proposals to 127.0.0.1 (model m)." in err) == ("--model" in more)
        return BenchReport.model_validate_json(out)

    first = bench(*live)
    assert len(endpoint.requests) == 2
    with no_network():
        again = bench("--replay", str(tmp_path / "replies"))
    assert again.items == first.items
    assert (first.overall.f1.value, first.cost.seconds is None, again.cost.seconds) == (1, False, None)
