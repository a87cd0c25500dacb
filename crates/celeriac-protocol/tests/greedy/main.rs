//! No message takes much memory, whatever it is made of. `cargo bench -p celeriac-protocol` says
//! what each takes, compressed ones too, and how long.

#![expect(clippy::print_stdout, reason = "one process tells another")]

mod shapes;

#[test]
fn no_message_takes_more_than_64_mib() {
    if shapes::is_child() {
        return;
    }
    let child = [
        "no_message_takes_more_than_64_mib",
        "--exact",
        "--nocapture",
    ];
    let mut too_much = Vec::new();
    for greedy in shapes::all(&[]) {
        let taken = shapes::taken(&greedy, &child);
        if taken.peak > shapes::MEMORY {
            let shapes::Taken {
                is_read,
                peak,
                time,
            } = taken;
            let name = &greedy.name;
            too_much.push(format!(
                "{name}: {} MiB, {time:?}, read: {is_read}",
                peak >> 20
            ));
        }
    }
    assert!(too_much.is_empty(), "{too_much:#?}");
}
