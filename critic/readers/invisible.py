"""What is hidden in the characters of a text, whatever its format: invisible ones, look-alikes and encodings.

`strip_invisible` changes the text. The `unmask_` functions only report, as what they find stands on the page.
"""

from __future__ import annotations

import base64
import codecs
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import permutations
from urllib.parse import unquote_to_bytes

from critic.proposal import Hidden

_RUN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SELECTORS = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
_SELECTOR = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_BASES = ("So", "Sm", "Sk", "Po", "Pd", "Lo")  # categories of characters, beside digits, that a variation selector may follow
_SILENT = re.compile(r"[\u00ad\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_TAG = re.compile(r"[\U000e0000-\U000e007f]")
_UNTAGGED = {0xE0000 + i: chr(i) if 32 <= i < 127 else None for i in range(128)}
_FLAGS = tuple("".join(chr(0xE0000 + ord(c)) for c in f"gb{nation}") + "\U000e007f" for nation in ("eng", "sct", "wls"))
_EMOJI = re.compile(r"[\u2190-\u2bff\u3030\U0001f000-\U0001faff]")
_JOINED = re.compile(  # scripts whose letters change with what they are joined to
    r"[\u0600-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
_UNSPACED = re.compile(r"[\u0e00-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf]")  # scripts without spaces between words
_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]")
_BREAKS = frozenset("/\\_.-@:=?&")  # word processors and wikis let long names break after these
_CHANNEL, _WITHIN, _APART = 8, 40, 200  # so many so close are a message, and its parts stand no further apart
_MOST = 500  # characters of a message that are reported

_OVERRIDE = re.compile(r"([\u202d\u202e])((?:[\u2066-\u2068][^\u2066-\u2069\n]*\u2069|[^\u202c\u2069\n])*+)\u202c?")
_CLUSTER = re.compile(  # what keeps its own order when all is reversed
    r"[\u2066-\u2068][^\u2066-\u2069\n]*\u2069|.[\u0300-\u036f\u1ab0-\u1aff\u200d\u20d0-\u20ff\ufe00-\ufe2f]*"
)
_MIRROR = str.maketrans("()[]{}<>«»", ")(][}{><»«")

_ALIKE = str.maketrans(
    "аеорсухкіјѕԁԛԝһӏАВЕКМНОРСТУХІЈЅԌԚԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳ", "aeopcyxkijsdqwhlABEKMHOPCTYXIJSGQWABEZHIKMNOPTYXocj"
)
_ALIKE_IN_WORDS = str.maketrans("ανικρυτχεηγω", "avikputxenyw")  # alone or at an end they are symbols
_FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
_IN_WORD = re.compile(r"(?!.*(?:sin|cos|tan|exp|log|ln)).*[a-z][ανικρυτχεηγω][a-z]")

_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{20,}={0,2}(?:\r?\n[ \t>]*[A-Za-z0-9+/]{2,}={0,2}(?=[ \t\r]*$))*", re.MULTILINE)
_BASE64_URL = re.compile(r"(?<![\w-])\w[\w-]{38,}\w={0,2}", re.ASCII)
_HEX = re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,:]{0,2}){20,}+")
_PERCENT = re.compile(r"(?<![\w%])(?:%[0-9A-Fa-f]{2}|[\w.,;:!?'*~-]){30,}+", re.ASCII)
_ROT13 = re.compile(r"\brot[\s_-]?13\b", re.IGNORECASE)
_COMMON = re.compile(r"\b(?:the|and|of|to|is|in|it|are|that|this|all|not|you|must|rate|give|ignore)\b", re.IGNORECASE)

_Marks = list[tuple[int, str]]  # offset, and what stands there


