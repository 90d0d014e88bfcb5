"""Every format: snapshots of two recorded reviews, and hostile text in every place where a proposal or a reply can put it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from critic.api import reviewer
from critic.comparison import compare
from critic.findings import Notice, NoticeLevel, Response, Review
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.pipeline import pipeline
from critic.readers import read_bytes
from critic.recording import replaying
from critic.render import Format, comparison, renderer
from critic.rubrics import load_rubrics
from critic.settings import Settings
from tests.conftest import CORPUS, RECORDINGS, ROOT, SMALL, judged

ENDING = {
    Format.TERMINAL: "txt",
    Format.JSON: "json",
    Format.MARKDOWN: "md",
    Format.SARIF: "sarif",
    Format.GITHUB: "txt",
    Format.QUESTIONS: "md",
}
# What the page makes of a proposal's own headings, lists, tables, quotations, code and emphasis.
DRAWN = {"h3", "h4", "h5", "h6", "ul", "li", "table", "tr", "td", "blockquote", "pre", "em", "strong", "p", "span"}
DRAWN |= {f"{name} class" for name in ("h3", "h4", "h5", "h6", "li", "tr", "p", "div", "span")}
SARIF = jsonschema.Draft4Validator(json.loads((ROOT / "fixtures" / "schemas" / "sarif-schema-2.1.0.json").read_text()))
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@cache
def recorded(name: str) -> Review:
    """A recorded review, without what changes with every version of the tool or of the rubrics."""
    path = f"fixtures/corpus/{name}.md"
    proposal = read_bytes((CORPUS / f"{name}.md").read_bytes(), f"{name}.md").model_copy(update={"path": path})

    async def reviewed() -> Review:
        with replaying(RECORDINGS / "all" / f"{name}.yaml") as said:
            asked = Settings(**said.settings, base_url="https://endpoint.invalid", api_key="none")
            async with reviewer(asked, load_rubrics(), recorded=True, recording_note=said.note) as runnable:
                return await runnable.ainvoke(proposal)

    review = asyncio.run(reviewed())
    how = review.provenance.model_copy(update={"critic": "0", "rubrics_digest": "0" * 64, "prompts_digest": "0" * 64})
    return review.model_copy(update={"provenance": how})


@pytest.mark.parametrize("name", ["N01-eoi-chem-agents", "D06-cyber-range"])
@pytest.mark.parametrize("format", Format)
def test_recorded_reviews_look_like_this(format: Format, name: str, snapshot: SnapshotAssertion) -> None:
    class InItsFormat(SingleFileSnapshotExtension):
        _write_mode = WriteMode.TEXT
        file_extension = ENDING.get(format, format.value)

    text = renderer(format)(recorded(name))
    # Its looks and its script are files of their own, and the policy names their digests.
    text = re.sub(r"(<(style|script)>).*?(</\2>)|sha256-[\w+/=]+", r"\1\3", text, flags=re.DOTALL) if "<html" in text else text
    assert text == snapshot(extension_class=InItsFormat)


# --- hostile text -------------------------------------------------------------------------------------------------------------

FRAGMENTS = [
    *(
        "\x1b[31m",
        "\x1b]0;owned\x07",
        "\x9b2J",
        "\u202e",
        "\u2066",
        "\u200b",
        "\r",
        "\n",
        "\n\n",
        "\t",
        " ",
        "\\",
        "\x85",
        "\u2028",
    ),
    *(
        "<script>alert(1)</script>",
        "</script>",
        "<img src=x onerror=alert(1)>",
        "</td>",
        "<!--",
        "-->",
        "<a href='javascript:x'>",
    ),
    *("<style>*{}</style>", "&lt;", "&#60;b>", "\"'", "' onclick='x", "]]>", "<javascript:x>", "{{7*7}}", "${x}", "{0}"),
    *(
        "[x](javascript:y)",
        "![i](http://t)",
        "[x]: http://t",
        "`",
        "```\n",
        "**b**",
        "_e_",
        "~~s~~",
        "# h",
        "> q",
        "- l",
        "1. n",
        "---",
    ),
    *(
        "| a | b |",
        "::error::x",
        "\n::set-output name=a::b",
        "##[error]x",
        "%0A::stop-commands::x",
        "%25",
        ",",
        ":",
        "@all",
        "a",
        "word",
    ),
]
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), min_size=1, max_size=8).map("".join)


def review_with(text: str) -> Review:
    """A review that has the text wherever a proposal, a reply or an author can put it, and one entry of each kind."""
    pack = load_rubrics().only(["U1", "U4", "U6", "H3", "M1", "C3"])
    quoted = "A score below 20% means that it is safe to release."

    async def assessor(proposal: Any, pack: Any) -> Reading:
        said: dict[str, Any] = dict.fromkeys(("reasoning", "absent", "change", "question"), text)
        challenge = {"quotations": [], "reasoning": text, "outcome": "upheld", "verdict": "raised", "severity": "minor"}
        return Reading(
            in_scope=True,
            scope_reason=text,
            outline={"evaluated": text},
            critiques={
                "U1": Judgement.model_validate(judged("answered", reasoning=text)),
                "U4": Judgement.model_validate(judged(**said, challenge=challenge, votes={text: "raised", "b": "answered"})),
                "U6": Judgement.model_validate(judged(**said, claim_quotations=["This stands nowhere in the text."])),
                "M1": Judgement.model_validate(judged(**said, claim_quotations=[f"{quoted} {text} and on it goes"])),
            },
            considerations={"C3": CreditJudgement(quotations=[quoted], reasoning=text, value="present")},
            failures={"H3": text},
            model=text,
            adjustments=(text,),
        )

    typed = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text)  # a file full of these is refused
    body = f"# T {typed}\n\n## H {typed}\n\n{SMALL}\n\n{quoted} {typed} and on it goes\n"
    proposal = read_bytes(body.encode(), f"n {text}").model_copy(update={"path": f"p/{text}"})
    review = asyncio.run(pipeline(assessor, pack).ainvoke(proposal))
    response = Response(text=text, date=date(2026, 11, 25), author=text)
    return review.model_copy(
        update={
            "critiques": [entry.model_copy(update={"response": response}) for entry in review.critiques],
            "notices": [*review.notices, *(Notice(level=level, kind=text, text=text, line=1) for level in NoticeLevel)],
            "trustworthy": False,
            "provenance": review.provenance.model_copy(update={"recording_note": text, "mode": "recorded"}),
        }
    )


class Tags(HTMLParser):
    """The elements and attributes of a page, and whether one of its addresses would run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.runs = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attributes)}
        self.runs |= any(re.match(r"\s*javascript:", value or "", re.IGNORECASE) for _, value in attributes)


