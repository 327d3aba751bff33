mod bridges;
mod here;
mod hosts;
mod routed;
