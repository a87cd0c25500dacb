use std::collections::{HashMap, VecDeque};

use celeriac_core::Delivery;

/// What a message is taken for before the first has come.
const FIRST_GUESS: usize = 4 << 10;

/// The messages a worker holds, by queue ("lane"): who may receive how many more, and which one is
/// next.
///
/// `messages` counts those that wait or run, which is what `worker_prefetch_multiplier` bounds;
/// `bytes` counts those whose end is being stored too.
pub(crate) struct Prefetch {
    bounds: Bounds,
    lanes: Vec<Lane>,
    messages: usize,
    bytes: usize,
    reserved: usize,
    reserved_bytes: usize,
    closed: bool,
}

/// What may be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// Messages in one receive.
    pub(crate) receive: usize,
    /// The first lane's messages before the second's, always; else by weight.
    pub(crate) strict: bool,
}

/// A lane's part.
struct Lane {
    weight: u32,
    fifo: bool,
    credit: i64,
    ready: VecDeque<Item>,
    groups: HashMap<String, VecDeque<Item>>,
    /// Waiting or running.
    messages: usize,
    /// Waiting: ready, or behind another of its group.
    waiting: usize,
    reserved: usize,
    /// Its last receive came back full, or nearly.
    backlogged: bool,
    /// A recent size of its messages.
    typical: usize,
}

/// A message that waits to be run.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) lane: usize,
    pub(crate) size: usize,
    pub(crate) delivery: Delivery,
}

/// The right to receive some messages.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a grant that is not given back takes room for ever"]
pub(crate) struct Grant {
    pub(crate) lane: usize,
    pub(crate) messages: usize,
    bytes: usize,
}

impl Prefetch {
    /// Lanes in strict order: each one's weight, and whether it is FIFO.
    pub(crate) fn new(bounds: Bounds, lanes: impl IntoIterator<Item = (u32, bool)>) -> Self {
        let bounds = Bounds {
            messages: bounds.messages.max(1),
            bytes: bounds.bytes.max(1),
            receive: bounds.receive.max(1),
            ..bounds
        };
        let lanes = lanes
            .into_iter()
            .map(|(weight, fifo)| Lane::new(weight, fifo))
            .collect();
        Self {
            bounds,
            lanes,
            messages: 0,
            bytes: 0,
            reserved: 0,
            reserved_bytes: 0,
            closed: false,
        }
    }

    /// The right to receive for `lane` now, if there is room for enough messages to be worth a
    /// request, or for any where the lane has none waiting. Every lane's `first` receiver is let in
    /// although others wait on empty queues with rights that they may never use; so at most twice
    /// the bound can be held, for a moment.
    pub(crate) fn grant(&mut self, lane: usize, first: bool) -> Option<Grant> {
        if self.closed || self.yields(lane) {
            return None;
        }
        let here = &self.lanes[lane];
        let cap = self.cap(lane).saturating_sub(here.messages + here.reserved);
        let room = self
            .bounds
            .messages
            .saturating_sub(self.messages + self.reserved);
        let own = self
            .bounds
            .messages
            .saturating_sub(self.messages + here.reserved);
        let share = (self.bounds.messages / self.lanes.len()).max(1);
        let free = if first {
            room.max(own.min(share))
        } else {
            room
        }
        .min(cap);
        let worth = (self.cap(lane) / 2).clamp(1, self.bounds.receive);
        let starving = first && here.waiting == 0;
        if free == 0 || (free < worth && !starving) {
            return None;
        }
        self.reserve(lane, free.min(self.bounds.receive))
    }

    fn reserve(&mut self, lane: usize, wanted: usize) -> Option<Grant> {
        let typical = self.lanes[lane].typical;
        let left = self
            .bounds
            .bytes
            .saturating_sub(self.bytes + self.reserved_bytes);
        if left < typical && self.messages > 0 {
            return None;
        }
        let messages = wanted.min((left / typical).max(1));
        let grant = Grant {
            lane,
            messages,
            bytes: messages * typical,
        };
        self.reserved += grant.messages;
        self.reserved_bytes += grant.bytes;
        self.lanes[lane].reserved += grant.messages;
        Some(grant)
    }

    /// Strict order: not while an earlier queue has a backlog.
    fn yields(&self, lane: usize) -> bool {
        self.bounds.strict && self.lanes[..lane].iter().any(|earlier| earlier.backlogged)
    }

    /// How much this lane may hold while others have a backlog: its weight's share.
    fn cap(&self, lane: usize) -> usize {
        let weight = u64::from(self.lanes[lane].weight);
        let others = self
            .lanes
            .iter()
            .enumerate()
            .filter(|(index, other)| *index != lane && other.backlogged);
        let total = weight
            + others
                .map(|(_, other)| u64::from(other.weight))
                .sum::<u64>();
        if self.bounds.strict || total == weight {
            return self.bounds.messages;
        }
        let share = self.bounds.messages as u128 * u128::from(weight) / u128::from(total);
        usize::try_from(share).unwrap_or(usize::MAX).max(1)
    }

