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

const IMAGE = `"""The Mandelbrot set. Bytes tell their own type."""
import struct
import zlib

def run(width=360, height=240):
    rows = bytearray()
    for y in range(height):
        rows.append(0)  # no filter
        for x in range(width):
            real = 3.3 * x / width - 2.4
            imag = 2.2 * y / height - 1.1
            rows += colour(complex(real, imag))
    return png(width, height, rows)

def colour(point, steps=48):
    z = 0j
    for step in range(steps):
        z = z * z + point
        if abs(z) > 2:
            glow = ((step + 1) / steps) ** 0.4
            return bytes(int(c * glow) for c in (90, 250, 180))
    return bytes([13, 43, 29])

def png(width, height, rows):
    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    parts = [b"IHDR" + head, b"IDAT" + zlib.compress(rows), b"IEND"]
    chunks = [
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in parts
    ]
    return b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(chunks)
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

const TABLE = `"""A pandas frame is shown as a table."""
import math

try:
    import pandas
except ImportError:
    pandas = None  # then the table is HTML

def run(numbers):
    rows = [
        {"n": n, "square": n**2, "root": round(math.sqrt(n), 4)}
        for n in numbers
    ]
    return pandas.DataFrame(rows) if pandas else html(rows)

def html(rows):
    lines = [rows[0], *(row.values() for row in rows)]
    return f"<table>{''.join(map(line, lines))}</table>"

def line(cells):
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells)
`;

const STREAM = `"""A generator streams. Press Stop, and it ends here too."""
import time

def run(to):
    for n in range(1, to + 1):
        yield f"{n} of {to}\\n"
        time.sleep(0.25)
`;

const EVENTS = `"""Server-sent events: a client hears each as it is made."""
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

const sample = (name, what, code, kwargs, path) => [
  name,
  { what, call: { ...DEFAULTS, code, kwargs, path } },
];

/** By their names: `what` each is, and the `call`. */
export const SAMPLES = new Map([
  sample('Hello', 'A function with an argument', HELLO, '{"name": "world"}', '/hello'),
  sample('JSON', 'Dicts and lists come as JSON', JSON_, '{"numbers": [1, 2, 3]}', '/json'),
  sample('Image', 'Bytes tell their own type', IMAGE, '', '/mandelbrot.png'),
  sample(
    'Audio',
    'A tune as a WAV file',
    AUDIO,
    '{"notes": [60, 64, 67, 72, 67, 72]}',
    '/tune.wav',
  ),
  sample('Table', 'A pandas frame, or HTML', TABLE, '{"numbers": [1, 2, 3, 4, 5, 6]}', '/table'),
  sample('Stream', 'Text as it is yielded', STREAM, '{"to": 20}', '/count'),
  sample('Events', 'Server-sent events', EVENTS, '{"words": ["as", "they", "come"]}', '/events'),
  sample(
    'Error',
    'An exception and its line',
    ERROR,
    '{"numerator": 1, "denominator": 0}',
    '/error',
  ),
]);
