use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde::ser::{Serialize, SerializeMap, SerializeTuple, Serializer};
use serde_json::{Value as Json, json};

use crate::{LiteralError, to_literal};

/// What the writer of literals writes, Python's `ast.literal_eval` reads back: equal, and of the
/// same types. (A NaN has no literal: where one is, `eval` reads it.)
///
/// The bytes are read as a value that may have any shape.
///
/// # Panics
/// When that does not hold, or there is no `python3`.
pub fn literal(data: &[u8]) {
    let value = Reader(data).value(0);
    match to_literal(&value) {
        Ok(text) => Python::compares(&json!([text, value.described()])),
        Err(LiteralError::UnhashableKey(_) | LiteralError::TooDeep) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Deeper than the writer writes.
const DEEPEST: usize = 200;

#[derive(Debug)]
enum Value {
    None,
    Bool(bool),
    Signed(i128),
    Unsigned(u128),
    Float(f64),
    Single(f32),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Tuple(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

/// Makes values of bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte();
        }
        bytes
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes.to_vec()
    }

    fn many<T>(&mut self, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        let count = self.byte() % 8;
        (0..count).map(|_| one(self)).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        let shapes = if depth < DEEPEST { 13 } else { 10 };
        match self.byte() % shapes {
            0 => Value::None,
            1 => Value::Bool(self.byte() % 2 == 1),
            2 => Value::Signed(i128::from_le_bytes(self.take())),
            3 => Value::Signed(i64::from_le_bytes(self.take()).into()),
            4 => Value::Unsigned(u128::from_le_bytes(self.take())),
            5 => Value::Float(f64::from_le_bytes(self.take())),
            6 => Value::Single(f32::from_le_bytes(self.take())),
            7 => Value::Char(char::from_u32(u32::from_le_bytes(self.take())).unwrap_or('\'')),
            8 => Value::Text(String::from_utf8_lossy(&self.bytes()).into_owned()),
            9 => Value::Bytes(self.bytes()),
            10 => Value::List(self.many(|reader| reader.value(depth + 1))),
            11 => Value::Tuple(self.many(|reader| reader.value(depth + 1))),
            _ => Value::Map(self.many(|reader| (reader.value(depth + 1), reader.value(depth + 1)))),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Signed(value) => serializer.serialize_i128(*value),
            Self::Unsigned(value) => serializer.serialize_u128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Single(value) => serializer.serialize_f32(*value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Tuple(values) => {
                let mut tuple = serializer.serialize_tuple(values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_element(value))?;
                tuple.end()
            }
            Self::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                pairs.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl Value {
    /// The value in words that share nothing with the writer.
    fn described(&self) -> Json {
        let all = |values: &[Self]| values.iter().map(Self::described).collect::<Vec<_>>();
        match self {
            Self::None => json!(["none"]),
            Self::Bool(value) => json!(["bool", value]),
            Self::Signed(value) => json!(["int", value.to_string()]),
            Self::Unsigned(value) => json!(["int", value.to_string()]),
            Self::Float(value) => json!(["float", format!("{:016x}", value.to_bits())]),
            Self::Single(value) => {
                json!(["single", [format!("{:08x}", value.to_bits()), value.to_string()]])
            }
            Self::Char(value) => json!(["text", [u32::from(*value)]]),
            Self::Text(value) => json!(["text", value.chars().map(u32::from).collect::<Vec<_>>()]),
            Self::Bytes(value) => json!(["bytes", value]),
            Self::List(values) => json!(["list", all(values)]),
            Self::Tuple(values) => json!(["tuple", all(values)]),
            Self::Map(pairs) => {
                let pair = |(key, value): &(Self, Self)| [key.described(), value.described()];
                json!(["dict", pairs.iter().map(pair).collect::<Vec<_>>()])
            }
        }
    }
}

/// A Python that lives on: it reads a literal and a description on each line, and says whether
/// they are one value.
struct Python {
    _child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
}

static PYTHON: Mutex<Option<Python>> = Mutex::new(None);

const COMPARE: &str = "
import ast, json, struct, sys

sys.setrecursionlimit(10000)

def made(kind, value=None):
    match kind:
        case 'none': return None
        case 'int': return int(value)
        case 'float': return struct.unpack('>d', bytes.fromhex(value))[0]
        case 'single': return single(*value)
        case 'text': return ''.join(map(chr, value))
        case 'bytes': return bytes(value)
        case 'list': return [made(*one) for one in value]
        case 'tuple': return tuple(made(*one) for one in value)
        case 'dict': return {made(*key): made(*one) for key, one in value}
    return value

def single(bits, digits):
    # Python has doubles: the one that is written with the fewest digits that mean the single.
    double = float(digits)
    assert double != double or struct.pack('>f', double).hex() == bits
    return double

def same(mine, theirs):
    if type(mine) is not type(theirs):
        return False
    if type(mine) in (list, tuple):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    if type(mine) is dict:
        return len(mine) == len(theirs) and all(
            same(a, b) and same(mine[a], theirs[b]) for a, b in zip(mine, theirs))
    return repr(mine) == repr(theirs)

for line in sys.stdin:
    literal, description = json.loads(line)
    theirs = made(*description)
    try:
        mine = ast.literal_eval(literal)
    except ValueError:
        # In a text the quotes would be escaped.
        is_nan = \"float('nan')\" in literal
        mine = eval(literal, {'__builtins__': {'float': float}}) if is_nan else 'no literal'
    print('same' if same(mine, theirs) else ascii((mine, theirs)), flush=True)
";

impl Python {
    #[allow(clippy::disallowed_methods, reason = "the property is about what Python reads")]
    fn start() -> Self {
        let mut python = Command::new("python3");
        python.args(["-I", "-W", "ignore", "-c", COMPARE]);
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (asks, says) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, asks, says: BufReader::new(says) }
    }

    #[allow(clippy::significant_drop_tightening, reason = "one question at a time")]
    fn compares(question: &Json) {
        let mut python = PYTHON.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let python = python.get_or_insert_with(Self::start);
        writeln!(python.asks, "{question}").unwrap();
        let mut answer = String::new();
        python.says.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim_end(), "same", "{question}");
    }
}
