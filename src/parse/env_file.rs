//! EnvironmentFile= of systemd, and the shell files of the same look: variables whose values know their places.

use super::placed::{Placed, Spot, spots};

/// Who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// systemd (v252 src/basic/env-file.c, parse_env_file_internal): no expansion, no `export`; `#` behind a value belongs to
    /// it; a carriage return ends a line.
    Systemd,
    /// An init script's shell: `export` is fine, and a comment may follow the value.
    Shell,
}

/// A variable and what was assigned to it.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub value: Placed,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    BeforeKey,
    Key,
    BeforeValue,
    Value,
    ValueEscape,
    Single,
    Double,
    DoubleEscape,
    Comment,
}

/// The assignments in the order of the file; of one variable the last counts. Names that are none are left out, as
/// systemd does with a warning.
pub fn read(path: &str, text: &str, reader: Reader) -> Vec<Variable> {
    let mut variables = Vec::new();
    let (mut key, mut value, mut state) = (String::new(), Vec::new(), State::BeforeKey);
    let text = text.strip_prefix('\u{feff}').filter(|_| reader == Reader::Shell).unwrap_or(text);
    let mut last_blank = false;
    for spot in spots(text) {
        let (c, was_blank) = (spot.c, last_blank);
        last_blank = is_blank(c);
        let ends_line = matches!(c, '\n' | '\r');
        state = match state {
            State::BeforeKey if matches!(c, '#' | ';') => State::Comment,
            State::BeforeKey if is_blank(c) => State::BeforeKey,
            State::BeforeKey => {
                key = String::from(c);
                State::Key
            }
            State::Key if ends_line => State::BeforeKey,
            State::Key if c == '=' => State::BeforeValue,
            State::Key => {
                key.push(c);
                State::Key
            }
            State::BeforeValue | State::Value if ends_line => {
                finish(path, reader, &key, &mut value, state, &mut variables);
                State::BeforeKey
            }
            State::BeforeValue | State::Value if reader == Reader::Shell && was_blank && c == '#' => {
                finish(path, reader, &key, &mut value, State::Value, &mut variables);
                State::Comment
            }
            State::BeforeValue if c == '\'' => State::Single,
            State::BeforeValue if c == '"' => State::Double,
            State::BeforeValue | State::Value if c == '\\' => State::ValueEscape,
            State::BeforeValue if is_blank(c) => State::BeforeValue,
            State::BeforeValue | State::Value => {
                value.push(spot);
                State::Value
            }
            State::ValueEscape => {
                if !ends_line {
                    value.push(spot);
                }
                State::Value
            }
            State::Single if c == '\'' => State::BeforeValue,
            State::Double if c == '"' => State::BeforeValue,
            State::Double if c == '\\' => State::DoubleEscape,
            State::Single | State::Double => {
                value.push(spot);
                state
            }
            State::DoubleEscape => {
                match c {
                    '"' | '\\' | '`' | '$' => value.push(spot),
                    '\n' => {}
                    _ => value.extend([Spot { c: '\\', ..spot }, spot]),
                }
                State::Double
            }
            State::Comment if ends_line => State::BeforeKey,
            State::Comment => State::Comment,
        };
    }
    if !matches!(state, State::BeforeKey | State::Key | State::Comment) {
        finish(path, reader, &key, &mut value, state, &mut variables);
    }
    variables
}

fn finish(path: &str, reader: Reader, key: &str, value: &mut Vec<Spot>, state: State, into: &mut Vec<Variable>) {
    let mut spots = std::mem::take(value);
    if state == State::Value {
        let end = spots.iter().rposition(|spot| !is_blank(spot.c)).map_or(0, |last| last + 1);
        spots.truncate(end);
    }
    let name = key.trim_end();
    let name = if reader == Reader::Shell { name.strip_prefix("export ").unwrap_or(name).trim() } else { name };
    if is_name(name) {
        into.push(Variable { name: name.to_owned(), value: Placed { file: path.to_owned(), spots } });
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// POSIX environment variable names, as systemd's env_name_is_valid().
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(text: &str, reader: Reader) -> Vec<(String, String)> {
        read("f", text, reader).into_iter().map(|v| (v.name, v.value.text())).collect()
    }

    #[track_caller]
    fn systemd(text: &str, name: &str, value: &str) {
        assert_eq!(values(text, Reader::Systemd), [(name.to_owned(), value.to_owned())]);
    }

    #[test]
    fn a_continued_value_and_a_comment_before_it() {
        let text = "#DOCKER_OPTS=\"--bip=1.2.3.4/24\"\nDOCKER_OPTS=\"--dns 8.8.8.8 \\\n  --bip=10.0.0.1/24\"\n";
        systemd(text, "DOCKER_OPTS", "--dns 8.8.8.8   --bip=10.0.0.1/24");
        let words = read("f", text, Reader::Systemd)[0].value.words(false);
        let places: Vec<String> = words.iter().filter_map(|w| w.place.as_ref()).map(ToString::to_string).collect();
        assert_eq!(places, ["f:2:14", "f:2:20", "f:3:3"]);
    }

    #[test]
    fn quotes_and_what_follows_them() {
        systemd("A = 'x  y' \n", "A", "x  y");
        systemd("A=x y \t\n", "A", "x y");
        systemd("A=\"a\\\"b\\$c\\d\"", "A", "a\"b$c\\d");
        systemd("A=a\\\nb", "A", "ab");
        // systemd glues the comment to the value, a shell does not.
        systemd("A='--bip 10.0.0.1/24' # c\n", "A", "--bip 10.0.0.1/24# c");
        assert_eq!(
            values("export A='--bip 1' # c\nB=2", Reader::Shell),
            [("A".to_owned(), "--bip 1".to_owned()), ("B".to_owned(), "2".to_owned())]
        );
        assert!(values("export A=1\n1A=2\nA B=3\nno assignment\n", Reader::Systemd).is_empty());
    }

    #[test]
    fn no_variable_is_expanded() {
        systemd("DOCKER_OPTS=\"$DOCKER_OPTS --bip=10.0.0.1/24\"", "DOCKER_OPTS", "$DOCKER_OPTS --bip=10.0.0.1/24");
    }

    #[test]
    fn a_carriage_return_ends_the_line_and_stays_inside_quotes() {
        systemd("A=--bip=10.0.0.1/24\r\n", "A", "--bip=10.0.0.1/24");
        systemd("A=\"x \\\r\ny\"\r\n", "A", "x \\\r\ny");
    }

    #[test]
    fn an_empty_value_is_a_value() {
        systemd("A=", "A", "");
        systemd("A=\"", "A", "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_panics(text in any::<String>()) {
            for variable in read("f", &text, Reader::Systemd) {
                variable.value.words(true);
                variable.value.words(false);
            }
            read("f", &text, Reader::Shell);
        }
    }
}
