"""Comparing two versions: what is said to have changed has, and what is not known is not called resolved."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from critic import compare
from critic.cli import main
from critic.comparison import Change, Comparison
from critic.findings import Credit, Review, Severity, Status, Verdict
from critic.passages import changed_passages
from critic.render import comparison as pages
from critic.render import json as as_json
from tests.conftest import CORPUS, RECORDINGS, no_network
from tests.test_render_formats import recorded

Run = Callable[..., tuple[int, str, str]]
ALL = RECORDINGS / "all"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["critic", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def changes(comparison: Comparison) -> dict[str, Change]:
    return {critique.id: critique.change for critique in comparison.critiques}


def changed(review: Review, id: str, **values: object) -> Review:
    critiques = [entry.model_copy(update=values) if entry.id == id else entry for entry in review.critiques]
    return review.model_copy(update={"critiques": critiques})


def test_a_revision_resolves_what_it_answers() -> None:
    old, new = recorded("D06-cyber-range"), recorded("D06-cyber-range-revised")
    found = compare(old, new)
    assert {id for id, change in changes(found).items() if change is Change.RESOLVED} == {"U1", "U5", "H1", "H3", "H4"}
    assert not found.worsened
    assert found.warnings == []
    for critique in found.of(Change.RESOLVED):
        assert critique.passages, f"{critique.id} is resolved by passages that changed"
    assert {c.id: c.change for c in found.considerations if c.old is not c.new} == {"C1": "more", "C2": "more"}
    back = compare(new, old)
    assert {id for id, change in changes(back).items() if change is Change.NEW} == {"U1", "U5", "H1", "H3", "H4"}
    assert back.worsened


def test_assurances_resolve_nothing() -> None:
    found = compare(recorded("D02-cbrn-quiz"), recorded("D02-cbrn-quiz-lipservice"))
    assert found.of(Change.RESOLVED, Change.BETTER) == []
    assert [(passage.old, passage.new.splitlines()[0]) for passage in found.passages] == [
        ("", "### Limitations and safeguards")
    ]


def test_what_a_review_could_not_judge_is_not_known() -> None:
    review = recorded("D06-cyber-range")
    unsupported = changed(review, "U1", status=Status.UNSUPPORTED, verdict=Verdict.ANSWERED, severity=None)
    failed = changed(review, "U1", status=Status.FAILED, verdict=None, severity=None)
    not_asked = review.model_copy(update={"critiques": [entry for entry in review.critiques if entry.id != "U1"]})
    for other in (unsupported, failed, not_asked):
        for old, new in ((review, other), (other, review)):
            found = compare(old, new)
            assert changes(found)["U1"] is Change.UNKNOWN
            assert not found.worsened


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ((Verdict.RAISED, Severity.MAJOR), (Verdict.RAISED, Severity.CRITICAL), Change.WORSE),
        ((Verdict.RAISED, Severity.MAJOR), (Verdict.PARTLY_ANSWERED, Severity.MAJOR), Change.BETTER),
        ((Verdict.PARTLY_ANSWERED, Severity.MAJOR), (Verdict.RAISED, Severity.MINOR), Change.BETTER),
        ((Verdict.PARTLY_ANSWERED, Severity.MINOR), (Verdict.RAISED, Severity.MINOR), Change.WORSE),
        ((Verdict.RAISED, Severity.MINOR), (Verdict.RAISED, Severity.MINOR), Change.REMAINING),
        ((Verdict.NOT_APPLICABLE, None), (Verdict.ANSWERED, None), Change.NO_FINDING),
        ((Verdict.ANSWERED, None), (Verdict.RAISED, Severity.MINOR), Change.NEW),
    ],
)
def test_what_is_worse(before: tuple[Verdict, Severity | None], after: tuple[Verdict, Severity | None], change: Change) -> None:
    review = recorded("D06-cyber-range")
    old = changed(review, "U2", verdict=before[0], severity=before[1])
    new = changed(review, "U2", verdict=after[0], severity=after[1])
    assert changes(compare(old, new))["U2"] is change


def test_credits_without_evidence_are_not_known() -> None:
    review = recorded("D06-cyber-range")
    first, *others = review.considerations
    doubtful = first.model_copy(update={"status": Status.UNSUPPORTED, "value": Credit.PRESENT})
    found = compare(review, review.model_copy(update={"considerations": [doubtful, *others]}))
    assert (found.considerations[0].change, found.considerations[0].new) == ("unknown", None)


def test_two_reviews_that_are_not_alike_are_said_to_be(run: Run, tmp_path: Path) -> None:
    review = recorded("D06-cyber-range")
    how = review.provenance.model_copy(update={"model": "other", "rubrics_digest": "1" * 64, "mode": "offline"})
    other = review.model_copy(update={"provenance": how, "complete": False, "trustworthy": False})
    found = compare(review, other)
    for words in (
        "INCOMPLETE: the new review",
        "NOT TO BE TRUSTED: the model of the new review",
        "NOT MADE THE SAME WAY: the way (live, recorded or offline), the model, the rubrics differ",
        "OFFLINE SCREEN",
        "The two texts are the same",
    ):
        assert any(warning.startswith(words) for warning in found.warnings), words
        for render in (pages.render_markdown, pages.render_html, pages.render_terminal):
            assert words.split(":")[0] in render(found)
    assert "hardly a sentence in common" in compare(review, recorded("N01-eoi-chem-agents")).warnings[-1]


def test_passages_that_changed() -> None:
    old = "# T\n\nOne stays. Two goes. Three\nis wrapped.\n\n- a\n- b\n"
    new = "# T\n\nOne stays. Three is\nwrapped. Four comes.\n\n- a\n- c\n"
    found = [(passage.old, passage.new) for passage in changed_passages(old, new)]
    assert found == [("Two goes.", ""), ("", "Four comes."), ("- b", "- c")]
    for passage in changed_passages(old, new):
        assert old[passage.old_start : passage.old_end] == passage.old
        assert new[passage.new_start : passage.new_end] == passage.new
    assert changed_passages(old, old) == []


def test_compare_two_proposals_two_reviews_or_one_of_each(run: Run, tmp_path: Path) -> None:
    names = ("D06-cyber-range", "D06-cyber-range-revised")
    proposals = [CORPUS / f"{name}.md" for name in names]
    saved = [tmp_path / f"{name}.json" for name in names]
    with no_network():
        for proposal, path, name in zip(proposals, saved, names, strict=True):
            assert run("review", proposal, "--replay", ALL / f"{name}.yaml", "--format", "json", "-o", path)[0] == 0
        code, wanted, err = run("compare", *proposals, "--replay", ALL, "--format", "json", "--fail-on-new")
        assert (code, err) == (0, "")
        assert run("compare", *saved, "--format", "json")[1] == wanted
        assert run("compare", saved[0], proposals[1], "--replay", ALL, "--format", "json")[1] == wanted
        assert run("compare", *reversed(saved), "--fail-on-new")[0] == 1
    jsonschema.validate(json.loads(wanted), json.loads(run("schema", "comparison")[1]))
    assert Comparison.model_validate_json(wanted) == Comparison.model_validate_json(
        as_json.render(Comparison.model_validate_json(wanted))
    )


def test_an_unreliable_review_ends_with_3(run: Run, tmp_path: Path) -> None:
    review = recorded("D06-cyber-range")
    fine, bad = tmp_path / "fine.json", tmp_path / "bad.json"
    fine.write_text(review.model_dump_json())
    for values in ({"complete": False}, {"trustworthy": False}):
        bad.write_text(review.model_copy(update=values).model_dump_json())
        code, out, err = run("compare", fine, bad)
        assert code == 3
        assert "incomplete or not to be trusted" in err
        assert "no finding in either" in out


@pytest.mark.parametrize(
    ("content", "says"),
    [("{}", "is no review of this version of critic"), ("nonsense", "is no review"), (None, "cannot be read")],
)
def test_a_wrong_file_is_one_sentence(content: str | None, says: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    if content is not None:
        path.write_text(content)
    code, out, err = run("compare", path, CORPUS / "D06-cyber-range.md")
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["terminal", "markdown", "html"])
def test_a_comparison_looks_like_this(name: str, snapshot: object) -> None:
    found = compare(recorded("D02-cbrn-quiz"), recorded("D02-cbrn-quiz-lipservice"))
    assert getattr(pages, f"render_{name}")(found) == snapshot
