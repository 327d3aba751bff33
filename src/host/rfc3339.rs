//! Times as engines write them.

/// Microseconds since the Unix epoch; as [`nanoseconds`].
pub fn microseconds(time: &str) -> Option<u64> {
    nanoseconds(time).map(|time| time / 1000)
}

/// Nanoseconds since the Unix epoch of `2024-05-01T12:00:00.123456789Z`, also with an offset of zones; none for what is no time after 1970.
pub fn nanoseconds(time: &str) -> Option<u64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = time.get(19..)?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let digits = rest.len() - zone.len();
    let fraction = format!("{:0<9.9}", rest.get(1..digits).unwrap_or(""));
    // Days since the epoch of the proleptic Gregorian calendar; years begin in March, so that a leap day is a year's last.
    let (shifted, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = (days * 86_400 + hour * 3600 + minute * 60 + second).checked_sub(offset.checked_mul(60)?)?;
    u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zones_fractions_and_leap_days() {
        assert_eq!(microseconds("2024-02-29T12:00:00.5+01:00"), Some(1_709_204_400_500_000));
        assert_eq!(microseconds("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(microseconds("2026-11-21T02:03:04.123456789Z"), Some(1_795_226_584_123_456));
        assert_eq!(microseconds("0001-01-01T00:00:00Z"), None, "Go's time of nothing");
        assert_eq!(microseconds("yesterday"), None);
        assert_eq!(nanoseconds("1970-01-01T00:00:01Z"), Some(1_000_000_000));
        assert_eq!(nanoseconds("2026-11-21T02:03:04.5Z"), Some(1_795_226_584_500_000_000));
        assert_eq!(nanoseconds("2026-11-21T10:03:04.500000001+08:00"), Some(1_795_226_584_500_000_001));
        assert_eq!(nanoseconds("2024-02-29T23:59:59-01:30"), Some(1_709_256_599_000_000_000));
        assert_eq!(nanoseconds("0001-01-01T00:00:00Z"), None);
        assert_eq!(nanoseconds(""), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_panics(text in "[0-9TZ:.+é-]{0,40}") {
            microseconds(&text);
        }
    }
}
