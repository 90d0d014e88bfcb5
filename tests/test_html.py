"""The HTML review in a real browser: back and forth, filters, marks, own verdict first; and nothing that a proposal can do to it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from syrupy.assertion import SnapshotAssertion

from critic.adjudication import Adjudication, load_adjudication
from critic.findings import Mark, Review, Severity, Status, Verdict
from critic.judgement import CreditJudgement, Judgement, Reading
from critic.pipeline import pipeline
from critic.proposal import Passage, Proposal
from critic.recording import replaying
from critic.render import html, words
from critic.rubrics import RubricPack, load_rubrics
from tests.conftest import CORPUS, RECORDINGS, SMALL, judged

BROKEN = "D02-cbrn-quiz-lipservice"  # every link of its argument is broken
STRAINED = "N01-eoi-chem-agents"


def apart(made: Coroutine[Any, Any, Review]) -> Review:
    """Runs in a thread of its own: Playwright has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, made).result()


def recorded(name: str) -> Review:
    from critic.api import reviewer
    from critic.readers import read
    from critic.settings import load_settings

    async def run() -> Review:
        with replaying(RECORDINGS / "all" / f"{name}.yaml") as said:
            settings = load_settings(said.settings | {"base_url": "https://endpoint.invalid"}, None)
            async with reviewer(settings, load_rubrics(), recorded=True, recording_note=said.note) as runnable:
                return await runnable.ainvoke(read(str(CORPUS / f"{name}.md"), None))

    return apart(run())


