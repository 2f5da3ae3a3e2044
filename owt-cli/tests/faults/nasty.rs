//! Adaptors that do their worst. Each is a test: it ends as it should, and others do not notice.

use crate::survival::Outcome::{Cut, Problem, Text};
use crate::survival::{Nasty, Outcome, survives};

const PLAIN: Nasty = Nasty { code: "", args: &[], timeout: None, outcomes: &[] };

const PASSED: Outcome = Problem(504, "deadline-passed", "");
const DIED: Outcome = Problem(502, "worker-died", "");
const RAISED: Outcome = Problem(500, "adaptor-raised", "");

macro_rules! nasty {
    ($($name:ident: $($field:ident = $value:expr),+;)+) => {
        $(#[test]
        #[allow(clippy::needless_update, reason = "some rows have all fields")]
        fn $name() {
            survives(&Nasty { $($field: $value,)+ ..PLAIN });
        })+
    };
}

nasty! {
    it_exits:
        code = "def run():\n    begin()\n    os._exit(3)\n",
        outcomes = &[Problem(502, "worker-died", "exit status 3")];

    its_body_exits:
        code = "begin()\nos._exit(3)\n",
        outcomes = &[Problem(502, "worker-died", "exit status 3")];

    it_reads_from_nowhere:
        code = "def run():\n    begin()\n    ctypes.string_at(8)\n",
        outcomes = &[Problem(502, "worker-died", "signal 11 (SIGSEGV)")];

    it_raises_system_exit:
        code = "def run():\n    begin()\n    sys.exit(3)\n",
        outcomes = &[RAISED];

    it_loops:
        code = "def run():\n    begin()\n    while True:\n        pass\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    its_body_loops:
        code = "begin()\nwhile True:\n    pass\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_sleeps_in_c_with_the_gil:
        code = "def run():\n    begin()\n    ctypes.PyDLL(None).sleep(3600)\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_computes_in_c_with_the_gil:
        code = "def run():\n    begin()\n    sum(itertools.repeat(1))\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_backtracks:
        code = "def run():\n    begin()\n    re.match('(a*)*b', 'a' * 64)\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_ignores_signals_and_loops:
        code = "
def run():
    begin()
    for number in range(1, 32):
        ctypes.CDLL(None).signal(number, ctypes.c_void_p(1))
    while True:
        pass
",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_catches_everything:
        code = "
def run():
    begin()
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_leaves_a_grandchild_and_dies:
        code = "
def run():
    begin()
    escape()
    os._exit(3)

def escape():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()
",
        outcomes = &[DIED];

    it_leaves_a_grandchild_and_loops:
        code = "
def run():
    begin()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            pass
",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_takes_a_gigabyte:
        code = "
def run():
    begin()
    held = []
    for _ in range(16):
        held.append(bytearray(b'x') * (64 << 20))
    time.sleep(3600)
",
        args = &["--max-memory", "400M"],
        timeout = Some(60.0),
        outcomes = &[Problem(502, "worker-died", "memory")];

    it_forks_two_hundred_times_and_waits:
        code = "
def run():
    begin()
    children = []
    for _ in range(200):
        child = os.fork()
        if child == 0:
            time.sleep(3600)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
",
        timeout = Some(4.0),
        outcomes = &[PASSED];

    it_starts_ten_thousand_threads:
        code = "
def run():
    begin()
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=(3600,)).start()
    return 'started'
",
        timeout = Some(40.0),
        outcomes = &[Text("started"), RAISED, DIED, PASSED];

    it_closes_all_files:
        code = "def run():\n    begin()\n    os.closerange(3, 65536)\n    time.sleep(3600)\n",
        timeout = Some(1.5),
        outcomes = &[DIED, PASSED];

    it_closes_what_it_prints_to:
        code = "def run():\n    begin()\n    sys.stdout.close()\n    print('more')\n    return 'well'\n",
        outcomes = &[Text("well")];

    it_prints_a_gigabyte:
        code = "
def run():
    begin()
    for _ in range(1024):
        print('x' * ((1 << 20) - 1))
    return 'printed'
",
        outcomes = &[Text("printed")];

    it_writes_a_gigabyte_to_standard_error:
        code = "
def run():
    begin()
    line = b'x' * 1023 + b'\\n'
    for _ in range(1024):
        rest = memoryview(line * 1024)
        while rest:
            rest = rest[os.write(2, rest):]
    return 'written'
",
        outcomes = &[Text("written")];

    it_recurses:
        code = "def deep(n):\n    return deep(n + 1)\n\ndef run():\n    begin()\n    deep(0)\n",
        outcomes = &[Problem(500, "adaptor-raised", "RecursionError")];

    // Newer Pythons see that the stack ends and raise.
    it_recurses_through_c:
        code = "
def deep(n):
    return max([n], key=deep)

def run():
    begin()
    sys.setrecursionlimit(10**9)
    deep(0)
",
        outcomes = &[DIED, RAISED];

    it_raises_in_the_middle:
        code = "def run():\n    begin()\n    yield 'first'\n    raise ValueError('second')\n",
        outcomes = &[Cut("first")];

    it_dies_in_the_middle:
        code = "def run():\n    begin()\n    yield 'first'\n    os._exit(3)\n",
        outcomes = &[Cut(""), DIED];

    it_never_yields:
        code = "def run():\n    begin()\n    while True:\n        time.sleep(0.01)\n    yield\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];

    it_never_yields_on_the_loop:
        code = "async def run():\n    begin()\n    while True:\n        pass\n    yield\n",
        timeout = Some(1.5),
        outcomes = &[PASSED];
}
