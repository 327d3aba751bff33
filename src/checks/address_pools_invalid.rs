//! An entry of default-address-pools that the engine refuses, ignores, or takes otherwise than it is written.

mod mend;

use ipnet::IpNet;

use self::mend::mend;
use super::{About, Applies, Check, Group, Scene, configuration, docs};
use crate::engine::pools::{PoolFault, local_pools};
use crate::engine::settings::{Outlook, Said, outlook, readable_file};
use crate::engine::{Version, next_version};
use crate::finding::{Finding, Findings, Severity};
use crate::host::{ConfigKey, ConfigValue, DaemonFlag, DaemonJson, Missing, Snapshot};
use crate::text::{Text, text};

pub static CHECK: Check = Check {
    id: "address-pools-invalid",
    group: Group::Configuration,
    about: About {
        en: "default-address-pools has an entry that the engine refuses, ignores or changes",
        zh: "default-address-pools 中有引擎拒绝、忽略或改写的条目",
    },
    docs: docs!("address-pools-invalid"),
    applies,
    hidden_by: &["daemon-json-invalid", "daemon-json-unknown-key", "flag-and-file-conflict"],
    run,
};

const KEY: &str = "default-address-pools";
const FLAG: &str = "default-address-pool";

fn applies(scene: &Scene) -> Applies {
    match next_version(scene.host) {
        Ok(version) if !version.at_least(18, 6, 0) => Applies::No(text!(
            "engine {version} is older than 18.06 and has no default-address-pools",
            "引擎 {version} 早于 18.06，没有 default-address-pools"
        )),
        _ => configuration::own_engine(scene),
    }
}

fn run(scene: &Scene, findings: &mut Findings) -> Result<(), Missing> {
    let host = scene.host;
    let file = readable_file(host)?;
    let list = List::of(host, file);
    if list.is_empty() {
        // What is not in the file may stand on a command line that was not seen.
        let has_unit = !matches!(host.engine.unit.ok(), Some(None));
        return match host.engine.next_command_line.get("engine.next_command_line") {
            Err(missing) if has_unit => Err(missing),
            _ => Ok(()),
        };
    }
    let version = next_version(host).map_err(|_| configuration::no_version(host))?;
    for fault in local_pools(host, version)?.faults {
        match &fault {
            PoolFault::Refused { entry, error } => refused(host, &list, &list.entry(*entry), version, error, findings)?,
            PoolFault::Ignored { entry, error } => {
                findings.found.extend(ignored(host, &list, &list.entry(*entry), version, error)?);
            }
            PoolFault::Emptied { entry, error } => {
                findings.found.extend(emptied(host, &list, &list.entry(*entry), version, error)?);
            }
            PoolFault::Unforeseen { entry } => {
                findings.found.extend(unforeseen(host, &list, &list.entry(*entry), version)?);
            }
            PoolFault::Masked { entry, to } => {
                let entry = list.entry(*entry);
                findings.found.extend(changed(host, &entry, masked(&entry, *to)));
            }
            PoolFault::Sorted => findings.found.extend(sorted(host, &list, version)),
            PoolFault::Dropped { entry, by } => {
                let entry = list.entry(*entry);
                findings.found.extend(changed(host, &entry, dropped(&entry, &list.entry(*by), version)));
            }
        }
    }
    Ok(())
}

/// The list of the next start: the file's, or the flags, each of which is one entry.
enum List<'a> {
    File(&'a DaemonJson),
    Flags(Vec<&'a DaemonFlag>),
}

/// One entry, and where it stands.
struct Entry<'a> {
    number: usize,
    said: Option<Said<'a>>,
    base: Option<Member<'a>>,
    size: Option<Member<'a>>,
}

/// `base` or `size` of an entry.
#[derive(Clone, Copy)]
struct Member<'a> {
    value: &'a str,
    said: Said<'a>,
}

impl<'a> List<'a> {
    fn of(host: &'a Snapshot, file: &'a DaemonJson) -> Self {
        let flags = host.engine.next_command_line.ok().map_or(&[][..], |line| &line.flags);
        let own: Vec<&DaemonFlag> = flags.iter().filter(|flag| flag.name == FLAG).collect();
        if own.is_empty() { List::File(file) } else { List::Flags(own) }
    }

    fn is_empty(&self) -> bool {
        match self {
            List::File(file) => file.key(&format!("/{KEY}/0")).is_none(),
            List::Flags(flags) => flags.is_empty(),
        }
    }

