//! Bolt's file format, to read only: a B+ tree of pages under two meta pages (bbolt v1.4 internal/common/{page,meta,bucket}.go). Numbers
//! are in the byte order of the machine that wrote it; little-endian ones are read, as on amd64 and arm64.
//!
//! Every offset is checked against the bytes there are, and no more pages are visited than there are.

use std::fmt;

const MAGIC: u32 = 0xED0C_DAED;
const VERSION: u32 = 2;

/// `unsafe.Sizeof(Page{})`: id, flags, count, overflow.
const PAGE_HEADER: usize = 16;
/// Offset of the checksum in the meta data: what is before it is summed.
const META_SUMMED: usize = 56;
/// Both kinds of element are as large.
const ELEMENT: usize = 16;
/// Root page and sequence before the page of a bucket that is small enough to stand in its own element.
const BUCKET_HEADER: usize = 16;

const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
const META: u16 = 0x04;
/// Of a leaf's element: its value is a bucket.
const IS_BUCKET: u32 = 0x01;

/// `db.go getPageSizeFromSecondMeta`: sizes tried while the first meta page is unreadable.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 10..=24;

/// A tree of three levels already holds millions of keys.
const MAX_DEPTH: usize = 32;

/// Why the bytes are no readable database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Neither meta page is whole.
    NoMeta,
    /// A page, or what is on it, lies outside the file.
    Outside { page: u64 },
    /// A page is of another kind than its place in the tree demands.
    WrongKind { page: u64 },
    /// The tree leads to a page more than once, or is deeper than any tree.
    Endless,
    /// The name is that of a value.
    NoBucket,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoMeta => write!(f, "no whole meta page"),
            Fault::Outside { page } => write!(f, "page {page} lies outside the file"),
            Fault::WrongKind { page } => write!(f, "page {page} is of the wrong kind"),
            Fault::Endless => write!(f, "the tree does not end"),
            Fault::NoBucket => write!(f, "no bucket"),
        }
    }
}

/// A key and its value.
pub type Pair<'a> = (&'a [u8], &'a [u8]);

/// An open database.
#[derive(Clone, Copy, Debug)]
pub struct Bolt<'a> {
    bytes: &'a [u8],
    page_size: usize,
    root: u64,
}

/// What one meta page says.
struct Meta {
    page_size: usize,
    root: u64,
    transaction: u64,
}

/// An element of a leaf.
struct Element<'a> {
    is_bucket: bool,
    key: &'a [u8],
    value: &'a [u8],
}

