use std::fmt;

/// An engine version. Docker counted 1.0–1.13, then years (17.03–20.10), then 23 and up; all sort as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Version {
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Version { major, minor, patch }
    }

    /// Reads `20.10.24+dfsg1`, `17.06.0-ce`, `28.5`, `v29.1.0-rc.1`, `5:28.5.2-1~debian`; none for what names no version.
    pub fn parse(said: &str) -> Option<Self> {
        let said = said.trim();
        let said = said.split_once(':').map_or(said, |(_, behind_epoch)| behind_epoch);
        let said = said.strip_prefix("docker-").unwrap_or(said);
        let said = said.strip_prefix('v').unwrap_or(said);
        let mut numbers = said.splitn(3, '.').map(|part| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            part[..digits].parse::<u16>().ok()
        });
        let major = numbers.next()??;
        let minor = numbers.next()??;
        let patch = numbers.next().flatten().unwrap_or(0);
        Some(Version { major, minor, patch })
    }

    pub fn at_least(self, major: u16, minor: u16, patch: u16) -> bool {
        self >= Version::new(major, minor, patch)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.major >= 17 && self.major <= 20 {
            write!(f, "{}.{:02}.{}", self.major, self.minor, self.patch)
        } else {
            write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_engines_and_packages_say() {
        let cases = [
            ("20.10.24+dfsg1", (20, 10, 24)),
            ("5:28.5.2-1~debian.12~bookworm", (28, 5, 2)),
            ("17.06.0-ce", (17, 6, 0)),
            ("1.13.1", (1, 13, 1)),
            ("docker-v29.7.2", (29, 7, 2)),
            ("29.0.0-rc.1", (29, 0, 0)),
            ("26.1.5+dfsg1-9+b9", (26, 1, 5)),
            ("23.0", (23, 0, 0)),
        ];
        for (said, (major, minor, patch)) in cases {
            assert_eq!(Version::parse(said), Some(Version::new(major, minor, patch)), "{said}");
        }
        assert_eq!(Version::parse("dev"), None);
        assert_eq!(Version::parse(""), None);
    }

    #[test]
    fn sorts_across_the_three_countings() {
        let order = ["1.13.1", "17.06.0-ce", "20.10.14", "20.10.15", "23.0.0", "27.5.1", "29.0.0"];
        let parsed: Vec<_> = order.iter().filter_map(|v| Version::parse(v)).collect();
        assert_eq!(parsed.len(), order.len());
        assert!(parsed.is_sorted());
        assert_eq!(parsed[1].to_string(), "17.06.0");
    }
}
