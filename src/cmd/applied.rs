//! How a change ended, in words and as an exit code.

use crate::apply::{Applied, Outcome};
use crate::exit::Exit;
use crate::report::plan;
use crate::text::{Text, text};

/// What the report tells of it, and the exit code that it asks for; [`Exit::Clean`] where the findings decide.
pub fn told(applied: &Applied) -> (plan::Applied, Exit) {
    let (word, exit) = match applied.outcome {
        Outcome::Committed => ("committed", Exit::Clean),
        Outcome::RolledBack => ("rolled-back", Exit::RolledBack),
        Outcome::Incomplete => ("incomplete", Exit::Incomplete),
        Outcome::AwaitingConfirmation => ("awaiting-confirmation", Exit::AwaitingConfirmation),
    };
    let still_failing = applied.still_failing.iter().map(|cure| format!("{} {}", cure.check, cure.subject)).collect();
    let told = plan::Applied {
        journal: applied.journal.clone(),
        outcome: word,
        steps_done: applied.steps_done,
        still_failing,
        sentence: sentence(applied),
    };
    (told, exit)
}

/// Where the journal cannot be read any more.
pub fn unknown(id: &str, why: &Text) -> plan::Applied {
    let Text { en, zh } = why;
    plan::Applied {
        journal: id.to_owned(),
        outcome: "incomplete",
        steps_done: 0,
        still_failing: Vec::new(),
        sentence: text!("how it ended is not known: {en}", "无法得知变更的结果：{zh}"),
    }
}

fn sentence(applied: &Applied) -> Text {
    let id = &applied.journal;
    let first = match applied.outcome {
        Outcome::Committed => text!(
            "done and verified; `dnetctl rollback {id}` takes it back",
            "已完成并通过验证；`dnetctl rollback {id}` 可撤销"
        ),
        Outcome::RolledBack => text!("undone: the host is as it was", "已撤销：主机恢复原状"),
        Outcome::Incomplete => text!("not everything could be put back", "未能全部恢复"),
        Outcome::AwaitingConfirmation => text!(
            "done, and undone by itself unless `dnetctl confirm {id}` comes from a new connection",
            "已完成；除非从新的连接运行 `dnetctl confirm {id}`，否则会自动撤销"
        ),
    };
    applied
        .why
        .iter()
        .chain(&applied.left)
        .fold(first, |said, more| text!("{a}; {b}", "{c}；{d}", a = said.en, b = more.en, c = said.zh, d = more.zh))
}
