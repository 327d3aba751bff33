//! What conntrack knows.

use super::super::Context;
use super::super::values::{bit, in_network, never, one, protocol, span};
use super::super::words::{Module, Opt};
use crate::path::netfilter::rule::{Field, Side, Test, state, status};

/// What a packet without a connection is.
const WITHOUT: u128 = state::INVALID | state::UNTRACKED;

/// `-m state --state NEW`.
pub(super) fn state(option: &Opt) -> Option<Vec<Test>> {
    let (states, virtual_states) = (option.name == "--state").then(|| states(option.value()?))??;
    (virtual_states == 0).then(|| vec![bit(Field::State, states, option.invert)])
}

/// Bits of the state, and of the status (`SNAT`, `DNAT`).
fn states(list: &str) -> Option<(u128, u128)> {
    list.split(',').try_fold((0, 0), |(states, kinds), name| {
        Some(match name.to_ascii_uppercase().as_str() {
            "INVALID" => (states | state::INVALID, kinds),
            "NEW" => (states | state::NEW, kinds),
            "ESTABLISHED" => (states | state::ESTABLISHED, kinds),
            "RELATED" => (states | state::RELATED, kinds),
            "UNTRACKED" => (states | state::UNTRACKED, kinds),
            "SNAT" => (states, kinds | status::SNAT),
            "DNAT" => (states, kinds | status::DNAT),
            _ => return None,
        })
    })
}

/// xt_conntrack.c conntrack_mt: of a packet without a connection only the state is asked, and nothing else matches it alone.
pub(super) fn conntrack(context: &Context, module: &Module) -> Option<Vec<Test>> {
    let (by_state, others): (Vec<_>, Vec<_>) = module.options.iter().partition(|option| option.name == "--ctstate");
    let mut tests: Vec<Test> = Vec::new();
    for option in &by_state {
        tests.extend(ctstate(option)?);
    }
    let connected: Vec<Test> = others.iter().map(|option| of_connection(context, option)).collect::<Option<_>>()?;
    if connected.is_empty() {
        return Some(tests);
    }
    if by_state.is_empty() {
        tests.push(bit(Field::State, WITHOUT, true));
        tests.extend(connected);
    } else {
        tests.push(Test::Any(vec![vec![bit(Field::State, WITHOUT, false)], connected]));
    }
    Some(tests)
}

fn ctstate(option: &Opt) -> Option<Vec<Test>> {
    let (states, kinds) = states(option.value()?)?;
    Some(match (kinds, option.invert) {
        (0, invert) => vec![bit(Field::State, states, invert)],
        (_, false) => {
            Vec::from([Test::Any(vec![vec![bit(Field::State, states, false)], vec![bit(Field::Status, kinds, false)]])])
        }
        (_, true) => vec![
            bit(Field::State, states, true),
            Test::Any(vec![vec![bit(Field::State, WITHOUT, false)], vec![bit(Field::Status, kinds, true)]]),
        ],
    })
}

fn of_connection(context: &Context, option: &Opt) -> Option<Test> {
    let (value, invert) = (option.value()?, option.invert);
    let address = |field| in_network(field, value, context.family(), invert);
    let port = |field| Some(one(field, vec![span(value, ':', 65535)?], invert));
    match option.name {
        "--ctproto" => match (protocol(value)?, invert) {
            // Protocol 0 is no wildcard here, and no packet has it.
            (0, false) => Some(never()),
            (number, _) => Some(one(Field::Protocol, vec![(number, number)], invert)),
        },
        "--ctorigsrc" => address(Field::OriginalAddress(Side::Source)),
        "--ctorigdst" => address(Field::OriginalAddress(Side::Destination)),
        "--ctreplsrc" => address(Field::ReplyAddress(Side::Source)),
        "--ctrepldst" => address(Field::ReplyAddress(Side::Destination)),
        "--ctorigsrcport" => port(Field::OriginalPort(Side::Source)),
        "--ctorigdstport" => port(Field::OriginalPort(Side::Destination)),
        "--ctreplsrcport" => port(Field::ReplyPort(Side::Source)),
        "--ctrepldstport" => port(Field::ReplyPort(Side::Destination)),
        "--ctdir" => match value {
            "ORIGINAL" => Some(one(Field::Direction, vec![(0, 0)], invert)),
            "REPLY" => Some(one(Field::Direction, vec![(1, 1)], invert)),
            _ => None,
        },
        "--ctstatus" => Some(bit(Field::Status, statuses(value)?, invert)),
        _ => None,
    }
}

fn statuses(list: &str) -> Option<u128> {
    list.split(',').try_fold(0, |bits, name| {
        Some(
            bits | match name.to_ascii_uppercase().as_str() {
                "NONE" => 0,
                "EXPECTED" => status::EXPECTED,
                "SEEN_REPLY" => status::SEEN_REPLY,
                "ASSURED" => status::ASSURED,
                "CONFIRMED" => status::CONFIRMED,
                _ => return None,
            },
        )
    })
}
