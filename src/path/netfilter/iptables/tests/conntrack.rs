use super::hold;

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);
const FIRST: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0";
const LATER: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0 state=established";
const REPLY: &str = "tcp 172.17.0.2:80 > 10.0.0.9:40000 in=docker0 out=eth0 flags=18 reply";
const MAPPED: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0 was=10.0.0.5:8080";
const UNTRACKED: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0 state=untracked";
const INVALID: &str = "tcp 10.0.0.9:40000 > 172.17.0.2:80 in=eth0 out=docker0 state=invalid flags=16";

#[test]
fn states() {
    hold(&[
        ("-m conntrack --ctstate NEW", FIRST, YES),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", FIRST, NO),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", LATER, YES),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", REPLY, YES),
        ("-m conntrack ! --ctstate RELATED,ESTABLISHED", FIRST, YES),
        ("-m state --state NEW", FIRST, YES),
        ("-m state ! --state NEW", FIRST, NO),
        ("-m state --state RELATED,ESTABLISHED", REPLY, YES),
        ("-m conntrack --ctstate INVALID", FIRST, NO),
        ("-m conntrack --ctstate INVALID", INVALID, YES),
        ("-m conntrack --ctstate UNTRACKED", UNTRACKED, YES),
        ("-m state --state INVALID,UNTRACKED", UNTRACKED, YES),
        ("-m conntrack --ctstate NEW", UNTRACKED, NO),
    ]);
}

#[test]
fn mapped_connections() {
    hold(&[
        ("-m conntrack --ctstate DNAT", MAPPED, YES),
        ("-m conntrack --ctstate DNAT", FIRST, NO),
        ("-m conntrack ! --ctstate DNAT", FIRST, YES),
        ("-m conntrack ! --ctstate DNAT", MAPPED, NO),
        ("-m conntrack ! --ctstate DNAT", UNTRACKED, YES),
        ("-m conntrack --ctstate SNAT", MAPPED, NO),
        ("-m conntrack --ctstate RELATED,DNAT", MAPPED, YES),
        ("-m conntrack --ctstate NEW,DNAT", FIRST, YES),
        ("-m conntrack --ctorigdst 10.0.0.5 --ctorigdstport 8080", MAPPED, YES),
        ("-m conntrack --ctorigdst 10.0.0.5/32 --ctorigdstport 80", MAPPED, NO),
        ("-m conntrack ! --ctorigdst 10.0.0.5", MAPPED, NO),
        ("-m conntrack --ctorigsrc 10.0.0.0/24 --ctreplsrc 172.17.0.2", MAPPED, YES),
        ("-m conntrack --ctrepldst 10.0.0.9 --ctrepldstport 40000", MAPPED, YES),
        ("-m conntrack --ctproto 6", MAPPED, YES),
        ("-m conntrack ! --ctproto 17", MAPPED, YES),
    ]);
}

#[test]
fn directions_and_packets_without_a_connection() {
    hold(&[
        ("-m conntrack --ctdir ORIGINAL", FIRST, YES),
        ("-m conntrack --ctdir REPLY", REPLY, YES),
        ("-m conntrack --ctdir REPLY", FIRST, NO),
        ("-m conntrack --ctdir ORIGINAL", UNTRACKED, NO),
        ("-m conntrack ! --ctorigdst 1.1.1.1", UNTRACKED, NO),
        // Without a connection only the state is asked.
        ("-m conntrack --ctstate UNTRACKED --ctorigdst 1.1.1.1", UNTRACKED, YES),
        ("-m conntrack --ctstate NEW --ctorigdst 172.17.0.2", FIRST, YES),
        ("-m conntrack --ctstate NEW --ctorigdst 172.17.0.3", FIRST, NO),
        ("-m conntrack --ctexpire 5:10", FIRST, None),
        ("-m conntrack --ctstate GIBBERISH", FIRST, None),
    ]);
}
