//! resolv.conf as the host's programs read it, and as the engine does.

use super::files::Files;
use crate::host::{Fact, ResolvConf, Resolvers};
use crate::parse::resolv_conf;
use crate::text::{Text, text};

pub fn look(files: &Files) -> Fact<Resolvers> {
    let read = |path: &str| -> Result<Option<ResolvConf>, Text> {
        let text = files.text_if_any(path).map_err(|error| text!("{path}: {error}", "{path}：{error}"))?;
        Ok(text.map(|text| resolv_conf::parse(path, &text)))
    };
    match (read("/etc/resolv.conf"), read("/run/systemd/resolve/resolv.conf")) {
        (Ok(host), Ok(systemd_resolved)) => Fact::known(Resolvers { host, systemd_resolved }),
        (Err(why), _) | (_, Err(why)) => Fact::Unreadable(why),
    }
}
