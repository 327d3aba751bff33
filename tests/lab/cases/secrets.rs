//! A secret planted wherever a look passes is in nothing that dnetctl prints or keeps.

use std::collections::BTreeSet;
use std::time::Duration;

use super::looking::traced;
use crate::harness::{Cases, Host};

const PLANTED: &str = "PLANTED";

pub fn add(cases: &mut Cases) {
    cases.each_engine("secrets", "of files, flags, environments and labels stay where they are", |lab, engine| {
        let host = plant(lab.host(engine).extras()).boot();
        // At boot netplan would wait for the link.
        host.write(
            "/etc/netplan/90-w.yaml",
            "network:\n  wifis:\n    w0:\n      access-points:\n        x: {password: PLANTED-wifi}\n",
        );
        host.docker();
        host.ok("docker network create --label token=PLANTED-gwbridge -o com.docker.network.bridge.name=docker_gwbridge docker_gwbridge");
        host.ok("docker swarm init --advertise-addr 127.0.0.1 --autolock");
        host.ok("docker network create --label planted=PLANTED-network own");
        host.ok("echo PLANTED-secret | docker secret create s - && echo PLANTED-config | docker config create c -");
        host.ok(
            "docker service create -d --no-resolve-image --name web --secret s --config c -e PASSWORD=PLANTED-env --label token=PLANTED-label \
             --container-label token=PLANTED-label --endpoint-mode dnsrr bb:1 sh -c 'echo PLANTED-output; exit 1'",
        );
        host.ok("docker node update --label-add token=PLANTED-node $(docker node ls -q)");
        host.container("web", "--network own -p 8080:80 -e PASSWORD=PLANTED-env --label token=PLANTED-label");
        host.ok("docker exec web sh -c ': PLANTED-exec'");
        host.ok("iptables -A INPUT -s 10.99.0.0/16 -m comment --comment password=PLANTED-comment -j DROP");
        host.ok("mkdir -p /run/cloud-init && mv /root/instance-data.json /run/cloud-init/");
        host.eventually(Duration::from_secs(30), "docker service ps web --format '{{.Error}}' | grep -q 'non-zero exit'");
        let kept = [
            "docker swarm join-token -q worker",
            "docker swarm join-token -q manager",
            "docker swarm unlock-key -q",
            // A line of the node's key and one of the swarm's certificate.
            "grep -Em 1 '^[A-Za-z0-9+/]{40,}' /var/lib/docker/swarm/certificates/swarm-node.key",
            "grep -Em 1 '^[A-Za-z0-9+/]{40,}' /var/lib/docker/swarm/certificates/swarm-root-ca.crt",
        ];
        let mut kept: Vec<String> = kept.iter().map(|told| host.ok(told).trim().to_owned()).collect();
        assert!(kept.iter().all(|secret| secret.len() > 20), "{kept:?}");
        kept.extend([PLANTED.to_owned(), "BEGIN ".to_owned()]);
        let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
        nowhere(&host, &kept);
        // The same in a file that no longer parses, in a key that no engine knows, and in the log of the start that fails.
        for broken in [
            // The engine prints both sides of the conflict.
            "{\n  \"labels\": [\"token=PLANTED-conflict\"]\n}\n",
            "{\n  \"labels\": [\"token=PLANTED-list\"],\n  \"registry-auth\": \"PLANTED-value\" \"x\"\n}\n",
            "{\n  \"registry-auth\": \"PLANTED-value\",\n  \"labels\": [\"token=PLANTED-list\"]\n}\n",
            "{\n  \"labels\": {\"token\": \"PLANTED-type\"}\n}\n",
        ] {
            host.write("/etc/docker/daemon.json", broken);
            assert!(host.restart_docker().is_err(), "{broken}");
            nowhere(&host, &kept);
        }
    });
    cases.each_engine("secrets", "of every file that a traced run opens stay there", |lab, engine| {
        let host = plant(lab.host(engine).extras()).boot();
        host.docker();
        host.ok("mkdir -p /run/cloud-init && mv /root/instance-data.json /run/cloud-init/");
        let trace = traced(&host, &["/usr/local/bin/dnetctl", "diagnose", "-o", "json"]);
        let planted = opened(&trace)
            .into_iter()
            .filter(|file| {
                // JSON has a secret already; in the rest a comment takes nothing from what the file says.
                host.sh(&format!(
                    "grep -q PLANTED {file} || {{ test -f {file} && echo '# token=PLANTED-line' >> {file}; }}"
                ))
                .succeeded()
            })
            .count();
        assert!(planted >= 10, "only {planted} files took a secret:\n{:#?}", opened(&trace));
        nowhere(&host, &[PLANTED]);
    });
}

