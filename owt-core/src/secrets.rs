//! Where a program of owt finds the keys to a server.

/// Environment variables that may hold keys: for the server and for clients, not for what they
/// start.
pub const SECRETS: [&str; 5] =
    ["OWT_AUTH", "OWT_AUTH_FILE", "OWT_TOKEN", "OWT_TOKEN_FILE", "OWT_URL"];
