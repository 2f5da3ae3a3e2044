//! Adaptors in the sandbox: what they try outside is refused, what they need works.
//!
//! What is refused is tried without the sandbox too, where it works: an attempt that would fail
//! anyway shows nothing.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use owt_testing::family::{Family, eventually};
use owt_testing::{Folder, Start, venv};

const ATTEMPTS: &str = include_str!("sandbox_attempts.py");

/// A family of two with that home.
fn family(home: &Folder, args: &[&str]) -> Family {
    Family::started(2, Start::new().args(args.iter().copied()).env("HOME", home.as_str()))
}

/// What came of the attempts of that kind: nothing, or why they were refused.
fn attempts(family: &Family, kind: &str) -> BTreeMap<String, String> {
    let places = Folder::new();
    let code = family.owt.code(ATTEMPTS);
    let names = code.clone().field("fn_name", "names").kwargs(&json!({"kind": kind}).to_string());
    for name in names.post("/").json().as_array().unwrap() {
        let place = places.path(name.as_str().unwrap());
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("there"), "content").unwrap();
    }
    let workers = family.workers();
    let is_guard = |id: &u32| *id != family.owt.pid() && !workers.contains(id);
    let guard: Vec<u32> = family.all().into_iter().filter(is_guard).collect();
    let [guard] = guard[..] else { panic!("one guard, not {guard:?}") };
    let port: u16 = family.owt.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let of = json!({"server": family.owt.pid(), "guard": guard, "workers": workers, "port": port});
    let arguments = json!({"kind": kind, "places": places.as_str(), "of": of});
    serde_json::from_str(code.kwargs(&arguments.to_string()).post("/").ok()).unwrap()
}

#[track_caller]
fn all_succeed(results: &BTreeMap<String, String>) {
    for (name, refusal) in results {
        assert_eq!(refusal, "", "{name} shows nothing if it fails without a sandbox");
    }
}

#[track_caller]
fn all_are_refused(results: &BTreeMap<String, String>) {
    for (name, refusal) in results {
        let is_refused =
            ["EACCES ", "EPERM ", "EXDEV "].iter().any(|code| refusal.starts_with(code));
        assert!(is_refused, "{name}: {refusal:?}");
    }
}

#[test]
fn outside_nothing_is_written() {
    let home = Folder::new();
    let free = family(&home, &[]);
    let kept_in = family(&home, &["--sandbox"]);
    let files = attempts(&free, "Files");
    assert!(files.len() > 20);
    all_succeed(&files);
    all_are_refused(&attempts(&kept_in, "Files"));
    free.ends_well();
    kept_in.ends_well();
}

#[test]
fn neither_in_the_home_nor_among_modules_nor_where_the_server_keeps_its_own() {
    let (home, modules) = (Folder::new(), Folder::new());
    home.write("there", "content");
    modules.write("there", "content");
    let kept_in = family(&home, &["--sandbox", modules.as_str()]);
    let scratch = kept_in
        .owt
        .code("import tempfile, os\ndef run():\n    return os.path.dirname(tempfile.gettempdir())")
        .post("/");
    let package = kept_in
        .owt
        .code(
            "import owt, os\ndef run():\n    return os.path.dirname(os.path.dirname(owt.__file__))",
        )
        .post("/");
    assert!(package.ok().starts_with(home.as_str()), "the package owt is in the user's cache");
    let code = "import os\ndef run(at):\n    with open(at + '/new', 'w'):\n        pass";
    for place in [home.as_str(), modules.as_str(), scratch.ok(), package.ok()] {
        let answer = kept_in.owt.code(code).kwargs(&format!("{{'at': {place:?}}}")).post("/");
        assert!(answer.text().contains("Permission denied"), "{place}: {}", answer.text());
        assert!(answer.text().contains("`--writable FOLDER` opens"), "{}", answer.text());
        assert_eq!(answer.status, 500);
    }
    kept_in.ends_well();
}

