//! What a file is besides its bytes: mode, owner and extended attributes, SELinux label and ACLs among them.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

use serde::{Deserialize, Serialize};
use xattr::FileExt;

/// Of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Name and value, as getxattr(2) gives them.
    pub extended: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Sums over the content, which the kernel makes itself (Documentation/security/IMA-templates, evm).
const OF_THE_CONTENT: [&str; 2] = ["security.ima", "security.evm"];

const ACL: &str = "system.posix_acl_access";

impl Attributes {
    pub fn of(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Attributes { mode: meta.mode() & 0o7777, uid: meta.uid(), gid: meta.gid(), extended: extended(file)? })
    }

    /// The owner first: chown(2) takes set-user-ID bits and file capabilities away.
    pub fn put_on(&self, file: &File) -> io::Result<()> {
        let meta = file.metadata()?;
        if (meta.uid(), meta.gid()) != (self.uid, self.gid) {
            fchown(file, Some(self.uid), Some(self.gid))?;
        }
        // What a default ACL of the directory gave the new file; with an ACL chmod(2) would set its mask (acl(5)).
        if !self.extended.iter().any(|(name, _)| name == ACL.as_bytes()) && file.get_xattr(ACL).ok().flatten().is_some()
        {
            file.remove_xattr(ACL)?;
        }
        file.set_permissions(Permissions::from_mode(self.mode))?;
        for (name, value) in &self.extended {
            let name = OsStr::from_bytes(name);
            if file.get_xattr(name).ok().flatten().as_ref() != Some(value) {
                supported(file.set_xattr(name, value))?;
            }
        }
        Ok(())
    }
}

fn extended(file: &File) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let names: Vec<OsString> = match file.list_xattr() {
        Ok(names) => names.collect(),
        Err(error) => return supported(Err(error)).map(|()| Vec::new()),
    };
    let mut all = Vec::new();
    for name in names.into_iter().filter(|name| !OF_THE_CONTENT.iter().any(|other| name == other)) {
        // One that went away in between is none.
        if let Some(value) = file.get_xattr(&name)? {
            all.push((name.into_vec(), value));
        }
    }
    Ok(all)
}

/// A filesystem without extended attributes has none to lose.
fn supported(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.raw_os_error() == Some(nix::libc::EOPNOTSUPP) => Ok(()),
        other => other,
    }
}
