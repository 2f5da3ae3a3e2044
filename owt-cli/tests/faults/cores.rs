//! How many threads numerical libraries may use for one computation.

use owt_testing::Start;

/// As libraries read it when they are loaded.
const THREADS: &str = "import ctypes
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
def run(): return int(getenv(b'OMP_NUM_THREADS'))
";

#[test]
fn workers_share_the_cores() {
    let cores = std::thread::available_parallelism().unwrap().get();
    for (args, share) in [
        (["--workers", "1", "--threads", "1"], cores),
        (["--workers", "2", "--threads", "1"], cores / 2),
        (["--workers", "1", "--threads", "8"], cores / 2),
        (["--workers", "0", "--threads", "8"], cores / 2),
    ] {
        let owt = Start::new().args(args).start();
        let threads = owt.code(THREADS).post("/").ok().to_owned();
        assert_eq!(threads, share.max(1).to_string(), "{args:?}");
    }
}

#[test]
fn what_the_operator_says_holds() {
    let owt = Start::new().env("OMP_NUM_THREADS", "7").start();
    assert_eq!(owt.code(THREADS).post("/").ok(), "7");
}
