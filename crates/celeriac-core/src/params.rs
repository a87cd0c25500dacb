/// A task's parameters, as `#[task]` read them from the function.
#[derive(Debug, PartialEq, Eq)]
pub struct Params {
    /// The function's name, for error texts.
    pub function: &'static str,
    /// In order; `Context` and `State<T>` are not among them.
    pub list: &'static [Param],
}

/// One parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, the keyword.
    pub name: &'static str,
    /// False for `Option` and for those with a default.
    pub required: bool,
}