    fn entry(&self, number: usize) -> Entry<'a> {
        match self {
            List::File(file) => {
                let member = |name: &str| {
                    let key = file.key(&format!("/{KEY}/{number}/{name}"))?;
                    Some(Member { value: text_of(key)?, said: Said::File { file, key } })
                };
                let key = file.key(&format!("/{KEY}/{number}"));
                let said = key.map(|key| Said::File { file, key });
                Entry { number, said, base: member("base"), size: member("size") }
            }
            List::Flags(flags) => {
                let flag = flags.get(number).copied();
                let member = |name: &str| {
                    let flag = flag?;
                    let fields = flag.value.as_deref()?.split(',').filter_map(|field| field.split_once('='));
                    let mut named = fields.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                    named.next_back().map(|(_, value)| Member { value, said: Said::Flag(flag) })
                };
                Entry { number, said: flag.map(Said::Flag), base: member("base"), size: member("size") }
            }
        }
    }

    fn said(&self) -> Option<Said<'a>> {
        match self {
            List::File(file) => file.key(&format!("/{KEY}")).map(|key| Said::File { file, key }),
            List::Flags(flags) => flags.first().map(|flag| Said::Flag(flag)),
        }
    }
}

fn text_of(key: &ConfigKey) -> Option<&str> {
    match &key.value {
        ConfigValue::String(said) | ConfigValue::Number(said) => Some(said),
        _ => None,
    }
}

impl<'a> Entry<'a> {
    /// The entry in words: `{"base": "10.0.0.0/8", "size": 24}` without its punctuation.
    fn words(&self) -> String {
        let value = |member: &Option<Member>| member.as_ref().map_or("(none)", |member| member.value).to_owned();
        format!("base {} size {}", value(&self.base), value(&self.size))
    }

    /// What is at fault: `size`, unless the engine's words are about the base.
    fn at_fault(&self, error: &str) -> Option<Fault<'a>> {
        let in_base = error.contains("base") || error.contains("Prefix");
        match (self.base, self.size) {
            (_, Some(size)) if !in_base => Some(Fault::Size(size)),
            (Some(base), _) => Some(Fault::Other(base.said)),
            _ => self.said.map(Fault::Other),
        }
    }
}

/// The part of an entry that is at fault.
#[derive(Clone, Copy)]
enum Fault<'a> {
    Size(Member<'a>),
    Other(Said<'a>),
}

impl<'a> Fault<'a> {
    fn said(self) -> Said<'a> {
        match self {
            Fault::Size(member) => member.said,
            Fault::Other(said) => said,
        }
    }
}

fn refused(
    host: &Snapshot,
    list: &List,
    entry: &Entry,
    version: Version,
    error: &str,
    findings: &mut Findings,
) -> Result<(), Missing> {
    let Some(fault) = entry.at_fault(error) else { return Ok(()) };
    let said = fault.said();
    let Some(outlook) = outlook(host, &[said])? else { return Ok(()) };
    let (words, error) = (entry.words(), plain(error));
    let what = text!(
        "engine {version} refuses the entry `{words}` of default-address-pools ({error})",
        "引擎 {version} 拒绝 default-address-pools 中的条目 `{words}`（{error}）"
    );
    let finding = finding(host, said, entry.number, outlook.told(what)).remedy(mend(host, list, entry, fault, outlook));
    findings.push(configuration::keeps_from_starting(finding, CHECK.id));
    Ok(())
}

/// The engine starts with its built-in pools, and says nothing: a running engine is no veto.
fn ignored(
    host: &Snapshot,
    list: &List,
    entry: &Entry,
    version: Version,
    error: &str,
) -> Result<Option<Finding>, Missing> {
    let Some(fault) = entry.at_fault(error) else { return Ok(None) };
    let said = fault.said();
    let (words, error) = (entry.words(), plain(error));
    let what = text!(
        "engine {version} ignores all of default-address-pools for its entry `{words}` ({error}), and gives out its \
         built-in pools",
        "由于条目 `{words}`（{error}），引擎 {version} 会忽略整个 default-address-pools，改用内置地址池"
    );
    let outlook = outlook(host, &[said])?.unwrap_or(Outlook::NotNextTime);
    let mut finding = finding(host, said, entry.number, what).remedy(mend(host, list, entry, fault, outlook));
    finding.severity = Severity::Warning;
    Ok(Some(finding))
}

