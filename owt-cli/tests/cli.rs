//! What owt prints and how it exits, with no server: whole outputs, as snapshots.
//! To accept changed ones: `INSTA_UPDATE=always cargo test -p owt-cli`, and read the diff.

#![allow(
    clippy::unwrap_used,
    reason = "a test may; clippy.toml exempts only the test functions themselves"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use insta_cmd::{assert_cmd_snapshot, get_cargo_bin};

const ECHO: &str = "def run(_, name: str):\n  return f'Hello, {name}!'\n";

/// `owt` with these arguments, in a world where nothing else says anything.
fn owt(args: &[&str]) -> Command {
    let mut command = Command::new(get_cargo_bin("owt"));
    for (name, _) in std::env::vars() {
        if name.starts_with("OWT_") || name.starts_with("CLICOLOR") {
            command.env_remove(name);
        }
    }
    // clap wraps help at the terminal's width, else at COLUMNS.
    command.args(args).env("COLUMNS", "100").stdin(Stdio::null());
    command
}

/// What `owt` prints, having read this.
fn printed(args: &[&str], input: &str) -> String {
    let mut child = owt(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help() {
    assert_cmd_snapshot!("help", owt(&["--help"]));
    assert_cmd_snapshot!("help_serve", owt(&["serve", "--help"]));
    assert_cmd_snapshot!("help_encode", owt(&["encode", "--help"]));
    assert_cmd_snapshot!("help_call", owt(&["call", "--help"]));
    assert_cmd_snapshot!("help_completions", owt(&["completions", "--help"]));
    assert_cmd_snapshot!("help_doctor", owt(&["doctor", "--help"]));
    assert_cmd_snapshot!("help_ls", owt(&["ls", "--help"]));
    assert_cmd_snapshot!("help_functions", owt(&["functions", "--help"]));
    assert_cmd_snapshot!("help_publish", owt(&["publish", "--help"]));
}

#[test]
fn help_is_a_command_too() {
    for command in [
        "serve",
        "encode",
        "call",
        "ls",
        "functions",
        "publish",
        "completions",
        "hash-password",
        "doctor",
    ] {
        assert_eq!(printed(&["help", command], ""), printed(&[command, "--help"], ""), "{command}");
    }
}

#[test]
fn wrong_usage() {
    assert_cmd_snapshot!("usage_nothing", owt(&["call"]));
    assert_cmd_snapshot!("usage_command", owt(&["cal"]));
    assert_cmd_snapshot!("usage_option", owt(&["--prot", "1"]));
    assert_cmd_snapshot!("usage_two_codes", owt(&["call", "a.py", "--code", "x"]));
    assert_cmd_snapshot!("usage_method", owt(&["call", "a.py", "--method", "PUT"]));
    assert_cmd_snapshot!("usage_time", owt(&["call", "a.py", "--timeout", "soon"]));
    assert_cmd_snapshot!(
        "usage_url",
        owt(&["call", "--code", "x", "--address", "ftp://a.example"])
    );
    assert_cmd_snapshot!(
        "usage_url_password",
        owt(&["call", "--code", "x", "--address", "me:secret@h:x"])
    );
    assert_cmd_snapshot!("usage_file", owt(&["call", "no/such/adaptor.py"]));
    assert_cmd_snapshot!("usage_stdin_twice", owt(&["call", "-", "--data", "-"]));
    assert_cmd_snapshot!("usage_no_code", owt(&["call", "--code", " "]));
    assert_cmd_snapshot!("usage_run", owt(&["encode", "--run", "f("]));
    assert_cmd_snapshot!("usage_fn_name", owt(&["call", "--code", "x", "--fn-name", "a b"]));
    assert_cmd_snapshot!("usage_size", owt(&["serve", "--cache-bytes", "much"]));
    assert_cmd_snapshot!("usage_no_folder", owt(&["serve", "no/such/lib"]));
    assert_cmd_snapshot!("usage_no_folder_but_a_file", owt(&["serve", "Cargo.toml"]));
    assert_cmd_snapshot!("usage_auth", owt(&["serve", "--auth", "me:password"]));
}

/// What begins with a bracket is a value or a mistake, which the server would refuse too. Of an
/// expression in a call it does.
#[test]
fn malformed_arguments() {
    assert_cmd_snapshot!(
        "malformed_kwargs",
        owt(&["encode", "--code", "x", "--kwargs", "{'a': 1"])
    );
    assert_cmd_snapshot!(
        "malformed_json",
        owt(&["encode", "--code", "x", "--kwargs", "{\"a\": 1,,}"])
    );
    assert_cmd_snapshot!("malformed_arg", owt(&["call", "--code", "x", "--arg", "n", "[1, 2"]));
    assert_cmd_snapshot!("no_value_arg", owt(&["call", "--code", "x", "--arg", "n", "[one, two]"]));
}

/// §7, `owt serve`: anything but loopback needs --auth.
#[test]
fn refuses_to_be_open_to_all() {
    assert_cmd_snapshot!("refuses_open", owt(&["serve", "--address", "0.0.0.0"]));
    assert_cmd_snapshot!("refuses_open_v6", owt(&["serve"]).env("OWT_ADDRESS", "::"));
}

#[test]
fn refuses_a_worker_that_could_serve_nothing() {
    let none = ["serve", "--port", "0", "--max-requests", "0"];
    assert_cmd_snapshot!("refuses_a_worker_that_could_serve_nothing", owt(&none));
}

#[test]
fn a_worker_is_not_typed() {
    assert_cmd_snapshot!("a_worker_is_not_typed", owt(&["worker", "0", "1", "2", "0"]));
}

#[test]
fn nobody_there() {
    // Port 1 is no one's.
    assert_cmd_snapshot!("nobody_there", owt(&["call", "--code", "x", "--address", "127.0.0.1:1"]));
}

#[test]
fn encode_writes_url_curl_and_json() {
    let prompt = r#"{"name": "owt"}"#;
    let url = printed(&["encode", "-", prompt], ECHO);
    insta::assert_snapshot!("encode_url", url);
    insta::assert_snapshot!("encode_curl", printed(&["encode", "-", prompt, "--as", "curl"], ECHO));
    let options =
        ["--use-cache", "--cache-kwargs", "--fn-name", "go", "--address", "me:pw@h:1/a?b=c"];
    let json = [&["encode", "-", "--as", "json"][..], &options].concat();
    insta::assert_snapshot!("encode_json", printed(&json, ECHO));
    let url = [&["encode", "-"][..], &options].concat();
    insta::assert_snapshot!("encode_url_options", printed(&url, ECHO));
}

/// Arguments by name, as `owt call` takes them too.
#[test]
fn encode_takes_arguments_by_name() {
    let by_name = ["encode", "--code", "f(max)", "a=x y", "b:=[1, true]", "--as", "json"];
    assert_eq!(
        printed(&by_name, ""),
        "{\"code\":\"f(max)\",\"kwargs\":{\"a\": \"x y\", \"b\": [1, true]}}\n"
    );
    assert_cmd_snapshot!("items_twice", owt(&["encode", "--code", "x", "a=1", "a=2"]));
    assert_cmd_snapshot!("items_mixed", owt(&["encode", "--code", "x", "a=1", "[1, 2]"]));
    assert_cmd_snapshot!("items_header", owt(&["call", "--code", "x", "Accept:text/html"]));
    assert_cmd_snapshot!("items_no_json", owt(&["call", "--code", "x", "steps:=many"]));
}

#[test]
fn encode_reads_a_file_and_the_environment() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"f(math.sqrt)").unwrap();
    let path = file.path().to_str().unwrap();
    let output = owt(&["encode", path, "2"]).env("OWT_URL", "http://models.local").output();
    assert_eq!(
        String::from_utf8(output.unwrap().stdout).unwrap(),
        "http://models.local/?code_b64=ZihtYXRoLnNxcnQp&kwargs_b64=Mg\n"
    );
}

/// Nothing is printed that would fail later.
#[test]
fn encode_checks_kwargs() {
    assert_cmd_snapshot!("encode_kwargs", owt(&["encode", "--code", "x", "{'a': "]));
    assert_cmd_snapshot!("encode_empty", owt(&["encode", "-"]));
}

#[test]
fn completions_are_of_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell], "");
        assert!(script.contains("max-queue"), "{shell}");
    }
    assert_cmd_snapshot!("completions_unknown", owt(&["completions", "dos"]));
}

/// `owt ... | head` ends quietly.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child =
        owt(&["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn doctor_tells_of_a_python_that_is_none() {
    let mut doctor = owt(&["doctor", "--json", "--python", "/no/such/python3"]);
    let output = doctor.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!told["problems"].as_array().unwrap().is_empty());
}
