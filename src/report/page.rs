//! The list of checks and the page of one.

use comfy_table::{ContentArrangement, Table, presets};

use super::Medium;
use super::wrap::{columns, wrap};
use crate::checks::{Check, Group};
use crate::text::Lang;

/// Every check with one line about it, by group.
pub fn catalogue(checks: &[&'static Check], medium: &Medium) -> String {
    let mut groups: Vec<Group> = checks.iter().map(|check| check.group).collect();
    groups.sort();
    groups.dedup();
    let widest = checks.iter().map(|check| columns(check.id)).max().unwrap_or(0);
    // Two blanks before each of the two columns.
    let room = medium.width.saturating_sub(widest + 4);
    let mut out = String::new();
    for group in groups {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
        for check in checks.iter().filter(|check| check.group == group) {
            let about = match medium.lang {
                Lang::En => check.about.en,
                Lang::Zh => check.about.zh,
            };
            table.add_row([check.id.to_owned(), wrap(about, room).join("\n")]);
        }
        for (i, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if i == 0 { 2 } else { 1 }, 1));
            if i == 0 {
                column.set_constraint(comfy_table::ColumnConstraint::Absolute(comfy_table::Width::Fixed(
                    widest as u16 + 3,
                )));
            }
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&medium.strong(title(group, medium.lang)));
        out.push('\n');
        for line in table.lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

fn title(group: Group, lang: Lang) -> &'static str {
    match (group, lang) {
        (Group::Engine, Lang::En) => "The engine",
        (Group::Engine, Lang::Zh) => "引擎",
        (Group::Configuration, Lang::En) => "Its configuration",
        (Group::Configuration, Lang::Zh) => "引擎配置",
        (Group::Networks, Lang::En) => "Networks",
        (Group::Networks, Lang::Zh) => "网络",
        (Group::Routes, Lang::En) => "Routes and forwarding",
        (Group::Routes, Lang::Zh) => "路由与转发",
        (Group::Firewall, Lang::En) => "The firewall",
        (Group::Firewall, Lang::Zh) => "防火墙",
    }
}

/// The page of a check. For a terminal its paragraphs are filled to the width; into a pipe it goes as it is written.
pub fn page(check: &Check, medium: &Medium) -> String {
    let page = match medium.lang {
        Lang::En => check.docs.en,
        Lang::Zh => check.docs.zh,
    };
    if medium.terminal { fill(page, medium) } else { page.to_owned() }
}

/// Fills paragraphs, list items and the cells of tables; code and headings keep their lines.
fn fill(page: &str, medium: &Medium) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut code = false;
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with('|') && !code {
            flush(&mut paragraph, &mut out, medium.width);
            let mut rows = vec![line];
            while let Some(row) = lines.next_if(|next| next.starts_with('|')) {
                rows.push(row);
            }
            out.push_str(&grid(&rows, medium.width));
            continue;
        }
        let fence = line.trim_start().starts_with("```");
        let fixed = code || fence || line.starts_with('#') || line.starts_with("    ");
        let item = line.trim_start().starts_with("- ") || line.trim_start().starts_with("* ") || numbered(line);
        if fixed || line.trim().is_empty() || item {
            flush(&mut paragraph, &mut out, medium.width);
        }
        if fence {
            code = !code;
        }
        if fixed || line.trim().is_empty() {
            let strong = !code && line.starts_with('#');
            out.push_str(&if strong { medium.strong(line) } else { line.to_owned() });
            out.push('\n');
        } else {
            join(&mut paragraph, line);
        }
    }
    flush(&mut paragraph, &mut out, medium.width);
    out
}

/// A table of a page, its cells broken to the width.
fn grid(rows: &[&str], width: usize) -> String {
    let cells = |row: &str| -> Vec<String> {
        row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let rule = |row: &&&str| row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Dynamic).force_no_tty();
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    for (i, row) in rows.iter().filter(|row| !rule(row)).enumerate() {
        if i == 0 {
            table.set_header(cells(row))
        } else {
            table.add_row(cells(row))
        };
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn numbered(line: &str) -> bool {
    line.trim_start()
        .split_once(". ")
        .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Chinese lines are joined without a blank between them.
fn join(paragraph: &mut String, line: &str) {
    let wide = |c: Option<char>| c.is_some_and(|c| unicode_width::UnicodeWidthChar::width(c) == Some(2));
    let line = if paragraph.is_empty() { line.trim_end() } else { line.trim() };
    let solid = wide(paragraph.chars().last()) && wide(line.chars().next());
    if !paragraph.is_empty() && !solid {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

fn flush(paragraph: &mut String, out: &mut String, width: usize) {
    if paragraph.is_empty() {
        return;
    }
    let indent = paragraph.len() - paragraph.trim_start().len();
    let hang = if paragraph.trim_start().starts_with(['-', '*']) {
        indent + 2
    } else if numbered(paragraph) {
        indent + 3
    } else {
        indent
    };
    for (i, line) in wrap(paragraph.trim_start(), width.saturating_sub(hang)).iter().enumerate() {
        out.push_str(&" ".repeat(if i == 0 { indent } else { hang }));
        out.push_str(line);
        out.push('\n');
    }
    paragraph.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_filled_and_code_is_left_alone() {
        let page = "# 标题\n\n一行中文\n接着写。\n\n- first item that is\n  continued\n- second\n\n1. one\n\n```\na long line of code that must stay as it is\n```\n";
        let medium = Medium { lang: Lang::Zh, colour: false, width: 24, terminal: true, utf8: true };
        assert_eq!(
            fill(page, &medium),
            "# 标题\n\n一行中文接着写。\n\n- first item that is\n  continued\n- second\n\n1. one\n\n```\na long line of code that must stay as it is\n```\n"
        );
    }

    #[test]
    fn tables_fit_the_terminal() {
        let page = "| the log says | it means |\n| --- | --- |\n| `failed to allocate gateway (…)` | bip 是其子网的网络地址或广播地址 |\n";
        let medium = Medium { lang: Lang::En, colour: false, width: 40, terminal: true, utf8: true };
        let filled = fill(page, &medium);
        assert!(filled.lines().count() > 3, "{filled}");
        assert!(filled.lines().all(|line| line.starts_with('|') && columns(line) <= 40), "{filled}");
    }
}