@pytest.fixture(scope="module")
def reviews() -> dict[str, Review]:
    return {name: recorded(name) for name in (BROKEN, STRAINED)}


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a page from disk; afterwards nothing may have run, gone wrong or been asked of any network."""
    contexts: list[Any] = []
    events: list[str] = []

    def open(page_text: str, hash: str = "", **options: Any) -> Any:
        options = {"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce"} | options
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(5000)
        page.on("dialog", lambda dialog: (events.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: events.append(f"console {message.text}"))
        page.on("pageerror", lambda error: events.append(f"error {error}"))
        page.on("request", lambda request: events.append(f"request {request.url[:80]}"))
        path = tmp_path / "review.html"
        path.write_text(page_text, encoding="utf-8")
        page.goto(path.as_uri() + hash)
        assert events.pop(0) == f"request {path.as_uri() + hash}"[:88]
        return page

    yield open
    for context in contexts:
        context.close()
    assert [event for event in events if not event.startswith("request blob:")] == []


def in_view(page: Any, selector: str) -> bool:
    return bool(
        page.evaluate(
            """selector => { const box = document.querySelector(selector).getBoundingClientRect();
               return box.height > 0 && box.top >= 0 && box.top < innerHeight }""",
            selector,
        )
    )


def test_a_finding_leads_to_its_quotation_and_back(reviews: dict[str, Review], opened: Open) -> None:
    review = reviews[STRAINED]
    page = opened(html.render(review), viewport={"width": 1024, "height": 768})
    finding = next(finding for finding in review.findings if finding.id == "H3")
    quotation = max(finding.quotations, key=lambda quotation: quotation.start)
    page.locator("#entry-H3 .jump").last.click()
    marked = page.locator("mark.current")
    assert "".join(marked.all_text_contents()) == quotation.text
    assert in_view(page, "mark.current")
    assert page.evaluate("document.activeElement.matches('mark.current')")
    page.keyboard.press("Tab")  # the tag behind it, which names the entry
    page.keyboard.press("Enter")
    assert page.locator(".entry.current").get_attribute("id") == "entry-H3"
    assert in_view(page, "#entry-H3")
    under_bar = (
        "document.querySelector('.bar').getBoundingClientRect().bottom > document.activeElement.getBoundingClientRect().top"
    )
    assert not page.evaluate(under_bar)
    assert page.evaluate("document.activeElement.closest('.entry').id") == "entry-H3"


def test_a_click_on_a_passage_goes_through_the_entries_that_rest_on_it(opened: Open) -> None:
    page = opened(html.render(hostile_review("Nothing special.")))
    passage = page.locator("mark", has_text="A score below 20%")
    reached = []
    for _ in range(3):
        passage.first.click()
        reached.append(page.locator(".entry.current").get_attribute("data-id"))
    assert sorted(set(reached)) == ["U4", "U5"]
    assert reached[0] == reached[2] != reached[1]


def test_keys_step_through_the_entries_and_can_be_turned_off(reviews: dict[str, Review], opened: Open) -> None:
    page = opened(html.render(reviews[STRAINED]))
    for key, expected in (("n", "U1"), ("n", "U2"), ("p", "U1"), ("ArrowDown", "U2"), ("ArrowUp", "U1")):
        page.keyboard.press(key)
        assert page.locator(".entry.current").get_attribute("data-id") == expected
    page.keyboard.press("Enter")
    assert page.locator("#entry-U1 .body").is_hidden()
    page.locator("#reader").focus()
    page.keyboard.type("nnn")
    assert page.locator(".entry.current").get_attribute("data-id") == "U1"
    page.locator("#keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("n")
    assert page.locator(".entry.current").get_attribute("data-id") == "U1"


def test_filters_combine_and_fade_the_passages_of_what_they_hide(reviews: dict[str, Review], opened: Open) -> None:
    review = reviews[BROKEN]
    page = opened(html.render(review))
    shown = page.locator(".entry:not(.off)")
    assert shown.count() == 15
    page.locator("#by-verdict").select_option("raised")
    page.locator("#by-severity").select_option("critical")
    page.locator("#by-link").select_option("mitigation")
    wanted = [f for f in review.findings if (f.verdict, f.severity, f.link) == (Verdict.RAISED, "critical", "mitigation")]
    assert shown.evaluate_all("all => all.map(one => one.dataset.id)") == [finding.id for finding in wanted]
    assert page.locator("#shown").inner_text() == f"{len(wanted)} of 15"
    assert 0 < page.locator(".document mark:not(.faded)").count() < page.locator(".document mark").count()
    page.locator(".chips a").first.click()  # what is hidden is shown again when it is asked for
    assert shown.count() == 15


def test_marks_are_saved_and_loaded_again(reviews: dict[str, Review], opened: Open, tmp_path: Path) -> None:
    review = reviews[STRAINED]
    page = opened(html.render(review))
    page.locator("#entry-U1 .choice input[value=agreed]").check()
    wrong = page.locator("#entry-M2")
    wrong.locator(".choice input[value=wrong]").check()
    wrong.locator(".own-verdict").select_option("partly_answered")
    wrong.locator(".own-severity").select_option("major")
    wrong.locator(".reason").fill("HSE <b>takes part</b>.")
    page.locator("#reader").fill("A. Reader")
    assert "2 of 15 marked, not saved" in page.locator("#marked").inner_text()
    with page.expect_download() as download:
        page.locator("#save").click()
    assert download.value.suggested_filename == f"{STRAINED}.A-Reader.adjudication.json"
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    saved = load_adjudication(file)
    jsonschema.validate(json.loads(file.read_text()), Adjudication.model_json_schema())
    assert (saved.reader, saved.subject_digest, saved.model) == ("A. Reader", review.subject.digest, review.provenance.model)
    assert list(saved.entries) == ["U1", "M2"]
    assert saved.entries["U1"].label == (Verdict.PARTLY_ANSWERED, "minor")
    entry = saved.entries["M2"]
    assert (entry.mark, entry.label, entry.blind) == (Mark.WRONG, (Verdict.PARTLY_ANSWERED, "major"), False)
    assert (entry.tool_verdict, entry.tool_severity, entry.reason) == (Verdict.RAISED, "minor", "HSE <b>takes part</b>.")

    again = opened(html.render(review))
    again.locator("#load").set_input_files(file)
    again.locator("#message", has_text="2 marks loaded").wait_for()
    assert "Marked: wrong, should be partly answered, major. HSE <b>takes part</b>." in again.locator("#entry-M2").inner_text()
    assert again.locator("#reader").input_value() == "A. Reader"
    other = opened(html.render(reviews[BROKEN]))
    other.locator("#load").set_input_files(file)
    other.locator("#message.wrong", has_text="another text").wait_for()


def otherwise(review: Review) -> Review:
    """A review that says the opposite of everything, with the same quotations."""
    roles = {"claim": "answer", "answer": "claim"}
    critiques = []
    for entry in review.critiques:
        found = entry.verdict is not None and entry.verdict.is_finding
        changes: dict[str, Any] = dict.fromkeys(("reasoning", "absent", "change", "question"), "Quite another thing.")
        changes |= {"verdict": Verdict.ANSWERED if found else Verdict.RAISED, "severity": None if found else Severity.CRITICAL}
        changes |= {
            "status": Status.FAILED if entry.id == "H5" else Status.JUDGED,
            "failure": "Lost.",
            "recommendations": ["R1"],
        }
        changes["quotations"] = [q.model_copy(update={"role": roles[q.role]}) for q in entry.quotations][::-1]
        critiques.append(entry.model_copy(update=changes | {"confidence": 0.1, "dropped": 3}))
    outline = [step.model_copy(update={"text": None}) for step in review.outline]
    return review.model_copy(update={"critiques": critiques, "outline": outline})


@pytest.mark.parametrize("blind", ["", "#blind"])
def test_nobody_reads_a_covered_verdict(blind: str, reviews: dict[str, Review], opened: Open) -> None:
    """Whatever the tool said, the covered page is the same: to the eye, to a screen reader, and on paper."""

    def seen(review: Review) -> list[Any]:
        page = opened(html.render(review, blind=not blind), hash=blind)
        page.evaluate("document.querySelector('details.made').remove()")  # it counts the quotations dropped
        screen = [page.locator("body").inner_text(), page.locator("body").aria_snapshot(), page.screenshot(full_page=True)]
        page.locator("#entry-M1 .jump").first.click()
        page.emulate_media(media="print")
        return [*screen, page.locator("body").inner_text(), page.screenshot(full_page=True)]

    review = reviews[STRAINED]
    covered = seen(review)
    assert covered == seen(otherwise(review))
    for entry in review.critiques:
        assert entry.claim in covered[0]
        assert entry.ask in covered[0]
        assert all(words.clean(quotation.text).replace("**", "") in covered[0] for quotation in entry.quotations)


def test_a_verdict_given_first_is_saved_as_blind_and_stays(reviews: dict[str, Review], opened: Open, tmp_path: Path) -> None:
    page = opened(html.render(reviews[STRAINED]), hash="#blind")
    entry = page.locator("#entry-M2")  # the tool: raised, minor
    entry.locator(".reveal").click()
    assert "Give your own verdict on M2 first." in page.locator("#message").inner_text()
    assert entry.locator(".verdict").is_hidden()
    entry.locator(".own-verdict").select_option("answered")
    entry.locator(".reveal").click()
    assert entry.locator(".verdict").inner_text() == "raised"
    assert entry.locator(".own-verdict").is_disabled()
    assert entry.locator(".choice input[value=disputed]").is_checked()
    same = page.locator("#entry-U3")
    same.locator(".own-verdict").select_option("answered")
    same.locator(".reveal").click()
    assert same.locator(".choice input[value=agreed]").is_checked()
    page.locator("#judge").click()  # shows everything; what is marked now is not blind
    page.locator("#entry-U1 .choice input[value=agreed]").check()
    with page.expect_download() as download:
        page.locator("#save").click()
    file = tmp_path / "saved.json"
    download.value.save_as(file)
    entries = load_adjudication(file).entries
    assert {id: (entry.label, entry.blind) for id, entry in entries.items()} == {
        "U1": ((Verdict.PARTLY_ANSWERED, "minor"), False),
        "U3": ((Verdict.ANSWERED, None), True),
        "M2": ((Verdict.ANSWERED, None), True),
    }


def test_covering_what_has_been_seen_does_not_make_a_verdict_blind(
    reviews: dict[str, Review], opened: Open, tmp_path: Path
) -> None:
    page = opened(html.render(reviews[STRAINED]))
    page.locator("#judge").click()
    assert "not saved as blind" in page.locator("#message").inner_text()
    page.locator("#entry-M2 .own-verdict").select_option("answered")
    page.locator("#entry-M2 .reveal").click()
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / "saved.json")
    assert not load_adjudication(tmp_path / "saved.json").entries["M2"].blind


def test_a_document_out_of_scope_has_a_page_too(opened: Open) -> None:
    page = opened(html.render(recorded("D12-lab-governance-audit")))
    assert page.locator(".notice").first.inner_text().startswith("OUT OF SCOPE")
    assert page.locator(".entry, .bar, .chain").count() == 0


def test_without_scripts_everything_is_there_and_nothing_to_press(reviews: dict[str, Review], opened: Open) -> None:
    review = reviews[STRAINED]
    page = opened(html.render(review), java_script_enabled=False)
    text = page.locator("body").inner_text()
    assert all(entry.reasoning in text for entry in review.critiques)
    assert page.locator("#save, .judge, .reveal").locator("visible=true").count() == 0
    page.locator("#entry-H3 .jump").last.click()
    assert "#q" in page.url  # links lead on all the same


# ---- What a proposal can do to it ----

HOSTILE = """<script>alert(1)</script></script><script>alert(2)</script> <img src=x onerror=alert(3)> <svg/onload=alert(4)>
<a href="javascript:alert(5)">x</a> [x](javascript:alert(6)) ![x](http://tracker.invalid/a.png) <iframe src=//t.invalid></iframe>
<style>*{display:none}</style> <link rel=stylesheet href=//t.invalid/a.css> "><p style="position:fixed;inset:0">over</p>
<base href=//t.invalid/> <meta http-equiv=refresh content="0;url=//t.invalid"> --> ]]> {{ 7*7 }} ${7*7} {% raw %} \u202eexe.txt\u2066
</title></style></textarea></noscript><!-- <form action=//t.invalid><button id=data name=getElementById>x</button></form> ' onfocus='alert(7)"""


def hostile_review(text: str, name: str = "proposal.md", markdown: str = "") -> Review:
    async def assessor(proposal: Any, pack: RubricPack) -> Reading:
        changes: dict[str, Any] = dict.fromkeys(("reasoning", "absent", "change", "question"), text)
        entry = judged(claim_quotations=["A score below 20% means that it is safe to release."]) | changes
        longer = judged("partly_answered", claim_quotations=["A score below 20% means that it is safe"])
        return Reading(
            in_scope=True,
            scope_reason=text,
            outline={"evaluated": text},
            critiques={"U4": Judgement.model_validate(entry), "U5": Judgement.model_validate(longer)},
            considerations={"C3": CreditJudgement(quotations=[], value="absent", reasoning=text)},
            failures={"H3": text},
            model=text,
            adjustments=(text,),
        )

    # By no reader, which would have taken something out.
    whole = f"{SMALL}\n\n{markdown}"
    proposal = Proposal(name=name, text=whole, passages=(Passage(start=0, end=len(whole), heading=(text,)),))
    return apart(pipeline(assessor, load_rubrics().only(["U4", "U5", "H3", "C3"])).ainvoke(proposal))


def test_a_hostile_proposal_runs_nothing(opened: Open) -> None:
    review = hostile_review(
        HOSTILE, name=HOSTILE, markdown=f"# {HOSTILE}\n\n| {HOSTILE.replace(chr(10), ' ')} |\n\n- {HOSTILE}"
    )
    page = opened(html.render(review))
    page.locator("#entry-U4 .jump").first.click()
    page.locator(".tag").first.click()
    page.locator("#judge").click()
    page.wait_for_timeout(200)
    assert page.title().startswith("Review: <script>alert(1)")
    assert "<img src=x onerror=alert(3)>" in page.locator(".document").inner_text()
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.content())


