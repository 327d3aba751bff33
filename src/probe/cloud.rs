//! The cloud this host lives in, from what is on disk and in the firmware's tables. No metadata server is asked.

use super::files::Files;
use crate::host::{Cloud, Fact};
use crate::parse::cloud_metadata;
use crate::text::text;

/// cloud-init's redacted document; the one beside it that is not redacted is never opened.
const INSTANCE_DATA: [&str; 2] = ["/run/cloud-init/instance-data.json", "/var/lib/cloud/instance/instance-data.json"];

pub fn look(files: &Files) -> Fact<Option<Cloud>> {
    let dmi = |name: &str| {
        let text = files.text(&format!("/sys/class/dmi/id/{name}")).unwrap_or_default();
        text.trim().to_owned()
    };
    let firmware = cloud_metadata::dmi(&dmi("sys_vendor"), &dmi("product_name"), &dmi("chassis_asset_tag"));
    for path in INSTANCE_DATA {
        let document = match files.text_if_any(path) {
            Ok(Some(document)) => document,
            Ok(None) => continue,
            Err(error) => return Fact::Unreadable(text!("{path}: {error}", "{path}：{error}")),
        };
        let Some(metadata) = cloud_metadata::instance_data(&document) else {
            return Fact::Unreadable(text!("{path} is not of cloud-init's format", "{path} 不符合 cloud-init 的格式"));
        };
        let Some(name) = metadata.cloud.or(firmware.map(str::to_owned)) else { return Fact::known(None) };
        return Fact::known(Some(Cloud { name, ranges: metadata.ranges, file: Some(path.to_owned()) }));
    }
    Fact::known(firmware.map(|name| Cloud { name: name.to_owned(), ranges: Vec::new(), file: None }))
}
