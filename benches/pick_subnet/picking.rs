//! Picking alone: many wishes over 100,000 random prefixes.

use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use dnetctl::internals::{Family, Index, Kind, Occupied, Wish};
use ipnet::{IpNet, Ipv4Net};

use crate::random::Random;

const PREFIXES: usize = 100_000;
const PICKS: usize = 2_000;

pub fn run() {
    let mut random = Random::new(3);
    let anywhere = world(&mut random, |random, length| {
        let address = random.below(u32::MAX);
        (address, length)
    });
    measure("anywhere in IPv4", &anywhere, 16..=28, &mut random);
    let private = world(&mut random, |random, length| {
        let address = match random.below(20) {
            0 => 0xc0a8_0000 | random.below(1 << 16),
            1 => 0xac10_0000 | random.below(1 << 20),
            _ => 0x0a00_0000 | random.below(1 << 24),
        };
        (address, length.max(24))
    });
    measure("all of them private", &private, 16..=28, &mut random);
}

/// Routes of lengths 12 to 32, mostly 24.
fn world(random: &mut Random, mut place: impl FnMut(&mut Random, u8) -> (u32, u8)) -> Vec<Occupied> {
    let one = |_| {
        let length = if random.below(2) == 0 { 24 } else { 12 + random.below(21) as u8 };
        let (address, length) = place(random, length);
        let prefix = IpNet::V4(Ipv4Net::new_assert(address.into(), length).trunc());
        let owner = format!("{prefix} via 10.0.0.1 dev eth0");
        Occupied { host: "host".to_owned(), prefix, owner, kind: Kind::Route, live: random.below(4) == 0, dead: false }
    };
    let mut world: Vec<Occupied> = (0..PREFIXES).map(one).collect();
    world.sort_by_key(|taken| taken.prefix);
    world
}

fn measure(what: &str, world: &[Occupied], lengths: std::ops::RangeInclusive<u8>, random: &mut Random) {
    let (mut alone, mut whole, mut found) = (Vec::new(), Vec::new(), 0);
    let span = u32::from(lengths.end() - lengths.start()) + 1;
    for _ in 0..PICKS {
        let wish = Wish::new(Family::V4, lengths.start() + random.below(span) as u8, 1 + random.below(4) as usize);
        let began = Moment::now();
        let index = Index::new(world);
        let built = Moment::now();
        let picks = index.pick(&wish);
        let picked = Moment::now();
        alone.push(picked.since(&built));
        whole.push(picked.since(&began));
        found += picks.len();
    }
    println!("picking 1 to 4 subnets over {PREFIXES} prefixes, {what}; {PICKS} times, {found} subnets found");
    println!("  the pick alone:            {}", spread(alone));
    println!("  with building the index:   {}", spread(whole));
}

/// On the wall, and of this thread's processor time: they are the same on a machine that has nothing else to do.
struct Moment {
    wall: Instant,
    processor: TimeSpec,
}

impl Moment {
    fn now() -> Self {
        let processor = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every thread has this clock");
        Moment { wall: Instant::now(), processor }
    }

    /// Milliseconds.
    fn since(&self, earlier: &Moment) -> (f64, f64) {
        let processor = Duration::from(self.processor - earlier.processor);
        ((self.wall - earlier.wall).as_secs_f64() * 1000.0, processor.as_secs_f64() * 1000.0)
    }
}

fn spread(times: Vec<(f64, f64)>) -> String {
    let (wall, processor): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
    let words = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        format!("p50 {:.3} ms, p99 {:.3} ms, most {:.3} ms", at(50), at(99), at(100))
    };
    format!("{} (processor time: {})", words(wall), words(processor))
}
