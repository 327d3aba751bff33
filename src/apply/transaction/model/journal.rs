//! The journal of a model host.

use std::rc::Rc;

use super::{Fault, Shared, enter, leave};
use crate::apply::journal::{Entry, Sink, Unwritten};
use crate::text::Text;

/// A journal in memory, by the same lines as the real one.
pub struct ModelJournal {
    machine: Shared,
    entries: Vec<Entry>,
}

impl ModelJournal {
    pub fn open(machine: &Shared) -> Self {
        let mut inner = machine.borrow_mut();
        let whole = inner.journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        inner.journal.truncate(whole);
        let entries = inner.entries();
        drop(inner);
        ModelJournal { machine: Rc::clone(machine), entries }
    }
}

impl Sink for ModelJournal {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn append(&mut self, entry: Entry) -> Result<(), Unwritten> {
        let (fault, before) = enter(&self.machine, false);
        before.map_err(Unwritten::Absent)?;
        let mut machine = self.machine.borrow_mut();
        if machine.read_only {
            return Err(Unwritten::Absent(Text::verbatim("read-only")));
        }
        let mut line = serde_json::to_vec(&entry).expect("a line");
        line.push(b'\n');
        if fault == Some(Fault::Torn) {
            line.truncate(line.len() / 2);
        }
        machine.journal.extend_from_slice(&line);
        if !matches!(fault, Some(Fault::Torn | Fault::ErrorAfter)) {
            machine.durable = machine.journal.len();
        }
        drop(machine);
        if fault != Some(Fault::Torn) {
            self.entries.push(entry);
        }
        leave(fault).map_err(Unwritten::Unsure)
    }
}
