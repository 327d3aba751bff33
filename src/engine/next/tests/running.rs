//! The next networks of an engine that runs.

use super::*;

#[test]
fn a_running_engine_goes_on_from_what_it_has() {
    let both =
        || vec![network("bridge", "bridge", DOCKER0, true, 0), network("web", "bridge", "172.18.0.0/16", true, 10)];
    for version in ALL {
        let host = running(host(version), both(), vec![made(11, "web")]);
        assert_eq!(networks(&host), "172.19.0.0/16 172.20.0.0/16 172.21.0.0/16", "{version}");
        // A network of another engine's kind of driver takes its subnet too, an overlay does not.
        let more = [
            network("lan", "macvlan", "172.19.0.0/16", false, 20),
            network("ov", "overlay", "172.20.0.0/16", true, 20),
        ];
        let host = running(super::host(version), both().into_iter().chain(more).collect(), vec![]);
        assert_eq!(networks(&host), "172.20.0.0/16 172.21.0.0/16 172.22.0.0/16", "{version}");
    }
}

#[test]
fn a_round_robin_that_gave_and_took_back() {
    let bridge = || network("bridge", "bridge", DOCKER0, true, 0);
    for (version, sure) in [(V20, false), (V26, false), (V28, true)] {
        let host = running(host(version), vec![bridge()], vec![made(10, "x"), gone(11, "x")]);
        let next = of(&host);
        assert_eq!(next.certain, sure, "{version}");
        if !sure {
            let candidates: Vec<String> = next.candidates.iter().map(IpNet::to_string).collect();
            assert_eq!(candidates, ["172.18.0.0/16", "172.19.0.0/16"], "{version}");
        }
    }
    // One that stayed tells where it was when it came.
    let web = network("web", "bridge", "172.19.0.0/16", true, 20);
    let events = vec![made(10, "x"), gone(11, "x"), made(21, "web")];
    let host20 = running(host(V20), vec![bridge(), web], events.clone());
    assert_eq!(networks(&host20), "172.20.0.0/16 172.21.0.0/16 172.22.0.0/16");
    // Without a gateway an admin gave it.
    let web = network("web", "bridge", "172.19.0.0/16", false, 20);
    let host20 = running(host(V20), vec![bridge(), web], events);
    let next = of(&host20);
    assert!(!next.certain);
    assert_eq!(next.candidates.len(), 2, "{next:?}");
}

#[test]
fn a_round_robin_whose_past_is_not_known() {
    let bridge = network("bridge", "bridge", DOCKER0, true, 0);
    let mut host = running(host(V26), vec![bridge], vec![]);
    let Fact::Known { value: api, .. } = &mut host.engine.api else { panic!() };
    api.history = Fact::NotCollected;
    let next = of(&host);
    assert!(!next.certain);
    assert_eq!(next.candidates.len(), 30);
    assert_eq!(next.remaining, 30);
}
