//! Address ranges as a drawing: who holds them, what is free, and where the engine goes next.

use ipnet::IpNet;

use super::{HostNext, Map, Picked};
use crate::report::Medium;
use crate::report::wrap::{clean, columns, pad, wrap};
use crate::subnet::{Kind, Occupied, overlaps};
use crate::text::{Text, text};
use owo_colors::Style;

/// Cells in a row where there is room; each is a prefix, so it is a power of two.
const ROW: usize = 64;
/// Columns, however wide the terminal is.
const WIDEST: usize = 80;
/// Owners with a letter of their own.
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxy";
/// All others.
const OTHERS: char = '#';
const PROPOSED: char = '*';

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Free,
    /// Held, at least in part, by routes that have no letter.
    Unnamed,
    /// The owner's place in the legend; whether it holds the whole cell.
    Held(usize, bool),
    /// One of [`marks`].
    Next(char),
    Proposed,
}

/// An owner with all it holds.
struct Owner<'a> {
    first: &'a Occupied,
    prefixes: Vec<IpNet>,
}

/// The drawing with its legend.
pub fn map(picked: &Picked, drawn: &Map, medium: &Medium) -> Vec<Vec<String>> {
    let ranges = &drawn.ranges;
    let owners = owners(&picked.largest);
    let label = ranges.iter().map(widest_label).max().unwrap_or(0);
    let mut blocks = Vec::new();
    for range in ranges {
        let grid = Grid::of(range, medium.width.min(WIDEST).saturating_sub(label + 3));
        let cells = fill(&grid, &owners, drawn, picked);
        let each = grid.cell_len;
        let title = text!("{range}, a /{each} each", "{range}，每格一个 /{each}");
        let mut lines = vec![medium.strong(title.get(medium.lang))];
        for (row, cells) in cells.chunks(grid.row).enumerate() {
            let front = pad(&grid.prefix(row * grid.row).addr().to_string(), label);
            lines.push(format!("  {} {}", medium.faint(&front), painted(cells, &owners, medium)));
        }
        blocks.push(lines);
    }
    blocks.push(legend(picked, drawn, &owners, medium));
    blocks
}

/// Those of one host, kind and name together, in the order given.
fn owners(held: &[Occupied]) -> Vec<Owner<'_>> {
    let mut owners: Vec<Owner> = Vec::new();
    for one in held {
        let same = |owner: &&mut Owner| {
            owner.first.owner == one.owner && owner.first.kind == one.kind && owner.first.host == one.host
        };
        match owners.iter_mut().find(same) {
            Some(owner) => owner.prefixes.push(one.prefix),
            None => owners.push(Owner { first: one, prefixes: vec![one.prefix] }),
        }
    }
    owners
}

/// A range cut into cells of one length.
struct Grid {
    range: IpNet,
    cell_len: u8,
    /// Cells in all.
    cells: usize,
    /// Cells in a row.
    row: usize,
}

impl Grid {
    /// A range of an octet boundary has four rows, one cell for each number of its next octet; others have one.
    fn of(range: &IpNet, room: usize) -> Self {
        let mut row = ROW;
        while row > room.max(8) {
            row /= 2;
        }
        let bits = if range.prefix_len().is_multiple_of(8) { 8 } else { 6 };
        let cell_len = (range.prefix_len() + bits).min(range.max_prefix_len());
        Grid { range: *range, cell_len, cells: 1 << (cell_len - range.prefix_len()), row }
    }

    fn prefix(&self, cell: usize) -> IpNet {
        let shift = u32::from(self.range.max_prefix_len() - self.cell_len);
        let address = match self.range.network() {
            std::net::IpAddr::V4(first) => {
                let offset = (cell as u64) << shift;
                std::net::Ipv4Addr::from(u32::from(first).wrapping_add(offset as u32)).into()
            }
            std::net::IpAddr::V6(first) => {
                let offset = (cell as u128) << shift;
                std::net::Ipv6Addr::from(u128::from(first).wrapping_add(offset)).into()
            }
        };
        IpNet::new_assert(address, self.cell_len)
    }

