//! Other owners of the packet filter.

use super::Row;
use crate::harness::Engine;

pub const ROWS: &[Row] = &[
    Row::new("ufw", |site| {
        let host = site.usual().extras().boot();
        host.ok("ufw allow 22/tcp && ufw --force enable");
        host.docker().container("web", "-p 8080:80");
        host
    }),
    Row::new("firewalld", |site| {
        let host = site.usual().extras().boot();
        host.ok("systemctl start firewalld");
        host.docker().container("web", "-p 8080:80");
        host
    })
    .kept(Engine::V28, "firewalld"),
];
