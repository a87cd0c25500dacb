//! One suite of cases that every [`Broker`] and [`QueueAdmin`], and every [`Ledger`] and
//! [`Documents`], passes: SQS and DynamoDB on each emulator, SQLite.
//!
//! A fixture says what is under test; [`broker_conformance!`](crate::broker_conformance) and
//! [`store_conformance!`](crate::store_conformance) make one `#[test]` of each case. What an
//! emulator gets wrong is declared by its fixture as a [`Quirk`]: the case then asserts what the
//! emulator does instead, and says so in one line.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use celeriac_testkit::conformance::{BrokerFixture, Queues};
//! struct OnFile(tempfile::TempDir);
//!
//! #[async_trait::async_trait]
//! impl BrokerFixture for OnFile {
//!     fn lane(&self) -> &str { "SQLite file" }
//!     async fn open(&self) -> Arc<dyn Queues> { todo!("a handle on this file's queues") }
//! }
//!
//! async fn on_file() -> Option<OnFile> { Some(OnFile(tempfile::tempdir().ok()?)) }
//!
//! celeriac_testkit::broker_conformance!(on_file);
//! ```
//!
//! [`Broker`]: celeriac_core::Broker
//! [`QueueAdmin`]: celeriac_core::QueueAdmin
//! [`Ledger`]: celeriac_core::Ledger
//! [`Documents`]: celeriac_core::Documents

#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking")]

pub mod broker;
mod broker_bench;
mod case;
mod quirk;
pub mod store;
mod store_bench;

pub use broker_bench::{BrokerBench, BrokerFixture, Queues};
pub use case::{run_broker_case, run_store_case};
pub use quirk::Quirk;
pub use store_bench::{Store, StoreBench, StoreFixture, StoreOptions};

/// Makes one `#[test]` per case of a list, in a module per group. For the two macros of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($run:ident, $kind:ident, $fixture:expr; $($group:ident { $($case:ident),* $(,)? })*) => {
        $(
            mod $group {
                use super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::$run(stringify!($case), $fixture, $crate::conformance::$kind::$group::$case);
                    }
                )*
            }
        )*
    };
}

/// Runs the broker suite against a fixture: an `async fn() -> Option<impl BrokerFixture>`, called
/// once for each case. `None` means that the lane cannot run here; the fixture has said why.
#[macro_export]
macro_rules! broker_conformance {
    ($fixture:expr) => {
        $crate::conformance_cases! { run_broker_case, broker, $fixture;
            crowds {
                four_receivers_get_each_message_once,
                messages_that_trickle_in_reach_waiting_receivers,
            }
            dead_letters {
                a_dead_letter_is_moved_with_its_reason,
                a_dead_letter_keeps_to_the_limits,
                a_dead_letter_of_the_largest_size_is_moved,
                a_batch_of_12_is_moved,
                without_a_dead_letter_queue_the_message_stays,
                a_message_received_too_often_is_moved,
                a_message_behind_a_moved_one_is_received,
            }
            fifo {
                a_group_keeps_its_order,
                a_group_waits_for_its_message_in_flight,
                a_released_message_comes_before_its_group,
                a_deferred_message_holds_its_group_back,
                a_deduplication_id_goes_once,
                without_a_deduplication_id_nothing_is_dropped,
                delays_and_missing_groups_are_refused,
                a_dead_letter_frees_its_group,
            }
            limits {
                an_oversize_entry_is_refused_alone,
                attributes_count_into_the_size,
                a_delay_over_the_limit_is_refused,
                a_visibility_over_the_limit_is_refused,
                a_wait_over_the_limit_is_refused,
                eleven_attributes_are_refused,
                characters_that_sqs_refuses_are_refused,
                attribute_names_that_sqs_refuses_are_refused,
                queue_names_that_sqs_refuses_are_refused,
                queue_specs_that_sqs_refuses_are_refused,
            }
            messages {
                round_trip,
                non_ascii_bodies_round_trip,
                attributes_round_trip,
                a_standard_queue_takes_a_message_group,
                the_largest_body_passes,
                a_batch_of_25_has_25_results_in_order,
                a_batch_may_be_larger_than_a_request,
                a_receive_keeps_to_its_maximum,
                a_receive_may_ask_for_more_than_ten,
                empty_batches_are_answered_with_nothing,
            }
            polls {
                a_poll_waits_when_the_queue_is_empty,
                a_receive_without_wait_does_not_wait,
                a_message_ends_a_poll,
                a_message_of_another_client_ends_a_poll,
                a_message_that_becomes_due_ends_a_poll,
                a_released_message_ends_a_poll,
                a_lapsed_message_ends_a_poll,
                two_messages_end_two_polls,
            }
            queues {
                declaring_is_idempotent,
                declaring_adds_a_missing_dead_letter_queue,
                declaring_leaves_what_is_there,
                an_update_changes_what_is_given,
                queues_are_listed,
                messages_are_counted,
                a_purge_empties_one_queue,
                queues_are_apart,
                a_missing_queue_is_an_error,
            }
            receipts {
                an_ack_is_idempotent,
                a_late_ack_deletes_what_nobody_took,
                an_ack_with_an_old_receipt_deletes_nothing,
                an_old_receipt_changes_no_visibility,
                a_visible_message_cannot_be_extended,
                a_deleted_message_cannot_be_extended,
                a_batch_of_changes_answers_each_entry,
            }
            visibility {
                a_delay_is_honoured,
                a_message_comes_again_when_its_visibility_ends,
                extensions_keep_a_message_invisible,
                a_release_makes_a_message_visible_at_once,
                a_visibility_can_be_shortened,
                a_receive_may_leave_messages_visible,
            }
        }
    };
}

