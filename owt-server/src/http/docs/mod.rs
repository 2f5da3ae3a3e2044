//! Serves the project's documents as pages, with a table of contents and a search that runs in the
//! browser.

mod render;

use std::path::{Component, Path, PathBuf};

use actix_web::http::header::HeaderValue;
use serde_json::json;

use render::{Rendered, render};

use super::assets::{Asset, HTML, JSON};
use super::template::{escape, fill};

/// Where they are.
pub(super) const PATH: &str = "/_owt/docs";
const SEARCH: &str = "/_owt/docs/search.json";

/// Only what this server itself gives.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A document: where it is in the repository, its name in the list, and what it says.
struct Document {
    file: &'static str,
    name: &'static str,
    text: &'static str,
}

/// A document of the repository (`build.rs`).
macro_rules! document {
    ($file:literal, $name:literal) => {
        Document {
            file: $file,
            name: $name,
            text: include_str!(concat!(env!("OWT_CARRIED"), "/", $file)),
        }
    };
}

/// What the contents list has, under these headings.
const GROUPS: [(&str, &[Document]); 4] = [
    (
        "Using it",
        &[
            document!("README.md", "First steps"),
            document!("docs/wire.md", "What a request means"),
            document!("docs/functions.md", "Functions by name"),
            document!("docs/adaptors.md", "In an adaptor's scope"),
            document!("docs/pipelines.md", "Pipelines"),
            document!("docs/mcp.md", "Tools for models"),
            document!("docs/batching.md", "Batching"),
            document!("docs/libraries.md", "Libraries"),
            document!("docs/forms.md", "Forms of results"),
            document!("docs/tarp.md", "In TARP's place"),
            document!("docs/serving.md", "Serving"),
            document!("docs/workers.md", "Workers"),
            document!("docs/operations.md", "Operations"),
            document!("docs/sandbox.md", "Sandbox"),
            document!("SECURITY.md", "Security"),
        ],
    ),
    (
        "Clients",
        &[
            document!("docs/clients.md", "From any language"),
            document!("clients/js/README.md", "JavaScript"),
            document!("clients/python/README.md", "Python"),
            document!("owt-client/README.md", "Rust"),
            document!("clients/haskell/README.md", "Haskell"),
            document!("clients/shell/README.md", "Shell"),
        ],
    ),
    (
        "Examples",
        &[
            document!("examples/README.md", "All of them"),
            document!("examples/speech/README.md", "Speech"),
            document!("examples/transcribe/README.md", "Transcribe"),
            document!("examples/chat/README.md", "Chat"),
            document!("examples/embed/README.md", "Embed"),
            document!("examples/ocr/README.md", "OCR"),
        ],
    ),
    (
        "Inside",
        &[
            document!("ARCHITECTURE.md", "How owt is built"),
            document!("CONTRIBUTING.md", "Working on owt"),
            document!("CHANGELOG.md", "Changes"),
        ],
    ),
];

fn documents() -> impl Iterator<Item = &'static Document> {
    GROUPS.iter().flat_map(|(_, documents)| documents.iter())
}

impl Document {
    /// `docs/wire.md` is at `/_owt/docs/wire`, `clients/js/README.md` at `/_owt/docs/clients/js`.
    fn url(&self) -> String {
        let name = self.file.strip_suffix(".md").unwrap_or(self.file);
        let name = name.strip_suffix("README").unwrap_or(name).trim_end_matches('/');
        let name = name.strip_prefix("docs/").unwrap_or(name).to_lowercase();
        format!("{PATH}/{name}").trim_end_matches('/').to_owned()
    }

    fn render(&self) -> Rendered {
        render(self.text, |target| self.place(target))
    }

    /// Where a link of this document goes.
    fn place(&self, target: &str) -> Option<String> {
        if target.starts_with('#') || target.starts_with("https://") {
            return Some(target.to_owned());
        }
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, format!("#{anchor}")),
            None => (target, String::new()),
        };
        let here = Path::new(self.file).parent().unwrap_or(Path::new(""));
        let wanted = plain(&here.join(file));
        let is_it = |document: &&Document| {
            let file = Path::new(document.file);
            file == wanted || (file.ends_with("README.md") && file.parent() == Some(&wanted))
        };
        let found = documents().find(is_it)?;
        Some(format!("{}{anchor}", found.url()))
    }
}

