use uuid::Uuid;

use super::DesiredSchedule;
use crate::eventbridge::limits;

/// Hex digits that tell the entry: 40 bits, among all names of a group.
const OWNER: usize = 10;
/// Hex digits that tell the definition: 32 bits, and they have to differ within one entry only.
const DIGEST: usize = 8;

/// Ends the name of a schedule whose entry is turned off in the code; what is off without it was
/// paused by an operator.
const OFF: &str = ".off";

/// `<entry>[.<part>]-<digests>[.off]` in the characters that EventBridge Scheduler allows, at most
/// 64 of them. A list page then says whose a schedule is and whether it is as it should be, without
/// a request for each.
pub(super) fn schedule_name(desired: &DesiredSchedule, part: &str) -> String {
    let part = if part.is_empty() {
        String::new()
    } else {
        format!(".{part}")
    };
    let off = if desired.enabled { "" } else { OFF };
    let room = limits::NAME_CHARACTERS - OWNER - DIGEST - 1 - part.len() - OFF.len();
    let slug: String = desired.entry.chars().map(allowed).take(room).collect();
    let (owner, digest) = (owner_of_entry(&desired.entry), digest(desired));
    format!("{slug}{part}-{owner}{digest}{off}")
}

/// What every schedule of an entry has in its name and no other has: slugs of two entries may be
/// alike.
pub(super) fn owner_of_entry(entry: &str) -> String {
    hex(entry.as_bytes(), OWNER)
}

/// That part of a name, if it is one of ours.
pub(super) fn owner(name: &str) -> Option<&str> {
    parts(name).map(|(_, digests)| &digests[..OWNER])
}

/// What a name says but the definition: schedules of the same stem replace each other.
pub(super) fn stem(name: &str) -> &str {
    match parts(name) {
        Some((text, _)) => &name[..text.len() + 1 + OWNER],
        None => name,
    }
}

/// Whether the name says that the code turned it off.
pub(super) fn is_off(name: &str) -> bool {
    name.ends_with(OFF) && parts(name).is_some()
}

/// What people read, and the digests.
fn parts(name: &str) -> Option<(&str, &str)> {
    let parts = name.strip_suffix(OFF).unwrap_or(name).rsplit_once('-')?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (parts.1.len() == OWNER + DIGEST && parts.1.bytes().all(is_hex)).then_some(parts)
}

fn allowed(character: char) -> char {
    if character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-') {
        character
    } else {
        '_'
    }
}

/// Of all that makes the schedule what it is; whether it is on has its own place in the name.
fn digest(desired: &DesiredSchedule) -> String {
    let fixed = DesiredSchedule {
        name: String::new(),
        enabled: true,
        ..desired.clone()
    };
    let text = format!(
        "{:?}\n{:?}\n{}",
        desired.phase,
        desired.delivery,
        serde_json::to_string(&fixed).unwrap_or_default()
    );
    hex(text.as_bytes(), DIGEST)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes);
    digest.simple().to_string()[..digits].to_owned()
}
