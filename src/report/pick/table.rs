//! The answer for people: it first, then why, what it goes round, what was not seen.

use super::map::map;
use super::{Answer, HostNext, Material, Picked, Proposed};
use crate::engine::next::{COUNT_LIMIT, Next};
use crate::report::table::{command, indented, joined, labelled};
use crate::report::wrap::{clean, columns, pad, wrap};
use crate::report::{Detail, Medium};
use crate::subnet::{Grade, Kind, Occupied};
use crate::text::{Text, text};

/// Owners that are shown unless `-v` asks for all.
const SHOWN: usize = 8;
/// Of what the next network may get.
const CANDIDATES: usize = 6;

pub fn table(picked: &Picked, medium: &Medium, detail: Detail) -> String {
    let mut blocks = answer(picked, medium);
    blocks.push(owners(picked, medium, detail));
    if !matches!(picked.answer, Answer::Networks { .. }) {
        blocks.push(blind(picked, medium));
    }
    if picked.predict {
        blocks.extend(picked.next.iter().map(|told| foretold(told, medium)));
    }
    if let Some(drawn) = &picked.map {
        blocks.extend(map(picked, drawn, medium));
    }
    joined(&blocks)
}

fn answer(picked: &Picked, medium: &Medium) -> Vec<Vec<String>> {
    match &picked.answer {
        Answer::Proposal { prefix_len, count, purpose } => {
            let mut blocks = Vec::new();
            let (free, found) = (picked.free(), picked.subnets.len());
            if found > free {
                let said = if free == 0 {
                    text!(
                        "No free /{prefix_len}: what is left would hide a part of a route.",
                        "没有空闲的 /{prefix_len} 地址段：余下的都会遮蔽某条路由的一部分。"
                    )
                } else {
                    text!(
                        "Only {free} of {count} are free: the others would hide a part of a route.",
                        "{count} 个中只有 {free} 个空闲：其余的会遮蔽某条路由的一部分。"
                    )
                };
                blocks.push(headline(&said, false, medium));
            } else if found == 0 {
                let said = text!("No free /{prefix_len}.", "没有空闲的 /{prefix_len} 地址段。");
                blocks.push(headline(&said, false, medium));
            } else if found < *count {
                let said = text!(
                    "Only {found} of {count} found: there is no further free /{prefix_len}.",
                    "只找到 {count} 个中的 {found} 个：没有更多空闲的 /{prefix_len} 地址段。"
                );
                blocks.push(headline(&said, false, medium));
            }
            let are_pools = matches!(purpose, Some("pools" | "swarm"));
            blocks.extend(proposals(&picked.subnets, are_pools, medium));
            blocks
        }
        Answer::Check { range, free, notes } => {
            let said = if *free {
                text!("{range} is free: nobody was seen to hold any of it.", "{range} 空闲：没有发现任何占用者。")
            } else {
                text!("{range} is taken.", "{range} 已被占用。")
            };
            let mut lines = headline(&said, *free, medium);
            lines.extend(notes.iter().flat_map(|note| labelled(&text!("note", "注意"), note.get(medium.lang), medium)));
            vec![lines]
        }
        Answer::Networks { count } => picked.next.iter().map(|told| needed(told, *count, medium)).collect(),
    }
}

fn headline(said: &Text, good: bool, medium: &Medium) -> Vec<String> {
    let lines = wrap(said.get(medium.lang), medium.width);
    lines.iter().map(|line| if good { medium.good(line) } else { medium.strong(line) }).collect()
}

/// Each proposal; what they have in common is said once, below the last.
fn proposals(subnets: &[Proposed], are_pools: bool, medium: &Medium) -> Vec<Vec<String>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    for (i, proposed) in subnets.iter().enumerate() {
        let next = subnets.get(i + 1);
        let mut lines = vec![heading(proposed, are_pools, medium)];
        if next.is_none_or(|next| next.pick.why != proposed.pick.why) {
            lines.extend(labelled(&text!("why", "理由"), proposed.pick.why.get(medium.lang), medium));
        }
        for hidden in &proposed.pick.hides {
            let said = format!("{} ({})", hidden.owner, hidden.host);
            lines.extend(labelled(&text!("hides", "会遮蔽"), &said, medium));
        }
        let ready = proposed.material.as_ref();
        if let Some(material) = ready
            && next.is_none_or(|next| next.material != proposed.material)
        {
            lines.extend(use_it(material, medium));
        }
        // Without anything of their own several proposals are a list.
        match blocks.last_mut() {
            Some(list) if i > 0 && list.len() == i && lines.len() == 1 => list.extend(lines),
            Some(list) if i > 0 && list.len() == i && i + 1 == subnets.len() => list.extend(lines),
            _ => blocks.push(lines),
        }
    }
    blocks
}

