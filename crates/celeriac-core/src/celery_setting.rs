//! Settings of Celery 5.7 that have no meaning here: passed over with a warning, so that a Celery
//! user's config carries over.

/// Settings of Celery that are passed over for one reason.
#[derive(Clone, Copy, Debug)]
pub struct PassedOver {
    /// Why, or what to use instead.
    pub why: &'static str,
    /// Celery's names.
    pub names: &'static [&'static str],
}

/// Those of a group of settings.
pub(crate) const fn of(group: &str) -> &'static [PassedOver] {
    // `match` on texts is not const
    match group.as_bytes() {
        b"Settings" => SETTINGS,
        b"BrokerTransportOptions" => BROKER_TRANSPORT_OPTIONS,
        _ => RESULT_BACKEND_TRANSPORT_OPTIONS,
    }
}

/// Why this one has no meaning here, if it is one of these.
pub(crate) fn why(all: &[PassedOver], name: &str) -> Option<&'static str> {
    let of = all.iter().find(|some| some.names.contains(&name))?;
    Some(of.why)
}

const SETTINGS: &[PassedOver] = &[
    PassedOver {
        why: "results are in DynamoDB or SQLite: `result_backend`",
        names: &[
            "arangodb_backend_settings",
            "azureblockblob_base_path",
            "azureblockblob_connection_timeout",
            "azureblockblob_container_name",
            "azureblockblob_read_timeout",
            "azureblockblob_retry_increment_base",
            "azureblockblob_retry_initial_backoff_sec",
            "azureblockblob_retry_max_attempts",
            "cache_backend",
            "cache_backend_options",
            "cassandra_auth_kwargs",
            "cassandra_auth_provider",
            "cassandra_bundle_path",
            "cassandra_entry_ttl",
            "cassandra_keyspace",
            "cassandra_options",
            "cassandra_port",
            "cassandra_read_consistency",
            "cassandra_servers",
            "cassandra_table",
            "cassandra_write_consistency",
            "cosmosdbsql_collection_name",
            "cosmosdbsql_consistency_level",
            "cosmosdbsql_database_name",
            "cosmosdbsql_max_retry_attempts",
            "cosmosdbsql_max_retry_wait_time",
            "couchbase_backend_settings",
            "database_create_tables_at_setup",
            "database_engine_callback",
            "database_engine_options",
            "database_short_lived_sessions",
            "database_table_names",
            "database_table_schemas",
            "database_url",
            "elasticsearch_max_retries",
            "elasticsearch_retry_on_timeout",
            "elasticsearch_save_meta_as_text",
            "elasticsearch_timeout",
            "gcs_base_path",
            "gcs_bucket",
            "gcs_project",
            "gcs_ttl",
            "mongodb_backend_settings",
            "redis_backend_use_ssl",
            "redis_db",
            "redis_host",
            "redis_max_connections",
            "redis_password",
            "redis_port",
            "redis_retry_on_timeout",
            "redis_socket_connect_timeout",
            "redis_socket_keepalive",
            "redis_socket_timeout",
            "redis_username",
            "s3_access_key_id",
            "s3_base_path",
            "s3_bucket",
            "s3_endpoint_url",
            "s3_region",
            "s3_secret_access_key",
        ],
    },
    PassedOver {
        why: "the store's requests are tried again by themselves, and results are read from it each time",
        names: &[
            "result_backend_always_retry",
            "result_backend_base_sleep_between_retries_ms",
            "result_backend_max_retries",
            "result_backend_max_sleep_between_retries_ms",
            "result_cache_max",
        ],
    },
    PassedOver {
        why: "results are in a table, not in a queue; they end by `result_expires`",
        names: &[
            "result_exchange",
            "result_exchange_type",
            "result_failure_expires",
            "result_persistent",
        ],
    },
    PassedOver {
        why: "what a result's reader accepts is what this build reads; pickle never",
        names: &["result_accept_content"],
    },
    PassedOver {
        why: "a chord's members report themselves: nothing polls for them, and errbacks are the body's",
        names: &[
            "result_chord_expires",
            "result_chord_join_timeout",
            "result_chord_retry_interval",
            "task_allow_error_cb_on_chord_header",
        ],
    },
    PassedOver {
        why: "SQS has no connection to keep: `broker_url` and `broker_transport_options` are all there is to set",
        names: &[
            "broker_channel_error_retry",
            "broker_connection_max_retries",
            "broker_connection_retry",
            "broker_connection_retry_on_startup",
            "broker_connection_timeout",
            "broker_failover_strategy",
            "broker_heartbeat",
            "broker_heartbeat_checkrate",
            "broker_host",
            "broker_login_method",
            "broker_native_delayed_delivery_queue_type",
            "broker_password",
            "broker_pool_acquire_timeout",
            "broker_pool_limit",
            "broker_port",
            "broker_read_url",
            "broker_transport",
            "broker_use_ssl",
            "broker_user",
            "broker_vhost",
            "broker_write_url",
        ],
    },
    PassedOver {
        why: "SQS has no broadcast, so Celery's events and remote control do not work on it",
        names: &[
            "beat_enable_remote_control",
            "beat_remote_control_max_tick_age",
            "control_exchange",
            "control_queue_durable",
            "control_queue_exclusive",
            "control_queue_expires",
            "control_queue_ttl",
            "event_exchange",
            "event_queue_durable",
            "event_queue_exclusive",
            "event_queue_expires",
            "event_queue_prefix",
            "event_queue_ttl",
            "event_serializer",
            "task_send_sent_event",
            "worker_enable_remote_control",
            "worker_send_task_events",
        ],
    },
    PassedOver {
        why: "SQS has no exchanges: `task_default_queue` and `task_routes` name queues",
        names: &[
            "task_create_missing_queue_exchange_type",
            "task_create_missing_queue_type",
            "task_default_delivery_mode",
            "task_default_exchange",
            "task_default_exchange_type",
            "task_default_queue_type",
            "task_default_routing_key",
            "worker_detect_quorum_queues",
            "worker_direct",
        ],
    },
    PassedOver {
        why: "`celeriac queues create` makes queues, and `worker --queues` names those to consume from",
        names: &["task_queues"],
    },
    PassedOver {
        why: "`create_missing_queues` in `broker_transport_options`",
        names: &["task_create_missing_queues"],
    },
    PassedOver {
        why: "SQS has no priorities: give urgent tasks a queue of their own, and `worker_queue_order`",
        names: &[
            "task_default_priority",
            "task_inherit_parent_priority",
            "task_queue_max_priority",
        ],
    },
    PassedOver {
        why: "not supported yet",
        names: &["task_default_rate_limit", "worker_disable_rate_limits"],
    },
    PassedOver {
        why: "a schedule's state is in the result store or in EventBridge Scheduler",
        names: &[
            "beat_max_loop_interval",
            "beat_schedule_filename",
            "beat_scheduler",
            "beat_sync_every",
        ],
    },
    PassedOver {
        why: "always so: a message is deleted after its outcome is stored, and a lost run is run again up to `task_max_lost_runs`",
        names: &[
            "task_reject_on_worker_lost",
            "task_retry_on_worker_lost",
            "worker_cancel_long_running_tasks_on_connection_loss",
            "worker_deduplicate_successful_tasks",
            "worker_state_db",
        ],
    },
    PassedOver {
        why: "a failure is stored and acknowledged; `#[task(dead_letter)]` keeps its message in the dead-letter queue",
        names: &[
            "task_acks_on_failure",
            "task_acks_on_failure_or_timeout",
            "task_acks_on_timeout",
        ],
    },
    PassedOver {
        why: "tests run tasks in the process by `celeriac::testing`",
        names: &[
            "task_always_eager",
            "task_eager_propagates",
            "task_store_eager_result",
        ],
    },
    PassedOver {
        why: "options of a task are in its `#[task(...)]`",
        names: &["task_annotations"],
    },
    PassedOver {
        why: "sends are always tried again",
        names: &["task_publish_retry", "task_publish_retry_policy"],
    },
    PassedOver {
        why: "messages are of protocol 2, with `argsrepr` and tracebacks as Celery's default has them",
        names: &[
            "task_protocol",
            "task_remote_tracebacks",
            "task_repr_maxlevels",
        ],
    },
    PassedOver {
        why: "messages are not signed: rights on queues are IAM's (docs/threat-model.md)",
        names: &[
            "security_cert_store",
            "security_certificate",
            "security_digest",
            "security_key",
            "security_key_password",
        ],
    },
    PassedOver {
        why: "tasks are registered by `App::task`",
        names: &["imports", "include"],
    },
    PassedOver {
        why: "times on the wire are UTC; `timezone` is for schedules",
        names: &["enable_utc"],
    },
    PassedOver {
        why: "`worker_shutdown_timeout`",
        names: &[
            "worker_enable_soft_shutdown_on_idle",
            "worker_soft_shutdown_timeout",
        ],
    },
    PassedOver {
        why: "`worker_prefetch_multiplier`; a task with an ETA stays in the queue",
        names: &[
            "worker_disable_prefetch",
            "worker_enable_prefetch_count_reduction",
            "worker_eta_task_limit",
        ],
    },
    PassedOver {
        why: "the log is configured by `worker_log_format` and `--loglevel`",
        names: &[
            "worker_hijack_root_logger",
            "worker_log_color",
            "worker_log_datefmt",
            "worker_redirect_stdouts",
            "worker_redirect_stdouts_level",
            "worker_task_log_datefmt",
            "worker_task_log_format",
        ],
    },
    PassedOver {
        why: "there is no pool of processes: tasks are futures and threads of one process (`worker_concurrency`, `worker_blocking_threads`)",
        names: &[
            "worker_agent",
            "worker_autoscaler",
            "worker_consumer",
            "worker_lost_wait",
            "worker_max_memory_per_child",
            "worker_max_tasks_per_child",
            "worker_pool",
            "worker_pool_putlocks",
            "worker_pool_restarts",
            "worker_pool_start_method",
            "worker_proc_alive_timeout",
            "worker_timer",
            "worker_timer_precision",
        ],
    },
];

