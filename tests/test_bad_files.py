"""Forty files that are no proposals: one clear sentence each, exit 2, no traceback, no hang."""

from __future__ import annotations

import io
import sys
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest

from critic.cli import main
from critic.errors import InputError
from critic.readers import MAX_BYTES, MAX_TEXT_BYTES, read_bytes

DOCUMENT = '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def archive(members: dict[str, bytes | str], first: str | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        if first is not None:
            opened.writestr(zipfile.ZipInfo("mimetype"), first)
        for name, content in members.items():
            opened.writestr(name, content)
    return file.getvalue()


def docx(body: str = "<w:p><w:r><w:t>Text.</w:t></w:r></w:p>", **more: bytes | str) -> bytes:
    return archive({"[Content_Types].xml": TYPES, "_rels/.rels": RELATIONS, "word/document.xml": DOCUMENT.format(body), **more})


def odt(content: bytes | str) -> bytes:
    return archive({"content.xml": content}, "application/vnd.oasis.opendocument.text")


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    return data + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        table,
        len(objects) + 1,
        trailer,
        start,
    )


def page(content: bytes, extra: bytes = b"") -> list[bytes]:
    return [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> %b >>" % extra,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
    ]


XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = "<!DOCTYPE x [" + '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)) + "]>"
BOMB = zlib.compress(b"0" * 200_000_000, 9)

FILES: dict[str, Callable[[], bytes]] = {
    "empty.md": lambda: b"",
    "blank.md": lambda: b" \n\t\n",
    "only-bom.txt": lambda: b"\xef\xbb\xbf",
    "binary.md": lambda: bytes(range(256)) * 20,
    "nul.txt": lambda: b"a proposal with a\0NUL in it",
    "latin-1.md": lambda: "Prüfung der Übung".encode("latin-1"),
    "utf-16-cut.txt": lambda: "Prüfung".encode("utf-16")[:-1],
    "controls.md": lambda: bytes(range(1, 9)) * 200,
    "huge.md": lambda: b"word " * (MAX_TEXT_BYTES // 5 + 1),
    "huge.pdf": lambda: b"%PDF-1.4\n" + b"0" * MAX_BYTES,
    "picture.png": lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(50),
    "picture.pdf": lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50),
    "program.docx": lambda: b"\x7fELF\x02\x01\x01" + bytes(60),
    "sheet.xlsx": lambda: archive({"xl/workbook.xml": "<workbook/>"}),
    "archive.zip": lambda: archive({"a.txt": "hello"}),
    "empty.zip": lambda: archive({}),
    "old.doc": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "locked.docx": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(600),
    "header-only.pdf": lambda: b"%PDF-1.7\n",
    "garbage.pdf": lambda: b"%PDF-1.7\n" + bytes(range(1, 255)) * 40,
    "cut.pdf": lambda: pdf(page(b"BT ET"))[:150],
    "no-pages.pdf": lambda: pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]),
    "blank-page.pdf": lambda: pdf(page(b"0 0 100 100 re f")),
    "locked.pdf": lambda: pdf(
        page(b"BT ET") + [b"<< /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>"],
        b"/Encrypt 5 0 R /ID [<41> <41>]",
    ),
    "loop.pdf": lambda: pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
    "cut.docx": lambda: docx()[:200],
    "no-document.docx": lambda: archive({"[Content_Types].xml": TYPES, "_rels/.rels": RELATIONS, "word/other.xml": "<x/>"}),
    "broken-xml.docx": lambda: docx("<w:p><w:r>"),
    "empty.docx": lambda: docx("<w:p/>"),
    "xxe.docx": lambda: archive(
        {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": RELATIONS,
            "word/document.xml": XXE + DOCUMENT.format("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>").partition("?>")[2],
        }
    ),
    "laughs.docx": lambda: archive(
        {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": RELATIONS,
            "word/document.xml": LAUGHS + DOCUMENT.format("<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>").partition("?>")[2],
        }
    ),
    "bomb.docx": lambda: docx("<w:p><w:r><w:t>" + "0" * 120_000_000 + "</w:t></w:r></w:p>"),
    "nested.docx": lambda: docx("<w:sdt><w:sdtContent>" * 5000 + "</w:sdtContent></w:sdt>" * 5000),
    "cut.odt": lambda: odt("<office/>")[:90],
    "no-content.odt": lambda: archive({"other.xml": "<x/>"}, "application/vnd.oasis.opendocument.text"),
    "broken.odt": lambda: odt("<office:document-content"),
    "laughs.odt": lambda: odt(LAUGHS + "<office>&a11;</office>"),
    "empty.html": lambda: b"<!doctype html><html><head><title></title></head><body><script>x</script></body></html>",
    "deep.html": lambda: b"<!doctype html><html><body>" + b"<div>" * 60_000,
    "empty.rtf": lambda: b"{\\rtf1\\ansi }",
    "cut.rtf": lambda: b"{\\rtf1",
    "empty.tex": lambda: b"\\documentclass{article}\\begin{document}\\end{document}",
    "outside.tex": lambda: b"\\documentclass{article}\\begin{document}\\input{../../../etc/passwd}\\end{document}",
    "endless.tex": lambda: b"\\documentclass{article}\\def\\a{\\b\\b}\\def\\b{\\a\\a}\\begin{document}\\a\\end{document}",
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_one_sentence_and_no_hang(name: str) -> None:
    data, started = FILES[name](), time.monotonic()
    with pytest.raises(InputError) as error:
        proposal = read_bytes(data, name)
        pytest.fail(f"read as {proposal.text[:80]!r}")
    sentence = str(error.value)
    assert name in sentence
    assert "\n" not in sentence
    assert len(sentence) < 350
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("name", ["cut.docx", "garbage.pdf", "locked.pdf", "outside.tex"])
def test_the_command_says_it_and_ends_with_2(
    name: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name  # type: ignore[operator]
    path.write_bytes(FILES[name]())
    monkeypatch.setattr(sys, "argv", ["critic", "review", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert err.startswith("critic: ")
    assert err.count("\n") == 1
