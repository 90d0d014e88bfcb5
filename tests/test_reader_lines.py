"""What is cited from HTML and LaTeX is cited by the line of the file, as an editor counts."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from critic.proposal import Proposal
from critic.readers import read_bytes

PAGE = """<!DOCTYPE html>
<html><head>
<style>
.x { display: none }
</style>
</head><body>
<h1
 class="a">The
title</h1>
<!-- one comment that is written over two lines
and that is prose --><p>First.<p>

Second, <b>bold
words</b>
go on.<br><br>

Third.
<p class="x">Not to be seen.</p>
<table>
<tr><td></td>
<td>a cell</td></tr>
</table>
<pre>
one

two
</pre>
<p title="A title attribute of a good many words of prose">Last.</p>
</body></html>
"""
SOURCE = r"""\documentclass{article}
\title{The
  title}
\newcommand{\tested}[1]{We tested
  #1.}
\begin{document}
\maketitle

% A comment that is of more than eight words and that is prose
% on two lines.
\section{Method} First.\footnote{A
  note.} And more.

\iffalse
Left out.
\fi

\tested{
  the model}

\input{part}

\begin{itemize}
  \item one
  % only a comment
  \item

    two
\end{itemize}
\textcolor{white}{Unseen.}
\begin{tabular}{ll}
  & a \\
  b & c
\end{tabular}
\end{document}
Never set.
"""


def lines(proposal: Proposal) -> list[tuple[int | None, str]]:
    return [(one.file_line, proposal.text[one.start : one.end]) for one in proposal.passages]


def hidden(proposal: Proposal) -> list[tuple[int | None, str]]:
    return [(one.line, one.text) for one in proposal.hidden]


def test_lines_of_html() -> None:
    proposal = read_bytes(PAGE.encode(), "x.html")
    assert lines(proposal) == [
        (8, "# The title"),
        (11, "First."),
        (13, "Second, bold words go on."),
        (17, "Third."),
        (20, "| a cell"),
        (24, "one"),
        (26, "two"),
        (28, "Last."),
    ]
    assert hidden(proposal) == [
        (18, "Not to be seen."),
        (10, "one comment that is written over two lines and that is prose"),
        (28, "A title attribute of a good many words of prose"),
    ]
    windows = read_bytes(PAGE.replace("\n", "\r\n").encode(), "x.html")
    assert (lines(windows), hidden(windows)) == (lines(proposal), hidden(proposal))


def test_lines_of_latex(tmp_path: Path) -> None:
    (tmp_path / "part.tex").write_text("\n\nFrom the part.\n\nAnd its end.\n")
    proposal = read_bytes(SOURCE.encode(), "x.tex", folder=tmp_path)
    assert lines(proposal) == [
        (2, "# The title"),
        (11, "## Method"),
        (11, "First. And more."),
        (11, "A note."),
        (18, "We tested the model."),
        (21, "From the part."),
        (21, "And its end."),
        (24, "- one"),
        (28, "- two"),
        (32, "| a"),
        (33, "b | c"),
    ]
    assert sorted(hidden(proposal), key=lambda one: one[0] or 0) == [
        (9, "A comment that is of more than eight words and that is prose on two lines."),
        (15, "Left out."),
        (30, "Unseen."),
        (36, "Never set."),
    ]


PIECES = st.sampled_from(["\n", "\n\n", " ", "word", "% \n", "{", "}", "\\par ", "\\emph{x}", "\\q{y\n\n}", "\\\\", "$z$"])


@given(st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=12).map("".join))
def test_a_marked_paragraph_of_latex_is_found_on_its_line(before: str, after: str) -> None:
    head = "\\documentclass{a}\\newcommand{\\q}[1]{#1 \\textbf{#1}}\n\\begin{document}\n"
    if before.count("{") != before.count("}") or after.count("{") != after.count("}"):
        return
    source = f"{head}{before}\n\nMarked paragraph.\n\n{after}\nend\\end{{document}}\n"
    found = dict(map(reversed, lines(read_bytes(source.encode(), "x.tex"))))  # type: ignore[arg-type]
    assert found.get("Marked paragraph.") == source[: source.index("Marked")].count("\n") + 1
