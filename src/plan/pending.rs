//! What a restart brings along besides what it is for.

use crate::checks::Judged;
use crate::engine::settings::{Said, Setting, outlook, setting};
use crate::host::Snapshot;
use crate::text::{Text, text};

/// The check that holds the running engine against its configuration.
const CHECK: &str = "config-not-applied";

/// # Errors
/// The engine would come up without the images and containers that it has now.
pub(super) fn refused(host: &Snapshot) -> Result<(), Text> {
    let Some(info) = host.engine.api.ok().and_then(|api| api.info.ok()) else { return Ok(()) };
    if let Some(next) = host.engine.next_root.ok()
        && !info.docker_root.is_empty()
        && *next != info.docker_root
    {
        let now = &info.docker_root;
        return Err(text!(
            "the engine keeps its images and containers in {now}, and looks for them in {next} at its next start: a restart would bring it up without them",
            "引擎当前的镜像和容器位于 {now}，而下次启动时会使用 {next}：重启之后它们都会不见"
        ));
    }
    if let Ok(Some(Setting { value, said, .. })) = setting(host, "storage-driver")
        && !info.storage_driver.is_empty()
        && value != info.storage_driver
        && outlook(host, &[said]) != Ok(None)
    {
        let now = &info.storage_driver;
        let by = match said {
            Said::File { file, .. } => file.path.clone(),
            Said::Flag(_) => "--storage-driver".to_owned(),
        };
        return Err(text!(
            "the engine keeps its images and containers by {now}, and by {value} from its next start on ({by}): a restart would bring it up without them",
            "引擎当前使用存储驱动 {now}，而下次启动时会使用 {value}（{by}）：重启之后现有镜像和容器都会不见"
        ));
    }
    Ok(())
}

/// Changes of others that wait for a restart.
pub(super) fn impact(judged: &Judged) -> Vec<Text> {
    let found =
        judged.outcomes.iter().filter(|outcome| outcome.check.id == CHECK).flat_map(|outcome| &outcome.findings);
    let told =
        |Text { en, zh }: &Text| text!("the restart takes effect for this too: {en}", "重启还会使以下改动生效：{zh}");
    found.map(|told_of| told(&told_of.finding.message)).collect()
}
