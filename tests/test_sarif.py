"""SARIF as an editor or a code-scanning view takes it: valid, at the right place, and the same finding after an edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from critic.api import review as reviewed
from critic.findings import Assessment, Review, Status
from critic.proposal import Proposal
from critic.readers import read, read_bytes
from critic.render import github, sarif
from critic.settings import Settings
from tests.conftest import ROOT
from tests.test_render_formats import SARIF, recorded

OFFLINE = Settings()


def log(review: Review) -> dict[str, Any]:
    whole = json.loads(sarif.render(review))
    SARIF.validate(whole)
    run: dict[str, Any] = whole["runs"][0]
    return run


def screened(proposal: Proposal | Path) -> Review:
    return reviewed(proposal, settings=OFFLINE)


def regions(run: dict[str, Any]) -> list[dict[str, Any]]:
    places = [place for r in run["results"] for place in (*r["locations"], *r.get("relatedLocations", []))]
    return [place["physicalLocation"]["region"] for place in places if "region" in place["physicalLocation"]]


@pytest.mark.parametrize("name", ["N01-eoi-chem-agents", "D06-cyber-range"])
def test_regions_are_where_the_quotations_stand_in_the_file(name: str) -> None:
    review = recorded(name)
    run = log(review)
    assert len(run["results"]) == len(review.findings)
    lines = (ROOT / "fixtures" / "corpus" / f"{name}.md").read_text().split("\n")
    for region in regions(run):
        block = "\n".join(lines[region["startLine"] - 1 : region["endLine"]])
        behind = len(lines[region["endLine"] - 1]) - region["endColumn"] + 1
        assert " ".join(block[region["startColumn"] - 1 : len(block) - behind].split()) == region["snippet"]["text"]


def test_columns_count_as_editors_do_also_behind_emoji_and_with_windows_line_ends() -> None:
    text = "# Plan\r\n\r\n🧪🧪 We measure whether the model can attack. A score below 20% means that it is safe to release.\r\n"
    review = screened(read_bytes(text.encode(), "plan.md"))
    line = text.split("\r\n")[2].encode("utf-16-le")
    found = regions(log(review))
    assert found
    for region in found:
        part = line[2 * (region["startColumn"] - 1) : 2 * (region["endColumn"] - 1)].decode("utf-16-le")
        assert (region["startLine"], part) == (3, region["snippet"]["text"])


def test_fingerprints_stay_when_something_else_is_edited() -> None:
    text = (ROOT / "fixtures" / "corpus" / "D02-cbrn-quiz.md").read_text()
    before = log(screened(read_bytes(text.encode(), "a.md")))["results"]
    after = log(screened(read_bytes(f"Written on a Sunday.\n\n{text}".replace("\n\n", "\n\n\n").encode(), "a.md")))["results"]
    assert [r["partialFingerprints"] for r in before] == [r["partialFingerprints"] for r in after]
    assert [r["locations"] for r in before] != [r["locations"] for r in after]


def test_levels_rules_and_what_is_not_to_be_relied_on() -> None:
    review = recorded("D06-cyber-range")
    first, second, third, *others = review.critiques
    changed: list[Assessment] = [
        first.model_copy(update={"status": Status.UNSUPPORTED}),
        second.model_copy(update={"status": Status.FAILED, "verdict": None, "failure": "The reply was cut off."}),
        third,
        *others,
    ]
    run = log(review.model_copy(update={"critiques": changed, "complete": False}))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [entry.id for entry in review.critiques]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    kinds = {result["ruleId"]: (result["kind"], result["level"]) for result in run["results"]}
    assert kinds["U1"] == ("review", "none")
    assert "U2" not in kinds
    assert (kinds["U5"], kinds["M3"]) == (("fail", "error"), ("fail", "warning"))
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    failed = [n for n in invocation["toolExecutionNotifications"] if n.get("associatedRule") == {"id": "U2"}]
    assert "cut off" in failed[0]["message"]["text"]


def test_hidden_text_is_an_error_of_its_own() -> None:
    run = log(screened(ROOT / "fixtures" / "attacks" / "md-hidden-comment.md"))
    (found,) = [result for result in run["results"] if result["ruleId"] == "tampering/hidden"]
    assert found["level"] == "error"
    lines = (ROOT / "fixtures" / "attacks" / "md-hidden-comment.md").read_text().split("\n")
    assert "<!--" in lines[regions({"results": [found]})[0]["startLine"] - 1]
    assert all("startColumn" not in region for region in regions(run))  # what was taken out may have moved them


def test_a_pdf_has_pages_and_no_lines() -> None:
    run = log(screened(ROOT / "fixtures" / "attacks" / "pdf-plain-order-ignore.pdf"))
    findings = [result for result in run["results"] if not result["ruleId"].startswith("tampering")]
    assert findings
    assert not regions(run)
    assert findings[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("p. ")


def test_the_address_is_the_path_from_here_and_never_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "private" / "my plans"
    folder.mkdir(parents=True)
    file = folder / "a #1: draft.md"
    file.write_text("# Plan\n\nWe measure whether the model can attack. A score below 20% means that it is safe to release.\n")
    monkeypatch.chdir(tmp_path / "private")
    for path in (file, Path("my plans/a #1: draft.md")):
        review = screened(read(path))
        assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in log(review)["results"]} == {
            "my%20plans/a%20%231%3A%20draft.md"
        }
        assert "file=my plans/a #1%3A draft.md,line=3" in github.render(review)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    review = screened(read(file))
    assert review.subject.path is None
    for text in (review.model_dump_json(), sarif.render(review), github.render(review)):
        assert "private" not in text
