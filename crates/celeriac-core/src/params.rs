/// A task's parameters, as `#[task]` read them from the function.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// The function's name, for error texts.
    pub function: &'static str,
    /// In order; `Context` and `State<T>` are not among them.
    pub list: &'static [Param],
    /// Takes further positional arguments as a list: Python's `*args`. They come after those of the
    /// list.
    pub var_args: bool,
    /// Takes further keyword arguments as a dict: Python's `**kwargs`. They come last.
    pub var_kwargs: bool,
}

impl Params {
    /// None at all.
    pub const NONE: Self = Self {
        function: "",
        list: &[],
        var_args: false,
        var_kwargs: false,
    };

    /// Whether it is an error callback of Celery's newer kind: it begins with `request`, `exc` and
    /// `traceback`.
    pub fn is_new_style_errback(&self) -> bool {
        let names: Vec<&str> = self.list.iter().take(3).map(|param| param.name).collect();
        matches!(names[..], ["request", "exc", "traceback" | "tb"])
    }
}

/// One parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, the keyword.
    pub name: &'static str,
    /// False for `Option` and for those with a default.
    pub required: bool,
}
