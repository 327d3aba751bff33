//! `"bip": "10.1.0.0/24"`, as an article has it: the engine fails, and one value in daemon.json mends it.

use super::{FILE, SOON, TOPIC, behind_a_gateway, commits, is_undone, journals, outcome, rests, rolls_back};
use crate::harness::{Cases, Engine, Fabric, Host, HostBuilder, Lab};

const CHECK: &str = "bip-not-a-host-address";
const WRONG: &str = "10.1.0.0/24";
const RIGHT: &str = "10.1.0.1/24";
const DROP_IN: &str = "/etc/systemd/system/docker.service.d/lab.conf";

/// daemon.json as people leave it: odd order and blanks, tabs and CRLF, no final newline.
fn layout(engine: Engine) -> &'static str {
    match engine {
        Engine::V20 => {
            "{ \"registry-mirrors\": [\"https://mirror.invalid\"],\n\n      \"bip\" :\"10.1.0.0/24\",\"debug\":false\n}"
        }
        Engine::V26 => "{\r\n\t\"log-level\": \"warn\",\r\n\t\"bip\":\t\"10.1.0.0/24\"\r\n}\r\n",
        Engine::V28 => "{\"bip\": \"10.1.0.0/24\", \"live-restore\": false,\n\"labels\": [\"a=\\u00e9\"]}\n\n",
    }
}

/// A host whose engine has given up on that bip. `drop_in`: more for its unit.
pub(super) fn broken(lab: &Lab, host: HostBuilder, drop_in: &str) -> (Fabric, Host) {
    let (fabric, host) = behind_a_gateway(lab, host);
    host.write(FILE, layout(host.engine()));
    host.ok(&format!("chown root:docker {FILE} && chmod 640 {FILE}"));
    if !drop_in.is_empty() {
        host.write(DROP_IN, &format!("[Service]\n{drop_in}\n"));
        host.ok("systemctl daemon-reload");
    }
    fails(&host);
    (fabric, host)
}

#[track_caller]
fn fails(host: &Host) {
    host.start_docker().expect_err("10.1.0.0 is no host address");
    host.await_unit("docker.service", "failed");
}

#[track_caller]
fn is_mended(host: &Host) {
    assert_eq!(host.unit_state("docker.service"), "active");
    assert!(host.ok("ip -4 -br addr show dev docker0").contains(RIGHT));
    assert_eq!(host.read(FILE), layout(host.engine()).replace(WRONG, RIGHT), "nothing else in the file changed");
    assert_eq!(host.ok(&format!("stat -c '%a %U:%G' {FILE}")).trim(), "640 root:docker");
}

pub fn add(cases: &mut Cases) {
    cases.each_engine(TOPIC, "bip is put right, and taken back", |lab, engine| {
        let (_fabric, host) = broken(lab, lab.host(engine), "");
        let before = host.photo();
        let report = host.diagnose();
        let plan = &report.json["plans"];
        assert!(report.finding(CHECK)["remedies"][0]["proved"] == true && report.exit == 1, "{report}");
        assert!(plan.is_array(), "{report}");
        before.same(&host.photo(), "looking changes nothing");
        let report = commits(&host, &["diagnose"]);
        assert!(report.findings_above_info().is_empty(), "{report}");
        is_mended(&host);
        assert_eq!(journals(&host), 1);
        let again = host.told(&["diagnose", "--apply", "--yes"]);
        assert_eq!((again.exit, outcome(&again), journals(&host)), (0, "nothing applied", 1), "{again}");
        host.image();
        host.ok("docker run --rm bb:1 ping -c 1 -W 2 10.0.0.1");
        rolls_back(&host);
        before.same(&host.photo(), "rolled back");
        // And once more, with a journal of its own: from the rollback on the engine was stopped, and had not failed.
        fails(&host);
        commits(&host, &["diagnose"]);
        is_mended(&host);
    });
    cases.add("apply::26.1::two at once: the second is refused", |lab| {
        let (_fabric, host) = broken(lab, lab.host(Engine::V26), "ExecStartPre=/bin/sleep 4");
        let first = host.start("dnetctl -o json diagnose --apply --yes");
        host.eventually(SOON, "test $(systemctl is-active docker.service) = activating");
        let second = host.told(&["diagnose", "--apply", "--yes"]);
        assert_eq!((second.exit, outcome(&second)), (2, "nothing applied"), "{second}");
        assert_eq!(second.json["error"]["kind"], "refused", "{second}");
        let rollback = host.dnetctl(&["rollback", "--yes"]);
        assert_eq!(rollback.status, 2, "{rollback}");
        let first = first.wait_with_output().expect("our child");
        assert_eq!(first.status.code(), Some(0), "{first:?}");
        is_mended(&host);
        rests(&host);
    });
    cases.add("apply::28.5::Ctrl-C while the engine starts", |lab| {
        let (_fabric, host) = broken(lab, lab.host(Engine::V28), "ExecStartPre=/bin/sleep 4");
        let before = host.photo();
        let run = host.start("exec dnetctl -o json diagnose --apply --yes");
        host.eventually(SOON, "test $(systemctl is-active docker.service) = activating");
        assert!(host.read(FILE).contains(RIGHT));
        host.ok("kill -INT $(pgrep -xf 'dnetctl -o json diagnose --apply --yes')");
        is_undone(run.wait_with_output().expect("our child").into());
        rests(&host);
        before.same(&host.photo(), "interrupted");
    });
    cases.add("apply::20.10::the terminal is lost while the engine starts", |lab| {
        let (_fabric, host) = broken(lab, lab.host(Engine::V20), "ExecStartPre=/bin/sleep 4");
        // A session leader with a terminal of its own, whose end hangs up on all that runs there.
        let run = host.start("exec script -qec 'dnetctl diagnose --apply --yes' /dev/null");
        host.eventually(SOON, "test $(systemctl is-active docker.service) = activating");
        host.ok("kill -KILL $(pgrep -x script)");
        drop(run.wait_with_output());
        host.eventually(SOON, "test $(systemctl is-active docker.service) = active");
        host.eventually(
            SOON,
            "grep -q committed /var/lib/dnetctl/journals/*.jsonl && ! ls /etc/systemd/system/dnetctl-recover.service",
        );
        is_mended(&host);
        rests(&host);
    });
    cases.in_turn(TOPIC, "an engine that does not come back", |lab, engine| {
        let (_fabric, host) =
            broken(lab, lab.host(engine), "ExecStartPre=/bin/sh -c '! grep -q 10.1.0.1 /etc/docker/daemon.json'");
        let before = host.photo();
        is_undone(host.dnetctl(&["-o", "json", "diagnose", "--apply", "--yes"]));
        rests(&host);
        before.same(&host.photo(), "undone");
    });
    cases.add("apply::26.1::what somebody else wrote since survives", |lab| {
        let (_fabric, host) = broken(lab, lab.host(Engine::V26), "");
        commits(&host, &["diagnose"]);
        host.ok(&format!("sed -i 's/\"warn\"/\"info\"/; s/{{/{{\\r\\n\\t\"debug\": false,/' {FILE}"));
        let theirs = host.read(FILE);
        assert!(theirs.contains("debug") && theirs.contains("info") && theirs.contains(RIGHT), "{theirs}");
        rolls_back(&host);
        assert_eq!(host.read(FILE), theirs.replace(RIGHT, WRONG));
        assert_ne!(host.unit_state("docker.service"), "active");
    });
}
