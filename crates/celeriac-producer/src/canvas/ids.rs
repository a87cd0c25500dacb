use uuid::Uuid;

/// Where the ids come from of tasks that have none.
#[derive(Debug)]
pub struct Ids {
    /// Nothing: random ones.
    seed: Option<String>,
    given: u32,
}

impl Ids {
    /// Random ones.
    pub fn random() -> Self {
        Self {
            seed: None,
            given: 0,
        }
    }

    /// Ids that are the same whenever the same is sent: a text that says who sends it, and as what.
    pub fn of(seed: impl Into<String>) -> Self {
        Self {
            seed: Some(seed.into()),
            given: 0,
        }
    }

    /// The text that they are made of; empty for random ones.
    pub fn seed(&self) -> &str {
        self.seed.as_deref().unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> String {
        let Some(seed) = &self.seed else {
            return celeriac_core::random::uuid4().to_string();
        };
        let name = match self.given {
            0 => seed.clone(),
            given => format!("{seed}.{given}"),
        };
        self.given += 1;
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }
}
