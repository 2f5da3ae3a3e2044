//! Drops privileges that a worker's user may have, root above all.

use std::io;

use rustix::process::{Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

/// What root keeps where it shall not reach the server's memory: what container engines leave it
/// to install packages, change users and serve with, and what pins memory and sets priorities.
/// None of them leads into another process, into the kernel, or to what others send.
const HARMLESS: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::IPC_LOCK)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SETFCAP)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SYS_CHROOT)
    .union(CapabilitySet::SYS_NICE);

/// Gives up every capability for good, and core files, which would be written outside.
///
/// Other limits stay what they are: the kernel counts processes for the user and not for the
/// worker, and descriptors that a worker wastes are its own.
///
/// # Errors
/// When the kernel refuses.
pub fn give_up() -> io::Result<()> {
    keep(CapabilitySet::empty())?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)?;
    Ok(())
}

/// Gives up for good the capabilities by which root looks into other processes.
///
/// # Errors
/// When the kernel refuses.
pub fn give_up_the_way_to_others() -> io::Result<()> {
    keep(HARMLESS)
}

/// Gives up all capabilities but these, of which none is gained.
fn keep(kept: CapabilitySet) -> io::Result<()> {
    // While the capability is there that this takes.
    let is_bounded = bound(kept)?;
    rustix::thread::clear_ambient_capability_set()?;
    let now = rustix::thread::capabilities(None)?;
    let sets = CapabilitySets {
        effective: now.effective & kept,
        permitted: now.permitted & kept,
        inheritable: now.inheritable & kept,
    };
    rustix::thread::set_capabilities(None, sets)?;
    if !is_bounded && is_root() {
        // Any program that root runs would have them again.
        rustix::thread::set_no_new_privs(true)?;
    }
    Ok(())
}

/// Has no program gain other capabilities than these. False when some can.
fn bound(kept: CapabilitySet) -> io::Result<bool> {
    let mut is_bounded = true;
    for number in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match rustix::thread::capability_is_in_bounding_set(one) {
            Ok(true) if !kept.contains(one) => {}
            Ok(_) => continue,
            // No such capability: this was the last.
            Err(_) => break,
        }
        match rustix::thread::remove_capability_from_bounding_set(one) {
            Ok(()) => {}
            Err(rustix::io::Errno::PERM) => is_bounded = false,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(is_bounded)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root() || rustix::process::getuid().is_root()
}
