//! Writes stubs in Python, on the standard library alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owt_core::{Catalogue, FunctionInfo, ParameterInfo, to_literal};
use serde_json::Value;

use super::shape::Shape;

const HEAD: &str = include_str!("head.py");

/// Of the types that objects have, each is written once.
#[derive(Default)]
struct Types {
    text: String,
    count: usize,
}

pub(super) fn stubs(catalogue: &Catalogue) -> String {
    let mut modules: BTreeMap<&str, Vec<&FunctionInfo>> = BTreeMap::new();
    for function in &catalogue.functions {
        modules.entry(&function.module).or_default().push(function);
    }
    let (mut types, mut classes, mut made) = (Types::default(), String::new(), String::new());
    for (module, functions) in &modules {
        let class = format!("_{}", module.replace('.', "_"));
        let _ =
            writeln!(classes, "\n\nclass {class}:\n    \"\"\"The functions of {module}.\"\"\"\n");
        classes +=
            "    def __init__(self, server: _Server) -> None:\n        self.__server = server\n";
        for function in functions {
            write_function(&mut classes, function, &class, &mut types);
        }
        let _ = writeln!(made, "        self.{} = {class}(server)", module.replace('.', "_"));
    }
    format!(
        "{HEAD}{}{classes}\n\nclass Functions:\n    \"\"\"All modules of a server.\"\"\"\n\n    \
         def __init__(\n        self,\n        address: str = \"http://127.0.0.1:9876\",\n        \
         token: str | None = None,\n        timeout: float | None = None,\n    ) -> None:\n        \
         \"\"\"Take the server's address, the token that it asks for, and a deadline in seconds.\"\"\"\n        \
         server = _Server(address, token, timeout)\n{made}",
        types.text,
    )
}

fn write_function(text: &mut String, function: &FunctionInfo, class: &str, types: &mut Types) {
    let name = function.name.rsplit('.').next().unwrap_or_default();
    let receiver = receiver(function);
    let parameters = parameters(function, receiver, class, types);
    let (kind, method) = if function.streams {
        ("Iterator[str]".to_owned(), "stream")
    } else {
        let shape = Shape::of(&function.returns.schema);
        match shape.has_bytes() {
            true => ("bytes".to_owned(), "bytes"),
            false => (types.given(&shape, &format!("{class}_{name}")), "value"),
        }
    };
    let _ = writeln!(text, "\n    def {name}({parameters}) -> {kind}:");
    if !function.doc.is_empty() {
        let doc = function.doc.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
        let lines: Vec<_> = doc
            .trim()
            .lines()
            .map(|line| format!("        {line}").trim_end().to_owned())
            .collect();
        let doc = lines.join("\n");
        let end = if doc.ends_with('"') { " " } else { "" };
        let _ = writeln!(text, "        \"\"\"{}{end}\"\"\"", doc.trim_start());
    }
    let (placed, named) = sent(function);
    let path = to_literal(&function.url_path()).unwrap_or_default();
    let call = format!("{receiver}.__server.{method}");
    if kind == "Any" || method != "value" {
        let _ = writeln!(text, "        return {call}({path}, [{placed}], {{{named}}})");
    } else {
        let _ = writeln!(text, "        answer: {kind} = {call}({path}, [{placed}], {{{named}}})");
        text.push_str("        return answer\n");
    }
}

/// The method's own parameter, by a name that none of the function's has.
fn receiver(function: &FunctionInfo) -> &'static str {
    let is_taken = |name: &str| function.parameters.iter().any(|one| one.name == name);
    if is_taken("self") { "self_of_stub" } else { "self" }
}

fn parameters(function: &FunctionInfo, receiver: &str, class: &str, types: &mut Types) -> String {
    let name = function.name.rsplit('.').next().unwrap_or_default();
    let mut all = vec![receiver.to_owned()];
    let (mut is_placed, mut is_named) = (false, false);
    for one in &function.parameters {
        if is_placed && one.kind != "positional_only" {
            all.push("/".to_owned());
            is_placed = false;
        }
        is_placed |= one.kind == "positional_only";
        let kind = types.taken(&Shape::of(&one.schema), &format!("{class}_{name}_{}", one.name));
        match one.kind.as_str() {
            "var_positional" => {
                is_named = true;
                all.push(format!("*{}: {kind}", one.name));
                continue;
            }
            "var_keyword" => {
                all.push(format!("**{}: {kind}", one.name));
                continue;
            }
            "keyword_only" if !is_named => {
                is_named = true;
                all.push("*".to_owned());
            }
            _ => {}
        }
        let default = if one.required { String::new() } else { format!(" = {}", default(one)) };
        all.push(format!("{}: {kind}{default}", one.name));
    }
    if is_placed {
        all.push("/".to_owned());
    }
    all.join(", ")
}