/// Without `..`, as a folder's parent is meant.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
        plain
    })
}

/// Every page, and what the search reads.
pub(super) fn assets() -> Vec<Asset> {
    let all: Vec<_> = documents().map(|document| (document, document.render())).collect();
    let mut assets: Vec<_> = all
        .iter()
        .map(|(document, rendered)| {
            let page = page(document, rendered, &all);
            Asset::made(document.url(), HTML, page).under(POLICY)
        })
        .collect();
    assets.push(Asset::made(SEARCH.to_owned(), JSON, index(&all)));
    assets
}

fn page(document: &Document, rendered: &Rendered, all: &[(&Document, Rendered)]) -> String {
    fill(include_str!("docs.html"), |name| match name {
        "title" => escape(document.name),
        "contents" => contents(document, all),
        "text" => rendered.html.clone(),
        _ => String::new(),
    })
}

/// The list of documents, with what is in the one that is shown.
fn contents(shown: &Document, all: &[(&Document, Rendered)]) -> String {
    let mut list = String::new();
    for (name, documents) in GROUPS {
        list.push_str(&format!("<h2>{name}</h2>\n<ul>\n"));
        for document in documents {
            let Some((_, rendered)) = all.iter().find(|(each, _)| each.file == document.file)
            else {
                continue;
            };
            let is_shown = document.file == shown.file;
            let current = if is_shown { " aria-current=\"page\"" } else { "" };
            let name = escape(document.name);
            list.push_str(&format!("<li><a href=\"{}\"{current}>{name}</a>", document.url()));
            if is_shown {
                list.push_str(&sections(rendered));
            }
        }
        list.push_str("</ul>\n");
    }
    list
}

fn sections(rendered: &Rendered) -> String {
    let items: String = rendered
        .sections
        .iter()
        .filter(|section| section.level == 2)
        .map(|section| {
            format!("<li><a href=\"#{}\">{}</a>", section.anchor, escape(&section.heading))
        })
        .collect();
    if items.is_empty() { items } else { format!("<ul>{items}</ul>") }
}

/// Of each section its place, the document's name, its heading and its text.
fn index(all: &[(&Document, Rendered)]) -> String {
    let sections = all.iter().flat_map(|(document, rendered)| {
        rendered.sections.iter().map(move |section| {
            let place = format!("{}#{}", document.url(), section.anchor);
            json!([place, document.name, section.heading, section.text])
        })
    });
    serde_json::Value::from_iter(sections).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_document_of_the_project_is_here() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for file in std::fs::read_dir(root.join("docs")).unwrap() {
            let file = format!("docs/{}", file.unwrap().file_name().into_string().unwrap());
            let is_here = documents().any(|document| document.file == file);
            assert!(is_here || !file.ends_with(".md"), "{file} has no page");
        }
    }

    #[test]
    fn their_links_lead_to_what_is_there() {
        let mut places = HashSet::new();
        let mut links = Vec::new();
        for document in documents() {
            let rendered = document.render();
            places.insert(document.url());
            for section in &rendered.sections {
                places.insert(format!("{}#{}", document.url(), section.anchor));
            }
            for part in rendered.html.split("<a href=\"").skip(1) {
                let link = part.split('"').next().unwrap();
                let here = if link.starts_with('#') { document.url() } else { String::new() };
                links.push((document.file, format!("{here}{link}")));
            }
        }
        assert!(links.len() > 30, "{links:?}");
        for (file, link) in links {
            assert!(link.starts_with("https://") || places.contains(&link), "{file}: {link}");
        }
    }

    #[test]
    fn a_link_is_read_from_where_it_stands() {
        let wire = documents().find(|document| document.file == "docs/wire.md").unwrap();
        assert_eq!(wire.place("workers.md#a"), Some("/_owt/docs/workers#a".to_owned()));
        assert_eq!(wire.place("../SECURITY.md"), Some("/_owt/docs/security".to_owned()));
        assert_eq!(wire.place("../examples/"), Some("/_owt/docs/examples".to_owned()));
        assert_eq!(wire.place("../README.md"), Some("/_owt/docs".to_owned()));
        assert_eq!(wire.place("../LICENSE-MIT"), None);
        assert_eq!(wire.place("javascript:alert(1)"), None);
    }
}
