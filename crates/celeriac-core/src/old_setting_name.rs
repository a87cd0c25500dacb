//! Names that Celery's settings had before 4.0, or have in Django's namespace: for the word about a
//! setting that is not known. Generated from `celery.app.defaults` of Celery 5.7.

/// What a setting of this name is called now.
pub(crate) fn new_name(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let of = |wanted: &str| OLD.binary_search_by(|(old, _)| (*old).cmp(wanted));
    let place = of(&lower).or_else(|_| of(lower.strip_prefix("celery_").unwrap_or(&lower)));
    place.ok().map(|place| OLD[place].1)
}

/// The name without capitals and Django's `CELERY_`.
pub(crate) fn plain(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    lower
        .strip_prefix("celery_")
        .map_or(lower.clone(), str::to_owned)
}

/// In small letters, in order.
const OLD: &[(&str, &str)] = &[
    ("backend", "result_backend"),
    ("broker", "broker_url"),
    ("celery_acks_late", "task_acks_late"),
    ("celery_acks_on_failure", "task_acks_on_failure"),
    (
        "celery_acks_on_failure_or_timeout",
        "task_acks_on_failure_or_timeout",
    ),
    ("celery_acks_on_timeout", "task_acks_on_timeout"),
    (
        "celery_allow_error_cb_on_chord_header",
        "task_allow_error_cb_on_chord_header",
    ),
    ("celery_always_eager", "task_always_eager"),
    ("celery_annotations", "task_annotations"),
    (
        "celery_create_missing_queue_exchange_type",
        "task_create_missing_queue_exchange_type",
    ),
    (
        "celery_create_missing_queue_type",
        "task_create_missing_queue_type",
    ),
    ("celery_create_missing_queues", "task_create_missing_queues"),
    ("celery_default_delivery_mode", "task_default_delivery_mode"),
    ("celery_default_exchange", "task_default_exchange"),
    ("celery_default_exchange_type", "task_default_exchange_type"),
    ("celery_default_priority", "task_default_priority"),
    ("celery_default_queue", "task_default_queue"),
    ("celery_default_queue_type", "task_default_queue_type"),
    ("celery_default_rate_limit", "task_default_rate_limit"),
    ("celery_default_routing_key", "task_default_routing_key"),
    ("celery_disable_rate_limits", "worker_disable_rate_limits"),
    (
        "celery_eager_propagates_exceptions",
        "task_eager_propagates",
    ),
    (
        "celery_enable_remote_control",
        "worker_enable_remote_control",
    ),
    ("celery_ignore_result", "task_ignore_result"),
    (
        "celery_inherit_parent_priority",
        "task_inherit_parent_priority",
    ),
    ("celery_max_cached_results", "result_cache_max"),
    ("celery_message_compression", "task_compression"),
    ("celery_queue_max_priority", "task_queue_max_priority"),
    ("celery_queues", "task_queues"),
    ("celery_redirect_stdouts", "worker_redirect_stdouts"),
    (
        "celery_redirect_stdouts_level",
        "worker_redirect_stdouts_level",
    ),
    ("celery_reject_on_worker_lost", "task_reject_on_worker_lost"),
    ("celery_remote_tracebacks", "task_remote_tracebacks"),
    ("celery_repr_maxlevels", "task_repr_maxlevels"),
    (
        "celery_result_db_short_lived_sessions",
        "database_short_lived_sessions",
    ),
    ("celery_result_db_tablenames", "database_table_names"),
    ("celery_result_dburi", "database_url"),
    ("celery_result_engine_options", "database_engine_options"),
    ("celery_retry_on_worker_lost", "task_retry_on_worker_lost"),
    ("celery_routes", "task_routes"),
    ("celery_send_events", "worker_send_task_events"),
    ("celery_send_task_sent_event", "task_send_sent_event"),
    ("celery_store_eager_result", "task_store_eager_result"),
    (
        "celery_store_errors_even_if_ignored",
        "task_store_errors_even_if_ignored",
    ),
    ("celery_task_result_expires", "result_expires"),
    ("celery_track_started", "task_track_started"),
    (
        "celerybeat_cron_starting_deadline",
        "beat_cron_starting_deadline",
    ),
    (
        "celerybeat_enable_remote_control",
        "beat_enable_remote_control",
    ),
    ("celerybeat_max_loop_interval", "beat_max_loop_interval"),
    (
        "celerybeat_remote_control_max_tick_age",
        "beat_remote_control_max_tick_age",
    ),
    ("celerybeat_schedule", "beat_schedule"),
    ("celerybeat_schedule_filename", "beat_schedule_filename"),
    ("celerybeat_scheduler", "beat_scheduler"),
    ("celerybeat_sync_every", "beat_sync_every"),
    ("celeryd_agent", "worker_agent"),
    ("celeryd_autoscaler", "worker_autoscaler"),
    (
        "celeryd_cancel_long_running_tasks_on_connection_loss",
        "worker_cancel_long_running_tasks_on_connection_loss",
    ),
    ("celeryd_concurrency", "worker_concurrency"),
    ("celeryd_consumer", "worker_consumer"),
    (
        "celeryd_deduplicate_successful_tasks",
        "worker_deduplicate_successful_tasks",
    ),
    (
        "celeryd_detect_quorum_queues",
        "worker_detect_quorum_queues",
    ),
    ("celeryd_disable_prefetch", "worker_disable_prefetch"),
    (
        "celeryd_enable_prefetch_count_reduction",
        "worker_enable_prefetch_count_reduction",
    ),
    (
        "celeryd_enable_soft_shutdown_on_idle",
        "worker_enable_soft_shutdown_on_idle",
    ),
    ("celeryd_eta_task_limit", "worker_eta_task_limit"),
    ("celeryd_hijack_root_logger", "worker_hijack_root_logger"),
    ("celeryd_log_color", "worker_log_color"),
    ("celeryd_log_datefmt", "worker_log_datefmt"),
    ("celeryd_log_format", "worker_log_format"),
    (
        "celeryd_max_memory_per_child",
        "worker_max_memory_per_child",
    ),
    ("celeryd_max_tasks_per_child", "worker_max_tasks_per_child"),
    ("celeryd_pool", "worker_pool"),
    ("celeryd_pool_putlocks", "worker_pool_putlocks"),
    ("celeryd_pool_restarts", "worker_pool_restarts"),
    ("celeryd_pool_start_method", "worker_pool_start_method"),
    ("celeryd_prefetch_multiplier", "worker_prefetch_multiplier"),
    ("celeryd_proc_alive_timeout", "worker_proc_alive_timeout"),
    (
        "celeryd_soft_shutdown_timeout",
        "worker_soft_shutdown_timeout",
    ),
    ("celeryd_state_db", "worker_state_db"),
    ("celeryd_task_log_datefmt", "worker_task_log_datefmt"),
    ("celeryd_task_log_format", "worker_task_log_format"),
    ("celeryd_task_soft_time_limit", "task_soft_time_limit"),
    ("celeryd_task_time_limit", "task_time_limit"),
    ("celeryd_timer", "worker_timer"),
    ("celeryd_timer_precision", "worker_timer_precision"),
    ("celeryd_worker_lost_wait", "worker_lost_wait"),
    ("concurrency", "worker_concurrency"),
    ("queues", "task_queues"),
    ("result_backend_url", "result_backend"),
    ("routes", "task_routes"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_in_order_and_found() {
        assert!(OLD.is_sorted());
        assert_eq!(new_name("CELERYD_CONCURRENCY"), Some("worker_concurrency"));
        assert_eq!(new_name("CELERY_ACKS_LATE"), Some("task_acks_late"));
        assert_eq!(new_name("task_acks_late"), None);
        assert_eq!(plain("CELERY_TASK_ROUTES"), "task_routes");
    }
}
