//! Writes stubs in Haskell, on the package owt.

use std::fmt::Write as _;

use owt_core::{Catalogue, FunctionInfo, ParameterInfo};
use serde_json::Value;

use super::shape::Shape;
use super::types::{Fields, Types, pascal, texts, wished, without_none};

const HEAD: &str = include_str!("haskell_head.txt");

const KEYWORDS: [&str; 24] = [
    "as", "case", "class", "data", "default", "deriving", "do", "else", "family", "forall",
    "foreign", "hiding", "if", "import", "in", "infix", "instance", "let", "module", "newtype",
    "of", "then", "type", "where",
];

pub(super) fn stubs(catalogue: &Catalogue) -> String {
    let (mut types, mut names) = (Types::default(), Types::default());
    let mut text = HEAD.to_owned();
    for function in &catalogue.functions {
        write_function(&mut text, function, &mut types, &mut names);
    }
    let (mut index, mut constructors) = (0, Types::default());
    while let Some((name, shape)) = types.get(index) {
        index += 1;
        match &shape {
            Shape::Object(fields) => {
                constructors.free(&name);
                write_record(&mut text, &name, fields, &mut types, &mut names);
            }
            choice => {
                let choices = texts(choice).unwrap_or_default();
                write_choice(&mut text, &name, &choices, &mut constructors);
            }
        }
    }
    text
}

fn write_function(
    text: &mut String,
    function: &FunctionInfo,
    types: &mut Types,
    names: &mut Types,
) {
    let short = function.name.rsplit('.').next().unwrap_or_default();
    let name = names.free(&identifier(&camel(&function.name)));
    let more = function.more_positions();
    let is_placed = |one: &ParameterInfo| more.is_some() && one.kind != "keyword_only";
    let mut variables = Types::default();
    let client = variables.free("client'");
    let (mut kinds, mut given) = (vec!["Owt.OwtClient".to_owned()], vec![client.clone()]);
    let (mut placed, mut named) = (Vec::new(), Vec::new());
    let positions = function.named().filter(|one| is_placed(one)).chain(more);
    let others = function.named().filter(|one| !is_placed(one)).chain(function.more_names());
    for one in positions.chain(others) {
        let variable = variables.free(&identifier(&camel(&one.name)));
        let shape = Shape::of(&one.schema);
        let kind = kind(&shape, &wished(&one.hint, short, &one.name), types);
        let value = |variable: &str| match shape {
            Shape::Bytes => format!("Owt.PyBytes {variable}"),
            _ => format!("Owt.toPython {variable}"),
        };
        let literal = quoted(&one.name);
        match one.kind.as_str() {
            "var_positional" => {
                kinds.push(format!("[{kind}]"));
                placed.push(format!("[{} | one' <- {variable}]", value("one'")));
            }
            "var_keyword" => {
                kinds.push("[(Text.Text, Owt.Python)]".to_owned());
                named.push(variable.clone());
            }
            // What stands behind it has no place without it.
            _ if is_placed(one) => {
                kinds.push(kind);
                placed.push(format!("[{}]", value(&variable)));
            }
            _ if one.required => {
                kinds.push(kind);
                named.push(format!("[({literal}, {})]", value(&variable)));
            }
            _ => {
                let is_null = one.default == Some(Value::Null) && kind.starts_with("Maybe ");
                kinds.push(if is_null { kind } else { format!("Maybe {}", inner(&kind)) });
                named.push(format!("[({literal}, {}) | Just one' <- [{variable}]]", value("one'")));
            }
        }
        given.push(variable);
    }
    let kwargs = match (more, named.is_empty()) {
        (None, true) => "Owt.noKwargs".to_owned(),
        (None, false) => format!("(Owt.named ({}))", named.join(" <> ")),
        (Some(_), true) => format!("(Owt.positional ({}))", placed.join(" <> ")),
        (Some(_), false) => {
            format!("(Owt.positionalAndNamed ({}) ({}))", placed.join(" <> "), named.join(" <> "))
        }
    };
    let called = quoted(&function.name);
    let (result, call) = if function.streams {
        (
            "Conduit.ConduitT i ByteString.ByteString m ()".to_owned(),
            format!("Owt.runOwtStream @Owt.POST (Owt.function {called} {kwargs}) {client}"),
        )
    } else {
        let shape = Shape::of(&function.returns.schema);
        let answered = match &shape {
            shape if shape.has_bytes() => "ByteString.ByteString".to_owned(),
            shape => kind(shape, &wished(&function.returns.hint, short, "result"), types),
        };
        // A text comes as it is, also where JSON is asked for; a date comes as JSON.
        let is_itself = shape.has_bytes() || shape == Shape::Nothing;
        let read = if is_itself { "" } else { "Owt.jsonOrText <$> " };
        let call = format!("{read}Owt.owtFn @Owt.POST {called} {kwargs} {client}");
        (format!("IO {}", inner(&answered)), call)
    };
    let context = if function.streams { "Resource.MonadResource m => " } else { "" };
    text.push('\n');
    write_doc(text, &function.doc);
    let _ = writeln!(text, "{name} :: {context}{} -> {result}", kinds.join(" -> "));
    let _ = writeln!(text, "{name} {} =\n  {call}", given.join(" "));
}

/// As comments, of which Haddock reads nothing but the text.
fn write_doc(text: &mut String, doc: &str) {
    for (at, line) in doc.trim().lines().enumerate() {
        let mut escaped = String::new();
        for letter in line.chars() {
            if "\\/'`\"@<>$#".contains(letter) {
                escaped.push('\\');
            }
            escaped.push(letter);
        }
        let mark = if at == 0 { "-- |" } else { "--" };
        let _ = writeln!(text, "{}", format!("{mark} {escaped}").trim_end());
    }
}

