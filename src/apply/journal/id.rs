//! Names of journals: when it was, and which plan. They sort by time.

use crate::host::date;

/// `20261121-083012-1f2e3d`: UTC, and the head of the plan's id.
pub fn name(at: u64, plan: &str) -> String {
    let (days, second) = (at / 86_400, at % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let plan: String = plan.chars().filter(char::is_ascii_hexdigit).take(6).collect();
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{plan}")
}

/// Whether a word could be such a name; what else comes from a command line is no part of a path.
pub fn is_name(word: &str) -> bool {
    !word.is_empty() && word.len() < 64 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_time_and_the_plan() {
        // date -u -d @N +%Y%m%d-%H%M%S
        assert_eq!(name(0, "abcdef012345"), "19700101-000000-abcdef");
        assert_eq!(name(951_782_400, "ff"), "20000229-000000-ff");
        assert_eq!(name(1_795_249_812, "1f2e3d4c5b6a"), "20261121-083012-1f2e3d");
        assert_eq!(name(4_107_542_399, "0"), "21000228-235959-0");
    }

    #[test]
    fn only_names_are_taken_for_names() {
        assert!(is_name("20261121-083012-1f2e3d"));
        for word in ["", "../x", "a/b", "x y", "20261121.083012", &"1".repeat(64)] {
            assert!(!is_name(word), "{word:?}");
        }
    }
}
