use celeriac::Connection;
use celeriac::commands::{CommandError, EXIT_OK, print};
use clap::Args;

/// `celeriac graph`
#[derive(Debug, Args)]
pub(crate) struct GraphCommand {
    /// The id of one of its tasks, groups or chords
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    form: Form,
}

/// How it is written; a text for people without any of these.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag for each form, of which one is given"
)]
#[group(multiple = false)]
struct Form {
    /// Print a JSON object, with all tasks
    #[arg(long)]
    json: bool,
    /// Print it for Graphviz
    #[arg(long)]
    dot: bool,
    /// Print it for Mermaid
    #[arg(long)]
    mermaid: bool,
    /// Print a picture
    #[arg(long)]
    svg: bool,
}

impl GraphCommand {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let Some(graph) = connection.client().graph(&self.id).await? else {
            let error = anyhow::anyhow!("nothing is stored under the id `{}`", self.id);
            return Err(CommandError::new(error).hint(
                "a task is known once it has begun, a group once one of its tasks has; results end by `result_expires`",
            ));
        };
        let form = &self.form;
        print(&match (form.json, form.dot, form.mermaid, form.svg) {
            (true, ..) => serde_json::to_string(&graph)
                .map_err(anyhow::Error::from)
                .map_err(CommandError::new)?,
            (_, true, ..) => graph.dot(),
            (_, _, true, _) => graph.mermaid(),
            (_, _, _, true) => graph.svg(),
            _ => graph.to_string(),
        });
        Ok(EXIT_OK)
    }
}
