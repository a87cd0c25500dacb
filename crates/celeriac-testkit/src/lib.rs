//! For tests only: the conformance suite, the fault proxy, the emulator fixture, a Lambda service.

pub mod conformance;
pub mod emulator;
pub mod fault_proxy;
mod http_server;
pub mod lambda_service;