def test_the_policy_stops_a_script_that_slips_through(browser: Any, reviews: dict[str, Review], tmp_path: Path) -> None:
    text = html.render(reviews[STRAINED]).replace("</main>", "<script>document.title = 'owned'</script></main>")
    text = text.replace("<h1>", "<h1 onclick=\"document.title = 'owned'\" style='color: red'>")
    (tmp_path / "a.html").write_text(text)
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "a.html").as_uri())
    page.locator("h1").click()
    assert page.title() != "owned"
    assert len([line for line in said if "Content Security Policy" in line]) >= 2
    assert page.locator("h1").evaluate("one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    page.close()


def having(tree: Any, *names: str) -> list[Any]:
    """The elements with one of these names or classes."""
    found = [element for element in tree.iter() if isinstance(element.tag, str)]
    return [one for one in found if one.tag in names or not set(names).isdisjoint((one.get("class") or "").split())]


@cache
def plain_page() -> str:
    return html.render(hostile_review("plain"))


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cn", "Co"]) | st.sampled_from("<>&\"'`*_|#->\n\n\n  {}%$=/"), max_size=80
)


@settings(deadline=None, max_examples=60)
@given(text=WORDS, markdown=st.lists(WORDS, max_size=6).map("\n".join))
def test_no_text_becomes_markup_and_none_is_lost(text: str, markdown: str) -> None:
    expected = lxml_html.document_fromstring(plain_page())
    review = hostile_review(text, name=text or "a", markdown=markdown)
    page = lxml_html.document_fromstring(html.render(review))
    # The pane of the text, whose blocks the proposal decides, has nothing in it but plain blocks.
    (pane,) = having(page, "document")
    drawn = {(element.tag, *sorted(set(element.attrib) - {"data-q"})) for element in pane.iter()}
    tag = ("a", "aria-label", "class", "data-id", "data-passage", "href")
    blocks = {(name, *rest) for name in ("p", "ul", "li", "h3", "h4", "h5", "h6", "div", "mark") for rest in ((), ("class",))}
    bare = {(name,) for name in ("table", "tr", "td", "strong", "em", "code", "pre", "blockquote", "tbody")}
    assert drawn <= blocks | bare | {tag, ("span", "class"), ("span", "id"), ("tr", "class"), ("div", "class", "dir")}
    assert all(re.fullmatch(r"#entry-[A-Z]\d", link.get("href")) for link in pane.iter("a"))
    # Modulo white space it says what the proposal says.
    assert "".join(pane.text_content().split()) == "".join(words.clean_lines(review.subject.text).split())
    # Outside it the page is the same element by element, whatever anybody wrote.
    for tree in (expected, page):
        for changing in having(
            tree, "document", "tampering", "legend", "notice", "meta", "dl", "outline", "quotations", "none"
        ):
            changing.getparent().remove(changing)
    assert [(one.tag, sorted(one.attrib)) for one in page.iter()] == [(one.tag, sorted(one.attrib)) for one in expected.iter()]