/// A default that the stub can show: a plain value. The function has its own of every other.
fn default(parameter: &ParameterInfo) -> String {
    let shown = parameter.default.as_ref().filter(|value| !value.is_array() && !value.is_object());
    shown.and_then(|value| to_literal(value).ok()).unwrap_or_else(|| "UNSET".to_owned())
}

/// What is sent by position, and by name.
fn sent(function: &FunctionInfo) -> (String, String) {
    let more = function.more_positions();
    let by_place = |one: &&ParameterInfo| one.kind != "keyword_only" && more.is_some();
    let mut placed: Vec<_> =
        function.named().filter(by_place).map(|one| one.name.clone()).collect();
    placed.extend(more.map(|more| format!("*{}", more.name)));
    let named = function.named().filter(|one| !by_place(one));
    let mut named: Vec<_> = named.map(|one| format!("{:?}: {}", one.name, one.name)).collect();
    named.extend(function.more_names().map(|rest| format!("**{}", rest.name)));
    (placed.join(", "), named.join(", "))
}

impl Types {
    /// The type of what is sent.
    fn taken(&mut self, shape: &Shape, name: &str) -> String {
        self.kind(shape, name, true)
    }

    /// The type of what is answered.
    fn given(&mut self, shape: &Shape, name: &str) -> String {
        self.kind(shape, name, false)
    }

    fn kind(&mut self, shape: &Shape, name: &str, is_sent: bool) -> String {
        let mut all = |kinds: &[Shape], between: &str| {
            let kinds = kinds.iter().map(|one| self.kind(one, name, is_sent));
            kinds.collect::<Vec<_>>().join(between)
        };
        match shape {
            Shape::Anything => "Any".to_owned(),
            Shape::Nothing => "None".to_owned(),
            Shape::Boolean => "bool".to_owned(),
            Shape::Integer => "int".to_owned(),
            Shape::Number => "float".to_owned(),
            Shape::Text => "str".to_owned(),
            Shape::Written(format) if is_sent => match &**format {
                "date-time" => "datetime.datetime | str".to_owned(),
                "date" => "datetime.date | str".to_owned(),
                "time" => "datetime.time | str".to_owned(),
                "uuid" => "uuid.UUID | str".to_owned(),
                _ => "str".to_owned(),
            },
            Shape::Written(_) => "str".to_owned(),
            Shape::Bytes => "bytes".to_owned(),
            Shape::OneOf(values) if values.iter().all(is_literal) => {
                let values = values.iter().filter_map(|value| to_literal(value).ok());
                format!("Literal[{}]", values.collect::<Vec<_>>().join(", "))
            }
            Shape::OneOf(_) => "Any".to_owned(),
            Shape::List(item) => format!("list[{}]", self.kind(item, name, is_sent)),
            Shape::Tuple(items) if items.is_empty() => "tuple[()]".to_owned(),
            Shape::Tuple(items) if is_sent => format!("tuple[{}]", all(items, ", ")),
            Shape::Tuple(_) => "list[Any]".to_owned(),
            Shape::Map(value) => format!("dict[str, {}]", self.kind(value, name, is_sent)),
            Shape::Object(fields) => self.object(fields, name, is_sent),
            // A Decimal is a text or a number.
            Shape::Any(kinds) if is_sent && kinds.contains(&Shape::Number) => {
                format!("{} | decimal.Decimal", all(kinds, " | "))
            }
            Shape::Any(kinds) => all(kinds, " | "),
        }
    }

    fn object(&mut self, fields: &[(String, Shape, bool)], name: &str, is_sent: bool) -> String {
        let mut lines = String::new();
        for (field, shape, required) in fields {
            let kind = self.kind(shape, &format!("{name}_{field}"), is_sent);
            let kind = if *required { kind } else { format!("NotRequired[{kind}]") };
            let key = to_literal(field).unwrap_or_default();
            let _ = write!(lines, "{key}: {kind:?}, ");
        }
        self.count += 1;
        let class = format!("{name}_{}", self.count);
        let class: String =
            class.chars().map(|one| if one.is_alphanumeric() { one } else { '_' }).collect();
        let _ = write!(
            self.text,
            "\n\n{class} = TypedDict({class:?}, {{{}}})\n",
            lines.trim_end_matches(", ")
        );
        if is_sent { format!("{class} | Any") } else { class }
    }
}

fn is_literal(value: &Value) -> bool {
    value.is_string() || value.is_boolean() || value.is_null() || value.is_i64()
}
