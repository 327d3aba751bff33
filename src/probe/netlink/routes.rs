//! All routes of the host, whole or as ranges, of one moment.

use super::churn::Churn;
use super::{ATTEMPTS, Undecodable, collect_into, destination, interrupted, route, unreadable};
use crate::host::{Fact, Family, Route, RouteRanges, RouteRangesBuilder};
use crate::text::text;

/// How much to keep of the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Keep {
    /// Every route.
    #[default]
    All,
    /// Every route, unless there are more than so many: then only where they lead.
    Ranges { beyond: usize },
}

/// The routes of all tables and both families; those of one prefix in the order the kernel tries them. One of the two is known, or
/// the first says why not.
#[derive(Debug, Default)]
pub struct Routes {
    pub routes: Fact<Vec<Route>>,
    pub ranges: Fact<RouteRanges>,
}

/// All routes, as far as they are to be kept.
pub fn look(keep: Keep) -> Routes {
    // IPv4 route dumps never carry NLM_F_DUMP_INTR: what changes meanwhile is heard from the notifications.
    let mut taken = Fact::NotCollected;
    for _ in 0..ATTEMPTS {
        let churn = match Churn::listen() {
            Ok(churn) => churn,
            Err(error) => return Routes { routes: unreadable("routes", &error), ranges: Fact::NotCollected },
        };
        // There is no room for two copies of a million routes.
        drop(std::mem::take(&mut taken));
        taken = collect_into(
            "routes",
            &[route::request(Family::V4), route::request(Family::V6)],
            || Taken::new(keep),
            Taken::take,
        );
        if !churn.heard_something() {
            return told(taken);
        }
    }
    if let Fact::Known { gaps, .. } = &mut taken
        && gaps.is_empty()
    {
        gaps.push(interrupted("routes"));
    }
    told(taken)
}

/// What one dump brought.
struct Taken {
    /// Every route is kept up to here.
    most: usize,
    whole: Vec<Route>,
    /// None: nobody asked for ranges.
    ranges: Option<RouteRangesBuilder>,
}

impl Taken {
    fn new(keep: Keep) -> Self {
        match keep {
            Keep::All => Taken { most: usize::MAX, whole: Vec::new(), ranges: None },
            Keep::Ranges { beyond } => {
                Taken { most: beyond, whole: Vec::new(), ranges: Some(RouteRangesBuilder::default()) }
            }
        }
    }

    fn take(&mut self, kind: u16, payload: &[u8]) -> Result<(), Undecodable> {
        if let Some(ranges) = &mut self.ranges {
            if let Some((owner, network)) = destination::decode(kind, payload)? {
                ranges.add(owner, network);
            }
            if ranges.routes() > self.most as u64 {
                self.whole = Vec::new();
                return Ok(());
            }
        }
        self.whole.extend(route::decode(kind, payload)?);
        Ok(())
    }
}

fn told(taken: Fact<Taken>) -> Routes {
    let (taken, gaps) = match taken {
        Fact::Known { value, gaps } => (value, gaps),
        Fact::NotCollected => return Routes::default(),
        Fact::Unreadable(why) => return Routes { routes: Fact::Unreadable(why), ranges: Fact::NotCollected },
    };
    match taken.ranges {
        Some(ranges) if ranges.routes() > taken.most as u64 => {
            let most = taken.most;
            let why = text!(
                "there are more than {most} routes: only where they lead was kept; `dnetctl diagnose` looks at every one",
                "路由超过 {most} 条：只保留了它们指向的地址段；`dnetctl diagnose` 会逐条检查"
            );
            Routes { routes: Fact::Unreadable(why), ranges: Fact::with_gaps(ranges.finish(), gaps) }
        }
        _ => Routes { routes: Fact::with_gaps(taken.whole, gaps), ranges: Fact::NotCollected },
    }
}
