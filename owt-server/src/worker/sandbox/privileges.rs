//! What a worker gives up of what its user may do, root above all.

use std::io;

use rustix::process::{Resource, Rlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

/// Gives up every capability for good, and core files, which would be written outside.
///
/// Other limits stay what they are: the kernel counts processes for the user and not for the
/// worker, and descriptors that a worker wastes are its own.
///
/// # Errors
/// When the kernel refuses.
pub fn give_up() -> io::Result<()> {
    // While the capability is there that this takes; without it nothing can be gained anyway.
    for number in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match rustix::thread::capability_is_in_bounding_set(one) {
            Ok(true) => {}
            Ok(false) => continue,
            // No such capability: this was the last.
            Err(_) => break,
        }
        match rustix::thread::remove_capability_from_bounding_set(one) {
            Ok(()) | Err(rustix::io::Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    rustix::thread::clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    rustix::thread::set_capabilities(None, sets)?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)?;
    Ok(())
}
