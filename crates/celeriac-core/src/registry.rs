use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::nearest::nearest;
use crate::{MissingState, StateMap, Task, TaskDefinition};

/// The tasks an app knows, by name.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    tasks: BTreeMap<String, Arc<TaskDefinition>>,
}

/// A registration that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two tasks of one name.
    #[error("task `{0}` is registered twice: give one of them another `name`")]
    Duplicate(String),
    /// A task whose state the app does not have: each of its runs would fail.
    #[error("task `{task}`: {state}")]
    MissingState {
        /// The task.
        task: String,
        /// Which.
        state: MissingState,
    },
    /// No such task; says which names are near.
    #[error("task `{name}` is not registered{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As asked for.
        name: String,
        /// A registered name close to it.
        near: Option<String>,
    },
}

impl Registry {
    /// Adds a task.
    pub fn register<T: Task>(&mut self) -> Result<(), RegistryError> {
        self.add(TaskDefinition::of::<T>())
    }

    /// Adds a definition.
    pub fn add(&mut self, definition: TaskDefinition) -> Result<(), RegistryError> {
        if self.tasks.contains_key(&definition.name) {
            return Err(RegistryError::Duplicate(definition.name));
        }
        self.tasks
            .insert(definition.name.clone(), Arc::new(definition));
        Ok(())
    }

    /// Whether all tasks find their state here.
    pub fn check_state(&self, app: &StateMap) -> Result<(), RegistryError> {
        for definition in self.tasks.values() {
            for check in definition.states {
                check(app).map_err(|state| RegistryError::MissingState {
                    task: definition.name.clone(),
                    state,
                })?;
            }
        }
        Ok(())
    }

    /// The task of this name.
    pub fn get(&self, name: &str) -> Result<&Arc<TaskDefinition>, RegistryError> {
        self.tasks.get(name).ok_or_else(|| RegistryError::Unknown {
            name: name.to_owned(),
            near: nearest(name, self.tasks.keys().map(String::as_str)).map(str::to_owned),
        })
    }

    /// The task of this name, if there is one; unlike [`get`](Self::get) it looks for no near
    /// names, so it is cheap for a sender that mostly calls tasks of other apps.
    pub fn find(&self, name: &str) -> Option<&Arc<TaskDefinition>> {
        self.tasks.get(name)
    }

    /// All tasks, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TaskDefinition>> {
        self.tasks.values()
    }
}
