//! The list of pools as it should be.

use ipnet::IpNet;
use serde_json::Value;

use super::super::configuration;
use super::super::daemon_json_key::{self, by_edit, now, set};
use super::{Entry, Fault, KEY, List, Member};
use crate::engine::settings::{Outlook, Said};
use crate::finding::Remedy;
use crate::host::{ConfigKey, DaemonJson, Snapshot};
use crate::text::text;

/// The list with sizes that fit into their bases and bases without host bits, where its entries say what is meant; else an editor.
pub fn mend(host: &Snapshot, list: &List, entry: &Entry, fault: Fault, outlook: Outlook) -> Remedy {
    let place = configuration::place_words(fault.said());
    let size_at_fault = matches!(fault, Fault::Size(_));
    let by_file = match list {
        List::File(file) => mended(file, entry.number, size_at_fault),
        List::Flags(_) => None,
    };
    let Some(to) = by_file else {
        let title = text!(
            "write a base with its prefix length, and a size not shorter than that, in {place}: \
             {{\"base\": \"10.200.0.0/16\", \"size\": 24}} is one",
            "在 {place} 中写入带前缀长度的 base，size 不得短于该长度，例如 {{\"base\": \"10.200.0.0/16\", \"size\": 24}}"
        );
        let mut commands = configuration::edit(host, fault.said(), "", None);
        commands.extend(configuration::restart(host));
        return Remedy::manual(title, configuration::impact(outlook), commands).restarts_engine();
    };
    let (title, mut commands) = match (fault, only_size_changed(list, &to, entry.number)) {
        (Fault::Size(Member { value, said: Said::File { file, key } }), Some(size)) => (
            text!(
                "set size to {size} in {place}: blocks of that length fit into the base",
                "在 {place} 中将 size 设为 {size}：base 中可以划出该长度的子网"
            ),
            vec![replaced(&file.path, key, value, &size.to_string())],
        ),
        _ => (
            text!(
                "write bases without host bits, and sizes not shorter than they are, in {place}",
                "在 {place} 中写入不带主机位的 base，且 size 不得短于 base 的前缀长度"
            ),
            set(host, &[daemon_json_key::Member { key: KEY, value: to.clone() }]),
        ),
    };
    commands.extend(configuration::restart(host));
    let remedy = Remedy::manual(title, configuration::impact(outlook), commands).restarts_engine();
    by_edit(remedy, host, &[(KEY, Some(to))], outlook)
}

/// The whole list as it should be: an engine names the first fault of several. `number`: the entry whose size gives way if it is at fault. None
/// where an entry does not say what is meant.
fn mended(file: &DaemonJson, number: usize, size_at_fault: bool) -> Option<Value> {
    let Some(Value::Array(mut entries)) = now(file, KEY)? else { return None };
    for (n, entry) in entries.iter_mut().enumerate() {
        let entry = entry.as_object_mut()?;
        let base: IpNet = entry.get("base")?.as_str()?.parse().ok()?;
        let size = match entry.get("size") {
            Some(size) => Some(size.as_u64()?),
            None => None,
        };
        let blocks = u64::from(base.prefix_len())..=u64::from(base.max_prefix_len());
        let fits = size.is_some_and(|size| blocks.contains(&size)) && !(n == number && size_at_fault);
        if !fits {
            let widest = if base.addr().is_ipv4() { 24 } else { 64 };
            entry.insert("size".to_owned(), base.prefix_len().max(widest).into());
        }
        if base != base.trunc() {
            entry.insert("base".to_owned(), base.trunc().to_string().into());
        }
    }
    Some(Value::Array(entries))
}

/// The size of that entry, where the lists differ in nothing else.
fn only_size_changed(list: &List, to: &Value, number: usize) -> Option<u64> {
    let List::File(file) = list else { return None };
    let mut from = now(file, KEY)??;
    let size = to.get(number)?.get("size")?;
    let said = from.get_mut(number)?.get_mut("size")?;
    *said = size.clone();
    (from == *to).then(|| size.as_u64())?
}

/// Puts a value in the place of another by its column: an entry on one line may hold the same digits more than once.
fn replaced(path: &str, key: &ConfigKey, from: &str, to: &str) -> String {
    let place = &key.value_place;
    let before = place.column.saturating_sub(1);
    let script = format!(r"{}s|^\(.\{{{before}\}}\){from}|\1{to}|", place.line);
    format!("sed -i --follow-symlinks {} {}", configuration::quoted(&script), configuration::quoted(path))
}
