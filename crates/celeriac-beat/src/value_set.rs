/// The values that one field of a crontab lists: numbers from 0 to 63, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ValueSet(u64);

impl ValueSet {
    /// Whether `value` is listed.
    pub fn contains(self, value: u8) -> bool {
        value < 64 && self.0 & (1 << value) != 0
    }

    /// The values in ascending order.
    pub fn iter(self) -> impl Iterator<Item = u8> + Clone {
        (0..64).filter(move |value| self.contains(*value))
    }

    /// How many are listed.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether none is listed.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The lowest listed value that is `value` or more.
    pub fn at_or_after(self, value: u8) -> Option<u8> {
        let rest = self.0.checked_shr(u32::from(value))?;
        (rest != 0).then(|| value + rest.trailing_zeros() as u8)
    }
}

impl FromIterator<u8> for ValueSet {
    /// # Panics
    /// For a value over 63.
    fn from_iter<I: IntoIterator<Item = u8>>(values: I) -> Self {
        Self(values.into_iter().fold(0, |set, value| set | (1 << value)))
    }
}
