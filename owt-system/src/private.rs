//! Makes and checks folders that only their owner can write to: whoever can write to the folder of
//! a socket or a key can replace it.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o022;

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It, or one that it is in, is somebody else's.
    #[error("{} belongs to user {owner}, who could replace what is put there; name a folder of your own", path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
    },
    /// Others may write to it, or to one that it is in.
    #[error(
        "others may write to {0}, and so replace what is put there; name a folder of your own \
         (a missing one is made, for you alone), or take the right from them: chmod go-w {0}",
        path.display()
    )]
    Shared {
        /// The folder.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("the folder {}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
}

/// Makes the folder for its owner alone if it is missing, and sees to it that only this user and
/// root can change what is in it or put another in its place.
///
/// # Errors
/// Others could, or it cannot be made.
pub fn folder(path: &Path) -> Result<(), FolderError> {
    leads_where_i_say(path)?;
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
    check(path)
}

/// The same of a folder that is there.
///
/// # Errors
/// Others could, or it cannot be looked at.
pub fn check(path: &Path) -> Result<(), FolderError> {
    leads_where_i_say(path)?;
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    let path = path.canonicalize().map_err(io)?;
    for (depth, folder) in path.ancestors().enumerate() {
        let metadata = folder.symlink_metadata().map_err(io)?;
        is_trusted(folder, &metadata)?;
        // In a sticky folder others make entries, but cannot rename or remove ours.
        let keeps_ours = depth > 0 && metadata.mode() & STICKY != 0;
        if metadata.mode() & OTHERS_WRITE != 0 && !keeps_ours {
            return Err(FolderError::Shared { path: folder.to_owned() });
        }
    }
    Ok(())
}

/// Refuses links that others have made: they could lead elsewhere a moment later.
fn leads_where_i_say(path: &Path) -> Result<(), FolderError> {
    let io = |source| FolderError::Io { path: path.to_owned(), source };
    for place in std::path::absolute(path).map_err(io)?.ancestors() {
        // What is missing is no link.
        if let Ok(metadata) = place.symlink_metadata()
            && metadata.is_symlink()
        {
            is_trusted(place, &metadata)?;
        }
    }
    Ok(())
}

fn is_trusted(path: &Path, metadata: &Metadata) -> Result<(), FolderError> {
    let me = rustix::process::geteuid().as_raw();
    if [me, 0].contains(&metadata.uid()) {
        return Ok(());
    }
    Err(FolderError::Owner { path: path.to_owned(), owner: metadata.uid() })
}

/// True when both are the same file.
pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// `$XDG_CACHE_HOME`, else `~/.cache` (XDG Base Directory Specification).
pub fn cache_folder() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};

    use super::*;

    #[test]
    fn a_folder_is_this_users_all_the_way() {
        let around = tempfile::tempdir().unwrap();
        let (own, link) = (around.path().join("own"), around.path().join("link"));
        folder(&own.join("deep")).unwrap();
        assert_eq!(own.metadata().unwrap().mode() & 0o777, 0o700);
        symlink(&own, &link).unwrap();
        folder(&link.join("deep")).unwrap();
        let shared = around.path().join("shared");
        create_dir(&shared).unwrap();
        for (mode, is_safe) in [(0o1777, true), (0o777, false), (0o770, false), (0o755, true)] {
            set_permissions(&shared, Permissions::from_mode(mode)).unwrap();
            assert_eq!(folder(&shared.join("own")).is_ok(), is_safe, "{mode:o}");
        }
        if rustix::process::geteuid().is_root() {
            // A link that somebody else has prepared, to what is ours; and one that leads nowhere.
            let prepared = around.path().join("prepared");
            for target in [own.as_path(), &around.path().join("nowhere")] {
                symlink(target, &prepared).unwrap();
                lchown(&prepared, Some(65534), None).unwrap();
                for path in [prepared.clone(), prepared.join("deep")] {
                    let refused = folder(&path);
                    assert!(matches!(refused, Err(FolderError::Owner { owner: 65534, .. })));
                }
                std::fs::remove_file(&prepared).unwrap();
            }
        }
    }
}