/// `10.24.0.0/24  free  gateway 10.24.0.1`
fn heading(proposed: &Proposed, is_pool: bool, medium: &Medium) -> String {
    let subnet = proposed.pick.subnet.to_string();
    let grade = match proposed.pick.grade {
        Grade::Free => medium.good(text!("free", "空闲").get(medium.lang)),
        Grade::HidesRoute => {
            medium.severity(crate::finding::Severity::Warning, text!("hides a route", "会遮蔽路由").get(medium.lang))
        }
    };
    let rest = match proposed.capacity {
        _ if !is_pool => text!("gateway {gateway}", "网关 {gateway}", gateway = proposed.pick.gateway()),
        1 => text!("room for 1 network", "可容纳 1 个网络"),
        networks => text!("room for {networks} networks", "可容纳 {networks} 个网络"),
    };
    format!("{}  {grade}  {}", medium.strong(&subnet), rest.get(medium.lang))
}

/// A file is shown at the margin, where it can be copied as it is; a command is ready to paste.
fn use_it(material: &Material, medium: &Medium) -> Vec<String> {
    let mut lines = labelled(&text!("use", "用法"), material.title.get(medium.lang), medium);
    for note in &material.notes {
        lines.extend(labelled(&Text::verbatim(""), note.get(medium.lang), medium));
    }
    lines.push(String::new());
    if material.is_command {
        lines.extend(command(&material.text, 4, medium));
    } else {
        // Broken lines would not be the file's any more.
        lines.extend(material.text.lines().map(|line| medium.strong(&clean(line.trim_end_matches('\r')))));
    }
    lines
}

/// Largest first: what a proposal goes round, or who holds what was asked for.
fn owners(picked: &Picked, medium: &Medium, detail: Detail) -> Vec<String> {
    if picked.occupied.is_empty() || matches!(picked.answer, Answer::Networks { .. }) {
        return Vec::new();
    }
    let held = &picked.largest;
    let several = picked.next.len() > 1;
    let all = detail.verbose || (picked.free() == 0 && held.len() <= 3 * SHOWN);
    let shown = if all { held.len() } else { SHOWN.min(held.len()) };
    let title = match picked.answer {
        Answer::Proposal { .. } if picked.free() > 0 => text!("Goes round", "已避开"),
        _ => text!("Held by", "占用者"),
    };
    let mut lines = vec![medium.strong(title.get(medium.lang))];
    let widest = held[..shown].iter().map(|held| columns(&held.prefix.to_string())).max().unwrap_or(0);
    for held in &held[..shown] {
        let host = if several { format!("{}: ", held.host) } else { String::new() };
        let kind = kind(held).map(|kind| kind.get(medium.lang).to_owned()).unwrap_or_default();
        let said = format!("{host}{}{kind}", held.owner);
        for (i, line) in wrap(&said, medium.width - widest - 4).iter().enumerate() {
            let front = if i == 0 { held.prefix.to_string() } else { String::new() };
            lines.push(format!("  {}  {line}", pad(&front, widest)));
        }
    }
    let left = held.len() - shown;
    if left > 0 {
        let ones = if left == 1 { "one" } else { "ones" };
        let said = text!("and {left} smaller {ones} (-v shows all)", "以及 {left} 个更小的网段（-v 显示全部）");
        lines.push(format!("  {}", medium.faint(said.get(medium.lang))));
    }
    lines
}

/// What an owner is whose words do not say it.
fn kind(held: &Occupied) -> Option<Text> {
    match held.kind {
        Kind::Route => Some(text!(" (route)", "（路由）")),
        Kind::Address => Some(text!(" (address)", "（本机地址）")),
        _ => None,
    }
}

fn blind(picked: &Picked, medium: &Medium) -> Vec<String> {
    let several = picked.next.len() > 1;
    let mut lines = Vec::new();
    for blind in &picked.blind {
        let host = if several { format!("{}: ", blind.host) } else { String::new() };
        let said = match medium.lang {
            crate::text::Lang::En => format!("Not seen: {host}{}", blind.why.en),
            crate::text::Lang::Zh => format!("未能看到：{host}{}", blind.why.zh),
        };
        let wrapped = wrap(&said, medium.width - 2);
        lines.extend(
            wrapped.iter().enumerate().map(|(i, line)| if i == 0 { line.clone() } else { format!("  {line}") }),
        );
    }
    lines
}

