//! Embeds adaptors that are files beside a program's source.

/// The source of an adaptor that is a file, named relative to the file that names it.
///
/// A file that is missing, not UTF-8 or empty fails the build.
///
/// ```
/// let adaptor = owt_client::include_adaptor!("../tests/adaptor.py");
/// assert!(adaptor.contains("def run("));
/// ```
///
/// ```compile_fail
/// owt_client::include_adaptor!("no_such_adaptor.py");
/// ```
#[macro_export]
macro_rules! include_adaptor {
    ($path:literal) => {{
        const ADAPTOR: &str = ::core::include_str!($path);
        const { ::core::assert!(!ADAPTOR.trim_ascii().is_empty(), "the adaptor is empty") };
        ADAPTOR
    }};
}