    /// The cells that a prefix touches.
    fn touched(&self, prefix: &IpNet) -> std::ops::Range<usize> {
        if !overlaps(self.range, *prefix) {
            return 0..0;
        }
        if prefix.prefix_len() <= self.range.prefix_len() {
            return 0..self.cells;
        }
        let number = |address: std::net::IpAddr| -> u128 {
            match address {
                std::net::IpAddr::V4(address) => u128::from(u32::from(address)),
                std::net::IpAddr::V6(address) => u128::from(address),
            }
        };
        let shift = u32::from(self.range.max_prefix_len() - self.cell_len);
        let start = number(self.range.network());
        let cell = |address| ((number(address) - start) >> shift) as usize;
        cell(prefix.network())..cell(prefix.broadcast()) + 1
    }
}

/// The widest address at the beginning of a row.
fn widest_label(range: &IpNet) -> usize {
    let grid = Grid::of(range, ROW);
    (0..grid.cells).step_by(grid.row).map(|cell| grid.prefix(cell).addr().to_string().len()).max().unwrap_or(0)
}

/// Of several owners of a cell the narrowest is shown; over all of them, where the engine goes next and what is proposed.
fn fill(grid: &Grid, owners: &[Owner], drawn: &Map, picked: &Picked) -> Vec<Cell> {
    let unnamed = |cell| drawn.unnamed.overlaps(grid.prefix(cell));
    let mut cells: Vec<Cell> =
        (0..grid.cells).map(|cell| if unnamed(cell) { Cell::Unnamed } else { Cell::Free }).collect();
    let mut held: Vec<(IpNet, usize)> = owners
        .iter()
        .enumerate()
        .flat_map(|(at, owner)| owner.prefixes.iter().map(move |prefix| (*prefix, at)))
        .collect();
    held.sort_by_key(|(prefix, _)| prefix.prefix_len());
    for (prefix, owner) in held {
        for cell in grid.touched(&prefix) {
            cells[cell] = Cell::Held(owner, prefix.prefix_len() <= grid.cell_len);
        }
    }
    for told in picked.next.iter().rev() {
        for (mark, subnet) in marks(told).into_iter().rev() {
            for cell in grid.touched(&subnet) {
                cells[cell] = Cell::Next(mark);
            }
        }
    }
    for proposed in &picked.subnets {
        for cell in grid.touched(&proposed.pick.subnet) {
            cells[cell] = Cell::Proposed;
        }
    }
    cells
}

/// Where the engine goes next: `0` docker0, `1` to `3` the next networks; where that is not certain, `?` what the very next may get.
fn marks(told: &HostNext) -> Vec<(char, IpNet)> {
    let Ok(next) = &told.next else { return Vec::new() };
    let docker0 = next.docker0.map(|subnet| ('0', subnet));
    let networks: Vec<(char, IpNet)> = if next.candidates.is_empty() {
        ('1'..='9').zip(told.networks.iter().copied()).collect()
    } else {
        next.candidates.iter().map(|candidate| ('?', *candidate)).collect()
    };
    docker0.into_iter().chain(networks).collect()
}

fn letter(owner: usize, whole: bool) -> char {
    match LETTERS.get(owner) {
        Some(letter) if whole => letter.to_ascii_uppercase() as char,
        Some(letter) => *letter as char,
        None => OTHERS,
    }
}

fn painted(cells: &[Cell], owners: &[Owner], medium: &Medium) -> String {
    let mut out = String::new();
    for run in cells.chunk_by(|a, b| a == b) {
        let one = match run[0] {
            Cell::Free => free(medium),
            Cell::Unnamed => OTHERS,
            Cell::Held(owner, whole) => letter(owner, whole),
            Cell::Next(digit) => digit,
            Cell::Proposed => PROPOSED,
        };
        let style = match run[0] {
            Cell::Free => Style::new().dimmed(),
            Cell::Unnamed => colour(Kind::Route),
            Cell::Held(owner, _) => colour(owners[owner].first.kind),
            Cell::Next(_) => Style::new().cyan().bold(),
            Cell::Proposed => Style::new().green().bold(),
        };
        out.push_str(&medium.paint(&one.to_string().repeat(run.len()), style));
    }
    out
}

fn free(medium: &Medium) -> char {
    if medium.utf8 { '·' } else { '.' }
}

fn colour(kind: Kind) -> Style {
    match kind {
        Kind::Route => Style::new().yellow(),
        Kind::Address | Kind::Nameserver => Style::new().red(),
        Kind::Network | Kind::Pool | Kind::Runtime => Style::new().blue(),
        Kind::Cloud | Kind::Avoid => Style::new().magenta(),
    }
}