/// The files of people, not of programs, that a run read.
fn opened(trace: &str) -> BTreeSet<String> {
    let run = trace.lines().skip_while(|line| !line.contains("execve(\"/usr/local/bin/dnetctl\""));
    run.filter(|call| call.contains("open") && !call.contains("= -1") && !call.contains("O_DIRECTORY"))
        .filter_map(|call| call.split('"').nth(1))
        .filter(|path| {
            ["/etc/", "/run/", "/root/", "/var/lib/", "/usr/lib/systemd/", "/lib/systemd/"]
                .iter()
                .any(|tree| path.starts_with(tree))
        })
        // A cache of the loader, the journal, and namespaces are no text.
        .filter(|path| !path.contains("ld.so.cache") && !path.contains("/journal/") && !path.contains("/netns/"))
        .map(str::to_owned)
        .collect()
}

/// Secrets in every file that a look could open.
fn plant(host: crate::harness::HostBuilder) -> crate::harness::HostBuilder {
    host.file("/etc/docker/daemon.json", "{\"log-opts\": {\"labels\": \"PLANTED-json\"}}\n")
        .file(
            "/etc/systemd/system/docker.service.d/planted.conf",
            "[Service]\nEnvironment=HTTPS_PROXY=http://user:PLANTED-unit@10.0.0.1:3128 TOKEN=PLANTED-unit\n\
             EnvironmentFile=-/etc/docker/planted.env\n",
        )
        .file(
            "/etc/docker/planted.env",
            "REGISTRY_PASSWORD=PLANTED-envfile\nhttp_proxy=http://user:PLANTED-envfile@p:1\n",
        )
        .file(
            "/etc/default/docker",
            "export http_proxy=\"http://user:PLANTED-default@p:1\"\nDOCKER_OPTS=\"--label x=PLANTED-opts\"\n",
        )
        .file("/root/.docker/config.json", "{\"auths\": {\"r.example\": {\"auth\": \"PLANTED-auth\"}}}\n")
        .file("/etc/NetworkManager/system-connections/w.nmconnection", "[wifi-security]\npsk=PLANTED-psk\n")
        .file("/etc/rancher/k3s/config.yaml", "token: PLANTED-k3s\ncluster-cidr: 10.52.0.0/16\n")
        .file(
            "/etc/cni/net.d/10-own.conflist",
            "{\"name\": \"own\", \"plugins\": [{\"type\": \"calico\", \"etcd_key\": \"PLANTED-cni\", \"ipam\": {\"subnet\": \
             \"10.53.0.0/16\"}}]}\n",
        )
        .file(
            "/etc/containers/networks/own.json",
            "{\"name\": \"own\", \"subnets\": [{\"subnet\": \"10.54.0.0/24\"}], \"labels\": {\"token\": \"PLANTED-podman\"}}\n",
        )
        .file(
            "/etc/libvirt/qemu/networks/own.xml",
            "<network>\n<name>own</name>\n<metadata>PLANTED-libvirt</metadata>\n<ip address='10.55.0.1' prefix='24'/>\n</network>\n",
        )
        .file("/etc/wireguard/wg0.conf", "[Interface]\nPrivateKey = PLANTED-wireguard\n")
        .file(
            "/root/instance-data.json",
            "{\"v1\": {\"cloud_name\": \"aliyun\"}, \"ds\": {\"meta_data\": {\"vpc-cidr-block\": \"10.88.0.0/16\", \
             \"security-credentials\": \"PLANTED-cloud\", \"public-keys\": [\"PLANTED-cloud\"]}}, \
             \"merged_cfg\": {\"password\": \"PLANTED-cloud\"}}\n",
        )
}

#[track_caller]
fn nowhere(host: &Host, secrets: &[&str]) {
    for arguments in [
        &["snapshot"][..],
        &["diagnose", "-v", "--save", "/root/saved.json"],
        &["diagnose", "-v", "--lang", "zh"],
        &["diagnose", "-o", "json"],
        &["diagnose", "-o", "short"],
    ] {
        let output = host.dnetctl(arguments);
        let said = format!("{}{}", output.stdout, output.stderr);
        for secret in secrets {
            let place = said
                .find(secret)
                .map(|at| said[..at + secret.len() + 20.min(said.len() - at - secret.len())].lines().last());
            assert_eq!(place, None, "{arguments:?}");
        }
    }
    let saved = host.read("/root/saved.json");
    assert!(!secrets.iter().any(|secret| saved.contains(secret)));
}
