//! Uses what the server and its workers need of Linux: processes and how they end, memory given
//! back, folders for one user alone, and the sandbox.

pub mod memory;
pub mod private;
pub mod process;
pub mod sandbox;
