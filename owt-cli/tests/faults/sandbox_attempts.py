"""What an adaptor may try against the machine it runs on.

Each attempt takes a folder `at`, with a file `there` in it, and the processes `of` the server.
"""

import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
temporary = None


def call(number, *arguments, there_when=()):
    """Makes a system call; `there_when` are errors of one that would have been made."""
    if libc.syscall(number, *arguments) < 0 and ctypes.get_errno() not in there_when:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def inside():
    """A new folder that may be written, and goes with the process's other temporary files."""
    return tempfile.mkdtemp(dir=temporary)


def command(*words):
    """Runs a program, which fails when something is refused."""
    done = subprocess.run(words, capture_output=True)
    if done.returncode:
        said = f"{done.returncode} {done.stderr.decode()[-300:]}"
        raise PermissionError(errno.EPERM, said)


def child(code):
    """Runs this file's definitions and then `code` in a Python of its own."""
    with open(__file__) as file:
        command(sys.executable, "-c", file.read() + "\n" + code)


class Files:
    def write(at, of):
        open(at + "/new", "w").close()

    def append(at, of):
        open(at + "/there", "a").close()

    def truncate(at, of):
        os.truncate(at + "/there", 0)

    def remove(at, of):
        os.unlink(at + "/there")

    def rename(at, of):
        os.rename(at + "/there", at + "/elsewhere")

    def move_in(at, of):
        os.rename(at + "/there", inside() + "/there")

    def move_out(at, of):
        os.rename(tempfile.mkstemp(dir=inside())[1], at + "/there")

    def link_out(at, of):
        os.link(tempfile.mkstemp(dir=inside())[1], at + "/linked")

    def link_in(at, of):
        link = inside() + "/linked"
        os.link(at + "/there", link)
        open(link, "w").close()

    def symlink(at, of):
        os.symlink("there", at + "/symbolic")

    def through_a_symlink(at, of):
        link = inside() + "/symbolic"
        os.symlink(at + "/there", link)
        open(link, "w").close()

    def through_proc(at, of):
        open("/proc/self/root" + at + "/there", "w").close()

    def reopen(at, of):
        with open(at + "/there") as file:
            open(f"/proc/self/fd/{file.fileno()}", "w").close()

    def mkdir(at, of):
        os.mkdir(at + "/folder")

    def mkfifo(at, of):
        os.mkfifo(at + "/pipe")

    def socket_file(at, of):
        socket.socket(socket.AF_UNIX).bind(at + "/socket")

    def unnamed(at, of):
        os.open(at, os.O_TMPFILE | os.O_WRONLY)

    def by_a_child(at, of):
        command("touch", at + "/new")

    def by_a_fork(at, of):
        if (pid := os.fork()) == 0:
            try:
                open(at + "/new", "w").close()
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(pid, 0)[1]:
            raise PermissionError(errno.EACCES, "the child was refused")

    def by_a_command_that_overwrites(at, of):
        command("cp", "/dev/null", at + "/there")

    def shared_memory(at, of):
        path = f"/dev/shm/owt-test-{os.getpid()}"
        open(path, "w").close()
        os.unlink(path)


class Processes:
    def signal_the_server(at, of):
        os.kill(of["server"], signal.SIGCONT)

    def signal_the_guard(at, of):
        os.kill(of["guard"], signal.SIGCONT)

    def signal_its_group(at, of):
        os.kill(-os.getpgid(of["server"]), 0)

    def signal_by_descriptor(at, of):
        signal.pidfd_send_signal(os.pidfd_open(of["server"]), signal.SIGCONT)

    def signal_another_worker(at, of):
        [other] = set(of["workers"]) - {os.getpid()}
        os.kill(other, signal.SIGCONT)

    def read_environ(at, of):
        assert open(f"/proc/{of['server']}/environ", "rb").read()

    def read_environ_of_another_worker(at, of):
        [other] = set(of["workers"]) - {os.getpid()}
        assert open(f"/proc/{other}/environ", "rb").read()

    def read_maps(at, of):
        assert open(f"/proc/{of['server']}/maps").read()

    def open_memory(at, of):
        open(f"/proc/{of['server']}/mem", "rb").close()

    def read_descriptors(at, of):
        os.readlink(f"/proc/{of['server']}/fd/0")

    def trace(at, of):
        # Let go again by its end.
        child(f"call(101, 0x4206, {of['server']}, 0, 0)")

    def read_memory(at, of):
        pair = (ctypes.c_size_t * 2)(1, 1)
        call(310, of["server"], pair, 1, pair, 1, 0, there_when=[errno.EFAULT])

    def take_a_descriptor(at, of):
        call(438, os.pidfd_open(of["server"]), 0, 0)

    def limit_another(at, of):
        resource.prlimit(of["server"], resource.RLIMIT_NOFILE)

    def a_user_namespace(at, of):
        child("call(272, 0x10000000)")

    def a_namespace_by_clone(at, of):
        child("call(56, 0x10000000 | 17, 0, 0, 0, 0)")

    def a_segment_of_shared_memory(at, of):
        call(31, -1, 0, 0, there_when=[errno.EINVAL])

    def type_into_a_terminal(at, of):
        call(16, 0, 0x5412, b"x", there_when=[errno.ENOTTY])

    def a_page_fault_handler(at, of):
        call(323, 0)

    def a_unix_socket(at, of):
        socket.socket(socket.AF_UNIX).close()

    def a_pair_of_datagram_sockets(at, of):
        socket.socketpair(type=socket.SOCK_DGRAM)

    def a_pair_of_raw_sockets(at, of):
        socket.socketpair(type=socket.SOCK_RAW)

    def a_ring(at, of):
        call(425, 1, 0, there_when=[errno.EFAULT])

    def a_call_by_its_x32_number(at, of):
        # A kernel without this ABI knows no such call.
        call(0x40000000 | 41, 2, 1, 0, there_when=[errno.ENOSYS])

    def a_call_as_an_older_processor_would(at, of):
        child("i386()")


class Memory:
    read_environ = Processes.read_environ
    read_maps = Processes.read_maps
    open_memory = Processes.open_memory
    read_descriptors = Processes.read_descriptors
    trace = Processes.trace
    read_memory = Processes.read_memory
    take_a_descriptor = Processes.take_a_descriptor

    def by_a_program(at, of):
        child(f"open('/proc/{of['server']}/mem', 'rb').close()")

    def by_a_program_of_another_group(at, of):
        command("setsid", "cat", f"/proc/{of['server']}/environ")


class Network:
    def tcp(at, of):
        socket.create_connection(("127.0.0.1", of["port"])).close()

    def udp(at, of):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))

    def ipv6(at, of):
        socket.socket(socket.AF_INET6).close()

    def netlink(at, of):
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()

    def by_a_child(at, of):
        child("import socket; socket.socket()")

    def by_a_thread(at, of):
        import concurrent.futures

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(socket.socket).result().close()


def i386():
    """getpid by int 0x80, as 32-bit programs call the kernel."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(ctypes.c_int)(address)()


def run(kind, places, of):
    """What came of each attempt of a kind: nothing, or why it was refused."""
    global temporary
    with tempfile.TemporaryDirectory() as temporary:
        attempts = {name: getattr(globals()[kind], name) for name in names(kind)}
        return {name: came_of(attempts[name], places + "/" + name, of) for name in attempts}


def came_of(attempt, at, of):
    try:
        attempt(at, of)
        return ""
    except OSError as error:
        return errno.errorcode.get(error.errno, "?") + f" {error}"


def names(kind):
    return [name for name in vars(globals()[kind]) if not name.startswith("_")]
