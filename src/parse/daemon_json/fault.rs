//! What is wrong with a text that is not JSON, and what was expected there. Never quotes the file: it may hold secrets.

use crate::text::{Text, text};

use super::grammar::{Expect, Fault, Reader};

/// Characters that look like JSON's own, with the one that was meant: typed with a Chinese input method or pasted from a
/// word processor.
const LOOK_ALIKES: &[(&str, char)] = &[
    ("“”„‟＂«»", '"'),
    ("‘’‚‛＇", '"'),
    ("，、", ','),
    ("：", ':'),
    ("；", ','),
    ("｛", '{'),
    ("｝", '}'),
    ("［【", '['),
    ("］】", ']'),
];

/// The token at the reader's place does not belong there.
pub fn unexpected(reader: &Reader, expect: Expect) -> Fault {
    let Some(found) = reader.peek() else { return end_of_file(reader) };
    if let Some(fault) = comment(reader).or_else(|| stray_character(reader, found)) {
        return fault;
    }
    match expect {
        Expect::Root => root(reader),
        Expect::Key { comma } => at_key(reader, found, comma),
        Expect::Colon { after } => at_colon(reader, found, after),
        Expect::Member => at_value(reader, found, None),
        Expect::Item { comma } => at_value(reader, found, comma),
        Expect::Next { after } => at_next(reader, found, after),
    }
}

fn at_key(reader: &Reader, found: char, comma: Option<usize>) -> Fault {
    match (found, comma) {
        ('}', Some(comma)) => trailing_comma(comma, '}'),
        (',', _) => extra_comma(reader),
        (']', _) => wrong_bracket(reader, ']'),
        ('\'', _) => single_quotes(reader),
        _ if !reader.word().is_empty() => here(
            reader,
            reader.word().len(),
            text!("this key has no quotes; expected a key in double quotes", "键名没有引号；键名必须写在双引号里"),
        ),
        _ => here(reader, 1, text!("expected a key in double quotes or `}}`", "此处应为双引号括起的键名或 `}}`")),
    }
}

fn at_colon(reader: &Reader, found: char, after: usize) -> Fault {
    match found {
        '=' => here(reader, 1, text!("expected `:` between key and value, not `=`", "键和值之间应为 `:`，而不是 `=`")),
        _ => {
            Fault { start: after, end: after, expected: text!("expected `:` after the key", "键名之后缺少 `:`") }
        }
    }
}

fn at_value(reader: &Reader, found: char, comma: Option<usize>) -> Fault {
    let word = reader.word();
    match (found, comma) {
        (']', Some(comma)) => trailing_comma(comma, ']'),
        (',', _) => extra_comma(reader),
        ('}' | ']', _) => here(reader, 1, text!("a value is missing before `{found}`", "`{found}` 之前缺少值")),
        ('\'', _) => single_quotes(reader),
        _ if word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => here(
            reader,
            word.len(),
            text!(
                "this is no JSON number; expected a decimal number without leading zero or plus sign, or a string in double quotes",
                "这不是 JSON 数字；应为十进制数（无前导零、无正号），或写成双引号括起的字符串"
            ),
        ),
        _ if ["true", "false", "null"].contains(&word.to_lowercase().as_str()) => {
            let lower = word.to_lowercase();
            here(reader, word.len(), text!("expected `{lower}` in lower case", "应写成小写 `{lower}`"))
        }
        _ if !word.is_empty() => here(
            reader,
            word.len(),
            text!(
                "this value has no quotes; expected a string in double quotes, a number, true, false or null",
                "值没有引号；应为双引号括起的字符串、数字、true、false 或 null"
            ),
        ),
        _ => here(reader, 1, text!("expected a value", "此处应为一个值")),
    }
}

fn at_next(reader: &Reader, found: char, after: usize) -> Fault {
    let is_object = reader.open.last().is_some_and(|open| open.is_object);
    match found {
        ';' => here(reader, 1, text!("expected `,`, not `;`", "此处应为 `,`，而不是 `;`")),
        ':' if is_object => here(
            reader,
            1,
            text!(
                "a value already stands before this `:`; expected `,` or `}}`",
                "这个 `:` 之前已经有值；此处应为 `,` 或 `}}`"
            ),
        ),
        ':' => here(
            reader,
            1,
            text!("a list `[…]` has no keys; expected `,` or `]`", "列表 `[…]` 里没有键；此处应为 `,` 或 `]`"),
        ),
        '}' | ']' => wrong_bracket(reader, found),
        _ => Fault {
            start: after,
            end: after,
            expected: text!("a comma is missing: expected `,` before the next entry", "缺少逗号：下一项之前应有 `,`"),
        },
    }
}

/// The text does not start as an object does.
pub fn root(reader: &Reader) -> Fault {
    if let Some(fault) = comment(reader).or_else(|| reader.peek().and_then(|c| stray_character(reader, c))) {
        return fault;
    }
    let length = reader.word().len().max(1);
    match reader.peek() {
        Some('[') => here(
            reader,
            1,
            text!(
                "the file holds a list; expected an object `{{…}}` at its top",
                "文件的顶层是列表；顶层必须是对象 `{{…}}`"
            ),
        ),
        Some('"') => here(
            reader,
            1,
            text!("the outer braces are missing: expected `{{` here", "缺少最外层的花括号：此处应为 `{{`"),
        ),
        _ => here(reader, length, text!("expected an object `{{…}}` at the top", "顶层必须是对象 `{{…}}`")),
    }
}

