//! Names the types that objects and choices become, in languages whose types have names.

use std::collections::BTreeSet;

use super::shape::Shape;

/// A type's members: names, shapes, and whether each has to be there.
pub(super) type Fields = [(String, Shape, bool)];

/// Each type once, in the order in which they are met.
#[derive(Default)]
pub(super) struct Types {
    all: Vec<(String, Shape)>,
    names: BTreeSet<String>,
}

impl Types {
    /// The name of the type of this shape: the one that it has already, or a new one like this.
    pub fn name(&mut self, shape: &Shape, wished: &str) -> String {
        if let Some((name, _)) = self.all.iter().find(|(_, known)| known == shape) {
            return name.clone();
        }
        let name = self.free(wished);
        self.all.push((name.clone(), shape.clone()));
        name
    }

    /// A name like this that nothing else has.
    pub fn free(&mut self, wished: &str) -> String {
        let mut name = wished.to_owned();
        let mut count = 1;
        while !self.names.insert(name.clone()) {
            count += 1;
            name = format!("{wished}{count}");
        }
        name
    }

    /// The types from that one on, which were named since.
    pub fn get(&self, index: usize) -> Option<(String, Shape)> {
        self.all.get(index).cloned()
    }
}

/// What a type is called: the class that the hint names, else what it is for.
pub(super) fn wished(hint: &str, function: &str, role: &str) -> String {
    let one = hint.strip_prefix("Optional[").map_or(hint, |rest| rest.trim_end_matches(']'));
    let one = one.strip_suffix(" | None").unwrap_or(one);
    let class = one.rsplit('.').next().unwrap_or_default();
    let is_class = class.chars().next().is_some_and(char::is_uppercase)
        && class.chars().all(|one| one.is_alphanumeric() || one == '_');
    if is_class { pascal(class) } else { format!("{}{}", pascal(function), pascal(role)) }
}

/// `day_of` as `DayOf`. What is no letter or digit ends a word.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    });
    words.collect()
}

/// The texts of a choice, if it is one of texts alone.
pub(super) fn texts(shape: &Shape) -> Option<Vec<&str>> {
    match shape {
        Shape::OneOf(values) if !values.is_empty() => {
            values.iter().map(|value| value.as_str()).collect()
        }
        _ => None,
    }
}

/// What a union is without `None`: whether it may be that, and the one kind that is left, if it is one.
pub(super) fn without_none(kinds: &[Shape]) -> (bool, Option<&Shape>) {
    let mut others = kinds.iter().filter(|kind| **kind != Shape::Nothing);
    let first = others.next();
    let one = if others.next().is_none() { first } else { None };
    (kinds.contains(&Shape::Nothing), one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_once() {
        let mut types = Types::default();
        let (a, b) = (Shape::OneOf(vec!["a".into()]), Shape::OneOf(vec!["b".into()]));
        assert_eq!(types.name(&a, "Letter"), "Letter");
        assert_eq!(types.name(&a, "Other"), "Letter");
        assert_eq!(types.name(&b, "Letter"), "Letter2");
        assert_eq!(wished("tools.Point", "move", "point"), "Point");
        assert_eq!(wished("Point | None", "move", "point"), "Point");
        assert_eq!(wished("Optional[Point]", "move", "point"), "Point");
        assert_eq!(wished("list[Point]", "move_all", "point"), "MoveAllPoint");
        assert_eq!(pascal("no such-thing"), "NoSuchThing");
        assert_eq!(without_none(&[Shape::Text, Shape::Nothing]), (true, Some(&Shape::Text)));
        assert_eq!(without_none(&[Shape::Text, Shape::Number]), (false, None));
    }
}
