//! Inside an adaptor the served virtual environment is what it is outside.

use owt_testing::{Owt, Start, venv};

#[test]
fn prefix_executable_and_packages_are_the_environments() {
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    let owt = Owt::start();
    let code =
        "import sys, flask\ndef run():\n    return [sys.prefix, sys.executable, flask.__file__]";
    let answer = owt.code(code).post("/").json();
    assert_eq!(answer[0], venv.to_str().unwrap());
    assert_eq!(answer[1], venv.join("bin/python").to_str().unwrap());
    assert!(answer[2].as_str().unwrap().starts_with(venv.to_str().unwrap()), "{answer}");
}

#[test]
fn the_start_up_line_names_the_environment() {
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    let owt = Start::new().start();
    let line = owt.greeting();
    assert!(line.starts_with("owt serving on http://127.0.0.1:"), "{line}");
    assert!(line.trim_end().ends_with(&format!(", {})", venv.display())), "{line}");
}

#[test]
fn pip_runs_by_sys_executable() {
    let owt = Owt::start();
    let code = "import subprocess, sys\ndef run():\n    return subprocess.run(\n        \
                [sys.executable, '-m', 'pip', '--version'], check=True, capture_output=True).stdout";
    let answer = owt.code(code).post("/");
    let venv = venv().expect("OWT_TEST_VENV is set: run `make test`");
    assert!(answer.ok().starts_with("pip ") && answer.ok().contains(venv.to_str().unwrap()));
}

#[test]
fn a_spawn_pool_works_with_library_and_adaptor_functions() {
    let owt = Owt::start();
    let code = "import math, multiprocessing\n\
                def double(n):\n    return 2 * n\n\
                def run():\n    with multiprocessing.get_context('spawn').Pool(2) as pool:\n        \
                return [pool.map(math.sqrt, [1, 4, 9]), pool.map(double, [1, 2, 3])]";
    assert_eq!(owt.code(code).post("/").ok(), "[[1.0,2.0,3.0],[2,4,6]]");
}

#[test]
fn a_forked_child_does_not_go_on_serving() {
    let owt = Owt::start();
    let code = "import os\ndef run():\n    child = os.fork()\n    if child == 0:\n        \
                return 'from the child'\n    os.waitpid(child, 0)\n    return 'from the parent'";
    let call = owt.code(code);
    for _ in 0..5 {
        assert_eq!(call.post("/").ok(), "from the parent");
    }
}