/// Text behind the end of the object.
pub fn trailing(reader: &Reader) -> Fault {
    let line = reader.text[reader.at..].lines().next().unwrap_or("").trim_end();
    let expected = match reader.peek() {
        Some(bracket @ ('}' | ']')) => text!(
            "one `{bracket}` too many: the object already ended; expected the end of the file",
            "多了一个 `{bracket}`：对象已经结束，此处应为文件结尾"
        ),
        _ => text!(
            "text behind the end of the object; expected the end of the file",
            "对象结束之后还有内容；此处应为文件结尾"
        ),
    };
    here(reader, line.len().max(1), expected)
}

pub fn unclosed_string(reader: &Reader, start: usize) -> Fault {
    let line = reader.text[start..].lines().next().unwrap_or("").trim_end();
    Fault {
        start,
        end: start + line.len(),
        expected: text!(
            "this string is not closed on its line; expected `\"` at its end",
            "字符串在本行没有结束；末尾应有 `\"`"
        ),
    }
}

pub fn control_character(reader: &Reader, found: char) -> Fault {
    let code = found as u32;
    let expected = if found == '\t' {
        text!("a tab inside a string; expected `\\t`", "字符串里有制表符；应写成 `\\t`")
    } else {
        text!(
            "a control character inside a string; expected `\\u{code:04x}`",
            "字符串里有控制字符；应写成 `\\u{code:04x}`"
        )
    };
    here(reader, 1, expected)
}

pub fn escape(reader: &Reader, length: usize) -> Fault {
    here(
        reader,
        length,
        text!(
            "JSON has no such escape; expected one of `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX` (a backslash itself is `\\\\`)",
            "JSON 没有这种转义；应为 `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX` 之一（反斜杠本身写成 `\\\\`）"
        ),
    )
}

pub fn number_range(reader: &Reader, length: usize) -> Fault {
    here(reader, length, text!("this number does not fit into 64-bit floating point", "数字超出 64 位浮点数的范围"))
}

pub fn too_deep(reader: &Reader, limit: usize) -> Fault {
    here(reader, 1, text!("more than {limit} levels of nesting", "嵌套超过 {limit} 层"))
}

fn end_of_file(reader: &Reader) -> Fault {
    let expected = match reader.open.last() {
        Some(open) => {
            let line = reader.text[..open.start].matches('\n').count() + 1;
            let (opening, closing) = if open.is_object { ('{', '}') } else { ('[', ']') };
            text!(
                "the file ends here, but the `{opening}` of line {line} is not closed; expected `{closing}`",
                "文件到此结束，但第 {line} 行的 `{opening}` 没有闭合；应有 `{closing}`"
            )
        }
        None => text!("the file ends here; expected an object `{{…}}`", "文件到此结束；应为对象 `{{…}}`"),
    };
    Fault { start: reader.text.len(), end: reader.text.len(), expected }
}

fn comment(reader: &Reader) -> Option<Fault> {
    let left = &reader.text[reader.at..];
    let mark = ["//", "/*", "#"].into_iter().find(|mark| left.starts_with(mark))?;
    let expected = text!("JSON has no comments; remove this one", "JSON 不支持注释；请删除");
    Some(here(reader, mark.len(), expected))
}

fn stray_character(reader: &Reader, found: char) -> Option<Fault> {
    if let Some((_, meant)) = LOOK_ALIKES.iter().find(|(alike, _)| alike.contains(found)) {
        return Some(here(
            reader,
            found.len_utf8(),
            text!(
                "`{found}` only looks like it: expected `{meant}`",
                "`{found}` 是形近字符：此处应为 ASCII 的 `{meant}`"
            ),
        ));
    }
    let code = found as u32;
    let invisible =
        found.is_whitespace() || found.is_control() || "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}".contains(found);
    if !invisible {
        return None;
    }
    Some(here(
        reader,
        found.len_utf8(),
        text!(
            "an invisible character (U+{code:04X}); JSON knows no blanks but space, tab and line end",
            "不可见字符（U+{code:04X}）；JSON 的空白只有空格、制表符和换行"
        ),
    ))
}

fn trailing_comma(comma: usize, closing: char) -> Fault {
    Fault {
        start: comma,
        end: comma + 1,
        expected: text!(
            "a trailing comma: expected another entry, or `{closing}` without a comma before it",
            "多余的逗号：其后应还有一项，否则 `{closing}` 之前不能有逗号"
        ),
    }
}

fn extra_comma(reader: &Reader) -> Fault {
    here(reader, 1, text!("nothing stands before this comma; expected an entry", "这个逗号之前没有内容；此处应有一项"))
}

fn wrong_bracket(reader: &Reader, found: char) -> Fault {
    let is_object = reader.open.last().is_some_and(|open| open.is_object);
    let (opening, closing) = if is_object { ('{', '}') } else { ('[', ']') };
    let line = reader.open.last().map_or(1, |open| reader.text[..open.start].matches('\n').count() + 1);
    here(
        reader,
        1,
        text!(
            "`{found}` does not close the `{opening}` of line {line}; expected `,` or `{closing}`",
            "`{found}` 不能闭合第 {line} 行的 `{opening}`；此处应为 `,` 或 `{closing}`"
        ),
    )
}

fn single_quotes(reader: &Reader) -> Fault {
    let line = reader.text[reader.at..].lines().next().unwrap_or("");
    let length = line[1..].find('\'').map_or(1, |end| end + 2);
    here(reader, length, text!("single quotes; expected double quotes `\"`", "用了单引号；应使用双引号 `\"`"))
}

fn here(reader: &Reader, length: usize, expected: Text) -> Fault {
    let mut end = (reader.at + length).min(reader.text.len());
    while !reader.text.is_char_boundary(end) {
        end += 1;
    }
    Fault { start: reader.at, end, expected }
}
