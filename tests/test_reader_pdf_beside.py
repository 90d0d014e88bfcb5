"""What a PDF carries beside its words is told where it is prose; pages without text are named; East Asian text is read."""

from __future__ import annotations

import ctypes
import io

import pypdfium2
import pypdfium2.raw as c
import pytest
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from critic.offline import assess_offline
from critic.pipeline import pipeline
from critic.readers import read_bytes
from critic.readers.blocks import assemble
from critic.readers.pdf_beside import beside
from critic.readers.pdf_pages import read_pages
from critic.render import markdown
from critic.rubrics import RubricPack
from tests.test_reader_pdf import SECRET, PIL_Image, body, make

PROSE = f"{SECRET} to this proposal"
CHINESE = "我们每个月测量一次模型的拒答率并公布结果"


def said(data: bytes) -> list[tuple[str, str, int | None]]:
    return [(one.kind, one.text, one.page) for one in read_pages(data, "x.pdf").hidden]


def packet(inside: str) -> bytes:
    return f"7 0 obj\n<< /Type /Metadata /Subtype /XML >>\nstream\n<x:xmpmeta>{inside}</x:xmpmeta>\nendstream".encode()


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (f"<dc:description><rdf:Alt><rdf:li>{PROSE}</rdf:li></rdf:Alt></dc:description>", [PROSE]),
        (f"<rdf:Description pdf:Keywords='{PROSE}'/>", [PROSE]),
        (f"<a>{PROSE}</a><b>{PROSE}</b>", [PROSE]),
        (f"<dc:rights><rdf:li>{PROSE}</rdf:li></dc:rights><xmpRights:UsageTerms>{PROSE}</xmpRights:UsageTerms>", []),
        ("<dc:subject><rdf:li>red teaming, dual use, audits, uplift, refusals, thresholds</rdf:li></dc:subject>", []),
        ("<stEvt:parameters>from application/x-indesign to application/pdf</stEvt:parameters>", []),
        ("<dc:description>The abstract that the first page has as well, word for word.</dc:description>", []),
    ],
)
def test_packets_of_metadata(inside: str, told: list[str]) -> None:
    pdf = pypdfium2.PdfDocument(make(body))
    try:
        found = beside(pdf, packet(inside), "theabstractthatthefirstpagehasaswellwordforword")
    finally:
        pdf.close()
    assert [(one.kind, one.text) for one in found] == [("metadata", text) for text in told]


@pytest.mark.parametrize(
    ("content", "told"), [(PROSE.encode(), [PROSE]), (b"seed,score\n1,0.5\n", []), (bytes(range(256)), []), (b"", [])]
)
def test_attached_files_are_told_where_they_are_prose(content: bytes, told: list[str]) -> None:
    pdf = pypdfium2.PdfDocument(make(body))
    name = (ctypes.c_ushort * 6)(*map(ord, "a.txt"), 0)
    attached = c.FPDFDoc_AddAttachment(pdf, name)
    c.FPDFAttachment_SetFile(attached, pdf, ctypes.create_string_buffer(content, max(1, len(content))), len(content))
    out = io.BytesIO()
    pdf.save(out)
    pdf.close()
    assert said(out.getvalue()) == [("attached file", f"a.txt: {text}", None) for text in told]


@pytest.mark.parametrize(
    ("alt", "told"),
    [
        (PROSE, [PROSE]),
        ("Figure 1: accuracy by size", []),
        ("A graph of some lines Description automatically generated", []),
    ],
)
def test_alternative_texts_of_figures(alt: str, told: list[str]) -> None:
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot 6 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /StructParents 0 "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        "<< /Length 107 >>\nstream\nBT /F1 11 Tf 72 700 Td (We will measure how often assistants give advice.) Tj ET "
        "/Figure << /MCID 0 >> BDC 72 500 99 99 re S EMC\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /StructTreeRoot /K 7 0 R /ParentTree << /Nums [0 [7 0 R]] >> >>",
        f"<< /Type /StructElem /S /Figure /P 6 0 R /Pg 3 0 R /K 0 /Alt ({alt}) >>",
    ]
    data = "%PDF-1.7\n" + "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, 1))
    data += "trailer << /Root 1 0 R /Size 8 >>\n%%EOF\n"
    assert said(data.encode()) == [("alt text", text, 1) for text in told]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("", "", None),
        ("1 1 0 rg 50 690 400 30 re f 0 g", "", None),
        ("1 g", "", "white text"),
        ("0 0 .4 rg 50 690 400 30 re f", "", "text in the colour of its background"),
        ("", "1 g 50 690 400 30 re f", "covered"),
        ("1 0 0 1 -2000 0 cm", "", "off the page"),
        (".1 0 0 .1 60 600 cm", "", "tiny text"),
        ("3 Tr", "", "invisible render mode"),
    ],
)
def test_east_asian_text_in_a_font_that_nobody_has_here(before: str, after: str, kind: str | None) -> None:
    registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas: Canvas) -> None:
        body(canvas, 600)
        canvas.saveState()
        canvas._code.append(before)
        canvas.setFont("STSong-Light", 11)
        canvas.drawString(72, 700, CHINESE)
        canvas._code.append(after)
        canvas.restoreState()

    document = read_pages(make(draw), "x.pdf")
    assert (CHINESE in " ".join(block.text for block in document.blocks)) == (kind is None)
    assert [one.text for one in document.hidden] == ([] if kind is None else [CHINESE])
    assert kind is None or document.hidden[0].kind in (kind, "covered", "not displayed")


def test_lines_without_spaces_between_words_are_joined_without() -> None:
    registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 11)
        canvas.drawString(72, 700, CHINESE[:12])
        canvas.drawString(72, 686, CHINESE[12:])

    assert [block.text for block in read_pages(make(draw), "x.pdf").blocks] == [CHINESE]


def test_a_whole_page_in_such_a_font_on_a_turned_page() -> None:
    registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(out := io.BytesIO(), (842, 842), invariant=1)
    canvas.setPageRotation(90)
    canvas.setFont("STSong-Light", 11)
    for line in range(20):
        canvas.drawString(72, 700 - 20 * line, CHINESE[line:] + CHINESE[:line])
    canvas.save()
    document = read_pages(out.getvalue(), "x.pdf")
    assert len("".join(block.text for block in document.blocks).translate({32: None, ord("|"): None})) == 20 * len(CHINESE)
    assert document.hidden == []


async def test_pages_that_are_pictures_are_named_and_condemn_nobody(pack: RubricPack) -> None:
    grey = ImageReader(PIL_Image.new("L", (20, 20), 128))

    def scan(canvas: Canvas) -> None:
        canvas.drawImage(grey, 20, 20, 555, 800)

    def figure(canvas: Canvas) -> None:
        canvas.drawImage(grey, 20, 220, 555, 500)
        body(canvas, 200)

    data = make(body, scan, figure, lambda canvas: None, scan)
    proposal = assemble(read_pages(data, "x.pdf"), "x.pdf")
    assert proposal.unread == (2, 5)
    review = await pipeline(assess_offline, pack).ainvoke(proposal)
    assert (review.notices, review.subject.unread) == ([], [2, 5])
    assert "PARTLY UNREAD: pages that are pictures without a text layer (ocrmypdf adds one): 2, 5" in markdown.render(review)
    assert read_bytes(data, "x.pdf").unread == (2, 5)
