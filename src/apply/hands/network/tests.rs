use super::*;

/// GET /networks/ID of engine 28.5.2, shortened.
fn told(subnet: &str, more: &[(&str, &str)]) -> Value {
    let mut options: BTreeMap<&str, &str> = GWBRIDGE_OPTIONS.into();
    options.extend(more.iter().copied());
    json!({
        "Name": "docker_gwbridge", "Id": "d87930667c82", "Created": "2026-11-21T15:34:05.769640554Z", "Scope": "local",
        "Driver": "bridge", "EnableIPv4": true, "EnableIPv6": false,
        "IPAM": {"Driver": "default", "Options": null, "Config": [{"Subnet": subnet, "Gateway": subnet.replace(".0/", ".1/").split('/').next()}]},
        "Internal": false, "Attachable": false, "Ingress": false, "ConfigFrom": {"Network": ""}, "ConfigOnly": false,
        "Containers": {"ingress-sbox": {"Name": "gateway_ingress-sbox"}},
        "Options": options, "Labels": {}
    })
}

fn wanted(subnet: &str) -> Network {
    gateway::made(subnet.parse().expect("a subnet"))
}

#[test]
fn a_network_is_known_by_what_it_is_and_not_by_its_id() {
    assert!(is_same(&told("10.11.0.0/24", &[]), &wanted("10.11.0.0/24")));
    assert!(!is_same(&told("10.11.0.0/24", &[]), &wanted("10.12.0.0/24")));
    let with_mtu = told("10.11.0.0/24", &[("com.docker.network.driver.mtu", "1400")]);
    assert!(!is_same(&with_mtu, &wanted("10.11.0.0/24")));
    // What is no fact does not tell them apart.
    assert!(is_same(&told("10.11.0.0/24", &[("com.example.note", "mine")]), &wanted("10.11.0.0/24")));
}

#[test]
fn what_the_engine_makes_by_itself_is_nobodys_choice() {
    assert!(is_the_engines(&told("172.18.0.0/16", &[])));
    assert!(!is_the_engines(&told("172.18.0.0/16", &[("com.docker.network.driver.mtu", "1400")])));
    let mut labelled = told("172.18.0.0/16", &[]);
    labelled["Labels"] = json!({"owner": "me"});
    assert!(!is_the_engines(&labelled));
}

#[test]
fn a_network_that_is_made_again_is_asked_for_whole() {
    let mut was = told("10.11.0.0/24", &[("com.example.note", "mine")]);
    was["Labels"] = json!({"owner": "me"});
    was["IPAM"]["Config"][0]["AuxiliaryAddresses"] = json!({"router": "10.11.0.2"});
    was["IPAM"]["Config"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"Subnet": "fd00:1::/64", "Gateway": "fd00:1::1/64"}));
    let wanted = wanted_again(&was);
    assert_eq!(wanted["Options"]["com.example.note"], "mine");
    assert_eq!(wanted["Labels"], json!({"owner": "me"}));
    assert_eq!(wanted["IPAM"]["Config"][0]["AuxiliaryAddresses"]["router"], "10.11.0.2");
    assert_eq!(wanted["IPAM"]["Config"][1]["Gateway"], "fd00:1::1");
    assert_eq!(wanted["CheckDuplicate"], true);
    for left_out in ["Id", "Created", "Containers", "ConfigFrom", "Ingress"] {
        assert_eq!(wanted.get(left_out), None, "{left_out}");
    }
}

#[test]
fn a_network_of_facts_is_asked_for_with_its_options_and_all_labels() {
    let mut network = wanted("10.11.0.0/24");
    network.labels.insert("owner".to_owned(), "me".to_owned());
    network.labels.insert("token".to_owned(), gateway::MASKED.to_owned());
    let wanted = wanted_by(&network, &json!({"Labels": {"token": "0123", "owner": "me"}}));
    assert_eq!(wanted["IPAM"]["Config"], json!([{"Subnet": "10.11.0.0/24", "Gateway": "10.11.0.1"}]));
    assert_eq!(wanted["Options"]["com.docker.network.bridge.enable_icc"], "false");
    assert_eq!(wanted["Labels"], json!({"token": "0123", "owner": "me"}));
    assert_eq!(wanted_by(&network, &Value::Null)["Labels"], json!({"owner": "me"}));
}

#[test]
fn what_facts_do_not_hold_comes_along() {
    let mut was =
        told("10.11.0.0/24", &[("com.example.note", "mine"), ("com.docker.network.bridge.enable_icc", "true")]);
    was["IPAM"]["Config"][0]["AuxiliaryAddresses"] = json!({"router": "10.11.0.2"});
    let same = wanted_by(&wanted("10.11.0.0/24"), &was);
    assert_eq!(same["Options"]["com.example.note"], "mine");
    assert_eq!(same["Options"]["com.docker.network.bridge.enable_icc"], "false", "what is put right stays so");
    assert_eq!(same["IPAM"]["Config"][0]["AuxiliaryAddresses"]["router"], "10.11.0.2");
    let elsewhere = wanted_by(&wanted("10.12.0.0/24"), &was);
    assert_eq!(elsewhere["Options"]["com.example.note"], "mine");
    assert_eq!(elsewhere["IPAM"]["Config"][0].get("AuxiliaryAddresses"), None);
    was["Driver"] = "macvlan".into();
    assert_eq!(wanted_by(&wanted("10.11.0.0/24"), &was)["Options"].get("com.example.note"), None);
}