def tags(page: str) -> set[str]:
    parsed = Tags(page)
    assert not parsed.runs
    return parsed.found


def commonmark(text: str) -> str:
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


@cache
def innocent(format: Format) -> set[str]:
    """What elements a format uses where nobody attacks it."""
    text = renderer(format)(review_with("an innocent word"))
    return tags(text if format.value == "html" else commonmark(text))


@pytest.mark.parametrize("format", Format)
@given(text=HOSTILE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_format_lets_a_text_become_more_than_text(format: Format, text: str) -> None:
    written = renderer(format)(review_with(text))
    assert not STEERING.search(written)
    assert written.endswith("\n")
    written.encode()
    match format.value:
        case "json":
            Review.model_validate_json(written)
        case "sarif":
            SARIF.validate(json.loads(written))
            assert not any(re.search(r"\]\(|(?<!\{)(?:\{\{)*\{[0-9]", message) for message in messages(json.loads(written)))
        case "github":
            assert all(re.match(r"::(?:error|warning|notice) file=[^:]*::", line) for line in written.splitlines())
            assert len(written.splitlines()) == written.count("\n")
        case "markdown" | "questions":
            assert tags(commonmark(written)) <= innocent(format)
        case "html":
            assert tags(written) <= innocent(format) | DRAWN


@given(text=HOSTILE, other=HOSTILE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_comparison_lets_a_text_become_more_than_text(text: str, other: str) -> None:
    plain = compare(review_with("an innocent word"), review_with("another of them"))
    made = compare(review_with(text), review_with(other))
    for render in (comparison.render_terminal, comparison.render_markdown, comparison.render_html):
        assert not STEERING.search(render(made))
    known = {"em", "li", "ol", "ul", "p", "strong"}  # lists and paragraphs are there or not, as the changes are
    assert tags(commonmark(comparison.render_markdown(made))) <= tags(commonmark(comparison.render_markdown(plain))) | known
    known = {"p", "p class", "b", "section", "h2", "h3", "blockquote", "del", "ins", "span"}
    assert tags(comparison.render_html(made)) <= tags(comparison.render_html(plain)) | known


def messages(part: Any) -> Iterator[str]:
    """The plain texts of every message in a SARIF log; those of snippets are no messages."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "text" and isinstance(value, str):
                yield value
            elif key != "snippet":
                yield from messages(value)
    elif isinstance(part, list):
        for value in part:
            yield from messages(value)


def test_markdown_and_the_letter_show_the_words_as_they_are() -> None:
    """Escapes are for the machine: who reads the page sees what the proposal says."""
    text = r"R&D at AT&T, a*b < 25 & [1], \alpha_1, $60 ~300 #7 a_b_c 5 * 3 |x| {y} !z @me"
    for format in (Format.MARKDOWN, Format.QUESTIONS):
        page = re.sub(r"<[^>]+>", "", commonmark(renderer(format)(review_with(text))))
        for mark, entity in (("&", "&amp;"), ("<", "&lt;")):
            page = page.replace(entity, mark)
        assert text in page
