//! `--apply`: the proposal in the engine's configuration.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::request::BLOCK;
use crate::checks::by_edit;
use crate::cli::Purpose;
use crate::cmd::apply::Wanted;
use crate::engine::settings::Outlook;
use crate::engine::{Liveness, liveness};
use crate::exit::Refusal;
use crate::finding::{Cure, Remedy};
use crate::host::Snapshot;
use crate::plan::Proposal;
use crate::report::pick::Picked;
use crate::text::text;

/// Whether this is something of the engine's configuration.
pub fn is_setting(purpose: Option<Purpose>) -> bool {
    matches!(purpose, Some(Purpose::Bip | Purpose::Pools))
}

/// # Errors
/// The engine's configuration is not one in which it can be written.
pub fn wanted(host: &Snapshot, purpose: Option<Purpose>, picked: &Picked) -> Result<Wanted, Refusal> {
    let subnets: Vec<IpNet> = picked.subnets.iter().map(|proposed| proposed.pick.subnet).collect();
    let (key, value): (&str, Value) = match (purpose, picked.subnets.first()) {
        (Some(Purpose::Bip), Some(proposed)) => ("bip", json!(proposed.pick.bip())),
        _ => {
            let pool = |base: &IpNet| json!({"base": base.to_string(), "size": BLOCK});
            ("default-address-pools", subnets.iter().map(pool).collect())
        }
    };
    let names: Vec<String> = subnets.iter().map(ToString::to_string).collect();
    let names = names.join(", ");
    let title = text!("set \"{key}\" to {names}", "将 \"{key}\" 设为 {names}");
    let impact = text!("the engine uses it from its next start on", "引擎从下次启动起使用它");
    let outlook = match liveness(host) {
        Liveness::Running => Outlook::NotNextTime,
        _ => Outlook::DoesNotStart,
    };
    let remedy = by_edit(Remedy::manual(title, impact, Vec::new()), host, &[(key, Some(value))], outlook);
    if remedy.is_manual() {
        return Err(Refusal::denied(text!(
            "\"{key}\" cannot be written into the engine's configuration: its command line sets it already (in both places it keeps the \
             engine from starting), or daemon.json could not be read or is broken",
            "无法将 \"{key}\" 写入引擎的配置：引擎的命令行已经设置了它（两处同时设置会使引擎无法启动），或者 daemon.json 无法读取或已损坏"
        )));
    }
    // An engine that somebody stopped stays down.
    let remedy = match liveness(host) {
        Liveness::Running | Liveness::Failed => remedy.restarts_engine(),
        _ => remedy,
    };
    let consequences = verified_by(key);
    Ok(Wanted { proposals: vec![Proposal { cure: None, consequences, remedy }], left_out: Vec::new() })
}

/// What must not be found afterwards: the engine runs with the value, and it serves its purpose.
fn verified_by(key: &str) -> Vec<Cure> {
    match key {
        "bip" => vec![Cure::new("docker0-differs-from-bip", "link:docker0")],
        _ => ["pool-blocked-by-route", "pool-exhausted"].map(|check| Cure::new(check, "pools")).to_vec(),
    }
}
