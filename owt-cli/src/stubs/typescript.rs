//! Writes stubs in TypeScript, on `fetch` alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owt_core::{Catalogue, FunctionInfo, ParameterInfo};
use serde_json::{Value, json};

use super::shape::Shape;

const HEAD: &str = include_str!("head.ts");

pub(super) fn stubs(catalogue: &Catalogue) -> String {
    let mut modules: BTreeMap<&str, Vec<&FunctionInfo>> = BTreeMap::new();
    for function in &catalogue.functions {
        modules.entry(&function.module).or_default().push(function);
    }
    let mut text = HEAD.to_owned();
    for (module, functions) in modules {
        let _ = writeln!(text, "\n  readonly {} = {{", quoted(module));
        for function in functions {
            write_function(&mut text, function);
        }
        text += "  };\n";
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

fn write_function(text: &mut String, function: &FunctionInfo) {
    if !function.doc.is_empty() {
        text.push_str("    /**\n");
        for line in function.doc.lines() {
            let line = line.replace("*/", "*\u{200b}/");
            let _ = writeln!(text, "{}", format!("     * {line}").trim_end());
        }
        text.push_str("     */\n");
    }
    let (name, path) = (quoted(&name_of(function)), quoted(&function.url_path()));
    let more = function.more_positions();
    let (parameter, body) = arguments(function, more);
    let options = "options: Options = {}";
    let parameters =
        if parameter.is_empty() { options.to_owned() } else { format!("{parameter}, {options}") };
    let (kind, method) = if function.streams {
        ("AsyncIterable<string>".to_owned(), "stream")
    } else {
        let shape = Shape::of(&function.returns.schema);
        let method = if shape.has_bytes() { "bytes" } else { "value" };
        (format!("Promise<{}>", given(&shape)), method)
    };
    let _ = writeln!(
        text,
        "    {name}: ({parameters}): {kind} =>\n      this.{method}({path}, {body}, options),"
    );
}

fn name_of(function: &FunctionInfo) -> String {
    function.name.rsplit('.').next().unwrap_or_default().to_owned()
}

/// The parameter of the stub, and the body that is sent.
fn arguments(function: &FunctionInfo, more: Option<&ParameterInfo>) -> (String, &'static str) {
    let named = object(function);
    let has_required = function.named().any(|parameter| parameter.required);
    match more {
        None if function.parameters.is_empty() => (String::new(), "{}"),
        None if has_required => (format!("args: {named}"), "args"),
        None => (format!("args: {named} = {{}}"), "args"),
        Some(more) => {
            let kind = taken(&Shape::of(&more.schema));
            let kwargs =
                if has_required { format!("kwargs: {named}") } else { format!("kwargs?: {named}") };
            let rest = format!("args: {{ args: readonly ({kind})[]; {kwargs} }}");
            (rest, "args")
        }
    }
}

fn object(function: &FunctionInfo) -> String {
    let one = |parameter: &ParameterInfo| {
        let mark = if parameter.required { "" } else { "?" };
        format!("{}{mark}: {}", quoted(&parameter.name), taken(&Shape::of(&parameter.schema)))
    };
    let named: Vec<_> = function.named().map(one).collect();
    let known = format!("{{ {} }}", named.join("; "));
    match function.more_names() {
        Some(_) if named.is_empty() => "{ [name: string]: unknown }".to_owned(),
        Some(_) => format!("{known} & {{ [name: string]: unknown }}"),
        None if named.is_empty() => "Record<string, never>".to_owned(),
        None => known,
    }
}

/// The type of what is sent.
fn taken(shape: &Shape) -> String {
    kind(shape, "Uint8Array", "readonly ")
}

/// The type of what is answered.
fn given(shape: &Shape) -> String {
    match shape {
        Shape::Nothing => "null".to_owned(),
        shape if shape.has_bytes() => "Uint8Array".to_owned(),
        shape => kind(shape, "string", ""),
    }
}

fn kind(shape: &Shape, bytes: &str, readonly: &str) -> String {
    let of = |shape: &Shape| kind(shape, bytes, readonly);
    match shape {
        Shape::Anything => "unknown".to_owned(),
        Shape::Nothing => "null".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer | Shape::Number => "number".to_owned(),
        Shape::Text | Shape::Written(_) => "string".to_owned(),
        Shape::Bytes => bytes.to_owned(),
        Shape::OneOf(all) => {
            let literal = |value: &Value| match value {
                Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
                value => value.to_string(),
            };
            all.iter().map(literal).collect::<Vec<_>>().join(" | ")
        }
        Shape::List(item) => format!("{readonly}({})[]", of(item)),
        Shape::Tuple(items) => {
            format!("{readonly}[{}]", items.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        Shape::Map(value) => format!("{{ [name: string]: {} }}", of(value)),
        Shape::Object(fields) => {
            let field = |(name, shape, required): &(String, Shape, bool)| {
                format!("{}{}: {}", quoted(name), if *required { "" } else { "?" }, of(shape))
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        Shape::Any(all) => all.iter().map(of).collect::<Vec<_>>().join(" | "),
    }
}
