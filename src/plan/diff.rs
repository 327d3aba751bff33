//! What a step writes, as a unified diff in which secrets are masked.

use super::{Bytes, FileSwap, Step};
use crate::action::Action;
use crate::edit::shown;

impl Step {
    /// As `diff -u` prints it; none where no file changes.
    pub fn diff(&self) -> Option<String> {
        let (Action::Edit { file, .. }, Some(FileSwap { from, to })) = (&self.action, &self.file) else { return None };
        let text =
            |bytes: &Option<Bytes>| bytes.as_ref().map_or_else(String::new, |bytes| shown(file, bytes.as_slice()));
        let name = |bytes: &Option<Bytes>| if bytes.is_some() { file.as_str() } else { "/dev/null" };
        let (before, after) = (text(from), text(to));
        let mut options = diffy::DiffOptions::new();
        options.set_original_filename(name(from).to_owned()).set_modified_filename(name(to).to_owned());
        Some(options.create_patch(&before, &after).to_string())
    }
}
