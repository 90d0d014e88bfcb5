"""A local endpoint for benchmarks: waits so many milliseconds, then answers every critique that a request asks about.

python benchmarks/endpoint.py PORT MILLISECONDS
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import cache


async def main(port: int, milliseconds: int) -> None:
    """Serve until it is killed. GET /answered says how many requests were answered."""
    answered = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if head.startswith(b"get"):
                    body = str(answered).encode()
                else:
                    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                    asked = await reader.readexactly(length)
                    await asyncio.sleep(milliseconds / 1000)
                    body = completion(asked[asked.rindex(b'"response_format"') :])
                    answered += 1
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", port, limit=2**24)
    async with server:
        await server.serve_forever()


@cache
def completion(response_format: bytes) -> bytes:
    """A reply as long as a real one to what this form asks for; with no quotations, which would have to be in the text."""
    schema = json.JSONDecoder().raw_decode(response_format.decode().partition(":")[2])[0]["json_schema"]["schema"]
    given: dict[str, object] = {}
    for name, part in schema["properties"].items():
        part = part["anyOf"][0] if "anyOf" in part else part
        if name == "critiques":
            given[name] = dict.fromkeys(part["properties"], CRITIQUE)
        elif name == "considerations":
            given[name] = {
                id: {"quotations": [], "reasoning": "Nothing is said.", "value": "absent"} for id in part["properties"]
            }
        elif name == "outline":
            given[name] = dict.fromkeys(part["properties"], "It says so.")
        else:
            given[name] = True if name == "in_scope" else "It tests a model."
    message = {"role": "assistant", "content": json.dumps(given)}
    usage = {"prompt_tokens": 20000, "completion_tokens": 300 * len(given), "total_tokens": 20000 + 300 * len(given)}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764028800, "model": "benchmark"}
    return json.dumps(head | {"choices": choices, "usage": usage}).encode()


CRITIQUE = {
    "claim_quotations": [],
    "answer_quotations": [],
    "reasoning": "The proposal makes no claim of this kind anywhere, so that the critique has nothing to attack. " * 3,
    "verdict": "not_applicable",
    "severity": None,
    "absent": "",
    "change": "",
    "question": "",
    "recommendations": [],
    "confidence": 0.8,
}

if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
