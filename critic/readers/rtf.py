"""Rich Text Format (.rtf): what the printed page shows, and apart from it what is hidden in the file."""

from __future__ import annotations

from dataclasses import replace

from critic.errors import InputError
from critic.readers import rtf_tables as known
from critic.readers.blocks import Block, Document
from critic.readers.gathering import Gathering, count_words
from critic.readers.rtf_tables import Frame, State, Tables, hiding

_DEPTH = 200
_LONG = 12  # words, from which a header is no mere running title


def read_rtf(data: bytes, name: str) -> Document:
    """Read Rich Text. Headers and footers are left out, unless they hold prose; pictures and objects are not opened.

    Raises:
        InputError: no Rich Text, cut off, too deeply nested, or nothing to see in it.
    """
    if not data.strip():
        raise InputError(f"{name} is empty: there is no text to review.")
    if not data.lstrip().startswith(b"{\\rtf"):
        raise InputError(f"{name} is not Rich Text: it does not begin with {{\\rtf.")
    return _Reader(name).read(data.lstrip())


class _Reader:
    def __init__(self, name: str) -> None:
        self._name, self._gather, self._tables = name, Gathering(), Tables()
        self._frames = [Frame("", self._gather.blocks)]
        self._states = [State()]
        self._ends, self._headers = list[Block](), dict[str, None]()
        self._notes = {"footnote": 0, "endnote": 0}
        self._bytes = bytearray()  # that have not been decoded
        self._unicode = 0  # a first surrogate
        self._spare = 0  # characters to pass over, as they only stand in for one given in Unicode
        self._star = self._listed = False

    def read(self, data: bytes) -> Document:
        at = 0
        while at < len(data) and (at == 0 or len(self._states) > 1):
            token = known.TOKEN.match(data, at)
            if token is None:  # a backslash at the end
                break
            at = token.end()
            if token["hex"]:
                self._add_bytes(bytes([int(token["hex"], 16)]))
            elif token["text"]:
                self._add_bytes(token["text"])
            elif token["symbol"]:
                self._symbol(token["symbol"])
            elif token["brace"]:
                self._spare = 0
                self._flush()
                self._open() if token["brace"] == b"{" else self._close()
            elif token["word"] == b"bin":
                at += max(int(token["number"] or 0), 0)
            elif token["word"]:
                self._flush()
                self._word(token["word"].decode(), int(token["number"]) if token["number"] else None)
        if len(self._states) > 1:
            raise InputError(f"{self._name} is damaged or cut off (a group never ends); save it again in an office program.")
        self._paragraph()
        self._row()
        self._gather.blocks += self._ends
        for text in self._headers:
            self._gather.add(text)
        return self._gather.document(self._name)

    def _open(self) -> None:
        if len(self._states) > _DEPTH:
            raise InputError(f"{self._name} is too deeply nested; save it again, or as plain text.")
        self._states.append(replace(self._states[-1], look=dict(self._states[-1].look), opens=False, begun=False))
        self._star = False

    def _close(self) -> None:
        if self._states[-1].opens:
            self._end(self._frames.pop())
            self._gather.blocks = self._frames[-1].blocks
        self._states.pop()

    def _begin(self, kind: str) -> None:
        state = self._states[-1]
        if state.opens:  # two destinations in one group: the second goes on with the first
            return
        state.opens, state.skip = True, False
        self._frames.append(Frame(kind))
        self._gather.blocks = self._frames[-1].blocks

    def _end(self, frame: Frame) -> None:
        """Put what a frame holds where it belongs, which is in the frame around it or beside the text."""
        if frame.kind in known.CAPTURED.values():
            text = "".join(frame.pieces)
            if frame.kind in ("name", "value"):
                self._tables.shape_property(frame.kind, text.strip())
                if frame.kind == "value" and self._tables.property in ("wzDescription", "wzTooltip"):
                    self._gather.note("alt text", text)
            elif not text.strip().startswith("ADDIN"):  # reference managers keep titles and abstracts there
                self._gather.note(frame.kind, text)
            return
        outer = self._frames[-1]
        self._frames.append(frame)
        self._paragraph()
        self._row()
        self._frames.pop()
        text = " ".join(block.text for block in frame.blocks)
        if frame.kind == "comment":
            self._gather.note("comment", text)
        elif frame.kind in self._notes and text:
            self._notes[frame.kind] += 1
            mark = f"[{'e' if frame.kind == 'endnote' else ''}{self._notes[frame.kind]}]"
            outer.pieces.append(self._gather.show(mark))
            (self._ends if frame.kind == "endnote" else outer.later).append(Block(f"{mark} {text}"))
        elif frame.kind == "header":
            self._headers |= dict.fromkeys(block.text for block in frame.blocks if count_words(block.text) > _LONG)
        else:
            outer.later += frame.blocks

    def _symbol(self, symbol: bytes) -> None:
        self._star = symbol == b"*"
        if symbol in b"\r\n":
            self._flush()
            self._word("par", None)
        elif symbol in b"\\{}":
            self._add_bytes(symbol)
        elif symbol in b"~_":
            self._add_bytes(b" " if symbol == b"~" else b"-")

    def _word(self, word: str, number: int | None) -> None:
        state, star = self._states[-1], self._star
        first, state.begun, self._star = not state.begun, True, False
        if state.skip:
            return
        if word == "u" and number is not None:
            self._add_unicode(number % 65_536)
            self._spare = state.look.get("uc", 1)
        elif word in ("fonttbl", "colortbl", "stylesheet", "info", "upr", "userprops"):
            state.inside, state.skip = word, False
        elif state.inside in ("fonttbl", "colortbl", "stylesheet"):
            state.skip = star and word != "cs"
            self._tables.define(state.inside, word, number)
        elif word == "ud":
            state.inside, state.skip = "", False
        elif word in known.CAPTURED or (state.inside == "info" and first):
            self._begin(known.CAPTURED.get(word, "metadata"))
        elif word in ("footnote", "annotation", *known.HEADERS):
            state.why = self._why(state)
            state.look, state.ground = {"uc": state.look.get("uc", 1)}, "FFFFFF"
            self._begin({"footnote": "footnote", "annotation": "comment"}.get(word, "header"))
        elif word == "ftnalt" and self._frames[-1].kind == "footnote":
            self._frames[-1].kind = "endnote"
        elif word in ("shptxt", "dptxbxtext"):
            state.ground, state.why = self._tables.shape_ground(), self._why(state) or self._tables.shape_hidden()
            self._begin("box")
        elif word in ("listtext", "pntext"):
            self._listed, state.skip = True, True
        elif word in known.SKIPPED or (star and word not in ("shpinst", "do")):
            state.skip = True
        else:
            self._set(word, number)

    def _set(self, word: str, number: int | None) -> None:
        look = self._states[-1].look
        if word in known.TEXT:
            self._text(known.TEXT[word])
        elif word in known.ENCODINGS:
            self._tables.page(word, number)
        elif word in ("par", "sect"):
            self._paragraph()
        elif word in ("cell", "nestcell"):
            look["intbl"] = 1
            self._paragraph()
            if word == "cell":
                frame = self._frames[-1]
                frame.cells.append(frame.cell)
                frame.cell = []
        elif word == "row":
            self._row()
        elif word in ("pard", "plain"):
            for key in known.PARAGRAPH if word == "pard" else known.CHARACTER:
                look.pop(key, None)
        elif word in known.PARAGRAPH or word in known.CHARACTER or word == "uc":
            look[word] = 1 if number is None else number
        else:
            self._tables.row(word, number)

    def _add_bytes(self, data: bytes) -> None:
        passed = min(self._spare, len(data))
        self._spare -= passed
        self._bytes += data[passed:]

    def _flush(self) -> None:
        """Decode the bytes so far, as in the font of this group."""
        data, self._bytes = bytes(self._bytes), bytearray()
        if data and not self._states[-1].skip:
            self._text(self._tables.decode(data, self._states[-1].look.get("f")))

    def _add_unicode(self, unit: int) -> None:
        if 0xD800 <= unit < 0xDC00:
            self._unicode = unit
        elif 0xDC00 <= unit < 0xE000:
            if self._unicode:
                self._text(chr(0x10000 + ((self._unicode - 0xD800) << 10) + unit - 0xDC00))
            self._unicode = 0
        elif not 0xF000 <= unit < 0xF100:  # symbol fonts
            self._text(chr(unit))

    def _text(self, text: str) -> None:
        state, frame = self._states[-1], self._frames[-1]
        if frame.kind in known.CAPTURED.values():
            frame.pieces.append(text)
        elif state.inside in ("fonttbl", "colortbl", "stylesheet"):
            self._tables.named(state.inside, text)
        elif not state.inside:
            frame.pieces.append(self._gather.show(text, self._why(state)))

    def _why(self, state: State) -> str:
        return hiding(self._tables, state, len(self._frames[-1].cells))

    def _paragraph(self) -> None:
        frame, look = self._frames[-1], self._states[-1].look
        if frame.kind in known.CAPTURED.values():
            return
        text, frame.pieces = "".join(frame.pieces), []
        outline = look.get("outlinelevel", 9)
        level = outline + 2 if 0 <= outline < 9 else self._tables.level(look.get("s", 0))
        listed, self._listed = (self._listed or look.get("ls")) and not level, False
        in_table = look.get("intbl") or look.get("itap")
        if frame.cells and not in_table:
            self._row()
        with self._gather.aside() as blocks:
            self._gather.add(f"- {text}" if listed else text, level)
        (frame.cell if in_table else frame.blocks).extend(blocks)
        if not in_table:
            frame.blocks += frame.later
            frame.later = []

    def _row(self) -> None:
        frame = self._frames[-1]
        cells = [*frame.cells, frame.cell] if frame.cell else frame.cells
        texts = [" ".join(block.text for block in cell) for cell in cells]
        if len(cells) == 1:  # a frame around text, as in forms
            frame.blocks += cells[0]
        elif any(texts):
            frame.blocks.append(Block(" | ".join(texts)))
        frame.blocks += frame.later
        frame.cells, frame.cell, frame.later = [], [], []
