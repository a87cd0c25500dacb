//! For tests only: AWS's limits, the conformance suite, the fault proxy, the emulator fixture, a Lambda service,
//! an EventBridge Scheduler with its API model.

pub mod aws_limits;
pub mod cloud;
pub mod conformance;
pub mod emulator;
pub mod fault_proxy;
mod http_server;
pub mod lambda_service;
pub mod scheduler_model;
pub mod scheduler_service;
#[cfg(feature = "simulate")]
pub mod simulation;
mod uri_template;