def strip_invisible(text: str) -> tuple[str, list[Hidden]]:
    """Take out what cannot be seen, and put overridden text into the order in which it is seen.

    Returns:
        The text, its line breaks where they were, and the very same text where nothing is hidden; and what was hidden and says
        something. Invisible characters that emoji and scripts need stay. Strays that carry nothing go without being reported.
    """
    text, hidden = _as_ordered(text)
    runs = list(_RUN.finditer(text))
    if not runs:
        return text, [one for one in hidden if one.text]
    seen = [text[a:b] for a, b in zip([0, *(r.end() for r in runs)], [*(r.start() for r in runs), len(text)], strict=True)]
    next_letters, letter = [""] * len(runs), ""
    for index in range(len(runs) - 1, -1, -1):
        first = re.search(r"[^\W\d_]|\n", seen[index + 1])
        letter = next_letters[index] = first[0] if first else letter
    parts, letter = [seen[0]], ""
    tags, selectors, others = _Marks(), _Marks(), _Marks()
    for run, before, after, next_letter in zip(runs, seen, seen[1:], next_letters, strict=False):
        letter = next((c for c in reversed(before) if c == "\n" or c.isalpha()), letter)
        stay = _needed(run[0], before[-1:], after[:1], bool(_RTL.match(letter) or _RTL.match(next_letter)))
        parts += ["".join(run[0][i] for i in stay), after]
        if run[0] == "\u00ad" or (run[0] in "\u200b\u2060" and (before[-1:] in _BREAKS or after[:1] in _BREAKS)):
            continue
        carriers = {i for match in _SELECTORS.finditer(run[0]) for i in range(match.start(), match.end())}
        for i, mark in enumerate(run[0]):
            if i not in stay:
                (tags if _TAG.match(mark) else selectors if i in carriers else others).append((run.start() + i, mark))
    close: set[int] = set()
    for i in range(len(others) - _CHANNEL + 1):
        if others[i + _CHANNEL - 1][0] - others[i][0] < _WITHIN:
            close.update(range(i, i + _CHANNEL))
    others = [others[i] for i in sorted(close)]
    line = _lines(text)
    said = [("Unicode tags", at, symbols.translate(_UNTAGGED)) for at, symbols in _groups(tags)]
    said += [("variation selectors", at, _from_selectors(symbols)) for at, symbols in _groups(selectors)]
    said += [("zero-width characters", at, _from_symbols(symbols)) for at, symbols in _groups(others)]
    hidden += [Hidden(kind=kind, text=one[:_MOST], line=line(at)) for kind, at, one in said if one.strip()]
    return "".join(parts), sorted((one for one in hidden if one.text), key=lambda one: one.line or 0)


def _needed(run: str, before: str, after: str, by_rtl: bool) -> list[int]:
    """Which characters of a run of invisible ones belong between the visible `before` and `after`; the same if asked again."""
    if before == "\U0001f3f4" and run.startswith(_FLAGS):
        return list(range(6))
    based = before in "0123456789#*" if before < "\x7f" else unicodedata.category(before) in _BASES
    stay = [0] if before and based and _SELECTOR.match(run) and len(_SELECTOR.findall(run)) < 3 else []
    rest = [i for i in range(len(stay), len(run)) if not _SILENT.match(run[i])]
    if not 1 <= len(rest) <= 2 or run[rest[0]] != run[rest[-1]]:
        return stay
    mark = run[rest[0]]
    if mark in "\u200c\u200d\u180e\u17b4\u17b5":
        joins = _JOINED.match(before) or (mark == "\u200d" and _JOINED.match(after))
        belongs = bool(joins or (mark == "\u200d" and _EMOJI.match(before) and _EMOJI.match(after)))
    elif mark in "\u200b\u2060":
        belongs = bool(_UNSPACED.match(before) and _UNSPACED.match(after))
    elif mark in "\u200e\u200f\u061c":
        belongs = by_rtl
    elif mark == "\u034f":
        belongs = bool(after and unicodedata.combining(after))
    else:  # fillers in old Korean spelling
        belongs = mark in "\u115f\u1160" and "\u1100" <= max(before, after) <= "\u11ff"
    return [*stay, rest[0]] if belongs else stay


def _lines(text: str) -> Callable[[int], int]:
    breaks = [match.start() for match in re.finditer("\n", text)]
    return lambda at: bisect_left(breaks, at) + 1


def _groups(marks: _Marks) -> Iterator[tuple[int, str]]:
    start = 0
    for i in range(1, len(marks) + 1):
        if i == len(marks) or marks[i][0] - marks[i - 1][0] > _APART:
            yield marks[start][0], "".join(mark for _, mark in marks[start:i])
            start = i