impl<'a> Bolt<'a> {
    /// Takes the newer of the meta pages that are whole: a write that was cut off leaves the older one valid.
    ///
    /// # Errors
    /// [`Fault::NoMeta`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, Fault> {
        let first = meta(bytes, 0);
        let second = match &first {
            Some(first) => meta(bytes, first.page_size),
            None => PAGE_SIZES
                .map(|power| 1 << power)
                .find_map(|size| meta(bytes, size).filter(|meta| meta.page_size == size)),
        };
        let newest = first.into_iter().chain(second).max_by_key(|meta| meta.transaction).ok_or(Fault::NoMeta)?;
        Ok(Bolt { bytes, page_size: newest.page_size, root: newest.root })
    }

    /// The pairs of a bucket of the root, in the order of their keys; none when there is no such bucket. Buckets inside are left out.
    ///
    /// # Errors
    /// A [`Fault`] in the pages that lead there.
    pub fn bucket(&self, name: &[u8]) -> Result<Option<Vec<Pair<'a>>>, Fault> {
        let roots = self.elements(self.root)?;
        let Some(found) = roots.iter().find(|element| element.key == name) else { return Ok(None) };
        if !found.is_bucket {
            return Err(Fault::NoBucket);
        }
        let root = u64_at(found.value, 0).ok_or(Fault::NoBucket)?;
        let elements = if root == 0 {
            let page = found.value.get(BUCKET_HEADER..).ok_or(Fault::NoBucket)?;
            leaf(page, 0)?
        } else {
            self.elements(root)?
        };
        Ok(Some(elements.into_iter().filter(|element| !element.is_bucket).map(|e| (e.key, e.value)).collect()))
    }

    /// All elements of the leaves below a page.
    fn elements(&self, root: u64) -> Result<Vec<Element<'a>>, Fault> {
        let mut found = Vec::new();
        let mut left = vec![(root, 0)];
        let mut budget = self.bytes.len() / self.page_size;
        while let Some((id, depth)) = left.pop() {
            let page = self.page(id)?;
            budget =
                budget.checked_sub(page.len() / self.page_size).filter(|_| depth < MAX_DEPTH).ok_or(Fault::Endless)?;
            match u16_at(page, 8) {
                Some(LEAF) => found.extend(leaf(page, id)?),
                Some(BRANCH) => {
                    let mut children = branch(page, id)?;
                    // The last one pushed is the first to be looked at.
                    children.reverse();
                    if children.len() > budget {
                        return Err(Fault::Endless);
                    }
                    left.extend(children.into_iter().map(|child| (child, depth + 1)));
                }
                _ => return Err(Fault::WrongKind { page: id }),
            }
        }
        Ok(found)
    }

    /// A page with those that continue it.
    fn page(&self, id: u64) -> Result<&'a [u8], Fault> {
        let outside = Fault::Outside { page: id };
        let start = usize::try_from(id).ok().and_then(|id| id.checked_mul(self.page_size)).ok_or(outside)?;
        let rest = self.bytes.get(start..).ok_or(outside)?;
        let more = usize::try_from(u32_at(rest, 12).ok_or(outside)?).map_err(|_| outside)?;
        let size = more.checked_add(1).and_then(|pages| pages.checked_mul(self.page_size)).ok_or(outside)?;
        rest.get(..size).ok_or(outside)
    }
}

/// The meta page at an offset, if it is whole.
fn meta(bytes: &[u8], at: usize) -> Option<Meta> {
    let page = bytes.get(at..)?;
    let meta = page.get(PAGE_HEADER..)?;
    let summed = meta.get(..META_SUMMED)?;
    let whole = u16_at(page, 8)? == META
        && u32_at(meta, 0)? == MAGIC
        && u32_at(meta, 4)? == VERSION
        && u64_at(meta, META_SUMMED)? == fnv1a(summed);
    let page_size = usize::try_from(u32_at(meta, 8)?).ok()?;
    let sane = page_size.is_power_of_two() && PAGE_SIZES.contains(&page_size.trailing_zeros());
    (whole && sane).then_some(Meta { page_size, root: u64_at(meta, 16)?, transaction: u64_at(meta, 48)? })
}

/// Flags, position, and sizes of key and value stand for each element; the position counts from the element itself.
fn leaf(page: &[u8], id: u64) -> Result<Vec<Element<'_>>, Fault> {
    if u16_at(page, 8) != Some(LEAF) {
        return Err(Fault::WrongKind { page: id });
    }
    let element = |at: usize| {
        let head = page.get(at..)?;
        let (flags, position) = (u32_at(head, 0)?, size_at(head, 4)?);
        let (key, value) = (size_at(head, 8)?, size_at(head, 12)?);
        let data = head.get(position..)?.get(..key.checked_add(value)?)?;
        let (key, value) = data.split_at_checked(key)?;
        Some(Element { is_bucket: flags & IS_BUCKET != 0, key, value })
    };
    elements(page).map(element).collect::<Option<_>>().ok_or(Fault::Outside { page: id })
}

/// The pages below a branch; the key of each, its first one, is not needed to walk them all.
fn branch(page: &[u8], id: u64) -> Result<Vec<u64>, Fault> {
    let child = |at: usize| u64_at(page.get(at..)?, 8);
    elements(page).map(child).collect::<Option<_>>().ok_or(Fault::Outside { page: id })
}

/// Where the elements of a page stand.
fn elements(page: &[u8]) -> impl Iterator<Item = usize> {
    (0..usize::from(u16_at(page, 10).unwrap_or_default())).map(|index| PAGE_HEADER + index * ELEMENT)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// FNV-1a, 64 bits (Go hash/fnv `New64a`).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests;
