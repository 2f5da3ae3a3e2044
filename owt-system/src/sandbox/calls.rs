//! Restricts the system calls of a worker with seccomp: it denies sockets, and what landlock does
//! not cover.

use std::collections::BTreeMap;
use std::io;

use libc::{c_int, c_long};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, sock_filter,
};

use super::SandboxError;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// A ring opens sockets in the kernel, out of sight of any filter.
const RINGS: [c_long; 3] =
    [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// Ways to other processes and deep into the kernel that are open to a process without
/// capabilities. What takes one (mounting, modules, reboot) is denied by having none.
const BEYOND: [c_long; 29] = [
    // Another process's memory, descriptors, calls.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // What the user's processes share by a number or a name that is no file's.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // Files past their paths.
    libc::SYS_open_by_handle_at,
    // Much of the kernel behind a small door.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_fanotify_init,
    libc::SYS_setns,
    libc::SYS_quotactl,
];

const NAMESPACES: [c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// Sees whether the kernel can do it.
///
/// # Errors
/// When it cannot.
pub fn check(files: bool, no_network: bool) -> Result<(), SandboxError> {
    programs(files, no_network)?;
    for action in [libc::SECCOMP_RET_ERRNO, libc::SECCOMP_RET_KILL_PROCESS] {
        // SAFETY: the kernel only reads the number it is given the address of.
        let answer = unsafe {
            let question = libc::SECCOMP_GET_ACTION_AVAIL;
            libc::syscall(libc::SYS_seccomp, question, 0, &raw const action)
        };
        if answer != 0 {
            return Err(SandboxError::Seccomp(io::Error::last_os_error()));
        }
    }
    Ok(())
}

/// Refuses these calls from now on, to all threads of this process, and new privileges too.
///
/// # Errors
/// When the kernel does not take it.
pub fn restrict(files: bool, no_network: bool) -> Result<(), SandboxError> {
    for program in programs(files, no_network)? {
        seccompiler::apply_filter_all_threads(&program)?;
    }
    Ok(())
}

/// The filters. Each sees every call, and the kernel does what the strictest says; a call that
/// is made as another kind of processor would kills the process.
fn programs(files: bool, no_network: bool) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    if !files && !no_network {
        return Ok(Vec::new());
    }
    let mut rules = Rules::new();
    rules.extend(RINGS.map(|call| (call, Vec::new())));
    rules.insert(libc::SYS_socketpair, pairs()?);
    rules.insert(libc::SYS_socket, if no_network { Vec::new() } else { sockets()? });
    if files {
        rules.extend(BEYOND.map(|call| (call, Vec::new())));
        rules.extend(beyond()?);
    }
    let mut programs = vec![filter(rules, libc::EPERM)?];
    if files {
        // What namespaces it makes is in memory, which no filter sees; whoever is told that
        // there is no such call, the C library first, uses the older one.
        programs.push(filter([(libc::SYS_clone3, Vec::new())].into(), libc::ENOSYS)?);
    }
    #[cfg(target_arch = "x86_64")]
    programs.push(no_x32());
    Ok(programs)
}

fn filter(rules: Rules, errno: c_int) -> Result<BpfProgram, seccompiler::Error> {
    let refused = SeccompAction::Errno(errno.cast_unsigned());
    let here = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, here)?;
    Ok(filter.try_into()?)
}

/// Pairs are for a process and its children: asyncio and pipes of multiprocessing need streams.
/// One of datagrams could be connected anew, to any socket that has a name.
fn pairs() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let kind = |kind: c_int| argument(1, SeccompCmpOp::MaskedEq(0xf), kind);
    let datagrams = [libc::SOCK_DGRAM, libc::SOCK_RAW].map(kind);
    let other = argument(0, SeccompCmpOp::Ne, libc::AF_UNIX);
    datagrams.into_iter().chain([other]).map(|condition| rule([condition])).collect()
}

/// The internet's families are left, and the one that name resolution asks for addresses. Behind
/// sockets in the file system are services that do anything for their user: D-Bus, containers,
/// terminals.
fn sockets() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    Ok(vec![rule(families.map(|family| argument(0, SeccompCmpOp::Ne, family)))?])
}

/// Calls that are refused for some arguments only.
fn beyond() -> Result<Rules, seccompiler::Error> {
    let namespaces = NAMESPACES.map(|flag| {
        let mask = u64::from(flag.cast_unsigned());
        rule([argument(0, SeccompCmpOp::MaskedEq(mask), flag)])
    });
    // Typing into the terminal that the server was started from.
    let typing = [libc::TIOCSTI, libc::TIOCLINUX]
        .map(|request| rule([argument(1, SeccompCmpOp::Eq, request as c_int)]));
    // Limits of another process.
    let others = rule([argument(0, SeccompCmpOp::Ne, 0)])?;
    // A user namespace comes with capabilities in it; a directory of its own is each thread's.
    let more_than_directory = rule([argument(0, SeccompCmpOp::Ne, libc::CLONE_FS)])?;
    Ok([
        (libc::SYS_clone, namespaces.into_iter().collect::<Result<_, _>>()?),
        (libc::SYS_ioctl, typing.into_iter().collect::<Result<_, _>>()?),
        (libc::SYS_prlimit64, vec![others]),
        (libc::SYS_unshare, vec![more_than_directory]),
    ]
    .into())
}

type Condition = Result<SeccompCondition, seccompiler::BackendError>;

/// The kernel too looks only at the lower half of arguments like these.
fn argument(number: u8, operator: SeccompCmpOp, value: c_int) -> Condition {
    let value = u64::from(value.cast_unsigned());
    SeccompCondition::new(number, SeccompCmpArgLen::Dword, operator, value)
}

/// Refused when all of these hold.
fn rule<const N: usize>(conditions: [Condition; N]) -> Result<SeccompRule, seccompiler::Error> {
    let conditions = conditions.into_iter().collect::<Result<_, _>>()?;
    Ok(SeccompRule::new(conditions)?)
}

/// Refuses the numbers of the x32 ABI, which name every call once more.
#[cfg(target_arch = "x86_64")]
fn no_x32() -> BpfProgram {
    const X32: u32 = 0x4000_0000;
    let step = |code: u32, jf: u8, k: u32| sock_filter { code: code as u16, jt: 0, jf, k };
    vec![
        // The call's number is first in what a filter sees.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 1, X32),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned()),
        step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
