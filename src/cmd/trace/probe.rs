//! `--probe`: the same packet, sent, and whether what comes back fits the answer.

use std::net::IpAddr;

use super::end::End;
use super::flow::Begun;
use super::place::Place;
use super::world::World;
use crate::cmd::options::apart;
use crate::engine::{Whereabouts, whereabouts};
use crate::exit::Refusal;
use crate::host::{Privilege, ipproto};
use crate::path::trace::{Trace, Verdict, Way};
use crate::probe::api::container_process;
use crate::probe::packet::{Kind, Packet, Reply, send};
use crate::report::trace::{Outcome, Probed};
use crate::text::{Text, text};

/// Whether a packet may be sent at all; asked before anything is looked at.
///
/// # Errors
/// It is not this host that is traced.
pub fn allowed(given: &crate::cli::Trace) -> Result<(), Refusal> {
    if !given.probe {
        return Ok(());
    }
    if !given.from.is_empty() {
        return Err(apart("--probe", "--from"));
    }
    if given.uid.is_some() {
        return Err(apart("--probe", "--uid"));
    }
    Ok(())
}

/// # Errors
/// An end from which nothing can be sent here, no right to, or the attempt itself failed.
pub fn probe(world: &World, from: &End, start: &Place, begun: &Begun, trace: &Trace) -> Result<Probed, Refusal> {
    let fault = |message| Refusal::usage("--probe", message);
    if world.host(0).profile.privilege != Privilege::Root {
        return Err(fault(text!(
            "--probe needs root: it opens raw sockets and enters the container's network namespace",
            "--probe 需要 root：要打开原始套接字，并进入容器的网络命名空间"
        )));
    }
    let namespace_of = match start {
        Place::Container { host, container, .. } => {
            if let Whereabouts::Elsewhere(Text { en, zh }) | Whereabouts::Unknown(Text { en, zh }) =
                whereabouts(world.host(*host))
            {
                return Err(fault(text!(
                    "the container's network namespace is not sure to be on this host: {en}",
                    "不能确定容器的网络命名空间在本机：{zh}"
                )));
            }
            let api = world.host(*host).engine.api.ok();
            let (endpoint, version) = api.map_or(("", ""), |api| (&api.endpoint, &api.version.spoken));
            Some(container_process(endpoint, version, &container.id).map_err(fault)?)
        }
        Place::Host { .. } => None,
        _ => {
            return Err(fault(text!(
                "--probe sends from this host or from a container on it, and {said} is neither",
                "--probe 只能从本机或本机的容器发送，而 {said} 两者都不是",
                said = from.said
            )));
        }
    };
    let packet =
        Packet { kind: kind(begun)?, destination: begun.flow.destination, source: source(start), namespace_of };
    let reply = send(&packet).map_err(fault)?;
    Ok(Probed { outcome: outcome(&reply), agrees: agrees(trace, &reply, |by| world.owns(0, by)), says: says(&reply) })
}

/// One that was written; else whoever sends chooses.
fn source(start: &Place) -> Option<IpAddr> {
    match start {
        Place::Container { address, .. } | Place::Host { address, .. } => *address,
        _ => None,
    }
}

fn kind(begun: &Begun) -> Result<Kind, Refusal> {
    let flow = &begun.flow;
    let source_port = flow.source_port;
    match (flow.protocol, flow.destination_port) {
        (ipproto::TCP, Some(port)) => Ok(Kind::Tcp { port, source_port }),
        (ipproto::UDP, Some(port)) => Ok(Kind::Udp { port, source_port }),
        (ipproto::ICMP | ipproto::ICMPV6, _) => Ok(Kind::Echo),
        _ => Err(Refusal::usage(
            "--probe",
            text!("--probe sends TCP, UDP and ICMP only", "--probe 只能发送 TCP、UDP 和 ICMP"),
        )),
    }
}

fn outcome(reply: &Reply) -> Outcome {
    match reply {
        Reply::Answered => Outcome::Answered,
        Reply::Refused => Outcome::Refused,
        Reply::Rejected { .. } | Reply::Unsent(_) => Outcome::Rejected,
        Reply::Silent => Outcome::Silent,
    }
}

/// Whether reality bears the answer out; none where it fits both ways.
fn agrees(trace: &Trace, reply: &Reply, is_own: impl Fn(IpAddr) -> bool) -> Option<bool> {
    let came_back = matches!(reply, Reply::Answered | Reply::Refused);
    let of_reply = trace.end.as_ref().is_some_and(|end| end.way == Way::Reply);
    match trace.verdict {
        Verdict::Undetermined => None,
        Verdict::Delivered | Verdict::Forwarded if came_back => Some(true),
        // A service need not answer a datagram; behind the last host anybody may swallow or refuse it.
        Verdict::Delivered => match reply {
            Reply::Silent if trace.arrives.as_ref().is_some_and(|arrival| arrival.packet.protocol == ipproto::UDP) => {
                None
            }
            Reply::Rejected { kind, code, .. } if is_no_neighbour(*kind, *code) => None,
            _ => Some(false),
        },
        Verdict::Forwarded => match reply {
            Reply::Rejected { by, kind, code } if is_own(*by) && !is_no_neighbour(*kind, *code) => Some(false),
            Reply::Unsent(_) => Some(false),
            _ => None,
        },
        Verdict::Dropped => Some(*reply == Reply::Silent),
        // Whoever refuses the answer tells the one who answers.
        Verdict::Rejected | Verdict::Unroutable if of_reply => Some(*reply == Reply::Silent),
        // RST is one way to reject; and some drops are silent to the sender.
        Verdict::Rejected => Some(matches!(reply, Reply::Rejected { .. } | Reply::Unsent(_) | Reply::Refused)),
        Verdict::Unroutable => Some(!came_back),
    }
}

