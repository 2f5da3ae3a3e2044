//! §5, JSON: what a worker writes natively is what Python's own encoder writes, byte for byte.

use owt_testing::Owt;

/// Writes a value both ways; gives the text, or how they differ.
const BOTH: &str = r#"
import collections, datetime, decimal, enum, fractions, math, random, struct, types, uuid
from owt import _json
from owt._unknown import Unknown

def told(write, value):
    try:
        return write(value).decode()
    except Unknown as refused:
        return f"refused: {refused}"

def both(value):
    native, own = told(_json._write, value), told(_json._written, value)
    assert _json._write is not _json._written
    if native != own:
        raise AssertionError(f"{native[:2000]!r} is not {own[:2000]!r}")
    return native
"#;

#[test]
fn floats_of_all_magnitudes() {
    let owt = Owt::start();
    let code = format!(
        "{BOTH}
def run(seed, count):
    pick = random.Random(seed)
    floats = [struct.unpack('d', pick.randbytes(8))[0] for _ in range(count)]
    floats += [pick.choice((1, -1)) * pick.random() * 10.0 ** pick.randrange(-8, 20) for _ in range(count)]
    floats += [float(f'{{pick.randrange(1, 1000)}}e{{pick.randrange(-30, 30)}}') for _ in range(count)]
    floats += [s * math.ldexp(1, e) for e in range(-1074, 1024) for s in (1, -1)]
    floats += [f(10.0 ** e) for e in range(-323, 309) for f in (lambda x: x, lambda x: math.nextafter(x, 0))]
    both(floats)
    import numpy
    wide, slim = numpy.array(floats), numpy.array(floats, dtype='f8').astype('f4')
    for array in (wide, slim, wide.reshape(-1, 2), wide[::3], wide.astype('>f8'), slim.astype('f2')):
        both(array)
    return len(floats)
"
    );
    for seed in 0..4 {
        let sent = owt.code(&code).kwargs(&format!("{{'seed': {seed}, 'count': 20_000}}"));
        assert_eq!(sent.post("/").ok(), "65460");
    }
}

#[test]
fn values_of_all_kinds_in_one_another() {
    let owt = Owt::start();
    let code = format!(
        "{BOTH}
class Colour(enum.Enum): RED = ['r', 1]
Pair = collections.namedtuple('Pair', 'left right')
class Listed:
    def __init__(self, items): self.items = items
    def tolist(self): return self.items

def text(pick):
    letters = 'a\"\\\\/\\n\\r\\t\\b\\f\\0\\x1f\\x7fé€\\u2028\\U0001f600' + ('\\ud800' if pick.random() < 0.05 else '')
    return ''.join(pick.choice(letters) for _ in range(pick.randrange(40)))

def leaf(pick):
    return pick.choice((
        lambda: text(pick), lambda: pick.randrange(-2**70, 2**70), lambda: pick.randrange(-300, 300),
        lambda: pick.uniform(-1e6, 1e6), lambda: pick.choice((True, False, None, math.nan, math.inf, -0.0)),
        lambda: datetime.datetime(2024, 1, 2, 3, 4, 5, pick.randrange(10**6)), lambda: Colour.RED,
        lambda: decimal.Decimal('1.50'), lambda: fractions.Fraction(1, 3), lambda: uuid.UUID(int=7),
        lambda: ValueError('why'), lambda: range(pick.randrange(4)), lambda: 10 ** 5000,
        lambda: object() if pick.random() < 0.02 else b'raw' if pick.random() < 0.02 else 0,
    ))()

def value(pick, depth):
    if depth > 4 or pick.random() < 0.3:
        return leaf(pick)
    items = [value(pick, depth + 1) for _ in range(pick.randrange(5))]
    named = {{pick.choice((text(pick), 'k')): item for item in items}}
    return pick.choice((
        lambda: items, lambda: tuple(items), lambda: named, lambda: dict(enumerate(items)),
        lambda: {{1: items, '1': 2}} if pick.random() < 0.05 else {{1: items}},
        lambda: collections.deque(items), lambda: collections.OrderedDict(named),
        lambda: types.SimpleNamespace(held=items), lambda: Pair(items, named), lambda: Listed(items),
        lambda: collections.ChainMap(named), lambda: set(range(len(items))), lambda: {{}}, lambda: [],
    ))()

def run(seed):
    pick = random.Random(seed)
    refused = sum(both(value(pick, 0)).startswith('refused') for _ in range(500))
    endless = []
    endless.append({{'in': endless}})
    assert 'nested deeper' in both(endless)
    return refused > 0
"
    );
    for seed in 0..4 {
        let sent = owt.code(&code).kwargs(&format!("{{'seed': {seed}}}"));
        assert_eq!(sent.post("/").ok(), "True", "seed {seed}");
    }
}

