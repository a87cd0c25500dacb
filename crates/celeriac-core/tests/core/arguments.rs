use celeriac_core::{Arguments, Param, Params};
use celeriac_protocol::{Dict, Value};
use proptest::prelude::*;
use serde::Deserialize;

use crate::{dict, text};

const fn required(name: &'static str) -> Param {
    Param {
        name,
        required: true,
    }
}

static ADD: Params = Params {
    function: "add",
    list: &[required("x"), required("y")],
    ..Params::NONE
};
static ONE: Params = Params {
    function: "one",
    list: &[required("x")],
    ..Params::NONE
};
static NONE: Params = Params {
    function: "none",
    list: &[],
    ..Params::NONE
};
static THREE: Params = Params {
    function: "three",
    list: &[required("a"), required("b"), required("c")],
    ..Params::NONE
};
static OPTIONAL: Params = Params {
    function: "optional",
    list: &[
        required("a"),
        Param {
            name: "b",
            required: false,
        },
    ],
    ..Params::NONE
};

fn ints(count: i64) -> Vec<Value> {
    (0..count).map(Value::Int).collect()
}

fn refusal(params: &'static Params, args: Vec<Value>, kwargs: Dict) -> String {
    Arguments::bind(params, args, kwargs)
        .unwrap_err()
        .to_string()
}

/// Each text was read off Python 3.
#[test]
fn wrong_calls_read_as_in_python() {
    let one = |name| dict([(name, Value::Int(1))]);
    let texts = [
        (
            refusal(&ADD, ints(1), Dict::new()),
            "add() missing 1 required positional argument: 'y'",
        ),
        (
            refusal(&ADD, ints(0), Dict::new()),
            "add() missing 2 required positional arguments: 'x' and 'y'",
        ),
        (
            refusal(&THREE, ints(0), Dict::new()),
            "three() missing 3 required positional arguments: 'a', 'b', and 'c'",
        ),
        (
            refusal(&THREE, ints(0), one("b")),
            "three() missing 2 required positional arguments: 'a' and 'c'",
        ),
        (
            refusal(&ADD, ints(3), Dict::new()),
            "add() takes 2 positional arguments but 3 were given",
        ),
        (
            refusal(&ONE, ints(2), Dict::new()),
            "one() takes 1 positional argument but 2 were given",
        ),
        (
            refusal(&NONE, ints(1), Dict::new()),
            "none() takes 0 positional arguments but 1 was given",
        ),
        (
            refusal(&OPTIONAL, ints(3), Dict::new()),
            "optional() takes from 1 to 2 positional arguments but 3 were given",
        ),
        (
            refusal(&ADD, ints(2), one("z")),
            "add() got an unexpected keyword argument 'z'",
        ),
        (
            refusal(&ADD, ints(1), one("x")),
            "add() got multiple values for argument 'x'",
        ),
        // several mistakes: Python looks at the keywords first, then at the count
        (
            refusal(&ADD, ints(3), one("z")),
            "add() got an unexpected keyword argument 'z'",
        ),
        (
            refusal(&ADD, ints(3), one("x")),
            "add() got multiple values for argument 'x'",
        ),
    ];
    for (got, expected) in texts {
        assert_eq!(got, expected);
    }
}

#[test]
fn optional_arguments_may_be_absent_or_null() {
    let mut bound = Arguments::bind(&OPTIONAL, ints(1), Dict::new()).unwrap();
    assert_eq!(bound.take::<Option<i64>>(1).unwrap(), None);
    let mut bound = Arguments::bind(&OPTIONAL, ints(1), Dict::new()).unwrap();
    assert_eq!(bound.take_or(1, || 7).unwrap(), 7);
    let mut bound = Arguments::bind(&OPTIONAL, ints(1), dict([("b", Value::Null)])).unwrap();
    assert_eq!(
        bound.take_or(1, || Some(7)).unwrap(),
        None,
        "a given null is no default"
    );
}

fn conversion<T: serde::de::DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
    Arguments::bind(&ONE, vec![value], Dict::new())
        .unwrap()
        .take::<T>(0)
        .unwrap_err()
        .to_string()
}

#[derive(Debug, Deserialize)]
struct Item {
    #[expect(dead_code, reason = "only read off the wire")]
    sku: String,
}

#[test]
fn values_that_do_not_convert_are_named() {
    assert_eq!(
        conversion::<i64>(text("abc")),
        "one() argument 'x': expected i64, got str 'abc'"
    );
    assert_eq!(
        conversion::<u8>(Value::Int(300)),
        "one() argument 'x': expected u8, got int 300"
    );
    assert_eq!(
        conversion::<String>(Value::Null),
        "one() argument 'x': expected String, got None"
    );
    assert_eq!(
        conversion::<bool>(Value::List(vec![])),
        "one() argument 'x': expected bool, got list"
    );
    assert_eq!(
        conversion::<Option<i64>>(text("a")),
        "one() argument 'x': expected Option<i64>, got str 'a'"
    );
    let inside = conversion::<Vec<Item>>(Value::List(vec![Value::Dict(Dict::new())]));
    assert!(
        inside.starts_with("one() argument 'x': expected Vec<Item>, got list ("),
        "{inside}"
    );
    assert!(inside.contains("sku"), "{inside}");
}

proptest! {
    /// However a full set of arguments is split between positions and keywords, each parameter gets
    /// its own.
    #[test]
    fn any_split_of_positions_and_keywords_binds(values in prop::array::uniform3(any::<i64>()), positional in 0_usize..=3) {
        let args = values[..positional].iter().copied().map(Value::Int).collect();
        let names = ["a", "b", "c"];
        let kwargs = (positional..3).rev().map(|at| (names[at].to_owned(), Value::Int(values[at]))).collect();
        let mut bound = Arguments::bind(&THREE, args, kwargs).unwrap();
        for (at, value) in values.iter().enumerate() {
            prop_assert_eq!(bound.take::<i64>(at).unwrap(), *value);
        }
    }

    /// Any call is bound or refused, never a panic, and a bound one has all that is required.
    #[test]
    fn any_call_is_bound_or_refused(args in 0_usize..5, names in prop::collection::vec("[a-d]", 0..4)) {
        let kwargs: Dict = names.iter().map(|name| (name.clone(), Value::Int(1))).collect();
        let distinct = kwargs.len();
        match Arguments::bind(&THREE, vec![Value::Int(0); args], kwargs) {
            Ok(mut bound) => {
                prop_assert_eq!(args + distinct, 3);
                for at in 0..3 {
                    prop_assert!(bound.take::<i64>(at).is_ok());
                }
            }
            Err(error) => prop_assert!(error.to_string().starts_with("three() ")),
        }
    }
}
