"""Text that a person cannot read though it is printed, and a model can: look-alike letters and encoded prose."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import re2

from critic.proposal import Hidden
from critic.quoting import objects_of
from critic.readers.invisible import lines_of

LOOKS = 300  # an honest text has less to show

_MOST = 500  # characters of a message that are reported
_APART = 200  # characters; look-alikes that stand closer are one run
_RUN = 2  # words; one alone is a slip of the keyboard, and is put right without a word

_ALIKE = str.maketrans(
    "аеорсухкіјѕԁԛԝһӏАВЕКМНОРСТУХІЈЅԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳ", "aeopcyxkijsdqwhlABEKMHOPCTYXIJSGQWABEZHIKMNOPTYXocj"
)
_ALIKE_IN_WORDS = str.maketrans("ανικρυτχεηγω", "avikputxenyw")  # alone or at an end they are symbols
_FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
_UNLIKE = re.compile(f"(?![{''.join(map(chr, _ALIKE | _ALIKE_IN_WORDS))}])[\u0370-\u03ff\u0400-\u052f]")
_LATIN, _NEAR = re.compile("[A-Za-z]"), 60
_IN_WORD = re.compile(r"(?!.*(?:sin|cos|tan|exp|log|ln)).*[a-z][ανικρυτχεηγω][a-z]")

_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{20,}={0,2}(?:\r?\n[ \t>]*[A-Za-z0-9+/]{2,}={0,2}(?=[ \t\r]*$))*", re.MULTILINE)
_BASE64_URL = re.compile(r"(?<![\w-])\w[\w-]{38,}\w={0,2}", re.ASCII)
_HEX = re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,:]{0,2}){20,}+")
_PERCENT = re.compile(r"(?<![\w%])(?:%[0-9A-Fa-f]{2}|[\w.,;:!?'*~-]){30,}+", re.ASCII)
# One of these is in every text that any of them matches; RE2 sees that at once.
_SUSPECT = re2.compile(
    r"(?i)[a-z0-9+/]{20}|[a-z0-9_-]{40}|(?:(?:0x|\\x)?[0-9a-f]{2}[\s\pZ\x1c-\x1f\x85,:]{0,2}){20}|%[0-9a-f]{2}|rot[\s\pZ\x1c-\x1f\x85_-]?13"
)
_ROT13 = re.compile(r"\brot[\s_-]?13\b", re.IGNORECASE)
_COMMON = re.compile(r"\b(?:the|and|of|to|is|in|it|are|that|this|all|not|you|must|rate|give|ignore)\b", re.IGNORECASE)


class Disguise(NamedTuple):
    """A piece of a text that is not what it seems."""

    start: int
    end: int
    instead: str  # what the text has in its place when it is undone
    says: str


def undisguise(text: str, before: str = "", looks: Iterator[int] | None = None) -> tuple[str, list[Hidden]]:
    """Put look-alike letters right and take encoded prose out, but for what is shown as an object of study.

    Args:
        text: a text, or one block of it.
        before: the block before it, which may say what is shown.
        looks: one for each time that it may be looked whether something is an object of study, shared by all blocks of a
            document; where there are none left, nothing is.

    Returns:
        The text, its line breaks where they were, and the very same text where nothing is disguised; and what was.
    """
    hidden: list[Hidden] = []
    looks = iter(range(LOOKS)) if looks is None else looks
    for find in (lookalikes, encoded):
        for _ in range(8):  # what is taken out may bring together what it stood between
            shown = objects_of(text, before)
            found = [one for one in find(text) if next(looks, None) is None or not shown(one.start, one.end)]
            if not found:
                break
            hidden += told(text, found)
            last, parts = 0, list[str]()
            for one in found:
                parts += [text[last : one.start], one.instead]
                last = one.end
            text = "".join([*parts, text[last:]])
    return text, hidden


def told(text: str, found: list[Disguise]) -> list[Hidden]:
    """What to report of disguises in a text: neighbouring words with look-alikes together, encoded text one by one."""
    hidden, line, run = list[Hidden](), lines_of(text), list[Disguise]()
    for one, following in zip_longest(found, found[1:]):
        if not one.instead.strip():
            hidden.append(Hidden(kind="encoded text", text=one.says[:_MOST], line=line(one.start)))
            continue
        run.append(one)
        if following is None or following.start - one.start > _APART:
            if len(run) >= _RUN:
                words = ", ".join(each.says for each in run)
                hidden.append(Hidden(kind="look-alike letters", text=words[:_MOST], line=line(run[0].start)))
            run = []
    return hidden


def lookalikes(text: str) -> Iterator[Disguise]:
    """Words that mix Latin letters with Cyrillic or Greek ones that look the same, each with its plain reading."""
    for match in re.finditer(r"[^\W\d_]{2,}", text) if _FOREIGN.search(text) else ():
        word = match[0]
        if not _FOREIGN.search(word) or not re.search("[A-Za-z]", word) or re.fullmatch("[A-Z]{2,}[а-я]+", word):
            continue  # the last is an abbreviation with a Slavic ending
        near = text[max(0, match.start() - _NEAR) : match.end() + _NEAR]
        if len(_UNLIKE.findall(near)) > len(_LATIN.findall(near)):
            continue  # a slip in a text of that script
        certain = word.translate(_ALIKE)
        plain = certain.translate(_ALIKE_IN_WORDS)
        around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
        if certain == word and (not _IN_WORD.match(word) or re.search(r"[=^_{}\\+*/<>|$]", around)):
            continue  # a formula
        symbol = len(word) == 2 and not plain.isupper() and re.search("[\u0370-\u03ff]", word)  # such as p with an index
        if not _FOREIGN.search(plain) and not symbol:
            yield Disguise(*match.span(), plain, f"{word} (reads {plain})")


def encoded(text: str) -> Iterator[Disguise]:
    """Long runs of base64, hexadecimal, percent codes or announced ROT13 that decode to text; not addresses, keys or images."""
    if not _SUSPECT.search(text):
        return
    found: list[tuple[int, int, str]] = []
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", match[0])
        if re.search("[a-fA-F]", digits):  # or else it may be a row of a table
            found.append((*match.span(), bytes.fromhex(digits[: len(digits) // 2 * 2]).decode(errors="replace")))
    for pattern in (_BASE64, _BASE64_URL):
        for match in pattern.finditer(text):
            token = match[0].startswith("eyJ") and text[match.end() : match.end() + 1] == "."
            if len(match[0]) >= 40 and not token and text[match.start() - 1 : match.start()] != ".":
                found.append((*match.span(), _from_base64(match[0])))
    for match in _PERCENT.finditer(text) if text.count("%") > 3 else ():
        if match[0].count("%") > 3:
            found.append((*match.span(), unquote_to_bytes(match[0]).decode(errors="replace")))
    done = 0
    for match in _ROT13.finditer(text):
        for piece in re.compile(r"[^\n.:;\"“”`«»()]{12,}").finditer(text, max(done, match.start() - 600), match.end() + 600):
            decoded = codecs.decode(piece[0], "rot13")
            common = len(_COMMON.findall(decoded))
            if common > max(1, len(_COMMON.findall(piece[0])), 0.15 * len(decoded.split())):
                found.append((*piece.span(), decoded))
        done = max(done, match.end() + 600)
    end = 0
    for start, stop, decoded in sorted(found):
        if start >= end and _is_text(decoded) and not _in_address(text[max(0, start - 300) : start]):
            yield Disguise(start, stop, "\n" * text.count("\n", start, stop), " ".join(decoded.split()))
            end = stop


def _from_base64(block: str, depth: int = 3) -> str:
    digits = re.sub(r"[\s>]", "", block)[:8000].split("=")[0].translate(str.maketrans("-_", "+/"))
    digits = digits[: -1 if len(digits) % 4 == 1 else None]
    decoded = base64.b64decode(digits + "=" * (-len(digits) % 4)).decode(errors="replace")
    return _from_base64(decoded, depth - 1) if depth and re.fullmatch(r"[A-Za-z0-9+/\s]{20,}=*\s*", decoded) else decoded


def _is_text(decoded: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in decoded)
    broken = sum((not c.isprintable() and c not in "\r\n\t") or c == "\ufffd" for c in decoded)
    data = decoded.lstrip()[:1] in "{[<"  # of a program, if the words in it are not those of a sentence
    words = re.findall(r"(?<!\S)[^\W\d_]{2,}[.,;:!?]?(?!\S)" if data else r"[^\W\d_]{2,}", decoded)
    return letters > 0.6 * len(decoded) and broken <= max(1, 0.03 * len(decoded)) and len(words) > 2


def _in_address(before: str) -> bool:
    token = re.split(r"[\s\"'<>()\[\]]", before)[-1].lower()
    return before.endswith("](") or any(part in token for part in ("/", "www.", "doi:", "data:image"))
