//! Of a host with very many routes: those that are worth a name each, and the many others.

use ipnet::IpNet;

use super::routes::counts;
use crate::host::{RouteGroup, RouteRanges};
use crate::subnet::set::{Bits, Set};

/// More routes than these are not named one by one.
pub const MOST_NAMED: u64 = 20_000;

/// Where proposals come from (RFC 1918, RFC 6598, RFC 4193): what leads there is named before anything else.
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// What begins here is no one's on any other link, as [`is_taken_space`](super::is_taken_space) says of single addresses.
const NOBODYS: [&str; 5] = ["127.0.0.0/8", "224.0.0.0/4", "::1/128", "fe80::/10", "ff00::/8"];

/// The claims of the routes that are named one by one, and the rest: private ones before public ones, of each the widest first.
pub fn split(ranges: &RouteRanges) -> (Vec<RouteGroup>, Vec<RouteGroup>) {
    let (v4, v6) = (Sieve::<u32>::new(), Sieve::<u128>::new());
    let (mut private, mut public) = (Vec::new(), Vec::new());
    for group in ranges.groups.iter().filter(|group| counts(group.owner.kind, group.owner.protocol)) {
        let (mut inside, mut outside) = (empty(group), empty(group));
        let length = group.owner.prefix_len;
        (inside.v4, outside.v4) = v4.sort_out(&group.v4, length);
        (inside.v6, outside.v6) = v6.sort_out(&group.v6, length);
        private.push(inside);
        public.push(outside);
    }
    for list in [&mut private, &mut public] {
        list.retain(|group| !group.v4.is_empty() || !group.v6.is_empty());
        list.sort_by_key(|group| group.owner.prefix_len);
    }
    private.append(&mut public);
    let mut count = 0;
    let few = private.iter().take_while(|group| {
        count += size(group);
        count <= MOST_NAMED
    });
    let rest = private.split_off(few.count());
    (private, rest)
}

fn empty(group: &RouteGroup) -> RouteGroup {
    RouteGroup { owner: group.owner, v4: Vec::new(), v6: Vec::new() }
}

/// First and last addresses.
type Spans<N> = Vec<(N, N)>;

/// Tells the prefixes of one family apart.
struct Sieve<A> {
    private: Set<A>,
    nobodys: Set<A>,
}

impl<A: Bits> Sieve<A> {
    fn new() -> Self {
        let set = |prefixes: &[&str]| Set::from_prefixes(prefixes.iter().filter_map(|said| said.parse::<IpNet>().ok()));
        Sieve { private: set(&PRIVATE), nobodys: set(&NOBODYS) }
    }

    /// Spans of prefixes of one length: those that touch private space, and those that do not; without what is nobody's.
    fn sort_out<N: Copy + From<A> + Into<A>>(&self, spans: &[(N, N)], length: u8) -> (Spans<N>, Spans<N>) {
        let (mut private, mut public) = (Vec::new(), Vec::new());
        for (first, last) in spans.iter().map(|(first, last)| ((*first).into(), (*last).into())) {
            let touches = self.private.overlaps(first, last);
            if !self.nobodys.overlaps(first, last) && (!touches || self.private.covers(first, last)) {
                append(if touches { &mut private } else { &mut public }, first, last);
                continue;
            }
            let mut at = Some(first);
            while let Some(start) = at.filter(|start| *start <= last) {
                let end = start.block_end(length);
                if !self.nobodys.contains(start) {
                    append(if self.private.overlaps(start, end) { &mut private } else { &mut public }, start, end);
                }
                at = end.next();
            }
        }
        (private, public)
    }
}

fn append<A: Bits, N: Copy + From<A> + Into<A>>(spans: &mut Vec<(N, N)>, first: A, last: A) {
    match spans.last_mut() {
        Some(tail) if tail.1.into().next() == Some(first) => tail.1 = last.into(),
        _ => spans.push((first.into(), last.into())),
    }
}

/// How many prefixes a group holds.
fn size(group: &RouteGroup) -> u64 {
    let bits = |width: u8| u32::from(width.saturating_sub(group.owner.prefix_len)).min(127);
    let v4 = group.v4.iter().map(|(first, last)| (u64::from(u32::from(*last) - u32::from(*first)) + 1) >> bits(32));
    let v6 = group.v6.iter().map(|(first, last)| {
        let blocks = ((u128::from(*last) - u128::from(*first)) >> bits(128)).saturating_add(1);
        u64::try_from(blocks).unwrap_or(u64::MAX)
    });
    v4.chain(v6).fold(0, u64::saturating_add)
}
