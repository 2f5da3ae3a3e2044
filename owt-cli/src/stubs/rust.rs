//! Writes stubs in Rust, on owt-client.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owt_core::{Catalogue, FunctionInfo, ParameterInfo};
use serde_json::Value;

use super::shape::Shape;
use super::types::{Fields, Types, pascal, texts, wished, without_none};

const HEAD: &str = include_str!("rust_head.txt");

/// Those of all editions, and what may become one.
const KEYWORDS: [&str; 49] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield",
];

pub(super) fn stubs(catalogue: &Catalogue) -> String {
    let mut modules: BTreeMap<&str, Vec<&FunctionInfo>> = BTreeMap::new();
    for function in &catalogue.functions {
        modules.entry(&function.module).or_default().push(function);
    }
    let mut types = Types::default();
    for taken in ["Base64", "BTreeMap", "Bytes", "Client", "Error", "Map", "Option", "PyBytes"] {
        types.free(taken);
    }
    for taken in ["ReplyStream", "Result", "Serialize", "Deserialize", "String", "Value", "Vec"] {
        types.free(taken);
    }
    let mut text = HEAD.to_owned();
    for (module, functions) in modules {
        let name = identifier(&module.replace('.', "_"));
        let _ = writeln!(
            text,
            "\n/// The functions of `{module}`.\npub mod {name} {{\n    use super::*;"
        );
        for function in functions {
            write_function(&mut text, function, &mut types);
        }
        text += "}\n";
    }
    let mut index = 0;
    while let Some((name, shape)) = types.get(index) {
        index += 1;
        match &shape {
            Shape::Object(fields) => write_struct(&mut text, &name, fields, &mut types),
            choice => write_enum(&mut text, &name, &texts(choice).unwrap_or_default()),
        }
    }
    text
}

fn write_function(text: &mut String, function: &FunctionInfo, types: &mut Types) {
    let name = function.name.rsplit('.').next().unwrap_or_default();
    let client = local("client", function);
    let call = local("call", function);
    let more = function.more_positions();
    let is_placed = |one: &ParameterInfo| more.is_some() && one.kind != "keyword_only";
    let mut head = format!("{client}: &Client");
    let mut body = String::new();
    let positions = function.named().filter(|one| is_placed(one)).chain(more);
    let others = function.named().filter(|one| !is_placed(one)).chain(function.more_names());
    for one in positions.chain(others) {
        let variable = identifier(&one.name);
        let shape = Shape::of(&one.schema);
        let kind = taken(&shape, &wished(&one.hint, name, &one.name), types);
        let value =
            if shape == Shape::Bytes { format!("PyBytes({variable})") } else { variable.clone() };
        let (kind, added) = match one.kind.as_str() {
            "var_positional" => {
                let item = if shape == Shape::Bytes { "PyBytes(one)" } else { "one" };
                let all = format!("for one in {variable} {{ {call} = {call}.arg({item}); }}");
                (format!("Vec<{kind}>"), all)
            }
            "var_keyword" => {
                let all = format!(
                    "for (name, one) in {variable} {{ {call} = {call}.named(name, one); }}"
                );
                ("Map<String, Value>".to_owned(), all)
            }
            // What stands behind it has no place without it.
            _ if is_placed(one) => (kind, format!("{call} = {call}.arg({value});")),
            _ if one.required => (kind, format!("{call} = {call}.named({:?}, {value});", one.name)),
            _ => {
                let is_null = one.default == Some(Value::Null) && kind.starts_with("Option<");
                let kind = if is_null { kind } else { format!("Option<{kind}>") };
                let some = format!(
                    "if let Some({variable}) = {variable} {{ {call} = {call}.named({:?}, {value}); }}",
                    one.name
                );
                (kind, some)
            }
        };
        let _ = write!(head, ", {variable}: {kind}");
        let _ = writeln!(body, "        {added}");
    }
    let (kind, asked) = if function.streams {
        ("ReplyStream<Bytes>".to_owned(), format!("{call}.stream().await"))
    } else {
        given(&Shape::of(&function.returns.schema), &function.returns.hint, name, &call, types)
    };
    text.push('\n');
    write_doc(text, &function.doc);
    let declared = if body.is_empty() { "let" } else { "let mut" };
    let _ = write!(
        text,
        "    pub async fn {}({head}) -> Result<{kind}, Error> {{\n        {declared} {call} = \
         {client}.function({:?});\n{body}        {asked}\n    }}\n",
        identifier(name),
        function.name,
    );
}

/// The type of what is answered, and how it is asked for.
fn given(
    shape: &Shape,
    hint: &str,
    function: &str,
    call: &str,
    types: &mut Types,
) -> (String, String) {
    match shape {
        Shape::Nothing => {
            ("()".to_owned(), format!("{call}.send().await?.success().await.map(drop)"))
        }
        shape if shape.has_bytes() => ("Bytes".to_owned(), format!("{call}.bytes().await")),
        shape => {
            let kind = held(shape, &wished(hint, function, "result"), types);
            (kind, format!("{call}.value().await"))
        }
    }
}

