//! daemon.json that does not parse.

use super::{FILE, Fault, accepted, in_order, mended, refused, starts};
use crate::harness::{Cases, Engine};

/// The file, what every engine says of it, and the place and words of dnetctl.
const SYNTAX: &[(&str, &str, &[&str])] = &[
    (
        "{\"mtu\": 1400,}",
        "invalid character '}' looking for beginning of object key string",
        &[":1:13: a trailing comma"],
    ),
    (
        "{\n  \"dns\": [\"10.0.0.1\",]\n}\n",
        "invalid character ']' looking for beginning of value",
        &[":2:21: a trailing comma", "does not start"],
    ),
    (
        "{\n  \"mtu\": 1400\n  \"ipv6\": false\n}\n",
        "invalid character '\"' after object key:value pair",
        &[":2:14: a comma is missing"],
    ),
    (
        "{ // net\n\"mtu\": 1400}",
        "invalid character '/' looking for beginning of object key string",
        &[":1:3: JSON has no comments"],
    ),
    ("{'mtu': 1400}", "invalid character '\\'' looking for beginning of object key string", &[":1:2: single quotes"]),
    ("{\"mtu\": 1400", "unexpected", &["the `{` of line 1 is not closed"]),
];

/// The engine's type error, and what was expected.
const TYPES: &[(&str, &str, &str, &[&str])] = &[
    ("{\"mtu\": \"1400\"}", "mtu of type int", "mtu", &[":1:9: `mtu` is the string \"1400\"; expected a whole number"]),
    ("{\"bip\": 10}", "bip of type string", "bip", &["`bip` is the number 10; expected a string in double quotes"]),
    ("{\"ipv6\": \"false\"}", "of type bool", "ipv6", &["`ipv6` is the string \"false\"; expected true or false"]),
    ("{\"dns\": \"10.0.0.1\"}", "of type []", "dns", &["`dns` is the string \"10.0.0.1\"; expected a list"]),
    (
        "{\"default-gateway\": \"10.0.0\"}",
        "invalid IP address: 10.0.0",
        "default-gateway",
        &["`default-gateway` is the string \"10.0.0\"; expected one IP address"],
    ),
];

pub fn add(cases: &mut Cases) {
    cases.in_turn("config", "a daemon.json that is no JSON yields one finding", |lab, engine| {
        let host = lab.host(engine).boot();
        for (json, engine_says, says) in SYNTAX {
            let report = refused(&host, json, engine_says, &whole(says));
            // Nothing that stands in the file is judged, and nothing of it passes.
            for check in ["daemon-json-unknown-key", "flag-and-file-conflict", "bip-unusable", "fixed-cidr-outside-bip"]
            {
                assert_eq!(report.status(check), "skipped", "{json}: {report}");
            }
        }
        accepted(&host, "{\"mtu\": 1400}");
    });
    cases.in_turn("config", "a value of the wrong type", |lab, engine| {
        let host = lab.host(engine).boot();
        for (json, engine_says, key, says) in TYPES {
            let subject = format!("{FILE}#/{key}");
            refused(&host, json, engine_says, &Fault { check: "daemon-json-invalid", subject: &subject, says });
        }
        accepted(
            &host,
            "{\"mtu\": 1400, \"ipv6\": false, \"dns\": [\"10.0.0.1\"], \"default-gateway\": \"172.17.0.254\"}",
        );
    });
    cases.add("config::20.10::the stream decoder takes one object without a mark", |lab| {
        let host = lab.host(Engine::V20).boot();
        let mark = "invalid character 'ï' looking for beginning of value";
        let report = refused(
            &host,
            "\u{feff}{\"mtu\": 1400}",
            mark,
            &whole(&["byte order mark of UTF-8", "20.10.24 does not take"]),
        );
        mended(&host, &report, "daemon-json-invalid", "without the mark");
        let report = refused(&host, "", ": EOF", &whole(&["holds nothing", "wants at least {}"]));
        mended(&host, &report, "daemon-json-invalid", "write {}");
        // What follows the object is not read: told, for it will be an error with the next engine, but nothing is wrong.
        accepted(&host, "{\"mtu\": 1400}\n}");
        let info = host.diagnose();
        let message = info.finding("daemon-json-invalid")["message"].as_str().expect("a message");
        assert!(message.contains("from line 2 on is not read by this engine, and is an error for 23.0"), "{message}");
    });
    cases.engines([Engine::V26, Engine::V28], "config", "the whole file counts since 23.0", |lab, engine| {
        let host = lab.host(engine).boot();
        let fault = whole(&[":2:1: one `}` too many"]);
        refused(&host, "{\"mtu\": 1400}\n}", "invalid character '}' after top-level value", &fault);
        for json in ["\u{feff}{\"mtu\": 1400}", ""] {
            accepted(&host, json);
        }
    });
    cases.in_turn("config", "a file that --config-file names has to be there", |lab, engine| {
        let options = "DOCKER_OPTS=--config-file=/etc/docker/own.json\n";
        let host = lab.host(engine).file("/etc/default/docker", options).boot();
        let fault = Fault { check: "daemon-json-invalid", subject: "/etc/docker/own.json", says: &["does not exist"] };
        host.ok("mkdir -p /etc/docker");
        let report = super::fails(&host, "no file", "open /etc/docker/own.json: no such file or directory", &fault);
        mended(&host, &report, "daemon-json-invalid", "write the file");
        host.ok("rm /etc/docker/own.json /etc/default/docker");
        starts(&host, "no file at the usual place");
        in_order(&host);
    });
}

fn whole<'a>(says: &'a [&'a str]) -> Fault<'a> {
    Fault { check: "daemon-json-invalid", subject: FILE, says }
}
