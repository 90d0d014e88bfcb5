"""The tables of a Rich Text file (fonts, colours, styles, cells, shapes), and what its control words mean."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from critic.readers.blocks import Block
from critic.readers.gathering import SMALLEST, blending

TOKEN = re.compile(
    rb"\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?"
    rb"|\\(?P<symbol>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
HEADERS = ("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf")
CAPTURED = {  # destinations whose text stands beside the page -> what it is
    "fldinst": "field code", "xe": "field code", "tc": "field code", "staticval": "metadata", "docvar": "metadata",
    "sn": "name", "sv": "value",
}  # fmt: skip
SKIPPED = (
    "pict", "nonshppict", "shppict", "shprslt", "objdata", "nonesttables", "filetbl", "private", "propname", "linkval", "pn",
    "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "pnseclvl", "template", "bkmkstart", "bkmkend", "txe",
    "revtbl", "listtable", "listoverridetable", "formfield", "datafield", "fontemb", "falt", "rxe",
)  # fmt: skip
TEXT = {
    "tab": " ", "line": " ", "page": " ", "column": " ", "softline": " ", "emspace": " ", "enspace": " ", "qmspace": " ",
    "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}  # fmt: skip
ENCODINGS = ("ansicpg", "mac", "pc", "pca", "deff")
PARAGRAPH = ("s", "intbl", "itap", "cbpat", "outlinelevel", "ls", "sl", "slmult")
CHARACTER = ("v", "webhidden", "deleted", "mvf", "fs", "charscalex", "cf", "chcbpat", "highlight", "f")
_CHARSETS = {77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254"}
_CHARSETS |= {163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}
_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}


@dataclass
class State:
    """What holds within a group, and is as before after it."""

    look: dict[str, int] = field(default_factory=dict)  # the last number of each property
    skip: bool = False  # nothing in this group is text
    inside: str = ""  # the table or the list of properties that this group belongs to
    ground: str = "FFFFFF"
    why: str = ""  # how everything here is hidden
    opens: bool = False  # whether the innermost frame ends with this group
    begun: bool = False  # whether a control word has come


@dataclass
class Frame:
    """A story of its own: the body, a note, a header, a text box; or a raw text such as a field's code."""

    kind: str
    blocks: list[Block] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)  # of the paragraph that has not ended
    cell: list[Block] = field(default_factory=list)
    cells: list[list[Block]] = field(default_factory=list)
    later: list[Block] = field(default_factory=list)  # notes and text boxes, which stand after the paragraph or row


