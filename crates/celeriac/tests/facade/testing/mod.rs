//! The code of `docs/testing.md`, word for word.

mod call;
mod context;
mod in_memory;
mod more;

#[test]
fn the_page_has_this_code() {
    let page = include_str!("../../../../../docs/testing.md");
    for code in [
        include_str!("call.rs"),
        include_str!("context.rs"),
        include_str!("in_memory.rs"),
    ] {
        assert!(page.contains(&format!("```rust\n{code}```")), "{code}");
    }
}