#[test]
fn arrays_and_frames() {
    let owt = Owt::start();
    let code = format!(
        "{BOTH}
import numpy as np, pandas as pd, polars as pl

def arrays():
    for kind in ('?', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', '>i4', '>u8'):
        low, high = (0, 2) if kind == '?' else (-120, 120) if 'u' not in kind else (0, 250)
        for shape in ((), (0,), (1,), (7,), (3, 0), (0, 3), (2, 3), (2, 3, 1), (1, 2, 3, 4)):
            array = np.random.default_rng(1).integers(low, high, shape).astype(kind)
            yield array
            if array.ndim > 1:
                yield from (array.T, array[::-1, ::2], np.asfortranarray(array))
    yield np.array([np.iinfo('i8').min, np.iinfo('i8').max])
    yield np.array([np.iinfo('u8').max], dtype='u8')
    yield np.ma.masked_array([1.5, 2.5, math.nan], mask=[0, 1, 0])
    yield np.array([(1, [1.5, math.inf]), (2, [0.0, 1.0])], dtype=[('a', 'i4'), ('b', 'f4', 2)])
    yield np.array(['a', 'é'])
    yield np.array([1, 'x', None], dtype=object)

def frames():
    rows = 20_000
    numbers = np.arange(rows) / 7
    many = {{'i': np.arange(rows), 'f': np.where(numbers % 2 > 1.5, np.nan, numbers), 'b': numbers > 9,
            's': [f'text \"{{i}}\" é' for i in range(rows)]}}
    yield pd.DataFrame(many)
    yield pd.DataFrame({{**many, 'd': pd.date_range('2024', periods=rows, freq='s', tz='Europe/Berlin'),
                        'c': pd.Categorical(['x', 'y'] * (rows // 2)),
                        'n': pd.array([1, None] * (rows // 2), dtype='Int64')}})
    yield pl.DataFrame(many).with_columns(
        pl.Series('l', [[1.5, None]] * rows), pl.Series('t', [datetime.timedelta(1)] * rows),
        pl.Series('r', [{{'x': 1, 'y': [None]}}] * rows))
    yield pl.LazyFrame({{'a': [1, None], 'b': [math.nan, 2.0]}})
    yield pd.DataFrame({{('a', 'x'): [1, 2], ('a', 'y'): [1.5, 2.5], ('b', ''): [True, False]}})
    yield pd.DataFrame({{1: [1], 'é\"': [2]}}, index=pd.Index(['row'], name='key'))
    yield from (pd.DataFrame(), pd.DataFrame(index=range(3)), pl.DataFrame(), pd.DataFrame({{'a': []}}))
    yield pd.Series([1.5, 2.5], index=['a', 'b'])
    yield pd.DataFrame({{'a': [1, 2], 'bad': [1, b'raw']}})
    yield pd.DataFrame({{('o', 'bad'): [1, 1j], ('o', 'good'): [1, 2]}})
    yield pl.DataFrame({{'bad': [b'raw']}})

def run():
    made = [*arrays(), *frames()]
    return sum(len(both(value)) > 0 and len(both({{'in': [value]}})) > 0 for value in made) == len(made)
"
    );
    assert_eq!(owt.code(&code).post("/").ok(), "True");
}

#[test]
fn an_int_of_any_size_has_all_its_digits() {
    let owt = Owt::start();
    let digits = "123456789".repeat(1000);
    let code = format!("lambda: [int('{}', 36)]", "z".repeat(4000));
    let answer = owt.code(&code).post("/");
    let whole = answer.ok().trim_matches(['[', ']']);
    assert!(whole.len() == 6226 && whole.bytes().all(|byte| byte.is_ascii_digit()), "{whole}");
    let code = "import decimal\ndef run(n): return int(decimal.Decimal(n))";
    assert_eq!(owt.code(code).kwargs(&format!("{{'n': '{digits}'}}")).post("/").ok(), digits);
    let code = "import decimal\ndef run(n): return {int(decimal.Decimal(n)): 1}";
    let sent = owt.code(code).kwargs(&format!("{{'n': '{digits}'}}"));
    assert_eq!(sent.post("/").ok(), format!("{{\"{digits}\":1}}"));
}

/// What writes natively holds the interpreter's lock for a piece at a time.
#[test]
fn others_run_while_much_is_written() {
    let owt = Owt::start();
    let code = format!(
        "{BOTH}
import threading, time, numpy

def turns_beside(value):
    turns, over = 0, False
    def take_turns():
        nonlocal turns
        while not over:
            time.sleep(0.001)
            turns += 1
    other = threading.Thread(target=take_turns)
    other.start()
    _json.encoded(value)
    over = True
    other.join()
    return turns

def run():
    floats = [0.1234567] * 1_000_000
    rows = [{{'a': i, 'b': 'text', 'c': [1.5, None]}} for i in range(150_000)]
    return [turns_beside(value) for value in (floats, rows, numpy.array(floats))]
"
    );
    let turns: Vec<u32> = serde_json::from_value(owt.code(&code).post("/").json()).unwrap();
    assert!(turns.iter().all(|turns| *turns >= 5), "{turns:?}");
}
