//! The commands of stanzas and the routes they make.

use super::active::Up;
use super::{Logical, is_keyword, logical, split};
use crate::host::{Editable, Keeper, Place, SavedRoute};
use crate::parse::route_command::{Device, Line, RouteCommand, Shell};
use crate::text::text;

/// Options that run a command when the interface comes up; the first two are the same (interfaces(5)).
const MAKE: [&str; 3] = ["up", "post-up", "pre-up"];
/// Options that run a command when it goes down; the first two are the same.
const UNMAKE: [&str; 3] = ["down", "pre-down", "post-down"];

/// An `iface` stanza.
#[derive(Clone, Debug)]
pub struct Stanza {
    pub file: String,
    /// The logical interface: `eth0`, `eth0:1`, or a name that others inherit from.
    pub name: String,
    /// `inet`, `inet6`, or nothing where ifupdown-ng's form leaves it out.
    pub family: String,
    pub inherits: Vec<String>,
    pub head: Logical,
    pub options: Vec<Logical>,
}

/// An option that makes or unmakes routes, or calls what may.
pub struct Making<'a> {
    pub option: &'a Logical,
    pub makes: bool,
    pub line: Line,
}

/// The stanzas of a file, in its order.
pub fn stanzas(path: &str, bytes: &[u8]) -> Vec<Stanza> {
    let mut all: Vec<Stanza> = Vec::new();
    let mut inside = false;
    for line in logical(bytes) {
        let (word, rest) = split(&line.text);
        if word == "iface" {
            let words: Vec<&str> = rest.split_ascii_whitespace().collect();
            let family = words.iter().skip(1).find(|word| word.starts_with("inet")).map_or("", |word| *word);
            let inherits = words.windows(2).filter(|pair| pair[0] == "inherits").map(|pair| pair[1].to_owned());
            all.push(Stanza {
                file: path.to_owned(),
                name: words.first().map_or("", |word| *word).to_owned(),
                // An heir's second word may be `inherits` itself.
                family: if family == "inherits" { String::new() } else { family.to_owned() },
                inherits: inherits.collect(),
                head: line,
                options: Vec::new(),
            });
            inside = true;
        } else if is_keyword(word) {
            inside = false;
        } else if let Some(stanza) = all.last_mut().filter(|_| inside) {
            stanza.options.push(line);
        }
    }
    all
}

/// The commands of a stanza.
pub fn makings(stanza: &Stanza) -> Vec<Making<'_>> {
    let mut all = Vec::new();
    for option in &stanza.options {
        let (word, command) = split(&option.text);
        let makes = MAKE.contains(&word);
        if makes || UNMAKE.contains(&word) {
            all.push(Making { option, makes, line: Shell::default().line(command) });
        }
    }
    all
}

/// Scripts that a stanza calls when it comes up.
pub fn calls(stanza: &Stanza) -> Vec<String> {
    makings(stanza).into_iter().filter(|making| making.makes).flat_map(|making| making.line.calls).collect()
}

/// The routes of a stanza. `all`: the stanzas of all files.
pub fn saved(stanza: &Stanza, all: &[Stanza], up: &Up) -> Vec<SavedRoute> {
    let heirs: Vec<&Stanza> = all.iter().filter(|heir| heir.inherits.contains(&stanza.name)).collect();
    let makings = makings(stanza);
    let mut routes = Vec::new();
    for making in makings.iter().filter(|making| making.makes) {
        for command in making.line.routes.iter().filter(|command| command.makes) {
            let mut route = SavedRoute {
                place: Place { file: stanza.file.clone(), line: making.option.line, column: making.option.indent + 1 },
                keeper: Keeper::Ifupdown,
                says: says(making, command),
                destination: command.destination,
                gateway: command.gateway,
                link: link(stanza, &heirs, command),
                table: command.table,
                metric: command.metric,
                kind: command.kind,
                active: up.brings(&stanza.name),
                editable: Editable::Yes,
            };
            route.editable = editable(making, command, &route, &makings, &heirs);
            routes.push(route);
        }
    }
    routes
}

/// A line that holds more than its route is told without the rest, which is nobody's business.
fn says(making: &Making, command: &RouteCommand) -> String {
    let (word, _) = split(&making.option.text);
    if making.line.alone {
        making.option.text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        format!("{word} {}", command.says)
    }
}

/// An alias' link is that of the interface; a template's only heir is whose it is.
fn link(stanza: &Stanza, heirs: &[&Stanza], command: &RouteCommand) -> Option<String> {
    let own = match heirs {
        [] => &stanza.name,
        [heir] => &heir.name,
        _ => return named(command),
    };
    match &command.device {
        Some(Device::OwnInterface) => own.split(':').next().map(str::to_owned),
        _ => named(command),
    }
}

fn named(command: &RouteCommand) -> Option<String> {
    match &command.device {
        Some(Device::Named(name)) => Some(name.clone()),
        _ => None,
    }
}

fn editable(
    making: &Making,
    command: &RouteCommand,
    route: &SavedRoute,
    all: &[Making],
    heirs: &[&Stanza],
) -> Editable {
    if !making.line.alone {
        return Editable::ByHand(text!(
            "the line holds more than this route; take only the route out of it",
            "这一行除了该路由还有别的命令；请只去掉其中的路由"
        ));
    }
    if !command.clear {
        return Editable::ByHand(text!(
            "the route depends on a variable, or on a word that is not followed here",
            "该路由取决于变量，或用了此处不解析的参数"
        ));
    }
    if heirs.len() > 1 {
        let names = heirs.iter().map(|heir| heir.name.as_str()).collect::<Vec<_>>().join(", ");
        return Editable::ByHand(text!(
            "the stanza is a template, and these inherit from it: {names}",
            "该段是模板，以下接口继承自它：{names}"
        ));
    }
    let tangled = all
        .iter()
        .find(|twin| !twin.makes && !twin.line.alone && twin.line.routes.iter().any(|twin| unmakes(twin, route)));
    match tangled {
        Some(twin) => {
            let line = twin.option.line;
            Editable::ByHand(text!(
                "line {line} takes the route away again, among other commands",
                "第 {line} 行在其他命令之间又删除了该路由"
            ))
        }
        None => Editable::Yes,
    }
}

/// Whether a command of `down` is there for the sake of this route; it may leave the gateway out.
pub fn unmakes(twin: &RouteCommand, route: &SavedRoute) -> bool {
    !twin.makes
        && twin.destination == route.destination
        && twin.table == route.table
        && (twin.gateway.is_none() || twin.gateway == route.gateway)
}