#[test]
fn an_error_that_comes_of_it_names_the_flag() {
    let home = Folder::new();
    let kept_in = family(&home, &["--sandbox"]);
    let offline = family(&home, &["--no-network"]);
    let connects = "import urllib.request\ndef run():\n    \
                    urllib.request.urlopen('http://127.0.0.1:9')";
    let resolves = "import socket\ndef run():\n    socket.getaddrinfo('example.org', 80)";
    let locks = "import multiprocessing\ndef run():\n    multiprocessing.Lock()";
    let own = "def run():\n    raise PermissionError(13, 'the door is locked', '/nowhere/x')";
    for (family, code, flag) in [
        (&kept_in, locks, "`owt serve --sandbox` keeps"),
        (&offline, connects, "`owt serve --no-network`"),
        (&offline, resolves, "`owt serve --no-network`"),
    ] {
        let answer = family.owt.code(code).post("/");
        assert!(answer.text().contains(flag), "{code}: {}", answer.text());
    }
    let answer = kept_in.owt.code(own).post("/");
    assert!(!answer.text().contains("owt serve"), "{}", answer.text());
    kept_in.ends_well();
    offline.ends_well();
}

#[test]
fn other_processes_are_out_of_reach() {
    let home = Folder::new();
    let free = family(&home, &[]);
    let kept_in = family(&home, &["--sandbox"]);
    all_succeed(&attempts(&free, "Processes"));
    all_are_refused(&attempts(&kept_in, "Processes"));
    free.ends_well();
    kept_in.ends_well();
}

#[test]
fn no_network_is_none_and_answers_flow() {
    let home = Folder::new();
    let free = family(&home, &["--sandbox"]);
    let kept_in = family(&home, &["--no-network"]);
    all_succeed(&attempts(&free, "Network"));
    let refused = attempts(&kept_in, "Network");
    assert!(refused.len() >= 6);
    all_are_refused(&refused);
    let mut files = attempts(&kept_in, "Files");
    // The socket is none of the file system's.
    let socket = files.remove_entry("socket_file").unwrap();
    all_succeed(&files);
    all_are_refused(&[socket].into());
    let both = family(&home, &["--sandbox", "--no-network"]);
    for kind in ["Network", "Files", "Processes"] {
        all_are_refused(&attempts(&both, kind));
    }
    for family in [free, kept_in, both] {
        family.ends_well();
    }
}

#[test]
fn no_privileges_are_left_in_any_worker_and_its_children() {
    let home = Folder::new();
    let status = "import subprocess\ndef run():\n    \
                  return subprocess.run(['cat', '/proc/self/status'], capture_output=True).stdout";
    let lines = |family: &Family| -> BTreeMap<String, String> {
        let answer = family.owt.code(status).post("/");
        let lines = answer.ok().lines().filter_map(|line| line.split_once(':'));
        lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
    };
    let kept_in = family(&home, &["--sandbox"]);
    let seen = lines(&kept_in);
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(seen[set], "0".repeat(16), "{set}");
    }
    assert_eq!((&*seen["NoNewPrivs"], &*seen["Seccomp"]), ("1", "2"));
    kept_in.ends_well();
    let offline = family(&home, &["--no-network"]);
    let seen = lines(&offline);
    assert_eq!((&*seen["NoNewPrivs"], &*seen["Seccomp"]), ("1", "2"));
    offline.ends_well();
}

