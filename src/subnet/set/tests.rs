use proptest::prelude::*;

use super::*;

fn set(ranges: &[(u32, u32)]) -> Set<u32> {
    Set::from_ranges(ranges.to_vec())
}

#[test]
fn ranges_that_overlap_or_touch_are_one() {
    assert_eq!(set(&[(20, 29), (0, 4), (5, 9), (25, 40), (22, 23)]).ranges(), [(0, 9), (20, 40)]);
    assert_eq!(set(&[(0, u32::MAX), (7, 9)]).ranges(), [(0, u32::MAX)]);
    let mut grown = set(&[(0, 4), (10, 14), (20, 24)]);
    grown.insert(5, 9);
    assert_eq!(grown.ranges(), [(0, 14), (20, 24)]);
    grown.insert(30, u32::MAX);
    grown.insert(16, 18);
    assert_eq!(grown.ranges(), [(0, 14), (16, 18), (20, 24), (30, u32::MAX)]);
    grown.insert(0, u32::MAX);
    assert_eq!(grown.ranges(), [(0, u32::MAX)]);
}

#[test]
fn the_ends_of_the_address_space_are_addresses_too() {
    let ends = Set::<u128>::from_prefixes(["::/128".parse().unwrap(), "ff00::/8".parse().unwrap()]);
    assert!(ends.contains(0) && ends.contains(u128::MAX) && !ends.contains(1));
    assert!(ends.covers(u128::MAX - 5, u128::MAX) && !ends.covers(0, 1) && ends.overlaps(0, 1));
    let mut free = FreeBlocks::new(&[&ends], (0, u128::MAX), 1);
    assert_eq!(free.next(), None);
    assert_eq!(FreeBlocks::new(&[&Set::default()], (0, u128::MAX), 0).collect::<Vec<_>>(), [0]);
    assert_eq!(FreeBlocks::new(&[&Set::default()], (1, u32::MAX), 1).collect::<Vec<_>>(), [1 << 31]);
}

#[test]
fn prefixes_are_the_fewest() {
    let shown = |ranges| set(ranges).prefixes().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&[(0, u32::MAX)]), ["0.0.0.0/0"]);
    assert_eq!(shown(&[(1, 8)]), ["0.0.0.1/32", "0.0.0.2/31", "0.0.0.4/30", "0.0.0.8/32"]);
    assert_eq!(shown(&[(256, 511), (512, 1023)]), ["0.0.1.0/24", "0.0.2.0/23"]);
}

fn small() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>()).prop_map(|(a, b)| (a.min(b), a.max(b))), 0..12)
}

/// The first 256 addresses of the space, one by one.
fn members(ranges: &[(u8, u8)]) -> [bool; 256] {
    let mut members = [false; 256];
    for (first, last) in ranges {
        members[usize::from(*first)..=usize::from(*last)].fill(true);
    }
    members
}

fn wide(ranges: &[(u8, u8)]) -> Vec<(u32, u32)> {
    ranges.iter().map(|(first, last)| (u32::from(*first), u32::from(*last))).collect()
}

proptest! {
    #[test]
    fn a_set_answers_as_its_addresses_one_by_one(ranges in small(), a in any::<u8>(), b in any::<u8>()) {
        let built = Set::from_ranges(wide(&ranges));
        let mut grown = Set::default();
        wide(&ranges).into_iter().for_each(|(first, last)| grown.insert(first, last));
        prop_assert_eq!(&built, &grown);
        let members = members(&ranges);
        let (first, last) = (usize::from(a.min(b)), usize::from(a.max(b)));
        let asked = (first as u32, last as u32);
        prop_assert_eq!(built.contains(asked.0), members[first]);
        prop_assert_eq!(built.overlaps(asked.0, asked.1), members[first..=last].iter().any(|member| *member));
        prop_assert_eq!(built.covers(asked.0, asked.1), members[first..=last].iter().all(|member| *member));
        let gaps = Set::from_ranges(built.gaps(asked.0, asked.1));
        for (address, member) in members.iter().enumerate() {
            let gap = (first..=last).contains(&address) && !member;
            prop_assert_eq!(gaps.contains(address as u32), gap, "{}", address);
        }
        prop_assert_eq!(Set::<u32>::from_prefixes(built.prefixes()), built);
    }

    #[test]
    fn free_blocks_are_all_there_are(one in small(), two in small(), a in any::<u8>(), b in any::<u8>(), bits in 0_u8..=8) {
        let sets = [Set::from_ranges(wide(&one)), Set::from_ranges(wide(&two))];
        let (one, two) = (members(&one), members(&two));
        let (first, last) = (u32::from(a.min(b)), u32::from(a.max(b)));
        let size = 1_u32 << bits;
        let free = |start: &u32| (*start..start + size).all(|at| at <= last && !one[at as usize] && !two[at as usize]);
        let brute: Vec<u32> = (0..256).step_by(size as usize).filter(|start| *start >= first && free(start)).collect();
        let found: Vec<u32> = FreeBlocks::new(&[&sets[0], &sets[1]], (first, last), 32 - bits).collect();
        prop_assert_eq!(found, brute);
    }
}
