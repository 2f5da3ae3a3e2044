//! Lets test programs find the libpython that pyo3 linked, and tells the crates above where it
//! lives: only this crate depends on pyo3, so only it can know.
fn main() {
    #[cfg(feature = "embed")]
    {
        pyo3_build_config::add_libpython_rpath_link_args();
        if let Some(dir) = &pyo3_build_config::get().lib_dir() {
            println!("cargo::metadata=libpython_dir={dir}");
        }
    }
    println!("cargo::rerun-if-changed=python/owt");
}
