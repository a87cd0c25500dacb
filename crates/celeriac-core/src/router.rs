use std::collections::HashMap;

use celeriac_protocol::Dict;
use regex::Regex;
use thiserror::Error;

use crate::glob;

/// `task_routes`, `task_default_queue` (SPEC 5).
///
/// ```
/// use celeriac_core::{Route, RouteTarget, Router};
///
/// let routes = vec![
///     Route { pattern: "mail.*".to_owned(), target: RouteTarget::queue("mail") },
///     Route { pattern: "mail.urgent".to_owned(), target: RouteTarget::queue("now") },
/// ];
/// let router = Router::new(routes, "celery").unwrap();
/// let queue = |task| router.lookup(task).and_then(|target| target.queue.as_deref());
/// assert_eq!(queue("mail.urgent"), Some("now")); // exact names first
/// assert_eq!(queue("mail.weekly.digest"), Some("mail")); // `*` spans dots
/// assert_eq!(queue("reports.daily"), None); // `router.default_queue()`
/// ```
#[derive(Clone, Debug, Default)]
pub struct Router {
    exact: HashMap<String, RouteTarget>,
    patterns: Vec<(Regex, RouteTarget)>,
    default_queue: String,
}

/// One route: which names, to where.
#[derive(Clone, Debug)]
pub struct Route {
    /// An exact name, a glob (with `*`), or a regex written `re:...` (match at the start).
    pub pattern: String,
    /// Where to.
    pub target: RouteTarget,
}

/// A queue, and any other `apply_async` options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTarget {
    /// The queue.
    pub queue: Option<String>,
    /// `apply_async` options; a call's own option wins.
    pub options: Dict,
}

impl RouteTarget {
    /// A queue and nothing else.
    pub fn queue(name: impl Into<String>) -> Self {
        Self {
            queue: Some(name.into()),
            options: Dict::new(),
        }
    }
}

/// A route that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("task_routes: `{pattern}`: {reason}")]
pub struct RouterError {
    /// As given.
    pub pattern: String,
    /// What is wrong.
    pub reason: String,
}

impl Router {
    /// Compiles the patterns. Exact names are looked up first, then patterns in order.
    pub fn new(routes: Vec<Route>, default_queue: impl Into<String>) -> Result<Self, RouterError> {
        let mut compiled = Self {
            default_queue: default_queue.into(),
            ..Self::default()
        };
        for Route { pattern, target } in routes {
            match compile(&pattern)? {
                Some(regex) => compiled.patterns.push((regex, target)),
                None => {
                    // the first of equal names wins, as the first of several routers does in Celery
                    compiled.exact.entry(pattern).or_insert(target);
                }
            }
        }
        Ok(compiled)
    }

    /// The first route of this name, if any.
    pub fn lookup(&self, task: &str) -> Option<&RouteTarget> {
        self.exact.get(task).or_else(|| {
            self.patterns
                .iter()
                .find(|(regex, _)| regex.is_match(task))
                .map(|(_, target)| target)
        })
    }

    /// `task_default_queue`.
    pub fn default_queue(&self) -> &str {
        &self.default_queue
    }
}

/// The regex of a pattern; `None` for an exact name.
fn compile(pattern: &str) -> Result<Option<Regex>, RouterError> {
    let regex = if let Some(regex) = pattern.strip_prefix("re:") {
        format!(r"\A(?:{regex})")
    } else if pattern.contains('*') {
        glob::to_regex(pattern)
    } else {
        return Ok(None);
    };
    Regex::new(&regex).map(Some).map_err(|error| RouterError {
        pattern: pattern.to_owned(),
        reason: format!("not a regular expression: {error}"),
    })
}
