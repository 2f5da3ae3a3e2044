//! Lets the binary find the libpython that owt-server was linked with.
fn main() {
    if let Ok(dir) = std::env::var("DEP_OWT_PYTHON_LIBPYTHON_DIR") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