def _from_selectors(symbols: str) -> str:
    values = bytes(ord(c) - 0xFE00 if c < "\U000e0100" else ord(c) - 0xE0100 + 16 for c in symbols)
    halves = bytes.fromhex(values.hex()[1::2][: len(values) // 2 * 2])
    plain = [candidate for data in (values, halves) if _plainness(candidate := data.decode(errors="replace")) > 0.7]
    return plain[0] if plain else _from_symbols(symbols, f"bytes {values.hex(' ')}")


def _from_symbols(symbols: str, otherwise: str = "") -> str:
    """What few different characters say as digits to base 2 or 4, if in some way they read as plain letters."""
    alphabet = [*sorted(set(symbols), key=symbols.count, reverse=True), "", "", ""][:4]

    def read(part: str, order: tuple[str, ...], width: int) -> str:
        digits = part.translate({ord(c): str(order.index(c)) if c in order else " " for c in set(part)})
        packed = digits.replace(" ", "")
        groups = [packed[i : i + width] for i in range(0, len(packed) - width + 1, width)] if width else digits.split()
        return "".join(chr(int(group[:8] if len(order) == 4 else group[:16], len(order))) for group in groups)

    ways = [(order, width) for base in (2, 4) for order in permutations(alphabet, base) for width in (0, 4, 7, 8, 16)]
    best = max(ways, key=lambda way: _plainness(read(symbols[:200], *way)))
    message = "".join(c if c.isprintable() else "?" for c in read(symbols[: 16 * _MOST], *best))
    return message if _plainness(message) > 0.7 else otherwise or f"{len(symbols)} invisible characters in no common code"


def _plainness(text: str) -> float:
    """The share of ASCII letters and spaces in a text that is long enough to be no accident."""
    return len(re.findall("[A-Za-z ]", text)) / len(text) if len(text) > 3 and len(set(text)) > 1 else 0


def _as_ordered(text: str) -> tuple[str, list[Hidden]]:
    """Reverse what an override shows reversed; other bidirectional controls stay for now."""
    hidden, line = list[Hidden](), _lines(text)

    def ordered(match: re.Match[str]) -> str:
        rtl, other = _RTL.search(match[2]), re.search(r"[^\W_]", _RTL.sub("", match[2]))
        if not (rtl if match[1] == "\u202d" else other):
            return match[0]  # it forces the direction that the text has anyway
        hidden.append(Hidden(kind="bidirectional override", text=_RUN.sub("", match[2])[:_MOST], line=line(match.start())))
        if match[1] == "\u202e" and rtl:
            return match[2]
        return "".join(one.translate(_MIRROR) if len(one) == 1 else one for one in reversed(_CLUSTER.findall(match[2])))

    return _OVERRIDE.sub(ordered, text), hidden


def unmask_homoglyphs(text: str) -> list[Hidden]:
    """Words that mix Latin letters with Cyrillic or Greek ones that look the same, each with its plain reading."""
    if not _FOREIGN.search(text):
        return []
    found, line = _Marks(), _lines(text)
    for match in re.finditer(r"[^\W\d_]{2,}", text):
        word = match[0]
        if not _FOREIGN.search(word) or not re.search("[A-Za-z]", word) or re.fullmatch("[A-Z]{2,}[а-я]+", word):
            continue  # the last is an abbreviation with a Slavic ending
        certain = word.translate(_ALIKE)
        plain = certain.translate(_ALIKE_IN_WORDS)
        around = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
        if certain == word and (not _IN_WORD.match(word) or re.search(r"[=^_{}\\+*/<>|$]", around)):
            continue  # a formula
        if not _FOREIGN.search(plain) and (len(word) > 2 or plain.isupper()):
            found.append((match.start(), f"{word} (reads {plain}), "))
    return [Hidden(kind="look-alike letters", text=words[:-2][:_MOST], line=line(at)) for at, words in _groups(found)]


def unmask_encoded(text: str) -> list[Hidden]:
    """Long runs of base64, hexadecimal, percent codes or announced ROT13 that decode to text; not addresses, keys or images."""
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
    hidden, line, end = list[Hidden](), _lines(text), 0
    for start, stop, decoded in sorted(found):
        if start >= end and _is_text(decoded) and not _in_address(text[max(0, start - 300) : start]):
            hidden.append(Hidden(kind="encoded text", text=" ".join(decoded.split())[:_MOST], line=line(start)))
            end = stop
    return hidden


def _from_base64(block: str, depth: int = 3) -> str:
    digits = re.sub(r"[\s>]", "", block)[:8000].split("=")[0].translate(str.maketrans("-_", "+/"))
    digits = digits[: -1 if len(digits) % 4 == 1 else None]
    decoded = base64.b64decode(digits + "=" * (-len(digits) % 4)).decode(errors="replace")
    return _from_base64(decoded, depth - 1) if depth and re.fullmatch(r"[A-Za-z0-9+/\s]{20,}=*\s*", decoded) else decoded


def _is_text(decoded: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in decoded)
    broken = sum((not c.isprintable() and c not in "\r\n\t") or c == "\ufffd" for c in decoded)
    return letters > 0.6 * len(decoded) and broken < 0.1 * len(decoded) and len(re.findall(r"[^\W\d_]{2,}", decoded)) > 2


def _in_address(before: str) -> bool:
    token = re.split(r"[\s\"'<>()\[\]]", before)[-1].lower()
    return before.endswith("](") or any(part in token for part in ("/", "www.", "doi:", "data:image"))
