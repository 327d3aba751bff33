//! Where nothing is free: blocks that would hide a route behind which nobody was seen.

use super::pick::{Grade, Pick, Wish};
use super::quiet::Part;
use super::set::{Bits, FreeBlocks, Set};
use super::{Index, Occupied};
use crate::text::text;

/// What a block at some place would hide, least harm first: dead routes before routes that carry something; then by the most specific route
/// hidden, which is the one whose traffic changes its way: the wider it is the smaller a part of it is lost; then by how many routes lie above each
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Footprint {
    carries: bool,
    narrowest: u8,
    routes: usize,
}

/// At most `count` blocks in routes that contain them whole. What lies inside a block and is more specific, anything but a route, and a route with
/// somebody behind it are never touched.
pub(super) fn hiding<A: Bits>(
    index: &Index,
    wish: &Wish,
    places: &[Part],
    chosen: &Set<A>,
    count: usize,
    unnamed: &Set<A>,
) -> Vec<Pick> {
    let len = wish.prefix_len;
    let may_be_hidden = |taken: &&Occupied| !taken.is_firm() && taken.prefix.prefix_len() <= len;
    let room = Set::<A>::from_prefixes(places.iter().map(|place| place.range));
    let in_room = |taken: &Occupied| A::range(taken.prefix).filter(|(first, last)| room.overlaps(*first, *last));
    let (mut firm, mut routes) = (Vec::new(), Vec::new());
    for taken in index.occupied {
        let Some((first, last)) = in_room(taken) else { continue };
        if may_be_hidden(&taken) {
            routes.push(Soft { first, last, len: taken.prefix.prefix_len(), carries: !taken.dead });
        } else {
            firm.push((first, last));
        }
    }
    let firm = Set::from_ranges(firm);
    let mut stretches = stretches(routes);
    // Most are too short, and sorting takes the longest.
    stretches.retain(|(first, last, _)| has_block(*first, *last, len));
    // Stable: equal footprints stay in address order, and the places decide between them below.
    stretches.sort_by_key(|stretch| stretch.2);
    let mut chosen = chosen.clone();
    let mut starts = Vec::new();
    let mut at = 0;
    while at < stretches.len() && starts.len() < count {
        let equal = stretches[at..].iter().take_while(|stretch| stretch.2 == stretches[at].2).count();
        let group = &stretches[at..at + equal];
        for range in places.iter().filter_map(|place| A::range(place.range)) {
            for (first, last, _) in group {
                let both = (*first.max(&range.0), *last.min(&range.1));
                if both.0 > both.1 || starts.len() == count {
                    continue;
                }
                let found: Vec<A> =
                    FreeBlocks::new(&[&firm, unnamed, &chosen], both, len).take(count - starts.len()).collect();
                for start in found {
                    chosen.insert(start, start.block_end(len));
                    starts.push(start);
                }
            }
        }
        at += equal;
    }
    starts.into_iter().map(|start| index.hides(start.prefix(len))).collect()
}

/// Whether an aligned block of the prefix length lies within, both ends inside.
fn has_block<A: Bits>(first: A, last: A, len: u8) -> bool {
    let aligned = first.block_start(len) == first;
    let start = if aligned { Some(first) } else { first.block_end(len).next() };
    start.is_some_and(|start| start.block_end(len) <= last)
}

struct Soft<A> {
    first: A,
    last: A,
    len: u8,
    carries: bool,
}

/// The address space cut where routes begin and end, with what a block there would hide; without the stretches that no route covers.
fn stretches<A: Bits>(mut routes: Vec<Soft<A>>) -> Vec<(A, A, Footprint)> {
    let widest_first = |a: &Soft<A>, b: &Soft<A>| (a.first, b.last).cmp(&(b.first, a.last));
    // Of one host they come so.
    if !routes.is_sorted_by(|a, b| widest_first(a, b).is_le()) {
        routes.sort_by(widest_first);
    }
    let mut cut = Vec::with_capacity(2 * routes.len());
    // Prefixes nest: those around the place where we are, widest first, each with the footprint of itself and all around it.
    let mut around: Vec<(A, Footprint)> = Vec::new();
    let mut at: Option<A> = None;
    for route in &routes {
        close(&mut around, &mut at, &mut cut, Some(route.first));
        if let (Some((_, footprint)), Some(start)) = (around.last(), at)
            && let Some(end) = route.first.previous().filter(|end| start <= *end)
        {
            cut.push((start, end, *footprint));
        }
        let under = around.last().map_or(Footprint { carries: false, narrowest: 0, routes: 0 }, |(_, under)| *under);
        let footprint =
            Footprint { carries: under.carries || route.carries, narrowest: route.len, routes: under.routes + 1 };
        around.push((route.last, footprint));
        at = Some(route.first);
    }
    close(&mut around, &mut at, &mut cut, None);
    cut
}

/// Leaves the routes that end before `until`, cutting their rests.
fn close<A: Bits>(
    around: &mut Vec<(A, Footprint)>,
    at: &mut Option<A>,
    cut: &mut Vec<(A, A, Footprint)>,
    until: Option<A>,
) {
    while let Some((last, footprint)) = around.last().copied() {
        if until.is_some_and(|until| until <= last) {
            break;
        }
        if let Some(start) = at.filter(|start| *start <= last) {
            cut.push((start, last, footprint));
        }
        *at = last.next();
        around.pop();
    }
}

impl Index<'_> {
    fn hides(&self, subnet: ipnet::IpNet) -> Pick {
        let hides: Vec<Occupied> = self.holders(subnet).into_iter().cloned().collect();
        let mut owners: Vec<&str> = hides.iter().map(|taken| taken.owner.as_str()).collect();
        owners.dedup();
        let why = text!(
            "nothing is free, and nobody was seen behind {owners}: hiding this part of it does the least harm",
            "已没有空闲的地址；未发现有人使用 {owners} 之后的地址，遮蔽其中这一小段影响最小",
            owners = owners.join(", ")
        );
        Pick { subnet, grade: Grade::HidesRoute, why, hides }
    }
}
