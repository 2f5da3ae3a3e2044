//! Scripts that run against a server as they stand: ours in `examples`, and those that
//! owt's first documents print, with the host's port and the shell as only changes.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use owt_testing::{Owt, Start, venv};

pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Free ports in a row. Nobody else who asks for some is given them while this is held: each is
/// taken at an address of this machine that no server here listens on.
pub struct Ports {
    pub first: u16,
    _held: Vec<TcpListener>,
}

/// So many free ports, below those that systems hand out by themselves.
pub fn ports(count: u16) -> Ports {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + (std::process::id() % 600) as u16 * 16;
    loop {
        let first = start + NEXT.fetch_add(count, Ordering::Relaxed);
        let all = first..first + count;
        let held = all.clone().map(|port| TcpListener::bind(("127.0.0.77", port)));
        let Ok(held) = held.collect() else { continue };
        if all.clone().all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return Ports { first, _held: held };
        }
    }
}

struct Ran {
    stdout: String,
    stderr: String,
}

fn run(owt: &Owt, folder: &Path, script: &str, args: &[&str]) -> Ran {
    let path = std::env::var("PATH").unwrap();
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    let output = Command::new("bash")
        .arg(script)
        .args(args)
        .current_dir(folder)
        .env("OWT_URL", &owt.url)
        .env("PATH", format!("{}:{path}", venv.join("bin").display()))
        .env("PYTHONPATH", project().join("owt-python/python"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn the_examples_print_what_they_promise() {
    let ports = ports(6);
    let first = ports.first;
    let owt = Start::new().port(first).start();
    let examples = project().join("examples");
    let printed = |script: &str| {
        let ran = run(&owt, &project(), &format!("examples/{script}"), &[]);
        assert_eq!(ran.stderr, "", "{script}");
        ran.stdout
    };
    assert_eq!(printed("echo/script.sh"), "Hello, owt!\n");
    let greeting = format!("Hello, owt, from 127.0.0.1:{first}!\n");
    assert_eq!(printed("echo/kwargs.sh"), greeting);
    assert_eq!(printed("echo/query.sh"), greeting);
    let script = std::fs::read_to_string(examples.join("summat/upper.sh")).unwrap();
    assert_eq!(printed("summat/upper.sh"), script.to_uppercase());
    assert_eq!(printed("stream/count.sh"), "1\n2\n3\n4\n5\n");
    let page = printed("page/url.sh");
    let page = owt_testing::client().get(page.trim()).send().unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().unwrap().contains("Ask Python"));
    let nested = printed("nested/nested.sh");
    let inner = first + 5;
    assert!(nested.ends_with(&format!("Hello from 127.0.0.1:{inner}!\n")), "{nested}");
    assert_eq!(nested.matches(" asked ").count(), 5);
}

/// The printed scripts of that day in a folder of their own, with this port for theirs.
fn printed_scripts(day: &str, port: u16) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = project().join("owt-cli/tests/house/scripts").join(day);
    let copied = Command::new("cp").arg("-r").arg(source.join(".")).arg(folder.path()).status();
    assert!(copied.unwrap().success());
    let meta = folder.path().join("example/meta");
    for name in ["one_layer.sh", "five_layers.sh"] {
        change(&meta.join(name), &[("9876", &port.to_string())]);
    }
    // `os.popen` calls /bin/sh, which has no `source` where it is dash.
    change(&meta.join("bootstrap.py"), &[("os.popen(", "bash(")]);
    let bash = "\n\ndef bash(command):\n    import subprocess\n    return subprocess.Popen(\
                ['bash', '-c', command], stdout=subprocess.PIPE, text=True).stdout\n";
    let text = std::fs::read_to_string(meta.join("bootstrap.py")).unwrap();
    std::fs::write(meta.join("bootstrap.py"), text + bash).unwrap();
    if day == "2024-09-05" {
        change(&folder.path().join("example/summat/client.sh"), &[("9876", &port.to_string())]);
    }
    folder
}

fn change(file: &Path, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(file).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} in {}", file.display());
        text = text.replace(from, to);
    }
    std::fs::write(file, text).unwrap();
}

fn printed_scripts_run(day: &str) {
    let ports = ports(6);
    let port = ports.first;
    let scripts = printed_scripts(day, port);
    let folder = scripts.path();
    let owt = Start::new().port(port).dir(folder).start();
    let url = format!("http://localhost:{port}");
    let out =
        |script: &str, args: &[&str]| run(&owt, folder, &format!("example/{script}"), args).stdout;
    assert_eq!(out("echo/echo_script.sh", &[&url]), "Hello, owt!");
    let greeting = format!("Hello, owt, from 127.0.0.1:{port}!");
    assert_eq!(out("echo/echo_kwargs.sh", &[&url]), greeting);
    assert_eq!(out("echo/echo_request.sh", &[&url]), greeting);

    let page = format!("$({} {url}) -s", "./example/bark/bark_construct_curl.sh");
    let page = run(&owt, folder, "-c", &[&format!("bash -c \"{page}\"")]).stdout;
    let meta = format!("$({} {url}) -s", "./example/bark/bark_meta_curl.sh");
    let meta = run(&owt, folder, "-c", &[&format!("bash -c \"{meta}\"")]).stdout;
    for page in [&page, &meta] {
        assert!(page.trim_start().starts_with("<!doctype html>"), "{page}");
        assert!(page.contains("function greet()") && page.contains("text.upper()"), "{page}");
    }

    let one = out("meta/one_layer.sh", &[]);
    let one = one.lines().last().unwrap();
    assert_eq!(one, format!("Hello, owt-inside-owt, from 127.0.0.1:{}!", port + 1));
    // The script has a process of its own end the inner server some seconds later; the next
    // script wants the port.
    while TcpListener::bind(("127.0.0.1", port + 1)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let five = out("meta/five_layers.sh", &[]);
    let expected: String = (1..=5)
        .map(|layer| {
            let name = format!("owt{}", "-inside-owt".repeat(layer));
            let port = port + layer as u16;
            format!("layer: {name}\nResult:  Hello, {name}, from 127.0.0.1:{port}!\n")
        })
        .collect();
    assert_eq!(five, expected);
}

#[test]
fn the_scripts_printed_on_2024_08_16_run() {
    printed_scripts_run("2024-08-16");
}

#[test]
fn the_scripts_printed_on_2024_09_05_run() {
    printed_scripts_run("2024-09-05");
}

#[test]
fn the_pipeline_scripts_print_themselves_in_capitals() {
    let ports = ports(1);
    let port = ports.first;
    let scripts = printed_scripts("2024-09-05", port);
    let owt = Start::new().port(port).dir(scripts.path()).start();
    let text = std::fs::read_to_string(scripts.path().join("example/summat/simple.sh")).unwrap();
    let capitals = text.to_uppercase();
    let url = format!("{}/owt", owt.url);
    let simple = run(&owt, scripts.path(), "example/summat/simple.sh", &[&url]).stdout;
    assert_eq!(simple, capitals);
    // `echo $(…)` joins what it prints by single spaces.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let client = run(&owt, scripts.path(), "example/summat/client.sh", &[]);
    assert_eq!(words(&client.stdout), words(&capitals), "{}", client.stderr);
}
