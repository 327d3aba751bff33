//! Files in which people put daemon flags: /etc/default/docker, /etc/sysconfig/docker*, /etc/conf.d/docker.

use crate::host::OptionsFile;

use super::daemon_flags;
use super::env_file::{self, Reader};

/// The variables that hold daemon flags, whatever their name: `DOCKER_OPTS` (Debian, OpenRC), `OPTIONS` and
/// `DOCKER_NETWORK_OPTIONS` (Red Hat), `other_args` (Red Hat's init script). Only values whose first word, a variable aside,
/// is a flag count; of one variable the last assignment.
pub fn read(path: &str, text: &str) -> OptionsFile {
    let mut variables: Vec<(String, Vec<_>)> = Vec::new();
    for variable in env_file::read(path, text, Reader::Shell) {
        variables.retain(|(name, _)| *name != variable.name);
        let words = variable.value.words(false);
        let first = words.iter().find(|word| !word.text.starts_with('$'));
        if first.is_some_and(|word| word.text.starts_with('-')) {
            variables.push((variable.name, daemon_flags::flags(&words)));
        }
    }
    OptionsFile { path: path.to_owned(), variables }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<String> {
        read("f", text)
            .variables
            .into_iter()
            .flat_map(|(name, flags)| {
                flags.into_iter().map(move |flag| {
                    let place = flag.place.map(|p| p.to_string()).unwrap_or_default();
                    format!("{name} {}={} {place}", flag.name, flag.value.unwrap_or_default())
                })
            })
            .collect()
    }

    #[test]
    fn only_flags_that_count_are_seen() {
        assert!(seen("#DOCKER_OPTS=\"--bip=1.2.3.4/24\"\nDAEMON_MAXFILES=1048576\nDOCKER_OPTS=\"\"\nA=b\n").is_empty());
        assert_eq!(seen("export DOCKER_OPTS='--bip 10.0.0.1/24' # c\n"), ["DOCKER_OPTS bip=10.0.0.1/24 f:1:21"]);
        assert_eq!(seen("DOCKER_OPTS=\"$DOCKER_OPTS --bip=10.0.0.1/24\"\n"), ["DOCKER_OPTS bip=10.0.0.1/24 f:1:27"]);
        assert_eq!(
            seen(
                "OPTIONS='--selinux-enabled --log-driver=journald --signature-verification=false'\n\
                 DOCKER_NETWORK_OPTIONS=\" --bip=10.0.0.1/24\"\nother_args=-b br0\n"
            ),
            [
                "OPTIONS selinux-enabled= f:1:10",
                "OPTIONS log-driver=journald f:1:28",
                "OPTIONS signature-verification=false f:1:50",
                "DOCKER_NETWORK_OPTIONS bip=10.0.0.1/24 f:2:26",
                "other_args bridge=br0 f:3:12",
            ]
        );
    }
}
