//! Declares what the door checks besides a key.

use std::net::IpAddr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use ipnet::IpNet;
use owt_server::{Host, HostNameError, Keyring, Origin, Quotas, Rules};

#[derive(Debug, Args)]
#[command(next_help_heading = "Which names and pages may reach it")]
pub(crate) struct DoorArgs {
    /// A name to answer to, beside localhost and the server's addresses; can be given again
    #[arg(long, env = "OWT_ALLOW_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host)]
    pub(crate) allow_host: Vec<Host>,

    /// An origin whose pages may call: https://app.example; can be given again
    #[arg(long, env = "OWT_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub(crate) allow_origin: Vec<Origin>,

    /// A network whose X-Forwarded-Host, -Proto and -For are believed: 10.0.0.0/8; can be given again
    #[arg(long, env = "OWT_TRUST_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub(crate) trust_proxy: Vec<IpNet>,

    /// Keep what adaptors return apart from this server's origin (CSP sandbox)
    ///
    /// Pages that adaptors return can then run scripts, but cannot call the server.
    #[arg(long, env = "OWT_SANDBOX_PAGES", action = ArgAction::SetTrue, value_parser = BoolishValueParser::new())]
    pub(crate) sandbox_pages: bool,
}

impl DoorArgs {
    /// The names that clients call the server by.
    pub(crate) fn names(&self) -> Vec<String> {
        self.allow_host.iter().map(Host::to_string).collect()
    }

    /// The door's rules.
    pub(crate) fn rules(&self, keys: Keyring, quotas: Quotas) -> Rules {
        Rules {
            keys,
            quotas,
            allow_hosts: self.allow_host.clone(),
            allow_origins: self.allow_origin.clone(),
            trust_proxies: self.trust_proxy.clone(),
            sandbox_pages: self.sandbox_pages,
        }
    }
}

/// IPv6 without brackets is welcome here: nothing follows it.
fn host(text: &str) -> Result<Host, HostNameError> {
    text.parse::<IpAddr>().map(Host::Address).or_else(|_| text.parse())
}

/// One address is a network too.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let one = text.parse::<IpAddr>().map(IpNet::from);
    one.or_else(|_| text.parse()).map_err(|_| "give a network such as 10.0.0.0/8 or an IP address")
}