/// Every sign with what it stands for.
fn legend(picked: &Picked, drawn: &Map, owners: &[Owner], medium: &Medium) -> Vec<String> {
    let several = picked.next.len() > 1;
    let mut rows: Vec<Sign> = vec![(free(medium).to_string(), Style::new().dimmed(), text!("free", "空闲"))];
    for proposed in &picked.subnets {
        let subnet = proposed.pick.subnet;
        let proposal = text!("{subnet} proposed", "{subnet} 推荐");
        rows.push((PROPOSED.to_string(), Style::new().green().bold(), proposal));
    }
    rows.extend(picked.next.iter().flat_map(|told| signs_of_next(told, &drawn.ranges, &named(&told.host, several))));
    for (at, owner) in owners.iter().enumerate().take(LETTERS.len()) {
        let prefixes = match owner.prefixes.as_slice() {
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
            [] => String::new(),
        };
        let said = format!("{prefixes} {}{}", named(&owner.first.host, several), owner.first.owner);
        let said = if medium.utf8 { said } else { said.replace('×', "x") };
        let sign = format!("{}{}", letter(at, true), letter(at, false));
        rows.push((sign, colour(owner.first.kind), Text::verbatim(said)));
    }
    rows.extend(sign_of_others(drawn, owners));
    let mut lines = Vec::new();
    for (sign, style, said) in rows {
        for (i, line) in wrap(said.get(medium.lang), medium.width.min(WIDEST) - 6).iter().enumerate() {
            let front = if i == 0 { medium.paint(&sign, style) } else { String::new() };
            let blanks = " ".repeat(if i == 0 { 4 - columns(&sign) } else { 4 });
            lines.push(format!("  {front}{blanks}{line}"));
        }
    }
    let note = text!(
        "A capital letter: the owner holds the whole cell; a small one: a part of it.",
        "大写字母：占用整格；小写字母：占用其中一部分。"
    );
    if !owners.is_empty() {
        lines.extend(wrap(note.get(medium.lang), medium.width.min(WIDEST) - 2).iter().map(|line| format!("  {line}")));
    }
    lines
}

/// A sign, its colour, and what it stands for.
type Sign = (String, Style, Text);

/// The host, where there are several.
fn named(host: &str, several: bool) -> String {
    if several { format!("{}: ", clean(host)) } else { String::new() }
}

/// Where the engine goes next, as far as it is drawn.
fn signs_of_next(told: &HostNext, ranges: &[IpNet], host: &str) -> Vec<Sign> {
    let mut marks = marks(told);
    marks.retain(|(_, subnet)| ranges.iter().any(|range| overlaps(*range, *subnet)));
    let candidates = marks.iter().filter(|(mark, _)| *mark == '?').count();
    // What the next network may get is drawn, not listed.
    marks.dedup_by_key(|(mark, _)| *mark);
    let sign = |(mark, subnet): (char, IpNet)| {
        let said = match mark {
            '?' => text!(
                "{host}one of these {candidates} goes to the network that the engine makes next",
                "{host}引擎接下来创建的网络会占用这 {candidates} 个中的一个"
            ),
            '0' => {
                text!("{subnet} {host}docker0 after the engine's next start", "{subnet} {host}引擎下次启动后的 docker0")
            }
            _ => text!("{subnet} {host}network that the engine makes next", "{subnet} {host}引擎接下来创建的网络"),
        };
        (mark.to_string(), Style::new().cyan().bold(), said)
    };
    marks.into_iter().map(sign).collect()
}

/// What has no letter of its own, if there is any.
fn sign_of_others(drawn: &Map, owners: &[Owner]) -> Option<Sign> {
    let others = owners.len().saturating_sub(LETTERS.len());
    let crowded = drawn.ranges.iter().any(|range| drawn.unnamed.overlaps(*range));
    let said = match (crowded, others) {
        (false, 0) => return None,
        (false, _) => text!("{others} others", "其他 {others} 个占用者"),
        (true, 0) => text!("routes, too many to be named", "路由（数量太多，不逐一列出）"),
        (true, _) => text!(
            "{others} others, and routes, too many to be named",
            "其他 {others} 个占用者以及数量太多、不逐一列出的路由"
        ),
    };
    Some((OTHERS.to_string(), Style::new(), said))
}
