/// Members of one shard: its item stays below 1 KB with all of them in a set, so that a mark costs
/// one write unit, and is written 128 times at most.
pub const SHARD: u32 = 128;

/// How the members of a chord lie in shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    members: u32,
}

impl Shards {
    /// Of so many members.
    pub fn of(members: u32) -> Self {
        Self { members }
    }

    /// How many shards there are; at least one.
    pub fn count(self) -> u32 {
        self.members.div_ceil(SHARD).max(1)
    }

    /// Members of this one.
    pub fn size(self, shard: u32) -> u32 {
        self.members.saturating_sub(shard * SHARD).min(SHARD)
    }

    /// The shard of a member.
    pub fn shard(index: u32) -> u32 {
        index / SHARD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_lie_in_shards() {
        let sizes = |members| {
            let shards = Shards::of(members);
            (0..shards.count())
                .map(|k| shards.size(k))
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(128), [128]);
        assert_eq!(sizes(129), [128, 1]);
        assert_eq!(sizes(300), [128, 128, 44]);
        assert_eq!(Shards::shard(127), 0);
        assert_eq!(Shards::shard(128), 1);
    }
}
