//! iptables-save of both variants.

use super::super::exec::{self, Failure};
use super::super::files::Files;
use super::{LIMIT, failed};
use crate::host::{Family, IptablesDump};
use crate::parse::iptables_save;
use crate::text::{Text, text};

/// `nf_tables` or `legacy`; none when there is no iptables. Before 1.8 there was one variant, and it did not say so.
pub fn variant() -> Result<Option<String>, Text> {
    match exec::run("iptables", &["--version"], LIMIT) {
        Ok(output) if output.succeeded() => {
            let nft = output.stdout.contains("(nf_tables)");
            Ok(Some(if nft { "nf_tables" } else { "legacy" }.to_owned()))
        }
        Ok(output) => Err(failed("iptables --version", &output.complaint())),
        Err(Failure::Missing) => Ok(None),
        Err(Failure::Failed(why)) => Err(why),
    }
}

/// The iptables-save of one variant: by its explicit name, or the plain one where it is of that variant.
pub fn saver(family: Family, wanted: &str) -> Result<String, Text> {
    let base = if family == Family::V4 { "iptables" } else { "ip6tables" };
    let short = if wanted == "legacy" { "legacy" } else { "nft" };
    let explicit = format!("{base}-{short}-save");
    if exec::find(&explicit).is_some() {
        return Ok(explicit);
    }
    let plain = format!("{base}-save");
    if exec::find(&plain).is_some() && variant()?.as_deref() == Some(wanted) {
        return Ok(plain);
    }
    Err(text!(
        "rules exist that only {explicit} shows, and it is not installed",
        "存在只有 {explicit} 才能显示的规则，但它没有安装"
    ))
}

/// The tables that `program` shows, with their counters; of all, or of one.
pub fn save(program: &str, family: Family, table: Option<&str>) -> Result<Vec<IptablesDump>, Text> {
    let mut arguments = vec!["-c"];
    arguments.extend(table.iter().flat_map(|table| ["-t", table]));
    match exec::run(program, &arguments, LIMIT) {
        Ok(output) if output.succeeded() => iptables_save::parse(&output.stdout, family),
        Ok(output) => Err(failed(program, &output.complaint())),
        Err(Failure::Missing) => Err(text!("{program} is not installed", "{program} 没有安装")),
        Err(Failure::Failed(why)) => Err(why),
    }
}

pub fn legacy(files: &Files) -> Result<Vec<IptablesDump>, Text> {
    let mut tables = Vec::new();
    for family in [Family::V4, Family::V6] {
        let names = if family == Family::V4 { "/proc/net/ip_tables_names" } else { "/proc/net/ip6_tables_names" };
        match files.text_if_any(names) {
            // The kernel has no legacy iptables loaded, or no table of it exists.
            Ok(None) => {}
            Ok(Some(names)) if names.trim().is_empty() => {}
            Ok(Some(_)) => tables.extend(save(&saver(family, "legacy")?, family, None)?),
            Err(error) => return Err(text!("{names}: {error}", "{names}：{error}")),
        }
    }
    Ok(tables)
}
