//! What does not compile of a canvas is explained in words that a person understands.

#[test]
fn steps_that_cannot_follow_are_refused() {
    trybuild::TestCases::new().compile_fail("canvas/*.rs");
}
