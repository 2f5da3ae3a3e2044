//! Whether a Python is the one that this program is linked with, or as good as that.

use owt_engine::link::Found;
use owt_python::linked;

use super::minor;

/// Sees to it that the libpython that is linked here can stand in for that Python's own: it is of
/// the same minor version, and what that has built into its executable is there.
///
/// # Errors
/// Why it cannot, with the mend.
pub fn check(found: &Found) -> Result<(), String> {
    let (path, version) = (found.executable.display(), &found.version);
    let linked = linked::version();
    if minor(version) != minor(&linked) {
        let linked = minor(&linked);
        return Err(format!(
            "`{path}` is CPython {version}, but this owt is linked with CPython {linked}; \
             activate an environment of Python {linked}, or build owt with PYO3_PYTHON={path}"
        ));
    }
    let here = linked::built_in();
    let is_lacking = |name: &&String| !here.contains(name.as_str());
    let lacking: Vec<_> = found.only_built_in.iter().filter(is_lacking).map(|it| &**it).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`{path}` is of another build of Python {} ({version} in {}) than the one this owt is \
         linked with ({linked}{}), which lacks {} that the other has built in; make the \
         environment with {}, or build owt with PYO3_PYTHON={path}",
        minor(version),
        found.base_prefix.display(),
        linked::place(),
        some_of(&lacking),
        linked::executable(),
    ))
}

/// The first few of these names, and how many more there are.
fn some_of(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(3).copied().collect();
    match names.len().saturating_sub(shown.len()) {
        0 => format!("the modules {}", shown.join(", ")),
        more => format!("the modules {} and {more} more", shown.join(", ")),
    }
}