    /// Gives a grant back with what it brought. After `close` the deliveries come back: they are to
    /// be released.
    #[expect(clippy::needless_pass_by_value, reason = "a grant is used up")]
    pub(crate) fn fill(&mut self, grant: Grant, deliveries: Vec<Delivery>) -> Vec<Delivery> {
        let backlogged = !deliveries.is_empty() && deliveries.len() * 2 > grant.messages;
        self.give_back(grant.lane, grant.messages, grant.bytes, backlogged);
        if self.closed {
            return deliveries;
        }
        for delivery in deliveries {
            self.add(grant.lane, delivery);
        }
        Vec::new()
    }

    /// A lane's receive waits for a first message: there is no backlog.
    pub(crate) fn quiet(&mut self, lane: usize) {
        self.lanes[lane].backlogged = false;
    }

    fn give_back(&mut self, lane: usize, messages: usize, bytes: usize, backlogged: bool) {
        self.reserved -= messages;
        self.reserved_bytes -= bytes;
        let lane = &mut self.lanes[lane];
        lane.reserved -= messages;
        lane.backlogged = backlogged;
    }

    fn add(&mut self, index: usize, delivery: Delivery) {
        let size = delivery.body.len()
            + delivery
                .attributes
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>();
        self.messages += 1;
        self.bytes += size;
        let lane = &mut self.lanes[index];
        lane.messages += 1;
        lane.waiting += 1;
        lane.typical = size.max(lane.typical / 8 * 7).max(1);
        lane.add(Item {
            lane: index,
            size,
            delivery,
        });
    }

    /// The next message to run, by order or weight. Of a FIFO group only one is out at a time.
    pub(crate) fn next(&mut self) -> Option<Item> {
        let ready = |lane: &Lane| !lane.ready.is_empty();
        let index = if self.bounds.strict {
            self.lanes.iter().position(ready)?
        } else {
            self.weighted()?
        };
        let lane = &mut self.lanes[index];
        lane.waiting -= 1;
        lane.ready.pop_front()
    }

    /// Smooth weighted round robin among the lanes that have something.
    fn weighted(&mut self) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<(usize, i64)> = None;
        for (index, lane) in self
            .lanes
            .iter_mut()
            .enumerate()
            .filter(|(_, lane)| !lane.ready.is_empty())
        {
            total += i64::from(lane.weight);
            lane.credit += i64::from(lane.weight);
            if best.is_none_or(|(_, credit)| lane.credit > credit) {
                best = Some((index, lane.credit));
            }
        }
        let (index, _) = best?;
        self.lanes[index].credit -= total;
        Some(index)
    }

    /// A run is over, or will not take place; the end of it may still be being stored.
    pub(crate) fn ran(&mut self, lane: usize) {
        self.messages -= 1;
        self.lanes[lane].messages -= 1;
    }

    /// A message is done with. If it stays on its FIFO queue (`done` is false), the later ones of
    /// its group come back: they are to be released, so that the order stands.
    pub(crate) fn ended(
        &mut self,
        lane: usize,
        size: usize,
        group: Option<&str>,
        done: bool,
    ) -> Vec<Delivery> {
        self.bytes -= size;
        let Some(group) = group else {
            return Vec::new();
        };
        let here = &mut self.lanes[lane];
        let Some(waiting) = here.groups.get_mut(group) else {
            return Vec::new();
        };
        if done && let Some(next) = waiting.pop_front() {
            here.ready.push_back(next);
            return Vec::new();
        }
        let later = here.groups.remove(group).unwrap_or_default();
        here.waiting -= later.len();
        self.drop_items(later)
    }

    /// Takes out all that wait. Nothing is granted from here on.
    pub(crate) fn close(&mut self) -> Vec<Delivery> {
        self.closed = true;
        let mut items = Vec::new();
        for lane in &mut self.lanes {
            items.extend(lane.ready.drain(..));
            items.extend(
                lane.groups
                    .values_mut()
                    .flat_map(|waiting| waiting.drain(..)),
            );
            lane.waiting = 0;
        }
        self.drop_items(items)
    }

    fn drop_items(&mut self, items: impl IntoIterator<Item = Item>) -> Vec<Delivery> {
        let drop = |item: Item| {
            self.messages -= 1;
            self.bytes -= item.size;
            self.lanes[item.lane].messages -= 1;
            item.delivery
        };
        items.into_iter().map(drop).collect()
    }

    /// Messages that wait for their run.
    pub(crate) fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.waiting).sum()
    }
}

impl Lane {
    fn new(weight: u32, fifo: bool) -> Self {
        Self {
            weight: weight.max(1),
            fifo,
            credit: 0,
            ready: VecDeque::new(),
            groups: HashMap::new(),
            messages: 0,
            waiting: 0,
            reserved: 0,
            backlogged: false,
            typical: FIRST_GUESS,
        }
    }

    fn add(&mut self, item: Item) {
        // fair queues have groups without an order
        let group = item.delivery.group_id.clone().filter(|_| self.fifo);
        match group {
            None => self.ready.push_back(item),
            Some(group) => {
                if let Some(waiting) = self.groups.get_mut(&group) {
                    waiting.push_back(item);
                } else {
                    self.groups.insert(group, VecDeque::new());
                    self.ready.push_back(item);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "prefetch_tests.rs"]
mod tests;
