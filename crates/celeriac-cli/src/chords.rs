use celeriac::chords::{ChordRepair, ChordRepaired, ChordStatus, Layout};
use celeriac::commands::{CommandError, EXIT_FAILED, EXIT_OK, Table, print};
use celeriac::{Client, Connection, UtcTime};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What can be done with chords.
#[derive(Debug, Subcommand)]
pub(crate) enum ChordsCommand {
    /// List chords whose body has not been sent; reads the whole result table (dynamodb:Scan)
    List(ListChords),
    /// Have a worker send the body of a chord whose members have all ended
    Repair(RepairChord),
}

/// `celeriac chords list`
#[derive(Debug, Args)]
pub(crate) struct ListChords {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// `celeriac chords repair`
#[derive(Debug, Args)]
pub(crate) struct RepairChord {
    /// Ids of groups, as `chords list` shows them
    #[arg(value_name = "GROUP_ID", required_unless_present = "all")]
    group_ids: Vec<String>,
    /// All chords that are listed
    #[arg(long, conflicts_with_all = ["group_ids", "fail_missing"])]
    all: bool,
    /// Fail the body where members have not ended: those that nobody will run any more
    #[arg(long)]
    fail_missing: bool,
    /// The queue of a worker of celeriac's, where the body's has none
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
}

impl ChordsCommand {
    pub(crate) async fn run(&self, connection: &Connection) -> Result<u8, CommandError> {
        let client = connection.client();
        match self {
            Self::List(command) => command.run(&client).await,
            Self::Repair(command) => command.run(&client).await,
        }
    }
}

impl ListChords {
    async fn run(&self, client: &Client) -> Result<u8, CommandError> {
        let open = open(client).await?;
        if self.json {
            print(&Value::Array(open.iter().map(as_json).collect()).to_string());
        } else if open.is_empty() {
            eprintln!("no chord is open");
        } else {
            print(&as_text(&open));
        }
        Ok(EXIT_OK)
    }
}

impl RepairChord {
    async fn run(&self, client: &Client) -> Result<u8, CommandError> {
        let ids = if self.all {
            open(client)
                .await?
                .into_iter()
                .map(|chord| chord.group_id)
                .collect()
        } else {
            self.group_ids.clone()
        };
        let how = ChordRepair {
            fail_missing: self.fail_missing,
            queue: self.queue.clone(),
        };
        let mut code = EXIT_OK;
        for id in ids {
            let repaired = match client.repair_chord(&id, &how).await {
                Ok(repaired) => repaired,
                Err(error) => {
                    eprintln!("{id}: {error}");
                    code = EXIT_FAILED;
                    continue;
                }
            };
            match repaired {
                ChordRepaired::Told => print(&format!("{id}: a worker was told")),
                ChordRepaired::Over => print(&format!("{id}: it is over already")),
                ChordRepaired::Awaited(members) => {
                    print(&format!("{id}: {}", awaited(&members)));
                    code = EXIT_FAILED;
                }
                ChordRepaired::Unknown => {
                    print(&format!(
                        "{id}: no chord of this id is known here, or its body is with Python's messages alone"
                    ));
                    code = EXIT_FAILED;
                }
            }
        }
        client.close().await;
        Ok(code)
    }
}

/// Ids that are named of those that are awaited.
const NAMED: usize = 3;

fn awaited(members: &[String]) -> String {
    let named = members.get(..NAMED).unwrap_or(members).join(", ");
    let more = if members.len() > NAMED { ", .." } else { "" };
    format!(
        "{} members have not ended ({named}{more}); nothing was done. \
         If nobody will run them any more: --fail-missing",
        members.len()
    )
}

async fn open(client: &Client) -> Result<Vec<ChordStatus>, CommandError> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let (page, after) = client.open_chords(next.as_deref()).await?;
        all.extend(page);
        next = after;
        if next.is_none() {
            all.sort_by_key(|chord: &ChordStatus| chord.began);
            return Ok(all);
        }
    }
}

fn as_text(open: &[ChordStatus]) -> String {
    let mut table = Table::new(&["GROUP", "BODY", "ARRIVED", "BEGAN", "KEPT AS"]);
    for chord in open {
        table.row([
            chord.group_id.clone(),
            chord.body.clone(),
            format!("{}/{}", chord.arrived, chord.members),
            chord.began.map_or_else(|| "-".to_owned(), UtcTime::to_iso),
            layout(chord.layout).to_owned(),
        ]);
    }
    table.render()
}

fn as_json(chord: &ChordStatus) -> Value {
    json!({
        "group_id": chord.group_id,
        "body": chord.body,
        "body_id": chord.body_id,
        "members": chord.members,
        "arrived": chord.arrived,
        "began": chord.began.map(UtcTime::to_iso),
        "layout": layout(chord.layout),
    })
}

fn layout(layout: Layout) -> &'static str {
    match layout {
        Layout::Set => "set",
        Layout::Celery => "celery",
    }
}
