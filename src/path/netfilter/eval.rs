//! Asks chains: three-valued, with NAT and marks.
