use std::iter;

use uuid::Uuid;

/// Whose ends a chord awaits, in order, and how their results nest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Their ids: each task that ends a branch of the header.
    pub ids: Vec<String>,
    /// How their results nest; empty where each is one item of a flat list.
    pub shape: Vec<Shape>,
}

/// An item of the list that a body gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One member's result.
    Leaf,
    /// The results of a group that ends a branch.
    List(Vec<Shape>),
}

impl Members {
    /// Members whose results are a flat list.
    pub fn flat(ids: impl IntoIterator<Item = String>) -> Self {
        Self {
            ids: ids.into_iter().collect(),
            shape: Vec::new(),
        }
    }

    /// As many as there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Items of the list that a body gets.
    pub fn items(&self) -> usize {
        match self.shape.len() {
            0 => self.ids.len(),
            items => items,
        }
    }

    /// The place of a member: that of this index if it has this id, else the first of this id.
    pub fn place(&self, task_id: &str, index: Option<u32>) -> Option<u32> {
        let at = index.and_then(|index| usize::try_from(index).ok());
        if at
            .and_then(|at| self.ids.get(at))
            .is_some_and(|id| id == task_id)
        {
            return index;
        }
        let found = self.ids.iter().position(|id| id == task_id)?;
        u32::try_from(found).ok()
    }

    /// Whether all ids are those that [`member_id`] gives.
    pub fn are_derived(&self, group_id: &str) -> bool {
        let mut each = self.ids.iter().zip(0..);
        each.all(|(id, index)| *id == member_id(group_id, index))
    }

    /// So many members, with the ids that [`member_id`] gives.
    pub fn derived(group_id: &str, count: u32, shape: Vec<Shape>) -> Self {
        Self {
            ids: (0..count).map(|index| member_id(group_id, index)).collect(),
            shape,
        }
    }

    /// The results, one for each member in order, nested as the body gets them.
    pub fn nest<T>(&self, results: Vec<T>, list: &impl Fn(Vec<T>) -> T) -> Vec<T> {
        if self.shape.is_empty() {
            return results;
        }
        let mut results = results.into_iter();
        let mut nested = nest(&self.shape, &mut results, list);
        nested.extend(results); // added while the chord was open
        nested
    }
}

fn nest<T>(
    shape: &[Shape],
    results: &mut impl Iterator<Item = T>,
    list: &impl Fn(Vec<T>) -> T,
) -> Vec<T> {
    let item = |item: &Shape| match item {
        Shape::Leaf => results.next(),
        Shape::List(items) => Some(list(nest(items, &mut *results, list))),
    };
    shape.iter().map_while(item).collect()
}

/// The id of a chord's member that has none of its own: the same whenever the chord is begun.
pub fn member_id(group_id: &str, index: u32) -> String {
    let name = format!("{group_id}:{index}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

impl Shape {
    /// How results nest, in a text: `*` for one, `( )` around those of a group.
    pub fn text(shape: &[Self]) -> String {
        let item = |item: &Self| match item {
            Self::Leaf => "*".to_owned(),
            Self::List(items) => format!("({})", Self::text(items)),
        };
        shape.iter().map(item).collect()
    }

    /// Reads such a text; what is not closed ends there.
    pub fn of_text(text: &str) -> Vec<Self> {
        Self::read(&mut text.chars())
    }

    fn read(text: &mut std::str::Chars<'_>) -> Vec<Self> {
        let item = || match text.next()? {
            '*' => Some(Self::Leaf),
            '(' => Some(Self::List(Self::read(text))),
            _ => None,
        };
        iter::from_fn(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_nest_as_the_groups_did() {
        let shape = Shape::of_text("*(**)*(()*)");
        assert_eq!(Shape::text(&shape), "*(**)*(()*)");
        let members = Members::derived("g", 5, shape);
        let list = |items: Vec<String>| format!("[{}]", items.join(" "));
        let results = (0..5).map(|n: i32| n.to_string()).collect();
        assert_eq!(members.nest(results, &list), ["0", "[1 2]", "3", "[[] 4]"]);
        assert_eq!(members.items(), 4);
    }

    #[test]
    fn a_member_is_found_by_its_index_or_its_id() {
        let members = Members::flat(["a", "b", "a"].map(str::to_owned));
        assert_eq!(members.place("a", Some(2)), Some(2));
        assert_eq!(
            members.place("a", Some(1)),
            Some(0),
            "the index of a nested group"
        );
        assert_eq!(members.place("b", None), Some(1));
        assert_eq!(members.place("c", Some(0)), None);
        assert!(!members.are_derived("g"));
        assert!(Members::derived("g", 3, Vec::new()).are_derived("g"));
    }
}
