//! Patterns of file and interface names: `*`, `?` and `[…]` as fnmatch(3) takes them.

/// Whether a pattern fits the whole name. Its time grows with both lengths' product at most.
pub fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut seen) = (0, 0);
    // Behind the last `*`, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while seen < name.len() {
        match one(&pattern[at..], name[seen]) {
            Some(length) => {
                at += length;
                seen += 1;
            }
            None if pattern.get(at) == Some(&'*') => {
                star = Some((at + 1, seen));
                at += 1;
            }
            None => match star {
                Some((behind, taken)) => {
                    star = Some((behind, taken + 1));
                    (at, seen) = (behind, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// How much of the pattern takes this character, if it does; a `*` does not.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match *pattern.first()? {
        '*' => None,
        '?' => Some(1),
        '\\' if pattern.len() > 1 => (pattern[1] == c).then_some(2),
        '[' => match bracket(pattern, c) {
            Some((fits, length)) => fits.then_some(length),
            None => (c == '[').then_some(1),
        },
        plain => (plain == c).then_some(1),
    }
}

/// Whether a bracket takes the character, and its length; none for a bracket that is not closed.
fn bracket(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if negated { 2 } else { 1 };
    // A `]` in the first place stands for itself.
    let end = pattern.iter().skip(start + 1).position(|c| *c == ']')? + start + 1;
    let mut inside = &pattern[start..end];
    let mut found = false;
    while let Some((first, rest)) = inside.split_first() {
        match rest {
            ['-', last, rest @ ..] => {
                found |= (*first..=*last).contains(&c);
                inside = rest;
            }
            rest => {
                found |= *first == c;
                inside = rest;
            }
        }
    }
    Some((found != negated, end + 1))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn names_by_pattern() {
        for (pattern, name) in [
            ("eth*", "eth0"),
            ("*", ""),
            ("e?h[0-9]", "eth7"),
            ("[!a]*z", "bzz"),
            ("a*b*c", "axxbyyc"),
            ("[", "["),
            ("[]x]", "]"),
            ("\\*", "*"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("eth*", "wth0"), ("?", ""), ("[!a]", "a"), ("a*b", "abc"), ("", "x"), ("[0-9]", "x")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(150)));
    }
}
