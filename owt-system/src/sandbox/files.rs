//! Restricts the files that a worker may write with landlock. It reads and executes whatever it
//! could before.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use serde::{Deserialize, Serialize};

use super::SandboxError;

/// Without what this one knows of, files could be truncated.
const LEAST: ABI = ABI::V3;
/// What is used of a kernel that knows it.
const MOST: ABI = ABI::V9;
/// Devices that keep nothing.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];
/// What the names of devices that compute begin with, in /dev.
const GPUS: [&str; 3] = ["nvidia", "dri", "kfd"];

/// A file or folder that may be written, with what tells it from another in its place: workers
/// start at any time, and what may write beside it could have put a link there since.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Place {
    /// What is there now.
    ///
    /// # Errors
    /// When there is nothing.
    pub fn look(path: &Path) -> Result<Self, SandboxError> {
        let looked = path.canonicalize().and_then(|path| {
            let found = path.metadata()?;
            Ok(Self { path, device: found.dev(), inode: found.ino() })
        });
        looked.map_err(|error| SandboxError::Place(path.to_owned(), error))
    }

    fn open(&self) -> Result<File, SandboxError> {
        let found = File::options().read(true).custom_flags(libc::O_PATH).open(&self.path);
        let found = found.and_then(|file| Ok((file.metadata()?, file)));
        let (now, file) = found.map_err(|error| SandboxError::Place(self.path.clone(), error))?;
        if (now.dev(), now.ino()) != (self.device, self.inode) {
            return Err(SandboxError::Moved(self.path.clone()));
        }
        Ok(file)
    }
}

/// Sees whether the kernel can do it. Says so when it cannot do all of it.
///
/// # Errors
/// When it cannot.
pub fn check() -> Result<(), SandboxError> {
    ruleset()?;
    let signals = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::Signal)
        .and_then(Ruleset::create);
    if signals.is_err() {
        tracing::warn!(
            "this kernel's landlock lets sandboxed adaptors send signals to this user's other \
             processes; Linux 6.12 does not"
        );
    }
    Ok(())
}

fn ruleset() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(MOST))?
        .scope(Scope::from_all(MOST))?
        .create()
}

/// Leaves this thread nothing to write but these, and devices that keep nothing or compute.
///
/// # Errors
/// When the kernel refuses, or a place is not what it was.
pub fn restrict(writable: &[Place]) -> Result<(), SandboxError> {
    let everything = AccessFs::from_read(MOST);
    let mut rules = ruleset()?.add_rules(landlock::path_beneath_rules(["/"], everything))?;
    for place in writable {
        let file = place.open()?;
        let is_folder = file.metadata().is_ok_and(|file| file.is_dir());
        let access = if is_folder { AccessFs::from_all(MOST) } else { AccessFs::from_file(MOST) };
        rules = rules.add_rule(PathBeneath::new(file, access))?;
    }
    let devices = DEVICES.map(PathBuf::from).into_iter().chain(gpus());
    let devices = devices.filter_map(|path| PathFd::new(path).ok());
    let access = AccessFs::from_file(MOST) | AccessFs::ReadDir;
    for device in devices {
        rules = rules.add_rule(PathBeneath::new(device, access))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Looked for by each worker: some appear when they are first used.
fn gpus() -> impl Iterator<Item = PathBuf> {
    let all = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    let computes = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        GPUS.iter().any(|gpu| name.starts_with(gpu.as_bytes()))
    };
    all.map(|entry| entry.path()).filter(computes)
}
