//! Random policy rules.

use crate::world::World;

impl World {
    pub fn rule(&mut self) {
        let priority = self.random.one(&[0, 10, 20, 30, 40, 50, 100, 200, 32765, 32766, 32767, 40000]);
        let mut selector = String::new();
        if self.random.chance(15) {
            selector += " not";
        }
        if self.random.chance(35) {
            selector += &format!(" from {}", self.prefix());
        }
        if self.random.chance(35) {
            selector += &format!(" to {}", self.prefix());
        }
        if self.random.chance(15) {
            selector += &format!(" iif {}", self.random.pick(&["lo", "v0", "v1", "br0", "nowhere"]));
        }
        if self.random.chance(10) {
            selector += &format!(" oif {}", self.random.pick(&["lo", "v0", "v1", "br0", "nowhere"]));
        }
        if self.random.chance(25) {
            selector +=
                &format!(" fwmark {}", self.random.pick(&["1", "2", "0x10/0xf0", "51820", "0x80000/0xff0000", "0/1"]));
        }
        if self.random.chance(12) {
            selector += &format!(" tos {}", self.random.pick(&["0x04", "0x10", "0x1c"]));
        }
        if self.random.chance(12) {
            selector += &format!(" ipproto {}", self.random.pick(&["tcp", "udp", "icmp"]));
        }
        if self.random.chance(8) {
            selector += &format!(" sport {}", self.random.pick(&["22", "1024-65535"]));
        }
        if self.random.chance(10) {
            selector += &format!(" dport {}", self.random.pick(&["80", "443", "1-1023"]));
        }
        if self.random.chance(12) {
            selector += &format!(" uidrange {}", self.random.pick(&["0-0", "1000-2000", "33-33", "1-65535"]));
        }
        let table = self.random.pick(&["100", "101", "51820", "main", "default", "local", "777"]);
        let action = match self.random.below(20) {
            0 => " blackhole".to_owned(),
            1 => " unreachable".to_owned(),
            2 => " prohibit".to_owned(),
            3 => " nop".to_owned(),
            4..6 => format!(" goto {}", self.random.one(&[30, 50, 100, 200, 32766, 32767])),
            6..9 => format!(" lookup {table} suppress_prefixlength {}", self.random.one(&[0, 8, 16, 24])),
            9 => format!(" lookup {table} suppress_ifgroup {}", self.random.one(&["default", "7"])),
            _ => format!(" lookup {table}"),
        };
        if self.random.chance(4) {
            self.say("rule del priority 0".to_owned());
        }
        self.say(format!("rule add{selector} priority {priority}{action}"));
    }
}
