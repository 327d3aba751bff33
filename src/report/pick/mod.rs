//! `pick-subnet`: what it hands over to be printed, and the ways it is.

mod json;
mod map;
mod short;
mod table;

pub use json::PickV1;
pub use short::{bare, short};
pub use table::table;

use ipnet::IpNet;

use crate::engine::next::Next;
use crate::host::Missing;
use crate::subnet::{Grade, Occupied, Pick, Ranges};
use crate::text::Text;

/// The answer of `pick-subnet`.
pub struct Picked {
    pub answer: Answer,
    /// The proposals, in the order of preference.
    pub subnets: Vec<Proposed>,
    /// One for each host, in the order of the hosts.
    pub next: Vec<HostNext>,
    /// Who holds what of the ranges that were asked about, sorted by host and prefix.
    pub occupied: Vec<Occupied>,
    /// The same, those first that hold most.
    pub largest: Vec<Occupied>,
    /// What could not be seen, and so may be in use.
    pub blind: Vec<Blind>,
    /// The table shows what the engine takes next.
    pub predict: bool,
    /// The table shows who holds what as a drawing.
    pub map: Option<Map>,
}

impl Picked {
    /// How many of the proposals overlap nothing; the rest would hide a route.
    pub fn free(&self) -> usize {
        self.subnets.iter().filter(|proposed| proposed.is_free()).count()
    }
}

/// What is drawn.
pub struct Map {
    pub ranges: Vec<IpNet>,
    /// Where routes lead that were too many to be named one by one.
    pub unnamed: Ranges,
}

/// What was asked.
pub enum Answer {
    Proposal {
        prefix_len: u8,
        /// How many were asked for.
        count: usize,
        /// The word of `--for`.
        purpose: Option<&'static str>,
    },
    /// Whether nobody holds a range; the holders are `occupied`.
    Check { range: IpNet, free: bool, notes: Vec<Text> },
    /// Whether so many networks will be created.
    Networks { count: usize },
}

/// A proposal.
pub struct Proposed {
    pub pick: Pick,
    pub material: Option<Material>,
    /// Networks that find room in it.
    pub capacity: usize,
}

impl Proposed {
    pub fn is_free(&self) -> bool {
        self.pick.grade == Grade::Free
    }
}

/// What makes the engine use a proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Ready to be written or run.
    pub text: String,
    /// It is for a shell; else a part of a file, or the whole.
    pub is_command: bool,
    /// What to do with it.
    pub title: Text,
    /// What else is to be known before that is done.
    pub notes: Vec<Text>,
}

/// What the engine of one host does next, or why that cannot be said.
pub struct HostNext {
    /// As the report names it.
    pub host: String,
    pub next: Result<Next, Missing>,
    /// The subnets of the next networks that the report shows.
    pub networks: Vec<IpNet>,
    /// An engine runs: networks are created now, else after its next start.
    pub running: bool,
    /// `--need-networks`: whether they will be created; none: that is not known.
    pub enough: Option<bool>,
}

/// A gap in what was seen of a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blind {
    pub host: String,
    pub why: Text,
}
