"""Safe opening of office files: a ZIP of XML parts."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from critic.errors import InputError

MAX_MEMBERS = 5_000
MAX_PART = 30_000_000  # bytes, decompressed
MAX_TOTAL = 50_000_000  # of all the parts that are read
MAX_RATIO = 200  # XML of real documents stays below 60
MAX_DEPTH = 200


@dataclass(slots=True)
class Node:
    """An XML element. Names have the short prefix that the reader gave to their namespace, "?" if it gave none."""

    tag: str
    attrs: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    @property
    def nodes(self) -> list[Node]:
        return [child for child in self.children if isinstance(child, Node)]

    def find(self, *path: str) -> Node:
        """The first element down the path of tags; an empty one where there is none."""
        here = self
        for tag in path:
            here = next((child for child in here.nodes if child.tag == tag), Node("", {}))
        return here

    def all(self, *tags: str) -> Iterator[Node]:
        """This element and those in it with one of these tags, in the order of the file."""
        if self.tag in tags:
            yield self
        for child in self.nodes:
            yield from child.all(*tags)

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


class Archive:
    """The parts of an office file. Nothing inside a part is opened as an archive again."""

    def __init__(self, data: bytes, name: str, kind: str) -> None:
        """Check the container, without decompressing anything; `kind` is what it should be, as in "a Word document".

        Raises:
            InputError: no ZIP, cut off, too many members, a name twice, or protected by a password.
        """
        self.name, self.kind, self._total = name, kind, 0
        if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
            if "EncryptedPackage".encode("utf-16-le") in data:
                raise InputError(f"{name} is protected by a password; save it without one.")
            raise InputError(f"{name} is in an old binary Office format; save it as .docx, .odt or .pdf.")
        if not data:
            raise InputError(f"{name} is empty: there is no text to review.")
        if not data.startswith(b"PK\x03\x04"):
            raise InputError(f"{name} is not {kind}: its content is of another format.")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
            raise self.broken("its end is missing") from error
        if len(members) > MAX_MEMBERS:
            raise InputError(f"{name} holds more than {MAX_MEMBERS} parts; save the text alone as a new document.")
        self._members = {member.filename.lower(): member for member in members}
        if len(self._members) < len(members):
            raise self.broken("two of its parts have one name")

    def broken(self, why: str) -> InputError:
        return InputError(f"{self.name} is damaged or cut off ({why}); open it in an office program and save it again.")

    def read(self, part: str) -> bytes | None:
        """Decompress a part; None where there is none. Raises InputError on damage or beyond the limits."""
        if (member := self._members.get(part.lower())) is None:
            return None
        if member.flag_bits & 1:
            raise InputError(f"{self.name} is protected by a password; save it without one.")
        self._total += member.file_size
        ratio = member.file_size / max(member.compress_size, 1) if member.file_size > 1_000_000 else 1
        if member.file_size > MAX_PART or self._total > MAX_TOTAL or ratio > MAX_RATIO:
            raise InputError(f"{self.name} is too large when decompressed; split it, or leave out annexes.")
        try:
            with self._zip.open(member) as stream:
                return stream.read(member.file_size + 1)  # never read(), which inflates before it counts
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
            raise self.broken(f"{part} cannot be decompressed") from error

    def parse(self, part: str, names: Mapping[str, str]) -> Node | None:
        """Read and parse a part; `names` gives each namespace its short prefix. Raises InputError on bad XML."""
        from lxml import etree

        if (data := self.read(part)) is None:
            return None
        builder = _Builder(names)
        parser = etree.XMLParser(target=cast("Any", builder), resolve_entities=False, no_network=True, huge_tree=False)
        try:
            etree.fromstring(data, parser)
        except (etree.LxmlError, ValueError) as error:
            if builder.deep:
                raise InputError(f"{self.name} is too deeply nested; save it again, or as plain text.") from error
            raise self.broken(f"{part} is not well-formed XML") from error
        if not builder.root.children:
            raise self.broken(f"{part} has nothing in it")
        return builder.root.nodes[0]


class _Builder:
    """Builds nodes from the parser's events. Document types, where entities come from, are refused."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.root, self.deep = Node("", {}), False
        self._names, self._stack, self._scopes = names, [self.root], [dict[str, str]()]

    def start(self, tag: str, attrs: Mapping[str, str], nsmap: Mapping[str | None, str]) -> None:
        self.deep = self.deep or len(self._stack) > MAX_DEPTH
        if self.deep:
            raise ValueError("too deep")
        scope = {**self._scopes[-1], **{prefix or "": uri for prefix, uri in nsmap.items()}} if nsmap else self._scopes[-1]
        node = Node(self._short(tag), {self._short(key): value for key, value in attrs.items()})
        if "Requires" in node.attrs:  # prefixes, which only here can be told from what they stand for
            node.attrs["Requires"] = " ".join(scope.get(prefix, "?") for prefix in node.attrs["Requires"].split())
        self._stack[-1].children.append(node)
        self._stack.append(node)
        self._scopes.append(scope)

    def end(self, tag: str) -> None:
        self._stack.pop()
        self._scopes.pop()

    def data(self, text: str) -> None:
        self._stack[-1].children.append(text)

    def doctype(self, *_: object) -> None:
        raise ValueError("a document type")

    def close(self) -> None:
        pass

    def _short(self, name: str) -> str:
        uri, brace, local = name[1:].partition("}")
        return f"{self._names.get(uri, '?')}:{local}" if brace else name
