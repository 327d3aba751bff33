use proptest::prelude::*;

use super::*;

const SIZE: usize = 1024;

fn put(page: &mut [u8], at: usize, bytes: &[u8]) {
    page[at..at + bytes.len()].copy_from_slice(bytes);
}

fn header(page: &mut [u8], id: u64, flags: u16, count: usize, overflow: u32) {
    put(page, 0, &id.to_le_bytes());
    put(page, 8, &flags.to_le_bytes());
    put(page, 10, &u16::try_from(count).expect("few").to_le_bytes());
    put(page, 12, &overflow.to_le_bytes());
}

fn meta_page(id: u64, root: u64, transaction: u64) -> Vec<u8> {
    let mut page = vec![0; SIZE];
    header(&mut page, id, META, 0, 0);
    put(&mut page, 16, &MAGIC.to_le_bytes());
    put(&mut page, 20, &VERSION.to_le_bytes());
    put(&mut page, 24, &1024_u32.to_le_bytes());
    put(&mut page, 32, &root.to_le_bytes());
    put(&mut page, 64, &transaction.to_le_bytes());
    let sum = fnv1a(&page[16..16 + META_SUMMED]);
    put(&mut page, 16 + META_SUMMED, &sum.to_le_bytes());
    page
}

/// A leaf of `pages` pages; the flag says that the value is a bucket.
fn leaf_page(id: u64, pages: u32, elements: &[(&[u8], &[u8], bool)]) -> Vec<u8> {
    let mut page = vec![0; SIZE * pages as usize];
    header(&mut page, id, LEAF, elements.len(), pages - 1);
    let mut data = PAGE_HEADER + elements.len() * ELEMENT;
    for (index, (key, value, bucket)) in elements.iter().enumerate() {
        let at = PAGE_HEADER + index * ELEMENT;
        let sizes = [u32::from(*bucket), (data - at) as u32, key.len() as u32, value.len() as u32];
        put(&mut page, at, &sizes.map(u32::to_le_bytes).concat());
        put(&mut page, data, key);
        put(&mut page, data + key.len(), value);
        data += key.len() + value.len();
    }
    page
}

fn branch_page(id: u64, children: &[u64]) -> Vec<u8> {
    let mut page = vec![0; SIZE];
    header(&mut page, id, BRANCH, children.len(), 0);
    for (index, child) in children.iter().enumerate() {
        put(&mut page, PAGE_HEADER + index * ELEMENT + 8, &child.to_le_bytes());
    }
    page
}

fn bucket_at(root: u64) -> Vec<u8> {
    [root.to_le_bytes(), [0; 8]].concat()
}

/// The root on page 2, a bucket `big` below the branch on page 3: a leaf of two pages on 4 and one on 6.
fn database() -> Vec<u8> {
    let mut small = bucket_at(0);
    let inline = leaf_page(0, 1, &[(b"k", b"v", false)]);
    small.extend_from_slice(&inline[..PAGE_HEADER + ELEMENT + 2]);
    let long = vec![b'x'; 1500];
    [
        meta_page(0, 2, 7),
        meta_page(1, 99, 6),
        leaf_page(2, 1, &[(b"big", &bucket_at(3), true), (b"small", &small, true), (b"value", b"1", false)]),
        branch_page(3, &[4, 6]),
        leaf_page(4, 2, &[(b"a", &long, false), (b"b", b"2", false)]),
        leaf_page(6, 1, &[(b"c", b"3", false), (b"inside", &bucket_at(2), true)]),
    ]
    .concat()
}

#[test]
fn a_bucket_over_several_pages_and_one_within_its_element() {
    let bytes = database();
    let bolt = Bolt::open(&bytes).expect("a database");
    let pairs = bolt.bucket(b"big").expect("whole").expect("there");
    let shown: Vec<(&[u8], usize)> = pairs.iter().map(|(key, value)| (*key, value.len())).collect();
    assert_eq!(shown, [(&b"a"[..], 1500), (b"b", 1), (b"c", 1)]);
    assert_eq!(bolt.bucket(b"small"), Ok(Some(vec![(&b"k"[..], &b"v"[..])])));
    assert_eq!(bolt.bucket(b"none"), Ok(None));
    assert_eq!(bolt.bucket(b"value"), Err(Fault::NoBucket));
}

#[test]
fn the_newest_whole_meta_page_counts() {
    let mut bytes = database();
    // A write of transaction 8 that did not end.
    put(&mut bytes, 0, &meta_page(0, 50, 8)[..70]);
    assert_eq!(Bolt::open(&bytes).expect("the older one").root, 99);
    bytes[SIZE + 20] = 3;
    assert_eq!(Bolt::open(&bytes).expect_err("neither"), Fault::NoMeta);
    assert_eq!(Bolt::open(b"").expect_err("nothing"), Fault::NoMeta);
}

#[test]
fn a_damaged_tree_is_told_and_ends() {
    let mut around = database();
    let at = 3 * SIZE;
    put(&mut around, at, &branch_page(3, &[4, 3]));
    assert_eq!(Bolt::open(&around).and_then(|bolt| bolt.bucket(b"big")), Err(Fault::Endless));
    put(&mut around, at, &branch_page(3, &[4, u64::MAX]));
    assert_eq!(Bolt::open(&around).and_then(|bolt| bolt.bucket(b"big")), Err(Fault::Outside { page: u64::MAX }));
    put(&mut around, at, &branch_page(3, &[4, 1]));
    assert_eq!(Bolt::open(&around).and_then(|bolt| bolt.bucket(b"big")), Err(Fault::WrongKind { page: 1 }));
    let mut cut = database();
    cut.truncate(5 * SIZE);
    assert_eq!(Bolt::open(&cut).and_then(|bolt| bolt.bucket(b"big")), Err(Fault::Outside { page: 4 }));
}

proptest! {
    /// With the sums put right behind the damage, so that it is seen.
    #[test]
    fn damaged_bytes_never_panic(damage in proptest::collection::vec((0..7 * SIZE, any::<u8>()), 1..12), cut in 0..7 * SIZE) {
        let mut bytes = database();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        for page in [0, SIZE] {
            let sum = fnv1a(&bytes[page + 16..page + 16 + META_SUMMED]);
            put(&mut bytes, page + 16 + META_SUMMED, &sum.to_le_bytes());
        }
        for bytes in [&bytes[..], &bytes[..cut]] {
            if let Ok(bolt) = Bolt::open(bytes) {
                for name in [&b"big"[..], b"small", b"none"] {
                    let _ = bolt.bucket(name);
                }
            }
        }
    }
}
