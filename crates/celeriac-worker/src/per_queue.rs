use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use celeriac_core::{Batch, Batcher};

type Make<B> = Box<dyn Fn(&str) -> Batcher<B> + Send + Sync>;

/// One batcher for each queue, made when first needed: a broker's request is about one queue.
pub(crate) struct PerQueue<B: Batch> {
    make: Make<B>,
    batchers: Mutex<HashMap<String, Batcher<B>>>,
}

impl<B: Batch> PerQueue<B> {
    pub(crate) fn new(make: impl Fn(&str) -> Batcher<B> + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            batchers: Mutex::default(),
        }
    }

    pub(crate) fn of(&self, queue: &str) -> Batcher<B> {
        let mut batchers = self.batchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batcher) = batchers.get(queue) {
            return batcher.clone();
        }
        let batcher = (self.make)(queue);
        batchers.insert(queue.to_owned(), batcher.clone());
        batcher
    }
}
