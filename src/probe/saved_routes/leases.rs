//! Routes that DHCP servers hand out, as the clients keep them.

use super::Look;
use crate::host::{Editable, Keeper, Place, RouteKind, SavedRoute};
use crate::parse::dhcp_lease::{Leased, dhclient, message, systemd};
use crate::text::{Text, text};

const DHCLIENT: [&str; 3] = ["/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/NetworkManager"];
const NETWORKD: &str = "/run/systemd/netif/leases";
const NETWORK_MANAGER: &str = "/var/lib/NetworkManager";
const DHCPCD: [&str; 2] = ["/var/lib/dhcpcd", "/var/db/dhcpcd"];

impl Look<'_> {
    pub(super) fn leases(&mut self) {
        for directory in DHCLIENT {
            let fits =
                |name: &str| name.starts_with("dhclient") && (name.ends_with(".lease") || name.ends_with(".leases"));
            for path in self.paths(directory, fits) {
                let Some(text) = self.text(&path) else { continue };
                let switch = if directory == NETWORK_MANAGER { of_network_manager() } else { of_dhclient() };
                for (link, routes) in dhclient(&text) {
                    self.leased(&path, Some(&link), &routes, &switch);
                }
            }
        }
        let links = self.link_indices();
        for path in self.paths(NETWORKD, |name| name.bytes().all(|byte| byte.is_ascii_digit())) {
            let Some(text) = self.text(&path) else { continue };
            let index = path.rsplit('/').next().unwrap_or_default();
            let link = links.iter().find(|(own, _)| own == index).map(|(_, name)| name.clone());
            self.leased(&path, link.as_deref(), &systemd(&text), &of_networkd());
        }
        for path in self.paths(NETWORK_MANAGER, |name| name.starts_with("internal-") && name.ends_with(".lease")) {
            let Some(text) = self.text(&path) else { continue };
            // internal-UUID-LINK.lease
            let name = path.rsplit('/').next().unwrap_or_default();
            let link = name.strip_suffix(".lease").and_then(|name| name.splitn(7, '-').nth(6)).map(str::to_owned);
            self.leased(&path, link.as_deref(), &systemd(&text), &of_network_manager());
        }
        for directory in DHCPCD {
            for path in self.paths(directory, |name| name.ends_with(".lease")) {
                let Some(bytes) = self.read(&path) else { continue };
                let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".lease");
                // LINK.lease, or LINK-SSID.lease of a wireless one; LINK6.lease is of DHCPv6.
                let link = name.split('-').next().map(str::to_owned);
                self.leased(&path, link.as_deref(), &message(&bytes), &of_dhcpcd());
            }
        }
    }

    fn paths(&mut self, directory: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
        self.names(directory, fits).into_iter().map(|name| format!("{directory}/{name}")).collect()
    }

    /// Index and name of each link, as sysfs has them.
    fn link_indices(&self) -> Vec<(String, String)> {
        if !self.files.exists(NETWORKD) {
            return Vec::new();
        }
        let names = self.files.list("/sys/class/net").unwrap_or_default();
        let index = |name: &String| self.files.text(&format!("/sys/class/net/{name}/ifindex")).ok();
        names.iter().filter_map(|name| Some((index(name)?.trim().to_owned(), name.clone()))).collect()
    }

    fn leased(&mut self, path: &str, link: Option<&str>, routes: &[Leased], switch: &Text) {
        for route in routes {
            let gateway = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
            self.saved.routes.push(SavedRoute {
                place: Place { file: path.to_owned(), line: route.line, column: 1 },
                keeper: Keeper::Dhcp,
                says: format!("{}{gateway}", route.destination),
                destination: route.destination,
                gateway: route.gateway.map(Into::into),
                link: link.map(str::to_owned),
                table: None,
                metric: None,
                kind: RouteKind::Unicast,
                active: true,
                editable: Editable::ByHand(switch.clone()),
            });
        }
    }
}

/// A default route among them goes too: RFC 3442 makes clients ignore the router option beside option 121.
fn of_dhclient() -> Text {
    text!(
        "the DHCP server hands it out; dhclient does not ask for it without `rfc3442-classless-static-routes` in the request of /etc/dhcp/dhclient.conf, which also loses a default route handed out with it",
        "该路由由 DHCP 服务器下发；从 /etc/dhcp/dhclient.conf 的 request 中去掉 `rfc3442-classless-static-routes` 后 dhclient 不再请求，一同下发的默认路由也会丢失"
    )
}

fn of_networkd() -> Text {
    text!(
        "the DHCP server hands it out; `UseRoutes=false` in [DHCPv4] (netplan: `dhcp4-overrides: {{use-routes: false}}`) refuses it, with a default route handed out beside it",
        "该路由由 DHCP 服务器下发；[DHCPv4] 中的 `UseRoutes=false`（netplan：`dhcp4-overrides: {{use-routes: false}}`）可拒收，一同下发的默认路由也会被拒收"
    )
}

fn of_network_manager() -> Text {
    text!(
        "the DHCP server hands it out; `ipv4.ignore-auto-routes yes` of its NetworkManager connection (PEERROUTES=no in ifcfg) refuses it",
        "该路由由 DHCP 服务器下发；将其 NetworkManager 连接设为 `ipv4.ignore-auto-routes yes`（ifcfg 中为 PEERROUTES=no）可拒收"
    )
}

fn of_dhcpcd() -> Text {
    text!(
        "the DHCP server hands it out; `nooption classless_static_routes` in /etc/dhcpcd.conf refuses it, with a default route handed out beside it",
        "该路由由 DHCP 服务器下发；/etc/dhcpcd.conf 中的 `nooption classless_static_routes` 可拒收，一同下发的默认路由也会被拒收"
    )
}
