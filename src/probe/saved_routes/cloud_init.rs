//! Whether cloud-init would write the network's files again.

use super::Look;
use crate::parse::cloud_init::{Says, command_line_disables, says};
use crate::text::{Text, text};

const SWITCH: &str = "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg";

impl Look<'_> {
    /// What to tell of a file that it wrote; none where it is not installed, or switched off (cloud-init docs, "Disabling cloud-init").
    pub(super) fn cloud_init(&mut self) -> Option<Text> {
        let installed = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init"].iter().any(|path| self.files.exists(path));
        let command_line = self.files.text("/proc/cmdline").unwrap_or_default();
        if !installed || self.files.exists("/etc/cloud/cloud-init.disabled") || command_line_disables(&command_line) {
            return None;
        }
        let mut paths = vec!["/etc/cloud/cloud.cfg".to_owned()];
        let directory = "/etc/cloud/cloud.cfg.d";
        let names = self.names(directory, |name| name.ends_with(".cfg"));
        paths.extend(names.into_iter().map(|name| format!("{directory}/{name}")));
        // Later files win.
        let mut last = None;
        for path in paths {
            if let Some(said) = self.text(&path).as_deref().and_then(says) {
                last = Some((path, said));
            }
        }
        match last {
            Some((_, Says::Disabled)) => None,
            Some((path, Says::Other)) => Some(text!(
                "cloud-init writes this file from {path}; change that one, or write `network: {{config: disabled}}` into {SWITCH} first",
                "此文件由 cloud-init 按 {path} 生成；请改那个文件，或先在 {SWITCH} 中写入 `network: {{config: disabled}}`"
            )),
            None => Some(text!(
                "cloud-init writes this file again, on some clouds at each boot; `network: {{config: disabled}}` in {SWITCH} stops that",
                "cloud-init 会重新生成此文件（某些云上每次启动都会）；在 {SWITCH} 中写入 `network: {{config: disabled}}` 可停止生成"
            )),
        }
    }
}
