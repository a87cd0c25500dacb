"""ministack 1.5.33 with repairs: of its queues here, and of its schedules in `repaired_scheduler`.

Its Lambda event source mappings receive and delete in a thread of their own, and its schedules send in another, while requests do the same on
the event loop: a message can then go to a mapping and to another receiver, and one that is sent in that moment can be lost. Here all do it on
the event loop.
"""

import repaired_scheduler
from ministack.app import main
from ministack.services import eventbridge, sqs
from ministack_loop import found_by, on_loop

sqs.handle_request = found_by(sqs.handle_request)
for module, name in (
    (sqs, "_receive_messages_for_esm"),
    (sqs, "_delete_messages_for_esm"),
    (eventbridge, "_dispatch_to_sqs"),
):
    setattr(module, name, on_loop(getattr(module, name)))
repaired_scheduler.repair()

if __name__ == "__main__":
    main()