/// Host unreachable of either family: the address is on-link, and nobody has it.
fn is_no_neighbour(kind: u8, code: u8) -> bool {
    (kind, code) == (3, 1) || (kind, code) == (1, 3)
}

fn says(reply: &Reply) -> Text {
    match reply {
        Reply::Answered => text!("it was answered", "收到了应答"),
        Reply::Refused => text!("it arrived, and nobody listens there", "已到达，但该端口没有进程监听"),
        Reply::Rejected { by, kind, code } => {
            let Text { en, zh } = icmp(*kind, *code, by.is_ipv4());
            text!("{by} answered with ICMP {en}", "{by} 返回了 ICMP {zh}")
        }
        Reply::Unsent(why) => text!("the kernel did not send it: {why}", "内核没有发出该数据包：{why}"),
        Reply::Silent => text!("nothing came back within two seconds", "两秒内没有任何返回"),
    }
}

/// The names of RFC 792, RFC 1812 and RFC 4443.
fn icmp(kind: u8, code: u8, v4: bool) -> Text {
    match (v4, kind, code) {
        (true, 3, 0) | (false, 1, 0) => text!("network unreachable", "网络不可达（network unreachable）"),
        (true, 3, 1) | (false, 1, 3) => text!("host unreachable", "主机不可达（host unreachable）"),
        (true, 3, 2) => text!("protocol unreachable", "协议不可达（protocol unreachable）"),
        (true, 3, 3) | (false, 1, 4) => text!("port unreachable", "端口不可达（port unreachable）"),
        (true, 3, 4) | (false, 2, _) => text!("packet too big", "数据包过大（packet too big）"),
        (true, 3, 9 | 10 | 13) | (false, 1, 1) => {
            text!("administratively prohibited", "被管理策略禁止（administratively prohibited）")
        }
        (true, 11, _) | (false, 3, _) => text!("time exceeded", "TTL 超时（time exceeded）"),
        _ => text!("type {kind} code {code}", "类型 {kind} 代码 {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::trace::End as Ended;

    fn trace(verdict: Verdict, way: Option<Way>) -> Trace {
        let end = way.map(|way| Ended { way, hop: 0, says: Text::verbatim(""), by: None });
        Trace { verdict, hops: Vec::new(), end, undecided: Vec::new(), arrives: None }
    }

    #[test]
    fn what_comes_back_bears_the_answer_out_or_not() {
        let own = IpAddr::from([10, 0, 0, 2]);
        let says = |by: [u8; 4], kind, code| Reply::Rejected { by: by.into(), kind, code };
        let (far, near) = (says([10, 0, 0, 9], 3, 13), says([10, 0, 0, 2], 3, 13));
        let nobody = says([10, 0, 0, 2], 3, 1);
        let cases: [(Verdict, Option<Way>, &Reply, Option<bool>); 17] = [
            (Verdict::Delivered, None, &Reply::Answered, Some(true)),
            (Verdict::Delivered, None, &Reply::Refused, Some(true)),
            (Verdict::Delivered, None, &Reply::Silent, Some(false)),
            (Verdict::Delivered, None, &near, Some(false)),
            (Verdict::Delivered, None, &nobody, None),
            (Verdict::Forwarded, None, &Reply::Answered, Some(true)),
            (Verdict::Forwarded, None, &Reply::Silent, None),
            (Verdict::Forwarded, None, &far, None),
            (Verdict::Forwarded, None, &near, Some(false)),
            (Verdict::Dropped, Some(Way::Request), &Reply::Silent, Some(true)),
            (Verdict::Dropped, Some(Way::Request), &Reply::Refused, Some(false)),
            (Verdict::Rejected, Some(Way::Request), &near, Some(true)),
            (Verdict::Rejected, Some(Way::Request), &Reply::Silent, Some(false)),
            (Verdict::Rejected, Some(Way::Reply), &Reply::Silent, Some(true)),
            (Verdict::Unroutable, Some(Way::Request), &Reply::Unsent(String::new()), Some(true)),
            (Verdict::Unroutable, Some(Way::Request), &Reply::Answered, Some(false)),
            (Verdict::Undetermined, None, &Reply::Answered, None),
        ];
        for (verdict, way, reply, expected) in cases {
            assert_eq!(agrees(&trace(verdict, way), reply, |by| by == own), expected, "{verdict:?} {way:?} {reply:?}");
        }
    }
}
