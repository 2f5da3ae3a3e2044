//! Tells the media type of bytes that came without one.

use serde::de::IgnoredAny;

pub(super) const OCTETS: &str = "application/octet-stream";
const SVG: &str = "image/svg+xml";

/// So much of the beginning tells.
pub(super) const ENOUGH: usize = 64 << 10;

/// A larger text is not read to see whether it is JSON.
const MOST_JSON: usize = 1 << 20;

const OFFICE: [(&[u8], &str); 3] = [
    (b"xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (
        b"word/document.xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        b"ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];

/// How files begin that hold arrays and tables, by the types that such forms have here.
const DATA: [(&[u8], &str); 4] = [
    (b"\x93NUMPY", "application/x-npy"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"ARROW1\0\0", "application/vnd.apache.arrow.file"),
    (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
];

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
    if let Some((_, media)) = DATA.iter().find(|(begin, _)| body.starts_with(begin)) {
        return media;
    }
    match infer::get(body).map_or(OCTETS, |kind| kind.mime_type()) {
        "audio/x-wav" => "audio/wav", // as browsers and Python call it (WHATWG MIME Sniffing, 6.2)
        media => media,
    }
}

/// The media type of bytes that are all there: what [`sniff`] tells, office documents by what is in
/// their archive, and JSON.
pub(super) fn sniff_whole(body: &[u8]) -> &'static str {
    match sniff(body) {
        OCTETS if is_json(body) => "application/json",
        media if body.starts_with(b"PK\x03\x04") => office(body).unwrap_or(media),
        media => media,
    }
}

/// An object or an array, of a size that is read in a moment.
fn is_json(body: &[u8]) -> bool {
    let begins = body.trim_ascii_start().first().is_some_and(|byte| b"{[".contains(byte));
    begins && body.len() <= MOST_JSON && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// The office document that an archive is, by the part that each has (ECMA-376). Names stand in the
/// directory at its end.
fn office(archive: &[u8]) -> Option<&'static str> {
    let end = archive.get(archive.len().saturating_sub(ENOUGH)..)?;
    let holds = |part: &&(&[u8], _)| end.windows(part.0.len()).any(|window| window == part.0);
    OFFICE.iter().find(holds).map(|(_, media)| *media)
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
    fn whole_json_and_office_documents_are_known_by_their_content() {
        for (body, media) in [
            (&b"{\"a\": 1}"[..], "application/json"),
            (b"\n [1, {}]\n", "application/json"),
            (b"[1, {}", "application/octet-stream"),
            (b"{not json}", "application/octet-stream"),
            (b"7", "application/octet-stream"),
            (b"PK\x03\x04 ... word/document.xml ...", super::OFFICE[1].1),
            (b"PK\x03\x04 docProps/app.xml xl/workbook.xml", super::OFFICE[0].1),
            (b"PK\x03\x04 ... ppt/presentation.xml", super::OFFICE[2].1),
            (b"PK\x03\x04 a.txt", "application/zip"),
            (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
            (b"\x93NUMPY\x01\x00", "application/x-npy"),
            (b"PAR1\x15\x00", "application/vnd.apache.parquet"),
            (b"ARROW1\x00\x00", "application/vnd.apache.arrow.file"),
            (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
        ] {
            assert_eq!(super::sniff_whole(body), media, "{}", String::from_utf8_lossy(body));
        }
        let large = [b"[".as_slice(), &b" ".repeat(2 << 20), b"]"].concat();
        assert_eq!(super::sniff_whole(&large), "application/octet-stream");
    }

    #[test]
    fn a_prolog_without_an_end_is_not_read_for_ever() {
        let mut endless = b"<?a?>".repeat(1 << 20);
        endless.extend(b"<svg>");
        assert_eq!(sniff(&endless), "application/octet-stream");
    }
}
