//! Where `owt serve` listens.

use std::net::IpAddr;

use clap::Args;
use owt_server::Config;

use crate::units::address;

#[derive(Debug, Args)]
#[command(next_help_heading = "Where it listens")]
pub(crate) struct ListenArgs {
    /// The IP address to listen on; anything but loopback needs --auth
    #[arg(long, env = "OWT_ADDRESS", value_parser = address, default_value_t = Config::default().address)]
    pub(crate) address: IpAddr,

    /// The port to listen on; 0 takes a free one and prints which
    #[arg(long, env = "OWT_PORT", default_value_t = 9876)]
    pub(crate) port: u16,
}