class Tables:
    """What the file has defined so far."""

    def __init__(self) -> None:
        self.property = ""  # of a shape, whose value comes next
        self._codec, self._font, self._fonts = "cp1252", 0, dict[int, str]()
        self._default = 0
        self._colours, self._parts = list[str](), dict[str, int]()
        self._style, self._levels, self._name = -1, dict[int, int](), ""
        self._shape, self._edges = dict[str, str](), dict[str, int]()
        self._cells, self._cell = list[int](), dict[str, int]()

    def define(self, table: str, word: str, number: int | None) -> None:
        """Take a control word within the tables of fonts, colours or styles."""
        if table == "fonttbl" and word == "f":
            self._font = number or 0
        elif table == "fonttbl" and word == "fcharset" and number in _CHARSETS:
            self._fonts[self._font] = _CHARSETS[number]
        elif table == "fonttbl" and word == "cpg" and number and _known(f"cp{number}"):
            self._fonts[self._font] = f"cp{number}"
        elif table == "colortbl" and word in ("red", "green", "blue"):
            self._parts[word] = min(max(number or 0, 0), 255)
        elif table == "stylesheet" and word in ("s", "cs", "ds", "ts"):
            self._style, self._name = (number or 0) if word == "s" else -1, ""
        elif table == "stylesheet" and word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._levels[self._style] = number + 2

    def named(self, table: str, text: str) -> None:
        """Take a text within the tables of fonts, colours or styles; a semicolon ends an entry."""
        if table == "colortbl":
            for _ in range(text.count(";")):
                parts = [self._parts.get(part, 0) for part in ("red", "green", "blue")]
                self._colours.append("{:02X}{:02X}{:02X}".format(*parts) if self._parts else "")
                self._parts = {}
        elif table == "stylesheet":
            self._name += text
            if ";" in text:
                name = self._name.partition(";")[0].strip().lower()
                if heading := re.fullmatch(r"heading ([1-9])", name):
                    self._levels[self._style] = int(heading[1]) + 1
                elif name == "title":
                    self._levels[self._style] = 1
                self._style, self._name = 0, ""

    def page(self, word: str, number: int | None) -> None:
        """Take a control word that says in what encoding the file is."""
        if word == "deff":
            self._default = number or 0
        elif word in _PAGES:
            self._codec = _PAGES[word]
        elif number == 65_001 or _known(f"cp{number}"):
            self._codec = "utf-8" if number == 65_001 else f"cp{number}"

    def decode(self, data: bytes, font: int | None) -> str:
        return data.decode(self._fonts.get(self._default if font is None else font, self._codec), "replace")

    def colour(self, number: int) -> str:
        """A colour by its number as RRGGBB; "" if it is automatic."""
        return self._colours[number] if 0 <= number < len(self._colours) else ""

    def level(self, style: int) -> int:
        """Of a heading, where 1 is a title; 0 for other styles."""
        return self._levels.get(style, 0)

    def row(self, word: str, number: int | None) -> None:
        """Take a control word that defines the cells of a row, or where a shape stands."""
        if word == "trowd":
            self._cells, self._cell = [], {}
        elif word in ("clcbpat", "clcfpat", "clshdng"):
            self._cell[word] = number or 0
        elif word == "cellx":
            inked = self._cell.get("clshdng", 0) >= 5_000  # hundredths of a per cent of the pattern's colour
            self._cells.append(self._cell.get("clcfpat" if inked else "clcbpat", 0))
            self._cell = {}
        elif word == "shp":
            self._shape, self._edges = {}, {}
        elif word in ("shpleft", "shpright", "shptop", "shpbottom"):
            self._edges[word] = number or 0

    def cell(self, index: int) -> str:
        """The background of a cell of the row by its number; "" if it has none."""
        return self.colour(self._cells[index]) if index < len(self._cells) else ""

    def shape_property(self, kind: str, text: str) -> None:
        if kind == "name":
            self.property = text
        else:
            self._shape[self.property] = text

    def shape_ground(self) -> str:
        """The fill of the shape that is being read as RRGGBB; "" if it is a picture or a gradient."""
        if self._shape.get("fFilled") == "0":
            return "FFFFFF"
        if self._shape.get("fillType", "0") != "0":
            return ""
        value = self._shape.get("fillColor", "")
        number = int(value) if re.fullmatch(r"\d{1,10}", value) else 0xFFFFFF
        return f"{number & 255:02X}{number >> 8 & 255:02X}{number >> 16 & 255:02X}"

    def shape_hidden(self) -> str:
        """How the shape that is being read is hidden; "" if it is not."""
        if self._shape.get("fHidden") == "1":
            return "not displayed"
        starts, ends = (
            [self._edges.get(f"shp{edge}", 0) for edge in edges] for edges in (("left", "top"), ("right", "bottom"))
        )
        away = any(start > 40_000 for start in starts) or any(end < -2_880 for end in ends)  # twips
        return "off the page" if away else ""


def hiding(tables: Tables, state: State, column: int) -> str:
    """How text is hidden here, in the cell with this number if it is in a table; "" if it is not."""
    if state.why:
        return state.why
    look = state.look
    for key, kind in (("v", "hidden run"), ("deleted", "tracked deletion"), ("mvf", "tracked deletion")):
        if look.get(key):
            return kind
    if look.get("webhidden"):
        return "hidden in web view"
    if 0 <= look.get("fs", 24) < 2 * SMALLEST or 0 <= look.get("charscalex", 100) < 10:
        return "tiny text"
    if look.get("slmult", 0) == 0 and -20 * SMALLEST < look.get("sl", 0) < 0:  # exactly so many twips a line
        return "clipped"
    grounds = [tables.colour(look.get(key, 0)) for key in ("highlight", "chcbpat", "cbpat")]
    grounds.append(tables.cell(column) if look.get("intbl") else "")
    ground = next((ground for ground in grounds if ground), state.ground)
    return blending(tables.colour(look.get("cf", 0)), ground)


def _known(codec: str) -> bool:
    try:
        codecs.lookup(codec)
    except LookupError:
        return False
    return True