#[test]
fn reading_temporary_files_the_cache_and_writable_folders_work() {
    let (home, named, by_variable, file) =
        (Folder::new(), Folder::new(), Folder::new(), Folder::new());
    let file = file.write("file", "");
    let secret = home.write("readable", "as before");
    let start = Start::new().env("HOME", home.as_str()).env("OWT_SANDBOX", "1");
    let writable = format!("{}:{}", by_variable.as_str(), file.display());
    let kept_in = Family::started(1, start.env("OWT_WRITABLE", writable));
    let code = format!(
        "import os, pathlib, shutil, tempfile
def run():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
        file.write(b'x')
        for name in ['a', 'b']:
            pathlib.Path(folder, name).write_text('x')
            os.makedirs(os.path.join(folder, 'deep', name))
        os.rename(folder + '/a', folder + '/deep/a/moved')
        os.link(folder + '/b', folder + '/deep/linked')
        shutil.copytree(folder + '/deep', folder + '/copied', copy_function=shutil.copy)
    cache = pathlib.Path(os.environ['XDG_CACHE_HOME'], 'model')
    cache.write_text('weights')
    pathlib.Path({0:?}, 'there').write_text('by OWT_WRITABLE')
    pathlib.Path({1:?}).write_text('one file')
    for device in ['null', 'zero', 'full']:
        open('/dev/' + device, 'wb').close()
    return [pathlib.Path({2:?}).read_text(), tempfile.gettempdir(), str(cache)]",
        by_variable.as_str(),
        file,
        secret,
    );
    let answer = kept_in.owt.code(&code).post("/");
    answer.ok();
    let [read, temporary, cache] = [0, 1, 2].map(|n| answer.json()[n].as_str().unwrap().to_owned());
    assert_eq!(read, "as before");
    assert!(temporary.starts_with(kept_in.folder.as_str()), "in the server's own: {temporary}");
    assert_eq!(cache, home.path(".cache/owt/sandbox/model").to_str().unwrap());
    assert_eq!(by_variable.read("there"), "by OWT_WRITABLE");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one file");
    kept_in.ends_well();
    assert_eq!(std::fs::read_to_string(cache).unwrap(), "weights", "the cache outlives the server");

    // Two flags, each with its folder.
    let args = ["--sandbox", "--writable", named.as_str(), "--writable", by_variable.as_str()];
    let kept_in = family(&home, &args);
    let code = format!(
        "import os\ndef run():\n    os.rename('{}/there', '{}/moved')",
        by_variable.as_str(),
        named.as_str()
    );
    assert_eq!(kept_in.owt.code(&code).post("/").status, 200);
    assert_eq!(named.read("moved"), "by OWT_WRITABLE");
    kept_in.ends_well();
}

#[test]
fn everything_that_adaptors_do_inside_works() {
    let home = Folder::new();
    let kept_in = family(&home, &["--sandbox", "--no-network"]);
    let works = |code: &str, answer: &str| {
        assert_eq!(kept_in.owt.code(code).post("/").ok(), answer, "{code}");
    };
    works(
        "import asyncio
async def run():
    echo = await asyncio.create_subprocess_exec('echo', 'hi', stdout=asyncio.subprocess.PIPE)
    return (await echo.communicate())[0].decode() + await asyncio.to_thread(lambda: 'thread')",
        "hi\nthread",
    );
    works("async def run():\n    for n in range(3):\n        yield str(n)", "012");
    works("def run():\n    yield 'a'\n    yield 'b'", "ab");
    works(
        "import threading
def run():
    seen = []
    thread = threading.Thread(target=seen.append, args=[1])
    thread.start()
    thread.join()
    return seen",
        "[1]",
    );
    // Ends its own child, in a process group of its own.
    works(
        "import os, signal, subprocess
def run():
    child = subprocess.Popen(['sleep', '1000'], start_new_session=True)
    os.killpg(child.pid, signal.SIGKILL)
    return child.wait()",
        "-9",
    );
    let code = "import subprocess\ndef run():\n    subprocess.run(['sleep', '1000'])";
    kept_in.owt.code(code).field("timeout", 0.3).post("/").refused(504, "deadline-passed");
    eventually("what the call started has ended", || kept_in.strays().is_empty());
    for how in ["fork", "spawn"] {
        works(
            &format!(
                "import multiprocessing, os
def double(pipe, n):
    pipe.send(2 * n)
def run():
    context = multiprocessing.get_context({how:?})
    here, there = context.Pipe()
    child = context.Process(target=double, args=[there, 4])
    child.start()
    answer = here.recv()
    child.join()
    return answer"
            ),
            "8",
        );
    }
    // A call moves its own thread and no other.
    works(
        "import os
def run():
    os.chdir('/')
    places = [f'/proc/self/task/{task}/cwd' for task in os.listdir('/proc/self/task')]
    return [os.path.realpath(place) for place in places].count('/')",
        "1",
    );
    let code = "import os\ndef run():\n    return os.urandom(8).hex()";
    let cached = kept_in.owt.code(code).field("use_cache", true);
    assert_eq!(cached.post("/").ok(), cached.post("/").ok());
    kept_in.ends_well();
}

const POOL: &str = "import math, multiprocessing
def run():
    with multiprocessing.get_context('spawn').Pool(2) as pool:
        return pool.map(math.sqrt, [1, 4])";

