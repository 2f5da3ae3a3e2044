//! Pages with `{{names}}` in them.

/// Puts a value for each name, in one pass: what looks like a name in a value stays as it is.
/// The values are HTML already.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut page = String::with_capacity(template.len() * 2);
    let mut parts = template.split("{{");
    page.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        page.push_str(&value(name));
        page.push_str(rest);
    }
    page
}

/// As text between tags, or in an attribute between double quotes.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut page, char| {
        push(&mut page, char);
        page
    })
}

/// As [`escape`] does; what would not be seen, or would change how the rest is seen, is named
/// instead.
pub(super) fn readable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut page, char| {
        if is_unseen(char) {
            page.push_str(&format!("<mark>U+{:04X}</mark>", u32::from(char)));
        } else {
            push(&mut page, char);
        }
        page
    })
}

fn push(page: &mut String, char: char) {
    match char {
        '&' => page.push_str("&amp;"),
        '<' => page.push_str("&lt;"),
        '>' => page.push_str("&gt;"),
        '"' => page.push_str("&quot;"),
        '\'' => page.push_str("&#39;"),
        _ => page.push(char),
    }
}

/// Control characters but for line ends and tabs; what turns the direction of text (as in
/// "Trojan Source"); what has no width: Unicode's Default_Ignorable_Code_Point, separators of
/// lines, and annotations. `page/unseen.js` has the same list.
fn is_unseen(char: char) -> bool {
    (char.is_control() && !matches!(char, '\n' | '\t'))
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_read_again() {
        let page = fill("<p>{{a}}, {{b}}</p>", |name| format!("[{name} {{{{b}}}}]"));
        assert_eq!(page, "<p>[a {{b}}], [b {{b}}]</p>");
        assert_eq!(fill("plain", |_| String::new()), "plain");
    }

    #[test]
    fn nothing_breaks_out_or_hides() {
        assert_eq!(
            escape(r#"</script><b a="'">&"#),
            "&lt;/script&gt;&lt;b a=&quot;&#39;&quot;&gt;&amp;"
        );
        assert_eq!(readable("a\tb\n<"), "a\tb\n&lt;");
        assert_eq!(
            readable("a\u{202e}\0\r\u{200b}é"),
            "a<mark>U+202E</mark><mark>U+0000</mark><mark>U+000D</mark><mark>U+200B</mark>é"
        );
    }

    #[test]
    fn the_landing_page_names_the_same_characters() {
        let script = include_str!("page/unseen.js");
        let class = script.split(r"\p{Cc}|[").nth(1).unwrap().split(']').next().unwrap();
        let point = |text: &str| {
            let hex = text.trim_start_matches("\\u").trim_matches(['{', '}']);
            u32::from_str_radix(hex, 16).unwrap()
        };
        let mut ranges = Vec::new();
        for part in class.replace('-', "\0").split("\\u").skip(1) {
            let (hex, is_begin) =
                part.split_once('\0').map_or((part, false), |(hex, _)| (hex, true));
            match ranges.last_mut() {
                Some((_, end @ None)) => *end = Some(point(hex)),
                _ => ranges.push((point(hex), (!is_begin).then(|| point(hex)))),
            }
        }
        assert!(ranges.len() > 15, "{ranges:?}");
        let is_listed = |char| {
            ranges.iter().any(|(begin, end)| (*begin..=end.unwrap()).contains(&u32::from(char)))
        };
        for char in '\0'..=char::MAX {
            let in_script = is_listed(char) || (char.is_control() && !"\n\t".contains(char));
            assert_eq!(is_unseen(char), in_script, "U+{:04X}", u32::from(char));
        }
    }
}
