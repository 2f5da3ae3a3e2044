//! Renders Markdown as HTML, with an anchor for each heading, and as text to search.

use std::collections::HashMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// A document.
#[derive(Default)]
pub(super) struct Rendered {
    pub html: String,
    /// Each heading with what stands below it; the first is the document's title.
    pub sections: Vec<Section>,
}

pub(super) struct Section {
    /// 1 is the title's.
    pub level: u8,
    pub anchor: String,
    pub heading: String,
    /// Without any markup.
    pub text: String,
}

/// `place` says where a link goes on this server, or that it goes nowhere: its text stays.
/// Pictures are told by their text, and HTML is text.
pub(super) fn render(markdown: &str, place: impl Fn(&str) -> Option<String>) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut headings = headings(Parser::new_ext(markdown, options)).into_iter();
    let mut sections: Vec<Section> = Vec::new();
    let mut links = Vec::new();
    let note = |text: &str, sections: &mut Vec<Section>| {
        if let Some(section) = sections.last_mut() {
            section.text.push_str(text);
        }
    };
    let events = Parser::new_ext(markdown, options).filter_map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => {
            let (heading, anchor) = headings.next().unwrap_or_default();
            let id = Some(anchor.clone().into());
            sections.push(Section { level: level as u8, anchor, heading, text: String::new() });
            Some(Event::Start(Tag::Heading { level, id, classes: Vec::new(), attrs: Vec::new() }))
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let place = place(&dest_url);
            links.push(place.is_some());
            let dest_url = place?.into();
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or_default().then_some(event),
        Event::Start(Tag::Image { .. }) => {
            Some(Event::InlineHtml("<em class=\"picture\">Picture: ".into()))
        }
        Event::End(TagEnd::Image) => Some(Event::InlineHtml("</em>".into())),
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Text(text) => {
            note(&text, &mut sections);
            Some(Event::Text(text))
        }
        Event::Code(text) => {
            note(&text, &mut sections);
            Some(Event::Code(text))
        }
        Event::SoftBreak | Event::HardBreak | Event::End(_) => {
            note(" ", &mut sections);
            Some(event)
        }
        other => Some(other),
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    // A column without a name has no heading.
    let page = page.replace("<th></th>", "<td></td>");
    Rendered { html: page, sections }
}

/// The text of each heading and its anchor, in their order.
fn headings<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<(String, String)> {
    let mut seen = HashMap::<String, usize>::new();
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for event in events {
        match (event, &mut open) {
            (Event::Start(Tag::Heading { .. }), _) => open = Some(String::new()),
            (Event::Text(text) | Event::Code(text), Some(heading)) => heading.push_str(&text),
            (Event::End(TagEnd::Heading(_)), _) => {
                let heading = open.take().unwrap_or_default();
                let slug = slug(&heading);
                let before = seen.entry(slug.clone()).or_default();
                let anchor = if *before == 0 { slug } else { format!("{slug}-{before}") };
                *before += 1;
                found.push((heading, anchor));
            }
            _ => {}
        }
    }
    found
}

/// As GitHub makes anchors, so that the documents' own links fit.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'))
        .map(|char| if char == ' ' { '-' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_anchors_of_github() {
        let page = render("# A `b_c`: d?\n## The door\n## The door\n", |_| None);
        let anchors: Vec<_> = page.sections.iter().map(|section| &*section.anchor).collect();
        assert_eq!(anchors, ["a-b_c-d", "the-door", "the-door-1"]);
        assert!(page.html.contains("<h2 id=\"the-door-1\">The door</h2>"), "{}", page.html);
    }

    #[test]
    fn links_go_where_they_are_told_to_and_pictures_are_told_of() {
        let place = |target: &str| target.strip_prefix("known").map(|rest| format!("/here{rest}"));
        let page = render("# T\n[a](known#x) [b](other) ![c `d`](e.png)", place);
        assert!(
            page.html.contains("<a href=\"/here#x\">a</a> b <em class=\"picture\">Picture: c"),
            "{}",
            page.html
        );
    }

    #[test]
    fn html_is_text() {
        let page = render("# T\n<script>alert(1)</script>\n\na <b>c</b>", |_| None);
        assert!(!page.html.contains("<script>") && !page.html.contains("<b>"), "{}", page.html);
    }

    #[test]
    fn what_stands_below_a_heading_can_be_searched() {
        let page = render("# T\nOne `two`\nthree\n## U\n```sh\nfour\n```", |_| None);
        let texts: Vec<_> = page.sections.iter().map(|section| section.text.trim()).collect();
        assert!(texts.iter().any(|text| text.contains("One two three")), "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("four")), "{texts:?}");
    }
}