fn kind(shape: &Shape, wish: &str, types: &mut Types) -> String {
    match shape {
        Shape::Anything => "Json.Value".to_owned(),
        Shape::Nothing => "()".to_owned(),
        Shape::Boolean => "Bool".to_owned(),
        Shape::Integer => "Integer".to_owned(),
        Shape::Number => "Double".to_owned(),
        Shape::Text | Shape::Written(_) => "Text.Text".to_owned(),
        Shape::Bytes => "ByteString.ByteString".to_owned(),
        Shape::OneOf(_) if texts(shape).is_some() => types.name(shape, wish),
        Shape::OneOf(values) if values.iter().all(Value::is_i64) => "Integer".to_owned(),
        Shape::OneOf(values) if values.iter().all(Value::is_boolean) => "Bool".to_owned(),
        Shape::OneOf(_) => "Json.Value".to_owned(),
        Shape::List(item) => format!("[{}]", within(item, wish, types)),
        // aeson has no longer ones.
        Shape::Tuple(items) if (2..=15).contains(&items.len()) => {
            let items: Vec<_> = items.iter().map(|item| within(item, wish, types)).collect();
            format!("({})", items.join(", "))
        }
        Shape::Tuple(_) => "[Json.Value]".to_owned(),
        Shape::Map(value) => format!("Map.Map Text.Text {}", inner(&within(value, wish, types))),
        Shape::Object(_) => types.name(shape, wish),
        Shape::Any(kinds) => match without_none(kinds) {
            (true, Some(one)) => format!("Maybe {}", inner(&within(one, wish, types))),
            _ => "Json.Value".to_owned(),
        },
    }
}

/// A part of something else, where bytes are base64.
fn within(shape: &Shape, wish: &str, types: &mut Types) -> String {
    match shape {
        Shape::Bytes => "Text.Text".to_owned(),
        shape => kind(shape, wish, types),
    }
}

/// A type as an argument of another.
fn inner(kind: &str) -> String {
    let is_one = !kind.contains(' ') || kind.starts_with(['[', '(']);
    if is_one { kind.to_owned() } else { format!("({kind})") }
}

fn write_record(
    text: &mut String,
    name: &str,
    fields: &Fields,
    types: &mut Types,
    names: &mut Types,
) {
    let (mut members, mut written, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for (field, shape, required) in fields {
        let wish = format!("{name}{}", pascal(field));
        let member = names.free(&identifier(&camel(&format!("{name}.{field}"))));
        let kind = within(shape, &wish, types);
        let kind = if *required { kind } else { format!("Maybe {}", inner(&kind)) };
        let literal = quoted(field);
        members.push(format!("{member} :: {kind}"));
        if *required {
            written.push(format!("[{literal} .= {member} value]"));
            read.push(format!("object .: {literal}"));
        } else {
            written.push(format!("[{literal} .= one | Just one <- [{member} value]]"));
            read.push(format!("object .:? {literal}"));
        }
    }
    let written = if written.is_empty() { "[]".to_owned() } else { written.join(" <> ") };
    let read = match read.is_empty() {
        true => format!("pure {name}"),
        false => format!("{name} <$> {}", read.join(" <*> ")),
    };
    let members = match members.is_empty() {
        true => String::new(),
        false => format!("\n  {{ {}\n  }}", members.join(",\n    ")),
    };
    let _ = write!(
        text,
        "\ndata {name} = {name}{members}\n  deriving (Eq, Show)\n\n\
         instance Json.ToJSON {name} where\n  toJSON value = Json.object ({written})\n\n\
         instance Json.FromJSON {name} where\n  parseJSON = Json.withObject \"{name}\" (\\object -> {read})\n"
    );
}

fn write_choice(text: &mut String, name: &str, choices: &[&str], constructors: &mut Types) {
    let own: Vec<_> = choices
        .iter()
        .map(|choice| (constructors.free(&format!("{name}{}", pascal(choice))), quoted(choice)))
        .collect();
    let names: Vec<_> = own.iter().map(|(constructor, _)| constructor.as_str()).collect();
    let _ = write!(
        text,
        "\ndata {name} = {}\n  deriving (Eq, Ord, Show)\n\ninstance Json.ToJSON {name} where\n  \
         toJSON value = Json.String $ case value of\n",
        names.join(" | ")
    );
    for (constructor, choice) in &own {
        let _ = writeln!(text, "    {constructor} -> {choice}");
    }
    let _ = write!(
        text,
        "\ninstance Json.FromJSON {name} where\n  parseJSON = Json.withText \"{name}\" $ \\text -> \
         case text of\n"
    );
    for (constructor, choice) in &own {
        let _ = writeln!(text, "    {choice} -> pure {constructor}");
    }
    text.push_str(
        "    _ -> fail \"it is none of the values that were there when this was written\"\n",
    );
}

/// A literal of Haskell.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => literal.extend(['\\', letter]),
            ' '..='~' => literal.push(letter),
            // The empty escape ends the number.
            other => {
                let _ = write!(literal, "\\{}\\&", u32::from(other));
            }
        }
    }
    literal + "\""
}

/// `tools.day_of` as `toolsDayOf`.
fn camel(name: &str) -> String {
    let whole = pascal(name);
    let mut letters = whole.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

fn identifier(name: &str) -> String {
    let is_begun = name.chars().next().is_some_and(char::is_alphabetic);
    if !is_begun {
        return format!("n{name}");
    }
    if KEYWORDS.contains(&name) { format!("{name}'") } else { name.to_owned() }
}