/// Runs the result store suite against a fixture: an `async fn() -> Option<impl StoreFixture>`,
/// called once for each case. `None` means that the lane cannot run here; the fixture has said why.
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::conformance_cases! { run_store_case, store, $fixture;
            batches {
                a_batch_of_60_claims_is_answered_in_order,
                one_id_twice_in_a_batch_is_claimed_once,
                batches_of_renewals_and_states_are_answered_in_order,
                many_records_are_read_in_order,
                many_large_records_are_read,
                empty_batches_are_answered_with_nothing,
            }
            chords {
                chords_are_listed,
                groups_are_saved,
                members_that_arrive_complete_a_chord,
                members_of_several_shards_complete_a_chord,
                a_chord_begins_once,
                a_member_counts_once,
                a_failed_member_counts,
                nobody_knows_of_a_chord_that_never_began,
                one_of_two_takers_has_the_chord,
                a_take_is_over_after_its_lease,
                a_chord_that_is_settled_is_over,
                an_added_member_is_awaited,
                a_chord_is_loaded,
                celerys_counter_ends_where_python_expects_it,
                celerys_counter_counts_each_of_our_members_once,
                of_20_last_members_at_once_one_takes,
            }
            claims {
                a_fresh_task_is_claimed,
                an_id_is_bound_to_the_task_that_claims_it_first,
                an_id_is_bound_to_its_senders_and_its_queue,
                a_sender_that_many_share_is_none,
                an_end_without_a_run_is_no_word_on_anothers_message,
                what_was_known_and_is_gone_is_claimed_above_every_attempt,
                a_leased_task_is_refused_until_the_lease_ends,
                a_claim_is_idempotent_by_its_nonce,
                a_final_task_is_not_claimed,
                a_task_that_is_to_be_isolated_is_not_taken,
                a_claim_whose_answer_was_lost_is_no_run,
                a_started_claim_is_shown,
                of_100_claims_at_once_one_is_given,
                of_20_claims_of_a_lapsed_task_one_is_given,
            }
            completions {
                a_final_state_is_stored,
                a_completion_is_idempotent_by_its_nonce,
                an_unread_end_is_passed_by_the_next_claim,
                a_completion_of_an_older_attempt_is_superseded,
                a_late_completion_counts_if_nobody_took_the_task,
                a_final_state_is_never_overwritten,
                of_20_completions_at_once_one_is_stored,
            }
            documents {
                an_unknown_document_is_none,
                a_put_is_seen_by_every_client,
                each_put_makes_another_version,
                a_put_over_another_version_shows_what_stands,
                a_put_over_no_document_writes_nothing,
                a_put_is_idempotent_by_its_nonce,
                a_put_tried_again_after_another_writes_nothing,
                of_20_first_puts_at_once_one_is_done,
                of_20_puts_at_once_one_is_done,
                a_holder_puts_over_its_own,
                every_part_of_a_document_is_kept,
                bodies_of_any_bytes_are_kept,
                documents_are_kept_apart,
                a_document_over_the_limit_is_refused,
                a_document_outlives_the_ttl_of_results,
                a_batch_of_130_is_answered_in_order,
                a_key_twice_in_a_batch_is_put_once,
            }
            expiry {
                a_document_ends_with_its_ttl,
                an_expired_document_gives_way,
                an_expired_document_is_not_put_over_by_version_or_holder,
                a_removed_document_is_gone_at_once,
                a_removal_needs_what_it_expects,
                no_version_comes_back,
                the_stores_time_is_about_now,
            }
            folders {
                a_folder_lists_its_documents_by_name,
                an_empty_folder_is_an_empty_page,
                pages_follow_each_other,
                a_folder_shows_what_lives,
                folders_are_apart,
                what_is_there_throughout_is_in_every_list,
            }
            numbers {
                a_number_is_advanced,
                a_number_out_of_bounds_is_left,
                an_absent_number_is_told,
                an_advance_is_idempotent_by_its_nonce,
                of_40_advances_at_once_all_count,
                an_advance_keeps_the_rest,
            }
            foreign {
                an_item_of_python_is_read,
                a_final_state_of_python_stands,
                an_unfinished_item_of_python_is_claimed,
                our_end_counts_over_an_unfinished_state_of_python,
                a_final_state_of_python_ends_our_run,
                a_run_before_an_item_of_python_is_fenced_off,
                a_result_of_python_is_forgotten,
            }
            forgetting {
                a_forgotten_task_stays_final,
                forgetting_is_idempotent,
                an_unknown_task_is_not_forgotten,
                a_running_task_is_not_forgotten,
            }
            keeping {
                declaring_is_idempotent,
                clients_see_each_other,
                prefixes_are_apart,
                ids_of_any_text_are_kept_apart,
                an_item_ends_with_its_ttl,
                a_renewal_keeps_the_item,
            }
            leases {
                a_renewed_lease_holds,
                a_lapsed_lease_is_renewed_if_nobody_took_it,
                a_lease_that_another_took_is_lost,
                the_lease_of_an_item_that_is_gone_is_put_back,
                a_renewal_does_not_shorten_a_lease,
                an_ended_claim_is_not_renewed,
                a_released_task_that_is_known_is_free_at_once,
                a_released_task_is_free_at_once,
                a_detached_run_keeps_its_lease_and_does_not_count,
                lost_runs_stay_counted,
            }
            retries {
                a_retry_makes_older_messages_stale,
                a_retry_waits_until_it_is_due,
                a_retry_passes_the_lease_of_its_sender_alone,
                a_claim_keeps_the_retry_that_stands,
                a_started_claim_is_shown_over_a_retry,
                a_newer_claim_raises_retries_itself,
                many_retries_end_in_one_state,
            }
            sizes {
                a_result_over_the_limit_is_refused,
                a_large_result_is_kept,
                a_result_over_the_limit_fails_alone,
                a_state_over_the_limit_is_refused,
                a_claim_over_the_limit_is_refused,
            }
            states {
                a_state_is_shown,
                a_state_of_a_lost_run_is_refused,
                a_state_after_the_end_is_refused,
                a_state_of_an_item_that_is_gone_is_shown,
                every_part_of_a_result_is_kept,
            }
        }
    };
}
