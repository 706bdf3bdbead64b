//! frontdesk
fn main() {}
