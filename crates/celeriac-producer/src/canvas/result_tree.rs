use celeriac_protocol::Value;

/// Steps before one that are told with it.
const MOST_PARENTS: usize = 20;

/// Where the results of a canvas are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultTree {
    /// Of one task.
    Task {
        /// Its id.
        id: String,
        /// Of what runs before it in this canvas.
        parent: Option<Box<ResultTree>>,
    },
    /// Of tasks beside each other.
    Group {
        /// The group's id.
        id: String,
        /// Theirs, in order.
        members: Vec<ResultTree>,
        /// Of what runs before it in this canvas.
        parent: Option<Box<ResultTree>>,
    },
}

impl ResultTree {
    /// The task's id, or the group's.
    pub fn id(&self) -> &str {
        match self {
            Self::Task { id, .. } | Self::Group { id, .. } => id,
        }
    }

    /// Of what runs before it in this canvas.
    pub fn parent(&self) -> Option<&Self> {
        match self {
            Self::Task { parent, .. } | Self::Group { parent, .. } => parent.as_deref(),
        }
    }

    /// What runs first in this canvas.
    pub fn first(&self) -> &Self {
        let mut first = self;
        while let Some(parent) = first.parent() {
            first = parent;
        }
        first
    }

    /// The ids of the tasks whose results these are, in order.
    pub fn ids(&self) -> Vec<String> {
        match self {
            Self::Task { id, .. } => vec![id.clone()],
            Self::Group { members, .. } => members.iter().flat_map(Self::ids).collect(),
        }
    }

    /// Celery's `as_tuple` (SPEC 2.4), with what runs before it: so many steps at most, since each is
    /// nested in the next, and readers take no depth.
    pub fn to_tuple(&self) -> Value {
        self.tuple(MOST_PARENTS)
    }

    fn tuple(&self, parents: usize) -> Value {
        let parent = self.parent().filter(|_| parents > 0);
        let parent = parent
            .map(|parent| parent.tuple(parents - 1))
            .unwrap_or_default();
        let key = Value::List(vec![Value::Str(self.id().to_owned()), parent]);
        let members = match self {
            Self::Task { .. } => Value::Null,
            Self::Group { members, .. } => {
                let each = members.iter().map(|member| member.tuple(parents.min(1)));
                Value::List(each.collect())
            }
        };
        Value::List(vec![key, members])
    }

    /// Reads such a tuple.
    pub fn of_tuple(value: &Value) -> Option<Self> {
        let [key, members] = value.as_list()? else {
            return None;
        };
        let (id, parent) = match key {
            Value::Str(id) => (id.clone(), None),
            key => {
                let [id, parent] = key.as_list()? else {
                    return None;
                };
                (
                    id.as_str()?.to_owned(),
                    Self::of_tuple(parent).map(Box::new),
                )
            }
        };
        Some(match members {
            Value::List(members) => Self::Group {
                id,
                members: members.iter().filter_map(Self::of_tuple).collect(),
                parent,
            },
            _ => Self::Task { id, parent },
        })
    }

    pub(super) fn after(self, before: Option<Box<Self>>) -> Self {
        match self {
            Self::Task { id, parent } => Self::Task {
                id,
                parent: chained(parent, before),
            },
            Self::Group {
                id,
                members,
                parent,
            } => Self::Group {
                id,
                members,
                parent: chained(parent, before),
            },
        }
    }
}

fn chained(
    parent: Option<Box<ResultTree>>,
    before: Option<Box<ResultTree>>,
) -> Option<Box<ResultTree>> {
    match parent {
        Some(parent) => Some(Box::new(parent.after(before))),
        None => before,
    }
}
