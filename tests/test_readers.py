"""Bytes become one normalised text, or one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from critic.errors import InputError
from critic.readers import MAX_TEXT_BYTES, read, read_bytes
from tests.conftest import CORPUS

MARKDOWN = """# Title

First *paragraph*.

## Part `one`

- item
- other

| a | b |
| --- | --- |
| 1 | 2 |
"""


def test_lines_and_headings_of_markdown() -> None:
    proposal = read_bytes(b"\xef\xbb\xbf" + MARKDOWN.replace("\n", "\r\n").encode(), "x.md")
    assert proposal.text == MARKDOWN
    assert proposal.title == "Title"
    row = proposal.text.index("| 1 |")
    assert proposal.line(row) == 12
    assert proposal.passage(row).heading == ("Title", "Part one")
    assert proposal.passage(row).page is None


def test_form_feeds_begin_pages() -> None:
    proposal = read_bytes(b"first page\n\fsecond page\n\n\fthird page", "x.txt")
    assert [proposal.passage(proposal.text.index(word)).page for word in ("first", "second", "third")] == [1, 2, 3]


def test_composed_characters_controls_and_utf_16() -> None:
    assert read_bytes("cafe\u0301 \x1b[31mred\x07".encode(), "x").text == "café [31mred"
    assert read_bytes("Prüfung".encode("utf-16"), "x").text == "Prüfung"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "x.md is empty"),
        (b" \n\t\n", "x.md is empty"),
        (b"a text with a\0NUL", "NUL byte at offset 13"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no text"),
        (b"first\nPr\xfcfung", "not UTF-8 text (line 2, byte 0xfc); save it as UTF-8"),
        (bytes(range(1, 32)) * 30, "full of control characters"),
        (b"x" * (MAX_TEXT_BYTES + 1), "larger than 2 MB"),
    ],
)
def test_what_is_no_proposal(data: bytes, says: str) -> None:
    with pytest.raises(InputError) as error:
        read_bytes(data, "x.md")
    assert says in str(error.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="There is no file"):
        read(tmp_path / "missing.md")


def test_sentences_cover_the_words_of_the_corpus() -> None:
    for path in CORPUS.glob("*.md"):
        proposal = read(path)
        covered = " ".join(proposal.text[start:end] for start, end in proposal.sentences)
        outside = len(proposal.text.split()) - len(covered.split())
        assert outside < 0.02 * len(proposal.text.split()) + 20, path


@given(st.text(max_size=500))
def test_any_text_is_read_or_refused_and_places_are_inside(text: str) -> None:
    try:
        proposal = read_bytes(text.encode("utf-8", "replace"), "x")
    except InputError:
        return
    for offset in range(0, len(proposal.text), 7):
        passage = proposal.passage(offset)
        assert 0 <= passage.start <= passage.end <= len(proposal.text)
        assert proposal.line(offset) == proposal.text.count("\n", 0, offset) + 1
