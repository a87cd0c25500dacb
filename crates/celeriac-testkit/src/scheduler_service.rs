//! EventBridge Scheduler as its API model and its documentation describe it, without the clock.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http_server::serve;
use crate::scheduler_model::{SchedulerModel, SchedulerRequest};

const ACCOUNT: &str = "123456789012";
/// What a page holds where the request does not say.
const PAGE: u64 = 100;
const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
<Arn>arn:aws:iam::123456789012:user/tests</Arn><UserId>tests</UserId><Account>123456789012</Account>\
</GetCallerIdentityResult></GetCallerIdentityResponse>";

/// EventBridge Scheduler on 127.0.0.1, for what emulators lack: it refuses what [`SchedulerModel`]
/// does not allow, lists in pages, knows client tokens, and says that a group is missing. It keeps
/// schedules and never fires them: a test reads them here and does what is due itself. It also
/// answers `GetCallerIdentity`. Ends when it is dropped.
#[derive(Debug)]
pub struct SchedulerService {
    address: String,
    state: Arc<Mutex<State>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// By name, each with its schedules by name.
    groups: BTreeMap<String, Group>,
    /// What was answered to a client token.
    tokens: HashMap<String, Value>,
    requests: Vec<SchedulerRequest>,
    refusals: Vec<String>,
    faults: Vec<Fault>,
    /// Requests that are still answered; `None`: all.
    left: Option<usize>,
}

#[derive(Debug, Default)]
struct Group {
    state: String,
    tags: Value,
    schedules: BTreeMap<String, Map<String, Value>>,
}

/// The next requests of an operation that meet an error.
#[derive(Debug)]
struct Fault {
    operation: String,
    status: u16,
    code: String,
    times: usize,
    /// They are carried out all the same.
    is_late: bool,
}

type Outcome = Result<Value, (u16, &'static str, String)>;

impl SchedulerService {
    /// On a free port.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("an address").to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let of_all = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&of_all);
                tokio::spawn(serve(stream, move |request| {
                    let answer = answer(&state, &request);
                    async move { Ok::<_, Infallible>(answer) }
                }));
            }
        });
        Self {
            address,
            state,
            accepting,
        }
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that the model allows, in their order.
    pub fn requests(&self) -> Vec<SchedulerRequest> {
        lock(&self.state).requests.clone()
    }

    /// How many of them are of this operation.
    pub fn requests_of(&self, operation: &str) -> usize {
        let state = lock(&self.state);
        let of_it = |request: &&SchedulerRequest| request.operation == operation;
        state.requests.iter().filter(of_it).count()
    }

    /// Counts from zero again.
    pub fn reset_requests(&self) {
        lock(&self.state).requests.clear();
    }

    /// What was refused because the model does not allow it.
    pub fn refusals(&self) -> Vec<String> {
        lock(&self.state).refusals.clone()
    }

    /// A schedule as `GetSchedule` has it.
    pub fn schedule(&self, group: &str, name: &str) -> Option<Value> {
        let state = lock(&self.state);
        let schedule = state.groups.get(group)?.schedules.get(name)?;
        Some(Value::Object(schedule.clone()))
    }

    /// The names of a group's schedules.
    pub fn names(&self, group: &str) -> Vec<String> {
        let state = lock(&self.state);
        let group = state.groups.get(group);
        group.map_or_else(Vec::new, |group| group.schedules.keys().cloned().collect())
    }

    /// The tags that a group was created with.
    pub fn tags(&self, group: &str) -> Option<Value> {
        Some(lock(&self.state).groups.get(group)?.tags.clone())
    }

    /// Sets one member of a schedule, behind the back of whoever made it.
    pub fn change(&self, group: &str, name: &str, member: &str, value: Value) {
        let mut state = lock(&self.state);
        let group = state.groups.get_mut(group);
        if let Some(schedule) = group.and_then(|group| group.schedules.get_mut(name)) {
            schedule.insert(member.to_owned(), value);
        }
    }

    /// From now on the group is being deleted.
    pub fn delete_group(&self, group: &str) {
        if let Some(group) = lock(&self.state).groups.get_mut(group) {
            "DELETING".clone_into(&mut group.state);
        }
    }

    /// The next `times` requests of this operation get this status and AWS error code.
    pub fn fail(&self, operation: &str, status: u16, code: &str, times: usize) {
        lock(&self.state).faults.push(Fault {
            operation: operation.to_owned(),
            status,
            code: code.to_owned(),
            times,
            is_late: false,
        });
    }

    /// The next `times` requests of this operation are carried out, and their answers are lost: the
    /// caller gets a 500.
    pub fn lose_answers(&self, operation: &str, times: usize) {
        lock(&self.state).faults.push(Fault {
            operation: operation.to_owned(),
            status: 500,
            code: "InternalServerException".to_owned(),
            times,
            is_late: true,
        });
    }

    /// Carries out this many requests more and none after them, as if the caller had been killed;
    /// `None`: all again.
    pub fn stop_after(&self, requests: Option<usize>) {
        lock(&self.state).left = requests;
    }

    /// Puts a schedule there without a request, by what `CreateSchedule` would be given. The group
    /// is created if need be.
    pub fn insert(&self, group: &str, name: &str, input: &Value) {
        let mut state = lock(&self.state);
        let found = state.groups.entry(group.to_owned()).or_default();
        "ACTIVE".clone_into(&mut found.state);
        let mut schedule = stored(group, name, input, now());
        schedule.insert("Name".to_owned(), name.into());
        schedule.insert("GroupName".to_owned(), group.into());
        found.schedules.insert(name.to_owned(), schedule);
    }
}