# ---- For everybody ----


@pytest.mark.parametrize("look", ["light", "dark", "blind", "narrow"])
def test_there_is_no_accessibility_violation(look: str, reviews: dict[str, Review], opened: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    options: dict[str, Any] = {"dark": {"color_scheme": "dark"}, "narrow": {"viewport": {"width": 360, "height": 700}}}
    for review in (reviews[BROKEN], hostile_review(HOSTILE, markdown=HOSTILE)):
        page = opened(html.render(review), hash="#blind" if look == "blind" else "", **options.get(look, {}))
        if look != "blind":
            page.locator(".choice input[value=wrong]").first.check()
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        result = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
        assert result.violations_count == 0, result.generate_report()


def test_print_has_everything_and_nothing_folded(reviews: dict[str, Review], opened: Open, tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    review = reviews[STRAINED]
    page = opened(html.render(review))
    page.locator("#by-severity").select_option("critical")  # hides all of them on the screen, none on paper
    page.pdf(path=tmp_path / "a.pdf")
    document = pdfium.PdfDocument(tmp_path / "a.pdf")
    printed = " ".join(" ".join(page.get_textpage().get_text_range() for page in document).replace("\ufffe", "-").split())
    squeezed = re.sub(r"\W", "", printed)

    def has(text: str) -> bool:
        return re.sub(r"\W", "", text) in squeezed

    for entry in [*review.critiques, *review.considerations]:
        assert has(entry.title)
        assert has(entry.reasoning[:60]) or has(entry.reasoning[-60:])
    assert all(has(finding.question[:40]) for finding in review.findings)
    assert has("How this was made")
    assert has(review.subject.digest[:12])
    assert has(review.outline[0].text or "")
    assert "Judge first" not in printed
    assert "file://" not in printed
    document.close()


@pytest.mark.parametrize("name", [BROKEN, STRAINED])
def test_what_the_page_says_without_its_looks(name: str, reviews: dict[str, Review], snapshot: SnapshotAssertion) -> None:
    page = lxml_html.document_fromstring(html.render(reviews[name]))
    for left_out in having(page, "document", "script", "style", "svg", "judge", "body", "select", "dl", "quotations"):
        if left_out.tag != "body":
            left_out.drop_tree()
    names = ("a", "p", "h1", "h2", "h3", "li", "summary", "label", "button")
    blocks = [block for block in having(page, *names) if len(having(block, *names)) == 1]
    assert [line for block in blocks if (line := " ".join(block.text_content().split()))] == snapshot
