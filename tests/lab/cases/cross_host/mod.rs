//! Containers of two hosts, from engines that were left alone to pages that are fetched from each other: what `diagnose` says at each step,
//! its commands carried out to the letter, and real packets as the judge. A third machine on the same LAN gets in at no time.

mod guests;
mod kept;
mod options;
mod own_rules;
mod rules;
mod site;
mod story;

use crate::harness::Cases;

pub fn add(cases: &mut Cases) {
    story::add(cases);
    rules::add(cases);
    options::add(cases);
    own_rules::add(cases);
    guests::add(cases);
    kept::add(cases);
}