/// The first paragraph, and the rest as it is laid out: no part of it is a program of Rust.
fn write_doc(text: &mut String, doc: &str) {
    let (first, rest) = doc.trim().split_once("\n\n").unwrap_or((doc.trim(), ""));
    for line in first.lines() {
        let _ = writeln!(text, "{}", format!("    /// {}", line.trim()).trim_end());
    }
    if rest.trim().is_empty() {
        return;
    }
    text.push_str("    ///\n    /// ````text\n");
    for line in rest.trim_end().lines() {
        let _ = writeln!(text, "{}", format!("    /// {}", line.replace("````", "```")).trim_end());
    }
    text.push_str("    /// ````\n");
}

/// The type of an argument: what it holds is lent where that is as easy to give.
fn taken(shape: &Shape, wish: &str, types: &mut Types) -> String {
    match shape {
        Shape::Text | Shape::Written(_) => "&str".to_owned(),
        Shape::Bytes => "&[u8]".to_owned(),
        Shape::Any(kinds) => match without_none(kinds) {
            (true, Some(Shape::Text | Shape::Written(_))) => "Option<&str>".to_owned(),
            _ => held(shape, wish, types),
        },
        shape => held(shape, wish, types),
    }
}

/// The type of a value that is held.
fn held(shape: &Shape, wish: &str, types: &mut Types) -> String {
    match shape {
        Shape::Anything => "Value".to_owned(),
        Shape::Nothing => "()".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Integer => "i64".to_owned(),
        Shape::Number => "f64".to_owned(),
        Shape::Text | Shape::Written(_) => "String".to_owned(),
        Shape::Bytes => "Base64".to_owned(),
        Shape::OneOf(_) if texts(shape).is_some() => types.name(shape, wish),
        Shape::OneOf(values) if values.iter().all(Value::is_i64) => "i64".to_owned(),
        Shape::OneOf(values) if values.iter().all(Value::is_boolean) => "bool".to_owned(),
        Shape::OneOf(_) => "Value".to_owned(),
        Shape::List(item) => format!("Vec<{}>", held(item, wish, types)),
        // serde has no longer ones.
        Shape::Tuple(items) if (1..=16).contains(&items.len()) => {
            let items: Vec<_> = items.iter().map(|item| held(item, wish, types)).collect();
            let mark = if items.len() == 1 { "," } else { "" };
            format!("({}{mark})", items.join(", "))
        }
        Shape::Tuple(_) => "Vec<Value>".to_owned(),
        Shape::Map(value) => format!("BTreeMap<String, {}>", held(value, wish, types)),
        Shape::Object(_) => types.name(shape, wish),
        Shape::Any(kinds) => match without_none(kinds) {
            (true, Some(one)) => format!("Option<{}>", held(one, wish, types)),
            _ => "Value".to_owned(),
        },
    }
}

fn write_struct(text: &mut String, name: &str, fields: &Fields, types: &mut Types) {
    let _ = writeln!(
        text,
        "\n#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]\npub struct {name} {{"
    );
    let mut members = Types::default();
    for (field, shape, required) in fields {
        let kind = held(shape, &format!("{name}{}", pascal(field)), types);
        let kind = if *required { kind } else { format!("Option<{kind}>") };
        let more =
            if *required { "" } else { ", default, skip_serializing_if = \"Option::is_none\"" };
        let own = identifier(&members.free(&word(field)));
        let _ = writeln!(
            text,
            "    #[serde(rename = {}{more})]\n    pub {own}: {kind},",
            format_args!("{field:?}")
        );
    }
    text.push_str("}\n");
}

fn write_enum(text: &mut String, name: &str, choices: &[&str]) {
    let _ = writeln!(
        text,
        "\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]\npub enum {name} {{"
    );
    let mut variants = Types::default();
    for choice in choices {
        let variant = pascal(choice);
        let is_name = variant.chars().next().is_some_and(char::is_alphabetic);
        let variant = if is_name { variant } else { format!("Value{variant}") };
        let variant = variants.free(if variant == "Self" { "Self_" } else { &variant });
        let _ =
            writeln!(text, "    #[serde(rename = {})]\n    {variant},", format_args!("{choice:?}"));
    }
    text.push_str("}\n");
}

/// A name of the function's body that none of its parameters has.
fn local(wished: &str, function: &FunctionInfo) -> String {
    let mut name = wished.to_owned();
    while function.parameters.iter().any(|one| one.name == name) {
        name.push('_');
    }
    name
}

/// A member's name as an identifier: what cannot be in one is `_`.
fn word(name: &str) -> String {
    let word: String =
        name.chars().map(|one| if one.is_alphanumeric() { one } else { '_' }).collect();
    let is_begun = word.chars().next().is_some_and(|one| one.is_alphabetic() || one == '_');
    if is_begun { word } else { format!("_{word}") }
}

fn identifier(name: &str) -> String {
    match name {
        "self" | "Self" | "super" | "crate" | "_" => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}