const BROKER_TRANSPORT_OPTIONS: &[PassedOver] = &[
    PassedOver {
        why: "workers take long polls (`wait_time_seconds`)",
        names: &["fetch_message_attributes", "polling_interval"],
    },
    PassedOver {
        why: "retries are a task's own: `retry_backoff` and its like",
        names: &["backoff_policy", "backoff_tasks"],
    },
    PassedOver {
        why: "the AWS SDK's own settings: its environment variables and profiles",
        names: &[
            "client-config",
            "connect_timeout",
            "interval_max",
            "interval_start",
            "interval_step",
            "max_retries",
            "sts_role_arn",
            "sts_token_buffer_time",
            "sts_token_timeout",
        ],
    },
    PassedOver {
        why: "`celeriac queues create` and Terraform make queues with their attributes and tags",
        names: &["queue_tags", "sqs-creation-attributes"],
    },
    PassedOver {
        why: "`worker_queue_order`",
        names: &["queue_order_strategy"],
    },
    PassedOver {
        why: "`task_message_form`",
        names: &["sqs_base64_encoding"],
    },
    PassedOver {
        why: "SQS has no broadcast",
        names: &["supports_fanout"],
    },
];

const RESULT_BACKEND_TRANSPORT_OPTIONS: &[PassedOver] = &[
    PassedOver {
        why: "results are in the header's order, always",
        names: &["result_chord_ordered"],
    },
    PassedOver {
        why: "the store's requests are tried again by themselves",
        names: &["retry_policy"],
    },
    PassedOver {
        why: "applies to the broker only",
        names: &["visibility_timeout"],
    },
];
