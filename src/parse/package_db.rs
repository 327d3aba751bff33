//! What the package managers' own databases say about the engine's package.

use crate::host::Package;

/// Packages that bring dockerd, the ones that replace the others first: Docker's, Debian's and Ubuntu's, Microsoft's and
/// Fedora's, Alpine's, Arch's and Red Hat's, and those before 2017.
pub const ENGINE_PACKAGES: &[&str] =
    &["docker-ce", "docker.io", "moby-engine", "docker-engine", "docker", "lxc-docker", "lxc-docker-1.6.2"];

/// /var/lib/dpkg/status (deb-control(5), dpkg(1)): stanzas of `Field: value`; only what is fully installed counts.
pub fn dpkg(status: &str) -> Option<Package> {
    let field = |stanza: &str, name: &str| {
        stanza.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
    };
    let installed = status.split("\n\n").filter_map(|stanza| {
        let name = field(stanza, "Package")?;
        // Debian's package `docker` is a dock for window managers.
        let ours = name != "docker" && ENGINE_PACKAGES.contains(&name.as_str());
        let installed = field(stanza, "Status")?.ends_with(" installed");
        (ours && installed).then_some(())?;
        Some(Package { name, version: field(stanza, "Version")?, manager: "dpkg".to_owned() })
    });
    first_of_ours(installed)
}

/// /lib/apk/db/installed (apk-tools): stanzas with `P:` name and `V:` version.
pub fn apk(installed: &str) -> Option<Package> {
    let field =
        |stanza: &str, letter: &str| stanza.lines().find_map(|line| line.strip_prefix(letter).map(str::to_owned));
    let packages = installed.split("\n\n").filter_map(|stanza| {
        Some(Package { name: field(stanza, "P:")?, version: field(stanza, "V:")?, manager: "apk".to_owned() })
    });
    first_of_ours(packages.filter(|package| package.name == "docker-engine" || package.name == "docker"))
}

/// The names of the directories below /var/lib/pacman/local: `name-version-release`.
pub fn pacman(directories: &[String]) -> Option<Package> {
    first_of_ours(directories.iter().filter_map(|directory| {
        let (rest, release) = directory.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let version = format!("{version}-{release}");
        (name == "docker").then(|| Package { name: name.to_owned(), version, manager: "pacman".to_owned() })
    }))
}

/// meta/snap.yaml of the docker snap.
pub fn snap(yaml: &str) -> Option<Package> {
    let value = |name: &str| {
        yaml.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let package = Package { name: value("name")?, version: value("version")?, manager: "snap".to_owned() };
    (package.name == "docker").then_some(package)
}

/// Lines `name version`, as `rpm -q --qf '%{NAME} %{VERSION}-%{RELEASE}\n'` prints them; it says what is missing in a sentence.
pub fn rpm(answer: &str) -> Option<Package> {
    first_of_ours(answer.lines().filter_map(|line| {
        let (name, version) = line.split_once(' ')?;
        let version = (!version.contains(' ')).then(|| version.to_owned())?;
        Some(Package { name: name.to_owned(), version, manager: "rpm".to_owned() })
    }))
}

fn first_of_ours(packages: impl Iterator<Item = Package>) -> Option<Package> {
    let rank = |package: &Package| ENGINE_PACKAGES.iter().position(|name| *name == package.name);
    packages
        .filter_map(|package| Some((rank(&package)?, package)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, package)| package)
}

/// The engine's version in a package's: `5:24.0.7-1~debian.12~bookworm` → `24.0.7`, `20.10.24+dfsg1-1+b6` → `20.10.24`.
pub fn engine_version(package_version: &str) -> Option<String> {
    let without_epoch = package_version.split_once(':').map_or(package_version, |(_, rest)| rest);
    let end = without_epoch.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(without_epoch.len());
    let version = without_epoch[..end].trim_end_matches('.');
    version.contains('.').then(|| version.to_owned())
}

/// `Docker version 20.10.24+dfsg1, build 5d6db84` → `20.10.24`.
pub fn said_version(said: &str) -> Option<String> {
    engine_version(said.trim().strip_prefix("Docker version ")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(package: Option<Package>) -> String {
        package.map(|p| format!("{} {} {}", p.manager, p.name, p.version)).unwrap_or_default()
    }

    #[test]
    fn databases() {
        let stanza =
            |name: &str, status: &str| format!("Package: {name}\nStatus: {status}\nVersion: 20.10.24+dfsg1-1\n");
        let removed = stanza("docker-ce", "deinstall ok config-files");
        let status = [removed, stanza("docker", "install ok installed"), stanza("docker.io", "install ok installed")];
        assert_eq!(shown(dpkg(&status.join("\n"))), "dpkg docker.io 20.10.24+dfsg1-1");
        assert_eq!(shown(dpkg("")), "");
        assert_eq!(
            shown(apk("C:Q1\nP:musl\nV:1\n\nC:Q2\nP:docker-engine\nV:25.0.5-r1\n")),
            "apk docker-engine 25.0.5-r1"
        );
        let local = ["docker-buildx-0.12.1-1", "docker-1:24.0.5-1", "zlib-1.3-1"].map(str::to_owned);
        assert_eq!(shown(pacman(&local)), "pacman docker 1:24.0.5-1");
        assert_eq!(shown(snap("name: docker\nversion: '24.0.5'\nsummary: x\n")), "snap docker 24.0.5");
        assert_eq!(
            shown(rpm("package docker-ce is not installed\nmoby-engine 24.0.5-3.fc39\n")),
            "rpm moby-engine 24.0.5-3.fc39"
        );
    }

    #[test]
    fn versions() {
        for (package, engine) in [
            ("5:24.0.7-1~debian.12~bookworm", "24.0.7"),
            ("20.10.24+dfsg1-1+deb12u1+b6", "20.10.24"),
            ("18.06.1~ce~3-0~ubuntu", "18.06.1"),
            ("1.6.2~dfsg1-1~bpo8+1", "1.6.2"),
            ("24.0.9-ubuntu22.04u1", "24.0.9"),
            ("1.13.1-209.git7d71120.el7", "1.13.1"),
            ("25.0.5-r1", "25.0.5"),
        ] {
            assert_eq!(engine_version(package).as_deref(), Some(engine));
        }
        assert_eq!(engine_version("master-dev"), None);
        assert_eq!(said_version("Docker version 20.10.24+dfsg1, build 5d6db84\n").as_deref(), Some("20.10.24"));
    }
}
