//! Tells the media type of bytes that came without one.

pub(super) const OCTETS: &str = "application/octet-stream";
const SVG: &str = "image/svg+xml";

/// So much of the beginning tells.
pub(super) const ENOUGH: usize = 64 << 10;

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The media type by what the bytes begin with. Plain text and JSON begin with nothing of their
/// own, so they are octets.
pub(super) fn sniff(body: &[u8]) -> &'static str {
    let body = body.get(..ENOUGH).unwrap_or(body);
    let text = body.strip_prefix(BOM).unwrap_or(body);
    if is_svg(text) {
        return SVG;
    }
    if infer::text::is_html(text) {
        return "text/html";
    }
    infer::get(body).map_or(OCTETS, |kind| kind.mime_type())
}

/// True for an XML document, with or without a prolog, whose root element is `svg`.
fn is_svg(mut text: &[u8]) -> bool {
    loop {
        text = text.trim_ascii_start();
        let rest = if let Some(instruction) = text.strip_prefix(b"<?") {
            after(instruction, b"?>")
        } else if let Some(comment) = text.strip_prefix(b"<!--") {
            after(comment, b"-->")
        } else if let Some(doctype) = text.strip_prefix(b"<!DOCTYPE") {
            after_doctype(doctype)
        } else {
            return text.strip_prefix(b"<").is_some_and(|tag| names_svg(tag, b" \t\r\n/>"));
        };
        let Some(rest) = rest else { return false };
        text = rest;
    }
}

/// True when the text begins with the name `svg`, in whichever namespace prefix, and one of these.
fn names_svg(text: &[u8], ends: &[u8]) -> bool {
    let Some(end) = text.iter().position(|byte| ends.contains(byte)) else { return false };
    let name = text.get(..end).unwrap_or_default();
    name.rsplit(|byte| *byte == b':').next() == Some(b"svg")
}

/// What follows a document type of SVG, which may hold declarations in brackets.
fn after_doctype(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start();
    if !names_svg(text, b" \t\r\n[>") {
        return None;
    }
    let end = text.iter().position(|byte| b"[>".contains(byte))?;
    let mut rest = text.get(end..)?;
    if rest.starts_with(b">") {
        return rest.get(1..);
    }
    // A bracket within the declarations is not the last one.
    loop {
        rest = after(rest, b"]")?;
        if let Some(root) = rest.trim_ascii_start().strip_prefix(b">") {
            return Some(root);
        }
    }
}

/// What follows the first such mark.
fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let start = text.windows(mark.len()).position(|window| window == mark)?;
    text.get(start + mark.len()..)
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn a_document_is_what_its_root_element_is() {
        for (text, media) in [
            ("<svg/>", "image/svg+xml"),
            ("<svg xmlns='http://www.w3.org/2000/svg'></svg>", "image/svg+xml"),
            ("\u{feff}\n <svg>", "image/svg+xml"),
            ("<s:svg xmlns:s='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            ("<?xml version='1.0'?>\r\n<svg\n width='1'>", "image/svg+xml"),
            ("\u{feff}<?xml version='1.0'?><!-- Made > with <a> --><svg>", "image/svg+xml"),
            ("<!-- first --> <?xml-stylesheet href='a.css'?><svg>", "image/svg+xml"),
            (
                "<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \
                 \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\n<svg>",
                "image/svg+xml",
            ),
            (
                "<!DOCTYPE svg [ <!ENTITY a \"[b]\"> <!-- don't --> ] >\n<svg>&a;</svg>",
                "image/svg+xml",
            ),
            ("<!DOCTYPE svg><!-- a --><svg>", "image/svg+xml"),
            ("<!DOCTYPE html><svg></svg>", "text/html"),
            ("\u{feff}<!doctype html>\n<p>", "text/html"),
            ("<!-- a --><p>", "text/html"),
            ("<p>an <svg></svg></p>", "text/html"),
            ("<?xml version='1.0'?><rss><svg/></rss>", "text/xml"),
            ("\u{feff}<?xml version='1.0'?><feed>", "text/xml"),
            ("<?xml version='1.0'?><svgs>", "text/xml"),
            ("<svg", "application/octet-stream"),
            ("<svgx>", "application/octet-stream"),
            ("<!DOCTYPE svg [", "application/octet-stream"),
            ("<rss>", "application/octet-stream"),
            ("{\"a\": 1}", "application/octet-stream"),
            ("plain words", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(sniff(text.as_bytes()), media, "{text}");
        }
    }

    #[test]
    fn a_prolog_without_an_end_is_not_read_for_ever() {
        let mut endless = b"<?a?>".repeat(1 << 20);
        endless.extend(b"<svg>");
        assert_eq!(sniff(&endless), "application/octet-stream");
    }
}
