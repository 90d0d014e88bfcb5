"""PDF. The text is read by PDFium in a process of its own: a file made to crash it, or to keep it busy, is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zlib

from critic.errors import InputError
from critic.proposal import Hidden
from critic.readers.blocks import Block, Document

MAX_INFLATED = 50_000_000  # bytes of streams other than pictures
MAX_PICTURE = 150_000_000  # pixels
MAX_MEMORY = 4_000_000_000  # bytes of addresses; some 100 MB are used
MAX_SECONDS = 120.0  # dense pages take a tenth of one each

_CHILD = "from critic.readers.pdf import _serve; _serve()"


def read_pdf(data: bytes, name: str) -> Document:
    """Read a PDF: headings, paragraphs, list items and table rows, each with its page, without running heads and page numbers.

    Raises:
        InputError: no PDF, encrypted, cut off, corrupt, empty, scanned without a text layer, or beyond the limits above.
    """
    check_bytes(data, name)
    path = os.pathsep.join(part for part in sys.path if part)
    try:
        done = subprocess.run(  # noqa: S603
            # -P: the working folder may have come from the applicant, and nothing in it is ours to import.
            [sys.executable, "-P", "-c", _CHILD, name],
            input=data,
            capture_output=True,
            timeout=MAX_SECONDS,
            env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
            check=True,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise InputError(f"{name} takes more than {MAX_SECONDS:g} seconds to read; print it to a new PDF.") from None
    except (subprocess.CalledProcessError, ValueError) as error:
        raise InputError(f"{name} is a PDF that cannot be read; print it to a new PDF.") from error
    if "error" in answer:
        raise InputError(answer["error"])
    return Document(
        blocks=[Block(text=text, level=level, page=page) for text, level, page in answer["blocks"]],
        hidden=[Hidden(**each) for each in answer["hidden"]],
        unread=answer["unread"],
    )


def _serve() -> None:
    """What the process of its own does: a PDF on standard input, blocks and hidden text as JSON on standard output."""
    import gc

    from critic.readers.pdf_pages import read_pages

    gc.disable()  # it would go through the glyphs again and again, a tenth of the time, and the process ends soon
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    try:
        document = read_pages(sys.stdin.buffer.read(), sys.argv[1])
        answer: dict[str, object] = {
            "blocks": [(block.text, block.level, block.page) for block in document.blocks],
            "hidden": [each.model_dump() for each in document.hidden],
            "unread": document.unread,
        }
    except InputError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


def check_bytes(data: bytes, name: str) -> None:
    """Refuse what is no whole PDF, and streams that blow up, before PDFium unpacks any."""
    if b"%PDF-" not in data[:1024]:
        raise InputError(
            f"{name} is {'no PDF; save or export it as one' if data.strip() else 'empty: there is no text to review'}."
        )
    if b"%%EOF" not in data[-4096:]:
        raise InputError(f"{name} is cut off: the end of the PDF is missing; copy or download it again.")
    total = 0
    for match in re.finditer(rb"stream\r?\n", data):
        start = match.start()
        if data[start - 3 : start] == b"end":
            continue
        opened = data.rfind(b" obj", max(0, start - 4096), start)
        entry = data[opened if opened >= 0 else max(0, start - 1024) : start]
        if re.search(rb"/Subtype\s*/Image", entry):
            sides = [int(side) for side in re.findall(rb"/(?:Width|Height)\s+(\d{1,9})", entry)]
            if len(sides) >= 2 and sides[0] * sides[1] > MAX_PICTURE:
                raise InputError(
                    f"{name} has a picture of {sides[0]} by {sides[1]} pixels, too large to read; make it smaller."
                )
            continue
        part = data[match.end() :]
        for _ in range(min(5, len(re.findall(rb"/(?:FlateDecode|Fl)\b", entry)))):
            try:
                part = zlib.decompressobj().decompress(part, MAX_INFLATED + 1 - total)
            except zlib.error:
                break
            total += len(part)
            if total > MAX_INFLATED:
                raise InputError(f"{name} is larger than {MAX_INFLATED / 1e6:g} MB when unpacked; leave out annexes.")
