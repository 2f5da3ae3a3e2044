//! What of Linux the server and its workers both use: processes and how they end, memory given
//! back, folders for one user alone, and the sandbox that keeps a process in.

pub mod memory;
pub mod private;
pub mod process;
pub mod sandbox;