/// What the engine takes by itself.
fn foretold(told: &HostNext, medium: &Medium) -> Vec<String> {
    let host = clean(&told.host);
    let title = text!("What the engine of {host} takes next", "{host} 上的引擎接下来会占用");
    let mut lines = vec![medium.strong(title.get(medium.lang))];
    let next = match &told.next {
        Ok(next) => next,
        Err(missing) => {
            let Text { en, zh } = &missing.why;
            lines.extend(indented(text!("not known: {en}", "无法得知：{zh}").get(medium.lang), 2, medium));
            return lines;
        }
    };
    let mut row = |label: Text, said: Text| lines.extend(labelled(&label, said.get(medium.lang), medium));
    row(text!("engine", "引擎"), Text::verbatim(next.version.to_string()));
    match (next.starts, &next.start_error) {
        (Some(false), Some(error)) => {
            row(text!("start", "启动"), text!("fails: {error}", "失败：{error}"));
        }
        (Some(false), None) => row(text!("start", "启动"), text!("fails", "失败")),
        (None, _) => row(text!("start", "启动"), text!("not known whether it succeeds", "无法得知能否成功")),
        (Some(true), _) => {}
    }
    let docker0 = match next.docker0 {
        Some(subnet) => Text::verbatim(subnet.to_string()),
        None => text!("none, or not known", "无，或无法得知"),
    };
    row(text!("docker0", "docker0"), docker0);
    row(text!("networks", "网络"), networks(&told.networks, next));
    row(text!("left", "剩余"), remaining(next.remaining));
    for doubt in &next.doubts {
        row(text!("uncertain", "不确定"), doubt.clone());
    }
    lines
}

fn remaining(count: usize) -> Text {
    match count {
        0 => text!("no further network", "无法再创建网络"),
        1 => text!("1 more network", "还可创建 1 个网络"),
        COUNT_LIMIT.. => text!("{COUNT_LIMIT} more networks or more", "还可创建至少 {COUNT_LIMIT} 个网络"),
        _ => text!("{count} more networks", "还可创建 {count} 个网络"),
    }
}

fn list(subnets: &[ipnet::IpNet]) -> Text {
    if subnets.is_empty() {
        return text!("none", "无");
    }
    Text::verbatim(subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

/// Where the next networks go; where that is not certain, where the very next one may go.
fn networks(subnets: &[ipnet::IpNet], next: &Next) -> Text {
    if next.candidates.is_empty() {
        return list(subnets);
    }
    let Text { en, zh } = list(&next.candidates[..next.candidates.len().min(CANDIDATES)]);
    match next.candidates.len().saturating_sub(CANDIDATES) {
        0 => text!("one of {en}", "以下之一：{zh}"),
        more => text!("one of {en} and {more} more", "以下之一：{zh} 以及另外 {more} 个"),
    }
}

/// Whether so many networks will be created on one host, and where.
fn needed(told: &HostNext, count: usize, medium: &Medium) -> Vec<String> {
    let host = clean(&told.host);
    let next = match &told.next {
        Ok(next) => next,
        Err(missing) => {
            let Text { en, zh } = &missing.why;
            let said = text!(
                "{host}: it cannot be known whether {count} more networks will be created: {en}.",
                "{host}：无法得知能否再创建 {count} 个网络：{zh}。"
            );
            return headline(&said, false, medium);
        }
    };
    let said = outlook(told, next, &host, count);
    let mut lines = headline(&said, told.enough == Some(true), medium);
    if !next.networks.is_empty() {
        let shown: Vec<ipnet::IpNet> = next.networks.iter().take(count).copied().collect();
        lines.extend(labelled(&text!("networks", "网络"), networks(&shown, next).get(medium.lang), medium));
    }
    for doubt in &next.doubts {
        lines.extend(labelled(&text!("uncertain", "不确定"), doubt.get(medium.lang), medium));
    }
    lines
}

/// One sentence on whether they will be created.
fn outlook(told: &HostNext, next: &Next, host: &str, count: usize) -> Text {
    let remaining = next.remaining;
    let many = if count == 1 {
        text!("the next network", "下一个网络")
    } else {
        text!("the next {count} networks", "接下来的 {count} 个网络")
    };
    let Text { en, zh } = many;
    match (told.enough, &next.start_error) {
        (Some(true), _) => text!("{host}: {en} will be created.", "{host}：{zh}可以创建。"),
        (Some(false), Some(error)) if !told.running => text!(
            "{host}: no network will be created, for the engine does not start: {error}",
            "{host}：无法创建网络，因为引擎无法启动：{error}"
        ),
        (Some(false), _) if remaining == 0 => text!(
            "{host}: no further network will be created: the engine's pools are used up.",
            "{host}：无法再创建网络：引擎的地址池已用完。"
        ),
        (Some(false), _) => text!(
            "{host}: only {remaining} of {en} will be created; then the engine's pools are used up.",
            "{host}：{zh}中只能创建 {remaining} 个，之后引擎的地址池就用完了。"
        ),
        (None, _) => text!(
            "{host}: {en} will be created as far as can be seen, which is not all that decides.",
            "{host}：就目前能看到的情况而言，{zh}可以创建，但有些决定性的信息未能看到。"
        ),
    }
}
