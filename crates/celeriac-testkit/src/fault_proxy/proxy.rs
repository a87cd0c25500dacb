use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::call::Call;
use super::exchange::exchange;
use super::rule::{CountedRule, Fault, Rule};
use crate::aws_limits::AwsLimits;
use crate::http_server::serve;

/// A proxy on 127.0.0.1 in front of an emulator. Ends when it is dropped.
///
/// It refuses what AWS documents that it refuses ([`crate::aws_limits`]), and the emulator takes.
///
/// Queue URLs in requests and answers are rewritten, so that clients that follow them (Celery's)
/// stay on the proxy.
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    accepting: JoinHandle<Infallible>,
}

/// What all connections work with.
#[derive(Debug)]
pub(super) struct Shared {
    /// `host:port` of the proxy.
    pub(super) authority: String,
    /// `host:port` of the emulator.
    pub(super) upstream: String,
    pub(super) client: Client<HttpConnector, Full<Bytes>>,
    pub(super) limits: AwsLimits,
    rules: RwLock<Vec<Arc<CountedRule>>>,
    counts: Mutex<BTreeMap<String, u64>>,
    calls: Mutex<BTreeSet<Call>>,
}

impl FaultProxy {
    /// Starts one in front of `upstream`, an `http://` URL.
    ///
    /// # Panics
    /// If no port is free, or `upstream` is no `http://` URL.
    pub async fn start(upstream: &str, rules: Vec<Rule>) -> Self {
        Self::start_on(0, upstream, rules).await
    }

    /// The same on a port of the caller's choice.
    ///
    /// # Panics
    /// If that port is taken, or `upstream` is no `http://` URL.
    pub async fn start_on(port: u16, upstream: &str, rules: Vec<Rule>) -> Self {
        let upstream = upstream
            .strip_prefix("http://")
            .expect("an http:// URL")
            .trim_end_matches('/')
            .to_owned();
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("a free port");
        let authority = listener.local_addr().expect("it is bound").to_string();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let shared = Arc::new(Shared {
            authority,
            upstream,
            client,
            limits: AwsLimits::default(),
            rules: RwLock::default(),
            counts: Mutex::default(),
            calls: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        let proxy = Self { shared, accepting };
        proxy.set_rules(rules);
        proxy
    }

    /// Where clients go.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.authority)
    }

    /// Other trouble from now on; counting starts anew.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        let counted = rules
            .into_iter()
            .map(|rule| Arc::new(CountedRule::new(rule)))
            .collect();
        *self
            .shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner) = counted;
    }

    /// Requests seen so far, by AWS's name of the operation.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.shared.counts().clone()
    }

    /// Requests seen so far of these operations.
    pub fn requests_of(&self, operations: &[&str]) -> u64 {
        let counts = self.shared.counts();
        operations.iter().filter_map(|name| counts.get(*name)).sum()
    }

    /// What was asked for so far.
    pub fn calls(&self) -> BTreeSet<Call> {
        self.shared.calls().clone()
    }

    /// Counts from zero again.
    pub fn reset_requests(&self) {
        self.shared.counts().clear();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort(); // its connections go with it
    }
}

impl Shared {
    pub(super) fn count(&self, operation: &str) {
        *self.counts().entry(operation.to_owned()).or_default() += 1;
    }

    pub(super) fn record(&self, calls: Vec<Call>) {
        self.calls().extend(calls);
    }

    /// All trouble that this request meets.
    pub(super) fn faults(&self, operation: &str) -> Vec<Fault> {
        self.rules()
            .iter()
            .filter_map(|rule| rule.request(operation).cloned())
            .collect()
    }

    /// The error code that the next statement meets.
    pub(super) fn statement_fault(&self) -> Option<String> {
        self.rules()
            .iter()
            .find_map(|rule| rule.statement().map(str::to_owned))
    }

    fn rules(&self) -> Vec<Arc<CountedRule>> {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn calls(&self) -> MutexGuard<'_, BTreeSet<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        serve(stream, |request| exchange(&shared, request)).await;
                    });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
