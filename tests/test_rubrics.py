"""Packs are checked on loading, and the code knows none of them by name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from critic.errors import InputError
from critic.render.critiques import render_critiques
from critic.rubrics import RubricPack, load_rubrics
from tests.conftest import ROOT

U4 = "critiques/U4-measurement-deployment-gap.yaml"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "rubrics", tmp_path / "rubrics"))


def test_the_shipped_pack_holds_the_whole_paper(pack: RubricPack) -> None:
    assert [critique.id for critique in pack.critiques] == [
        "U1",
        "U2",
        "U3",
        "U4",
        "U5",
        "U6",
        "M1",
        "M2",
        "M3",
        "M4",
        "H1",
        "H2",
        "H3",
        "H4",
        "H5",
    ]
    assert [consideration.id for consideration in pack.considerations] == ["C1", "C2", "C3", "C4", "C5", "C6"]
    assert [recommendation.id for recommendation in pack.recommendations] == [f"R{number}" for number in range(1, 13)]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (U4, "link: understanding", "link: nowhere", r"U4-measurement-deployment-gap.yaml, line 5, link: 'nowhere' is no link"),
        (U4, "recommendations: [", "recommendations: [R99, ", r"line \d+, recommendations: R99 is not in"),
        (U4, "id: U4", "id: U5", r"line 1, id: U5 is taken by"),
        (U4, "ask:", "asks:", r"ask: Field required"),
        (U4, "verdict: answered", "verdict: fine", r"line \d+, examples\.\d\.verdict: Input should be 'raised'"),
        (U4, "verdict: answered", "verdict: raised", r"examples: has no example with the verdict answered"),
        (U4, "  minor:", "  tiny:", r"severity"),
        (U4, "  claim:\n", "  claim:\n    - '(['\n", r"line \d+, cues.claim: the pattern '\(\[' is no regular expression"),
        (U4, "title: Meas", "title: [Meas", r"line \d+: not YAML"),
        ("pack.yaml", "name: ai-risk-evaluations", "", r"pack.yaml, line 1, name: Field required"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_field(copy: Path, file: str, old: str, new: str, says: str) -> None:
    path = copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as error:
        load_rubrics(copy)
    assert re.search(says, str(error.value)), str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        load_rubrics(tmp_path / "missing")
    with pytest.raises(InputError, match=r"has no .*pack\.yaml"):
        load_rubrics(tmp_path)
    (tmp_path / "pack.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        load_rubrics(tmp_path)


def test_only_takes_ids_and_slugs_and_refuses_others(pack: RubricPack) -> None:
    chosen = pack.only(["h3", "measurement-deployment-gap", "C2"])
    assert [rubric.id for rubric in (*chosen.critiques, *chosen.considerations)] == ["U4", "H3", "C2"]
    with pytest.raises(InputError, match="has no U9"):
        pack.only(["U9"])


def test_a_changed_rubric_changes_the_digest(pack: RubricPack, copy: Path) -> None:
    assert load_rubrics(copy).digest == pack.digest
    path = copy / U4
    path.write_text(path.read_text().replace("minor: ", "minor: also, ", 1))
    assert load_rubrics(copy).digest != pack.digest


def test_the_documentation_page_is_fresh(pack: RubricPack) -> None:
    page = (ROOT / "docs" / "critiques.md").read_text()
    assert page == render_critiques(pack), "docs/critiques.md is stale: critic rubrics docs > docs/critiques.md"


def test_nothing_in_the_code_names_a_critique(pack: RubricPack) -> None:
    names = re.compile("|".join(rf"\b{rubric.id}\b|{rubric.slug}" for rubric in pack.rubrics))
    for path in [*(ROOT / "critic").rglob("*.py"), *(ROOT / "prompts").glob("*.md")]:
        text = path.read_text()
        if path.name in ("app.py", "options.py", "rubrics.py") and path.parent.name == "cli":
            text = re.sub(r"help=\".*?\"", "", text)  # an example in a help text
        found = names.search(text)
        assert not found, (path, found)
