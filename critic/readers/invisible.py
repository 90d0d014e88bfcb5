"""What is hidden in the characters of a text, whatever its format, because they have no shape or change the direction."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import permutations

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
    line = lines_of(text)
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


def lines_of(text: str) -> Callable[[int], int]:
    """The line, from 1, of an offset."""
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
    hidden, line = list[Hidden](), lines_of(text)

    def ordered(match: re.Match[str]) -> str:
        rtl, other = _RTL.search(match[2]), re.search(r"[^\W_]", _RTL.sub("", match[2]))
        if not (rtl if match[1] == "\u202d" else other):
            return match[0]  # it forces the direction that the text has anyway
        hidden.append(Hidden(kind="bidirectional override", text=_RUN.sub("", match[2])[:_MOST], line=line(match.start())))
        if match[1] == "\u202e" and rtl:
            return match[2]
        return "".join(one.translate(_MIRROR) if len(one) == 1 else one for one in reversed(_CLUSTER.findall(match[2])))

    return _OVERRIDE.sub(ordered, text), hidden
