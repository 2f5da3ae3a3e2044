// Calls to begin with. None needs more than Python's own library.

import { DEFAULTS } from './call.js';

const HELLO = `def run(name):
    return f"Hello, {name}!"
`;

const JSON_ = `import platform
import sys


def run(numbers):
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "modules": len(sys.modules),
        "squares": {n: n**2 for n in numbers},
    }
`;

const IMAGE = `"""The Mandelbrot set as a PNG. Bytes get their type from what they hold."""
import struct
import zlib


def run(width=360, height=240):
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows += colour(complex(3.3 * x / width - 2.4, 2.2 * y / height - 1.1))
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    png = b"\\x89PNG\\r\\n\\x1a\\n"
    for kind, data in (b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""):
        png += struct.pack(">I", len(data)) + kind + data
        png += struct.pack(">I", zlib.crc32(kind + data))
    return png


def colour(c, steps=48):
    z = 0j
    for step in range(steps):
        z = z * z + c
        if abs(z) > 2:
            glow = step / steps
            return int(90 * glow**0.5), int(255 * glow**0.5), int(60 + 195 * glow)
    return 10, 20, 16
`;

const AUDIO = `"""A small tune as a WAV file."""
import io
import math
import struct
import wave

RATE = 22_050


def run(notes):
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for note in notes:
            file.writeframes(tone(440 * 2 ** ((note - 69) / 12)))
    return sound.getvalue()


def tone(pitch, seconds=0.3):
    samples = int(RATE * seconds)
    levels = (
        12_000 * math.exp(-4 * n / samples) * math.sin(math.tau * pitch * n / RATE)
        for n in range(samples)
    )
    return b"".join(struct.pack("<h", int(level)) for level in levels)
`;

const TABLE = `"""A pandas frame is shown as a table. Without pandas, so is HTML of one's own."""
import math

try:
    import pandas
except ImportError:
    pandas = None


def run(numbers):
    rows = [{"n": n, "square": n**2, "root": round(math.sqrt(n), 4)} for n in numbers]
    return pandas.DataFrame(rows) if pandas else html(rows)


def html(rows):
    def cells(kind, values):
        return "<tr>" + "".join(f"<{kind}>{value}</{kind}>" for value in values)

    body = "".join(cells("td", row.values()) for row in rows)
    return f"<table>{cells('th', rows[0])}{body}</table>"
`;

const STREAM = `"""What a generator yields is sent as it comes. Press Stop, and it ends here too."""
import time


def run(to):
    for n in range(1, to + 1):
        yield f"{n} of {to}\\n"
        time.sleep(0.25)
`;

const EVENTS = `"""Server-sent events: a page, or any client, hears each as it is made."""
import time


def run(words):
    return sse(events(words))


def events(words):
    for n, word in enumerate(words, 1):
        yield {"n": n, "word": word}
        time.sleep(0.25)
`;

const ERROR = `def run(numerator, denominator):
    return divide(numerator, denominator)


def divide(numerator, denominator):
    return numerator / denominator
`;

const sample = (name, code, kwargs, path) => [name, { ...DEFAULTS, code, kwargs, path }];

/** By what their buttons say. */
export const SAMPLES = new Map([
  sample('Hello', HELLO, '{"name": "world"}', '/hello'),
  sample('JSON', JSON_, '{"numbers": [1, 2, 3]}', '/json'),
  sample('Image', IMAGE, '', '/mandelbrot.png'),
  sample('Audio', AUDIO, '{"notes": [60, 64, 67, 72, 67, 72]}', '/tune.wav'),
  sample('Table', TABLE, '{"numbers": [1, 2, 3, 4, 5, 6]}', '/table'),
  sample('Stream', STREAM, '{"to": 20}', '/count'),
  sample('Events', EVENTS, '{"words": ["as", "they", "come"]}', '/events'),
  sample('Error', ERROR, '{"numerator": 1, "denominator": 0}', '/error'),
]);