#[test]
fn pools_need_shared_memory_which_is_named() {
    let home = Folder::new();
    let kept_in = family(&home, &["--sandbox"]);
    let refused = kept_in.owt.code(POOL).post("/");
    assert!(refused.text().contains("PermissionError"), "{}", refused.text());
    kept_in.ends_well();
    let kept_in = family(&home, &["--sandbox", "--writable", "/dev/shm"]);
    assert_eq!(kept_in.owt.code(POOL).post("/").ok(), "[1.0,2.0]");
    kept_in.ends_well();
}

#[test]
fn matplotlib_draws() {
    let home = Folder::new();
    let kept_in = family(&home, &["--sandbox", "--no-network"]);
    let code = "import io, matplotlib, numpy
matplotlib.use('agg')
from matplotlib import pyplot
def run():
    x = numpy.linspace(0, 1, 100)
    pyplot.plot(x, numpy.linalg.svd(numpy.outer(x, x))[1])
    pyplot.title('drawn')
    drawn = io.BytesIO()
    pyplot.savefig(drawn, format='png')
    return [matplotlib.get_cachedir(), drawn.getvalue()[1:4].decode()]";
    let answer = kept_in.owt.code(code).post("/");
    let expected = home.path(".cache/owt/sandbox/matplotlib");
    assert_eq!(answer.ok(), json!([expected, "PNG"]).to_string());
    kept_in.ends_well();
}

#[test]
fn workers_that_die_are_replaced_by_others_in_the_sandbox() {
    let home = Folder::new();
    let kept_in = Family::started(1, Start::new().args(["--sandbox"]).env("HOME", home.as_str()));
    let before = kept_in.is_whole();
    let died = kept_in.owt.code("import os\ndef run():\n    os.abort()").post("/");
    died.refused(502, "worker-died");
    let after = kept_in.is_whole();
    assert!(before.is_disjoint(&after));
    all_are_refused(&attempts(&kept_in, "Files"));
    kept_in.owt.signal("-HUP");
    eventually("another worker takes the place", || kept_in.is_whole().is_disjoint(&after));
    all_are_refused(&attempts(&kept_in, "Files"));
    kept_in.ends_well();
}

#[test]
fn a_writable_folder_that_was_put_elsewhere_opens_nothing() {
    let (home, around) = (Folder::new(), Folder::new());
    let inner = around.path("inner");
    std::fs::create_dir(&inner).unwrap();
    let inner = inner.to_str().unwrap();
    let start =
        Start::new().args(["--sandbox", "--writable", around.as_str(), "--writable", inner]);
    let kept_in = Family::started(1, start.env("HOME", home.as_str()));
    // The next worker would write to the home, were it to believe the path.
    let code = format!(
        "import os\ndef run():\n    os.rmdir({inner:?})\n    os.symlink({:?}, {inner:?})\n    os._exit(0)",
        home.as_str()
    );
    kept_in.owt.code(&code).post("/").refused(502, "worker-died");
    kept_in.owt.log_with("is not what it was when the server started");
    assert_eq!(kept_in.metric("owt_worker_up"), 0.0);
}

const TOKEN: &str = "a-token-of-the-test";

#[test]
fn where_a_key_is_asked_for_the_servers_memory_is_out_of_reach() {
    let home = Folder::new();
    let free = family(&home, &[]);
    let memory = attempts(&free, "Memory");
    assert!(memory.len() > 8);
    all_succeed(&memory);
    free.ends_well();
    // A user cannot either; root's adaptors have given it up.
    let locked = Family::started(2, Start::new().token(TOKEN).env("HOME", home.as_str()));
    all_are_refused(&attempts(&locked, "Memory"));
    all_succeed(&attempts(&locked, "Files"));
    if rustix::process::geteuid().is_root() {
        let place = Folder::new();
        let code = format!(
            "import os, subprocess\ndef run():\n    open({0:?}, 'w').close()\n    \
             os.chown({0:?}, 65534, 65534)\n    \
             return subprocess.run(['id', '-u'], user=65534, capture_output=True).stdout",
            place.path("file")
        );
        assert_eq!(locked.owt.code(&code).post("/").ok(), "65534\n");
    }
    locked.ends_well();
}

