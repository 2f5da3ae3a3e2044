//! Fills in pages with `{{names}}` in them.

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

/// More empty lines, or spaces, than this many push out of sight what stands behind them.
/// `page/unseen.js` has the same numbers.
const MOST_EMPTY: usize = 8;
const MOST_SPACES: usize = 40;

/// As [`escape`] does, for somebody who is to know all of it: what would not be seen, or would
/// change how the rest is seen, is named instead; empty lines and spaces that would push the rest
/// out of sight are counted instead.
pub(super) fn readable(text: &str) -> String {
    let mut page = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let blank = rest.find(|char| !is_blank(char)).unwrap_or(rest.len());
        let (gap, after) = rest.split_at(blank);
        push_gap(&mut page, gap);
        let (word, next) = after.split_at(after.find(is_blank).unwrap_or(after.len()));
        for char in word.chars() {
            if is_unseen(char) {
                page.push_str(&format!("<mark>U+{:04X}</mark>", u32::from(char)));
            } else {
                push(&mut page, char);
            }
        }
        rest = next;
    }
    page
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n')
}

fn push_gap(page: &mut String, gap: &str) {
    let empty = gap.matches('\n').count().saturating_sub(1);
    let mut lines = gap.split('\n');
    let push_spaces = |page: &mut String, spaces: &str| match spaces.len() {
        many if many > MOST_SPACES => page.push_str(&format!("<mark>{many} spaces</mark>")),
        _ => page.push_str(spaces),
    };
    if empty > MOST_EMPTY {
        page.push_str(&format!("\n<mark>{empty} empty lines</mark>\n"));
        return push_spaces(page, lines.next_back().unwrap_or_default());
    }
    push_spaces(page, lines.next().unwrap_or_default());
    for spaces in lines {
        page.push('\n');
        push_spaces(page, spaces);
    }
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
    fn nothing_is_pushed_out_of_sight() {
        let few = format!("a{}b{}c", "\n".repeat(9), " ".repeat(40));
        assert_eq!(readable(&few), few);
        assert_eq!(
            readable(&format!("a{}\tb", "\n \n".repeat(30))),
            "a\n<mark>59 empty lines</mark>\n\tb"
        );
        assert_eq!(readable(&format!("a,{}b", " ".repeat(300))), "a,<mark>300 spaces</mark>b");
        assert_eq!(readable(&format!("a\n{}b", "\t".repeat(41))), "a\n<mark>41 spaces</mark>b");
    }

    #[test]
    fn the_landing_page_counts_from_the_same_numbers() {
        let script = include_str!("page/unseen.js");
        for (name, number) in [("MOST_EMPTY", MOST_EMPTY), ("MOST_SPACES", MOST_SPACES)] {
            assert!(script.contains(&format!("const {name} = {number};")), "{name}");
        }
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
