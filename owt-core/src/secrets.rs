//! Names the environment variables that hold a server's keys.

/// They are for the server and for clients, not for the processes that those start.
pub const SECRETS: [&str; 5] =
    ["OWT_AUTH", "OWT_AUTH_FILE", "OWT_TOKEN", "OWT_TOKEN_FILE", "OWT_URL"];