/// 18.06 is left without any pool: a docker0 that is there keeps it going until a network is made.
fn emptied(
    host: &Snapshot,
    list: &List,
    entry: &Entry,
    version: Version,
    error: &str,
) -> Result<Option<Finding>, Missing> {
    let Some(fault) = entry.at_fault(error) else { return Ok(None) };
    let said = fault.said();
    let (words, error) = (entry.words(), plain(error));
    let what = text!(
        "for the entry `{words}` of default-address-pools ({error}) engine {version} has no address pool at all: it chooses no subnet, \
         for docker0 or any network",
        "由于 default-address-pools 中的条目 `{words}`（{error}），引擎 {version} 没有任何地址池：无法为 docker0 或其他网络选择子网"
    );
    let outlook = outlook(host, &[said])?.unwrap_or(Outlook::NotNextTime);
    let finding = finding(host, said, entry.number, what).remedy(mend(host, list, entry, fault, outlook));
    Ok(Some(configuration::keeps_from_starting(finding, CHECK.id)))
}

/// A size that no prefix has, or more blocks than fit into memory: no version tests for it.
fn unforeseen(host: &Snapshot, list: &List, entry: &Entry, version: Version) -> Result<Option<Finding>, Missing> {
    let Some(fault) = entry.at_fault("") else { return Ok(None) };
    let said = fault.said();
    let Some(outlook) = outlook(host, &[said])? else { return Ok(None) };
    let words = entry.words();
    let what = text!(
        "engine {version} does not test the size of the entry `{words}` of default-address-pools, which cannot be right: what it makes of it \
         is not known",
        "default-address-pools 中条目 `{words}` 的 size 不可能正确，而引擎 {version} 不会检查它：结果无法预知"
    );
    let mut finding = finding(host, said, entry.number, what).remedy(mend(host, list, entry, fault, outlook));
    finding.severity = Severity::Warning;
    Ok(Some(finding))
}

/// An info: the engine works with what it made of the entry.
fn changed(host: &Snapshot, entry: &Entry, what: Text) -> Option<Finding> {
    let said = entry.base.map(|base| base.said).or(entry.said)?;
    let mut finding = finding(host, said, entry.number, what);
    finding.severity = Severity::Info;
    Some(finding)
}

fn masked(entry: &Entry, to: IpNet) -> Text {
    let base = entry.base.map_or("", |base| base.value);
    text!(
        "base {base} of default-address-pools has host bits: the engine takes it as {to}",
        "default-address-pools 中的 base {base} 带有主机位：引擎按 {to} 处理"
    )
}

fn dropped(entry: &Entry, by: &Entry, version: Version) -> Text {
    let (words, by) = (entry.words(), by.words());
    text!(
        "engine {version} drops the entry `{words}` of default-address-pools: its base overlaps that of `{by}`",
        "引擎 {version} 会丢弃 default-address-pools 中的条目 `{words}`：其 base 与 `{by}` 的重叠"
    )
}

fn sorted(host: &Snapshot, list: &List, version: Version) -> Option<Finding> {
    let what = text!(
        "engine {version} asks the pools of default-address-pools in the order of their addresses, not in the order written \
         (as every engine since 27.0)",
        "引擎 {version} 按地址顺序而不是书写顺序使用 default-address-pools 中的地址池（27.0 起均如此）"
    );
    let said = list.said()?;
    let finding =
        Finding::info(configuration::subject(said, name_of(said)), what).evidence(configuration::shown(host, said));
    Some(configuration::touching(finding, said))
}

fn name_of(said: Said) -> &'static str {
    match said {
        Said::File { .. } => KEY,
        Said::Flag(_) => FLAG,
    }
}

/// An error of that entry; who is milder says so.
fn finding(host: &Snapshot, said: Said, number: usize, message: Text) -> Finding {
    let subject = match said {
        Said::File { .. } => configuration::subject(said, &format!("{KEY}/{number}")),
        // Several flags of one name in one file are told apart by their values.
        Said::Flag(flag) => {
            let value = flag.value.as_deref().unwrap_or_default();
            format!("{}={value}", configuration::subject(said, FLAG))
        }
    };
    configuration::touching(Finding::error(subject, message).evidence(configuration::shown(host, said)), said)
}

/// The engine's words about the entry, without those about its start and without quotes inside of quotes.
fn plain(error: &str) -> String {
    let about_it = error.rsplit_once("error obtaining controller instance: ").map_or(error, |(_, rest)| rest);
    about_it.replace('`', "'")
}