impl Drop for SchedulerService {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &Mutex<State>, request: &Request<Bytes>) -> Response<Bytes> {
    if request.uri().path() == "/" {
        return Response::new(Bytes::from_static(IDENTITY.as_bytes()));
    }
    let mut state = lock(state);
    let model = SchedulerModel::shared();
    match model.check(request.method().as_str(), request.uri(), request.body()) {
        Err(refusal) => {
            state.refusals.push(refusal.to_string());
            error(400, "ValidationException", &refusal.to_string())
        }
        Ok(request) => {
            state.requests.push(request.clone());
            if state.is_stopped() {
                return error(403, "AccessDeniedException", "stopped by the test");
            }
            if let Some((status, code, is_late)) = state.fault(&request.operation) {
                if is_late {
                    let _ = state.perform(&request);
                }
                return error(status, &code, "made by the test");
            }
            match state.perform(&request) {
                Ok(body) => Response::new(body.to_string().into()),
                Err((status, code, message)) => error(status, code, &message),
            }
        }
    }
}

fn error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    let mut response = Response::new(json!({"Message": message}).to_string().into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(code) = HeaderValue::from_str(code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

fn missing(what: &str, name: &str) -> (u16, &'static str, String) {
    let message = format!("{what} {name} does not exist.");
    (404, "ResourceNotFoundException", message)
}

fn conflict(what: &str, name: &str) -> (u16, &'static str, String) {
    let message = format!("{what} {name} already exists.");
    (409, "ConflictException", message)
}

impl State {
    fn is_stopped(&mut self) -> bool {
        let Some(left) = &mut self.left else {
            return false;
        };
        let is_stopped = *left == 0;
        *left = left.saturating_sub(1);
        is_stopped
    }

    fn fault(&mut self, operation: &str) -> Option<(u16, String, bool)> {
        let due = |fault: &&mut Fault| fault.operation == operation && fault.times > 0;
        let fault = self.faults.iter_mut().find(due)?;
        fault.times -= 1;
        Some((fault.status, fault.code.clone(), fault.is_late))
    }

    fn perform(&mut self, request: &SchedulerRequest) -> Outcome {
        let input = &request.input;
        let token = input["ClientToken"].as_str().map(str::to_owned);
        if let Some(answered) = token.as_ref().and_then(|token| self.tokens.get(token)) {
            return Ok(answered.clone());
        }
        let name = input["Name"].as_str().unwrap_or_default();
        let group = input["GroupName"].as_str().unwrap_or("default");
        let answer = match request.operation.as_str() {
            "CreateScheduleGroup" => self.create_group(name, input),
            "GetScheduleGroup" => self.get_group(name),
            "ListTagsForResource" => self.tags(input["ResourceArn"].as_str().unwrap_or_default()),
            "ListSchedules" => self.list(group, input),
            "CreateSchedule" => self.create(group, name, input),
            "UpdateSchedule" => self.update(group, name, input),
            "GetSchedule" => self.schedule(group, name).map(|found| found.clone().into()),
            "DeleteSchedule" => self.delete(group, name),
            other => Err((400, "ValidationException", format!("{other} is not here"))),
        }?;
        if let Some(token) = token {
            self.tokens.insert(token, answer.clone());
        }
        Ok(answer)
    }

    fn create_group(&mut self, name: &str, input: &Value) -> Outcome {
        if self.groups.contains_key(name) {
            return Err(conflict("Schedule group", name));
        }
        let group = Group {
            state: "ACTIVE".to_owned(),
            tags: input["Tags"].clone(),
            schedules: BTreeMap::new(),
        };
        self.groups.insert(name.to_owned(), group);
        Ok(json!({"ScheduleGroupArn": group_arn(name)}))
    }

    fn get_group(&self, name: &str) -> Outcome {
        let group = self.groups.get(name);
        let group = group.ok_or_else(|| missing("Schedule group", name))?;
        Ok(json!({"Arn": group_arn(name), "Name": name, "State": group.state}))
    }

    fn tags(&self, arn: &str) -> Outcome {
        let is_it = |name: &&String| group_arn(name) == arn;
        let name = self.groups.keys().find(is_it);
        let group = name.and_then(|name| self.groups.get(name));
        let group = group.ok_or_else(|| missing("Resource", arn))?;
        Ok(json!({"Tags": group.tags}))
    }

    fn group(&mut self, name: &str) -> Result<&mut Group, (u16, &'static str, String)> {
        let group = self.groups.get_mut(name);
        group.ok_or_else(|| missing("Schedule group", name))
    }

    fn schedule(
        &mut self,
        group: &str,
        name: &str,
    ) -> Result<&mut Map<String, Value>, (u16, &'static str, String)> {
        let schedule = self.group(group)?.schedules.get_mut(name);
        schedule.ok_or_else(|| missing("Schedule", name))
    }

    fn create(&mut self, group: &str, name: &str, input: &Value) -> Outcome {
        let schedules = &mut self.group(group)?.schedules;
        if schedules.contains_key(name) {
            return Err(conflict("Schedule", name));
        }
        let now = now();
        schedules.insert(name.to_owned(), stored(group, name, input, now));
        Ok(json!({"ScheduleArn": arn(group, name)}))
    }

    fn update(&mut self, group: &str, name: &str, input: &Value) -> Outcome {
        let schedule = self.schedule(group, name)?;
        let created = schedule["CreationDate"].as_f64().unwrap_or_default();
        *schedule = stored(group, name, input, created);
        schedule.insert("LastModificationDate".to_owned(), now().into());
        Ok(json!({"ScheduleArn": arn(group, name)}))
    }

    fn delete(&mut self, group: &str, name: &str) -> Outcome {
        let removed = self.group(group)?.schedules.remove(name);
        removed.ok_or_else(|| missing("Schedule", name))?;
        Ok(json!({}))
    }

    fn list(&mut self, group: &str, input: &Value) -> Outcome {
        let most = input["MaxResults"].as_u64().unwrap_or(PAGE);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let after = input["NextToken"].as_str().unwrap_or_default();
        let schedules = &self.group(group)?.schedules;
        let mut rest = schedules
            .iter()
            .filter(|(name, _)| name.as_str() > after)
            .peekable();
        let page: Vec<_> = rest.by_ref().take(most).collect();
        let last = page.last().map(|(name, _)| name.as_str());
        let next = rest.peek().and(last);
        let summaries: Vec<Value> = page.iter().map(|(_, schedule)| summary(schedule)).collect();
        Ok(json!({"Schedules": summaries, "NextToken": next}))
    }
}

/// As `GetSchedule` has it, with the service's defaults.
fn stored(group: &str, name: &str, input: &Value, created: f64) -> Map<String, Value> {
    let mut schedule = json!({
        "Arn": arn(group, name),
        "State": "ENABLED",
        "ScheduleExpressionTimezone": "UTC",
        "ActionAfterCompletion": "NONE",
        "CreationDate": created,
        "LastModificationDate": created,
    });
    let given = input.as_object().cloned().unwrap_or_default();
    let schedule = schedule.as_object_mut().map(std::mem::take);
    let mut schedule = schedule.unwrap_or_default();
    schedule.extend(given);
    schedule.remove("ClientToken");
    schedule
}

fn summary(schedule: &Map<String, Value>) -> Value {
    let mut summary = Map::new();
    for name in [
        "Arn",
        "Name",
        "GroupName",
        "State",
        "CreationDate",
        "LastModificationDate",
    ] {
        let value = schedule.get(name).cloned().unwrap_or_default();
        summary.insert(name.to_owned(), value);
    }
    let target = schedule.get("Target").map(|target| target["Arn"].clone());
    summary.insert("Target".to_owned(), json!({"Arn": target}));
    summary.into()
}

fn arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{group}/{name}")
}

fn group_arn(name: &str) -> String {
    format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/{name}")
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
