//! Mistakes in a `#[task]` are shown where they are, with what would be right.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
