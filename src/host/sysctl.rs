use std::collections::BTreeMap;

/// `net.FAMILY.conf.LINK.KEY` (`family`: `ipv4`, `ipv6`). A dot in a link's name is a slash there (sysctl(8)); a snapshot may have it as
/// /proc/sys has it. None: it was not seen, or does not exist.
pub fn link_sysctl<'s>(sysctls: &'s BTreeMap<String, String>, family: &str, link: &str, key: &str) -> Option<&'s str> {
    let written = sysctls.get(&format!("net.{family}.conf.{}.{key}", link.replace('.', "/")));
    let read = || if link.contains('.') { sysctls.get(&format!("net.{family}.conf.{link}.{key}")) } else { None };
    written.or_else(read).map(String::as_str)
}
