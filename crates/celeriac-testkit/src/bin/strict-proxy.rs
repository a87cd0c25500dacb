//! A proxy in front of an emulator that refuses what AWS documents that it refuses:
//! `strict-proxy PORT UPSTREAM`, until it is killed.

use std::process::ExitCode;

use celeriac_testkit::fault_proxy::FaultProxy;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, upstream] = &arguments[..] else {
        eprintln!("usage: strict-proxy PORT http://HOST:PORT");
        return ExitCode::from(2);
    };
    let Ok(port) = port.parse() else {
        eprintln!("error: `{port}` is no port");
        return ExitCode::from(2);
    };
    let proxy = FaultProxy::start_on(port, upstream, Vec::new()).await;
    eprintln!("{} in front of {upstream}", proxy.url());
    std::future::pending().await
}
