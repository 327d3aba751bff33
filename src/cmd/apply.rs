//! `--apply`: from what was found to a plan, and from the plan to a change that is proved or undone.
