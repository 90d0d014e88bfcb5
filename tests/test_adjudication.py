"""A reader's marks: beside the findings in every format, as labels of a bench, and refused where they do not belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from critic.adjudication import Adjudication, load_adjudication, with_marks
from critic.bench.labels import load_corpus
from critic.bench.pages import render_markdown
from critic.bench.run import Run, report
from critic.errors import InputError
from critic.findings import Review, Severity, Verdict
from critic.judgement import Judgement, Reading
from critic.pipeline import Manner, build_review
from critic.proposal import Proposal
from critic.readers import read_bytes
from critic.render import html, markdown, terminal
from critic.rubrics import RubricPack
from tests.conftest import SMALL, judged
from tests.conftest import Run as RunCommand


def said(mark: str, verdict: str | None = None, severity: str | None = None, **more: Any) -> dict[str, Any]:
    tool = {"tool_verdict": "raised", "tool_severity": "major"}
    return {"mark": mark, "verdict": verdict, "severity": severity} | tool | more


def marks(entries: dict[str, Any], reader: str = "", text: str = SMALL) -> str:
    whole = {
        "schema_version": 1,
        "reader": reader,
        "saved": "2026-11-25",
        "subject_name": "small.md",
        "subject_digest": read_bytes(text.encode(), "small.md").digest,
        "rubrics_digest": "0" * 64,
        "model": "test-model",
        "entries": entries,
    }
    jsonschema.validate(whole, Adjudication.model_json_schema())
    return json.dumps(whole)


def told(proposal: Proposal, pack: RubricPack, verdicts: dict[str, str]) -> Review:
    entries = {id: Judgement.model_validate(judged(verdict)) for id, verdict in verdicts.items()}
    return build_review(Reading(in_scope=True, critiques=entries), proposal, pack.only(list(verdicts)), Manner())


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three readers of one proposal without labels; one judged blind, one left his name out."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "small.md").write_text(SMALL)
    blind = {
        "U1": said("disputed", "answered", blind=True),
        "U2": said("agreed", "raised", "minor", blind=True),
        "U4": said("disputed", "answered", blind=True),
    }
    seen = {
        "U1": said("agreed"),
        "U2": said("agreed"),
        "U4": said("wrong", "answered", reason="See the annex."),
        "M1": said("wrong"),
    }
    more = {"U1": said("wrong", "not_applicable"), "U2": said("agreed")}
    (folder / "small.ann.adjudication.json").write_text(marks(blind, "Ann"))
    (folder / "small.adjudication.json").write_text(marks(seen))
    (folder / "small.bo.adjudication.json").write_text(marks(more, "Bo"))
    return folder


def test_the_verdict_of_most_readers_is_the_label_and_a_tie_is_none(corpus: Path) -> None:
    (case,) = load_corpus(corpus)
    labels = {id: (label.verdict, label.severity, label.agreement, label.blind) for id, label in case.labels.verdicts.items()}
    assert labels == {  # U1 is a tie of three, and whoever calls M1 wrong does not say what is right
        "U2": (Verdict.RAISED, Severity.MAJOR, "3/3", False),
        "U4": (Verdict.ANSWERED, None, "2/2", False),
    }
    assert sorted(case.labels.readers) == ["Ann", "Bo", "reader"]
    assert case.labels.readers["reader"].verdicts["U4"].note == "See the annex."


def test_labels_stand_and_adjudications_only_add_readers(corpus: Path) -> None:
    (corpus / "small.labels.json").write_text(json.dumps({"proposal": "small", "verdicts": {"U1": {"verdict": "raised"}}}))
    (case,) = load_corpus(corpus)
    assert list(case.labels.verdicts) == ["U1"]
    assert len(case.labels.readers) == 3


def test_agreement_with_blind_readers_is_told_apart(corpus: Path, pack: RubricPack) -> None:
    (case,) = load_corpus(corpus)
    review = told(case.proposal, pack, {"U1": "raised", "U2": "raised", "U4": "raised"})
    made = report("told", "corpus", [Run(case, (review,))], pack, None)
    assert made.blind is not None
    assert made.anchored is not None
    assert (made.blind.items, made.blind.agreement.value) == (3, pytest.approx(1 / 3, abs=1e-3))
    assert (made.anchored.items, made.anchored.agreement.value) == (5, pytest.approx(3 / 5))
    page = render_markdown(made)
    assert "| | readers, blind | readers, not blind |" in page.replace("|  |", "| |")
    assert "believe the blind ones" in page


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"small.x.adjudication.json": marks({}, text=SMALL + "more")}, "marks a review of another text (small.md, SHA-256 "),
        ({"small.x.adjudication.json": "{}"}, "is no adjudication that this version reads: saved: Field required"),
        ({"small.x.adjudication.json": "[not json"}, "is no adjudication that this version reads: the file: Invalid JSON"),
        ({"other.adjudication.json": marks({})}, "needs exactly one proposal other.* beside it, and there are 0"),
        (
            {"small.x.adjudication.json": marks({}, "Ann"), "small.y.adjudication.json": marks({}, "Ann")},
            "is a second file of marks by Ann on small",
        ),
    ],
)
def test_marks_that_do_not_belong_are_one_sentence(files: dict[str, str], says: str, tmp_path: Path) -> None:
    (tmp_path / "small.md").write_text(SMALL)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        load_corpus(tmp_path)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_every_format_shows_the_marks(proposal: Proposal, pack: RubricPack, tmp_path: Path) -> None:
    path = tmp_path / "small.adjudication.json"
    path.write_text(marks({"U4": said("wrong", "answered", reason="See\x1b[31m <i>annex</i> B."), "M1": said("agreed")}, "Ann"))
    review = with_marks(told(proposal, pack, {"U4": "raised", "M1": "answered"}), [load_adjudication(path)])
    for text in (terminal.render(review), markdown.render(review), html.render(review)):
        line = " ".join(text.split()).replace("&lt;", "<").replace("&gt;", ">")
        assert "Ann: wrong, should be answered. See[31m <i>annex</i> B." in line.replace("\\[", "[")
        assert "Ann: agreed" in line  # the tool found nothing there, and the mark is shown all the same
        assert "\x1b" not in text


def test_the_command_shows_marks_and_refuses_those_of_another_text(run: RunCommand, small: Path, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.json", tmp_path / "other.json"
    mine.write_text(marks({"U4": said("wrong", "answered", reason="No.")}, "Ann"))
    other.write_text(marks({}, text="# Something else"))
    code, out, _ = run("review", small, "--only", "U4", "--adjudication", mine)
    assert (code, "Ann: wrong, should be answered. No." in out) == (0, True)
    code, out, err = run("review", small, "--adjudication", other)
    assert (code, out) == (2, "")
    assert err.startswith(f"critic: {other} marks a review of another text")
    assert run("review", small, "--blind")[0] == 2
    code, out, _ = run("review", small, "--format", "html", "--blind")
    assert (code, out.startswith("<!doctype html>"), 'class="blind"' in out[:60]) == (0, True, True)


def test_the_schema_is_published(run: RunCommand) -> None:
    schema = json.loads(run("schema", "adjudication")[1])
    jsonschema.validate(json.loads(marks({"U4": said("disputed", blind=True)})), schema)
