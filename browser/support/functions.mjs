// The page of functions, as a person uses it; and modules for it to show.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Owt } from './owt.mjs';

const TOOLS = `"""What the page shows."""
import enum
import time
from dataclasses import dataclass
from typing import Literal


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


def add(x: int, y: int = 1) -> int:
    """Adds two numbers.

    Of any size.
    """
    return x + y


def greet(name: str, greeting: Literal["Hello", "Goodbye"] = "Hello", loud: bool = False) -> str:
    """Greets somebody."""
    text = f"{greeting}, {name}!"
    return text.upper() if loud else text


def move(point: Point, colour: Colour, note: str | None = None) -> dict:
    """Moves a point one to the right."""
    return {"x": point.x + 1, "y": point.y, "colour": colour.value, "note": note}


def size(data: bytes, unit: str = "bytes") -> str:
    """Counts a file's bytes."""
    return f"{len(data)} {unit}"


def total(first: int, *ns: int, **more: int) -> int:
    """Adds any number of numbers."""
    return first + sum(ns) + sum(more.values())


def count(to: int):
    """Counts up, one line after another."""
    for n in range(1, to + 1):
        yield f"{n}\\n"


def picture(width: int = 32) -> bytes:
    """Draws a red square."""
    import struct
    import zlib

    def part(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\\0" + b"\\xc0\\x20\\x20" * width) * width)
    return b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def table(rows: int = 3):
    """A table of squares."""
    import pandas

    return pandas.DataFrame({"n": range(rows), "square": [n * n for n in range(rows)]})


def fail(why: str) -> None:
    """Raises."""
    raise ValueError(why)


def forever() -> None:
    """Goes on until it is stopped."""
    while True:
        time.sleep(0.01)


def coded(code: str) -> str:
    """Has a parameter by the name of code."""
    return code[::-1]
`;

/** A server that publishes these modules, by their names, beside `tools`; `stop` ends it and removes them. */
export async function publishing(modules = {}, ...args) {
  const folder = mkdtempSync(join(tmpdir(), 'owt-functions-'));
  for (const [name, text] of Object.entries({ tools: TOOLS, ...modules })) {
    writeFileSync(join(folder, `${name}.py`), text);
  }
  const owt = await Owt.start(folder, ...args);
  const stop = async () => {
    await owt.stop();
    rmSync(folder, { recursive: true });
  };
  return { owt, stop, page: `${owt.url}/_owt/functions` };
}

/** Chooses a function from the list. */
export async function choose(page, name) {
  await page.fill('#search', name);
  await page.click(`#found a[data-name="${name}"]`);
  await page.fill('#search', '');
  await page.waitForSelector(`#name:text-is("${name}")`);
}
