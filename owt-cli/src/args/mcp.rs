//! Declares how `owt serve` serves the Model Context Protocol, and what `owt mcp` takes.

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use owt_server::Mcp;

use super::{ServerArgs, TokenArgs};

#[derive(Debug, Args)]
#[command(next_help_heading = "MCP")]
pub(crate) struct ServeMcpArgs {
    /// Serve the Model Context Protocol at /_owt/mcp: functions are tools for language models
    ///
    /// Among them is `run_python`, which takes code.
    #[arg(long, env = "OWT_MCP", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) mcp: bool,

    /// Leave out the tool that takes code
    #[arg(long, env = "OWT_MCP_NO_CODE", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) mcp_no_code: bool,
}

impl ServeMcpArgs {
    /// How MCP is served, if it is.
    pub(crate) fn mcp(&self) -> Option<Mcp> {
        self.mcp.then_some(Mcp { runs_code: !self.mcp_no_code })
    }
}

#[derive(Debug, Args)]
#[command(after_long_help = MCP_EXAMPLES)]
pub(crate) struct McpArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    #[command(flatten)]
    pub(crate) token: TokenArgs,
}

const MCP_EXAMPLES: &str = "\
Examples:
  owt serve --mcp --unix ~/.owt/socket          the server, wherever it runs
  owt mcp --address unix:$HOME/.owt/socket      what an MCP client starts

A client that speaks MCP by HTTP needs none of it: its address is http://127.0.0.1:9876/_owt/mcp.";
