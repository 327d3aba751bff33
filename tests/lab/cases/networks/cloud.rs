use super::{addresses, behind_gateway, carry_out, container_reaches, healthy, host_reaches, only, says};
use crate::harness::Cases;

const CHECK: &str = "network-overlaps-cloud";
const TOPIC: &str = "networks::network-overlaps-cloud";
const INSTANCE_DATA: &str = "/run/cloud-init/instance-data.json";

pub fn add(cases: &mut Cases) {
    cases.in_turn(TOPIC, "a VPC that only its metadata shows", |lab, engine| {
        let (_fabric, host) = behind_gateway(lab, engine, &["172.17.40.7/32"]);
        let host = host.boot();
        let aliyun = |range: &str| {
            format!(
                r#"{{"ds": {{"meta_data": {{"network": {{"interfaces": {{"macs": {{"00:16:3e:00:00:01": {{"vpc-cidr-block": "{range}",
                "vswitch-cidr-block": "10.0.0.0/24"}}}}}}}}}}}}, "v1": {{"cloud_name": "aliyun"}}}}"#
            )
        };
        let ec2 = r#"{"ds": {"meta_data": {"network": {"interfaces": {"macs": {"0a:00:00:00:00:01":
            {"vpc-ipv4-cidr-blocks": "10.0.0.0/16\n172.17.0.0/16"}}}}}}, "v1": {"cloud_name": "aws"}}"#;
        host.write(INSTANCE_DATA, &aliyun("172.16.0.0/12"));
        assert!(host_reaches(&host, "172.17.40.7"), "another machine of the VPC, by the default route");
        host.docker();
        assert_eq!(addresses(&host, "docker0"), "172.17.0.1/16");
        host.container("web", "");
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "network:bridge");
        says(finding, "overlaps 172.16.0.0/12, the range that aliyun's metadata calls vpc-cidr-block");
        assert!(!host_reaches(&host, "172.17.40.7") && !container_reaches(&host, "web", "172.17.40.7"));
        host.write(INSTANCE_DATA, ec2);
        let report = host.diagnose();
        says(only(&report, CHECK, "warning", "network:bridge"), "overlaps 172.17.0.0/16, the range that aws's metadata calls vpc-ipv4-cidr-blocks");
        // The nearest healthy one: its VPC is elsewhere; and the user knows better.
        host.write(INSTANCE_DATA, &aliyun("10.0.0.0/8"));
        assert_eq!(healthy(&host).status(CHECK), "pass");
        let report = host.diagnose_with(&["--avoid", "172.17.32.0/20"]);
        says(only(&report, CHECK, "warning", "network:bridge"), "overlaps 172.17.32.0/20, which --avoid names");
        carry_out(&host, finding, "bip");
        host.container("two", "");
        assert!(host_reaches(&host, "172.17.40.7") && container_reaches(&host, "two", "172.17.40.7"));
        host.write(INSTANCE_DATA, &aliyun("172.16.0.0/12"));
        let report = host.diagnose();
        let finding = only(&report, CHECK, "warning", "172.17.0.0/16");
        says(finding, "the next `docker network create` would get 172.17.0.0/16, which overlaps 172.16.0.0/12");
        carry_out(&host, finding, "default-address-pools");
        host.ok("docker network create next");
        healthy(&host);
    });
}
