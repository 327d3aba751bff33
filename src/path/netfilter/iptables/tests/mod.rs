//! Tables of rule lines and what they become.
