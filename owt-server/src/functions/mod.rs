//! What is made of the functions' descriptions: an OpenAPI document, and tools for MCP.

pub(crate) mod mcp;
pub(crate) mod openapi;
