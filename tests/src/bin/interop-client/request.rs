use anyhow::Context as _;
use celeriac::SendOptions;
use celeriac::prelude::*;
use celeriac_protocol::to_value;
use serde::Deserialize;

use crate::typed_json;

/// What the tests ask for.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Request {
    /// In bulk, in order.
    Send {
        calls: Vec<Call>,
    },
    /// A canvas, in Celery's form of a signature.
    Canvas {
        signature: String,
    },
    Get {
        id: String,
        timeout: f64,
    },
    Join {
        ids: Vec<String>,
        timeout: f64,
    },
    State {
        id: String,
    },
    Info {
        id: String,
    },
    Forget {
        id: String,
    },
}

/// One call by name.
#[derive(Deserialize)]
pub(crate) struct Call {
    task: String,
    /// `[args, kwargs, {}]` in typed JSON.
    payload: String,
    /// In `apply_async`'s names.
    options: serde_json::Value,
}

impl Call {
    pub(crate) fn signature(self) -> anyhow::Result<TaskSignature> {
        let payload = typed_json::read(self.payload)?;
        let Value::Dict(options) = to_value(&self.options)? else {
            anyhow::bail!("options are no object");
        };
        let mut signature = TaskSignature::new(self.task);
        signature.args = payload.args;
        signature.kwargs = payload.kwargs;
        let options = SendOptions::from_dict(&options)
            .map_err(anyhow::Error::msg)
            .context("options")?;
        Ok(signature.options(options))
    }
}
