use std::io::Write as _;

use celeriac_core::MetricsFormat;
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::executed::Ending;
use crate::incidents::Incidents;

/// Of the metrics in CloudWatch.
const NAMESPACE: &str = "celeriac";

/// One line of CloudWatch's embedded metric format
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>),
/// with the dimensions `app` alone and `app` with `queues`.
pub(crate) struct MetricsLine {
    metrics: Vec<Value>,
    values: Map<String, Value>,
}

impl MetricsLine {
    pub(crate) fn new(app: &str, queues: &str) -> Self {
        let values = Map::from_iter([
            ("app".to_owned(), json!(app)),
            ("queues".to_owned(), json!(queues)),
        ]);
        Self {
            metrics: Vec::new(),
            values,
        }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, unit: &str, value: f64) -> Self {
        self.metrics.push(json!({"Name": name, "Unit": unit}));
        self.values.insert(name.to_owned(), json!(value));
        self
    }

    #[must_use]
    pub(crate) fn count(self, name: &str, value: u64) -> Self {
        self.with(name, "Count", value as f64)
    }

    /// Since the last time.
    #[must_use]
    pub(crate) fn incidents(self, incidents: &Incidents) -> Self {
        let (takeovers, throttles) = incidents.take();
        self.count("LeaseTakeovers", takeovers)
            .count("Throttles", throttles)
    }

    fn text(mut self, milliseconds: i64) -> String {
        let directive = json!({
            "Timestamp": milliseconds,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["app"], ["app", "queues"]],
                "Metrics": self.metrics,
            }],
        });
        self.values.insert("_aws".to_owned(), directive);
        Value::Object(self.values).to_string()
    }

    /// On stdout, where the log agent of ECS and Lambda reads it.
    pub(crate) fn print(self, engine: &Engine) {
        let line = self.text(engine.now().0 / 1000);
        if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
            tracing::warn!("metrics could not be written: {error}");
        }
    }
}

impl Engine {
    /// Whether metrics are asked for: `metrics = emf`.
    pub(crate) fn has_metrics(&self) -> bool {
        self.parts.settings.metrics == MetricsFormat::Emf
    }

    /// The app's name.
    pub(crate) fn app(&self) -> &str {
        let name = &self.parts.node_name;
        name.split('@').next().unwrap_or(name)
    }

    /// A line about the runs of one Lambda invocation.
    pub(crate) fn publish(&self, queues: &str, endings: &[Ending]) {
        if !self.has_metrics() {
            return;
        }
        let count = |wanted| endings.iter().filter(|ending| **ending == wanted).count() as u64;
        MetricsLine::new(self.app(), queues)
            .count("Succeeded", count(Ending::Succeeded))
            .count("Failed", count(Ending::Failed))
            .count("Retried", count(Ending::Retried))
            .incidents(&self.incidents)
            .print(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cloudwatchs_format() {
        let line = MetricsLine::new("shop", "celery,mail")
            .count("Failed", 2)
            .with("BacklogSeconds", "Seconds", 1.5)
            .text(1_700_000_000_000);
        let read: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            read,
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "celeriac",
                        "Dimensions": [["app"], ["app", "queues"]],
                        "Metrics": [{"Name": "Failed", "Unit": "Count"}, {"Name": "BacklogSeconds", "Unit": "Seconds"}],
                    }],
                },
                "app": "shop",
                "queues": "celery,mail",
                "Failed": 2.0,
                "BacklogSeconds": 1.5,
            })
        );
    }
}