#[test]
fn a_file_that_a_worker_may_not_read_is_no_answer() {
    if !rustix::process::geteuid().is_root() {
        // Nobody else can make a file that the server may read and its workers may not.
        return;
    }
    let (home, places) = (Folder::new(), Folder::new());
    std::fs::set_permissions(places.path(""), Permissions::from_mode(0o755)).unwrap();
    let [own, others] = ["own", "others"].map(|name| places.write(name, "content"));
    std::fs::set_permissions(&others, Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::chown(&others, Some(65534), Some(65534)).unwrap();
    let give = |family: &Family, path: &Path, cached: bool| {
        let code = format!("import pathlib\ndef run():\n    return pathlib.Path({path:?})");
        let call = family.owt.code(&code);
        if cached { call.field("use_cache", true).post("/") } else { call.post("/") }
    };
    let free = family(&home, &[]);
    let kept_in = family(&home, &["--sandbox"]);
    for cached in [false, true, true] {
        assert_eq!(give(&free, &others, cached).ok(), "content");
        assert_eq!(give(&kept_in, &own, cached).ok(), "content");
        let refused = give(&kept_in, &others, cached).refused(500, "unrenderable");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("Permission denied"), "{detail}");
    }
    free.ends_well();
    kept_in.ends_well();
}

#[test]
fn the_server_reads_no_process_for_an_adaptor() {
    let (home, places) = (Folder::new(), Folder::new());
    let given = places.write("given", "content");
    let status = Command::new("mkfifo").arg(places.path("pipe")).status().unwrap();
    assert!(status.success());
    let start = Start::new().args(["--sandbox"]).env("HOME", home.as_str()).env("SECRET", "hidden");
    let kept_in = Family::started(1, start);
    let give = |path: &str| {
        let code = format!("import pathlib\ndef run():\n    return pathlib.Path({path:?})");
        kept_in.owt.code(&code).post("/")
    };
    assert_eq!(give(given.to_str().unwrap()).ok(), "content");
    for path in ["/proc/self/environ", "/proc/self/fd/0", "/proc/self/root/etc/passwd"] {
        let refused = give(path);
        refused.refused(500, "unrenderable");
        assert!(!refused.text().contains("hidden"));
    }
    give(places.path("pipe").to_str().unwrap()).refused(500, "unrenderable");
    kept_in.ends_well();
}

/// Starts a server that should not start.
fn refusal(command: &mut Command) -> Output {
    let folder = Folder::new();
    let mut command = command.args(["--port", "0"]).env("TMPDIR", folder.as_str());
    if let Some(venv) = venv() {
        command = command.env("VIRTUAL_ENV", venv);
    }
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "it does not serve");
    output
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let wrong: [(&[&str], &str); 4] = [
        (&["--sandbox", "--workers", "0"], "--workers 0"),
        (&["--no-network", "--workers", "0"], "--workers 0"),
        (&["--sandbox", "--writable", "/nowhere/at/all"], "--writable /nowhere/at/all"),
        (&["--writable", "/tmp"], "--sandbox"),
    ];
    for (args, said) in wrong {
        let mut owt = Command::new(owt_testing::binary());
        let output = refusal(owt.arg("serve").args(args));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(said), "{args:?}: {error}");
    }
}

/// Runs a program on a kernel that does not know the system call of that number.
const WITHOUT: &str = "\
import ctypes, os, struct, sys
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (6, 0, 0, 0x50026), (6, 0, 0, 0x7fff0000)]
program = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
head = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(steps), ctypes.addressof(program)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, head) == 0
os.execv(sys.argv[2], sys.argv[2:])";

#[test]
fn a_kernel_that_cannot_is_refused_and_nothing_serves() {
    const CREATE_RULESET: &str = "444";
    const RESTRICT_SELF: &str = "446";
    let seccomp = if cfg!(target_arch = "x86_64") { "317" } else { "277" };
    let python = venv().map_or("python3".into(), |venv| venv.join("bin/python"));
    let cases = [
        (CREATE_RULESET, "--sandbox", "error: --sandbox needs landlock"),
        // Only workers do this: they say so, and the server does not start without them.
        (RESTRICT_SELF, "--sandbox", "no worker process starts: --sandbox needs landlock"),
        (seccomp, "--no-network", "--no-network need seccomp filters"),
    ];
    for (missing, flag, said) in cases {
        let mut command = Command::new(&python);
        command.args(["-c", WITHOUT, missing, env!("CARGO_BIN_EXE_owt"), "serve", flag]);
        let output = refusal(&mut command);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{missing}: {error}");
        assert!(error.contains(said), "{missing}: {error}");
    }
}
