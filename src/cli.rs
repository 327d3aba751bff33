//! The command line. Values that need more than a word list are judged in `cmd`, which can say it in both languages.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Diagnoses the networking of a Docker host: routes, addresses, the engine's configuration and what it will do next.
#[derive(Debug, Parser)]
#[command(
    name = "dnetctl",
    version,
    about,
    disable_help_subcommand = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// How the answer is printed
    #[arg(short, long, global = true, value_enum, default_value = "table", value_name = "FORMAT")]
    pub output: Output,
    /// When to use colour; NO_COLOR and TERM=dumb turn `auto` off
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
    /// Language of what is printed; `auto` follows LC_ALL, LC_MESSAGES, LANG
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "LANG")]
    pub lang: Language,
    /// The engine's endpoint; else DOCKER_HOST, else the current docker context
    #[arg(short = 'H', long, global = true, value_name = "ENDPOINT")]
    pub host: Option<String>,
    /// Read the files of a host that is mounted at DIR; only what files tell is judged
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Time limit for looking at the host, in seconds (1 to 3600)
    #[arg(
        long,
        global = true,
        default_value = "10",
        value_name = "SECS",
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    pub timeout: u64,
    /// Findings only; of pick-subnet and trace the answer alone, ready for a script
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Also show hidden findings and passed checks
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every check over this host; print findings with evidence and remedy
    Diagnose(Box<Diagnose>),
    /// Propose subnets that collide with nothing; say who holds the rest and what the engine will take next
    PickSubnet(Box<PickSubnet>),
    /// Check routes against container networks, and plan the smallest change that brings them together
    FixRoutes(Box<FixRoutes>),
    /// Show docker_gwbridge, by which a swarm's tasks leave their host, and what it needs; make it, or another one in its place
    Gwbridge(Box<Gwbridge>),
    /// Say what happens to a packet, hook by hook, and which rule ends it
    Trace(Trace),
    /// Take a committed change back, or finish undoing an interrupted one
    Rollback(Rollback),
    /// Keep a change that waits; from a connection made after it
    Confirm {
        /// The change; the one that waits, where none is named
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
    /// Print the facts that would be judged, as JSON without secrets
    Snapshot,
    /// List the checks
    Checks,
    /// Print the page of one check
    Explain {
        /// The check's id, as `dnetctl checks` lists it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print a completion script
    Completions {
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page (roff)
    Man,
    /// Carry out the change of a journal: what `--apply` and `confirm` start
    #[command(hide = true)]
    CarryOut(Box<CarryOut>),
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// The change; the unfinished one, or else the newest, where none is named
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// List what was changed, and how it stands
    #[arg(long)]
    pub list: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Undo the files of what the last shutdown cut short: what the unit of the next boot starts
    #[arg(long, hide = true)]
    pub boot: bool,
    /// Undo ID unless it was confirmed: what the timer starts
    #[arg(long, hide = true, requires = "id")]
    pub expired: bool,
    /// The timer itself, where nobody else keeps one: sleep so many seconds first
    #[arg(long, hide = true, value_name = "SECS")]
    pub after: Option<u64>,
}

#[derive(Debug, Args)]
pub struct CarryOut {
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub pipeline: Pipeline,
}

#[derive(Debug, Args)]
pub struct Diagnose {
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    #[command(flatten)]
    pub change: Change,
}

/// What the commands share that run checks over hosts.
#[derive(Debug, Args)]
pub struct Pipeline {
    /// Run these checks only (repeatable, commas allowed)
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub only: Vec<String>,
    /// Leave these checks out; they neither fire nor hide others
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub skip: Vec<String>,
    /// Exit with 3 if one of these checks could not be judged
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub require: Vec<String>,
    /// Require every check that applies here
    #[arg(long)]
    pub strict: bool,
    /// Judge a snapshot instead of this host (repeatable: several hosts)
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// Containers in CIDR behind the host with this address should be reachable from here (repeatable)
    #[arg(long, value_name = "HOST=CIDR")]
    pub peer: Vec<String>,
    /// The hosts of --from are each other's peers
    #[arg(long)]
    pub mesh: bool,
    /// A range that is in use although no route shows it (repeatable, commas allowed)
    #[arg(long, value_delimiter = ',', value_name = "CIDR")]
    pub avoid: Vec<String>,
    /// Keep the snapshot of this very run
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// What the commands share that can put right what they find.
#[derive(Debug, Args)]
#[command(next_help_heading = "Putting it right")]
pub struct Change {
    /// Carry the plan out: journalled, verified by the same checks, and undone if it does not help
    #[arg(long)]
    pub apply: bool,
    /// Do not ask
    #[arg(short, long, requires = "apply")]
    pub yes: bool,
    /// Also plan what stops containers, gives up a route or changes how a session reaches this host
    #[arg(long, value_enum, value_name = "SAFETY")]
    pub allow: Option<Allow>,
    /// Undo it by itself unless `dnetctl confirm` comes within SECS, from a connection made afterwards (10 to 86400)
    #[arg(long, value_name = "SECS", requires = "apply", value_parser = clap::value_parser!(u64).range(10..=86400))]
    pub confirm_within: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Gwbridge {
    #[command(flatten)]
    pub pipeline: Pipeline,
    /// Where docker_gwbridge is to be; else a subnet that nobody uses, where it needs one
    #[arg(long, value_name = "CIDR")]
    pub subnet: Option<String>,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    #[command(flatten)]
    pub change: Change,
}

#[derive(Debug, Args)]
pub struct PickSubnet {
    /// Prefix length of each subnet [default: 24; with --for pools and swarm 16; with -6 64]
    #[arg(long, value_name = "LEN", allow_negative_numbers = true)]
    pub prefix: Option<String>,
    /// How many subnets; exit with 1 if fewer are free [default: 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub count: Option<String>,
    /// Look here, in this order, instead of in the private ranges (repeatable, commas allowed)
    #[arg(long, value_delimiter = ',', value_name = "CIDR")]
    pub pool: Vec<String>,
    /// What the subnets are for; prints what makes the engine use them
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    pub purpose: Option<Purpose>,
    /// IPv6: a unique local prefix (RFC 4193)
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Propose nothing: exit with 0 if this range is free, with 1 if it is taken, and say who holds it
    #[arg(long, value_name = "CIDR")]
    pub check: Option<String>,
    /// Propose nothing: exit with 0 if the next N `docker network create` succeed, else with 1, and say where they go
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub need_networks: Option<String>,
    /// Also show which subnets the engine will take by itself
    #[arg(long)]
    pub predict: bool,
    /// Also draw who holds the private ranges
    #[arg(long)]
    pub map: bool,
    /// Findings count too: exit with 1 from this severity on [default: only the answer counts]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    #[command(flatten)]
    pub pipeline: Pipeline,
    #[command(flatten)]
    pub change: Change,
}

#[derive(Debug, Args)]
pub struct FixRoutes {
    /// Where both are possible: give Docker other subnets, or give up the route [default: what the model of this host proves, Docker first]
    #[arg(long, value_enum, value_name = "WAY")]
    pub prefer: Option<Way>,
    /// A route that this host should have, now and at the next boot: CIDR via GATEWAY [dev LINK] (repeatable)
    #[arg(long, num_args = 1.., value_name = "ROUTE")]
    pub add: Vec<String>,
    /// Exit with 1 from this severity on
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    #[command(flatten)]
    pub pipeline: Pipeline,
    #[command(flatten)]
    pub change: Change,
}

#[derive(Debug, Args)]
#[command(after_help = "\
An end is container:NAME, ip:ADDRESS, host, internet, link:NAME[=ADDRESS] or published:PORT; a bare name or address does where only one \
thing fits. A port makes it TCP, with /udp behind it UDP; without a port it is an ICMP echo request. With several hosts, HOST/ in front \
says on which.")]
pub struct Trace {
    /// Where the packet comes from: web, container:web, host, internet, link:eth1=10.0.0.9
    #[arg(value_name = "FROM")]
    pub origin: String,
    /// Where it goes: db:5432, 10.0.0.7/icmp, [fd00::1]:80/tcp, published:8080
    #[arg(value_name = "TO")]
    pub destination: String,
    /// IPv4, where both ends have both families
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// IPv6, where both ends have both families
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// The user whose process sends it, where this host does (rules may ask)
    #[arg(long, value_name = "UID")]
    pub uid: Option<u32>,
    /// Also send one such packet from FROM, and say whether what comes back agrees; as root, on this host only
    #[arg(long)]
    pub probe: bool,
    /// Judge a snapshot instead of this host (repeatable: the packet goes on from one host to the next)
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// Also run every check; exit with 1 from this severity on [default: no check runs, only the answer counts]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allow {
    Disruptive,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Other subnets for docker0 and for the networks to come
    MoveDocker,
    /// The route goes, now and for the next boot
    DropRoute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// docker0: "bip" in daemon.json
    Bip,
    /// The engine's own choices: "default-address-pools" in daemon.json
    Pools,
    /// One network: docker network create
    Network,
    /// docker_gwbridge, before the host joins a swarm
    Gwbridge,
    /// A new swarm's overlay networks: docker swarm init
    Swarm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Table,
    Short,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Auto,
    En,
    Zh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Info,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}
