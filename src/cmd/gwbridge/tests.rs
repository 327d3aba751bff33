use super::*;
use crate::checks::find;

#[test]
fn every_check_that_it_runs_is_one() {
    assert!(OF_GWBRIDGE.iter().chain(OF_NETWORKS).all(|id| find(id).is_some()));
}
